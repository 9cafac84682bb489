//! Differences in which requests are ours, and in the handshake.

use super::{APPLICATION, UNACCEPTED};
use crate::{
    differences::Difference,
    recording::{Exchange, What},
};

pub(super) const NEVER_EMPTY: Difference = Difference {
    reason: "timeouts are always announced, an empty one would keep clients out (§2)",
    apply: |exchange| exchange.replace_in_bodies(":::", ":60:60:"),
};

pub(super) const ONLY_NUMBERS_ARE_PROTOCOLS: Difference = Difference {
    reason: "what does not begin with a number is the application's (§1)",
    apply: |exchange| exchange.answer("c3", APPLICATION),
};

pub(super) const NO_WELCOME: Difference = Difference {
    reason: "the bare resource answers as it does from 1.0 on (engine.md §2.2)",
    apply: |exchange| {
        for conn in ["c1", "c2"] {
            exchange.answer(
                conn,
                b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n",
            );
        }
    },
};

pub(super) const WHOLE_SEGMENTS: Difference = Difference {
    reason: "the resource is matched as whole segments (§1)",
    apply: |exchange| exchange.answer("c4", APPLICATION),
};

pub(super) const ENTRIES_ARE_WHOLE: Difference = Difference {
    reason: "an origin is no part of another, and https is port 443 (§2.3)",
    apply: |exchange| {
        for conn in ["c5", "c6"] {
            exchange.answer(conn, UNACCEPTED);
        }
    },
};

pub(super) const POLICY_IN_LINES: Difference = Difference {
    reason: "the policy is written as 0.6 wrote it, in lines (§7.6)",
    apply: |exchange| {
        exchange.edit_policies();
    },
};

pub(super) const POLICY_ON_THE_HTTP_PORT: Difference = Difference {
    reason: "the policy is also served on the HTTP port (§7.6)",
    apply: |exchange| {
        let policy = exchange.expected("c1", exchange.steps.len());
        exchange.silence("c3");
        let after = exchange.last_send("c3");
        exchange.insert(after, What::Eof { conn: "c3".to_owned() });
        exchange.insert(after, What::Expect { conn: "c3".to_owned(), units: policy });
    },
};

/// The original's scripts were left out of the recordings, and Heirloom's own for this generation is not written.
pub(super) const NO_SCRIPTS: Difference = Difference {
    reason: "the scripts of this generation are not part of Heirloom yet (§10)",
    apply: |exchange| {
        let script = include_bytes!("../../../static/socket.io.js");
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nETag: \"*\"\r\nContent-Length: {}\r\n\r\n",
            script.len()
        );
        for conn in exchange.connections() {
            let request = String::from_utf8_lossy(exchange.request(&conn)).into_owned();
            let (method, target) = request.split_once(' ').unwrap_or_default();
            let path = target.split([' ', '?']).next().unwrap_or_default();
            let ours = path.starts_with("/socket.io/") || path.starts_with("/my/");
            match (method, path) {
                _ if !ours || path.ends_with("/1/") => {}
                ("HEAD", "/socket.io/socket.io.js") => exchange.answer(&conn, head.as_bytes()),
                ("GET", "/socket.io/socket.io.js" | "/my/path/socket.io.js") => {
                    exchange.answer(&conn, &[head.as_bytes(), script].concat());
                }
                ("POST", "/socket.io/socket.io.js") => exchange
                    .answer(&conn, b"HTTP/1.1 405 Method Not Allowed\r\nAllow: GET, HEAD\r\nContent-Length: 0\r\n\r\n"),
                _ => exchange.answer(&conn, APPLICATION),
            }
        }
    },
};

impl Exchange {
    fn edit_policies(&mut self) {
        self.edit_bodies(|body| {
            let mut lines = body.replace("><", ">\n<");
            lines.push('\n');
            if body.starts_with("<?xml") { lines } else { body.to_owned() }
        });
    }
}
