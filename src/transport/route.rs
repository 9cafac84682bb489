//! From path to room: what a request is, by its path and query alone (docs/wire/frames.md §2, docs/wire/packets.md §1,
//! docs/wire/engine.md §2).

use super::{cors::Entrance, engine::Query, name::Transport};
use crate::listener::{Dialect, FileName};
use std::borrow::Cow;

/// What a path under the resource asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// One of the client's files.
    File(FileName<'a>),
    /// A transport of the frames generation.
    Frames {
        transport: Transport,
        dialect: Dialect,
        /// The session segment; nothing when it is missing or empty, which asks for a new session.
        session: Option<&'a str>,
        /// The last segment after the session's: a cache buster, `send`, or the index of a JSONP callback.
        tail: Option<&'a str>,
    },
    /// Something of the packets generation.
    Packets(PacketsRoute<&'a str>),
    /// Engine.IO, with Socket.IO in its messages or alone.
    Engine { bare: bool },
    /// A WebSocket with messages and nothing else.
    BareWebSocket,
}

/// What a path of the packets generation asks for, a session by its id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PacketsRoute<I> {
    /// Something with too much behind it: a word of welcome, for who wonders whether the server is there.
    Welcome,
    /// Another revision of the protocol than 1.
    UnknownProtocol,
    /// A new session. The path may name a transport all the same.
    Handshake { transport: Option<Transport> },
    /// A transport of a session; nothing when the name is missing or not one of ours, which only a goodbye may do.
    Session { transport: Option<Transport>, id: I },
}

impl<I> PacketsRoute<I> {
    /// The same, with the id read.
    pub(crate) fn by<J>(self, read: impl FnOnce(I) -> J) -> PacketsRoute<J> {
        match self {
            Self::Welcome => PacketsRoute::Welcome,
            Self::UnknownProtocol => PacketsRoute::UnknownProtocol,
            Self::Handshake { transport } => PacketsRoute::Handshake { transport },
            Self::Session { transport, id } => PacketsRoute::Session { transport, id: read(id) },
        }
    }
}

impl Route<'_> {
    /// The way in for a socket, when the path names one.
    pub(crate) fn socket(&self) -> Option<Entrance> {
        let entrance = match *self {
            Self::Frames { transport, .. } => Entrance::Frames(transport),
            Self::Packets(
                PacketsRoute::Session { transport: Some(transport), .. }
                | PacketsRoute::Handshake { transport: Some(transport) },
            ) => Entrance::Packets(transport),
            Self::Packets(_) | Self::File(_) | Self::Engine { .. } | Self::BareWebSocket => return None,
        };
        entrance.transport().filter(|transport| transport.is_socket()).map(|_| entrance)
    }
}

/// Whether the query says goodbye for a session of the packets generation, which any request may do.
pub(crate) fn says_goodbye(query: Option<&str>) -> bool {
    query.is_some_and(|query| parameters(query).any(|(name, _)| name == "disconnect"))
}

/// The names and values in a query.
pub(crate) fn parameters(query: &str) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    // Nearly always there is nothing to decode.
    let is_plain = !query.as_bytes().contains(&b'%') && !query.as_bytes().contains(&b'+');
    let mut rest = Some(query);
    let pairs = std::iter::from_fn(move || {
        let (pair, further) = cut(rest?, b'&');
        rest = further;
        Some(pair)
    });
    pairs.filter(|pair| !pair.is_empty()).filter_map(move |pair| {
        if !is_plain {
            return form_urlencoded::parse(pair.as_bytes()).next();
        }
        let (name, value) = cut(pair, b'=');
        Some((name.into(), value.unwrap_or("").into()))
    })
}

/// What is before the first of these bytes, and what is behind it. Byte by byte: what is cut here is short.
fn cut(text: &str, at: u8) -> (&str, Option<&str>) {
    debug_assert!(at.is_ascii());
    match text.bytes().position(|byte| byte == at) {
        Some(end) => (text.get(..end).unwrap_or(text), text.get(end + 1..)),
        None => (text, None),
    }
}

/// Where a listener lives: paths, and the dialect its frames generation speaks there.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    /// With a leading slash.
    prefixes: Vec<(String, Dialect)>,
}

