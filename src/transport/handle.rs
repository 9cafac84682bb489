//! What is done with a request that is ours.

use super::{
    body::Body,
    cors::{Entrance, Gate},
    engine,
    entering::enter,
    leaving,
    name::Transport,
    origin::{Own, Scheme},
    packets,
    polling::{Poll, callback_index},
    receive::{self, plain},
    route::Route,
    stream::{self, Reader},
    watch::Watch,
    websocket,
};
use crate::{
    client::{Handshake, Member, handle_here},
    listener::{Dialect, Generation, Shared},
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, request::Parts};
use http_body::Body as HttpBody;
use std::{fmt, net::SocketAddr, sync::Arc};

pub(crate) const METHODS: &str = "GET, POST, OPTIONS";

/// The other end of a connection. Put it into a request's extensions where the listener cannot see the address by
/// itself: under [`Listener::wrap`](crate::Listener::wrap) and [`Listener::handle`](crate::Listener::handle). Without it
/// nothing that is bounded for each peer is bounded there, and no proxy is trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress(pub SocketAddr);

/// What is known of the connection a request came on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer {
    pub(crate) address: Option<SocketAddr>,
    pub(crate) watch: Option<Arc<Watch>>,
    /// TLS ends here.
    pub(crate) secure: bool,
    /// What a trusted proxy says of how the client asked, and whom.
    pub(crate) scheme: Option<Scheme>,
    pub(crate) host: Option<Box<str>>,
}

impl Peer {
    /// Without a stream to ask, the application may have told.
    fn of(extensions: &http::Extensions) -> Self {
        let address = extensions.get::<PeerAddress>().map(|peer| peer.0);
        #[cfg(feature = "axum")]
        let address = address.or_else(|| extensions.get::<axum::extract::ConnectInfo<SocketAddr>>().map(|info| info.0));
        Self { address, ..Self::default() }
    }

    /// The client behind the proxies that are trusted.
    pub(crate) fn behind_proxies(self, shared: &Shared, headers: &HeaderMap) -> Self {
        let told = self.address.and_then(|address| shared.options.trusted_proxies.ask(headers, address));
        match told {
            None => self,
            Some(told) => Self { address: Some(told.address), scheme: told.scheme, host: told.host, ..self },
        }
    }

    /// Whether the client asked by TLS, as far as that is known.
    pub(crate) fn scheme(&self) -> Option<Scheme> {
        self.scheme.or(self.secure.then_some(Scheme::Https))
    }

    /// What pages of the listener's own origin have for an origin.
    pub(crate) fn own<'a>(&'a self, parts: &'a Parts) -> Own<'a> {
        let named = || parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let asked = || parts.uri.authority().map(http::uri::Authority::as_str);
        Own { host: self.host.as_deref().or_else(named).or_else(asked), scheme: self.scheme() }
    }
}

/// Whether the path is ours.
pub(crate) fn matches(shared: &Shared, uri: &Uri) -> bool {
    route(shared, uri).is_some()
}

fn route<'a>(shared: &Shared, uri: &'a Uri) -> Option<Route<'a>> {
    let route = shared.mount.route(uri.path(), uri.query())?;
    let ours = match &route {
        Route::File(name) => shared.options.client_files.contain(name),
        Route::Frames { transport, .. } => shared.options.transports.contains(transport),
        Route::Packets(_) => shared.options.serves_packets(),
        // Who asks for a transport that is not accepted is told so.
        Route::Engine { .. } => true,
        Route::BareWebSocket => shared.options.transports.contains(&Transport::WebSocket),
    };
    ours.then_some(route)
}

/// Answers a request of ours, its peer known from the request alone.
pub(crate) async fn handle<B>(shared: &Arc<Shared>, request: Request<B>) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
    B::Error: fmt::Display,
{
    let peer = Peer::of(request.extensions());
    respond(shared, request, peer).await
}

/// Answers a request of ours.
pub(crate) async fn respond<B>(shared: &Arc<Shared>, request: Request<B>, peer: Peer) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
    B::Error: fmt::Display,
{
    let mut response = answer(shared, request, peer).await;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // No answer is to be taken for a script, a style or a document that it does not say it is.
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}

