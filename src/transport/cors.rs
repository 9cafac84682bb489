//! What a page of another origin is told (docs/wire/frames.md §5, docs/wire/packets.md §2.3).

use super::{
    body::Body,
    handle::Peer,
    name::Transport,
    origin::{Own, Verdict},
    receive::plain,
};
use crate::listener::{Count, Shared};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request::Parts};
use std::fmt;

static SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// What a request wants to come in by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// A transport of the frames generation.
    Frames(Transport),
    /// The handshake of the packets generation, asked for by a script element or not.
    Handshake { is_script: bool },
    /// A transport of the packets generation.
    Packets(Transport),
    /// A transport of Engine.IO, asked for by a script element or not; or a WebSocket alone.
    Engine { transport: Transport, is_script: bool },
}

impl Entrance {
    pub(crate) fn transport(self) -> Option<Transport> {
        match self {
            Self::Frames(transport) | Self::Packets(transport) | Self::Engine { transport, .. } => Some(transport),
            Self::Handshake { .. } => None,
        }
    }

    fn is_socket(self) -> bool {
        self.transport().is_some_and(Transport::is_socket)
    }

    /// Whether an origin has to be named where the accepted ones are listed.
    fn wants_origin(self) -> bool {
        self.is_socket() || matches!(self, Self::Handshake { .. })
    }

    /// Whether the answer is a script, which a page of any site can load and run.
    fn is_script(self) -> bool {
        match self {
            Self::Handshake { is_script } | Self::Engine { is_script, .. } => is_script,
            Self::Frames(transport) | Self::Packets(transport) => transport == Transport::JsonpPolling,
        }
    }

    /// Whether who asks for it names no origin, so that only its address tells.
    fn is_asked_by_element(self) -> bool {
        self.is_script() || self.transport() == Some(Transport::HtmlFile)
    }
}

impl fmt::Display for Entrance {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Frames(transport) | Self::Packets(transport) | Self::Engine { transport, .. } => {
                transport.fmt(formatter)
            }
            Self::Handshake { .. } => formatter.write_str("handshake"),
        }
    }
}

/// The origin of one request, judged.
#[derive(Debug)]
pub(crate) struct Gate {
    origin: Option<HeaderValue>,
    credentials: bool,
    verdict: Verdict,
}

impl Gate {
    /// `begins` says that the request would begin a session. The whole rule is in docs/origins.md.
    pub(crate) fn judge(shared: &Shared, parts: &Parts, entrance: Entrance, peer: &Peer, begins: bool) -> Self {
        let (origins, headers) = (&shared.options.origins, &parts.headers);
        // The drafts before RFC 6455 name it otherwise.
        let draft = || if entrance.is_socket() { headers.get("sec-websocket-origin") } else { None };
        let origin = headers.get(header::ORIGIN).or_else(draft).cloned();
        let text = match &origin {
            None => None,
            // What is no text is no origin either.
            Some(origin) => Some(origin.to_str().unwrap_or("")),
        };
        // An element of a page names no origin, and its page only if the page lets it. Whose page it is a browser may say
        // all the same, where no page can hide it.
        let site = Site::of(headers);
        let is_foreign = text.is_none() && site == Site::Foreign;
        // Where nothing is listed, an answer that only its own origin can read needs no more.
        let is_handshake = matches!(entrance, Entrance::Handshake { .. });
        let asks_referer = is_foreign || entrance.is_asked_by_element() || (is_handshake && origins.is_listed());
        let referring = || referring_origin(headers).filter(|_| asks_referer && site != Site::Own);
        let text = text.or_else(referring).or(is_foreign.then_some(""));
        // A script of any site may have asked for it, in the name of whoever has the cookies.
        let in_whose_name = || headers.contains_key(header::COOKIE) || headers.contains_key(header::AUTHORIZATION);
        let is_anybodys = text.is_none() && site == Site::Unsaid && begins && entrance.is_script();
        let is_suspect = is_anybodys && in_whose_name() && !origins.allows_all();
        let verdict = match text {
            None if site == Site::Own => Verdict::Allowed,
            None if is_suspect => Verdict::Refused,
            None => origins.judge(None, Own::default(), entrance.wants_origin()),
            text => origins.judge(text, peer.own(parts), entrance.wants_origin()),
        };
        if verdict == Verdict::Refused {
            complain(shared, text, entrance, is_suspect);
        }
        let credentials = match entrance {
            _ if origin.is_none() => false,
            Entrance::Frames(transport) => {
                matches!(transport, Transport::XhrMultipart | Transport::ServerEvents)
                    || headers.contains_key(header::COOKIE)
            }
            Entrance::Handshake { .. } | Entrance::Packets(_) | Entrance::Engine { .. } => true,
        };
        Self { origin, credentials, verdict }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.verdict == Verdict::Refused
    }

