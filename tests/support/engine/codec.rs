//! Packets and payloads of Engine.IO, made and read by rules written down a second time.

use crate::support::Answer;
use data_encoding::BASE64;
use heirloom::Transport;
use std::fmt;

/// The revision of Engine.IO: 3 for clients 1.x and 2.x, 4 for 3.x and 4.x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Revision {
    Three,
    Four,
}

/// A packet: text with its type in front, or the bytes of a message.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Packet {
    Text(String),
    Binary(Vec<u8>),
}

impl From<&str> for Packet {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Packet {
    /// Whether it is this text.
    pub(crate) fn is(&self, other: &str) -> bool {
        matches!(self, Self::Text(text) if text == other)
    }
}

impl fmt::Debug for Packet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(formatter, "{text:?}"),
            Self::Binary(bytes) => write!(formatter, "{bytes:?}"),
        }
    }
}

pub(crate) fn binary(bytes: &[u8]) -> Packet {
    Packet::Binary(bytes.to_vec())
}

impl Revision {
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Three => 3,
            Self::Four => 4,
        }
    }

    /// The body that carries these packets.
    pub(crate) fn payload(self, packets: &[Packet]) -> String {
        let texts = packets.iter().map(|packet| match packet {
            Packet::Text(text) => text.clone(),
            Packet::Binary(bytes) => format!("{}{}", self.base64_mark(), BASE64.encode(bytes)),
        });
        match self {
            Self::Three => texts.map(|text| format!("{}:{text}", text.encode_utf16().count())).collect(),
            Self::Four => texts.collect::<Vec<_>>().join("\x1e"),
        }
    }

    /// The body that carries one text.
    pub(crate) fn body(self, packet: &str) -> String {
        self.payload(&[packet.into()])
    }

    /// What a binary message in a text begins with.
    fn base64_mark(self) -> &'static str {
        match self {
            Self::Three => "b4",
            Self::Four => "b",
        }
    }

    fn packet(self, text: &str) -> Packet {
        match text.strip_prefix(self.base64_mark()) {
            Some(encoded) => Packet::Binary(BASE64.decode(encoded.as_bytes()).unwrap()),
            None => text.into(),
        }
    }

    /// The packets of a body of text. One that is not made by the rules fails the test.
    pub(crate) fn packets(self, body: &str) -> Vec<Packet> {
        assert!(!body.is_empty(), "a payload has packets");
        if self == Self::Four {
            return body.split('\x1e').map(|text| self.packet(text)).collect();
        }
        let mut units: Vec<u16> = body.encode_utf16().collect();
        let mut packets = Vec::new();
        while !units.is_empty() {
            let colon = units.iter().position(|unit| *unit == u16::from(b':')).unwrap();
            let length: usize = String::from_utf16(&units[..colon]).unwrap().parse().unwrap();
            let rest = units.split_off(colon + 1 + length);
            packets.push(self.packet(&String::from_utf16(&units[colon + 1..]).unwrap()));
            units = rest;
        }
        packets
    }
}

/// The packets in the answer to a poll.
pub(crate) fn read(revision: Revision, transport: Transport, answer: &Answer) -> Vec<Packet> {
    if transport == Transport::JsonpPolling {
        return revision.packets(&script_text(answer));
    }
    if answer.header("content-type") == "application/octet-stream" {
        assert_eq!(revision, Revision::Three);
        return binary_packets(&answer.body);
    }
    revision.packets(answer.text())
}

/// The text a script gives to its callback.
pub(crate) fn script_text(answer: &Answer) -> String {
    let literal = answer.text().strip_prefix("___eio[0](").and_then(|text| text.strip_suffix(");"));
    serde_json::from_str(literal.unwrap_or_else(|| panic!("{answer:?}"))).unwrap()
}

/// The packets of a body of bytes, which only revision 3 has.
pub(crate) fn binary_packets(mut body: &[u8]) -> Vec<Packet> {
    let mut packets = Vec::new();
    while let Some((kind, rest)) = body.split_first() {
        let mark = rest.iter().position(|byte| *byte == 255).unwrap();
        let length = rest[..mark].iter().fold(0, |length, digit| length * 10 + usize::from(*digit));
        let (data, rest) = rest[mark + 1..].split_at(length);
        packets.push(match (kind, data) {
            (0, text) => Packet::Text(std::str::from_utf8(text).unwrap().to_owned()),
            (1, [4, message @ ..]) => binary(message),
            other => panic!("{other:?}"),
        });
        body = rest;
    }
    packets
}

/// The body of bytes that carries these packets.
pub(crate) fn binary_payload(packets: &[Packet]) -> Vec<u8> {
    let mut body = Vec::new();
    for packet in packets {
        let (kind, data) = match packet {
            Packet::Text(text) => (0, text.clone().into_bytes()),
            Packet::Binary(bytes) => (1, [&[4], bytes.as_slice()].concat()),
        };
        body.push(kind);
        body.extend(data.len().to_string().bytes().map(|digit| digit - b'0'));
        body.push(255);
        body.extend(data);
    }
    body
}

/// The form in which a JSONP client puts a payload, whose line breaks have to survive it.
pub(crate) fn field(payload: &str) -> String {
    let payload = payload.replace("\\n", "\\\\n");
    form_urlencoded::Serializer::new(String::new()).append_pair("d", &payload).finish()
}
