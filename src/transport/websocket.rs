//! websocket and flashsocket: taking over the connection with an HTTP upgrade.

use super::{
    body::Body,
    cors::Gate,
    engine::upgrade_session,
    entering::{Denied, enter},
    handle::{Peer, find, wants_websocket},
    hixie,
    patience::Patient,
    plain::Plain,
    receive::plain,
    rfc6455::Rfc6455,
    socket::{self, Carried, Frames},
    watch::{Observed, Socket},
};
use crate::{
    client::{Engine, Handshake, Member, Probe, State},
    hub::WireForm,
    listener::{Generation, Place, Shared},
    transport::{
        Transport,
        route::{PacketsRoute, Route},
    },
    wire::rfc6455::handshake_answer,
};
use futures_util::future::Either;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite};

/// How long a session of Engine.IO waits before its first word on a new socket.
const BREATH: Duration = Duration::from_millis(1);

/// How the client wants to speak.
enum Draft {
    Rfc6455 { accept: String },
    Hixie76,
}

/// Answers the opening handshake; the session runs in a task of its own once the server has handed the connection
/// over.
pub(crate) async fn accept(
    shared: &Arc<Shared>,
    parts: Parts,
    gate: &Gate,
    upgrade: OnUpgrade,
    peer: Peer,
) -> Response<Body> {
    if parts.version > Version::HTTP_11 {
        return plain(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "websocket needs HTTP/1.1; polling works here");
    }
    if !wants_websocket(&parts.headers) || parts.version < Version::HTTP_11 {
        let mut response = plain(StatusCode::UPGRADE_REQUIRED, "this is a websocket, by an upgrade of HTTP/1.1");
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        return response;
    }
    if gate.is_refused() {
        return gate.refusal(&Method::GET);
    }
    let draft = match draft(&parts.headers) {
        Ok(draft) => draft,
        Err(response) => return *response,
    };
    let opened = match Opened::of(shared, &parts, peer).await {
        Ok(opened) => opened,
        Err(NotOpened::Dead) => return Response::new(Body::refused()),
        Err(NotOpened::Unauthorized) => return plain(StatusCode::FORBIDDEN, "unauthorized"),
        Err(NotOpened::Denied(denied)) => return denied.response(),
    };
    match draft {
        Draft::Rfc6455 { accept } => switch(accept, opened, upgrade),
        Draft::Hixie76 => {
            let Some((head, keys)) = hixie::upgrade_head(&opened, &parts) else {
                return plain(StatusCode::BAD_REQUEST, "malformed websocket keys");
            };
            tokio::spawn(async move {
                if let Some(upgraded) = handed_over(upgrade).await {
                    let stream = Patient::new(TokioIo::new(upgraded), &opened.shared, &opened.peer);
                    hixie::run_upgraded(stream, opened, keys).await;
                }
            });
            head
        }
    }
}

/// The key of the answer to a handshake of the RFC, if it is one.
pub(crate) fn accept_key(parts: &Parts) -> Option<String> {
    match draft(&parts.headers) {
        Ok(Draft::Rfc6455 { accept }) if parts.version == Version::HTTP_11 => Some(accept),
        _ => None,
    }
}

/// Hands the connection over to the session.
pub(crate) fn switch(accept: String, opened: Opened, upgrade: OnUpgrade) -> Response<Body> {
    tokio::spawn(carry(upgrade, opened));
    switching(&[(header::SEC_WEBSOCKET_ACCEPT, accept)])
}

/// A socket that may begin or go on with a session.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) peer: Peer,
    pub(crate) transport: Transport,
    session: Wanted,
}

/// The session a socket is for.
pub(crate) enum Wanted {
    /// One that begins with the socket.
    New(Begin),
    Known(Arc<Member>),
    /// One of Engine.IO that polls, and may go over to the socket.
    Polled(Arc<Member>, Option<Probe>),
    /// One of the packets generation that is not there, which its client is told.
    Unknown,
}

/// A session to begin, with what its authorization kept.
pub(crate) struct Begin {
    pub(crate) place: Place,
    pub(crate) form: WireForm,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) state: Arc<Mutex<State>>,
    pub(crate) engine: Option<Engine>,
}