    pub(crate) fn has_origin(&self) -> bool {
        self.origin.is_some()
    }

    /// The answer to a refused request. The original answers a POST with 401.
    pub(crate) fn refusal(&self, method: &Method) -> Response<Body> {
        let status = if method == Method::POST { StatusCode::UNAUTHORIZED } else { StatusCode::FORBIDDEN };
        let mut response = plain(status, "unauthorized");
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("Origin"));
        response
    }

    /// The answer to a preflight; it never begins a session.
    pub(crate) fn preflight(&self, headers: &HeaderMap, allow: &'static str) -> Response<Body> {
        if self.is_refused() {
            return self.refusal(&Method::OPTIONS);
        }
        let mut response = plain(StatusCode::OK, "ok");
        let answer = response.headers_mut();
        answer.insert(header::ALLOW, HeaderValue::from_static(allow));
        if let Some(method) = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, method.clone());
        }
        if let Some(names) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
        }
        self.allow(&mut response);
        response
    }

    /// The answer to a preflight of Engine.IO, to be kept for an hour.
    pub(crate) fn preflight_engine(&self, headers: &HeaderMap) -> Response<Body> {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        if !self.is_refused() {
            let answer = response.headers_mut();
            answer.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
            answer.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("3600"));
            if let Some(names) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
                answer.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
            }
            self.allow(&mut response);
        }
        response
    }

    /// Lets the page of an accepted origin read the response.
    pub(crate) fn allow(&self, response: &mut Response<Body>) {
        let Some(origin) = self.origin.as_ref().filter(|_| !self.is_refused()) else { return };
        let headers = response.headers_mut();
        // The original answers `*` to a page without an origin; with credentials only the echo is valid.
        let answer = if origin == "null" && !self.credentials { HeaderValue::from_static("*") } else { origin.clone() };
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, answer);
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if self.credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
    }
}

/// What a browser says of the page that asks (`Sec-Fetch-Site`). Over http, and if it is old, it says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Site {
    Unsaid,
    /// One of the same origin.
    Own,
    /// None: the user asked.
    Nobodys,
    Foreign,
}

impl Site {
    fn of(headers: &HeaderMap) -> Self {
        let mut said = headers.get_all(&SITE).iter().map(HeaderValue::as_bytes);
        match (said.next(), said.next()) {
            (None, _) => Self::Unsaid,
            (Some(b"same-origin"), None) => Self::Own,
            (Some(b"none"), None) => Self::Nobodys,
            _ => Self::Foreign,
        }
    }
}

/// The origin of the page that asks, by its address.
fn referring_origin(headers: &HeaderMap) -> Option<&str> {
    let referer = headers.get(header::REFERER)?.to_str().ok()?;
    let authority = referer.find("://")? + 3;
    let end = referer.get(authority..)?.find(['/', '?', '#']).map_or(referer.len(), |end| authority + end);
    referer.get(..end)
}

/// Says for each origin once what to do about it: a refused page retries, and its log lines are nobody's friend.
fn complain(shared: &Shared, origin: Option<&str>, entrance: Entrance, is_suspect: bool) {
    shared.counters.add(Count::RefusedOrigin, 1);
    let is_new = shared.complain_of(origin.unwrap_or(""));
    let level = if is_new { log::Level::Warn } else { log::Level::Debug };
    match origin {
        Some(origin) => log::log!(
            target: "heirloom::handshake",
            level,
            "refused a {entrance} request of origin {origin:?}: add it to the option `origins` if its pages may connect"
        ),
        None if is_suspect => log::log!(
            target: "heirloom::handshake",
            level,
            "refused a {entrance} request for a script, with cookies: no Origin, Sec-Fetch-Site or Referer says whose page asks (the \
             origins `*:*` ask for none)"
        ),
        None => log::log!(
            target: "heirloom::handshake",
            level,
            "refused a {entrance} request without an Origin: the option `origins` lists origins, so it has to name one (`*:*` asks for none)"
        ),
    }
}