impl Mount {
    /// Resources without slashes around them; they may have slashes inside.
    pub(crate) fn new(resources: &[(String, Dialect)]) -> Self {
        let prefixes = resources.iter().map(|(resource, dialect)| (format!("/{resource}"), *dialect));
        Self { prefixes: prefixes.collect() }
    }

    /// The paths with their leading slashes.
    pub(crate) fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.prefixes.iter().map(|(prefix, _)| prefix.as_str())
    }

    /// What the path asks of us; nothing when it is the application's. Segments are compared whole, and an empty
    /// segment is a segment.
    pub(crate) fn route<'a>(&self, path: &'a str, query: Option<&str>) -> Option<Route<'a>> {
        let mut below =
            self.prefixes.iter().filter_map(|(prefix, dialect)| Some((path.strip_prefix(prefix)?, *dialect)));
        below.find_map(|(rest, dialect)| Self::route_below(rest, query, dialect))
    }

    fn route_below<'a>(rest: &'a str, query: Option<&str>, dialect: Dialect) -> Option<Route<'a>> {
        let is_bare_path = rest.bytes().all(|byte| byte == b'/');
        if !is_bare_path && !rest.starts_with('/') {
            return None;
        }
        let bare = dialect == Dialect::BareEngine;
        match dialect {
            Dialect::BareWebSocket => return (rest.is_empty() || rest == "/").then_some(Route::BareWebSocket),
            Dialect::BareEngine => {}
            Dialect::Frames | Dialect::Json => {
                if let Some(file) = rest.strip_prefix('/').and_then(FileName::parse) {
                    return Some(Route::File(file));
                }
            }
        }
        if is_bare_path || query.is_some_and(|query| Query::of(Some(query)).is_engine()) {
            return Some(Route::Engine { bare });
        }
        let rest = rest.strip_prefix('/').filter(|_| !bare)?;
        if let Some(route) = packets(rest) {
            return Some(Route::Packets(route));
        }
        let (name, rest) = cut(rest, b'/');
        let transport = name.parse().ok().filter(|transport| *transport != Transport::Polling)?;
        let (session, tail) = match rest.map(|rest| cut(rest, b'/')) {
            Some((session, tail)) => (Some(session), tail),
            None => (None, None),
        };
        Some(Route::Frames {
            transport,
            dialect,
            session: session.filter(|session| !session.is_empty()),
            tail: tail.map(last_segment).filter(|tail| !tail.is_empty()),
        })
    }
}

/// `protocol/transport/session`, one trailing slash forgiven, when the protocol is a number. The transport may be empty.
fn packets(rest: &str) -> Option<PacketsRoute<&str>> {
    if !rest.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let (protocol, rest) = cut(rest, b'/');
    if !protocol.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (transport, rest) = rest.map_or((None, None), |rest| {
        let (transport, rest) = cut(rest, b'/');
        (Some(transport), rest)
    });
    if rest.is_some_and(|id| id.contains('/')) {
        return Some(PacketsRoute::Welcome);
    }
    let id = rest.filter(|id| !id.is_empty());
    if protocol.trim_start_matches('0') != "1" {
        return Some(PacketsRoute::UnknownProtocol);
    }
    let transport = transport.and_then(|name| name.parse().ok());
    Some(match id {
        None => PacketsRoute::Handshake { transport },
        Some(id) => PacketsRoute::Session { transport, id },
    })
}

