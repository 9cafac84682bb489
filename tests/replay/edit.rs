//! Changes to a recorded exchange. A change that finds nothing to change leaves the exchange as it is, which the table's
//! test reports.

use std::collections::VecDeque;

use serde_json::Value;

use crate::{
    recording::{Event, Exchange, Step, What},
    sids::replace,
    wire::{Head, Parser, Unit, atoms, show},
};

impl Exchange {
    /// What the client sent last on a connection.
    pub(crate) fn request(&self, conn: &str) -> &[u8] {
        let sent = self.steps.iter().rev().find_map(|step| match &step.what {
            What::Send { conn: on, bytes } if on == conn => Some(bytes.as_slice()),
            _ => None,
        });
        sent.unwrap_or_default()
    }

    /// A header of what the client sent last on a connection.
    pub(crate) fn request_header(&self, conn: &str, name: &str) -> Option<String> {
        header(&String::from_utf8_lossy(self.request(conn)), name)
    }

    /// The connections whose last request starts like this.
    pub(crate) fn connections_with(&self, start: &str) -> Vec<String> {
        let of = |conn: &String| self.request(conn).starts_with(start.as_bytes());
        self.connections().into_iter().filter(of).collect()
    }

    /// Changes the head of every answer, given the request it answers.
    pub(crate) fn edit_answers(&mut self, mut edit: impl FnMut(&str, &mut Head)) {
        for conn in self.connections() {
            let mut requests = VecDeque::new();
            for step in &mut self.steps {
                match &mut step.what {
                    What::Send { conn: on, bytes } if *on == conn => {
                        requests.push_back(String::from_utf8_lossy(bytes).into_owned())
                    }
                    What::Expect { conn: on, units } if *on == conn => {
                        let heads = units
                            .iter_mut()
                            .filter_map(|unit| if let Unit::Head(head) = unit { Some(head) } else { None });
                        heads.for_each(|head| edit(&requests.pop_front().unwrap_or_default(), head));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Changes every piece of body, as text.
    pub(crate) fn edit_bodies(&mut self, mut edit: impl FnMut(&str) -> String) {
        for step in &mut self.steps {
            let What::Expect { units, .. } = &mut step.what else { continue };
            for unit in units {
                let Unit::Bytes(bytes) = unit else { continue };
                if let Ok(text) = std::str::from_utf8(bytes) {
                    *bytes = edit(text).into_bytes();
                }
            }
        }
    }

    /// Replaces a text in everything the server says that is no head of HTTP.
    pub(crate) fn replace_in_bodies(&mut self, from: &str, to: &str) {
        for step in &mut self.steps {
            let What::Expect { units, .. } = &mut step.what else { continue };
            for unit in units {
                if let Unit::Bytes(bytes) = unit {
                    *bytes = replace(bytes, from.as_bytes(), to.as_bytes());
                }
            }
        }
    }

    /// Changes every event in place.
    pub(crate) fn edit_events(&mut self, mut edit: impl FnMut(&mut Event)) {
        for step in &mut self.steps {
            if let What::App(event) = &mut step.what {
                edit(event);
            }
        }
    }

    /// Keeps the steps for which `keep` holds.
    pub(crate) fn retain(&mut self, keep: impl FnMut(&Step) -> bool) {
        self.steps.retain(keep);
    }

    /// The application does not hear of these.
    pub(crate) fn without_events(&mut self, mut is: impl FnMut(&Event) -> bool) {
        self.retain(|step| !matches!(&step.what, What::App(event) if is(event)));
    }

    /// Instead of all that was expected on a connection, `answer` is, as soon as the last request is sent.
    pub(crate) fn answer(&mut self, conn: &str, answer: &[u8]) {
        let mut parser = Parser::new(false, self.generation.explained);
        parser.request(self.request(conn));
        let units = parser.feed(answer);
        self.silence(conn);
        let after = self.last_send(conn);
        self.insert(after, What::Expect { conn: conn.to_owned(), units });
    }

    /// Nothing is expected on a connection, not even its end.
    pub(crate) fn silence(&mut self, conn: &str) {
        self.retain(|step| !matches!(&step.what, What::Expect { conn: on, .. } | What::Eof { conn: on } if on == conn));
    }

    /// More bytes are expected on a connection, after everything else.
    pub(crate) fn expect_at_the_end(&mut self, conn: &str, bytes: &[u8]) {
        let units = vec![Unit::Bytes(bytes.to_vec())];
        self.steps.push(Step { at: None, what: What::Expect { conn: conn.to_owned(), units } });
    }

    /// The server closes a connection, after everything else.
    pub(crate) fn closed_at_the_end(&mut self, conn: &str) {
        self.steps.push(Step { at: None, what: What::Eof { conn: conn.to_owned() } });
    }

    /// The client sends more on a connection, after everything else.
    pub(crate) fn send_at_the_end(&mut self, conn: &str, bytes: &[u8]) {
        let (conn, bytes) = (conn.to_owned(), bytes.to_vec());
        self.steps.push(Step { at: None, what: What::Send { conn, bytes } });
    }

    /// The application hears a text of the newest session, after everything else.
    pub(crate) fn text_at_the_end(&mut self, text: &str) {
        let (sid, message) = (self.sids.last().cloned(), Some(Value::from(text)));
        self.push_event(Event { name: "message".to_owned(), sid, message });
    }

    /// A payload with one text from the client, and one to it, in the dialect of the exchange.
    pub(crate) fn payloads_of(&self, text: &str) -> (String, String) {
        if self.is_json_dialect() {
            (format!(r#"["{text}"]"#), format!(r#"{{"messages":["{text}"]}}"#))
        } else {
            let payload = format!("~m~{}~m~{text}", text.len());
            (payload.clone(), payload)
        }
    }

    /// The payload that announces an id, in the dialect of the exchange.
    pub(crate) fn announcement_of(&self, sid: &str) -> String {
        if self.is_json_dialect() {
            format!(r#"{{"messages":["{{\"sessionid\":\"{sid}\"}}"]}}"#)
        } else {
            format!("~m~{}~m~{sid}", sid.len())
        }
    }

    /// The client hangs up, and the application hears of it.
    pub(crate) fn hang_up(&mut self) {
        self.steps.push(Step { at: None, what: What::HangUp });
        let sid = self.sids.last().cloned();
        self.push_event(Event { name: "disconnect".to_owned(), sid, message: None });
    }

    pub(crate) fn push_event(&mut self, event: Event) {
        self.steps.push(Step { at: None, what: What::App(event) });
    }

    /// The application hears a message, after the `index`th of the exchange's events.
    pub(crate) fn message_after(&mut self, index: usize, message: Value) {
        let is_event = |(_, step): &(usize, &Step)| matches!(step.what, What::App(_));
        let at = self.steps.iter().enumerate().filter(is_event).nth(index).map_or(0, |(at, _)| at);
        let event = Event { name: "message".to_owned(), sid: self.sids.first().cloned(), message: Some(message) };
        self.insert(at, What::App(event));
    }

    /// The application hears a message, as soon as the last request on a connection is sent.
    pub(crate) fn message_from(&mut self, conn: &str, message: Value) {
        let event = Event { name: "message".to_owned(), sid: self.sids.first().cloned(), message: Some(message) };
        self.insert(self.last_send(conn), What::App(event));
    }

    /// A session the recording does not have: its id is learned from what `conn` is told.
    pub(crate) fn new_session(&mut self, conn: &str, sid: &str) {
        self.sids.push(sid.to_owned());
        let after = self.last_send(conn);
        let event = Event { name: "connection".to_owned(), sid: Some(sid.to_owned()), message: None };
        self.insert(after, What::App(event));
    }

    /// The application hears nothing of sessions whose id no connection is told, nor of the end of the original process.
    pub(crate) fn forget_unannounced_sessions(&mut self) {
        let told = |sid: &String| {
            self.connections()
                .iter()
                .any(|conn| show(&atoms(&self.expected(conn, self.steps.len()))).contains(sid.as_str()))
        };
        let known: Vec<String> = self.sids.iter().filter(|sid| told(sid)).cloned().collect();
        self.without_events(|event| !event.sid.as_ref().is_some_and(|sid| known.contains(sid)));
    }

    /// The position of the last step that sends on a connection.
    pub(crate) fn last_send(&self, conn: &str) -> usize {
        let sends = |step: &Step| matches!(&step.what, What::Send { conn: on, .. } if on == conn);
        self.steps.iter().rposition(sends).unwrap_or_default()
    }

    /// Inserts a step behind another.
    pub(crate) fn insert(&mut self, behind: usize, what: What) {
        let at = (behind + 1).min(self.steps.len());
        self.steps.insert(at, Step { at: None, what });
    }
}

/// A header of a request.
pub(crate) fn header(request: &str, name: &str) -> Option<String> {
    let line = request.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))?;
    Some(line.to_owned())
}
