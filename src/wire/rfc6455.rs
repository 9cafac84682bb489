//! WebSocket as of RFC 6455, and of the drafts hybi-07 to 17 whose frames are the same: what a client sends.

mod handshake;
mod header;
mod text;

pub(crate) use handshake::handshake_answer;
use header::{Header, Opcode};
use std::borrow::Cow;
use text::Text;

/// What a client says. What came in one piece is borrowed from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Message<'a> {
    Text(Cow<'a, str>),
    Binary(Cow<'a, [u8]>),
    Ping(Vec<u8>),
    Pong,
    /// Goodbye, with the code to answer it with if there was one. Nothing comes after it.
    Close(Option<u16>),
}

#[cfg(any(fuzzing, test))]
impl Message<'_> {
    pub(crate) fn into_owned(self) -> Message<'static> {
        match self {
            Self::Text(text) => Message::Text(Cow::Owned(text.into_owned())),
            Self::Binary(bytes) => Message::Binary(Cow::Owned(bytes.into_owned())),
            Self::Ping(payload) => Message::Ping(payload),
            Self::Pong => Message::Pong,
            Self::Close(code) => Message::Close(code),
        }
    }
}

/// Why a stream cannot be read any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Error {
    /// A frame against the rules.
    Protocol,
    /// A text, or the reason of a goodbye, that is not UTF-8.
    NotUtf8,
    /// A message longer than allowed.
    TooLarge,
}

impl Error {
    /// The code that tells the peer.
    pub(crate) fn close_code(self) -> u16 {
        match self {
            Self::Protocol => close_code::PROTOCOL,
            Self::NotUtf8 => close_code::INVALID,
            Self::TooLarge => close_code::TOO_LARGE,
        }
    }
}

/// Codes of close frames.
pub(crate) mod close_code {
    pub(crate) const NORMAL: u16 = 1000;
    pub(crate) const PROTOCOL: u16 = 1002;
    pub(crate) const INVALID: u16 = 1007;
    pub(crate) const POLICY: u16 = 1008;
    pub(crate) const TOO_LARGE: u16 = 1009;
    pub(crate) const TRY_AGAIN: u16 = 1013;

    /// Whether a peer may send it. Others are not assigned, or stand for what no frame can say.
    pub(super) fn may_be_sent(code: u16) -> bool {
        matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999)
    }
}

/// Makes messages of a stream of bytes, wherever it is cut.
///
/// It holds what has come of a message, never more than twice as much, and nothing between messages: what a header
/// announces is only compared with what is allowed. After a goodbye or an error it must be given no more.
#[derive(Debug)]
pub(crate) struct Decoder {
    max_message_bytes: usize,
    takes_unmasked: bool,
    /// What has come of a header, or of the payload of a control frame.
    part: Vec<u8>,
    frame: Option<Frame>,
    /// What has come of a message of several pieces.
    message: Option<Assembly>,
}

/// A frame whose payload has not come to its end.
#[derive(Debug)]
struct Frame {
    opcode: Opcode,
    is_final: bool,
    remaining: usize,
    /// As it has to be applied to the next byte.
    mask: [u8; 4],
}

#[derive(Debug)]
enum Assembly {
    Text(Text),
    Binary(Vec<u8>),
}

impl Decoder {
    /// A decoder that refuses messages of more than `max_message_bytes` bytes, all frames together.
    pub(crate) fn new(max_message_bytes: usize, takes_unmasked: bool) -> Self {
        Self { max_message_bytes, takes_unmasked, part: Vec::new(), frame: None, message: None }
    }

