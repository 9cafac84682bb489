//! What comes in: payloads to packets to the session and the inbox, whatever carried them. Those of the packets
//! generation go on in `receive_packets`.

use super::{body::Body, engine, leaving::let_others_pass, name::Transport, receive_packets};
use crate::{
    client::{Event, Member, Message, handle_elsewhere, handle_here},
    hub::WireForm,
    listener::{Generation, Options},
    wire::{envelope, form, frames, packets::Acknowledge},
};
use bytes::{Buf, BufMut, Bytes};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body as HttpBody;
use http_body_util::BodyExt;
use std::{
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    task::Waker,
    time::Duration,
};

/// How much of a body beyond the limit is read, in bytes, and how long its next piece may take.
const THROWN_AWAY: usize = 32 << 20;
const GAP: Duration = Duration::from_secs(1);

/// Hands one payload's packets on, in order.
pub(crate) fn payload(member: &Arc<Member>, text: &str) {
    match member.host.form {
        WireForm::Packets => receive_packets::frame(member, text),
        WireForm::Frames | WireForm::Envelope => {
            deliver(member, decode(member, text));
            handle_here(member);
        }
        _ => engine::text_frame(member, text),
    }
}

/// Hands on what came as bytes, where the generation knows them.
pub(crate) fn binary(member: &Arc<Member>, bytes: Bytes) {
    if !matches!(member.host.generation(), Generation::Frames | Generation::Packets) {
        engine::binary_frame(member, bytes);
    }
}

fn decode(member: &Member, text: &str) -> Vec<frames::Packet> {
    if member.host.form == WireForm::Envelope { envelope::decode(text) } else { frames::decode(text).packets }
}

fn deliver(member: &Arc<Member>, packets: Vec<frames::Packet>) {
    for packet in packets {
        let message = match packet {
            frames::Packet::Heartbeat(counter) => {
                member.heartbeat(Some(counter));
                continue;
            }
            frames::Packet::Text(text) => Message::Text(text),
            frames::Packet::Json(json) => Message::Json(json),
        };
        let namespace = Arc::clone(member.host.shared.namespaces.root());
        member.host.inbox.push(Event::Message { namespace, message, acknowledge: Acknowledge::None });
    }
}

/// Hands over what a POST has brought when the application is no longer behind. A client that hangs up before, because
/// its page is closed, has sent it all the same: it is taken, unless far too much waits already. What is the last of a
/// client lets everything else pass that is on its way.
pub(crate) async fn in_turn(member: &Arc<Member>, is_last: bool, deliver: impl FnOnce()) {
    struct Arrived<'a, F: FnOnce()>(&'a Arc<Member>, Option<F>);
    impl<F: FnOnce()> Drop for Arrived<'_, F> {
        fn drop(&mut self) {
            let Self(member, deliver) = self;
            if let Some(deliver) = deliver.take().filter(|_| member.host.inbox.has_spare_room()) {
                deliver();
                handle_elsewhere(member);
            }
        }
    }
    let mut arrived = Arrived(member, Some(deliver));
    if is_last {
        let_others_pass(member).await;
    }
    room(member).await;
    if let Some(deliver) = arrived.1.take() {
        deliver();
    }
}

/// Waits until the application is no longer behind. Meanwhile the client is not blamed for what it cannot send: it
/// has one POST under way at a time.
pub(crate) async fn room(member: &Arc<Member>) {
    struct Paused<'a>(&'a Arc<Member>, Waker);
    impl Drop for Paused<'_> {
        fn drop(&mut self) {
            let Self(member, waker) = self;
            member.host.inbox.forget_reader(waker);
            member.pause_request(false);
        }
    }
    let mut paused = None;
    poll_fn(|context| {
        let room = member.host.poll_room(context);
        if room.is_pending() && paused.is_none() {
            member.pause_request(true);
            paused = Some(Paused(member, context.waker().clone()));
        }
        room
    })
    .await;
}

/// Reads a POST and delivers what is in it; the handlers have begun when the answer leaves. `asks_first` says that the
/// client sends its body only when it is told to, `is_last` that it sends nothing any more.
pub(crate) async fn post<B>(
    member: Arc<Member>,
    via: Transport,
    body: B,
    asks_first: bool,
    is_last: bool,
) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let _arrival = member.host.inbox.arrival();
    let bytes = match whole_body(&member.host.shared.options, body, asks_first).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let form = member.host.form;
    if let Some(data) = form::data_field(&bytes) {
        let mut packets = match form {
            WireForm::Frames if via == Transport::JsonpPolling => form::decode_jsonp_frames(&data).packets,
            _ => decode(&member, &data),
        };
        // Replies to heartbeats do not wait behind the application.
        packets.retain(|packet| match packet {
            frames::Packet::Heartbeat(counter) => {
                member.heartbeat(Some(*counter));
                false
            }
            _ => true,
        });
        if !packets.is_empty() {
            in_turn(&member, is_last, || deliver(&member, packets)).await;
            handle_here(&member);
        }
    }
    let mut response = plain(StatusCode::OK, "ok");
    if form == WireForm::Envelope {
        // Byte for byte what 0.4 answered.
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// The body of a POST, or the answer to one that is too large, too slow or broken off.
pub(crate) async fn whole_body<B>(options: &Options, body: B, asks_first: bool) -> Result<Vec<u8>, Box<Response<Body>>>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let limit = options.budget.max_body_bytes;
    let announced = body.size_hint().lower() > limit as u64;
    if announced && asks_first {
        return Err(Box::new(plain(StatusCode::PAYLOAD_TOO_LARGE, "body too large")));
    }
    let body = pin!(body.map_err(|_| Incomplete));
    let (status, text) = match tokio::time::timeout(options.budget.body_timeout, read(body, limit)).await {
        Ok(Ok(Some(bytes))) => return Ok(bytes),
        Ok(Ok(None)) => (StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
        Ok(Err(Incomplete)) => (StatusCode::BAD_REQUEST, "incomplete body"),
        Err(_) => (StatusCode::REQUEST_TIMEOUT, "body too slow"),
    };
    Err(Box::new(plain(status, text)))
}

/// The body, or nothing when it exceeds the limit.
async fn read<B: HttpBody<Error = Incomplete>>(
    mut body: Pin<&mut B>,
    limit: usize,
) -> Result<Option<Vec<u8>>, Incomplete> {
    if body.size_hint().lower() > limit as u64 {
        throw_away(body).await;
        return Ok(None);
    }
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if bytes.len() + data.remaining() > limit {
            throw_away(body).await;
            return Ok(None);
        }
        bytes.put(data);
    }
    Ok(Some(bytes))
}

/// Reads on while something comes: a client that is still sending when the connection closes never sees the answer.
async fn throw_away<B: HttpBody<Error = Incomplete>>(mut body: Pin<&mut B>) {
    let mut length = 0;
    while let Ok(Some(Ok(frame))) = tokio::time::timeout(GAP, body.frame()).await {
        length += frame.data_ref().map_or(0, Buf::remaining);
        if length > THROWN_AWAY {
            break;
        }
    }
}

/// The body broke off, or was no body.
struct Incomplete;

/// A short answer in plain text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
