//! Differences of the transports over HTTP.

use serde_json::json;

use crate::{
    differences::Difference,
    recording::{Event, Exchange, Step, What},
    wire::Parser,
};

const POLL: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=UTF-8\r\nConnection: Keep-Alive\r\n";

pub(super) const SAFE_LITERALS: Difference = Difference {
    reason: "`<` and U+2028 are escaped in script literals (§7.3, §7.4)",
    apply: |exchange| {
        exchange.edit_bodies(|body| {
            let quoted = body.find("(\"").zip(body.rfind('"')).filter(|(start, end)| start + 2 <= *end);
            let Some((start, end)) = quoted else { return body.to_owned() };
            let (call, literal, rest) = (&body[..start + 2], &body[start + 2..end], &body[end..]);
            format!("{call}{}{rest}", literal.replace('<', "\\u003C").replace('\u{2028}', "\\u2028"))
        });
    },
};

pub(super) const OLDER_POLL_IS_ANSWERED: Difference = Difference {
    reason: "the older of two polls is answered `8::` at once (§6)",
    apply: |exchange| {
        let newer = exchange.last_send("c28");
        exchange.answer_after(newer, "c27", "8::");
    },
};

pub(super) const GOODBYE_BETWEEN_POLLS: Difference = Difference {
    reason: "a goodbye by URL ends the session, also between two polls (§7.5)",
    apply: |exchange| {
        exchange.leaves_after("c3");
        exchange.answer_poll("c4", "7:::1+0");
    },
};

pub(super) const GOODBYE_WAITS: Difference = Difference {
    reason: "the end of a session waits for the next poll (§4.0)",
    apply: |exchange| exchange.answer_poll("c4", "0::"),
};

pub(super) const ABORTED_POLL_LOSES_NOTHING: Difference = Difference {
    reason: "what an aborted poll did not take comes with the next (§6)",
    apply: |exchange| {
        exchange.answer_poll("c5", r#"5:::{"name":"echo","args":["lost?"]}"#);
        if let Some(step) = exchange.steps.iter_mut().rfind(|step| matches!(step.what, What::App(_))) {
            // The close timeout begins with that answer.
            step.at = Some(2567);
        }
    },
};

pub(super) const PREFLIGHTS_ARE_ANSWERED: Difference = Difference {
    reason: "OPTIONS is answered, with all that a page may do, and makes no session (§2.3)",
    apply: |exchange| {
        for conn in exchange.connections_with("OPTIONS ") {
            let of = |name: &str| exchange.request_header(&conn, name);
            let headers =
                of("Access-Control-Request-Headers").map(|names| format!("Access-Control-Allow-Headers: {names}\r\n"));
            let answer = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nAllow: GET, POST, OPTIONS\r\n\
                 Access-Control-Allow-Origin: {}\r\nAccess-Control-Allow-Credentials: true\r\n\
                 Access-Control-Allow-Methods: {}\r\n{}Content-Length: 2\r\n\r\nok",
                of("Origin").unwrap_or_default(),
                of("Access-Control-Request-Method").unwrap_or_default(),
                headers.unwrap_or_default(),
            );
            exchange.answer(&conn, answer.as_bytes());
        }
    },
};

pub(super) const METHODS_ARE_REFUSED: Difference = Difference {
    reason: "methods no transport has are answered 405 (§1)",
    apply: |exchange| {
        exchange.answer("c2", b"HTTP/1.1 405 Method Not Allowed\r\nContent-Type: text/plain\r\nAllow: GET, POST, OPTIONS\r\nContent-Length: 0\r\n\r\n");
    },
};

impl Exchange {
    /// A poll is answered with this packet, as soon as it is sent.
    fn answer_poll(&mut self, conn: &str, packet: &str) {
        let answer = format!("{POLL}Content-Length: {}\r\n\r\n{packet}", packet.len());
        self.answer(conn, answer.as_bytes());
    }

    /// A poll that waits is answered with this packet after a step.
    fn answer_after(&mut self, step: usize, conn: &str, packet: &str) {
        let answer = format!("{POLL}Content-Length: {}\r\n\r\n{packet}", packet.len());
        let units = Parser::new(false, self.generation.explained).feed(answer.as_bytes());
        self.insert(step, What::Expect { conn: conn.to_owned(), units });
    }

    /// The application hears that the client has left, after the last request on a connection.
    pub(super) fn leaves_after(&mut self, conn: &str) {
        let event = Event { name: "disconnect".to_owned(), sid: None, message: Some(json!("client disconnect")) };
        let at = self.last_send(conn);
        let connected = self.steps.iter().position(|step| matches!(step.what, What::App(_))).unwrap_or(at);
        let step = Step { at: None, what: What::App(event) };
        self.steps.insert(at.max(connected) + 1, step);
    }
}
