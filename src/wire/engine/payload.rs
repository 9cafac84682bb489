//! Several packets of Engine.IO in the body of a request or of its answer (`docs/wire/engine.md` §4 and §5).

use bytes::Bytes;
use data_encoding::BASE64;
use std::{borrow::Cow, io::Write, ops::Range};

use super::{MESSAGE, Revision, behind_number};
use crate::wire::{
    bounds::Bounds,
    double_utf8::{self, Strings},
    utf16,
};

/// What stands between the packets of revision 4.
const SEPARATOR: char = '\u{1e}';

/// What ends the length in a binary payload.
const END_OF_LENGTH: u8 = 0xFF;

/// More digits than any length needs; longer numbers are not even read.
const MAX_LENGTH_DIGITS: usize = 10;

/// One packet of a payload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// A packet as text, not decoded any further; never empty.
    Text(Cow<'a, str>),
    /// A message that is binary; its type was checked and is taken off.
    Binary(Bytes),
}

/// What was found in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Payload<'a> {
    /// The packets, in order.
    pub(crate) pieces: Vec<Piece<'a>>,
    /// Whether the body was read to its end. If not, the packets are those in front of what could not be read.
    pub(crate) complete: bool,
}

/// Something to put into a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outgoing<'a> {
    /// A whole packet: its type and UTF-8.
    Text(&'a [u8]),
    /// What a message that is binary carries.
    Binary(&'a [u8]),
}

/// Splits a body of text into its packets.
///
/// Revision 3 has each packet behind its length in UTF-16 code units and a colon:
///
/// | body | the originals | here |
/// | --- | --- | --- |
/// | nothing at all | parse error | stops |
/// | `0:` | no packet | same |
/// | `007:`, a number with zeros in front | as good as any | same, up to ten digits |
/// | a length that is no number, or negative, or has no colon behind it | parse error | stops |
/// | ` 5:`, `5.0:`, `0x5:`: a number for JavaScript only | as good as any | stops |
/// | a length that goes past the end | parse error | stops |
/// | a length that ends inside a surrogate pair | half a pair | stops |
///
/// Revision 4 has U+001E between packets. An empty packet stops the reading, as nothing else could be made of it.
///
/// So does one more packet than a payload may have.
pub(crate) fn decode_payload<'a>(revision: Revision, body: &'a str, bounds: &mut Bounds) -> Payload<'a> {
    let mut pieces = Vec::new();
    let take = |packet| {
        bounds.admit(pieces.len())?;
        pieces.push(Piece::Text(Cow::Borrowed(packet)));
        Some(())
    };
    let complete = match revision {
        Revision::Three => split_by_length(body, take),
        Revision::Four => split_by_separator(body, take),
    };
    Payload { pieces, complete: complete.is_some() }
}

/// Whether lengths cover a body of revision 3 exactly.
pub(crate) fn is_complete_payload(body: &str) -> bool {
    split_by_length(body, |_| Some(())).is_some()
}

/// Splits a binary body, which only revision 3 has: a zero for text or a one for binary, the decimal digits of the length in bytes as
/// numbers, 255, and the packet.
///
/// | body | the originals | here |
/// | --- | --- | --- |
/// | nothing at all | no packet | same |
/// | a kind that is neither zero nor one | binary | stops |
/// | no digit, more than ten, one above nine, or no 255 | parse error, or never ends | stops |
/// | a length that goes past the end | what is there | stops |
/// | a length of zero | parse error | stops |
/// | text that is not UTF-8 | parse error | stops |
/// | half a surrogate pair in it, as clients of 1.x write it | is kept | U+FFFD |
/// | a binary of another type than a message | a packet of that type | stops |
///
/// | more packets than a payload may have | all of them | stops |
///
/// Text is a slice of the body if it is valid, and so is a binary that has most of it: a small one does not keep a large body.
pub(crate) fn decode_binary_payload<'a>(body: &'a Bytes, bounds: &mut Bounds) -> Payload<'a> {
    let mut pieces = Vec::new();
    let complete = split_binary(body, &mut pieces, bounds).is_some();
    Payload { pieces, complete }
}

/// Appends a payload that is text. To revision 3, lengths count what is sent, so text that was encoded twice counts as such.
///
/// Revision 4 has no way to say U+001E inside a packet; it goes out as U+FFFD, so nobody's text can pass for packets. There is none
/// in packets of Socket.IO, which are JSON.
pub(crate) fn encode_payload<'a>(
    revision: Revision,
    strings: Strings,
    packets: impl Iterator<Item = Outgoing<'a>>,
    out: &mut Vec<u8>,
) {
    for (index, packet) in packets.enumerate() {
        match (revision, packet) {
            (Revision::Three, Outgoing::Text(text)) => encode_with_length(strings, text, out),
            (Revision::Three, Outgoing::Binary(binary)) => {
                // Writing to a `Vec` does not fail.
                _ = write!(out, "{}:", BASE64.encode_len(binary.len()) + 2);
                encode_base64_message(revision, binary, out);
            }
            (Revision::Four, packet) => {
                if index > 0 {
                    out.push(SEPARATOR as u8);
                }
                match packet {
                    Outgoing::Text(text) => encode_without_separator(text, out),
                    Outgoing::Binary(binary) => encode_base64_message(revision, binary, out),
                }
            }
        }
    }
}

