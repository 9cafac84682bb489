//! RFC 6455 framing. tokio-tungstenite reads, and answers pings and goodbyes; our own frames go past it.
//!
//! A server's frame is a few bytes and the payload, which all receivers of a broadcast share. tungstenite would copy
//! it into a buffer that never shrinks, so the frames are written from where they are. Both write to one stream:
//! [`Gate`] lets tungstenite's bytes through only between our frames, and our frames begin only when tungstenite has
//! nothing half written.

use super::{
    goodbye::close_gently,
    socket::{Broken, Frame, Frames, Received},
};
use crate::session::DisconnectReason;
use bytes::{Buf, Bytes};
use futures_util::{Sink, Stream};
use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message, Utf8Bytes,
        error::{CapacityError, ProtocolError},
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// What is read at once. It is owned by every connection, busy or idle, so it is small.
const READ_BUFFER: usize = 1024;
/// Room for answers to pings that the peer does not read; when it is full only the latest is kept.
const ANSWERS: usize = 4 * 1024;
/// Payloads up to this size are copied behind one another, for one write; larger ones are written from where they are.
const JOINED: usize = 4 * 1024;
const SLICES: usize = 16;

pub(crate) struct Rfc6455<S> {
    stream: WebSocketStream<Gate<S>>,
    /// Frames for the next write.
    staged: Staged,
    /// What to tell a peer that broke the rules.
    complaint: CloseCode,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rfc6455<S> {
    /// The servers of the packets generation took frames that were not masked, so such clients may exist.
    pub(crate) async fn new(stream: S, max_frame_bytes: usize, accept_unmasked: bool) -> Self {
        let config = WebSocketConfig::default()
            .accept_unmasked_frames(accept_unmasked)
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(ANSWERS)
            .max_message_size(Some(max_frame_bytes))
            .max_frame_size(Some(max_frame_bytes));
        let gate = Gate { stream, frames: VecDeque::new() };
        let stream = WebSocketStream::from_raw_socket(gate, Role::Server, Some(config)).await;
        Self { stream, staged: Staged::default(), complaint: CloseCode::Protocol }
    }

    fn broken(&mut self, error: Error) -> Broken {
        self.complaint = match &error {
            Error::Io(_) | Error::ConnectionClosed | Error::AlreadyClosed => return Broken::Io,
            // A peer that hung up, or said goodbye while we were speaking, broke no rule of ours.
            Error::Protocol(ProtocolError::ResetWithoutClosingHandshake | ProtocolError::SendAfterClosing) => {
                return Broken::Io;
            }
            Error::Utf8(_) => CloseCode::Invalid,
            Error::Capacity(CapacityError::MessageTooLong { .. }) => CloseCode::Size,
            _ => CloseCode::Protocol,
        };
        Broken::Protocol
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Frames for Rfc6455<S> {
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Received<impl AsRef<str>>>, Broken>> {
        loop {
            return Poll::Ready(match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => Ok(None),
                Poll::Ready(Some(Ok(Message::Text(text)))) => Ok(Some(Received::Text(text))),
                Poll::Ready(Some(Ok(Message::Binary(bytes)))) => Ok(Some(Received::Binary(bytes))),
                Poll::Ready(Some(Ok(Message::Pong(_)))) => Ok(Some(Received::Pong)),
                // A close is followed by the end of the stream, once it is answered.
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(Error::ConnectionClosed))) => Ok(None),
                Poll::Ready(Some(Err(error))) => Err(self.broken(error)),
            });
        }
    }

    fn queue(&mut self, frame: Frame) -> Result<(), Broken> {
        self.staged.add(frame);
        Ok(())
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            ready!(self.stream.get_mut().poll_frames(context)).map_err(|_| Broken::Io)?;
            ready!(Pin::new(&mut self.stream).poll_flush(context)).map_err(|error| self.broken(error))?;
            // Nothing is half written now.
            if self.staged.is_empty() {
                return Poll::Ready(Ok(()));
            }
            self.stream.get_mut().frames = self.staged.take();
        }
    }

    async fn close(&mut self, reason: DisconnectReason) {
        let code = match reason {
            DisconnectReason::ProtocolError => self.complaint,
            _ => CloseCode::Normal,
        };
        let frame = CloseFrame { code, reason: Utf8Bytes::default() };
        if self.stream.close(Some(frame)).await.is_ok() {
            // Not through tungstenite, which reads no more after an error.
            close_gently(self.stream.get_mut()).await;
        }
    }
}

/// Frames, ready to be written.
#[derive(Debug, Default)]
struct Staged {
    chunks: VecDeque<Bytes>,
    /// The chunk that is being filled.
    joined: Vec<u8>,
}

impl Staged {
    fn is_empty(&self) -> bool {
        self.chunks.is_empty() && self.joined.is_empty()
    }

