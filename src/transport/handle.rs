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
    polling::{NoIndex, Poll, callback_index},
    receive::{self, plain},
    route::Route,
    stream::{self, Reader},
    watch::Watch,
    websocket,
};
use crate::{
    client::{Handshake, Member, handle_here},
    listener::{Dialect, Generation, Shared},
    session::SessionId,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header, request::Parts};
use http_body::Body as HttpBody;
use hyper::upgrade::OnUpgrade;
use std::{fmt, future::Future, net::SocketAddr, pin::Pin, sync::Arc};

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

/// An answer on its way. It keeps no more of its request than it needs.
pub(crate) type Answer<'a> = Pin<Box<dyn Future<Output = Response<Body>> + Send + 'a>>;

/// Whose a request is.
#[expect(clippy::large_enum_variant, reason = "looked at once, and never kept: a box would cost more than it spares")]
pub(crate) enum Routed<'a, B> {
    Ours(Answer<'a>),
    Theirs(Request<B>),
}

/// Answers a request, its peer known from the request alone.
pub(crate) async fn handle<B>(shared: &Arc<Shared>, request: Request<B>) -> Response<Body>
where
    B: HttpBody + Send,
    B::Data: Send,
    B::Error: fmt::Display,
{
    match answer(shared, request, None) {
        Routed::Ours(answer) => sealed(answer.await),
        Routed::Theirs(_) => sealed(plain(StatusCode::NOT_FOUND, "not found")),
    }
}

/// An answer as it leaves.
pub(crate) fn sealed(mut response: Response<Body>) -> Response<Body> {
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        // No answer is to be taken for a script, a style or a document that it does not say it is.
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    }
    response
}

/// Begins to answer a request, or gives back one that is not ours. What can be said at once is; what waits keeps neither
/// the request's head, nor with it the buffer it was read into. Has to be called on a runtime.
pub(crate) fn answer<'a, B>(shared: &Arc<Shared>, request: Request<B>, peer: Option<&Peer>) -> Routed<'a, B>
where
    B: HttpBody + Send + 'a,
    B::Data: Send,
    B::Error: fmt::Display,
{
    let (parts, body) = request.into_parts();
    let Some(route) = route(shared, &parts.uri) else {
        return Routed::Theirs(Request::from_parts(parts, body));
    };
    shared.start();
    let peer = peer.cloned().unwrap_or_else(|| Peer::of(&parts.extensions)).behind_proxies(shared, &parts.headers);
    Routed::Ours(match route {
        Route::File(_) if wants_websocket(&parts.headers) => at_once(Response::new(Body::refused())),
        Route::File(name) => {
            let files = &shared.options.client_files;
            at_once(files.answer(&name, parts.uri.path(), &parts.method, &parts.headers))
        }
        Route::Packets(route) => {
            let route = route.by(SessionId::parse);
            packets::answer(shared, route, parts, body, peer)
        }
        Route::Engine { bare } => engine::answer(shared, parts, body, peer, bare),
        Route::BareWebSocket => {
            let entrance = Entrance::Engine { transport: Transport::WebSocket, is_script: false };
            let gate = Gate::judge(shared, &parts, entrance, &peer, true);
            socket(shared, parts, gate, peer)
        }
        Route::Frames { transport, dialect, session, tail } => {
            let gate = Gate::judge(shared, &parts, Entrance::Frames(transport), &peer, session.is_none());
            let session = session.map(SessionId::parse);
            let (index, says_goodbye) = (callback_index(transport, tail), tail == Some(leaving::WORD));
            let asked = Asked { transport, dialect, session, index, says_goodbye };
            frames(shared, asked, gate, parts, body, peer)
        }
    })
}

/// An answer that does not wait.
pub(crate) fn at_once<'a>(response: Response<Body>) -> Answer<'a> {
    Box::pin(std::future::ready(response))
}

