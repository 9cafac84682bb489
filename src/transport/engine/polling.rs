//! Polls and posts of Engine.IO (docs/wire/engine.md §3.4).

use super::{
    encode::{self, PollAnswer},
    error::Error,
    receive,
    upgrade::{LET_GO, LOOK},
};
use crate::{
    client::{Burst, Context, Engine, Member},
    session::{Mode, Taken},
    transport::{
        body::Body,
        name::Transport,
        polling::{PollBody, parked},
        receive::{count, room},
        request_body::whole_body,
        settle::settle,
        watch::Watch,
    },
    wire::{
        self,
        engine::{self, Payload, Piece, Revision},
        form,
    },
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use http_body::Body as HttpBody;
use std::sync::Arc;
use tokio::time::{sleep, timeout};

/// Holds a poll until there is an answer.
pub(super) async fn answer(
    member: Arc<Member>,
    transport: Transport,
    index: Option<String>,
    watch: Option<Arc<Watch>>,
) -> Result<Response<Body>, Error> {
    let engine = member.host.engine.as_deref().ok_or(Error::SessionUnknown)?;
    member.polled();
    settle(&member).await;
    let is_being_left = engine.is_probed();
    if is_being_left && !engine.has_left_polls() {
        // What the client has said on its socket was said before.
        Box::pin(sleep(LET_GO)).await;
    }
    if engine.has_left_polls() {
        return Err(Error::BadRequest);
    }
    let number = Context::attach(&member, Mode::Poll, transport).ok_or(Error::SessionUnknown)?;
    let index = index.as_deref();
    let (taken, body) = parked(&member, number, |batch| encode::poll_body(&member, engine, batch, index)).await;
    let word = match (taken, body) {
        (Taken::Batch(()), Some(PollAnswer { bytes, kind })) => {
            let body = PollBody::new(bytes, Arc::clone(&member), number, watch);
            return Ok(respond(kind, Body::poll(body)));
        }
        // It came when the client had left polling already.
        (Taken::Displaced, _) if is_being_left => return Err(Error::BadRequest),
        // The client has gone over to a socket, is about to, or has said goodbye.
        (Taken::Displaced | Taken::Expired | Taken::Closed, _) => engine::NOOP,
        _ => engine::CLOSE,
    };
    let PollAnswer { bytes, kind } = encode::poll_word(&member, engine, word, index);
    Ok(respond(kind, Body::full(bytes)))
}

fn respond(kind: &'static HeaderValue, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind.clone());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// What the head of a POST says of it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Post {
    asks_first: bool,
    in_bytes: bool,
}

impl Post {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
        let in_bytes = kind.starts_with(b"application/octet-stream");
        Self { asks_first: headers.contains_key(header::EXPECT), in_bytes }
    }
}

/// Reads a POST and delivers what is in it; the handlers have begun when the answer leaves.
pub(super) async fn post<B>(member: Arc<Member>, post: Post, body: B) -> Result<Response<Body>, Error>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let engine = member.host.engine.as_deref().ok_or(Error::SessionUnknown)?;
    let Some(_claim) = engine.begin_post() else {
        // Two at a time have no order.
        receive::malformed(&member);
        return Err(Error::BadRequest);
    };
    let shared = &member.host.shared;
    let (bytes, _held) = match whole_body(shared, body, post.asks_first).await {
        Ok(body) => body.into_parts(),
        Err(response) => return Ok(*response),
    };
    let bytes = Bytes::from(bytes);
    if shared.find_member(&member).is_none() {
        return Err(Error::SessionUnknown);
    }
    if member.is_open() && !deliver(&member, engine, post.in_bytes, &bytes).await {
        receive::malformed(&member);
        return Err(Error::BadRequest);
    }
    let mut response = Response::new(Body::full("ok"));
    let answer = response.headers_mut();
    // Some browsers offer plain text as a download, and a form's answer lands in a frame.
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// Waits a moment for a poll that may be on its way on another connection: a client that says goodbye wants its end.
async fn until_polled(member: &Arc<Member>) {
    let waiting = async {
        while member.is_open() && !member.is_polled() {
            sleep(LOOK).await;
        }
    };
    // Without one there is nothing to end.
    let _ = timeout(LET_GO, waiting).await;
}

/// Answers whether the body followed the rules to its end.
async fn deliver(member: &Arc<Member>, engine: &Engine, in_bytes: bool, bytes: &Bytes) -> bool {
    let revision = member.host.form.revision().unwrap_or(Revision::Four);
    let is_form = member.host.transport() == Transport::JsonpPolling;
    let text;
    let shared = &member.host.shared;
    let mut bounds = shared.options.budget.bounds();
    let payload: Payload<'_> = match revision {
        Revision::Three if in_bytes => engine::decode_binary_payload(bytes, &mut bounds),
        Revision::Four if in_bytes => return false,
        _ => {
            text = if is_form { form::engine_field(bytes) } else { Some(wire::text(bytes)) };
            let Some(text) = &text else { return false };
            engine::decode_payload(revision, text, &mut bounds)
        }
    };
    // Whoever is told that it is malformed counts that.
    count(&shared.counters, &bounds, true);
    // Heartbeats do not wait behind the application.
    let is_heartbeat =
        |piece: &Piece<'_>| matches!(piece, Piece::Text(text) if **text == *engine::PING || **text == *engine::PONG);
    let (beats, others): (Vec<_>, Vec<_>) = payload.pieces.into_iter().partition(is_heartbeat);
    let take = |pieces: Vec<Piece<'_>>| {
        let mut burst = Burst::in_request(member);
        let mut pieces = pieces.into_iter();
        pieces.all(|piece| receive::piece(&mut burst, engine, revision, in_bytes, piece).is_ok())
    };
    let mut is_good = beats.is_empty() || take(beats);
    if is_good && !others.is_empty() {
        room(member).await;
        let is_close = |piece: &Piece<'_>| matches!(piece, Piece::Text(text) if **text == *engine::CLOSE);
        if others.iter().any(is_close) {
            Box::pin(until_polled(member)).await;
        }
        is_good = take(others);
    }
    is_good && payload.complete
}
