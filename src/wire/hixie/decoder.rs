//! Frames out of a stream of bytes.

use super::{END_OF_TEXT, START_OF_CLOSE, START_OF_TEXT};

/// What a client sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A text frame; what was not UTF-8 in it is U+FFFD.
    Text(String),
    /// The closing handshake. Nothing comes after it.
    Close,
}

/// Why a stream cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// A frame of a type nobody sends.
    BadFrame,
    /// A text frame longer than allowed.
    TooLarge,
}

/// Cuts a stream of bytes into frames.
///
/// Feed it, then take frames until there are none. It looks at every byte once, and holds no memory between frames. After a close
/// frame or an error it takes no more bytes.
#[derive(Debug)]
pub(crate) struct Decoder {
    max_frame_bytes: usize,
    bytes: Vec<u8>,
    /// Where the frame that is being read starts in `bytes`.
    start: usize,
    /// Up to where `bytes` has been searched for the end of that frame.
    searched: usize,
    end: Option<End>,
}

/// How a stream came to its end.
#[derive(Debug, Clone, Copy)]
enum End {
    Closed,
    Failed(Error),
}

impl Decoder {
    /// A decoder that refuses frames of more than `max_frame_bytes` bytes of text.
    pub(crate) fn new(max_frame_bytes: usize) -> Self {
        Self { max_frame_bytes, bytes: Vec::new(), start: 0, searched: 0, end: None }
    }

    /// Takes the next bytes of the stream.
    pub(crate) fn feed(&mut self, bytes: &[u8]) {
        if self.end.is_some() {
            return;
        }
        self.compact();
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, `None` when it has not fully arrived.
    pub(crate) fn next_frame(&mut self) -> Result<Option<Frame>, Error> {
        match self.end {
            Some(End::Closed) => return Ok(None),
            Some(End::Failed(error)) => return Err(error),
            None => {}
        }
        let frame = self.read_frame();
        match &frame {
            Ok(Some(Frame::Close)) => self.finish(End::Closed),
            Err(error) => self.finish(End::Failed(*error)),
            Ok(_) if self.start == self.bytes.len() => self.clear(),
            Ok(_) => {}
        }
        frame
    }

    /// Lets go of what has come of a frame whose end nobody will wait for. Nothing comes after it.
    pub(crate) fn give_up(&mut self) {
        self.finish(End::Closed);
    }

    /// Whether no frame has begun.
    pub(crate) fn is_idle(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// How much memory is held for what has come.
    pub(crate) fn held_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    fn read_frame(&mut self) -> Result<Option<Frame>, Error> {
        match self.bytes[self.start..] {
            [START_OF_TEXT, ..] => self.read_text(),
            [] | [START_OF_CLOSE] => Ok(None),
            [START_OF_CLOSE, 0x00, ..] => Ok(Some(Frame::Close)),
            // Binary frames with a length, and types that were never given a meaning.
            _ => Err(Error::BadFrame),
        }
    }

    fn read_text(&mut self) -> Result<Option<Frame>, Error> {
        let text_start = self.start + 1;
        let search_start = self.searched.max(text_start);
        let found = self.bytes[search_start..].iter().position(|byte| *byte == END_OF_TEXT);
        let text_end = found.map_or(self.bytes.len(), |offset| search_start + offset);
        let text = &self.bytes[text_start..text_end];
        if text.len() > self.max_frame_bytes {
            return Err(Error::TooLarge);
        }
        self.searched = text_end;
        if found.is_none() {
            return Ok(None);
        }
        self.start = text_end + 1;
        Ok(Some(Frame::Text(String::from_utf8_lossy(text).into_owned())))
    }

    /// Drops the frames already taken once they are the larger part, so that moving the rest costs less than reading them did.
    fn compact(&mut self) {
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.searched = self.searched.saturating_sub(self.start);
            self.start = 0;
        }
    }

    fn clear(&mut self) {
        self.bytes = Vec::new();
        self.start = 0;
        self.searched = 0;
    }

    fn finish(&mut self, end: End) {
        self.clear();
        self.end = Some(end);
    }
}

#[cfg(test)]
mod tests;