/// An answer the page that asked may read.
pub(crate) fn allowed(gate: Gate, answer: Answer<'_>) -> Answer<'_> {
    if !gate.has_origin() {
        return answer;
    }
    Box::pin(async move {
        let mut response = answer.await;
        gate.allow(&mut response);
        response
    })
}

/// The answer to who may want a WebSocket.
pub(crate) fn socket<'a>(shared: &Arc<Shared>, parts: Parts, gate: Gate, peer: Peer) -> Answer<'a> {
    let shared = Arc::clone(shared);
    let (upgrade, parts) = upgrade_of(parts);
    Box::pin(async move { websocket::accept(&shared, parts, &gate, upgrade, peer).await })
}

/// Takes out what becomes of the connection when it changes its protocol.
pub(crate) fn upgrade_of(parts: Parts) -> (OnUpgrade, Parts) {
    let mut request = Request::from_parts(parts, ());
    let upgrade = hyper::upgrade::on(&mut request);
    (upgrade, request.into_parts().0)
}

/// What a path of the frames generation asks for.
struct Asked {
    transport: Transport,
    dialect: Dialect,
    /// The session it names; nothing within when that is no id of ours.
    session: Option<Option<SessionId>>,
    index: Result<Option<String>, NoIndex>,
    says_goodbye: bool,
}

fn frames<'a, B>(shared: &Arc<Shared>, asked: Asked, gate: Gate, parts: Parts, body: B, peer: Peer) -> Answer<'a>
where
    B: HttpBody + Send + 'a,
    B::Data: Send,
{
    let Asked { transport, dialect, session, index, says_goodbye } = asked;
    let is_post = parts.method == Method::POST;
    let allow = if transport.is_socket() { "GET, OPTIONS" } else { METHODS };
    if parts.method == Method::OPTIONS {
        return at_once(gate.preflight(&parts.headers, allow));
    }
    if transport.is_socket() && parts.method == Method::GET {
        return socket(shared, parts, gate, peer);
    }
    if wants_websocket(&parts.headers) {
        return at_once(Response::new(Body::refused()));
    }
    let asks_first = parts.headers.contains_key(header::EXPECT);
    if let (Some(id), true, true) = (session, says_goodbye, is_post) {
        if gate.is_refused() {
            return at_once(gate.refusal(&parts.method));
        }
        let member = find_session(shared, Generation::Frames, id);
        return allowed(gate, Box::pin(leaving::post(member, transport, body, asks_first)));
    }
    if transport.is_socket() || !(is_post || parts.method == Method::GET) {
        return at_once(not_allowed(allow));
    }
    if gate.is_refused() {
        return at_once(gate.refusal(&parts.method));
    }
    let Ok(index) = index else {
        return at_once(plain(StatusCode::BAD_REQUEST, "a JSONP request ends in the number of its callback"));
    };
    let member = match session {
        None => None,
        Some(id) => match find_session(shared, Generation::Frames, id) {
            None => return at_once(Response::new(Body::refused())),
            member => member,
        },
    };
    match member {
        None if is_post => allowed(gate, at_once(plain(StatusCode::BAD_REQUEST, "a POST names its session"))),
        Some(member) if is_post && !member.is_open() => at_once(Response::new(Body::refused())),
        Some(member) if is_post => allowed(gate, Box::pin(receive::post(member, transport, body, asks_first, false))),
        Some(member) => allowed(gate, carry(member, index, &parts.headers, peer.watch)),
        None => allowed(gate, Box::pin(begin(Arc::clone(shared), parts, transport, dialect, index, peer))),
    }
}

/// The answer to a method that a path does not know.
pub(crate) fn not_allowed(allow: &'static str) -> Response<Body> {
    let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "method not allowed");
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allow));
    response
}

/// Attaches a GET to its session, which keeps the transport it began with, whatever the URL says.
fn carry<'a>(member: Arc<Member>, index: Option<String>, headers: &HeaderMap, watch: Option<Arc<Watch>>) -> Answer<'a> {
    let transport = member.host.transport();
    if transport.is_polling() {
        return Box::pin(poll(member, transport, index, watch).answer());
    }
    let stream = || stream::response(&member, transport, Reader::of(headers), watch);
    let response = if transport.is_socket() { None } else { stream() };
    at_once(response.unwrap_or_else(|| Response::new(Body::refused())))
}

fn poll(member: Arc<Member>, transport: Transport, index: Option<String>, watch: Option<Arc<Watch>>) -> Poll {
    let index = (transport == Transport::JsonpPolling).then(|| index.unwrap_or_else(|| "0".to_owned()));
    Poll { member, transport, index, watch }
}

/// Begins a session with the GET that carries it first.
async fn begin(
    shared: Arc<Shared>,
    parts: Parts,
    transport: Transport,
    dialect: Dialect,
    index: Option<String>,
    peer: Peer,
) -> Response<Body> {
    let place = match enter(&shared, peer.address, transport.is_polling()).await {
        Ok(place) => place,
        // It would poll again at once, whatever it is told.
        Err(_) if transport.is_polling() => return Response::new(Body::refused()),
        Err(denied) => return denied.response(),
    };
    let handshake = Arc::new(Handshake::new(&parts, peer.address));
    let Ok(state) = shared.admit(&handshake, Generation::Frames).await else {
        return plain(StatusCode::FORBIDDEN, "unauthorized");
    };
    let Some(member) = shared.open(place, handshake, dialect.form(), transport, state, None) else {
        return Response::new(Body::refused());
    };
    let reader = Reader::of(&parts.headers);
    drop(parts);
    let response = if transport.is_polling() {
        poll(Arc::clone(&member), transport, index, peer.watch).answer().await
    } else {
        match stream::response(&member, transport, reader, peer.watch) {
            Some(response) => response,
            None => return Response::new(Body::refused()),
        }
    };
    // The handshake's answer is sealed: what the application sends now waits for the second poll.
    handle_here(&member);
    response
}

/// The session of this id and generation, marked as used.
pub(crate) fn find(shared: &Shared, generation: Generation, id: &str) -> Option<Arc<Member>> {
    find_session(shared, generation, SessionId::parse(id))
}

/// The same, by an id that was read before; nothing when it was none.
pub(crate) fn find_session(shared: &Shared, generation: Generation, id: Option<SessionId>) -> Option<Arc<Member>> {
    let member = shared.session(id?).filter(|member| member.host.generation() == generation)?;
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
    headers.contains_key(header::UPGRADE)
        && headers.get_all(header::UPGRADE).iter().any(|value| {
            let names = value.to_str().unwrap_or("");
            names.split(',').any(|name| name.trim().eq_ignore_ascii_case("websocket"))
        })
}
