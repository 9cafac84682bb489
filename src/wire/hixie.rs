//! WebSocket before RFC 6455: drafts hixie-75 and hixie-76.

mod decoder;
mod handshake;

pub(crate) use decoder::{Decoder, Error, Frame};
pub(crate) use handshake::{Opening, proof, response_75, response_76};

/// The closing handshake of draft 76, the same in both directions.
pub(crate) const CLOSE: [u8; 2] = [START_OF_CLOSE, 0x00];

const START_OF_TEXT: u8 = 0x00;
const END_OF_TEXT: u8 = 0xFF;
const START_OF_CLOSE: u8 = 0xFF;

/// Appends a text frame. UTF-8 has no byte that could end it early.
pub(crate) fn encode_text(text: &[u8], out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(START_OF_TEXT);
    out.extend_from_slice(text);
    out.push(END_OF_TEXT);
}
