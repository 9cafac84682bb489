//! What stands before the payload of a frame.

use super::Error;
use std::ops::Range;

const FINAL: u8 = 0x80;
const RESERVED: u8 = 0x70;
const OPCODE: u8 = 0x0f;
const WHOLE_TEXT: u8 = FINAL | 0x1;
const MASKED: u8 = 0x80;
const LENGTH: u8 = 0x7f;
/// Two bytes, or eight, follow with the length.
const LENGTH_16: u8 = 126;
const LENGTH_64: u8 = 127;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opcode {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Opcode {
    fn of(byte: u8) -> Result<Self, Error> {
        Ok(match byte {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xa => Self::Pong,
            _ => return Err(Error::Protocol),
        })
    }

    pub(super) fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// Where the payload is, if the frame in front is a whole text, short and masked.
pub(super) fn short_text(bytes: &[u8]) -> Option<Range<usize>> {
    const START: usize = 6;
    match bytes {
        [WHOLE_TEXT, second, ..] if (MASKED..MASKED | LENGTH_16).contains(second) => {
            Some(START..START + usize::from(second & LENGTH))
        }
        _ => None,
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: Opcode,
    pub(super) is_final: bool,
    pub(super) length: u64,
    /// All zeros, which change nothing, where there is none.
    pub(super) mask: [u8; 4],
}

impl Header {
    /// The header at the front and its length in bytes; `None` when it has not fully come. What is wrong with its first
    /// bytes is told before the others have come.
    pub(super) fn parse(bytes: &[u8], takes_unmasked: bool) -> Result<Option<(Self, usize)>, Error> {
        let [first, behind @ ..] = bytes else { return Ok(None) };
        let opcode = Opcode::of(first & OPCODE)?;
        let is_final = first & FINAL != 0;
        if first & RESERVED != 0 || (opcode.is_control() && !is_final) {
            return Err(Error::Protocol);
        }
        let [second, behind @ ..] = behind else { return Ok(None) };
        let is_masked = second & MASKED != 0;
        let short = second & LENGTH;
        if (!is_masked && !takes_unmasked) || (opcode.is_control() && short >= LENGTH_16) {
            return Err(Error::Protocol);
        }
        let length = match short {
            LENGTH_16 => behind.split_first_chunk().map(|(long, rest)| (u16::from_be_bytes(*long).into(), rest)),
            LENGTH_64 => behind.split_first_chunk().map(|(long, rest)| (u64::from_be_bytes(*long), rest)),
            short => Some((short.into(), behind)),
        };
        let Some((length, mut behind)) = length else { return Ok(None) };
        let mut mask = [0; 4];
        if is_masked {
            let Some((masked, payload)) = behind.split_first_chunk() else { return Ok(None) };
            (mask, behind) = (*masked, payload);
        }
        Ok(Some((Self { opcode, is_final, length, mask }, bytes.len() - behind.len())))
    }
}
