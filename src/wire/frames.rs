//! The `~m~` framing of Socket.IO 0.5 and 0.6.

use serde_json::value::RawValue;

use super::{bounds::Bounds, put, utf16};

const MARKER: &str = "~m~";
const HEARTBEAT: &str = "~h~";
const JSON: &str = "~j~";

/// More digits than any length needs; longer numbers are not even read.
const MAX_LENGTH_DIGITS: usize = 10;

/// One decoded unit of the frames generation, in either dialect.
#[derive(Debug, Clone)]
pub(crate) enum Packet {
    /// An ordinary message.
    Text(String),
    /// A message that is a JSON value, kept as the text that arrived.
    Json(Box<RawValue>),
    /// The echo of a heartbeat, or the heartbeat itself.
    Heartbeat(u64),
}

impl PartialEq for Packet {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(a), Self::Text(b)) => a == b,
            (Self::Json(a), Self::Json(b)) => a.get() == b.get(),
            (Self::Heartbeat(a), Self::Heartbeat(b)) => a == b,
            _ => false,
        }
    }
}

/// What [`decode`] found.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Payload {
    /// The packets, in order.
    pub(crate) packets: Vec<Packet>,
    /// Whether the frames covered the payload exactly: none cut short, nothing left over.
    pub(crate) complete: bool,
}

/// Decodes a payload. Never fails: what cannot be read ends the reading, what was read before stays.
///
/// | payload | the original 0.6.18 | here |
/// | --- | --- | --- |
/// | no `~m~` where a frame should start | stops | same |
/// | `~m~5~m~hel`: fewer units than announced | `hel` | same; JSON only if it is valid, a heartbeat never |
/// | no digits, `-1`, a blank among the digits | a message, often an empty one | stops |
/// | more than ten digits | takes all there is | stops |
/// | second marker missing or something else | not looked at | stops |
/// | a last `~m~` alone | an empty message | stops |
/// | a length ending inside a surrogate pair | half a pair | stops |
/// | `~j~` and no valid JSON, or one that is too deep | `{}` | same |
/// | `~h~` and no plain number | ignored | same |
/// | messages behind a heartbeat | lost | delivered |
/// | more packets than a payload may have | all of them | stops |
pub(crate) fn decode(payload: &str, bounds: &mut Bounds) -> Payload {
    let mut packets = Vec::new();
    let complete = decode_each(payload, bounds, |packet| packets.push(packet));
    Payload { packets, complete }
}

/// The same, handing on each packet as soon as it is read. Answers whether the payload is complete.
pub(crate) fn decode_each(payload: &str, bounds: &mut Bounds, take: impl FnMut(Packet)) -> bool {
    take_each(payload, bounds, take).is_some()
}

/// Appends a text message. A text that itself begins with `~h~` or `~j~` reads as a control frame at the other end: the framing has
/// no escape for it.
pub(crate) fn encode_text(text: &str, out: &mut Vec<u8>) {
    encode("", text, out);
}

/// Appends a message that is a JSON value, given as JSON text.
pub(crate) fn encode_json(json: &str, out: &mut Vec<u8>) {
    encode(JSON, json, out);
}

/// Appends a heartbeat.
pub(crate) fn encode_heartbeat(counter: u64, out: &mut Vec<u8>) {
    let length = HEARTBEAT.len() + put::digits(counter);
    put::reserve(out, 2 * MARKER.len() + put::digits(length as u64) + length);
    encode_header(length, out);
    out.extend_from_slice(HEARTBEAT.as_bytes());
    put::decimal(counter, out);
}

/// Whether frames cover the payload exactly.
pub(super) fn is_complete(payload: &str) -> bool {
    let mut rest = payload;
    while let Some((_, behind)) = split_frame(rest).filter(|(data, _)| data.is_ok()) {
        rest = behind;
    }
    rest.is_empty()
}

/// `None` when the payload was not covered exactly.
fn take_each(payload: &str, bounds: &mut Bounds, mut take: impl FnMut(Packet)) -> Option<()> {
    let (mut rest, mut count) = (payload, 0);
    while !rest.is_empty() {
        let (data, behind) = split_frame(rest)?;
        bounds.admit(count)?;
        let packet = match data {
            Ok(data) => packet(data, bounds),
            Err(data) => truncated_packet(data, bounds),
        };
        if let Some(packet) = packet {
            count += 1;
            take(packet);
        }
        data.ok()?;
        rest = behind;
    }
    Some(())
}

/// What the frame in front holds, an error when that is less than it announces, and everything behind it.
fn split_frame(payload: &str) -> Option<(Result<&str, &str>, &str)> {
    let (length, data) = split_header(payload)?;
    let (data, behind) = data.split_at(utf16::byte_index(data, length)?);
    let is_cut = behind.is_empty() && utf16::units(data) < length;
    Some((if is_cut { Err(data) } else { Ok(data) }, behind))
}

/// The length a frame announces, and everything behind its second marker.
fn split_header(frame: &str) -> Option<(usize, &str)> {
    let rest = frame.strip_prefix(MARKER)?;
    let digits = rest.bytes().take(MAX_LENGTH_DIGITS).take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let data = rest.strip_prefix(MARKER)?;
    Some((number.parse().ok()?, data))
}

fn packet(data: &str, bounds: &mut Bounds) -> Option<Packet> {
    if let Some(counter) = data.strip_prefix(HEARTBEAT) {
        return heartbeat_counter(counter).map(Packet::Heartbeat);
    }
    if let Some(json) = data.strip_prefix(JSON) {
        let json = bounds.json(json).or_else(|| bounds.json("{}"));
        return json.map(|json| Packet::Json(json.to_owned()));
    }
    Some(Packet::Text(data.to_owned()))
}

/// A peer that counts bytes announces too much for its last frame, so what is there counts; but a cut number is a different number
/// and cut JSON is nothing.
fn truncated_packet(data: &str, bounds: &mut Bounds) -> Option<Packet> {
    if data.starts_with(HEARTBEAT) {
        return None;
    }
    match data.strip_prefix(JSON) {
        Some(json) => bounds.json(json).map(|json| Packet::Json(json.to_owned())),
        None => Some(Packet::Text(data.to_owned())),
    }
}

fn heartbeat_counter(text: &str) -> Option<u64> {
    // `parse` alone would also take a leading plus.
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok()
}

fn encode(mark: &str, data: &str, out: &mut Vec<u8>) {
    let length = mark.len() + utf16::units(data);
    put::reserve(out, 2 * MARKER.len() + put::digits(length as u64) + mark.len() + data.len());
    encode_header(length, out);
    out.extend_from_slice(mark.as_bytes());
    out.extend_from_slice(data.as_bytes());
}

fn encode_header(length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(MARKER.as_bytes());
    put::decimal(length as u64, out);
    out.extend_from_slice(MARKER.as_bytes());
}

#[cfg(test)]
mod tests;
