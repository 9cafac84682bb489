//! htmlfile, xhr-multipart and server-events: one response that does not end, batch after batch.

use super::{
    body::{Body, Refused},
    encode,
    name::Transport,
    watch::Watch,
};
use crate::{
    client::{Context as ClientContext, Member},
    hub::WireForm,
    session::{DisconnectReason, Mode, Taken},
    wire::{multipart, packets, server_events},
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response, header};
use std::{
    collections::VecDeque,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

/// A page that is closed says its last words beside its stream, and they may arrive a little behind the end of that.
const OUTLIVED: Duration = Duration::from_millis(250);

/// The response that carries this session from now on; nothing when the session is over.
pub(crate) fn response(
    member: &Arc<Member>,
    transport: Transport,
    reader: Reader,
    watch: Option<Arc<Watch>>,
) -> Option<Response<Body>> {
    let form = member.host.form;
    let outlived = if is_our_own(form, transport) || reader == Reader::Recent { OUTLIVED } else { Duration::ZERO };
    let number = ClientContext::attach_for_longer(member, Mode::Stream, transport, outlived)?;
    let chunks = VecDeque::from([Bytes::from_static(encode::prelude(form, transport))]);
    let body = StreamBody { member: Arc::clone(member), transport, number, chunks, watch };
    Some(respond(form, transport, reader, Body::stream(body)))
}

/// Who reads a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reader {
    /// As the originals knew them, or not a browser: it is told what they were told.
    Any,
    /// A browser of today. It may keep a document to itself until it knows its charset, or has 1024 bytes of it.
    Recent,
}

impl Reader {
    /// By what browsers say about what they want, since some years: of a document, and where nobody listens in.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let recent = headers.contains_key(header::UPGRADE_INSECURE_REQUESTS) || headers.contains_key("sec-fetch-mode");
        if recent { Self::Recent } else { Self::Any }
    }
}

/// A stream that only tells its client to begin anew.
pub(crate) fn not_handshaken(transport: Transport) -> Response<Body> {
    let form = WireForm::Packets;
    let mut bytes = encode::prelude(form, transport).to_vec();
    bytes.extend_from_slice(&encode::stream_word(transport, packets::NOT_HANDSHAKEN));
    respond(form, transport, Reader::Any, Body::full(bytes))
}

fn respond(form: WireForm, transport: Transport, reader: Reader, body: Body) -> Response<Body> {
    let kind = match transport {
        Transport::HtmlFile if form == WireForm::Packets || reader == Reader::Recent => "text/html; charset=UTF-8",
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
    let is_our_own = is_our_own(form, transport);
    if is_our_own || transport == Transport::ServerEvents {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
    }
    if is_our_own || reader == Reader::Recent {
        // A common proxy then does not hold back what comes bit by bit.
        headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    }
    response
}

/// Whether no original had this stream in this generation, and no recording says what is said on it.
fn is_our_own(form: WireForm, transport: Transport) -> bool {
    form == WireForm::Packets && transport != Transport::HtmlFile
}

#[derive(Debug)]
pub(crate) struct StreamBody {
    member: Arc<Member>,
    transport: Transport,
    number: u64,
    /// What the server has not asked for yet.
    chunks: VecDeque<Bytes>,
    watch: Option<Arc<Watch>>,
}

impl StreamBody {
    /// The next bytes; nothing ends the stream. Refused when another connection has taken over what this one has not
    /// written to its end: it must not arrive twice.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Refused>> {
        loop {
            if let Some(chunk) = self.chunks.pop_front() {
                if !chunk.is_empty() {
                    if let Some(watch) = &self.watch {
                        watch.stream();
                    }
                    return Poll::Ready(Ok(Some(chunk)));
                }
                continue;
            }
            // The server asks for more when it has taken what came before. Where that can be seen, it gets no more before
            // it is rid of that, so that what a client does not read waits in its queue.
            if self.watch.as_ref().is_some_and(|watch| watch.poll_streamed(context).is_pending()) {
                let is_over = self.member.poll_over(context, self.number);
                return if is_over { Poll::Ready(Err(Refused)) } else { Poll::Pending };
            }
            self.member.written(self.number);
            match ready!(self.member.poll_take(context, self.number)) {
                Taken::Batch(batch) => {
                    self.chunks = encode::stream(self.member.host.form, self.transport, self.member.id(), &batch);
                }
                _ => return Poll::Ready(Ok(None)),
            }
        }
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.member.detach(self.number, DisconnectReason::TransportClosed);
    }
}
