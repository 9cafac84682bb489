//! What is done with a request of the packets generation: the handshake, and the transports of its sessions.

use super::{
    body::Body,
    cors::{Entrance, Gate},
    entering::enter,
    handle::{METHODS, Peer, find, wants_websocket},
    leaving::leave,
    name::Transport,
    polling::{self, Poll},
    receive::plain,
    receive_packets,
    route::{PacketsRoute, Route, says_goodbye},
    settle::settle,
    stream::{self, Reader},
    websocket,
};
use crate::{
    client::{Handshake, Member, handle_here},
    hub::WireForm,
    listener::{Generation, Shared, whole_seconds},
    wire::script,
};
use http::{HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use http_body::Body as HttpBody;
use hyper::upgrade::OnUpgrade;
use std::sync::Arc;

/// Answers a request whose route is one of the packets generation.
pub(crate) async fn respond<B>(
    shared: &Arc<Shared>,
    parts: Parts,
    body: B,
    upgrade: OnUpgrade,
    peer: Peer,
) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
{
    let Some(Route::Packets(route)) = shared.mount.route(parts.uri.path(), parts.uri.query()) else {
        return plain(StatusCode::NOT_FOUND, "not found");
    };
    let (transport, id) = match route {
        PacketsRoute::Handshake { transport: Some(transport) } if transport.is_socket() && is_upgrade(&parts) => {
            // A socket without a session: accepted, and told to begin anew.
            (Some(transport), None)
        }
        PacketsRoute::Session { transport, id } => (transport, Some(id.to_owned())),
        _ if wants_websocket(&parts.headers) => return Response::new(Body::refused()),
        PacketsRoute::Welcome => return bare(StatusCode::OK, "Welcome to socket.io."),
        PacketsRoute::UnknownProtocol => {
            return bare(StatusCode::INTERNAL_SERVER_ERROR, "Protocol version not supported.");
        }
        PacketsRoute::Handshake { .. } => return Box::pin(handshake(shared, &parts, &peer)).await,
    };
    let entrance = transport.map_or(Entrance::Handshake { is_script: false }, Entrance::Packets);
    let gate = Gate::judge(shared, &parts, entrance, &peer, false);
    let is_socket = transport.is_some_and(Transport::is_socket);
    let allow = if is_socket { "GET, OPTIONS" } else { METHODS };
    if parts.method == Method::OPTIONS {
        return gate.preflight(&parts.headers, allow);
    }
    let member = id.as_deref().and_then(|id| find(shared, Generation::Packets, id));
    if id.is_some() && says_goodbye(parts.uri.query()) {
        return Box::pin(goodbye(&gate, &parts, member)).await;
    }
    let Some(transport) = transport.filter(|transport| shared.options.speaks_packets(*transport)) else {
        return Response::new(Body::refused());
    };
    if is_socket && parts.method == Method::GET {
        return Box::pin(websocket::accept(shared, parts, &gate, upgrade, peer)).await;
    }
    if wants_websocket(&parts.headers) {
        return Response::new(Body::refused());
    }
    if is_socket || !matches!(parts.method, Method::GET | Method::POST) {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        return response;
    }
    if gate.is_refused() {
        return gate.refusal(&parts.method);
    }
    let is_last = asks_to_close(&parts);
    let mut response = if parts.method == Method::POST {
        Box::pin(receive_packets::post(shared, member, transport, &parts, body)).await
    } else {
        drop(body);
        let (index, reader) = (callback_index(&parts, transport), Reader::of(&parts.headers));
        // The request's buffers are not held while it waits.
        drop(parts);
        carry(member, transport, reader, index, peer).await
    };
    if is_last {
        response.headers_mut().remove(header::CONNECTION);
    }
    // A script may be read from everywhere anyway, and the original said nothing of it.
    if transport != Transport::JsonpPolling || gate.has_origin() {
        gate.allow(&mut response);
    }
    response
}

/// Attaches a GET to its session.
async fn carry(
    member: Option<Arc<Member>>,
    transport: Transport,
    reader: Reader,
    index: Option<String>,
    peer: Peer,
) -> Response<Body> {
    let Some(member) = member else {
        let is_polling = transport.is_polling();
        return if is_polling { polling::not_handshaken(index.as_deref()) } else { stream::not_handshaken(transport) };
    };
    let response = if transport.is_polling() {
        Poll { member: Arc::clone(&member), transport, index, watch: peer.watch }.answer().await
    } else {
        settle(&member).await;
        stream::response(&member, transport, reader, peer.watch).unwrap_or_else(|| stream::not_handshaken(transport))
    };
    // The first answer is sealed: what the application sends now follows it.
    handle_here(&member);
    response
}

/// The client ends its session with a request, whatever carries it.
async fn goodbye(gate: &Gate, parts: &Parts, member: Option<Arc<Member>>) -> Response<Body> {
    if gate.is_refused() {
        return gate.refusal(&parts.method);
    }
    if let Some(member) = member {
        leave(&member).await;
    }
    let mut response = Response::new(Body::empty());
    gate.allow(&mut response);
    response
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
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(METHODS));
        return response;
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
    let mut fields = form_urlencoded::parse(parts.uri.query()?.as_bytes());
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