    /// The next message, `None` when `input` has come to its end before. What is left of `input` lies behind the
    /// message; the part before has been overwritten.
    pub(crate) fn decode<'a>(&mut self, input: &mut &'a mut [u8]) -> Result<Option<Message<'a>>, Error> {
        if let Some(payload) = self.take_short_text(input) {
            return read_text(payload).map(Some);
        }
        loop {
            let mut frame = match self.frame.take() {
                Some(frame) => frame,
                None => match self.read_header(input)? {
                    Some(header) => self.begin(&header)?,
                    None => return Ok(None),
                },
            };
            let piece = split_off(input, frame.remaining);
            frame.remaining -= piece.len();
            unmask(piece, &mut frame.mask);
            let piece = &*piece;
            let message = match frame.opcode {
                Opcode::Continuation | Opcode::Text | Opcode::Binary => self.read_data(&frame, piece)?,
                Opcode::Close | Opcode::Ping | Opcode::Pong => self.read_control(&frame, piece)?,
            };
            if frame.remaining > 0 {
                self.frame = Some(frame);
                return Ok(None);
            }
            if message.is_some() {
                return Ok(message);
            }
        }
    }

    /// Whether the last message came to its end, and none has begun.
    pub(crate) fn is_idle(&self) -> bool {
        self.part.is_empty() && self.frame.is_none() && self.message.is_none()
    }

    /// Lets go of what has come of a message whose end nobody will wait for.
    pub(crate) fn forget(&mut self) {
        self.part = Vec::new();
        self.frame = None;
        self.message = None;
    }

    /// How much memory is held for what has come.
    pub(crate) fn held_bytes(&self) -> usize {
        let assembled = match &self.message {
            Some(Assembly::Text(text)) => text.capacity(),
            Some(Assembly::Binary(bytes)) => bytes.capacity(),
            None => 0,
        };
        assembled + self.part.capacity()
    }

    /// The payload of the frame in front, when it is all of a short text, and nothing has come of another message: most
    /// are. What comes otherwise is judged elsewhere.
    fn take_short_text<'a>(&self, input: &mut &'a mut [u8]) -> Option<&'a [u8]> {
        let payload = header::short_text(input)?;
        let fits = payload.len() <= self.max_message_bytes && payload.end <= input.len();
        if !fits || !self.is_idle() {
            return None;
        }
        let (header, payload) = split_off(input, payload.end).split_at_mut(payload.start);
        unmask(payload, header.last_chunk_mut()?);
        Some(payload)
    }

    fn read_header(&mut self, input: &mut &mut [u8]) -> Result<Option<Header>, Error> {
        if self.part.is_empty() {
            if let Some((header, length)) = Header::parse(input, self.takes_unmasked)? {
                split_off(input, length);
                return Ok(Some(header));
            }
        }
        while let [byte] = split_off(input, 1) {
            self.part.push(*byte);
            if let Some((header, _)) = Header::parse(&self.part, self.takes_unmasked)? {
                self.part = Vec::new();
                return Ok(Some(header));
            }
        }
        Ok(None)
    }

    fn begin(&mut self, header: &Header) -> Result<Frame, Error> {
        let assembled = match (header.opcode, &self.message) {
            (Opcode::Close | Opcode::Ping | Opcode::Pong, _) | (Opcode::Text | Opcode::Binary, None) => 0,
            (Opcode::Continuation, Some(Assembly::Text(text))) => text.len(),
            (Opcode::Continuation, Some(Assembly::Binary(bytes))) => bytes.len(),
            (Opcode::Continuation, None) | (Opcode::Text | Opcode::Binary, Some(_)) => return Err(Error::Protocol),
        };
        let remaining = usize::try_from(header.length).map_err(|_| Error::TooLarge)?;
        if !header.opcode.is_control() && remaining > self.max_message_bytes.saturating_sub(assembled) {
            return Err(Error::TooLarge);
        }
        Ok(Frame { opcode: header.opcode, is_final: header.is_final, remaining, mask: header.mask })
    }

    fn read_data<'a>(&mut self, frame: &Frame, piece: &'a [u8]) -> Result<Option<Message<'a>>, Error> {
        let is_last = frame.is_final && frame.remaining == 0;
        let message = match &mut self.message {
            Some(message) => message,
            // Most messages are one frame that has come as one piece.
            None if is_last && frame.opcode == Opcode::Text => {
                return read_text(piece).map(Some);
            }
            None if is_last => return Ok(Some(Message::Binary(Cow::Borrowed(piece)))),
            None if frame.opcode == Opcode::Text => self.message.insert(Assembly::Text(Text::default())),
            None => self.message.insert(Assembly::Binary(Vec::new())),
        };
        // Nobody knows how many frames follow.
        let expected = if frame.is_final { frame.remaining } else { usize::MAX };
        match message {
            Assembly::Text(text) => text.push(piece, expected)?,
            Assembly::Binary(bytes) => {
                bytes.reserve_exact(room(bytes.len(), bytes.capacity(), piece.len(), expected));
                bytes.extend_from_slice(piece);
            }
        }
        if !is_last {
            return Ok(None);
        }
        Ok(match self.message.take() {
            Some(Assembly::Text(text)) => Some(Message::Text(Cow::Owned(text.finish()?))),
            Some(Assembly::Binary(bytes)) => Some(Message::Binary(Cow::Owned(bytes))),
            None => None,
        })
    }

    fn read_control(&mut self, frame: &Frame, piece: &[u8]) -> Result<Option<Message<'static>>, Error> {
        if frame.remaining > 0 {
            self.part.extend_from_slice(piece);
            return Ok(None);
        }
        let mut payload = std::mem::take(&mut self.part);
        payload.extend_from_slice(piece);
        Ok(Some(match frame.opcode {
            Opcode::Ping => Message::Ping(payload),
            Opcode::Pong => Message::Pong,
            _ => Message::Close(read_close(&payload)?),
        }))
    }
}

