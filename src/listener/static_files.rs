//! The client script under the resource, with the validators browsers and old servers' users know.

use crate::transport::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use std::hash::{DefaultHasher, Hash, Hasher};

const BUNDLED: &str = include_str!("../../static/socket.io.js");

/// What `/<resource>/socket.io.js` serves.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ClientScript {
    /// The client that comes with the crate.
    #[default]
    Bundled,
    /// A script of the application's own.
    Custom(Bytes),
    /// Nothing: the request goes to the application.
    None,
}

impl ClientScript {
    fn bytes(&self) -> Option<Bytes> {
        match self {
            Self::Bundled => Some(Bytes::from_static(BUNDLED.as_bytes())),
            Self::Custom(script) => Some(script.clone()),
            Self::None => None,
        }
    }

    pub(crate) fn is_some(&self) -> bool {
        !matches!(self, Self::None)
    }
}

/// Answers GET and HEAD, conditional or not.
pub(crate) fn answer(script: &ClientScript, method: &Method, headers: &HeaderMap) -> Response<Body> {
    let Some(bytes) = script.bytes() else { return status(StatusCode::NOT_FOUND) };
    if method != Method::GET && method != Method::HEAD {
        let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    let tag = format!("{:016x}", hasher.finish());
    let known = headers.get_all(header::IF_NONE_MATCH).iter().any(|value| names(value, &tag));
    let mut response = if known {
        status(StatusCode::NOT_MODIFIED)
    } else if method == Method::HEAD {
        let mut response = status(StatusCode::OK);
        response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
        response
    } else {
        Response::new(Body::full(bytes))
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{tag}\"")) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if !known {
        let kind = HeaderValue::from_static(mime::TEXT_JAVASCRIPT.as_ref());
        headers.insert(header::CONTENT_TYPE, kind);
    }
    response
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// Whether an `If-None-Match` value names the tag: quoted, weak, bare as the old servers' were, in a list, or `*`.
fn names(value: &HeaderValue, tag: &str) -> bool {
    let Ok(value) = value.to_str() else { return false };
    value.split(',').map(str::trim).any(|entry| {
        let entry = entry.strip_prefix("W/").unwrap_or(entry);
        let bare = entry.strip_prefix('"').and_then(|entry| entry.strip_suffix('"')).unwrap_or(entry);
        entry == "*" || bare == tag
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(method: Method, condition: Option<&str>) -> Response<Body> {
        let mut headers = HeaderMap::new();
        if let Some(condition) = condition {
            headers.insert(header::IF_NONE_MATCH, condition.parse().unwrap());
        }
        answer(&ClientScript::Custom(Bytes::from_static(b"var io;")), &method, &headers)
    }

    #[test]
    fn every_spelling_of_the_tag_is_answered_304() {
        let tag = ask(Method::GET, None).headers()[header::ETAG].to_str().unwrap().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'));
        let bare = tag.trim_matches('"');
        for condition in [tag.clone(), format!("W/{tag}"), bare.to_owned(), format!("\"x\", {tag}"), "*".to_owned()] {
            let response = ask(Method::GET, Some(&condition));
            assert_eq!(response.status(), 304, "{condition}");
            assert_eq!(response.headers()[header::ETAG], tag.as_str());
        }
        for condition in ["\"x\"", "0.6.3", ""] {
            assert_eq!(ask(Method::GET, Some(condition)).status(), 200, "{condition}");
        }
    }

    #[test]
    fn head_tells_what_get_would_send() {
        let response = ask(Method::HEAD, None);
        assert_eq!(response.headers()[header::CONTENT_LENGTH], "7");
        assert_eq!(response.headers()[header::CONTENT_TYPE], "text/javascript");
        assert_eq!(response.headers()[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }

    #[test]
    fn other_methods_are_refused() {
        let response = ask(Method::POST, None);
        assert_eq!(
            (response.status().as_u16(), &response.headers()[header::ALLOW]),
            (405, &"GET, HEAD".parse().unwrap())
        );
    }
}
