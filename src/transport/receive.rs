//! What comes in: payloads to packets to the session and the inbox, whatever carried them.

use super::{body::Body, name::Transport};
use crate::{
    client::{Event, Member, Message, handle_here},
    hub::WireForm,
    wire::{envelope, form, frames},
};
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body as HttpBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use std::{future::poll_fn, sync::Arc};

/// Hands one payload's packets on, in order.
pub(crate) fn payload(member: &Arc<Member>, text: &str) {
    deliver(member, decode(member, text));
}

fn decode(member: &Member, text: &str) -> Vec<frames::Packet> {
    match member.host.shared.form() {
        WireForm::Frames => frames::decode(text).packets,
        WireForm::Envelope => envelope::decode(text),
    }
}

fn deliver(member: &Arc<Member>, packets: Vec<frames::Packet>) {
    for packet in packets {
        let message = match packet {
            frames::Packet::Heartbeat(counter) => {
                member.heartbeat(counter);
                continue;
            }
            frames::Packet::Text(text) => Message::Text(text),
            frames::Packet::Json(json) => Message::Json(json),
        };
        member.host.inbox.push(Event::Message(message));
    }
    handle_here(member);
}

/// Waits until the application is no longer behind. Meanwhile the client is not blamed for what it cannot send: it
/// has one POST under way at a time.
async fn room(member: &Arc<Member>) {
    struct Paused<'a>(&'a Arc<Member>);
    impl Drop for Paused<'_> {
        fn drop(&mut self) {
            self.0.pause_reading(false);
        }
    }
    let mut paused = None;
    poll_fn(|context| {
        let room = member.host.inbox.poll_room(context);
        if room.is_pending() && paused.is_none() {
            member.pause_reading(true);
            paused = Some(Paused(member));
        }
        room
    })
    .await;
}

/// Reads a POST and delivers what is in it; the handlers have begun when the answer leaves.
pub(crate) async fn post<B>(member: Arc<Member>, via: Transport, body: B) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
    B::Error: std::fmt::Display,
{
    let options = &member.host.shared.options;
    let limit = options.max_body_bytes;
    if body.size_hint().lower() > limit as u64 {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "body too large");
    }
    let body = body.map_err(|error| error.to_string());
    let collected =
        tokio::time::timeout(options.body_timeout, Limited::new(std::pin::pin!(body), limit).collect()).await;
    let bytes = match collected {
        Ok(Ok(collected)) => collected.to_bytes(),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            return plain(StatusCode::PAYLOAD_TOO_LARGE, "body too large");
        }
        Ok(Err(_)) => return plain(StatusCode::BAD_REQUEST, "incomplete body"),
        Err(_) => return plain(StatusCode::REQUEST_TIMEOUT, "body too slow"),
    };
    if let Some(data) = form::data_field(&bytes) {
        let mut packets = match member.host.shared.form() {
            WireForm::Frames if via == Transport::JsonpPolling => form::decode_jsonp_frames(&data).packets,
            _ => decode(&member, &data),
        };
        // Replies to heartbeats do not wait behind the application.
        packets.retain(|packet| match packet {
            frames::Packet::Heartbeat(counter) => {
                member.heartbeat(*counter);
                false
            }
            _ => true,
        });
        if !packets.is_empty() {
            room(&member).await;
            deliver(&member, packets);
        }
    }
    let mut response = plain(StatusCode::OK, "ok");
    if member.host.shared.form() == WireForm::Envelope {
        // Byte for byte what 0.4 answered.
        response.headers_mut().remove(header::CONTENT_TYPE);
    }
    response
}

/// A short answer in plain text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
