//! What a request hears that cannot be served (docs/wire/engine.md §3.7).

use crate::transport::{body::Body, entering::Denied};
use http::{HeaderValue, Response, StatusCode, header};

/// Why a request is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    TransportUnknown,
    SessionUnknown,
    BadMethod,
    BadRequest,
    Forbidden,
    UnsupportedRevision,
    /// Later, perhaps.
    Denied(Denied),
}

impl Error {
    /// The protocol has none for who comes too often, or one too many: it is not let in.
    fn code(self) -> u8 {
        match self {
            Self::TransportUnknown => 0,
            Self::SessionUnknown => 1,
            Self::BadMethod => 2,
            Self::BadRequest => 3,
            Self::Forbidden | Self::Denied(_) => 4,
            Self::UnsupportedRevision => 5,
        }
    }

    fn status(self) -> StatusCode {
        match self {
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::Denied(denied) => denied.status(),
            _ => StatusCode::BAD_REQUEST,
        }
    }

    fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SessionUnknown => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedRevision => "Unsupported protocol version",
            Self::Denied(Denied::TooFast(_)) => "Too many handshakes",
            Self::Denied(Denied::Full) => "Too many sessions",
        }
    }

    /// As text alone to who asked for a WebSocket, whose client cannot see it anyway.
    pub(super) fn response(self, for_websocket: bool) -> Response<Body> {
        let message = self.message();
        let (kind, body) = if for_websocket {
            ("text/html", message.to_owned())
        } else {
            ("application/json", format!(r#"{{"code":{},"message":"{message}"}}"#, self.code()))
        };
        let mut response = Response::new(Body::full(body));
        *response.status_mut() = self.status();
        if let Self::Denied(denied) = self {
            denied.tell_when(&mut response);
        }
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if for_websocket {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
