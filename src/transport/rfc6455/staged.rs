//! Frames on their way out.

use crate::transport::socket::Frame;
use bytes::{Buf, Bytes};
use std::{
    cell::Cell,
    collections::VecDeque,
    io, mem,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::AsyncWrite;

/// Payloads up to this size are copied behind one another, for one write; larger ones are written from where they are.
const JOINED: usize = 4 * 1024;
const SLICES: usize = 16;
/// The longest header of a frame that is not masked, and the byte before some payloads.
const HEADER: usize = 11;

const FINAL: u8 = 0x80;
const TEXT: u8 = 0x1;
const BINARY: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;

/// The largest buffer that is kept for the next connection of the same thread that has something to write.
const KEPT: usize = 16 * 1024;

thread_local! {
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Lets the next connection have a buffer that is no longer needed.
fn spare(mut buffer: Vec<u8>) {
    if buffer.capacity() <= KEPT {
        buffer.clear();
        SPARE.set(buffer);
    }
}

/// Frames that are to be written, the first of them perhaps in part.
#[derive(Debug, Default)]
pub(super) struct Staged {
    chunks: VecDeque<Bytes>,
    /// The chunk that is being filled, behind the others.
    joined: Vec<u8>,
}

impl Staged {
    pub(super) fn add(&mut self, frame: Frame<'_>) {
        match frame {
            Frame::Text(text) => self.add_shared(TEXT, None, text),
            Frame::Binary { kind, bytes } => self.add_shared(BINARY, kind, bytes),
            Frame::Ping => self.add_short(PING, &[]),
        }
    }

    /// Answers how many bytes that takes.
    pub(super) fn add_pong(&mut self, payload: &[u8]) -> usize {
        let before = self.joined.len();
        self.add_short(PONG, payload);
        self.joined.len() - before
    }

    pub(super) fn add_close(&mut self, code: Option<u16>) {
        match code {
            Some(code) => self.add_short(CLOSE, &code.to_be_bytes()),
            None => self.add_short(CLOSE, &[]),
        }
    }

    fn add_short(&mut self, opcode: u8, payload: &[u8]) {
        self.begin(opcode, payload.len(), payload.len());
        self.joined.extend_from_slice(payload);
    }

    fn add_shared(&mut self, opcode: u8, kind: Option<u8>, bytes: &Bytes) {
        let is_joined = bytes.len() <= JOINED;
        self.begin(opcode, bytes.len() + usize::from(kind.is_some()), if is_joined { bytes.len() } else { 0 });
        self.joined.extend(kind);
        if is_joined {
            self.joined.extend_from_slice(bytes);
        } else {
            self.seal();
            self.chunks.push_back(bytes.clone());
        }
    }

    /// Writes a header, and makes room for what will be copied behind it.
    fn begin(&mut self, opcode: u8, length: usize, copied: usize) {
        if self.joined.capacity() == 0 {
            self.joined = SPARE.take();
        }
        self.joined.reserve(HEADER + copied);
        self.joined.push(FINAL | opcode);
        match length {
            0..126 => self.joined.push(length as u8),
            126..0x1_0000 => {
                self.joined.push(126);
                self.joined.extend_from_slice(&(length as u16).to_be_bytes());
            }
            _ => {
                self.joined.push(127);
                self.joined.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
    }

    fn seal(&mut self) {
        let joined = mem::take(&mut self.joined);
        if joined.capacity() > KEPT {
            self.chunks.push_back(joined.into());
        } else {
            if !joined.is_empty() {
                self.chunks.push_back(Bytes::copy_from_slice(&joined));
            }
            spare(joined);
        }
    }

    /// Ready when nothing is left.
    pub(super) fn poll_write<S>(&mut self, stream: &mut S, context: &mut Context<'_>) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        while !self.chunks.is_empty() || !self.joined.is_empty() {
            let written = if self.chunks.is_empty() {
                match Pin::new(&mut *stream).poll_write(context, &self.joined) {
                    Poll::Ready(written) => written?,
                    Poll::Pending => {
                        // Whoever has to wait owns no more than it needs.
                        self.joined.shrink_to_fit();
                        return Poll::Pending;
                    }
                }
            } else {
                self.seal();
                let mut slices = [io::IoSlice::new(&[]); SLICES];
                let mut count = 0;
                for (slice, chunk) in slices.iter_mut().zip(&self.chunks) {
                    *slice = io::IoSlice::new(chunk);
                    count += 1;
                }
                let slices = slices.get(..count).unwrap_or_default();
                ready!(Pin::new(&mut *stream).poll_write_vectored(context, slices))?
            };
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.advance(written);
        }
        // An idle connection owns no buffer.
        self.chunks = VecDeque::new();
        Poll::Ready(Ok(()))
    }

    /// So much was written.
    fn advance(&mut self, mut written: usize) {
        if self.chunks.is_empty() && written >= self.joined.len() {
            spare(mem::take(&mut self.joined));
            return;
        }
        self.seal();
        while let Some(chunk) = self.chunks.front_mut() {
            if chunk.len() > written {
                chunk.advance(written);
                break;
            }
            written -= chunk.len();
            self.chunks.pop_front();
        }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.chunks.capacity() + self.joined.capacity()
    }
}
