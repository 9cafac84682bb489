//! What is known of a client from the request that began its session.

use http::{HeaderMap, HeaderName, HeaderValue, request::Parts, uri::PathAndQuery};
use std::{net::SocketAddr, time::SystemTime};

/// The request that began a session.
///
/// Kept in one small piece: it is copied out of the connection's read buffer, which is freed.
#[derive(Debug)]
pub struct Handshake {
    /// The target, and a line for each header.
    head: Box<[u8]>,
    /// The length of the target.
    target: usize,
    peer: Option<SocketAddr>,
    time: SystemTime,
}

impl Handshake {
    pub(crate) fn new(parts: &Parts, peer: Option<SocketAddr>) -> Self {
        // Some requests name more than that: those of HTTP/2, and those to a proxy.
        let url = parts.uri.path_and_query().map_or("/", PathAndQuery::as_str);
        let lengths = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 2);
        let mut head = Vec::with_capacity(url.len() + lengths.sum::<usize>());
        head.extend_from_slice(url.as_bytes());
        for (name, value) in &parts.headers {
            head.extend_from_slice(name.as_str().as_bytes());
            head.push(b':');
            head.extend_from_slice(value.as_bytes());
            head.push(b'\n');
        }
        Self { head: head.into(), target: url.len(), peer, time: SystemTime::now() }
    }

    /// The request's target: path and query, as it was sent.
    #[must_use]
    pub fn url(&self) -> &str {
        self.head.get(..self.target).and_then(|url| std::str::from_utf8(url).ok()).unwrap_or("/")
    }

    /// The query string without its `?`, when there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.url().split_once('?').map(|(_, query)| query)
    }

    /// The first value of one field of the query, decoded: `+` and `%20` are blanks.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        query_value(self.query()?, name)
    }

    /// The value of one cookie, as it was sent.
    #[must_use]
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let values = self.lines().filter(|(header, _)| *header == b"cookie");
        let values = values.filter_map(|(_, value)| std::str::from_utf8(value).ok());
        let mut cookies = values.flat_map(|value| value.split(';')).filter_map(|cookie| cookie.split_once('='));
        cookies.find(|(other, _)| other.trim() == name).map(|(_, value)| value.trim())
    }

    /// The request's headers. The map is made anew at each call.
    #[must_use]
    pub fn headers(&self) -> HeaderMap {
        self.lines()
            .filter_map(|(name, value)| {
                Some((HeaderName::from_bytes(name).ok()?, HeaderValue::from_bytes(value).ok()?))
            })
            .collect()
    }

    /// The first value of one header, when it is text. `name` in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.lines().find(|(other, _)| *other == name.as_bytes())?;
        std::str::from_utf8(value).ok()
    }

    /// The address of the other end of the connection: always known under [`Listener::serve`](crate::Listener::serve),
    /// elsewhere when the application put a [`PeerAddress`](crate::PeerAddress) into the request's extensions.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// When the request arrived.
    #[must_use]
    pub fn time(&self) -> SystemTime {
        self.time
    }

    /// A header value holds no line feed, so lines need no escaping.
    fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let headers = self.head.get(self.target..).unwrap_or_default();
        headers.split(|byte| *byte == b'\n').filter_map(|line| {
            let colon = line.iter().position(|byte| *byte == b':')?;
            Some((line.get(..colon)?, line.get(colon + 1..)?))
        })
    }
}

/// The first value of one field of an urlencoded query.
pub(crate) fn query_value(query: &str, name: &str) -> Option<String> {
    let mut fields = form_urlencoded::parse(query.as_bytes());
    fields.find(|(other, _)| other == name).map(|(_, value)| value.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_request_is_remembered_as_it_was() {
        let request = http::Request::get("/socket.io/websocket?token=a%20b")
            .header("Cookie", "z=0; a=1")
            .header("cookie", "b=2")
            .header("X-Odd", HeaderValue::from_bytes(b"\xff:x").unwrap())
            .body(())
            .unwrap();
        let (parts, ()) = request.into_parts();
        let handshake = Handshake::new(&parts, None);
        assert_eq!(handshake.url(), "/socket.io/websocket?token=a%20b");
        assert_eq!(handshake.query(), Some("token=a%20b"));
        assert_eq!(handshake.query_value("token").as_deref(), Some("a b"));
        assert_eq!(handshake.query_value("oken"), None);
        assert_eq!((handshake.cookie("a"), handshake.cookie("b"), handshake.cookie("c")), (Some("1"), Some("2"), None));
        assert_eq!(handshake.headers(), parts.headers);
        assert_eq!(handshake.header("cookie"), Some("z=0; a=1"));
        assert_eq!((handshake.header("x-odd"), handshake.header("host")), (None, None));
    }
}
