//! What is done with a request of the packets generation: the handshake, and the transports of its sessions.

use super::{
    body::Body,
    cors::{Entrance, Gate},
    entering::enter,
    handle::{Answer, METHODS, Peer, allowed, at_once, find_session, not_allowed, socket, wants_websocket},
    leaving::leave,
    name::Transport,
    polling::{self, Poll},
    receive::plain,
    receive_packets::{self, Post},
    route::{PacketsRoute, parameters, says_goodbye},
    settle::settle,
    stream::{self, Reader},
    watch::Watch,
};
use crate::{
    client::{Handshake, Member, handle_here},
    hub::WireForm,
    listener::{Generation, Shared, whole_seconds},
    session::SessionId,
    wire::script,
};
use http::{HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use http_body::Body as HttpBody;
use std::sync::Arc;

/// Answers a request of the packets generation. An id that is none of ours is that of no session.
pub(crate) fn answer<'a, B>(
    shared: &Arc<Shared>,
    route: PacketsRoute<Option<SessionId>>,
    parts: Parts,
    body: B,
    peer: Peer,
) -> Answer<'a>
where
    B: HttpBody + Send + 'a,
    B::Data: Send,
{
    let (transport, id) = match route {
        PacketsRoute::Handshake { transport: Some(transport) } if transport.is_socket() && is_upgrade(&parts) => {
            // A socket without a session: accepted, and told to begin anew.
            (Some(transport), None)
        }
        PacketsRoute::Session { transport, id } => (transport, Some(id)),
        _ if wants_websocket(&parts.headers) => return at_once(Response::new(Body::refused())),
        PacketsRoute::Welcome => return at_once(bare(StatusCode::OK, "Welcome to socket.io.")),
        PacketsRoute::UnknownProtocol => {
            return at_once(bare(StatusCode::INTERNAL_SERVER_ERROR, "Protocol version not supported."));
        }
        PacketsRoute::Handshake { .. } => {
            let shared = Arc::clone(shared);
            return Box::pin(async move { handshake(&shared, &parts, &peer).await });
        }
    };
    let entrance = transport.map_or(Entrance::Handshake { is_script: false }, Entrance::Packets);
    let gate = Gate::judge(shared, &parts, entrance, &peer, false);
    let is_socket = transport.is_some_and(Transport::is_socket);
    let allow = if is_socket { "GET, OPTIONS" } else { METHODS };
    if parts.method == Method::OPTIONS {
        return at_once(gate.preflight(&parts.headers, allow));
    }
    let member = id.and_then(|id| find_session(shared, Generation::Packets, id));
    if id.is_some() && says_goodbye(parts.uri.query()) {
        if gate.is_refused() {
            return at_once(gate.refusal(&parts.method));
        }
        return allowed(gate, Box::pin(goodbye(member)));
    }
    let Some(transport) = transport.filter(|transport| shared.options.speaks_packets(*transport)) else {
        return at_once(Response::new(Body::refused()));
    };
    if is_socket && parts.method == Method::GET {
        return socket(shared, parts, gate, peer);
    }
    if wants_websocket(&parts.headers) {
        return at_once(Response::new(Body::refused()));
    }
    if is_socket || !matches!(parts.method, Method::GET | Method::POST) {
        return at_once(not_allowed(allow));
    }
    if gate.is_refused() {
        return at_once(gate.refusal(&parts.method));
    }
    let answer = if parts.method == Method::POST {
        let post = Post::of(&parts);
        allowed(gate, Box::pin(receive_packets::post(Arc::clone(shared), member, transport, post, body)))
    } else {
        let index = callback_index(&parts, transport);
        match member {
            Some(member) if transport.is_polling() => {
                allowed(gate, Box::pin(poll(Poll { member, transport, index, watch: peer.watch })))
            }
            Some(member) => {
                let reader = Reader::of(&parts.headers);
                allowed(gate, Box::pin(stream(member, transport, reader, peer.watch)))
            }
            None => {
                let is_polling = transport.is_polling();
                let index = index.as_deref();
                let response =
                    if is_polling { polling::not_handshaken(index) } else { stream::not_handshaken(transport) };
                allowed(gate, at_once(response))
            }
        }
    };
    if asks_to_close(&parts) { without_promise(answer) } else { answer }
}