    fn add(&mut self, frame: Frame) {
        const FINAL: u8 = 0x80;
        let (opcode, kind, bytes) = match frame {
            Frame::Text(text) => (1, None, text),
            Frame::Binary { kind, bytes } => (2, kind, bytes),
            Frame::Ping => (9, None, Bytes::new()),
        };
        self.joined.push(FINAL | opcode);
        match bytes.len() + usize::from(kind.is_some()) {
            length @ 0..126 => self.joined.push(length as u8),
            length @ 126..0x1_0000 => {
                self.joined.push(126);
                self.joined.extend_from_slice(&(length as u16).to_be_bytes());
            }
            length => {
                self.joined.push(127);
                self.joined.extend_from_slice(&(length as u64).to_be_bytes());
            }
        }
        self.joined.extend(kind);
        if bytes.len() <= JOINED {
            self.joined.extend_from_slice(&bytes);
        } else {
            self.seal();
            self.chunks.push_back(bytes);
        }
    }

    fn seal(&mut self) {
        if !self.joined.is_empty() {
            self.chunks.push_back(std::mem::take(&mut self.joined).into());
        }
    }

    fn take(&mut self) -> VecDeque<Bytes> {
        self.seal();
        std::mem::take(&mut self.chunks)
    }
}

/// The stream under tungstenite, closed to it while frames of ours are on their way.
struct Gate<S> {
    stream: S,
    frames: VecDeque<Bytes>,
}

impl<S: AsyncWrite + Unpin> Gate<S> {
    /// Ready when none of our frames is left.
    fn poll_frames(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.frames.is_empty() {
            let mut slices = [io::IoSlice::new(&[]); SLICES];
            let mut count = 0;
            for (slice, chunk) in slices.iter_mut().zip(&self.frames) {
                *slice = io::IoSlice::new(chunk);
                count += 1;
            }
            let slices = slices.get(..count).unwrap_or(&[]);
            let mut written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            while let Some(chunk) = self.frames.front_mut() {
                if chunk.len() > written {
                    chunk.advance(written);
                    break;
                }
                written -= chunk.len();
                self.frames.pop_front();
            }
        }
        // An idle connection owns no buffer.
        self.frames = VecDeque::new();
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Gate<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gate<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_frames(context))?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_frames(context))?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_frames(context))?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::{SinkExt, StreamExt};
    use std::future::poll_fn;
    use tokio::io::duplex;

    type Client = WebSocketStream<tokio::io::DuplexStream>;

    /// Two ends with so many bytes of room between them.
    async fn pair(room: usize) -> (Rfc6455<tokio::io::DuplexStream>, Client) {
        let (server, client) = duplex(room);
        let client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
        (Rfc6455::new(server, 1 << 20, false).await, client)
    }

    #[tokio::test]
    async fn texts_of_every_length_arrive_as_one_frame_each() {
        let (mut server, mut client) = pair(1000).await;
        let texts: Vec<String> =
            [0, 1, 125, 126, JOINED, JOINED + 1, 65_535, 65_536, 300_000].map(|length| "x".repeat(length)).into();
        for text in &texts {
            server.queue(Frame::Text(text.clone().into())).unwrap();
        }
        let writing = tokio::spawn(async move {
            poll_fn(|context| server.poll_flush(context)).await.unwrap();
            server
        });
        for text in texts {
            assert_eq!(client.next().await.unwrap().unwrap(), Message::Text(text.into()));
        }
        let mut server = writing.await.unwrap();
        assert!(server.staged.chunks.capacity() + server.staged.joined.capacity() == 0);
        assert_eq!(server.stream.get_mut().frames.capacity(), 0, "an idle connection owns no buffer");
    }

    #[tokio::test]
    async fn an_answer_to_a_ping_waits_for_the_end_of_a_frame() {
        let (mut server, mut client) = pair(1000).await;
        let large = "x".repeat(100_000);
        server.queue(Frame::Text(large.clone().into())).unwrap();
        let blocked = poll_fn(|context| Poll::Ready(server.poll_flush(context).is_pending())).await;
        assert!(blocked, "the frame is half written");
        client.send(Message::Ping(Bytes::from_static(b"now"))).await.unwrap();
        let serving = tokio::spawn(async move {
            poll_fn(|context| {
                let _ = server.poll_flush(context);
                server.poll_receive(context).map(|received| received.map(|text| text.is_some()))
            })
            .await
        });
        assert_eq!(client.next().await.unwrap().unwrap(), Message::Text(large.into()));
        assert_eq!(client.next().await.unwrap().unwrap(), Message::Pong(Bytes::from_static(b"now")));
        client.close(None).await.unwrap();
        assert!(matches!(serving.await.unwrap(), Ok(false)), "the peer said goodbye");
    }

    #[tokio::test]
    async fn pings_of_a_peer_that_reads_nothing_take_no_memory() {
        let (mut server, mut client) = pair(100_000).await;
        for _ in 0..2000 {
            client.send(Message::Ping(vec![0; 125].into())).await.unwrap();
            let pending = poll_fn(|context| Poll::Ready(server.poll_receive(context).is_pending())).await;
            assert!(pending, "no ping ends the connection");
        }
    }
}
