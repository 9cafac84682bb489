//! Differences in what a session survives.

use super::{
    payload::{masked_frame, unmasked},
    words::{CLOSE, EMPTY_CLOSE},
};
use crate::{
    differences::Difference,
    recording::{Event, Exchange, Step, What},
    wire::Unit,
};

/// What the recorder said to see whether a session lives.
const ALIVE: &str = r#"42["message","alive"]"#;

pub(super) const PONGS_ARE_IGNORED: Difference =
    Difference { reason: "a pong nobody asked for is ignored (§3.3)", apply: |exchange| exchange.survives("c1", &[]) };

pub(super) const NAMES_ARE_FREE: Difference =
    Difference { reason: "S4 reserves no names (§7.1)", apply: |exchange| exchange.survives("c1", &[]) };

pub(super) const NOT_JOINED_IS_IGNORED: Difference = Difference {
    reason: "in S4 an event of a namespace that is not joined is ignored (§7.3)",
    apply: |exchange| exchange.survives("c1", &[]),
};

pub(super) const REFUSALS_ARE_IGNORED: Difference = Difference {
    reason: "in S4 a refusal by a client is ignored (§7.3)",
    apply: |exchange| exchange.survives("c1", &[]),
};

pub(super) const JOINED_STAYS_JOINED: Difference = Difference {
    reason: "a second CONNECT is ignored (§7.3)",
    apply: |exchange| {
        if exchange.version.starts_with('4') {
            let chat = exchange.sids.last().cloned();
            let chat = if exchange.is_four() { chat } else { chat.map(|sid| format!("/chat#{sid}")) };
            exchange.survives("c1", &[("/chat", chat)]);
        } else {
            if let Some(at) = exchange.steps.iter().rposition(|step| step.brings("40/chat,")) {
                exchange.steps.remove(at);
            }
            let mut joined = 0;
            exchange.without_events(|event| {
                joined += usize::from(event.name == "connection of /chat");
                event.name == "connection of /chat" && joined == 2
            });
        }
    },
};

pub(super) const NONE_IS_A_NUMBER: Difference = Difference {
    reason: "S4 may announce no attachments (§7.2)",
    apply: |exchange| {
        exchange.survives("c1", &[]);
        let sid = exchange.sids.first().cloned();
        let at = exchange.steps.iter().position(|step| step.sends(ALIVE)).unwrap_or_default();
        let text = r#"42["message","x"]"#;
        exchange.insert(at - 1, What::Expect { conn: "c1".to_owned(), units: vec![Unit::Bytes(unmasked(text))] });
        exchange.insert(at - 1, What::App(Event { name: "message".to_owned(), sid, message: Some("x".into()) }));
    },
};

pub(super) const MALFORMED_IS_THE_END: Difference = Difference {
    reason: "a malformed packet ends the session (§7.1)",
    apply: |exchange| {
        for conn in exchange.connections() {
            exchange.ends(&conn, "protocol error");
        }
    },
};

pub(super) const GOODBYES_ARE_HEARD: Difference = Difference {
    reason: "`1` ends the session on a WebSocket as well (§3.6)",
    apply: |exchange| exchange.ends("c1", "transport closed"),
};

pub(super) const LEAVING_IS_HEARD: Difference = Difference {
    reason: "a namespace is left before the session ends (§7.5)",
    apply: |exchange| {
        exchange.edit_events(|event| {
            if event.name == "disconnect" {
                event.message = Some("client disconnect".into());
            }
        });
    },
};

pub(super) const SECOND_SOCKETS_ARE_CLOSED: Difference = Difference {
    reason: "a second WebSocket of a session is closed at once (§3.5)",
    apply: |exchange| {
        let at = exchange.answers_on("c3")[0];
        exchange.insert(at, What::Eof { conn: "c3".to_owned() });
        exchange.insert(at, What::Expect { conn: "c3".to_owned(), units: vec![Unit::Bytes(CLOSE.to_vec())] });
    },
};

