//! From polling to a WebSocket (docs/wire/engine.md §3.5): the socket is tried beside the polls, and takes the session
//! over when the client says so.

use crate::{
    client::{Engine, Member, Probe},
    listener::{Counters, Shared},
    session::DisconnectReason,
    transport::{
        name::Transport,
        socket::{self, Broken, Carried, Frame, Frames, Received},
    },
    wire::engine,
};
use bytes::Bytes;
use futures_util::future::{Either, select};
use std::{
    future::poll_fn,
    ops::ControlFlow,
    pin::pin,
    sync::Arc,
    task::{Poll, ready},
    time::Duration,
};
use tokio::time::{sleep, timeout};

/// How long polls go on after the socket was tried: the client may have said in the same breath that it has left them.
pub(super) const LET_GO: Duration = Duration::from_millis(15);
/// How long between two looks at a request that still brings packets.
pub(super) const LOOK: Duration = Duration::from_millis(2);
/// The same when it has been looked at for a while.
const LONGEST_LOOK: Duration = Duration::from_millis(100);
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);

/// A socket beside a session that polls. Answers when it carries the session, or nothing at its end.
pub(crate) async fn run<F: Frames>(mut frames: F, member: Arc<Member>, probe: Option<Probe>) -> Option<Carried<F>> {
    let _busy = Shared::busy(&member.host.shared);
    let engine = member.host.engine.as_deref()?;
    let patience = member.host.shared.options.engine.upgrade_timeout;
    let mut goodbye = DisconnectReason::ServerDisconnect;
    let is_taken_over = match &probe {
        // Another socket is tried, or has the session already.
        None => false,
        Some(_) => {
            let upgrade = timeout(patience, Box::pin(try_socket(&mut frames, &member, engine)));
            let gone = member.host.shared.until_gone(&member);
            let tried = match select(pin!(upgrade), pin!(gone)).await {
                Either::Left((Ok(Err(broken)), _)) => {
                    goodbye = broken.reason();
                    false
                }
                Either::Left((tried, _)) => matches!(tried, Ok(Ok(true))),
                Either::Right(_) => false,
            };
            member.probe(false);
            tried
        }
    };
    if is_taken_over {
        // What a request brings was sent before, however long the application lets it wait.
        let mut look = LOOK;
        while engine.is_posted() && member.is_open() {
            sleep(look).await;
            look = (look * 2).min(LONGEST_LOOK);
        }
        return socket::begin(frames, Arc::clone(&member), Transport::WebSocket).await;
    }
    drop(probe);
    // A peer that does not answer is left alone.
    let _ = timeout(GOODBYE, frames.close(goodbye)).await;
    None
}

/// Answers whether the client has left its polls.
async fn try_socket(frames: &mut impl Frames, member: &Arc<Member>, engine: &Engine) -> Result<bool, Broken> {
    let counters = &member.host.shared.counters;
    if !next_is(frames, engine::PROBE, counters).await? {
        return Ok(false);
    }
    let answered = async {
        frames.queue(Frame::Text(&Bytes::from_static(engine::PROBE_ANSWER.as_bytes())))?;
        poll_fn(|context| frames.poll_flush(context)).await
    };
    answered.await?;
    let upgraded = match select(pin!(next_is(frames, engine::UPGRADE, counters)), pin!(sleep(LET_GO))).await {
        Either::Left((upgraded, _)) => upgraded,
        Either::Right(((), next)) => {
            member.probe(true);
            next.await
        }
    }?;
    if upgraded {
        engine.leave_polls();
        member.polls_have_ended();
    }
    Ok(upgraded)
}

/// Whether the next thing the client says is this text.
async fn next_is(frames: &mut impl Frames, wanted: &str, counters: &Counters) -> Result<bool, Broken> {
    poll_fn(|context| {
        let mut is_wanted = false;
        let heard = frames.poll_receive(context, |received| match received {
            Received::Pong => ControlFlow::Continue(()),
            Received::Text(text) => {
                is_wanted = text == wanted;
                ControlFlow::Break(())
            }
            Received::Binary(_) => ControlFlow::Break(()),
        });
        Poll::Ready(match ready!(heard) {
            Ok(_) => Ok(is_wanted),
            Err(broken) => {
                broken.count(counters);
                Err(broken)
            }
        })
    })
    .await
}
