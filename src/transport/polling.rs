//! xhr-polling and jsonp-polling: a request that is held until there is something to say.

use super::{
    body::{Body, Refused},
    encode,
    name::Transport,
    settle::settle,
    watch::{Watch, WatchedBatch},
};
use crate::{
    client::{Context, Member},
    hub::WireForm,
    session::{Batch, DisconnectReason, Mode, Polls, Taken},
    wire::packets,
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use std::{future::poll_fn, sync::Arc, task};
use tokio::time::timeout;

/// Where the answer of a poll goes.
#[derive(Debug)]
pub(crate) struct Poll {
    pub(crate) member: Arc<Member>,
    pub(crate) transport: Transport,
    /// The callback of a JSONP poll.
    pub(crate) index: Option<String>,
    pub(crate) watch: Option<Arc<Watch>>,
}

impl Poll {
    /// Holds the poll until there is an answer.
    pub(crate) async fn answer(self) -> Response<Body> {
        let Self { member, transport, index, watch } = self;
        settle(&member).await;
        let (form, index) = (member.host.form, index.as_deref());
        let Some(number) = Context::attach(&member, Mode::Poll, transport) else { return over(form, index) };
        let encode = |batch: &Batch| encode::poll_body(form, member.id(), batch, index);
        match parked(&member, number, encode).await {
            (Taken::Batch(()), Some(bytes)) => {
                let is_script = index.is_some();
                let body = PollBody::new(bytes, member, number, watch);
                return response(form, is_script, Body::poll(body));
            }
            (Taken::Displaced, _) if transport != member.host.transport() => {
                // A client that fell back to another transport does not close the one before. Answered at once, it
                // would poll again at once, and the two would displace each other without end.
                let shared = &member.host.shared;
                let Polls::Sealed { duration } = shared.options.profile(form, transport).polls else {
                    return over(form, index);
                };
                let _ = Box::pin(timeout(duration, shared.until_over(&member))).await;
            }
            (Taken::Closed, _) => return over(form, index),
            _ => {}
        }
        response(form, index.is_some(), Body::full(encode::idle_poll_body(form, index)))
    }
}

/// Waits for a batch, and encodes it, or for the end of the poll.
pub(crate) async fn parked<E>(
    member: &Arc<Member>,
    number: u64,
    encode: impl Fn(&Batch) -> E,
) -> (Taken<()>, Option<E>) {
    // Dropped with the future when the client hangs up.
    let mut parked = Parked { member, number, waits: true };
    let mut encoded = None;
    let next = |context: &mut task::Context<'_>| {
        member.poll_next(context, number, false, |batch| encoded = Some(encode(batch)))
    };
    let taken = poll_fn(next).await;
    parked.waits = false;
    (taken, encoded)
}

/// What a poll of a session hears that is over, or never was. A client of the frames generation is told nothing, since
/// some poll again at once after any answer.
fn over(form: WireForm, index: Option<&str>) -> Response<Body> {
    match form {
        WireForm::Packets => not_handshaken(index),
        _ => Response::new(Body::refused()),
    }
}

/// The answer to a poll that tells its client to begin anew.
pub(crate) fn not_handshaken(index: Option<&str>) -> Response<Body> {
    let body = encode::poll_word(packets::NOT_HANDSHAKEN, index);
    response(WireForm::Packets, index.is_some(), Body::full(body))
}

/// A poll that waits. Dropped with its future, when the client hangs up, it lets go of the session.
struct Parked<'a> {
    member: &'a Arc<Member>,
    number: u64,
    waits: bool,
}

impl Drop for Parked<'_> {
    fn drop(&mut self) {
        if self.waits {
            self.member.detach(self.number, DisconnectReason::TransportClosed);
        }
    }
}

fn response(form: WireForm, is_script: bool, body: Body) -> Response<Body> {
    let kind = match (form, is_script) {
        (_, true) => HeaderValue::from_static("text/javascript; charset=UTF-8"),
        (WireForm::Envelope, false) => HeaderValue::from_static("text/plain"),
        (_, false) => HeaderValue::from_static("text/plain; charset=UTF-8"),
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    if form == WireForm::Packets {
        headers.insert(header::CONNECTION, HeaderValue::from_static("Keep-Alive"));
        if is_script {
            headers.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
        }
    }
    response
}

/// The callback index of a JSONP request: the last path segment, a short number.
pub(crate) fn callback_index(transport: Transport, tail: Option<&str>) -> Result<Option<String>, NoIndex> {
    if transport != Transport::JsonpPolling {
        return Ok(None);
    }
    let index = tail.filter(|tail| tail.len() <= 10 && tail.bytes().all(|byte| byte.is_ascii_digit()));
    index.map(|index| Some(index.to_owned())).ok_or(NoIndex)
}

/// A JSONP request that names no callback.
#[derive(Debug)]
pub(crate) struct NoIndex;

/// The batch in the answer of a poll. If the server drops it unread, the batch goes back to the queue.
#[derive(Debug)]
pub(crate) struct PollBody {
    bytes: Option<Bytes>,
    member: Arc<Member>,
    number: u64,
    watch: Option<Arc<Watch>>,
}

impl PollBody {
    pub(crate) fn new(bytes: Bytes, member: Arc<Member>, number: u64, watch: Option<Arc<Watch>>) -> Self {
        Self { bytes: Some(bytes), member, number, watch }
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.as_ref().map_or(0, Bytes::len)
    }

    /// The server takes the bytes to write them; refused when another poll has taken the batch over meanwhile.
    pub(crate) fn take(&mut self) -> Result<Option<Bytes>, Refused> {
        let Some(bytes) = self.bytes.take() else { return Ok(None) };
        let is_ours = match self.watch.take() {
            Some(watch) => self.member.watched(self.number, Arc::new(WatchedBatch::begin(watch))),
            None => self.member.written(self.number),
        };
        if is_ours { Ok(Some(bytes)) } else { Err(Refused) }
    }
}

impl Drop for PollBody {
    fn drop(&mut self) {
        if self.bytes.is_some() {
            self.member.unwritten(self.number);
        }
    }
}
