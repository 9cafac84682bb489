//! htmlfile, xhr-multipart and server-events: one response that does not end, batch after batch.

use super::{body::Body, encode, name::Transport};
use crate::{
    client::Member,
    session::{DisconnectReason, Mode, Taken},
    wire::{multipart, server_events},
};
use bytes::Bytes;
use http::{HeaderValue, Response, header};
use std::{
    sync::Arc,
    task::{Context, Poll},
};

/// The response that carries this session from now on.
pub(crate) fn response(member: Arc<Member>) -> Response<Body> {
    let Some(number) = member.attach(Mode::Stream) else { return Response::new(Body::refused()) };
    let kind = match member.host.transport() {
        Transport::HtmlFile => "text/html",
        Transport::ServerEvents => server_events::CONTENT_TYPE,
        _ => multipart::CONTENT_TYPE,
    };
    let mut response = Response::new(Body::stream(StreamBody { member, number, begun: false }));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    // A stream that ends takes its connection along: that is how its client learns of it.
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    if kind == server_events::CONTENT_TYPE {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    }
    response
}

#[derive(Debug)]
pub(crate) struct StreamBody {
    member: Arc<Member>,
    number: u64,
    begun: bool,
}

impl StreamBody {
    /// The next bytes; nothing ends the stream.
    pub(crate) fn poll_bytes(&mut self, context: &mut Context<'_>) -> Poll<Option<Bytes>> {
        // The server asks for more when it has taken what came before.
        self.member.written(self.number);
        let taken = self.member.poll_take(context, self.number);
        let (form, transport) = (self.member.host.shared.form(), self.member.host.transport());
        let mut out = Vec::new();
        if !self.begun {
            self.begun = true;
            out.extend_from_slice(encode::prelude(form, transport));
        }
        match taken {
            Poll::Ready(Taken::Batch(batch)) => {
                encode::stream(form, transport, self.member.id(), &batch, &mut out);
            }
            Poll::Pending if out.is_empty() => return Poll::Pending,
            Poll::Ready(_) if out.is_empty() => return Poll::Ready(None),
            Poll::Pending | Poll::Ready(_) => {}
        }
        Poll::Ready(Some(out.into()))
    }
}

impl Drop for StreamBody {
    fn drop(&mut self) {
        self.member.detach(self.number, DisconnectReason::TransportClosed);
    }
}
