//! The opening handshake: the answer to a client's key.

use data_encoding::BASE64;
use sha1::{Digest, Sha1};

/// What an answer adds to the key, so that nobody gives it who does not know the protocol.
const OF_THE_PROTOCOL: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `Sec-WebSocket-Accept` for that of `Sec-WebSocket-Key`.
pub(crate) fn handshake_answer(key: &[u8]) -> String {
    BASE64.encode(&Sha1::new().chain_update(key).chain_update(OF_THE_PROTOCOL).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_the_rfc_has_the_answer_of_the_rfc() {
        assert_eq!(handshake_answer(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