fn read_text(payload: &[u8]) -> Result<Message<'_>, Error> {
    let text = std::str::from_utf8(payload).map_err(|_| Error::NotUtf8)?;
    Ok(Message::Text(Cow::Borrowed(text)))
}

/// The code to answer a goodbye with.
fn read_close(payload: &[u8]) -> Result<Option<u16>, Error> {
    match payload {
        [] => Ok(None),
        [_] => Err(Error::Protocol),
        [high, low, reason @ ..] => {
            std::str::from_utf8(reason).map_err(|_| Error::NotUtf8)?;
            let code = u16::from_be_bytes([*high, *low]);
            Ok(Some(if close_code::may_be_sent(code) { code } else { close_code::PROTOCOL }))
        }
    }
}

/// Up to `length` bytes from the front of the input.
fn split_off<'a>(input: &mut &'a mut [u8], length: usize) -> &'a mut [u8] {
    let whole = std::mem::take(input);
    let (piece, rest) = whole.split_at_mut(length.min(whole.len()));
    *input = rest;
    piece
}

/// How much room to reserve for a piece: as if it were twice what has come, but no more than is expected behind it.
fn room(length: usize, capacity: usize, piece: usize, expected: usize) -> usize {
    if capacity - length >= piece { 0 } else { piece + expected.min(length.max(piece)) }
}

/// Takes the mask off, and turns it on to the byte behind.
fn unmask(bytes: &mut [u8], mask: &mut [u8; 4]) {
    if *mask == [0; 4] {
        return;
    }
    let [a, b, c, d] = *mask;
    // A word of the machine at a time.
    let wide = u128::from_ne_bytes([a, b, c, d, a, b, c, d, a, b, c, d, a, b, c, d]);
    let mut chunks = bytes.chunks_exact_mut(16);
    for chunk in &mut chunks {
        if let Ok(array) = <&mut [u8; 16]>::try_from(chunk) {
            *array = (u128::from_ne_bytes(*array) ^ wide).to_ne_bytes();
        }
    }
    let mut chunks = chunks.into_remainder().chunks_exact_mut(4);
    for chunk in &mut chunks {
        if let Ok(array) = <&mut [u8; 4]>::try_from(chunk) {
            *array = (u32::from_ne_bytes(*array) ^ u32::from_ne_bytes(*mask)).to_ne_bytes();
        }
    }
    let rest = chunks.into_remainder();
    for (byte, mask) in rest.iter_mut().zip(*mask) {
        *byte ^= mask;
    }
    mask.rotate_left(rest.len());
}

#[cfg(test)]
mod tests;