pub(super) const ROOT_IS_THE_LAST: Difference = Difference {
    reason: "who is disconnected from the root is disconnected (§7.5)",
    apply: |exchange| {
        exchange.retain(|step| !step.closes());
        let at = exchange.steps.iter().position(|step| step.brings("41")).unwrap_or_default();
        exchange.insert(at, What::Eof { conn: "c1".to_owned() });
        exchange.insert(at, What::Expect { conn: "c1".to_owned(), units: vec![Unit::Bytes(CLOSE.to_vec())] });
    },
};

impl Step {
    /// A closing frame of the server.
    fn closes(&self) -> bool {
        matches!(&self.what, What::Expect { units, .. }
            if matches!(&units[..], [Unit::Bytes(frame)] if frame == EMPTY_CLOSE || frame == CLOSE))
    }

    /// A frame of the client with this text.
    fn sends(&self, text: &str) -> bool {
        matches!(&self.what, What::Send { bytes, .. } if *bytes == masked_frame(text))
    }

    pub(super) fn is_on(&self, conn: &str) -> bool {
        match &self.what {
            What::Send { conn: on, .. } | What::Expect { conn: on, .. } | What::Eof { conn: on } => on == conn,
            _ => false,
        }
    }

    /// A whole frame of the server with this text.
    fn brings(&self, text: &str) -> bool {
        matches!(&self.what, What::Expect { units, .. } if *units == [Unit::Bytes(unmasked(text))])
    }
}

impl Exchange {
    /// The session does not end, but answers the recorder's question whether it lives; then the client hangs up, and so
    /// leaves the root namespace and others.
    fn survives(&mut self, conn: &str, others: &[(&str, Option<String>)]) {
        let answered = |step: &Step| matches!(&step.what, What::Send { bytes, .. } if bytes.first() == Some(&0x88));
        self.retain(|step| {
            !(step.is_on(conn) && (step.closes() || answered(step) || matches!(step.what, What::Eof { .. })))
        });
        self.without_events(|event| event.name.starts_with("disconnect"));
        let root = if self.is_four() { self.sids.get(1) } else { self.sids.first() }.cloned();
        let asked = self.steps.iter().any(|step| step.sends(ALIVE));
        let mut steps = Vec::new();
        if !asked {
            steps.push(What::Send { conn: conn.to_owned(), bytes: masked_frame(ALIVE) });
        }
        steps.push(What::App(Event { name: "message".to_owned(), sid: root.clone(), message: Some("alive".into()) }));
        steps.push(What::Expect { conn: conn.to_owned(), units: vec![Unit::Bytes(unmasked(ALIVE))] });
        steps.push(What::HangUp);
        let gone = |name: String, sid| What::App(Event { name, sid, message: Some("transport closed".into()) });
        steps.push(gone("disconnect".to_owned(), root));
        steps.extend(others.iter().map(|(name, sid)| gone(format!("disconnect of {name}"), sid.clone())));
        self.steps.extend(steps.into_iter().map(|what| Step { at: None, what }));
    }

    /// What the recorder sent before it asked whether the session lives, ends it.
    fn ends(&mut self, conn: &str, reason: &str) {
        let Some(asked) = self.steps.iter().position(|step| step.is_on(conn) && step.sends(ALIVE)) else { return };
        let told = self.steps[asked..].iter().find_map(|step| match &step.what {
            What::App(event) if event.name == "message" => Some(event.sid.clone()),
            _ => None,
        });
        let sid = told.flatten();
        let of_it = |event: &Event| event.sid == sid && event.name != "connection";
        self.retain(|step| !(step.is_on(conn) && (step.sends(ALIVE) || step.brings(ALIVE))));
        self.without_events(of_it);
        let before = asked - 1;
        let gone = Event { name: "disconnect".to_owned(), sid, message: Some(reason.into()) };
        self.insert(before, What::Eof { conn: conn.to_owned() });
        self.insert(before, What::Expect { conn: conn.to_owned(), units: vec![Unit::Bytes(CLOSE.to_vec())] });
        self.insert(before, What::App(gone));
    }
}
