//! What the clients of each generation write and read, as far as the measurements need it: texts in, texts out.
//! docs/wire has the whole of it.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize, ValueEnum)]
pub enum Dialect {
    /// A WebSocket and nothing else.
    Raw,
    /// 0.5 and 0.6.
    Frames,
    /// The same over a WebSocket of draft 75, the only one the originals know.
    Draft,
    /// 0.7 to 0.9.
    Packets,
    /// 1.x and 2.x.
    Engine3,
    /// 3.x and 4.x.
    Engine4,
}

/// One thing the server said.
#[derive(Debug, PartialEq)]
pub enum Said<'a> {
    /// The session's id.
    Id(&'a str),
    /// The client is in.
    Open,
    Text(&'a str),
    /// To be answered with this packet.
    Ping(&'a str),
    Over,
}

/// Between packets of one body, revision Four.
const SEPARATOR: char = '\u{1e}';
/// Around lengths in bodies of the packets generation.
const MARK: char = '\u{fffd}';

impl Dialect {
    /// Where a session begins.
    pub fn entrance(self, polling: bool) -> &'static str {
        match (self, polling) {
            (Self::Raw, _) => "/",
            (Self::Frames | Self::Draft, false) => "/socket.io/websocket",
            (Self::Frames | Self::Draft, true) => "/socket.io/xhr-polling//1",
            (Self::Packets, _) => "/socket.io/1/?t=1",
            (Self::Engine3, false) => "/socket.io/?EIO=3&transport=websocket",
            (Self::Engine3, true) => "/socket.io/?EIO=3&transport=polling&t=Pabcdefg",
            (Self::Engine4, false) => "/socket.io/?EIO=4&transport=websocket",
            (Self::Engine4, true) => "/socket.io/?EIO=4&transport=polling&t=Pabcdefg",
        }
    }

    /// Where a session goes on: to poll, or as a WebSocket, and to post.
    pub fn paths(self, id: &str, polling: bool) -> (String, String) {
        match (self, polling) {
            (Self::Raw, _) => (String::new(), String::new()),
            (Self::Frames | Self::Draft, _) => {
                (format!("/socket.io/xhr-polling/{id}/1"), format!("/socket.io/xhr-polling/{id}/send"))
            }
            (Self::Packets, true) => {
                let path = format!("/socket.io/1/xhr-polling/{id}?t=1");
                (path.clone(), path)
            }
            (Self::Packets, false) => (format!("/socket.io/1/websocket/{id}"), String::new()),
            (Self::Engine3 | Self::Engine4, _) => {
                let path = format!("{}&sid={id}", self.entrance(true));
                (path.clone(), path)
            }
        }
    }

    /// A text as one packet, without what a body puts around it.
    pub fn packet(self, text: &str) -> String {
        match self {
            Self::Raw => text.to_owned(),
            Self::Frames | Self::Draft => format!("~m~{}~m~{text}", text.len()),
            Self::Packets => format!("3:::{text}"),
            Self::Engine3 | Self::Engine4 => format!("42[\"message\",\"{text}\"]"),
        }
    }

    /// What the client says to get in, once it has an id.
    pub fn greeting(self) -> Option<&'static str> {
        (self == Self::Engine4).then_some("40")
    }

    pub fn content_type(self) -> &'static str {
        match self {
            Self::Frames | Self::Draft => "application/x-www-form-urlencoded",
            _ => "text/plain;charset=UTF-8",
        }
    }

    /// Several packets as the body of a POST.
    pub fn body(self, packets: &[String]) -> String {
        match self {
            Self::Raw => String::new(),
            Self::Frames | Self::Draft => format!("data={}", crate::http::form_value(&packets.concat())),
            Self::Packets => match packets {
                [packet] => packet.clone(),
                _ => packets.iter().fold(String::new(), |mut body, packet| {
                    let _ = write!(body, "{MARK}{}{MARK}{packet}", packet.len());
                    body
                }),
            },
            Self::Engine3 => packets.iter().fold(String::new(), |mut body, packet| {
                let _ = write!(body, "{}:{packet}", packet.len());
                body
            }),
            Self::Engine4 => packets.join(&String::from(SEPARATOR)),
        }
    }

    /// Everything in a frame or in the body of a poll. All of it is ASCII here, so lengths in UTF-16 are those in bytes.
    pub fn read<'a>(self, mut input: &'a str, polling: bool, hear: &mut dyn FnMut(Said<'a>)) -> Result<(), String> {
        match self {
            Self::Raw => hear(Said::Text(input)),
            Self::Frames | Self::Draft => {
                while !input.is_empty() {
                    let start = input;
                    let (data, rest) = input
                        .strip_prefix("~m~")
                        .and_then(|rest| rest.split_once("~m~"))
                        .and_then(|(length, rest)| rest.split_at_checked(length.parse().ok()?))
                        .ok_or_else(|| format!("a payload {input:?}"))?;
                    input = rest;
                    match data {
                        beat if beat.starts_with("~h~") => {
                            hear(Said::Ping(start.get(..start.len() - rest.len()).unwrap_or("")))
                        }
                        // A session's first message is its id, and no other looks like one.
                        id if id.len() <= 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) => hear(Said::Id(id)),
                        text => hear(Said::Text(text)),
                    }
                }
            }
            Self::Packets if polling && input.starts_with(MARK) => {
                while !input.is_empty() {
                    let (packet, rest) = input
                        .strip_prefix(MARK)
                        .and_then(|rest| rest.split_once(MARK))
                        .and_then(|(length, rest)| rest.split_at_checked(length.parse().ok()?))
                        .ok_or_else(|| format!("a payload {input:?}"))?;
                    input = rest;
                    hear_packet(packet, hear)?;
                }
            }
            Self::Packets => hear_packet(input, hear)?,
            Self::Engine3 if polling => {
                while !input.is_empty() {
                    let (packet, rest) = input
                        .split_once(':')
                        .and_then(|(length, rest)| rest.split_at_checked(length.parse().ok()?))
                        .ok_or_else(|| format!("a payload {input:?}"))?;
                    input = rest;
                    hear_engine(packet, hear)?;
                }
            }
            Self::Engine4 if polling => {
                for packet in input.split(SEPARATOR) {
                    hear_engine(packet, hear)?;
                }
            }
            Self::Engine3 | Self::Engine4 => hear_engine(input, hear)?,
        }
        Ok(())
    }
}