/// Appends a payload that is binary, for revision 3. Text in it is plain UTF-8 to every client.
pub(crate) fn encode_binary_payload<'a>(packets: impl Iterator<Item = Outgoing<'a>>, out: &mut Vec<u8>) {
    for packet in packets {
        match packet {
            Outgoing::Text(text) => {
                encode_binary_length(0, text.len(), out);
                out.extend_from_slice(text);
            }
            Outgoing::Binary(binary) => {
                encode_binary_length(1, binary.len() + 1, out);
                out.push(MESSAGE);
                out.extend_from_slice(binary);
            }
        }
    }
}

/// `None` when the body was not covered exactly.
fn split_by_length<'a>(body: &'a str, mut take: impl FnMut(&'a str) -> Option<()>) -> Option<()> {
    if body.is_empty() {
        return None;
    }
    let mut rest = body;
    while !rest.is_empty() {
        let digits = rest.bytes().take(MAX_LENGTH_DIGITS).take_while(u8::is_ascii_digit).count();
        let (length, behind) = rest.split_at(digits);
        let length = length.parse().ok()?;
        let behind = behind.strip_prefix(':')?;
        let (packet, behind) = behind.split_at(utf16::byte_index(behind, length)?);
        if behind.is_empty() && utf16::units(packet) < length {
            return None;
        }
        if !packet.is_empty() {
            take(packet)?;
        }
        rest = behind;
    }
    Some(())
}

fn split_by_separator<'a>(body: &'a str, mut take: impl FnMut(&'a str) -> Option<()>) -> Option<()> {
    for packet in body.split(SEPARATOR) {
        take(Some(packet).filter(|packet| !packet.is_empty())?)?;
    }
    Some(())
}

/// `None` when the body was not covered exactly.
fn split_binary<'a>(body: &'a Bytes, pieces: &mut Vec<Piece<'a>>, bounds: &mut Bounds) -> Option<()> {
    let mut start = 0;
    while let Some((kind, rest)) = body[start..].split_first() {
        let digits = rest.iter().take(MAX_LENGTH_DIGITS).take_while(|digit| **digit <= 9).count();
        if digits == 0 || rest.get(digits) != Some(&END_OF_LENGTH) {
            return None;
        }
        let length = rest[..digits]
            .iter()
            .try_fold(0_usize, |length, digit| length.checked_mul(10)?.checked_add(usize::from(*digit)))?;
        start += 1 + digits + 1;
        let end = start.checked_add(length).filter(|end| length > 0 && *end <= body.len())?;
        bounds.admit(pieces.len())?;
        pieces.push(match kind {
            0 => Piece::Text(text(&body[start..end])?),
            1 => Piece::Binary(behind_number(slice(body, start..end)).ok()?),
            _ => return None,
        });
        start = end;
    }
    Some(())
}

/// A part of the body, which keeps all of it only if that is not much more.
fn slice(body: &Bytes, range: Range<usize>) -> Bytes {
    if range.len() * 2 < body.len() { Bytes::copy_from_slice(&body[range]) } else { body.slice(range) }
}

fn text(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => utf16::from_generalized_utf8(bytes.to_vec()).map(Cow::Owned),
    }
}

fn encode_with_length(strings: Strings, text: &[u8], out: &mut Vec<u8>) {
    // Packets are made of text, so nothing is replaced here.
    let mut text = String::from_utf8_lossy(text);
    if strings == Strings::Double && !text.is_ascii() {
        text = Cow::Owned(double_utf8::encode(&text));
    }
    out.reserve(text.len() + 16);
    // Writing to a `Vec` does not fail.
    _ = write!(out, "{}:", utf16::units(&text));
    out.extend_from_slice(text.as_bytes());
}

fn encode_without_separator(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len());
    for (index, part) in text.split(|byte| *byte == SEPARATOR as u8).enumerate() {
        if index > 0 {
            out.extend_from_slice("\u{FFFD}".as_bytes());
        }
        out.extend_from_slice(part);
    }
}

/// Appends a binary message for a peer that takes no bytes.
pub(crate) fn encode_base64_message(revision: Revision, binary: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(if revision == Revision::Three { b"b4" } else { b"b" });
    encode_base64(binary, out);
}

fn encode_base64(binary: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + BASE64.encode_len(binary.len()), 0);
    BASE64.encode_mut(binary, &mut out[start..]);
}

fn encode_binary_length(kind: u8, length: usize, out: &mut Vec<u8>) {
    out.reserve(length + 16);
    out.push(kind);
    out.extend(length.to_string().bytes().map(|digit| digit - b'0'));
    out.push(END_OF_LENGTH);
}
