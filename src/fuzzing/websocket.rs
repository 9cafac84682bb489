//! Frames of RFC 6455.

use crate::wire::rfc6455::{Decoder, Error, Message};

const MAX_MESSAGE_BYTES: usize = 1000;

/// A stream of frames, wherever it is cut. A stream whose first byte is odd is one of a client that masks nothing.
pub fn websocket(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let takes_unmasked = first & 1 == 1;
    let whole = messages(bytes, bytes.len().max(1), takes_unmasked);
    for piece in [1, 2, 3, 7] {
        assert_eq!(messages(bytes, piece, takes_unmasked), whole, "in pieces of {piece}");
    }
    for message in &whole.0 {
        match message {
            Message::Text(text) => assert!(text.len() <= MAX_MESSAGE_BYTES),
            Message::Binary(bytes) => assert!(bytes.len() <= MAX_MESSAGE_BYTES),
            Message::Ping(_) | Message::Close(_) | Message::Pong => {}
        }
    }
}

fn messages(bytes: &[u8], piece: usize, takes_unmasked: bool) -> (Vec<Message<'static>>, Option<Error>) {
    let mut decoder = Decoder::new(MAX_MESSAGE_BYTES, takes_unmasked);
    let (mut messages, mut came) = (Vec::new(), 0);
    for piece in bytes.chunks(piece) {
        came += piece.len();
        let mut piece = piece.to_vec();
        let mut rest = &mut piece[..];
        loop {
            match decoder.decode(&mut rest) {
                Ok(Some(message)) => {
                    let is_over = matches!(message, Message::Close(_));
                    messages.push(message.into_owned());
                    if is_over {
                        return (messages, None);
                    }
                }
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        assert!(rest.is_empty());
        assert!(decoder.held_bytes() <= 2 * came + 64, "nothing is kept for what has only been announced");
    }
    (messages, None)
}
