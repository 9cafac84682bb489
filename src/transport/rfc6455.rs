//! RFC 6455 framing, by tokio-tungstenite.

use super::socket::{Broken, Frames};
use crate::session::DisconnectReason;
use bytes::Bytes;
use futures_util::{Sink, Stream};
use std::{
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
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
/// What is collected before it is written without being asked to.
const WRITE_BUFFER: usize = 64 * 1024;

pub(crate) struct Rfc6455<S> {
    stream: WebSocketStream<S>,
    /// What to tell a peer that broke the rules.
    complaint: CloseCode,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Rfc6455<S> {
    pub(crate) async fn new(stream: S, max_frame_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(WRITE_BUFFER)
            .max_write_buffer_size(usize::MAX)
            .max_message_size(Some(max_frame_bytes))
            .max_frame_size(Some(max_frame_bytes));
        let stream = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
        Self { stream, complaint: CloseCode::Protocol }
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
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<impl AsRef<str>>, Broken>> {
        loop {
            return Poll::Ready(match Pin::new(&mut self.stream).poll_next(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => Ok(None),
                Poll::Ready(Some(Ok(Message::Text(text)))) => Ok(Some(text)),
                // A close is followed by the end of the stream, once it is answered.
                Poll::Ready(Some(Ok(_))) => continue,
                Poll::Ready(Some(Err(Error::ConnectionClosed))) => Ok(None),
                Poll::Ready(Some(Err(error))) => Err(self.broken(error)),
            });
        }
    }

    fn queue(&mut self, text: Bytes) -> Result<(), Broken> {
        let text = Utf8Bytes::try_from(text).map_err(|_| Broken::Io)?;
        Pin::new(&mut self.stream).start_send(Message::Text(text)).map_err(|error| self.broken(error))
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        Pin::new(&mut self.stream).poll_flush(context).map_err(|error| self.broken(error))
    }

    async fn close(&mut self, reason: DisconnectReason) {
        let code = match reason {
            DisconnectReason::ProtocolError => self.complaint,
            _ => CloseCode::Normal,
        };
        let frame = CloseFrame { code, reason: Utf8Bytes::default() };
        if self.stream.close(Some(frame)).await.is_err() {
            return;
        }
        // Closing with the peer's bytes unread would reset the connection, and the reset overtakes the goodbye. Not
        // through tungstenite, which reads no more after an error.
        let stream = self.stream.get_mut();
        if stream.shutdown().await.is_ok() {
            let mut space = [0; READ_BUFFER];
            while matches!(stream.read(&mut space).await, Ok(1..)) {}
        }
    }
}