/// Does not promise to keep a connection that its client is done with.
fn without_promise(answer: Answer<'_>) -> Answer<'_> {
    Box::pin(async move {
        let mut response = answer.await;
        response.headers_mut().remove(header::CONNECTION);
        response
    })
}

/// Attaches a poll to its session.
async fn poll(poll: Poll) -> Response<Body> {
    let member = Arc::clone(&poll.member);
    let response = poll.answer().await;
    // The first answer is sealed: what the application sends now follows it.
    handle_here(&member);
    response
}

/// Attaches a stream to its session.
async fn stream(
    member: Arc<Member>,
    transport: Transport,
    reader: Reader,
    watch: Option<Arc<Watch>>,
) -> Response<Body> {
    settle(&member).await;
    let response = stream::response(&member, transport, reader, watch);
    handle_here(&member);
    response.unwrap_or_else(|| stream::not_handshaken(transport))
}

/// The client ends its session with a request, whatever carries it.
async fn goodbye(member: Option<Arc<Member>>) -> Response<Body> {
    if let Some(member) = member {
        leave(&member).await;
    }
    Response::new(Body::empty())
}

/// Begins a session, which waits for its first connection.
async fn handshake(shared: &Arc<Shared>, parts: &Parts, peer: &Peer) -> Response<Body> {
    let index = query_value(parts, "jsonp").filter(|index| is_index(index));
    let index = index.as_deref();
    let gate = Gate::judge(shared, parts, Entrance::Handshake { is_script: index.is_some() }, peer, true);
    if parts.method == Method::OPTIONS {
        return gate.preflight(&parts.headers, METHODS);
    }
    if !matches!(parts.method, Method::GET | Method::POST) {
        return not_allowed(METHODS);
    }
    if gate.is_refused() {
        return refuse(StatusCode::FORBIDDEN, "handshake bad origin", index);
    }
    let place = match enter(shared, peer.address, true).await {
        Ok(place) => place,
        Err(denied) => {
            let mut response = refuse(denied.status(), denied.message(), index);
            denied.tell_when(&mut response);
            if index.is_none() {
                gate.allow(&mut response);
            }
            return response;
        }
    };
    let handshake = Arc::new(Handshake::new(parts, peer.address));
    let mut response = match shared.admit(&handshake, Generation::Packets).await {
        Ok(state) => {
            let transport = shared.options.announced_transports.first().copied().unwrap_or(Transport::XhrPolling);
            match shared.open(place, handshake, WireForm::Packets, transport, state, None) {
                Some(member) => welcome(shared, &member, index),
                None => return Response::new(Body::refused()),
            }
        }
        Err(refusal) if refusal.is_failure() => refuse(StatusCode::INTERNAL_SERVER_ERROR, "handshake error", index),
        Err(_) => refuse(StatusCode::FORBIDDEN, "handshake unauthorized", index),
    };
    if index.is_none() {
        gate.allow(&mut response);
    }
    response
}

/// `id:heartbeat timeout:close timeout:transports`, in seconds.
fn welcome(shared: &Shared, member: &Member, index: Option<&str>) -> Response<Body> {
    let options = &shared.options;
    let (heartbeat, close) = options.announced_timeouts();
    let transports: Vec<_> = options.announced_transports.iter().map(|transport| transport.name()).collect();
    let (id, transports) = (member.id(), transports.join(","));
    let text = format!("{id}:{}:{}:{transports}", whole_seconds(heartbeat), whole_seconds(close));
    match index {
        None => with_type("text/plain", Body::full(text)),
        Some(index) => {
            let mut out = Vec::new();
            script::packets_jsonp(index, &text, &mut out);
            with_type("application/javascript", Body::full(out))
        }
    }
}

/// A script cannot see a status, so it gets the error as a value.
fn refuse(status: StatusCode, reason: &'static str, index: Option<&str>) -> Response<Body> {
    match index {
        None => plain(status, reason),
        Some(index) => {
            let mut out = Vec::new();
            script::handshake_jsonp_error(index, reason, &mut out);
            with_type("application/javascript", Body::full(out))
        }
    }
}

fn with_type(kind: &'static str, body: Body) -> Response<Body> {
    let mut response = Response::new(body);
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

/// An answer without a type, as the original's.
fn bare(status: StatusCode, text: &'static str) -> Response<Body> {
    let mut response = Response::new(Body::full(text));
    *response.status_mut() = status;
    response
}

/// The callback of a JSONP poll; the first when none is named.
fn callback_index(parts: &Parts, transport: Transport) -> Option<String> {
    let index = || query_value(parts, "i").filter(|index| is_index(index)).unwrap_or_else(|| "0".to_owned());
    (transport == Transport::JsonpPolling).then(index)
}

/// A short number: it becomes a part of a script.
fn is_index(text: &str) -> bool {
    (1..=10).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn query_value(parts: &Parts, name: &str) -> Option<String> {
    let mut fields = parameters(parts.uri.query()?);
    fields.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

/// Whether the client is done with its connection, so that a promise to keep it would be odd.
fn asks_to_close(parts: &Parts) -> bool {
    let values = parts.headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    let mut options = values.flat_map(|value| value.split(',')).map(str::trim);
    if parts.version < Version::HTTP_11 {
        return !options.any(|option| option.eq_ignore_ascii_case("keep-alive"));
    }
    options.any(|option| option.eq_ignore_ascii_case("close"))
}

fn is_upgrade(parts: &Parts) -> bool {
    parts.method == Method::GET && wants_websocket(&parts.headers)
}
