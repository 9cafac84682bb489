//! What comes in from clients of the packets generation.

use super::{
    body::{Afterwards, Body},
    leaving::begin_to_leave,
    name::Transport,
    receive::{count, in_turn},
    request_body::{unwanted_body, whole_body},
};
use crate::{
    client::{Credentials, Data, Event, Member, Message, acknowledge_receipt, acknowledged, handle_here},
    listener::{Count, Shared},
    session::DisconnectReason,
    wire::{
        form,
        packets::{self, Kind, Packet},
        payload,
    },
};
use http::{HeaderValue, Response, header, request::Parts};
use http_body::Body as HttpBody;
use serde_json::value::RawValue;
use std::sync::Arc;

/// Hands the packet in a WebSocket frame on.
pub(crate) fn frame(member: &Arc<Member>, text: &str) {
    let shared = &member.host.shared;
    let mut bounds = shared.options.budget.bounds();
    let packet = packets::decode(text, &mut bounds);
    count(&shared.counters, &bounds, packet.is_some());
    if let Some(packet) = packet {
        deliver(member, packet);
        handle_here(member);
    }
}

/// The packets of a payload. What is wrong with it is counted.
fn read<'a>(member: &Member, data: &'a str) -> Vec<Packet<'a>> {
    let shared = &member.host.shared;
    let mut bounds = shared.options.budget.bounds();
    let payload = payload::decode(data, &mut bounds);
    let sent = payload.packets.len();
    let packets: Vec<_> =
        payload.packets.into_iter().filter_map(|packet| packets::decode(packet, &mut bounds)).collect();
    count(&shared.counters, &bounds, payload.complete && packets.len() == sent);
    packets
}

/// Reads a POST and delivers what is in it. The answer is the same whatever that is, also without a session, unless the
/// client asks to be told (docs/wire/packets.md §6).
pub(crate) async fn post<B>(
    shared: &Shared,
    member: Option<Arc<Member>>,
    via: Transport,
    parts: &Parts,
    body: B,
) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let headers = &parts.headers;
    let arrival = member.as_ref().map(|member| member.host.inbox.arrival());
    let asks_first = headers.contains_key(header::EXPECT);
    let read = match &member {
        Some(_) => whole_body(shared, body, asks_first).await.map(Some),
        None => unwanted_body(shared, body, asks_first).await.map(|()| None),
    };
    let body = match read {
        Ok(body) => body,
        Err(response) => return *response,
    };
    // Before its first connection a session is nobody's yet.
    let known = member.as_ref().filter(|member| member.host.is_known());
    if member.is_some() && known.is_none() {
        shared.counters.add(Count::Ignored, 1);
    }
    let unheard = if asks_for_word(parts.uri.query()) { packets::NOT_HANDSHAKEN } else { "1" };
    let mut response = Response::new(match (known, &body) {
        (None, _) | (_, None) => Body::full(unheard),
        (Some(member), Some(bytes)) => {
            let data = if via == Transport::JsonpPolling {
                form::packets_field(bytes)
            } else {
                Some(String::from_utf8_lossy(bytes))
            };
            let outcome = match data {
                Some(data) => payload(member, &data).await,
                None => {
                    shared.counters.add(Count::Malformed, 1);
                    Outcome::Heard
                }
            };
            if outcome == Outcome::Goodbye {
                handle_here(member);
                drop(arrival);
                shared.until_over(member).await;
            }
            let word = if outcome == Outcome::Unheard { unheard } else { "1" };
            Body::receipt(word, Afterwards(Arc::clone(member)))
        }
    });
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    if headers.contains_key(header::ORIGIN) {
        answer.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
    }
    response
}

/// Our own client's way to learn that nobody took what it sent, so that it can send it again.
fn asks_for_word(query: Option<&str>) -> bool {
    query.is_some_and(|query| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "confirm"))
}

/// What became of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Heard,
    /// The session was over before it was its turn.
    Unheard,
    /// The client leaves, and has said nothing behind that.
    Goodbye,
}

async fn payload(member: &Arc<Member>, data: &str) -> Outcome {
    let mut waiting = Vec::new();
    for packet in read(member, data) {
        match packet.kind {
            // These do not wait behind the application.
            Kind::Heartbeat | Kind::Ack { .. } => deliver(member, packet),
            _ => waiting.push(packet),
        }
    }
    let mut outcome = Outcome::Heard;
    if !waiting.is_empty() {
        let is_last = waiting.iter().any(says_goodbye);
        let deliver_all = || {
            if !member.host.is_known() {
                outcome = Outcome::Unheard;
                return;
            }
            for packet in waiting {
                if says_goodbye(&packet) {
                    outcome = Outcome::Goodbye;
                    return begin_to_leave(member);
                }
                deliver(member, packet);
            }
        };
        in_turn(member, is_last, deliver_all).await;
    }
    outcome
}

fn says_goodbye(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet { kind: Kind::Disconnect, endpoint: "", .. })
}

/// What one packet means for the session, or puts into the inbox.
fn deliver(member: &Arc<Member>, packet: Packet<'_>) {
    let Packet { acknowledge, endpoint, kind } = packet;
    member.host.hear();
    match kind {
        Kind::Heartbeat => return member.heartbeat(None),
        Kind::Disconnect if endpoint.is_empty() => {
            // What came before it may still be answered.
            handle_here(member);
            return member.end_by_client(DisconnectReason::ClientDisconnect);
        }
        _ => {}
    }
    // One that the application has not made is answered by silence.
    let Some(namespace) = member.host.shared.namespaces.find(endpoint) else {
        member.host.shared.counters.add(Count::Ignored, 1);
        return;
    };
    let event = match kind {
        Kind::Connect { query } => {
            if member.host.seats.holds(&namespace) {
                acknowledge_receipt(member, &namespace, acknowledge);
            }
            let credentials = Credentials { query: query.map(str::to_owned), auth: None };
            Event::Enter { namespace, credentials }
        }
        Kind::Disconnect => {
            acknowledge_receipt(member, &namespace, acknowledge);
            Event::Leave(namespace)
        }
        Kind::Text(text) => Event::Message { namespace, message: Message::Text(text.to_owned()), acknowledge },
        Kind::Json(Some(json)) => Event::Message { namespace, message: Message::Json(json.to_owned()), acknowledge },
        Kind::Event(Some(event)) => {
            let (name, arguments) = (event.name.to_string(), event.arguments.json().to_owned());
            // It was read as JSON before.
            let Ok(arguments) = RawValue::from_string(arguments) else { return };
            let arguments = Data::new(arguments, Vec::new());
            Event::Named { namespace, name, arguments, acknowledge }
        }
        Kind::Ack { id, arguments } => {
            // Neither it nor its receipt waits for anything.
            acknowledged(member, &namespace, id, arguments.map(|list| Data::new(list.to_owned(), Vec::new())));
            return acknowledge_receipt(member, &namespace, acknowledge);
        }
        // Nothing the application could use, but it has arrived.
        Kind::Json(None) | Kind::Event(None) => {
            member.host.shared.counters.add(Count::Ignored, 1);
            Event::Receipt { namespace, acknowledge }
        }
        Kind::Error | Kind::Noop | Kind::Unknown | Kind::Heartbeat => Event::Receipt { namespace, acknowledge },
    };
    let is_message = matches!(event, Event::Message { .. } | Event::Named { .. });
    member.host.shared.counters.add(Count::ReceivedMessages, usize::from(is_message));
    member.host.inbox.push(event);
}
