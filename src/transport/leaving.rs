//! A client that leaves with a request of its own, beside whatever carries its session: pages do when they are closed.

use super::{
    body::Body,
    name::Transport,
    receive::{self, plain},
};
use crate::{client::Member, session::DisconnectReason};
use http::{Response, StatusCode};
use http_body::Body as HttpBody;
use std::{sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// The last segment of a POST that says goodbye in the frames generation (docs/wire/frames.md §4.10).
pub(crate) const WORD: &str = "disconnect";

/// What was sent on another connection before may be read a little later.
const OVERTAKEN: Duration = Duration::from_millis(10);
/// How long the handlers may take with what came before.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long between two looks whether they are done.
const LOOK: Duration = Duration::from_millis(2);

/// The goodbye of a client of the frames generation. Whatever its body brings is delivered first.
pub(crate) async fn post<B>(member: Option<Arc<Member>>, via: Transport, body: B, asks_first: bool) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let Some(member) = member.filter(|member| member.is_open()) else { return plain(StatusCode::OK, "ok") };
    let goodbye = Goodbye(Arc::clone(&member));
    let response = receive::post(Arc::clone(&member), via, body, asks_first, true).await;
    drop(goodbye);
    member.host.shared.until_over(&member).await;
    response
}

/// Said when it is dropped: a client that is about to vanish may hang up before its words are taken.
struct Goodbye(Arc<Member>);

impl Drop for Goodbye {
    fn drop(&mut self) {
        begin_to_leave(&self.0);
    }
}

/// Lets the requests pass that a last one, which is here already, has overtaken.
pub(crate) async fn let_others_pass(member: &Member) {
    sleep(OVERTAKEN).await;
    let passed = async {
        while member.host.inbox.arrivals() > 1 {
            sleep(LOOK).await;
        }
    };
    let _ = timeout(PATIENCE, passed).await;
}

/// Ends the session for its client, once what the client sent before has been handled.
pub(crate) async fn leave(member: &Arc<Member>) {
    begin_to_leave(member);
    member.host.shared.until_over(member).await;
}

/// The same, and does not wait for it.
pub(crate) fn begin_to_leave(member: &Arc<Member>) {
    if !member.host.is_known() {
        // It has sent nothing, or is gone already.
        return member.end_by_client(DisconnectReason::ClientDisconnect);
    }
    let leaving = Arc::clone(member);
    member.host.shared.spawn(async move {
        sleep(OVERTAKEN).await;
        let at_rest = async {
            while !leaving.host.inbox.is_at_rest() {
                sleep(LOOK).await;
            }
        };
        // One that is not done by then is not waited for.
        let _ = timeout(PATIENCE, at_rest).await;
        leaving.end_by_client(DisconnectReason::ClientDisconnect);
    });
}
