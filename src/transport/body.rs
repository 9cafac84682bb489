//! The body of every response of ours.

use super::{polling::PollBody, stream::StreamBody};
use crate::client::{Member, handle_elsewhere};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::{
    error::Error,
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

type BoxError = Box<dyn Error + Send + Sync>;

/// The body of a response made by the listener.
#[derive(Debug)]
pub struct Body(Kind);

#[derive(Debug)]
enum Kind {
    Full(Option<Bytes>),
    Receipt(Option<Bytes>, #[expect(dead_code, reason = "it acts when it is dropped")] Afterwards),
    Poll(PollBody),
    Stream(StreamBody),
    Refused,
}

impl Body {
    pub(crate) fn empty() -> Self {
        Self(Kind::Full(None))
    }

    pub(crate) fn full(bytes: impl Into<Bytes>) -> Self {
        Self(Kind::Full(Some(bytes.into()).filter(|bytes| !bytes.is_empty())))
    }

    /// The answer to a POST whose packets are handled when the server has taken it: it leaves before any answer of theirs.
    pub(crate) fn receipt(text: &'static str, afterwards: Afterwards) -> Self {
        Self(Kind::Receipt(Some(Bytes::from_static(text.as_bytes())), afterwards))
    }

    pub(crate) fn poll(body: PollBody) -> Self {
        Self(Kind::Poll(body))
    }

    pub(crate) fn stream(body: StreamBody) -> Self {
        Self(Kind::Stream(body))
    }

    /// Makes the server close the connection before a byte of the response has left: the one answer to a dead
    /// session that no old client answers with a loop (docs/wire/frames.md §2).
    pub(crate) fn refused() -> Self {
        Self(Kind::Refused)
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let data = match &mut self.0 {
            Kind::Full(bytes) | Kind::Receipt(bytes, _) => bytes.take(),
            Kind::Poll(body) => match body.take() {
                Ok(bytes) => bytes,
                Err(refused) => return Poll::Ready(Some(Err(Box::new(refused)))),
            },
            Kind::Stream(body) => match body.poll_bytes(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(Ok(bytes)) => bytes,
                Poll::Ready(Err(refused)) => return Poll::Ready(Some(Err(Box::new(refused)))),
            },
            Kind::Refused => return Poll::Ready(Some(Err(Box::new(Refused)))),
        };
        Poll::Ready(data.map(|data| Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Kind::Full(bytes) | Kind::Receipt(bytes, _) => bytes.is_none(),
            Kind::Poll(body) => body.len() == 0,
            Kind::Stream(_) | Kind::Refused => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Kind::Full(bytes) | Kind::Receipt(bytes, _) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Kind::Poll(body) => SizeHint::with_exact(body.len() as u64),
            Kind::Stream(_) => SizeHint::new(),
            // Not empty, so that the server asks for it.
            Kind::Refused => SizeHint::with_exact(1),
        }
    }
}

/// What waits for a client's handlers is handed to them when this is dropped, in a task: the one that drops it still has
/// the response to write.
#[derive(Debug)]
pub(crate) struct Afterwards(pub(crate) Arc<Member>);

impl Drop for Afterwards {
    fn drop(&mut self) {
        handle_elsewhere(&self.0);
    }
}

/// Why a connection was closed without a response.
#[derive(Debug)]
pub(crate) struct Refused;

impl fmt::Display for Refused {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "refused by closing the connection: the session is not known, or the request cannot be answered safely",
        )
    }
}

impl Error for Refused {}
