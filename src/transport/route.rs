//! From path to room: what a request is, by its path alone (docs/wire/frames.md §2).

use super::name::Transport;

/// What a path under the resource asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// The client script.
    Script,
    /// A transport of the frames generation.
    Frames {
        transport: Transport,
        /// The session segment; nothing when it is missing or empty, which asks for a new session.
        session: Option<&'a str>,
        /// The last segment after the session's: a cache buster, `send`, or the index of a JSONP callback.
        tail: Option<&'a str>,
    },
}

/// Where a listener lives: `/` and the resource.
#[derive(Debug, Clone)]
pub(crate) struct Mount {
    prefix: String,
}

impl Mount {
    /// `resource` without slashes around it; it may have slashes inside.
    pub(crate) fn new(resource: &str) -> Self {
        Self { prefix: format!("/{resource}") }
    }

    /// The path with its leading slash.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What the path asks of us; nothing when it is the application's. Segments are compared whole, and an empty
    /// segment is a segment.
    pub(crate) fn route<'a>(&self, path: &'a str) -> Option<Route<'a>> {
        let rest = path.strip_prefix(self.prefix.as_str())?.strip_prefix('/')?;
        if rest == "socket.io.js" {
            return Some(Route::Script);
        }
        let (name, rest) = match rest.split_once('/') {
            Some((name, rest)) => (name, Some(rest)),
            None => (rest, None),
        };
        let transport = name.parse().ok()?;
        let (session, tail) = match rest.and_then(|rest| rest.split_once('/')) {
            Some((session, tail)) => (Some(session), Some(tail)),
            None => (rest, None),
        };
        Some(Route::Frames {
            transport,
            session: session.filter(|session| !session.is_empty()),
            tail: tail.map(last_segment).filter(|tail| !tail.is_empty()),
        })
    }
}

/// The last segment, one trailing slash forgiven.
fn last_segment(tail: &str) -> &str {
    let tail = tail.strip_suffix('/').unwrap_or(tail);
    tail.rsplit('/').next().unwrap_or(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames<'a>(transport: Transport, session: Option<&'a str>, tail: Option<&'a str>) -> Option<Route<'a>> {
        Some(Route::Frames { transport, session, tail })
    }

    #[test]
    fn each_path_the_clients_use_has_its_meaning() {
        use Transport::*;
        let mount = Mount::new("socket.io");
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
            ("/socket.io/socket.io.js", Some(Route::Script)),
        ];
        for (path, route) in table {
            assert_eq!(mount.route(path), route, "{path}");
        }
    }

    #[test]
    fn everything_else_is_the_applications() {
        let mount = Mount::new("socket.io");
        for path in [
            "/",
            "/socket.io",
            "/socket.io/",
            "/socket.iox/websocket",
            "/socket.ioXxhr-polling//1",
            "/a/socket.io/websocket",
            "/socket.io/carrier-pigeon",
            "/socket.io/toString",
            "/socket.io/Websocket",
            "/socket.io//websocket",
            "/socket.io/socket.io.js/",
            "/socket.io/websocketx",
            "",
            "*",
        ] {
            assert_eq!(mount.route(path), None, "{path}");
        }
    }

    #[test]
    fn a_resource_may_have_several_segments() {
        let mount = Mount::new("rt/io");
        assert_eq!(mount.route("/rt/io/websocket"), frames(Transport::WebSocket, None, None));
        assert_eq!(mount.route("/rt/websocket"), None);
    }
}