/// The last segment, one trailing slash forgiven.
fn last_segment(tail: &str) -> &str {
    let tail = tail.strip_suffix('/').unwrap_or(tail);
    let begin = tail.bytes().rposition(|byte| byte == b'/').map_or(0, |slash| slash + 1);
    tail.get(begin..).unwrap_or(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames<'a>(transport: Transport, session: Option<&'a str>, tail: Option<&'a str>) -> Option<Route<'a>> {
        Some(Route::Frames { transport, dialect: Dialect::Frames, session, tail })
    }

    fn file(name: &str) -> Option<Route<'_>> {
        FileName::parse(name).map(Route::File)
    }

    #[test]
    fn a_query_is_read_as_a_form_is() {
        for query in [
            "",
            "&",
            "a",
            "a=",
            "=b",
            "a=b=c&&d",
            "EIO=4&transport=polling&sid=x",
            "a%3D=%26+b&c=é&%41",
            "a+b=c",
            "a%20b=%c3%a9",
        ] {
            let read: Vec<_> = parameters(query).collect();
            assert_eq!(read, form_urlencoded::parse(query.as_bytes()).collect::<Vec<_>>(), "{query}");
        }
    }

    fn mount(resource: &str) -> Mount {
        Mount::new(&[(resource.to_owned(), Dialect::Frames)])
    }

    #[test]
    fn each_path_the_clients_use_has_its_meaning() {
        use Transport::*;
        let mount = mount("socket.io");
        let table = [
            ("/socket.io/websocket", frames(WebSocket, None, None)),
            ("/socket.io/websocket/", frames(WebSocket, None, None)),
            ("/socket.io/websocket/123", frames(WebSocket, Some("123"), None)),
            ("/socket.io/flashsocket", frames(FlashSocket, None, None)),
            ("/socket.io/xhr-polling", frames(XhrPolling, None, None)),
            ("/socket.io/xhr-polling/", frames(XhrPolling, None, None)),
            ("/socket.io/xhr-polling//", frames(XhrPolling, None, None)),
            ("/socket.io/xhr-polling//1290000000", frames(XhrPolling, None, Some("1290000000"))),
            ("/socket.io/xhr-polling/123/1290000000", frames(XhrPolling, Some("123"), Some("1290000000"))),
            ("/socket.io/xhr-polling/123/send", frames(XhrPolling, Some("123"), Some("send"))),
            ("/socket.io/xhr-polling/123/anything/else", frames(XhrPolling, Some("123"), Some("else"))),
            ("/socket.io/jsonp-polling//1290000000/0", frames(JsonpPolling, None, Some("0"))),
            ("/socket.io/jsonp-polling/123/1290000000/7/", frames(JsonpPolling, Some("123"), Some("7"))),
            ("/socket.io/xhr-multipart/", frames(XhrMultipart, None, None)),
            ("/socket.io/htmlfile//1290000000", frames(HtmlFile, None, Some("1290000000"))),
            ("/socket.io/server-events/123", frames(ServerEvents, Some("123"), None)),
            ("/socket.io/socket.io.js", file("socket.io.js")),
            ("/socket.io/socket.io.v0.9.17.min.js", file("socket.io.v0.9.17.min.js")),
            ("/socket.io/socket.io+websocket.js", file("socket.io+websocket.js")),
        ];
        for (path, route) in table {
            assert_eq!(mount.route(path, None), route, "{path}");
        }
    }

    #[test]
    fn everything_else_is_the_applications() {
        let mount = mount("socket.io");
        for path in [
            "/",
            "/socket.iox",
            "/socket.io/1x/",
            "/socket.io/x1/websocket/1",
            "/socket.iox/websocket",
            "/socket.ioXxhr-polling//1",
            "/a/socket.io/websocket",
            "/socket.io/carrier-pigeon",
            "/socket.io/toString",
            "/socket.io/Websocket",
            "/socket.io//websocket",
            "/socket.io/polling",
            "/socket.io/socket.io.js/",
            "/socket.io/socket.io.js.min",
            "/socket.io/x/socket.io.js",
            "/socket.io//socket.io.js",
            "/socket.io/static/flashsocket/WebSocketMain.swf",
            "/socket.io/lib/vendor/web-socket-js/WebSocketMain.swf",
            "/socket.io/websocketx",
            "",
            "*",
        ] {
            assert_eq!(mount.route(path, None), None, "{path}");
        }
    }

    #[test]
    fn each_path_of_the_packets_generation_has_its_meaning() {
        use PacketsRoute::{Handshake, Session, UnknownProtocol, Welcome};
        use Transport::{HtmlFile, JsonpPolling, WebSocket, XhrPolling};
        let mount = mount("socket.io");
        let session = |transport, id| Session { transport, id };
        let table = [
            ("/socket.io/1/a/b/c", Welcome),
            ("/socket.io/1", Handshake { transport: None }),
            ("/socket.io/1/", Handshake { transport: None }),
            ("/socket.io/1//", Handshake { transport: None }),
            ("/socket.io/1/abc", Handshake { transport: None }),
            ("/socket.io/1/websocket/", Handshake { transport: Some(WebSocket) }),
            ("/socket.io/1/websocket/abc", session(Some(WebSocket), "abc")),
            ("/socket.io/1/xhr-polling/abc/", session(Some(XhrPolling), "abc")),
            ("/socket.io/1/jsonp-polling/abc", session(Some(JsonpPolling), "abc")),
            ("/socket.io/1/htmlfile/__proto__", session(Some(HtmlFile), "__proto__")),
            ("/socket.io/1//abc/", session(None, "abc")),
            ("/socket.io/1/carrier-pigeon/abc", session(None, "abc")),
            ("/socket.io/2/", UnknownProtocol),
            ("/socket.io/0/", UnknownProtocol),
            ("/socket.io/11/websocket/abc", UnknownProtocol),
        ];
        for (path, route) in table {
            assert_eq!(mount.route(path, None), Some(Route::Packets(route)), "{path}");
        }
    }

    #[test]
    fn a_resource_may_have_several_segments() {
        let mount = mount("rt/io");
        assert_eq!(mount.route("/rt/io/websocket", None), frames(Transport::WebSocket, None, None));
        assert_eq!(mount.route("/rt/websocket", None), None);
    }

    #[test]
    fn each_resource_has_its_dialect() {
        let resources = [("io".to_owned(), Dialect::Frames), ("io/old".to_owned(), Dialect::Json)];
        let mount = Mount::new(&resources);
        let dialect = |path| match mount.route(path, None) {
            Some(Route::Frames { dialect, .. }) => Some(dialect),
            _ => None,
        };
        assert_eq!(dialect("/io/websocket"), Some(Dialect::Frames));
        assert_eq!(dialect("/io/old/websocket"), Some(Dialect::Json));
        assert_eq!(dialect("/old/websocket"), None);
        assert_eq!(mount.route("/io/old/1/", None), Some(Route::Packets(PacketsRoute::Handshake { transport: None })));
    }

    #[test]
    fn engine_io_is_told_by_its_query_or_by_the_bare_path() {
        let mount = mount("socket.io");
        let engine = Some(Route::Engine { bare: false });
        for (path, query) in [
            ("/socket.io", None),
            ("/socket.io/", None),
            ("/socket.io//", Some("EIO=4&transport=polling")),
            ("/socket.io", Some("EIO=4&transport=polling")),
            ("/socket.io/x/y", Some("transport=websocket&EIO=3")),
            ("/socket.io/1/", Some("EIO=4&transport=polling")),
        ] {
            assert_eq!(mount.route(path, query), engine, "{path} {query:?}");
        }
        assert_eq!(mount.route("/socket.io/socket.io.js", Some("EIO=4&transport=polling")), file("socket.io.js"));
        assert_eq!(mount.route("/socket.iox", Some("EIO=4&transport=polling")), None);
        let handshake = PacketsRoute::Handshake { transport: None };
        assert_eq!(mount.route("/socket.io/1/", Some("EIO=4")), Some(Route::Packets(handshake)));
    }

    #[test]
    fn a_bare_protocol_has_its_resource_to_itself() {
        let resources = [("engine.io".to_owned(), Dialect::BareEngine), ("plain".to_owned(), Dialect::BareWebSocket)];
        let mount = Mount::new(&resources);
        assert_eq!(mount.route("/engine.io/", None), Some(Route::Engine { bare: true }));
        assert_eq!(mount.route("/engine.io/x", Some("EIO=4&transport=polling")), Some(Route::Engine { bare: true }));
        for path in ["/engine.io/1/", "/engine.io/websocket", "/engine.io/socket.io.js", "/plain/x"] {
            assert_eq!(mount.route(path, None), None, "{path}");
        }
        assert_eq!(mount.route("/plain", None), Some(Route::BareWebSocket));
        assert_eq!(mount.route("/plain/", Some("EIO=4&transport=polling")), Some(Route::BareWebSocket));
    }
}
