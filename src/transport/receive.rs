//! What comes in: payloads to packets to the session and the inbox, whatever carried them. Those of the packets
//! generation go on in `receive_packets`.

use super::{body::Body, engine, leaving::let_others_pass, name::Transport, receive_packets, request_body::whole_body};
use crate::{
    client::{Burst, Member, Message, handle_elsewhere},
    hub::WireForm,
    listener::{Count, Counters, Generation},
    wire::{bounds::Bounds, envelope, form, frames, packets::Acknowledge},
};
use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::Body as HttpBody;
use std::{future::poll_fn, sync::Arc, task::Waker};

/// Hands the packets of a text on, in order.
pub(crate) fn text(burst: &mut Burst<'_>, text: &str) {
    let member = burst.member();
    burst.count_bytes(text.len());
    match member.host.form {
        WireForm::Packets => receive_packets::frame(burst, text),
        WireForm::Frames => {
            let shared = &member.host.shared;
            let mut bounds = shared.options.budget.bounds();
            let complete = frames::decode_each(text, &mut bounds, |packet| deliver(burst, packet));
            count(&shared.counters, &bounds, complete);
        }
        WireForm::Envelope => {
            let packets = packets_of(member, member.host.transport(), text);
            packets.into_iter().for_each(|packet| deliver(burst, packet));
        }
        _ => engine::text_frame(burst, text),
    }
}

/// Hands on what came as bytes, where the generation knows them.
pub(crate) fn binary(burst: &mut Burst<'_>, bytes: Bytes) {
    burst.count_bytes(bytes.len());
    if !matches!(burst.member().host.generation(), Generation::Frames | Generation::Packets) {
        engine::binary_frame(burst, bytes);
    }
}

/// The packets of a payload. What is wrong with it is counted.
fn packets_of(member: &Member, via: Transport, text: &str) -> Vec<frames::Packet> {
    let shared = &member.host.shared;
    let mut bounds = shared.options.budget.bounds();
    let payload = match member.host.form {
        WireForm::Envelope => envelope::decode(text, &mut bounds),
        _ if via == Transport::JsonpPolling => form::decode_jsonp_frames(text, &mut bounds),
        _ => frames::decode(text, &mut bounds),
    };
    count(&shared.counters, &bounds, payload.complete);
    payload.packets
}

/// Counts what was wrong with a body or a frame.
pub(crate) fn count(counters: &Counters, bounds: &Bounds, is_good: bool) {
    counters.add(Count::Malformed, usize::from(!is_good));
    counters.add(Count::TooManyPackets, usize::from(bounds.has_too_many));
    counters.add(Count::TooDeep, bounds.too_deep);
}

fn deliver(burst: &mut Burst<'_>, packet: frames::Packet) {
    let member = burst.member();
    let message = match packet {
        frames::Packet::Heartbeat(counter) => return member.heartbeat(Some(counter)),
        frames::Packet::Text(text) => Message::Text(text),
        frames::Packet::Json(json) => Message::Json(json),
    };
    let root = member.host.shared.namespaces.root();
    burst.message(root, message, Acknowledge::None);
}

/// Hands over what a POST has brought when the application is no longer behind. A client that hangs up before, because
/// its page is closed, has sent it all the same: it is taken, unless far too much waits already. What is the last of a
/// client lets everything else pass that is on its way. `burst` says when the handlers begin.
pub(crate) async fn in_turn<'a>(
    member: &'a Arc<Member>,
    is_last: bool,
    burst: fn(&'a Arc<Member>) -> Burst<'a>,
    deliver: impl FnOnce(&mut Burst<'_>),
) {
    struct Arrived<'a, F: FnOnce(&mut Burst<'_>)>(&'a Arc<Member>, Option<F>);
    impl<F: FnOnce(&mut Burst<'_>)> Drop for Arrived<'_, F> {
        fn drop(&mut self) {
            let Self(member, deliver) = self;
            if let Some(deliver) = deliver.take().filter(|_| member.host.inbox.has_spare_room()) {
                deliver(&mut Burst::for_later(member));
                handle_elsewhere(member);
            }
        }
    }
    let mut arrived = Arrived(member, Some(deliver));
    if is_last {
        Box::pin(let_others_pass(member)).await;
    }
    room(member).await;
    if let Some(deliver) = arrived.1.take() {
        deliver(&mut burst(member));
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
    let bytes = match whole_body(&member.host.shared, body, asks_first).await {
        Ok(bytes) => bytes,
        Err(response) => return *response,
    };
    let form = member.host.form;
    if let Some(data) = form::data_field(&bytes) {
        let mut packets = packets_of(&member, via, &data);
        // Replies to heartbeats do not wait behind the application.
        packets.retain(|packet| match packet {
            frames::Packet::Heartbeat(counter) => {
                member.heartbeat(Some(*counter));
                false
            }
            _ => true,
        });
        if !packets.is_empty() {
            let deliver_all = |burst: &mut Burst<'_>| packets.into_iter().for_each(|packet| deliver(burst, packet));
            in_turn(&member, is_last, Burst::in_request, deliver_all).await;
        }
    } else {
        member.host.shared.counters.add(Count::Malformed, 1);
    }
    let mut response = plain(StatusCode::OK, "ok");
    if form == WireForm::Envelope {
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
