//! What the clients of each wire say and hear. Texts are ASCII here, so that every way of counting them agrees.

use super::{
    http::{broken, request},
    kinds::{Carrier, Kind, Wire},
};
use serde_json::Value;
use std::{collections::VecDeque, io::Result};

const MARK: char = '\u{fffd}';

/// What a payload says to a client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The session, and its id.
    Opened(String),
    /// It is let in.
    Welcome,
    Message(String),
    /// It has to be answered with this.
    Heartbeat(String),
    /// The session is over.
    Goodbye,
    /// The server read its probe.
    Probed,
}

impl Kind {
    /// A message of the client's as a payload.
    pub(crate) fn message(self, text: &str) -> String {
        match self.wire {
            Wire::Envelope => Value::from(vec![text]).to_string(),
            Wire::Frames => frame(text),
            Wire::Packets => format!("3:::{text}"),
            Wire::Three | Wire::Four => format!("42{}", Value::from(vec!["message", text])),
            Wire::BareEngine => format!("4{text}"),
            Wire::BareWebSocket => text.to_owned(),
        }
    }

    /// What it says when it leaves, if there is a word for that.
    pub(crate) fn goodbye(self) -> Option<&'static str> {
        match self.wire {
            Wire::Packets => Some("0::"),
            Wire::Three | Wire::Four | Wire::BareEngine => Some("1"),
            Wire::Envelope | Wire::Frames | Wire::BareWebSocket => None,
        }
    }

    /// The POST that brings a payload.
    pub(crate) fn post(self, id: &str, payload: &str) -> String {
        let form = |name: &str, value: &str| {
            let body = form_urlencoded::Serializer::new(String::new()).append_pair(name, value).finish();
            ("Content-Type: application/x-www-form-urlencoded\r\n", body)
        };
        let plain = |body: String| ("Content-Type: text/plain;charset=UTF-8\r\n", body);
        let (headers, body) = match (self.wire, self.carrier) {
            (Wire::Envelope | Wire::Frames, _) => form("data", payload),
            (Wire::Packets, Carrier::Jsonp) => form("d", &Value::from(payload).to_string()),
            (Wire::Three, Carrier::Jsonp) => form("d", &format!("{}:{payload}", payload.len())),
            (_, Carrier::Jsonp) => form("d", payload),
            (Wire::Three, _) => plain(format!("{}:{payload}", payload.len())),
            _ => plain(payload.to_owned()),
        };
        request("POST", &self.post_path(id), headers, &body)
    }

    /// The marker at the end of each piece of a stream.
    pub(crate) fn end_of_piece(self) -> &'static str {
        match self.carrier {
            Carrier::HtmlFile => "</script>",
            Carrier::Multipart => "--socketio\n",
            _ => "\n\n",
        }
    }

    /// The payload in a piece of a stream, or in the answer to a poll; nothing when it only fills the line.
    pub(crate) fn unwrap(self, piece: &str) -> Result<Option<String>> {
        let (before, after) = match (self.carrier, self.wire) {
            (Carrier::HtmlFile, Wire::Packets) => ("<script>_(", ");</script>"),
            (Carrier::HtmlFile, _) => ("<script>parent.s._(", ", document);</script>"),
            (Carrier::Multipart, _) => ("Content-Type: text/plain\n\n", "\n--socketio\n"),
            (Carrier::ServerEvents, _) => ("data: ", "\n\n"),
            (Carrier::Jsonp, Wire::Packets) => ("io.j[0](", ");"),
            (Carrier::Jsonp, Wire::Envelope | Wire::Frames) => ("io.JSONP[0]._(", ");"),
            (Carrier::Jsonp, _) => ("___eio[0](", ");"),
            _ => ("", ""),
        };
        let payload = piece.find(before).and_then(|start| piece[start + before.len()..].strip_suffix(after));
        match payload {
            // No payload begins with a quote, so this is one in a literal.
            Some(literal) if literal.starts_with('"') => {
                serde_json::from_str(literal).map(Some).map_err(|error| broken(error.to_string()))
            }
            Some(payload) => Ok(Some(payload.to_owned())),
            None => Ok(None),
        }
    }

    /// What a payload says. Clients of a bare WebSocket hear nothing else than messages.
    pub(crate) fn read(self, payload: &str, is_opened: bool, by_poll: bool) -> Result<VecDeque<Heard>> {
        let malformed = || broken(format!("{self}: {payload:?} is no payload"));
        let packets = match self.wire {
            _ if payload.is_empty() => Vec::new(),
            Wire::Envelope => return envelope(payload, is_opened).ok_or_else(malformed),
            Wire::Frames => frames(payload).ok_or_else(malformed)?,
            Wire::Packets if payload.starts_with(MARK) => packets(payload).ok_or_else(malformed)?,
            Wire::Three if by_poll => counted(payload).ok_or_else(malformed)?,
            Wire::BareWebSocket => return Ok([Heard::Message(payload.to_owned())].into()),
            _ => payload.split('\x1e').collect(),
        };
        let mut heard = VecDeque::new();
        for packet in packets {
            let understood = match self.wire {
                Wire::Frames if !is_opened && heard.is_empty() => Some(Heard::Opened(packet.to_owned())),
                Wire::Frames if packet.starts_with("~h~") => Some(Heard::Heartbeat(frame(packet))),
                Wire::Frames => Some(Heard::Message(packet.to_owned())),
                Wire::Packets => packet_of_old(packet),
                _ => self.packet(packet).ok_or_else(malformed)?,
            };
            heard.extend(understood);
        }
        Ok(heard)
    }

    /// What a packet of Engine.IO says; nothing at all when it is none.
    fn packet(self, packet: &str) -> Option<Option<Heard>> {
        Some(match (packet.get(..1)?, packet.get(1..)?) {
            ("0", json) => {
                let opened: Value = serde_json::from_str(json).ok()?;
                Some(Heard::Opened(opened["sid"].as_str()?.to_owned()))
            }
            ("1", _) => Some(Heard::Goodbye),
            ("2", data) => Some(Heard::Heartbeat(format!("3{data}"))),
            ("3", "probe") => Some(Heard::Probed),
            ("4", text) if self.wire == Wire::BareEngine => Some(Heard::Message(text.to_owned())),
            ("4", text) if text.starts_with('0') => Some(Heard::Welcome),
            ("4", text) if text.starts_with('1') => Some(Heard::Goodbye),
            ("4", text) => {
                let list: Value = serde_json::from_str(text.strip_prefix('2')?).ok()?;
                Some(Heard::Message(list[1].as_str()?.to_owned()))
            }
            ("3" | "5" | "6", _) => None,
            _ => return None,
        })
    }
}