/// Why a socket is not opened.
#[derive(Debug)]
pub(crate) enum NotOpened {
    /// The session is not there, or is not carried by sockets, or no new one may begin.
    Dead,
    /// The application refused.
    Unauthorized,
    /// Its peer has too many, or begins too many.
    Denied(Denied),
}

impl Opened {
    /// A socket of Engine.IO.
    pub(crate) fn engine(shared: &Arc<Shared>, peer: Peer, session: Wanted) -> Self {
        Self { shared: Arc::clone(shared), peer, transport: Transport::WebSocket, session }
    }

    pub(crate) async fn of(shared: &Arc<Shared>, parts: &Parts, peer: Peer) -> Result<Self, NotOpened> {
        let (transport, session) = match shared.mount.route(parts.uri.path(), parts.uri.query()) {
            Some(Route::Frames { transport, dialect, session: None, .. }) if !shared.is_shutting_down() => {
                let begin = begin(shared, parts, &peer, dialect.form()).await?;
                (transport, Wanted::New(begin))
            }
            Some(Route::BareWebSocket) if !shared.is_shutting_down() => {
                let begin = begin(shared, parts, &peer, WireForm::BareWebSocket).await?;
                (Transport::WebSocket, Wanted::New(begin))
            }
            Some(Route::Frames { transport, session: Some(id), .. }) => {
                let member = find(shared, Generation::Frames, id);
                let member = member.filter(|member| member.host.transport().is_socket());
                (transport, Wanted::Known(member.ok_or(NotOpened::Dead)?))
            }
            Some(Route::Packets(PacketsRoute::Handshake { transport: Some(transport) })) => {
                (transport, Wanted::Unknown)
            }
            Some(Route::Packets(PacketsRoute::Session { transport: Some(transport), id })) => {
                let member = find(shared, Generation::Packets, id);
                (transport, member.map_or(Wanted::Unknown, Wanted::Known))
            }
            _ => return Err(NotOpened::Dead),
        };
        Ok(Self { shared: Arc::clone(shared), peer, transport, session })
    }

    /// The framing of the RFC on its stream.
    fn frames<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(&self, stream: S) -> Rfc6455<S> {
        Rfc6455::new(stream, &self.shared.options.budget, &self.shared.received, self.takes_unmasked())
    }

    /// The servers of the packets generation took frames that are not masked.
    fn takes_unmasked(&self) -> bool {
        match &self.session {
            Wanted::New(_) | Wanted::Polled(..) => false,
            Wanted::Known(member) => member.host.generation() == Generation::Packets,
            Wanted::Unknown => true,
        }
    }

    /// The session, begun now if it is a new one.
    fn into_session(self) -> Session {
        match self.session {
            Wanted::Known(member) => Session::Carried(member),
            Wanted::Unknown => Session::Unknown,
            Wanted::Polled(member, probe) => Session::Polled(member, probe),
            Wanted::New(Begin { place, form, handshake, state, engine }) => {
                let opened = self.shared.open(place, handshake, form, self.transport, state, engine);
                opened.map_or(Session::Refused, Session::Carried)
            }
        }
    }

    /// Carries the session on the socket.
    pub(crate) async fn run(self, frames: impl Frames) {
        // What only the beginning needs is not to be carried by every socket.
        let carried = Box::pin(self.begin(frames)).await;
        if let Some(carried) = carried {
            carried.run().await;
        }
    }

    /// Nothing when it came to its end already.
    async fn begin<F: Frames>(self, frames: F) -> Option<Carried<F>> {
        let transport = self.transport;
        match self.into_session() {
            Session::Carried(member) => {
                if member.host.engine.is_some() {
                    // Simple clients begin to listen when they have read that the connection is theirs, and miss what
                    // comes with it.
                    tokio::time::sleep(BREATH).await;
                }
                return socket::begin(frames, member, transport).await;
            }
            Session::Polled(member, probe) => return upgrade_session(frames, member, probe).await,
            Session::Unknown => socket::not_handshaken(frames).await,
            Session::Refused => {}
        }
        None
    }
}

