//! What a page of another origin is told (docs/wire/frames.md §5).

use super::{body::Body, name::Transport, origin::Verdict, receive::plain};
use crate::listener::Shared;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header, request::Parts};

/// The origin of one request, judged.
#[derive(Debug)]
pub(crate) struct Gate {
    origin: Option<HeaderValue>,
    credentials: bool,
    verdict: Verdict,
}

impl Gate {
    pub(crate) fn judge(shared: &Shared, parts: &Parts, transport: Transport) -> Self {
        // The drafts before RFC 6455 name it otherwise.
        let draft = || parts.headers.get("sec-websocket-origin").filter(|_| transport.is_socket());
        let origin = parts.headers.get(header::ORIGIN).or_else(draft).cloned();
        let text = match &origin {
            None => None,
            // What is no text is no origin either.
            Some(origin) => Some(origin.to_str().unwrap_or("")),
        };
        let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str));
        let verdict = shared.options.origins.judge(text, host, transport.is_socket());
        if verdict == Verdict::Refused {
            complain(shared, text, transport);
        }
        let credentials = transport == Transport::XhrMultipart || parts.headers.contains_key(header::COOKIE);
        Self { origin, credentials, verdict }
    }

    pub(crate) fn is_refused(&self) -> bool {
        self.verdict == Verdict::Refused
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

/// Says for each origin once what to do about it: a refused page retries, and its log lines are nobody's friend.
fn complain(shared: &Shared, origin: Option<&str>, transport: Transport) {
    shared.counters.add_refused_origin();
    let is_new = shared.complain_of(origin.unwrap_or(""));
    let level = if is_new { log::Level::Warn } else { log::Level::Debug };
    match origin {
        Some(origin) => log::log!(
            target: "heirloom",
            level,
            "refused a {transport} request of origin {origin:?}: add it to the option `origins` if its pages may connect"
        ),
        None => log::log!(
            target: "heirloom",
            level,
            "refused a {transport} handshake without an Origin: the option `origins` lists origins, so a socket has to name one (`*:*` asks for none)"
        ),
    }
}