fn packet_of_old(packet: &str) -> Option<Heard> {
    match packet.get(..1)? {
        "0" | "7" => Some(Heard::Goodbye),
        "1" => Some(Heard::Welcome),
        "2" => Some(Heard::Heartbeat("2::".to_owned())),
        "3" => packet.splitn(4, ':').nth(3).map(|text| Heard::Message(text.to_owned())),
        _ => None,
    }
}

fn frame(text: &str) -> String {
    format!("~m~{}~m~{text}", text.len())
}

fn frames(mut payload: &str) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    while !payload.is_empty() {
        let (length, rest) = payload.strip_prefix("~m~")?.split_once("~m~")?;
        let (text, rest) = rest.split_at_checked(length.parse().ok()?)?;
        all.push(text);
        payload = rest;
    }
    Some(all)
}

fn packets(mut payload: &str) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    while !payload.is_empty() {
        let (length, rest) = payload.strip_prefix(MARK)?.split_once(MARK)?;
        let (packet, rest) = rest.split_at_checked(length.parse().ok()?)?;
        all.push(packet);
        payload = rest;
    }
    Some(all)
}

fn counted(mut payload: &str) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    while !payload.is_empty() {
        let (length, rest) = payload.split_once(':')?;
        let (packet, rest) = rest.split_at_checked(length.parse().ok()?)?;
        all.push(packet);
        payload = rest;
    }
    Some(all)
}

fn envelope(payload: &str, is_opened: bool) -> Option<VecDeque<Heard>> {
    // The heartbeats of multipart streams and of htmlfile are no JSON, and ask for no answer.
    let Ok(envelope) = serde_json::from_str::<Value>(payload) else { return Some(VecDeque::new()) };
    let mut heard = VecDeque::new();
    for message in envelope["messages"].as_array().into_iter().flatten() {
        let text = message.as_str()?;
        if is_opened || !heard.is_empty() {
            heard.push_back(Heard::Message(text.to_owned()));
        } else {
            let session: Value = serde_json::from_str(text).ok()?;
            heard.push_back(Heard::Opened(session["sessionid"].as_str()?.to_owned()));
        }
    }
    Some(heard)
}
