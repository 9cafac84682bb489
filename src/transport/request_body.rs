//! Reading the body of a POST, within all its bounds.

use super::{body::Body, receive::plain};
use crate::{
    client::Held,
    listener::{Count, Shared},
};
use bytes::{Buf, BufMut};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use std::{
    future::{Future, poll_fn},
    ops::Deref,
    pin::{Pin, pin},
    task::Poll,
    time::Duration,
};
use tokio::time::timeout;

/// How much of a body beyond the limit is read, in bytes, and how long its next piece may take.
const THROWN_AWAY: usize = 32 << 20;
const GAP: Duration = Duration::from_secs(1);

/// A body that has come whole. It is accounted for until it is dropped.
#[derive(Debug)]
pub(crate) struct WholeBody {
    bytes: Vec<u8>,
    held: Held,
}

impl WholeBody {
    fn forget(&mut self) {
        self.bytes = Vec::new();
        self.held.set(0);
    }

    /// The bytes, and what is to be dropped with them.
    pub(crate) fn into_parts(self) -> (Vec<u8>, Held) {
        (self.bytes, self.held)
    }
}

impl Deref for WholeBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

/// Why there is no body.
enum Unread {
    /// It broke off, or was no body.
    Incomplete,
    TooLarge,
    /// What clients have sent in all leaves no room for it.
    NoRoom,
}

/// The body of a POST, or the answer to one that is too large, too slow or broken off, or comes when too much waits
/// already. `asks_first` says that the client sends its body only when it is told to.
pub(crate) async fn whole_body<B>(shared: &Shared, body: B, asks_first: bool) -> Result<WholeBody, Box<Response<Body>>>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let mut whole = WholeBody { bytes: Vec::new(), held: Held::nothing(&shared.received) };
    within_bounds(shared, body, asks_first, Some(&mut whole)).await?;
    shared.counters.add(Count::ReceivedBytes, whole.len());
    Ok(whole)
}

/// Reads a body nobody wants, so that its client sees the answer; or answers as [`whole_body`].
pub(crate) async fn unwanted_body<B>(shared: &Shared, body: B, asks_first: bool) -> Result<(), Box<Response<Body>>>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    if asks_first {
        return Ok(());
    }
    within_bounds(shared, body, asks_first, None).await
}

async fn within_bounds<B>(
    shared: &Shared,
    body: B,
    asks_first: bool,
    whole: Option<&mut WholeBody>,
) -> Result<(), Box<Response<Body>>>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let budget = &shared.options.budget;
    let limit = budget.max_body_bytes;
    if asks_first && body.size_hint().lower() > limit as u64 {
        shared.counters.add(Count::TooLarge, 1);
        return Err(Box::new(plain(StatusCode::PAYLOAD_TOO_LARGE, "body too large")));
    }
    let mut body = pin!(body.map_err(|_| Unread::Incomplete));
    let outcome = {
        let mut reading = pin!(read(body.as_mut(), limit, whole));
        // Most bodies have come with their heads: no timer for these, nor the room for one.
        match poll_fn(|context| Poll::Ready(reading.as_mut().poll(context))).await {
            Poll::Ready(outcome) => Some(outcome),
            Poll::Pending => Box::pin(timeout(budget.body_timeout, reading)).await.ok(),
        }
    };
    let (count, status, text, goes_on) = match outcome {
        Some(Ok(())) => return Ok(()),
        Some(Err(Unread::TooLarge)) => (Count::TooLarge, StatusCode::PAYLOAD_TOO_LARGE, "body too large", true),
        Some(Err(Unread::NoRoom)) => (Count::RefusedBody, StatusCode::SERVICE_UNAVAILABLE, "too much to do", true),
        Some(Err(Unread::Incomplete)) => (Count::Incomplete, StatusCode::BAD_REQUEST, "incomplete body", false),
        None => (Count::TooSlow, StatusCode::REQUEST_TIMEOUT, "body too slow", false),
    };
    shared.counters.add(count, 1);
    if goes_on {
        let _ = Box::pin(timeout(budget.body_timeout, throw_away(body))).await;
    }
    let mut response = plain(status, text);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Err(Box::new(response))
}

/// Reads all of a body; what comes grows with what has come, never with what is announced.
async fn read<B: HttpBody<Error = Unread>>(
    mut body: Pin<&mut B>,
    limit: usize,
    mut whole: Option<&mut WholeBody>,
) -> Result<(), Unread> {
    if body.size_hint().lower() > limit as u64 {
        return Err(Unread::TooLarge);
    }
    let mut length = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        length += data.remaining();
        let is_too_large = length > limit;
        let Some(kept) = &mut whole else {
            if is_too_large {
                return Err(Unread::TooLarge);
            }
            continue;
        };
        if is_too_large {
            kept.forget();
            return Err(Unread::TooLarge);
        }
        let rest = body.size_hint().upper().and_then(|rest| usize::try_from(rest).ok());
        make_room(&mut kept.bytes, data.remaining(), rest);
        kept.bytes.put(data);
        if !kept.held.set(kept.bytes.capacity()) {
            kept.forget();
            return Err(Unread::NoRoom);
        }
    }
    Ok(())
}

/// Makes room for a piece: twice what there was, so that a body is not copied with each of its pieces, but no more than is
/// still to come.
fn make_room(bytes: &mut Vec<u8>, piece: usize, rest: Option<usize>) {
    let needed = bytes.len().saturating_add(piece);
    if needed > bytes.capacity() {
        let whole = rest.map_or(usize::MAX, |rest| needed.saturating_add(rest));
        let room = needed.max(2 * bytes.capacity()).min(whole);
        bytes.reserve_exact(room - bytes.len());
    }
}

/// Reads on while something comes: a client that is still sending when the connection closes never sees the answer.
async fn throw_away<B: HttpBody<Error = Unread>>(mut body: Pin<&mut B>) {
    let mut length = 0;
    while let Ok(Some(Ok(frame))) = timeout(GAP, body.frame()).await {
        length += frame.data_ref().map_or(0, Buf::remaining);
        if length > THROWN_AWAY {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_grows_with_what_comes_and_not_beyond_what_is_announced() {
        let mut bytes = Vec::new();
        for (piece, rest, room) in [
            (100, Some(1_000_000), 100),
            (100, Some(100), 200),
            (100, Some(0), 300),
            (10, None, 600),
            (1, Some(5), 600),
        ] {
            make_room(&mut bytes, piece, rest);
            bytes.resize(bytes.len() + piece, 0);
            assert_eq!(bytes.capacity(), room, "a piece of {piece}");
        }
    }
}
