//! websocket and flashsocket: taking over the connection with an HTTP upgrade.

use super::{
    body::Body,
    cors::Gate,
    handle::{Peer, find, wants_websocket},
    hixie,
    receive::plain,
    rfc6455::Rfc6455,
    socket,
    watch::{Observed, Socket},
};
use crate::{
    client::{Handshake, Member},
    listener::Shared,
    transport::{Transport, route::Route},
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Version, header, request::Parts};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

/// How the client wants to speak.
enum Draft {
    Rfc6455 { accept: String },
    Hixie76,
}

/// Answers the opening handshake; the session runs in a task of its own once the server has handed the connection
/// over.
pub(crate) fn accept(
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
    let Some(opened) = Opened::of(shared, parts, peer) else { return Response::new(Body::refused()) };
    match draft {
        Draft::Rfc6455 { accept } => {
            tokio::spawn(async move {
                if let Some((upgraded, opened)) = handed_over(upgrade, opened).await {
                    run_rfc6455(upgraded, opened).await;
                }
            });
            switching(&[(header::SEC_WEBSOCKET_ACCEPT, accept)])
        }
        Draft::Hixie76 => {
            let Some((head, keys)) = hixie::upgrade_head(&opened) else {
                return plain(StatusCode::BAD_REQUEST, "malformed websocket keys");
            };
            tokio::spawn(async move {
                if let Some((upgraded, opened)) = handed_over(upgrade, opened).await {
                    hixie::run_upgraded(TokioIo::new(upgraded), opened, keys).await;
                }
            });
            head
        }
    }
}

/// A socket that may begin or go on with a session.
pub(crate) struct Opened {
    pub(crate) shared: Arc<Shared>,
    pub(crate) parts: Parts,
    pub(crate) peer: Peer,
    pub(crate) transport: Transport,
    session: Option<Arc<Member>>,
}

impl Opened {
    /// Nothing when the request names a session that is not there, or one that is not carried by sockets.
    pub(crate) fn of(shared: &Arc<Shared>, parts: Parts, peer: Peer) -> Option<Self> {
        let Some(Route::Frames { transport, session, .. }) = shared.mount.route(parts.uri.path()) else { return None };
        let session = match session {
            None if shared.is_shutting_down() => return None,
            None => None,
            Some(id) => Some(find(shared, id).filter(|member| member.host.transport().is_socket())?),
        };
        Some(Self { shared: Arc::clone(shared), parts, peer, transport, session })
    }

    /// The session, begun now if it is a new one. The request is no longer needed.
    pub(crate) fn into_session(self) -> Option<Arc<Member>> {
        match self.session {
            Some(member) => Some(member),
            None => self.shared.open(Handshake::new(&self.parts, self.peer.address, self.transport)),
        }
    }
}

fn draft(headers: &HeaderMap) -> Result<Draft, Box<Response<Body>>> {
    if let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) {
        // 7 and 8 are the drafts whose frames are those of RFC 6455.
        let version = headers.get(header::SEC_WEBSOCKET_VERSION).map(HeaderValue::as_bytes);
        if matches!(version, Some(b"13" | b"8" | b"7")) {
            return Ok(Draft::Rfc6455 { accept: derive_accept_key(key.as_bytes()) });
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
async fn handed_over(upgrade: OnUpgrade, opened: Opened) -> Option<(Upgraded, Opened)> {
    static TOLD: AtomicBool = AtomicBool::new(false);
    match upgrade.await {
        Ok(upgraded) => Some((upgraded, opened)),
        Err(error) if error.is_user() && !TOLD.swap(true, Ordering::Relaxed) => {
            log::error!(
                target: "heirloom",
                "websocket is refused by the server it is mounted on ({error}): serve its connections `.with_upgrades()`"
            );
            None
        }
        Err(error) => {
            log::debug!(target: "heirloom", "a websocket handshake did not complete: {error}");
            None
        }
    }
}

/// Runs the session on the plain stream where it can be had, which needs no further allocation and no second buffer.
async fn run_rfc6455(upgraded: Upgraded, opened: Opened) {
    let max_frame_bytes = opened.shared.options.max_frame_bytes;
    match upgraded.downcast::<TokioIo<Observed<Socket>>>() {
        Ok(parts) => {
            let mut stream = parts.io.into_inner();
            stream.unread(bytes::Bytes::copy_from_slice(&parts.read_buf));
            drop(parts.read_buf);
            let Some(member) = opened.into_session() else { return };
            let frames = Rfc6455::new(stream, max_frame_bytes).await;
            socket::run(frames, member).await;
        }
        Err(upgraded) => {
            let Some(member) = opened.into_session() else { return };
            let frames = Rfc6455::new(TokioIo::new(upgraded), max_frame_bytes).await;
            socket::run(frames, member).await;
        }
    }
}