async fn answer<B>(shared: &Arc<Shared>, mut request: Request<B>, peer: Peer) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
    B::Error: fmt::Display,
{
    shared.start();
    let upgrade = hyper::upgrade::on(&mut request);
    let (parts, body) = request.into_parts();
    let peer = peer.behind_proxies(shared, &parts.headers);
    let (transport, dialect, session, tail) = match route(shared, &parts.uri) {
        None => return plain(StatusCode::NOT_FOUND, "not found"),
        Some(Route::File(_)) if wants_websocket(&parts.headers) => return Response::new(Body::refused()),
        Some(Route::File(name)) => {
            return shared.options.client_files.answer(&name, parts.uri.path(), &parts.method, &parts.headers);
        }
        Some(Route::Packets(_)) => return Box::pin(packets::respond(shared, parts, body, upgrade, peer)).await,
        Some(Route::Engine { bare }) => {
            return Box::pin(engine::respond(shared, parts, body, upgrade, peer, bare)).await;
        }
        Some(Route::BareWebSocket) => {
            let entrance = Entrance::Engine { transport: Transport::WebSocket, is_script: false };
            let gate = Gate::judge(shared, &parts, entrance, &peer, true);
            return Box::pin(websocket::accept(shared, parts, &gate, upgrade, peer)).await;
        }
        Some(Route::Frames { transport, dialect, session, tail }) => (transport, dialect, session, tail),
    };
    let gate = Gate::judge(shared, &parts, Entrance::Frames(transport), &peer, session.is_none());
    let allow = if transport.is_socket() { "GET, OPTIONS" } else { METHODS };
    if parts.method == Method::OPTIONS {
        return gate.preflight(&parts.headers, allow);
    }
    if transport.is_socket() && parts.method == Method::GET {
        return Box::pin(websocket::accept(shared, parts, &gate, upgrade, peer)).await;
    }
    if wants_websocket(&parts.headers) {
        return Response::new(Body::refused());
    }
    if let (Some(id), Some(leaving::WORD), &Method::POST) = (session, tail, &parts.method) {
        if gate.is_refused() {
            return gate.refusal(&parts.method);
        }
        let (member, asks_first) = (find(shared, Generation::Frames, id), parts.headers.contains_key(header::EXPECT));
        let mut response = Box::pin(leaving::post(member, transport, body, asks_first)).await;
        gate.allow(&mut response);
        return response;
    }
    let known = matches!(parts.method, Method::GET | Method::POST) && !transport.is_socket();
    if !known {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
        return response;
    }
    if gate.is_refused() {
        return gate.refusal(&parts.method);
    }
    let Ok(index) = callback_index(transport, tail) else {
        return plain(StatusCode::BAD_REQUEST, "a JSONP request ends in the number of its callback");
    };
    let member = match session {
        None => None,
        Some(id) => match find(shared, Generation::Frames, id) {
            Some(member) => Some(member),
            None => return Response::new(Body::refused()),
        },
    };
    let mut response = match (&parts.method, member) {
        (&Method::POST, None) => plain(StatusCode::BAD_REQUEST, "a POST names its session"),
        (&Method::POST, Some(member)) if !member.is_open() => Response::new(Body::refused()),
        (&Method::POST, Some(member)) => {
            let asks_first = parts.headers.contains_key(header::EXPECT);
            Box::pin(receive::post(member, transport, body, asks_first, false)).await
        }
        (_, member) => {
            drop(body);
            receive_stream(shared, member, Get { parts, transport, dialect, index, peer }).await
        }
    };
    gate.allow(&mut response);
    response
}

/// A GET that wants to carry a session.
struct Get {
    parts: Parts,
    transport: Transport,
    dialect: Dialect,
    index: Option<String>,
    peer: Peer,
}

/// Attaches the request to its session, new or known. A known session keeps the transport it began with, whatever
/// the URL says.
async fn receive_stream(shared: &Arc<Shared>, member: Option<Arc<Member>>, get: Get) -> Response<Body> {
    let Get { parts, transport, dialect, index, peer } = get;
    let (member, is_new) = match member {
        Some(member) => (member, false),
        None => {
            let place = match enter(shared, peer.address, transport.is_polling()).await {
                Ok(place) => place,
                // It would poll again at once, whatever it is told.
                Err(_) if transport.is_polling() => return Response::new(Body::refused()),
                Err(denied) => return denied.response(),
            };
            let handshake = Arc::new(Handshake::new(&parts, peer.address));
            let Ok(state) = shared.admit(&handshake, Generation::Frames).await else {
                return plain(StatusCode::FORBIDDEN, "unauthorized");
            };
            match shared.open(place, handshake, dialect.form(), transport, state, None) {
                Some(member) => (member, true),
                None => return Response::new(Body::refused()),
            }
        }
    };
    let reader = Reader::of(&parts.headers);
    // The request's buffers are not held while it waits.
    drop(parts);
    let own = member.host.transport();
    if own.is_polling() {
        let index = if own == Transport::JsonpPolling { Some(index.unwrap_or_else(|| "0".to_owned())) } else { None };
        let response = Poll { member: Arc::clone(&member), transport: own, index, watch: peer.watch }.answer().await;
        if is_new {
            // The handshake's answer is sealed: what the application sends now waits for the second poll.
            handle_here(&member);
        }
        return response;
    }
    if own.is_socket() {
        return Response::new(Body::refused());
    }
    let Some(response) = stream::response(&member, own, reader, peer.watch) else {
        return Response::new(Body::refused());
    };
    if is_new {
        handle_here(&member);
    }
    response
}

/// The session of this id and generation, marked as used.
pub(crate) fn find(shared: &Shared, generation: Generation, id: &str) -> Option<Arc<Member>> {
    let member = shared.find(id).filter(|member| member.host.generation() == generation)?;
    follow_up(shared, &member);
    Some(member)
}

/// The session is used, so its handshake was an honest one.
pub(crate) fn follow_up(shared: &Shared, member: &Arc<Member>) {
    if member.host.follow_up() {
        member.returned();
        if let Some(peer) = member.host.handshake.peer() {
            shared.handshake_followed_up(peer.ip());
        }
    }
}

/// Whether the request asks for a WebSocket. An offer of another protocol (`h2c`) may be ignored.
pub(crate) fn wants_websocket(headers: &HeaderMap) -> bool {
    headers.get_all(header::UPGRADE).iter().any(|value| {
        let names = value.to_str().unwrap_or("");
        names.split(',').any(|name| name.trim().eq_ignore_ascii_case("websocket"))
    })
}
