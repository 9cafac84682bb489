//! Packets where they are carried: changes to them, and what the carrier then looks like.

use crate::{
    recording::{Exchange, What},
    wire::{Head, Unit},
};

/// What carries the packets of an answer.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Carrier {
    /// Neither; left alone.
    None,
    /// A body with separators, or lengths.
    Text,
    /// A body with lengths in bytes.
    Binary,
    /// Frames of a WebSocket.
    Frames,
}

impl Exchange {
    pub(super) fn is_four(&self) -> bool {
        self.scenario.contains("EIO=4")
    }

    /// Changes every packet that is a text.
    pub(super) fn edit_packets(&mut self, mut edit: impl FnMut(&str) -> String) {
        let four = self.is_four();
        for conn in self.connections() {
            let mut carrier = Carrier::None;
            for step in &mut self.steps {
                let What::Expect { conn: on, units } = &mut step.what else { continue };
                if *on != conn {
                    continue;
                }
                for unit in units {
                    match unit {
                        Unit::Head(head) => carrier = carried(head),
                        Unit::Bytes(bytes) => *bytes = edited(bytes, carrier, four, &mut edit),
                        Unit::End => {}
                    }
                }
            }
        }
    }
}

impl Exchange {
    /// Payloads in which nothing is binary are payloads of text.
    pub(super) fn as_text_payloads(&mut self) {
        for step in &mut self.steps {
            let What::Expect { units, .. } = &mut step.what else { continue };
            let [Unit::Head(head), Unit::Bytes(bytes), Unit::End] = &mut units[..] else { continue };
            if carried(head) != Carrier::Binary {
                continue;
            }
            let mut packets = String::new();
            in_binary(bytes, &mut |packet| {
                packets += &format!("{}:{packet}", packet.encode_utf16().count());
                String::new()
            });
            if !bytes.contains(&1) || packets.starts_with("130:0{") {
                head.headers.retain(|(name, _)| name != "content-type");
                head.headers.push(("content-type".to_owned(), "text/plain; charset=UTF-8".to_owned()));
                *bytes = packets.into_bytes();
            }
        }
    }
}

fn carried(head: &Head) -> Carrier {
    match (head.status, head.header("content-type")) {
        (101, _) => Carrier::Frames,
        (200, Some("application/octet-stream")) => Carrier::Binary,
        (200, Some("text/plain; charset=UTF-8" | "text/javascript; charset=UTF-8")) => Carrier::Text,
        _ => Carrier::None,
    }
}

fn edited(bytes: &[u8], carrier: Carrier, four: bool, edit: &mut impl FnMut(&str) -> String) -> Vec<u8> {
    match carrier {
        Carrier::None => bytes.to_vec(),
        Carrier::Binary => in_binary(bytes, edit),
        Carrier::Frames => match text_of_frame(bytes) {
            Some(text) => unmasked(&edit(text)),
            None => bytes.to_vec(),
        },
        Carrier::Text => {
            let text = std::str::from_utf8(bytes).expect("a payload of text");
            match text.strip_suffix(");").and_then(|script| script.split_once("](")) {
                Some((start, literal)) if start.starts_with("___eio[") => {
                    let payload: String = serde_json::from_str(literal).expect("a literal");
                    format!("{start}]({});", literal_of(&in_text(&payload, four, edit))).into_bytes()
                }
                _ => in_text(text, four, edit).into_bytes(),
            }
        }
    }
}

fn in_text(payload: &str, four: bool, edit: &mut impl FnMut(&str) -> String) -> String {
    if four {
        return payload.split('\u{1e}').map(edit).collect::<Vec<_>>().join("\u{1e}");
    }
    let (mut rest, mut edited) = (payload, String::new());
    while let Some((length, after)) = rest.split_once(':') {
        let mut units: usize = length.parse().expect("a length");
        let end = after.char_indices().find(|(_, character)| {
            let here = units == 0;
            units = units.saturating_sub(character.len_utf16());
            here
        });
        let (packet, behind) = after.split_at(end.map_or(after.len(), |(at, _)| at));
        let packet = edit(packet);
        edited += &format!("{}:{packet}", packet.encode_utf16().count());
        rest = behind;
    }
    edited
}

fn in_binary(payload: &[u8], edit: &mut impl FnMut(&str) -> String) -> Vec<u8> {
    let (mut rest, mut edited) = (payload, Vec::new());
    while let Some(end) = rest.iter().position(|byte| *byte == 255) {
        let length = rest[1..end].iter().fold(0, |length, digit| length * 10 + usize::from(*digit));
        let (packet, behind) = rest[end + 1..].split_at(length);
        let packet = match rest[0] {
            0 => edit(std::str::from_utf8(packet).expect("a packet of text")).into_bytes(),
            _ => packet.to_vec(),
        };
        edited.push(rest[0]);
        edited.extend(packet.len().to_string().bytes().map(|digit| digit - b'0'));
        edited.push(255);
        edited.extend(packet);
        rest = behind;
    }
    edited
}

/// As Heirloom writes a text into a script.
fn literal_of(text: &str) -> String {
    let json = serde_json::to_string(text).expect("a literal");
    ascii(&json).replace('<', "\\u003C").replace("\\u001e", "\\u001E")
}

/// JSON as Heirloom writes it where the charset is uncertain.
pub(super) fn ascii(json: &str) -> String {
    let mut units = [0; 2];
    let escaped = json.chars().map(|character| match character {
        ' '..='~' => character.to_string(),
        other => other.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04X}")).collect(),
    });
    escaped.collect()
}

/// The text of a whole frame of a server.
fn text_of_frame(frame: &[u8]) -> Option<&str> {
    let start = match frame.get(1)? {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    if frame[0] != 0x81 { None } else { std::str::from_utf8(&frame[start..]).ok() }
}

/// A text frame as servers send it.
pub(super) fn unmasked(text: &str) -> Vec<u8> {
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(length as u8),
        length => frame.extend([&[126][..], &(length as u16).to_be_bytes()].concat()),
    }
    frame.extend_from_slice(text.as_bytes());
    frame
}

/// A text as the recorder masked it.
pub(super) fn masked(text: &str) -> Vec<u8> {
    text.bytes().zip(b"\x12\x34\x56\x78".iter().cycle()).map(|(byte, mask)| byte ^ mask).collect()
}

/// A short text frame as the recorder sent it.
pub(super) fn masked_frame(text: &str) -> Vec<u8> {
    let header = [0x81, 0x80 | text.len() as u8, 0x12, 0x34, 0x56, 0x78];
    [&header[..], &masked(text)].concat()
}
