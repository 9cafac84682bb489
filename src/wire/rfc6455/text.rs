//! Text that comes in pieces, which may end in the middle of a character.

use super::{Error, room};

/// The longest character in UTF-8.
const LONGEST: usize = 4;

#[derive(Debug, Default)]
pub(super) struct Text {
    text: String,
    /// The beginning of the character that the last piece broke off in.
    broken: Vec<u8>,
}

impl Text {
    /// In bytes.
    pub(super) fn len(&self) -> usize {
        self.text.len() + self.broken.len()
    }

    pub(super) fn capacity(&self) -> usize {
        self.text.capacity() + self.broken.capacity()
    }

    /// Adds a piece, behind which so many bytes are expected. Refuses the first byte that makes no character.
    pub(super) fn push(&mut self, mut piece: &[u8], expected: usize) -> Result<(), Error> {
        let wanted = piece.len() + self.broken.len();
        self.text.reserve_exact(room(self.text.len(), self.text.capacity(), wanted, expected));
        while !self.broken.is_empty() {
            let [byte, rest @ ..] = piece else { return Ok(()) };
            piece = rest;
            self.broken.push(*byte);
            match std::str::from_utf8(&self.broken) {
                Ok(character) => {
                    self.text.push_str(character);
                    self.broken = Vec::new();
                }
                Err(error) if error.error_len().is_some() => return Err(Error::NotUtf8),
                Err(_) => {}
            }
        }
        let valid = match std::str::from_utf8(piece) {
            Ok(text) => text,
            Err(error) if error.error_len().is_some() => return Err(Error::NotUtf8),
            Err(error) => {
                let (valid, broken) = piece.split_at(error.valid_up_to());
                self.broken.reserve_exact(LONGEST);
                self.broken.extend_from_slice(broken);
                std::str::from_utf8(valid).unwrap_or_default()
            }
        };
        self.text.push_str(valid);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<String, Error> {
        if self.broken.is_empty() { Ok(self.text) } else { Err(Error::NotUtf8) }
    }
}
