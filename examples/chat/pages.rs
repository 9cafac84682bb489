//! The page, and what it is made of. The client script is the listener's.

use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Bytes, Incoming},
    header::{self, HeaderValue},
};
use std::convert::Infallible;

const HTML: &str = "text/html; charset=utf-8";
const STYLE: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, type, contents.
const FILES: &[(&str, &str, &str)] = &[
    ("/", HTML, include_str!("page/index.html")),
    ("/style.css", STYLE, include_str!("page/style.css")),
    ("/conversation.css", STYLE, include_str!("page/conversation.css")),
    ("/icon.svg", "image/svg+xml", include_str!("page/icon.svg")),
    ("/main.js", SCRIPT, include_str!("page/main.js")),
    ("/connection.js", SCRIPT, include_str!("page/connection.js")),
    ("/outage.js", SCRIPT, include_str!("page/outage.js")),
    ("/latency.js", SCRIPT, include_str!("page/latency.js")),
    ("/messages.js", SCRIPT, include_str!("page/messages.js")),
    ("/outbox.js", SCRIPT, include_str!("page/outbox.js")),
    ("/people.js", SCRIPT, include_str!("page/people.js")),
    ("/rooms.js", SCRIPT, include_str!("page/rooms.js")),
    ("/elements.js", SCRIPT, include_str!("page/elements.js")),
];

/// Nothing but what comes from here: no script in the page itself, no `eval`, no stranger's frame around it.
///
/// Every transport of the client can do with that, because all of them ask the page's own server. Over jsonp-polling the
/// answers are scripts from there, and what is sent leaves by a form into a frame (`script-src`, `form-action`, `frame-src`);
/// htmlfile is a frame from there, too, and the scripts in it are none of the page's. A client of another server's needs
/// that server named: in `connect-src`, for jsonp-polling in the three others. htmlfile never crosses origins.
const POLICY: &str =
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

pub(crate) async fn page(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let file = FILES.iter().find(|(path, ..)| *path == request.uri().path());
    let (_, kind, text) = file.unwrap_or(&("", "text/plain; charset=utf-8", "not here"));
    let mut response = Response::new(Full::from(*text));
    if file.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    for (name, value) in [
        (header::CONTENT_TYPE, *kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // With `no-referrer` the forms of jsonp-polling would come from the origin `null`, and be refused.
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    Ok(response)
}
