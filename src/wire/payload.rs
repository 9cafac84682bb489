//! Several packets of Socket.IO 0.7, 0.8 and 0.9 in one body: each behind its length between two U+FFFD.

use std::io::Write;

use super::{bounds::Bounds, utf16};

const MARK: char = '\u{FFFD}';

/// More digits than any length needs; longer numbers are not even read.
const MAX_LENGTH_DIGITS: usize = 10;

/// What [`decode`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload<'a> {
    /// The packets, in order, not decoded any further.
    pub(crate) packets: Vec<&'a str>,
    /// Whether the lengths covered the payload exactly: no packet cut short, nothing left over.
    pub(crate) complete: bool,
}

/// Splits a payload into its packets. What does not begin with U+FFFD is a single packet as it is.
///
/// Never fails: what cannot be read ends the reading, what was read before stays.
///
/// | payload | the original 0.9.19 | here |
/// | --- | --- | --- |
/// | a length that goes past the end | takes what is there | same |
/// | a length that is no number | stops | same |
/// | `-4` for a length | never ends | stops |
/// | no digits | an empty packet | stops |
/// | more than ten digits | takes what is there | stops |
/// | no U+FFFD where a packet should begin | not looked at | stops |
/// | a length that ends inside a surrogate pair | half a pair | stops |
/// | more packets than a payload may have | all of them | stops |
pub(crate) fn decode<'a>(payload: &'a str, bounds: &mut Bounds) -> Payload<'a> {
    if !payload.starts_with(MARK) {
        let packets = if payload.is_empty() { Vec::new() } else { vec![payload] };
        return Payload { packets, complete: true };
    }
    let mut packets = Vec::new();
    let take = |packet| {
        bounds.admit(packets.len())?;
        packets.push(packet);
        Some(())
    };
    let complete = split(payload, take).is_some();
    Payload { packets, complete }
}

/// Whether lengths cover the payload exactly.
pub(super) fn is_complete(payload: &str) -> bool {
    split(payload, |_| Some(())).is_some()
}

/// Appends a payload. A single packet goes as it is; of two or more, each goes behind its length. Packets are UTF-8.
pub(crate) fn encode<'a>(mut packets: impl ExactSizeIterator<Item = &'a [u8]>, out: &mut Vec<u8>) {
    if packets.len() == 1 {
        out.extend_from_slice(packets.next().unwrap_or_default());
        return;
    }
    for packet in packets {
        // Packets are made of text, so nothing is replaced here.
        let packet = String::from_utf8_lossy(packet);
        out.reserve(packet.len() + 16);
        // Writing to a `Vec` does not fail.
        _ = write!(out, "{MARK}{}{MARK}", utf16::units(&packet));
        out.extend_from_slice(packet.as_bytes());
    }
}

/// `None` when the payload was not covered exactly, or not all of it was taken.
fn split<'a>(payload: &'a str, mut take: impl FnMut(&'a str) -> Option<()>) -> Option<()> {
    let mut rest = payload;
    while !rest.is_empty() {
        let (length, behind) = split_length(rest)?;
        let (packet, behind) = behind.split_at(utf16::byte_index(behind, length)?);
        take(packet)?;
        if behind.is_empty() && utf16::units(packet) < length {
            return None;
        }
        rest = behind;
    }
    Some(())
}

/// The length a packet announces, and everything behind its second mark.
fn split_length(payload: &str) -> Option<(usize, &str)> {
    let rest = payload.strip_prefix(MARK)?;
    let digits = rest.bytes().take(MAX_LENGTH_DIGITS).take_while(u8::is_ascii_digit).count();
    let (length, rest) = rest.split_at(digits);
    Some((length.parse().ok()?, rest.strip_prefix(MARK)?))
}

#[cfg(test)]
mod tests;
