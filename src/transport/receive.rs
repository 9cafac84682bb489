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
    match member.host.shared.form() {
        WireForm::Frames => packets(member, frames::decode(text).packets),
        WireForm::Envelope => packets(member, envelope::decode(text)),
    }
}

fn packets(member: &Arc<Member>, packets: Vec<frames::Packet>) {
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
    poll_fn(|context| member.host.inbox.poll_room(context)).await;
    if let Some(data) = form::data_field(&bytes) {
        match member.host.shared.form() {
            WireForm::Frames if via == Transport::JsonpPolling => {
                packets(&member, form::decode_jsonp_frames(&data).packets);
            }
            _ => payload(&member, &data),
        }
    }
    plain(StatusCode::OK, "ok")
}

/// A short answer in plain text.
pub(crate) fn plain(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
