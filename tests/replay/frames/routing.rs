//! Differences in which requests are ours and what becomes of them.

use super::sockets::NEW_SID;
use crate::{
    differences::Difference,
    recording::{Exchange, What},
};

const APPLICATION: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 7\r\n\r\napp 404";
const BAD_REQUEST: &[u8] = b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: 0\r\n\r\n";

const TRANSPORT_UNKNOWN: &[u8] =
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: 0\r\n\r\n";

pub(crate) const METHODS_ARE_REFUSED: Difference = Difference {
    reason: "methods no transport has are answered 405 (§2)",
    apply: |exchange| {
        for conn in exchange.connections() {
            exchange.answer(&conn, b"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nAllow: GET, POST, OPTIONS\r\nContent-Length: 0\r\n\r\n");
        }
    },
};

pub(crate) const POST_NEEDS_A_SESSION: Difference = Difference {
    reason: "a POST without a session is refused with 400 and delivers nothing (§2)",
    apply: |exchange| {
        exchange.without_events(|_| true);
        exchange.answer("c1", BAD_REQUEST);
    },
};

pub(crate) const INDEX_IS_REQUIRED: Difference = Difference {
    reason: "a JSONP request without index is refused with 400 (§2)",
    apply: |exchange| {
        exchange.without_events(|_| true);
        exchange.answer("c1", BAD_REQUEST);
    },
};

pub(crate) const NO_UPGRADE_HERE: Difference = Difference {
    reason: "an upgrade where there is nothing to upgrade to closes its own connection only (§2)",
    apply: |exchange| exchange.without_events(|_| true),
};

pub(crate) const ANY_ID_MAY_BE_ASKED_FOR: Difference = Difference {
    reason: "an id no session has is answered with silence, whatever it spells (§2.1)",
    apply: |exchange| exchange.without_events(|_| true),
};

pub(crate) const ANY_NAME_MAY_BE_ASKED_FOR: Difference = Difference {
    reason: "a transport nobody has belongs to the application, whatever it spells (§2)",
    apply: |exchange| exchange.answer("c1", APPLICATION),
};

pub(crate) const UNKNOWN_BELONGS_TO_THE_APPLICATION: Difference = Difference {
    reason: "what no transport serves belongs to the application, as in 0.6 (§2)",
    apply: |exchange| {
        for conn in exchange.connections() {
            if exchange.steps.iter().any(|step| matches!(&step.what, What::Eof { conn: on } if *on == conn)) {
                exchange.answer(&conn, APPLICATION);
            }
        }
    },
};

pub(crate) const SERVER_EVENTS_EXIST: Difference = Difference {
    reason: "server-events is a transport: its stream opens, and messages are echoed (§4.9)",
    apply: |exchange| {
        let event = |exchange: &Exchange, payload: &str| {
            let data = if exchange.is_json_dialect() { payload.to_owned() } else { format!("\"{payload}\"") };
            format!("data: {data}\n\n")
        };
        let first = event(exchange, &exchange.announcement_of(NEW_SID));
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n:\n\n{first}");
        exchange.answer("c2", answer.as_bytes());
        exchange.new_session("c2", NEW_SID);
        let (sent, echoed) = exchange.payloads_of("hello");
        let post = format!(
            "POST /socket.io/server-events/{NEW_SID}/send HTTP/1.1\r\nHost: chat.example:8080\r\nContent-Length: {}\r\n\r\ndata={sent}",
            "data=".len() + sent.len(),
        );
        exchange.send_at_the_end("c6", post.as_bytes());
        exchange.text_at_the_end("hello");
        let echoed = event(exchange, &echoed);
        exchange.expect_at_the_end("c2", echoed.as_bytes());
        let kind = if exchange.is_json_dialect() { "" } else { "Content-Type: text/plain\r\n" };
        exchange.answer("c6", format!("HTTP/1.1 200 OK\r\n{kind}Content-Length: 2\r\n\r\nok").as_bytes());
        exchange.hang_up();
    },
};

pub(crate) const NO_WELCOME: Difference = Difference {
    reason: "the bare resource answers as it does from 1.0 on (engine.md §2.2)",
    apply: |exchange| {
        for path in ["/socket.io ", "/socket.io/ "] {
            for conn in exchange.connections_with(&format!("GET {path}")) {
                exchange.answer(&conn, TRANSPORT_UNKNOWN);
            }
        }
    },
};

pub(crate) const WHOLE_SEGMENTS: Difference = Difference {
    reason: "the resource is matched as whole segments (§2)",
    apply: |exchange| {
        let conn = if exchange.version.starts_with("0.6") { "c1" } else { "c2" };
        exchange.answer(conn, APPLICATION);
        exchange.forget_unannounced_sessions();
    },
};

/// The recorded tags are the originals'; ours is learned from the first answer.
pub(crate) const OWN_SCRIPT: Difference = Difference {
    reason: "the script is Heirloom's own, for all origins, its tag quoted, HEAD served; Flash files are the application's (§6)",
    apply: |exchange| {
        let script = include_bytes!("../../../static/socket.io.js");
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/javascript\r\nETag: \"*\"\r\nAccess-Control-Allow-Origin: *\r\n\
             Cross-Origin-Resource-Policy: cross-origin\r\nContent-Length: {}\r\n\r\n",
            script.len()
        );
        let whole = [head.as_bytes(), script].concat();
        for conn in ["c1", "c2", "c3", "c4"] {
            exchange.answer(conn, &whole);
        }
        for conn in ["c5", "c6", "c8"] {
            exchange.answer(conn, APPLICATION);
        }
        exchange.answer("c7", head.as_bytes());
    },
};