async fn begin(shared: &Arc<Shared>, parts: &Parts, peer: &Peer, form: WireForm) -> Result<Begin, NotOpened> {
    let place = enter(shared, peer.address, false).await.map_err(NotOpened::Denied)?;
    let handshake = Arc::new(Handshake::new(parts, peer.address));
    let state = shared.admit(&handshake, form.generation()).await.map_err(|_| NotOpened::Unauthorized)?;
    Ok(Begin { place, form, handshake, state, engine: None })
}

enum Session {
    Carried(Arc<Member>),
    Polled(Arc<Member>, Option<Probe>),
    Unknown,
    Refused,
}

fn draft(headers: &HeaderMap) -> Result<Draft, Box<Response<Body>>> {
    if let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) {
        // 7 and 8 are the drafts whose frames are those of RFC 6455.
        let version = headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
        if matches!(version, Some(b"13" | b"8" | b"7")) {
            return Ok(Draft::Rfc6455 { accept: handshake_answer(key.as_bytes()) });
        }
        let mut response = plain(StatusCode::UPGRADE_REQUIRED, "websocket version not supported");
        let known = HeaderValue::from_static("13, 8, 7");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, known);
        return Err(Box::new(response));
    }
    if headers.contains_key("sec-websocket-key1") && headers.contains_key("sec-websocket-key2") {
        return Ok(Draft::Hixie76);
    }
    // Its client compares the answer's first lines to the letter, which only a look at the stream can give.
    let reason = "hixie-75 needs a server that uses Listener::serve";
    Err(Box::new(plain(StatusCode::BAD_REQUEST, reason)))
}

/// An answer that hands the connection over.
pub(crate) fn switching(headers: &[(header::HeaderName, String)]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let answer = response.headers_mut();
    answer.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    answer.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::from_str(value) {
            answer.insert(name, value);
        }
    }
    response
}

/// Waits for the server to let go of the connection.
async fn handed_over(upgrade: OnUpgrade) -> Option<Upgraded> {
    static TOLD: AtomicBool = AtomicBool::new(false);
    match upgrade.await {
        Ok(upgraded) => Some(upgraded),
        Err(error) if error.is_user() && !TOLD.swap(true, Ordering::Relaxed) => {
            log::error!(
                target: "heirloom::transport",
                "websocket is refused by the server it is mounted on ({error}): serve its connections `.with_upgrades()`"
            );
            None
        }
        Err(error) => {
            log::debug!(target: "heirloom::transport", "a websocket handshake did not complete: {error}");
            None
        }
    }
}

/// Carries the session when the server has let go of the connection.
fn carry(upgrade: OnUpgrade, opened: Opened) -> impl Future<Output = ()> + Send {
    // What only the beginning needs is not to be carried by every socket.
    let beginning = Box::pin(take_over(upgrade, opened));
    async move {
        let carried = beginning.await;
        match carried {
            Some(Either::Left(plain)) => plain.run().await,
            Some(Either::Right(foreign)) => foreign.run().await,
            None => {}
        }
    }
}

type OnPlain = Carried<Rfc6455<Plain>>;
type OnForeign = Carried<Rfc6455<Patient<TokioIo<Upgraded>>>>;

/// Begins on the plain stream where it can be had, which needs no second buffer.
async fn take_over(upgrade: OnUpgrade, opened: Opened) -> Option<Either<OnPlain, OnForeign>> {
    match handed_over(upgrade).await?.downcast::<TokioIo<Observed<Socket>>>() {
        Ok(parts) => {
            let (stream, unread) = parts.io.into_inner().into_plain();
            let mut frames = opened.frames(stream);
            frames.came_before(&parts.read_buf);
            frames.came_before(&unread);
            drop((parts.read_buf, unread));
            opened.begin(frames).await.map(Either::Left)
        }
        Err(upgraded) => {
            let stream = Patient::new(TokioIo::new(upgraded), &opened.shared, &opened.peer);
            let frames = opened.frames(stream);
            opened.begin(frames).await.map(Either::Right)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size<A, B, F: Future>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_a_websocket_is_small() {
        // There is one for every client, for as long as it is here.
        assert!(size(carry) <= 320, "{} bytes", size(carry));
    }
}