/// A packet of 0.7 to 0.9.
fn hear_packet<'a>(packet: &'a str, hear: &mut dyn FnMut(Said<'a>)) -> Result<(), String> {
    match packet.split_once(':') {
        Some(("3", rest)) => hear(Said::Text(rest.strip_prefix("::").ok_or_else(|| format!("a message {packet:?}"))?)),
        Some(("1", _)) => hear(Said::Open),
        Some(("2", _)) => hear(Said::Ping("2::")),
        Some(("8", _)) => {}
        Some(("0", _)) => hear(Said::Over),
        _ => return Err(format!("a packet {packet:?}")),
    }
    Ok(())
}

/// A packet of 1.x to 4.x.
fn hear_engine<'a>(packet: &'a str, hear: &mut dyn FnMut(Said<'a>)) -> Result<(), String> {
    match packet.as_bytes() {
        [b'4', b'2', ..] => {
            let text = packet.strip_prefix("42[\"message\",\"").and_then(|rest| rest.strip_suffix("\"]"));
            hear(Said::Text(text.ok_or_else(|| format!("an event {packet:?}"))?));
        }
        [b'0', ..] => {
            let id = packet.split_once("\"sid\":\"").and_then(|(_, rest)| rest.split_once('"'));
            hear(Said::Id(id.ok_or_else(|| format!("an opening {packet:?}"))?.0));
        }
        [b'4', b'0', ..] => hear(Said::Open),
        [b'2'] => hear(Said::Ping("3")),
        [b'3' | b'6', ..] => {}
        [b'1'] => hear(Said::Over),
        _ => return Err(format!("a packet {packet:?}")),
    }
    Ok(())
}
