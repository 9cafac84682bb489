//! What a request hears that cannot be served (docs/wire/engine.md §3.7).

use crate::transport::body::Body;
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
}

impl Error {
    fn code(self) -> u8 {
        self as u8
    }

    fn message(self) -> &'static str {
        match self {
            Self::TransportUnknown => "Transport unknown",
            Self::SessionUnknown => "Session ID unknown",
            Self::BadMethod => "Bad handshake method",
            Self::BadRequest => "Bad request",
            Self::Forbidden => "Forbidden",
            Self::UnsupportedRevision => "Unsupported protocol version",
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
        let is_forbidden = self == Self::Forbidden;
        *response.status_mut() = if is_forbidden { StatusCode::FORBIDDEN } else { StatusCode::BAD_REQUEST };
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        if for_websocket {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}
