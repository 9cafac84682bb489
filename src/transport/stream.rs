//! htmlfile, xhr-multipart and server-events: one response that does not end, batch after batch.

use super::{body::Body, encode, name::Transport};
use crate::{
    client::{Context as ClientContext, Member},
    hub::WireForm,
    session::{DisconnectReason, Mode, Taken},
    wire::{multipart, packets, server_events},
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// The response that carries this session from now on; nothing when the session is over.
pub(crate) fn response(member: &Arc<Member>, transport: Transport) -> Option<Response<Body>> {
    let number = ClientContext::attach(member, Mode::Stream, transport)?;
    let form = member.host.form;
    let chunks = VecDeque::from([Bytes::from_static(encode::prelude(form, transport))]);
    let body = StreamBody { member: Arc::clone(member), transport, number, chunks };
    Some(respond(form, transport, Body::stream(body)))
}

/// A stream that only tells its client to begin anew.
pub(crate) fn not_handshaken() -> Response<Body> {
    let (form, transport) = (WireForm::Packets, Transport::HtmlFile);
    let mut bytes = encode::prelude(form, transport).to_vec();
    bytes.extend_from_slice(&encode::stream_word(packets::NOT_HANDSHAKEN));
    respond(form, transport, Body::full(bytes))
}

fn respond(form: WireForm, transport: Transport, body: Body) -> Response<Body> {
    let kind = match transport {
        Transport::HtmlFile if form == WireForm::Packets => "text/html; charset=UTF-8",
        Transport::HtmlFile => "text/html",
        Transport::ServerEvents => server_events::CONTENT_TYPE,
        _ => multipart::CONTENT_TYPE,
    };
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // A stream of frames that ends takes its connection along: that is how its client learns of it. One of packets has
    // a word for it.
    let connection = if form == WireForm::Packets { "keep-alive" } else { "close" };
    headers.insert(header::CONNECTION, HeaderValue::from_static(connection));
    if kind == server_events::CONTENT_TYPE {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

#[derive(Debug)]
pub(crate) struct StreamBody {
    member: Arc<Member>,
    transport: Transport,
    number: u64,
    /// What the server has not asked for yet.
    chunks: VecDeque<Bytes>,
}

impl StreamBody {
    /// The next bytes; nothing ends the stream.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            if let Some(chunk) = self.chunks.pop_front() {
                if !chunk.is_empty() {
                    return Poll::Ready(Some(chunk));
                }
                continue;
            }
            // The server asks for more when it has taken what came before.
            self.member.written(self.number);
            match ready!(self.member.poll_take(context, self.number)) {
                Taken::Batch(batch) => {
                    self.chunks = encode::stream(self.member.host.form, self.transport, self.member.id(), &batch);
                }
                _ => return Poll::Ready(None),
            }
        }
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.member.detach(self.number, DisconnectReason::TransportClosed);
    }
}
