//! Engine.IO of Socket.IO 1.x to 4.x: one packet, which is a digit and data. Several in one body are in [`payload`].
//!
//! Revisions 2 and 3 share everything here; revision 4 only writes binaries in another way. What strings go through in clients of 1.x
//! is undone elsewhere, in [`double_utf8`](super::double_utf8).

use bytes::Bytes;
use data_encoding::BASE64_NOPAD;
use std::borrow::Cow;

use super::{put, script};

mod payload;

pub(crate) use payload::{
    Outgoing, Payload, Piece, decode_binary_payload, decode_payload, encode_base64_message, encode_binary_payload,
    encode_payload, is_complete_payload,
};

/// The session ends.
pub(crate) const CLOSE: &str = "1";
/// A heartbeat.
pub(crate) const PING: &str = "2";
/// The answer to one.
pub(crate) const PONG: &str = "3";
/// What a client tries out another transport with.
pub(crate) const PROBE: &str = "2probe";
/// The answer to that, on the same transport.
pub(crate) const PROBE_ANSWER: &str = "3probe";
/// The client has left its former transport.
pub(crate) const UPGRADE: &str = "5";
/// Nothing: what a poll ends with that is no longer needed.
pub(crate) const NOOP: &str = "6";

/// The type of a message, which is a number in a binary of revision 3.
pub(crate) const MESSAGE: u8 = 4;

/// How a peer frames packets (`docs/wire/engine.md` §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Revision {
    /// `EIO=2`, `EIO=3` and none at all: Socket.IO 1.x and 2.x. The client sends the heartbeats.
    Three,
    /// `EIO=4`: Socket.IO 3.x and 4.x. The server sends them.
    Four,
}

/// What was read follows no rule of the protocol. The session it came in is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// A decoded packet. It borrows from the text it was decoded from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packet<'a> {
    /// `0`: only servers send it.
    Open,
    /// `1`: the session ends.
    Close,
    /// `2`, with whatever it carries, as `probe`.
    Ping(Cow<'a, str>),
    /// `3`
    Pong(Cow<'a, str>),
    /// `4`: a message that is text.
    Text(Cow<'a, str>),
    /// `4`: a message that is binary.
    Binary(Bytes),
    /// `5`: from here on the client sends by this transport.
    Upgrade,
    /// `6`
    Noop,
}

/// Decodes the packet in a WebSocket's text frame or in a piece of a payload.
///
/// | text | the originals | here |
/// | --- | --- | --- |
/// | nothing, or no digit of a type in front | parse error | malformed |
/// | `b4` and base64 (revision 3), `b` and base64 (revision 4) | a binary message | same |
/// | `b2AA==` in revision 3: another type with binary | a ping that carries binary | malformed |
/// | what is no base64, or has only a part of its padding | what can be made of it | malformed |
/// | data where a type has none: `1x`, `5x`, `6x` | ignored | same |
pub(crate) fn decode_text(revision: Revision, text: Cow<'_, str>) -> Result<Packet<'_>, Malformed> {
    Ok(match text.as_bytes().first() {
        Some(b'0') => Packet::Open,
        Some(b'1') => Packet::Close,
        Some(b'2') => Packet::Ping(behind_type(text)),
        Some(b'3') => Packet::Pong(behind_type(text)),
        Some(b'4') => Packet::Text(behind_type(text)),
        Some(b'5') => Packet::Upgrade,
        Some(b'6') => Packet::Noop,
        Some(b'b') => {
            let data = match revision {
                Revision::Three => text.strip_prefix("b4").ok_or(Malformed)?,
                Revision::Four => &text[1..],
            };
            Packet::Binary(decode_base64(data)?)
        }
        _ => return Err(Malformed),
    })
}

/// Decodes the packet in a WebSocket's binary frame. Only messages are binary.
///
/// Revision 3 has the number of the type in front, which is not the digit; the originals know packets of other types there as well,
/// but nobody sends them.
pub(crate) fn decode_binary(revision: Revision, frame: Bytes) -> Result<Packet<'static>, Malformed> {
    match revision {
        Revision::Three => behind_number(frame).map(Packet::Binary),
        Revision::Four => Ok(Packet::Binary(frame)),
    }
}

/// Appends the packet that opens a session. Times are in milliseconds.
pub(crate) fn encode_open(
    sid: &str,
    upgrades: &[&str],
    ping_interval: u64,
    ping_timeout: u64,
    max_payload: usize,
    out: &mut Vec<u8>,
) {
    // Room for all of it, as it usually is.
    put::reserve(out, 160);
    out.extend_from_slice(b"0{\"sid\":");
    script::encode_json_string(sid, out);
    out.extend_from_slice(b",\"upgrades\":[");
    for (index, upgrade) in upgrades.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        script::encode_json_string(upgrade, out);
    }
    for (name, number) in [
        (&b"],\"pingInterval\":"[..], ping_interval),
        (b",\"pingTimeout\":", ping_timeout),
        (b",\"maxPayload\":", max_payload as u64),
    ] {
        out.extend_from_slice(name);
        put::decimal(number, out);
    }
    out.push(b'}');
}

/// What follows the type. Borrowed text stays borrowed.
fn behind_type(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[1..]),
        Cow::Owned(mut text) => {
            text.remove(0);
            Cow::Owned(text)
        }
    }
}

/// What follows the number of the type in a binary of revision 3.
fn behind_number(mut binary: Bytes) -> Result<Bytes, Malformed> {
    if binary.first() != Some(&MESSAGE) {
        return Err(Malformed);
    }
    Ok(binary.split_off(1))
}

/// Padding is all there or not at all.
fn decode_base64(text: &str) -> Result<Bytes, Malformed> {
    let text = text.as_bytes();
    let digits = match text {
        _ if text.len() % 4 != 0 => text,
        [digits @ .., b'=', b'='] | [digits @ .., b'='] => digits,
        _ => text,
    };
    BASE64_NOPAD.decode(digits).map(Bytes::from).map_err(|_| Malformed)
}

#[cfg(test)]
mod tests;
