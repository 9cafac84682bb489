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

/// The original's scripts were left out of the recordings; what stands for them is Heirloom's own.
pub(super) const OWN_SCRIPTS: Difference = Difference {
    reason: "the scripts are Heirloom's own, minified ones too, for all origins, with quoted tags; Flash files are the application's (§10)",
    apply: |exchange| {
        for conn in exchange.connections() {
            let request = String::from_utf8_lossy(exchange.request(&conn)).into_owned();
            let (method, target) = request.split_once(' ').unwrap_or_default();
            let path = target.split([' ', '?']).next().unwrap_or_default();
            let Some(name) = path.strip_prefix("/socket.io/").or_else(|| path.strip_prefix("/my/path/")) else {
                continue;
            };
            if path.ends_with("/1/") {
                continue;
            }
            let is_off = exchange.options["browser client"] == false;
            let answer = match own_file(name, request.contains("gzip")).filter(|_| !is_off) {
                None if name == "socket.io+nosuch.js" => file(
                    "500 Internal Server Error",
                    "Content-Type: text/plain\r\n",
                    b"Error serving static /socket.io+nosuch.js",
                ),
                None => APPLICATION.to_vec(),
                Some(_) if method == "POST" => file("405 Method Not Allowed", "Allow: GET, HEAD, OPTIONS\r\n", b""),
                Some((headers, body)) => file("200 OK", headers, &body),
            };
            // Of what is left out of an answer to a HEAD, the length is told all the same.
            let length = if method == "HEAD" { head_of(&answer).len() } else { answer.len() };
            exchange.answer(&conn, &answer[..length]);
        }
    },
};

/// The headers that a file of this name has and others have not, and its bytes.
fn own_file(name: &str, gzip: bool) -> Option<(&'static str, Vec<u8>)> {
    let script = "Content-Type: text/javascript\r\nETag: \"*\"\r\n";
    let compressed = "Content-Type: text/javascript\r\nETag: \"*\"\r\nContent-Encoding: gzip\r\n";
    let minified = include_bytes!("../../../static/socket.io.min.js");
    Some(match name {
        "socket.io.min.js" if gzip => (compressed, include_bytes!("../../../static/socket.io.min.js.gz").to_vec()),
        "socket.io.min.js" => (script, minified.to_vec()),
        "socket.io+websocket.js" => (script, bundle(minified, r#"["websocket"]"#)),
        "socket.io+xhr-polling+jsonp-polling.v0.9.16.js" => {
            (script, bundle(minified, r#"["xhr-polling","jsonp-polling"]"#))
        }
        "socket.io.js" | "socket.io.v0.9.16.js" | "socket.io.v0.8.7.js" | "socket.io.v0.7.11.js" if gzip => {
            (compressed, include_bytes!("../../../static/socket.io.js.gz").to_vec())
        }
        "socket.io.js" | "socket.io.v0.9.16.js" | "socket.io.v0.8.7.js" | "socket.io.v0.7.11.js" => {
            (script, include_bytes!("../../../static/socket.io.js").to_vec())
        }
        _ => return None,
    })
}

fn bundle(minified: &[u8], transports: &str) -> Vec<u8> {
    let script = String::from_utf8_lossy(minified);
    let (script, map) = script.split_once("\n//# ").expect("the place of the source map");
    format!("{script}\nio.transports={transports};\n//# {map}").into_bytes()
}

fn file(status: &str, headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status}\r\n{headers}Access-Control-Allow-Origin: *\r\nCross-Origin-Resource-Policy: cross-origin\r\n\
         Content-Length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn head_of(answer: &[u8]) -> &[u8] {
    let end = answer.windows(4).position(|window| window == b"\r\n\r\n").map_or(answer.len(), |end| end + 4);
    &answer[..end]
}

impl Exchange {
    fn edit_policies(&mut self) {
        self.edit_bodies(|body| {
            let mut lines = body.replace("><", ">\n<");
            lines.push('\n');
            if body.starts_with("<?xml") { lines } else { body.to_owned() }
        });
    }
}
