//! What comes in from clients of the packets generation.

use super::{
    body::{Afterwards, Body},
    leaving::begin_to_leave,
    name::Transport,
    receive::{count, in_turn},
    request_body::{unwanted_body, whole_body},
    route::parameters,
};
use crate::{
    client::{Burst, Credentials, Data, Event, Member, Message, acknowledge_receipt, acknowledged, handle_here},
    listener::{Count, Shared},
    session::DisconnectReason,
    wire::{
        self, form,
        packets::{self, Kind, Packet},
        payload,
    },
};
use http::{HeaderValue, Response, header, request::Parts};
use http_body::Body as HttpBody;
use std::sync::Arc;

/// Hands the packet in a WebSocket frame on.
pub(crate) fn frame(burst: &mut Burst<'_>, text: &str) {
    let shared = &burst.member().host.shared;
    let mut bounds = shared.options.budget.bounds();
    let packet = packets::decode(text, &mut bounds);
    count(&shared.counters, &bounds, packet.is_some());
    if let Some(packet) = packet {
        deliver(burst, packet);
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

/// What the head of a POST says of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Post {
    asks_first: bool,
    /// Our own client's way to learn that nobody took what it sent, so that it can send it again.
    asks_for_word: bool,
    has_origin: bool,
}

impl Post {
    pub(crate) fn of(parts: &Parts) -> Self {
        let (headers, query) = (&parts.headers, parts.uri.query());
        Self {
            asks_first: headers.contains_key(header::EXPECT),
            asks_for_word: query.is_some_and(|query| parameters(query).any(|(name, _)| name == "confirm")),
            has_origin: headers.contains_key(header::ORIGIN),
        }
    }
}

/// Reads a POST and delivers what is in it. The answer is the same whatever that is, also without a session, unless the
/// client asks to be told (docs/wire/packets.md §6).
pub(crate) async fn post<B>(
    shared: Arc<Shared>,
    member: Option<Arc<Member>>,
    via: Transport,
    Post { asks_first, asks_for_word, has_origin }: Post,
    body: B,
) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let arrival = member.as_ref().map(|member| member.host.inbox.arrival());
    let read = match &member {
        Some(_) => whole_body(&shared, body, asks_first).await.map(Some),
        None => Box::pin(unwanted_body(&shared, body, asks_first)).await.map(|()| None),
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
    let unheard = if asks_for_word { packets::NOT_HANDSHAKEN } else { "1" };
    let mut response = Response::new(match (known, &body) {
        (None, _) | (_, None) => Body::full(unheard),
        (Some(member), Some(bytes)) => {
            let data =
                if via == Transport::JsonpPolling { form::packets_field(bytes) } else { Some(wire::text(bytes)) };
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
                Box::pin(shared.until_over(member)).await;
            }
            let word = if outcome == Outcome::Unheard { unheard } else { "1" };
            Body::receipt(word, Afterwards(Arc::clone(member)))
        }
    });
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=UTF-8"));
    if has_origin {
        answer.insert(header::X_XSS_PROTECTION, HeaderValue::from_static("0"));
    }
    response
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
            Kind::Heartbeat | Kind::Ack { .. } => deliver(&mut Burst::for_later(member), packet),
            _ => waiting.push(packet),
        }
    }
    let mut outcome = Outcome::Heard;
    if !waiting.is_empty() {
        let is_last = waiting.iter().any(says_goodbye);
        let deliver_all = |burst: &mut Burst<'_>| {
            if !member.host.is_known() {
                outcome = Outcome::Unheard;
                return;
            }
            for packet in waiting {
                if says_goodbye(&packet) {
                    outcome = Outcome::Goodbye;
                    return begin_to_leave(member);
                }
                deliver(burst, packet);
            }
        };
        // What is answered first is handled when the answer has been taken.
        in_turn(member, is_last, Burst::for_later, deliver_all).await;
    }
    outcome
}

fn says_goodbye(packet: &Packet<'_>) -> bool {
    matches!(packet, Packet { kind: Kind::Disconnect, endpoint: "", .. })
}

/// What one packet means for the session, and for the application.
fn deliver(burst: &mut Burst<'_>, packet: Packet<'_>) {
    let member = burst.member();
    let shared = &member.host.shared;
    let Packet { acknowledge, endpoint, kind } = packet;
    member.host.hear();
    match kind {
        Kind::Heartbeat => return member.heartbeat(None),
        Kind::Disconnect if endpoint.is_empty() => {
            // What came before it may still be answered.
            burst.flush();
            return member.end_by_client(DisconnectReason::ClientDisconnect);
        }
        _ => {}
    }
    // One that the application has not made is answered by silence.
    let Some(namespace) = shared.namespaces.find(endpoint) else { return shared.counters.add(Count::Ignored, 1) };
    match kind {
        Kind::Connect { query } => {
            if member.host.seats.holds(&namespace) {
                acknowledge_receipt(member, &namespace, acknowledge);
            }
            let credentials = Credentials { query: query.map(str::to_owned), auth: None };
            burst.queue(Event::Enter { namespace, credentials });
        }
        Kind::Disconnect => {
            acknowledge_receipt(member, &namespace, acknowledge);
            burst.queue(Event::Leave(namespace));
        }
        Kind::Text(text) => burst.message(&namespace, Message::Text(text.to_owned()), acknowledge),
        Kind::Json(Some(json)) => burst.message(&namespace, Message::Json(json.to_owned()), acknowledge),
        Kind::Event(Some(event)) => {
            let arguments = Data::new(event.arguments.into_owned(), Vec::new());
            burst.named(&namespace, event.name, arguments.into(), acknowledge);
        }
        Kind::Ack { id, arguments } => {
            // Neither it nor its receipt waits for anything.
            acknowledged(member, &namespace, id, arguments.map(|list| Data::new(list.to_owned(), Vec::new())));
            acknowledge_receipt(member, &namespace, acknowledge);
        }
        // Nothing the application could use, but it has arrived.
        Kind::Json(None) | Kind::Event(None) => {
            shared.counters.add(Count::Ignored, 1);
            burst.queue(Event::Receipt { namespace, acknowledge });
        }
        Kind::Error | Kind::Noop | Kind::Unknown | Kind::Heartbeat => {
            burst.queue(Event::Receipt { namespace, acknowledge });
        }
    }
}
