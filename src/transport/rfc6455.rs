//! RFC 6455 framing over a byte stream.
//!
//! A connection that has nothing to say owns no buffer, in either direction. What comes is read to the stack; a
//! server's frame is a few bytes and the payload, which all receivers of a broadcast share, so it is written from where
//! it is.

use super::{
    goodbye::close_gently,
    patience::Begun,
    socket::{Broken, Frame, Frames, Received},
};
use crate::{
    client::Received as Waiting,
    listener::Budget,
    session::DisconnectReason,
    wire::rfc6455::{Decoder, Error, Message, close_code},
};
use bytes::{Buf, BytesMut};
use std::{
    future::poll_fn,
    mem::MaybeUninit,
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

mod staged;

use staged::Staged;

/// What is read at once, in bytes.
const READ_SIZE: usize = 8 * 1024;
/// Room for answers to pings that the peer does not read, in bytes; when it is full only the latest is kept.
const ANSWERS: usize = 4 * 1024;

pub(crate) struct Rfc6455<S> {
    stream: S,
    decoder: Decoder,
    /// What was read behind the last message.
    behind: BytesMut,
    begun: Begun,
    staged: Staged,
    /// How much of that is answers to pings, at most.
    answers: usize,
    /// The latest ping, while there is no room for its answer.
    unanswered: Option<Vec<u8>>,
    peer: Peer,
    /// What to tell a peer that broke the rules.
    complaint: u16,
}

/// What the peer is known to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    Speaks,
    /// It has said goodbye; the answer is on its way.
    Leaves,
    /// It has said goodbye and can read the answer.
    Left,
    HungUp,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Rfc6455<S> {
    /// The servers of the packets generation took frames that were not masked, so such clients may exist.
    pub(crate) fn new(stream: S, budget: &Budget, waiting: &Arc<Waiting>, takes_unmasked: bool) -> Self {
        Self {
            stream,
            decoder: Decoder::new(budget.max_frame_bytes, takes_unmasked),
            behind: BytesMut::new(),
            begun: Begun::nothing(budget, waiting),
            staged: Staged::default(),
            answers: 0,
            unanswered: None,
            peer: Peer::Speaks,
            complaint: close_code::NORMAL,
        }
    }

    /// What was read behind the handshake comes first.
    pub(crate) fn came_before(&mut self, bytes: &[u8]) {
        self.behind.extend_from_slice(bytes);
    }

    /// Shows what is in the input, until `hear` breaks off; what is left of the input lies behind that.
    fn decode(
        &mut self,
        input: &mut &mut [u8],
        context: &mut Context<'_>,
        hear: &mut impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Broken> {
        while !input.is_empty() {
            let decoded = self.decoder.decode(input);
            let heard = match self.judge(decoded)? {
                None => break,
                Some(Message::Text(text)) => hear(Received::Text(&text)),
                Some(Message::Binary(bytes)) => hear(Received::Binary(bytes.into_owned().into())),
                Some(Message::Pong) => hear(Received::Pong),
                Some(Message::Ping(payload)) => {
                    self.answer(payload, context)?;
                    ControlFlow::Continue(())
                }
                Some(Message::Close(code)) => {
                    self.unanswered = None;
                    self.staged.add_close(code);
                    self.peer = Peer::Leaves;
                    *input = &mut [];
                    break;
                }
            };
            if heard.is_break() {
                return Ok(heard);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The same with what was read before.
    fn decode_behind(
        &mut self,
        context: &mut Context<'_>,
        hear: &mut impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, Broken> {
        let mut behind = std::mem::take(&mut self.behind);
        let mut input = &mut behind[..];
        let heard = self.decode(&mut input, context, hear)?;
        let left = input.len();
        if left > 0 {
            behind.advance(behind.len() - left);
            self.behind = behind;
        }
        Ok(heard)
    }

    /// There is no more to read; what has begun to come must not take for ever.
    fn poll_rest<T>(&mut self, context: &mut Context<'_>) -> Poll<Result<T, Broken>> {
        if let Poll::Ready(broken) = self.begun.poll_over(context, self.decoder.is_idle()) {
            return Poll::Ready(Err(self.give_up(broken, close_code::POLICY)));
        }
        // Whoever only reads shall answer pings all the same.
        if self.answers > 0 {
            if let Poll::Ready(outcome) = self.poll_flush(context) {
                outcome?;
            }
        }
        Poll::Pending
    }

    fn judge<'a>(&mut self, decoded: Result<Option<Message<'a>>, Error>) -> Result<Option<Message<'a>>, Broken> {
        match decoded {
            Ok(Some(message)) => {
                // A ping may have come between the frames of a message.
                if self.decoder.is_idle() {
                    self.begun.finish();
                }
                Ok(Some(message))
            }
            Ok(None) => {
                let held = self.begun.hold(self.decoder.held_bytes());
                held.map_err(|broken| self.give_up(broken, close_code::TRY_AGAIN))?;
                Ok(None)
            }
            Err(error) => {
                let broken = if error == Error::TooLarge { Broken::TooLarge } else { Broken::Protocol };
                Err(self.give_up(broken, error.close_code()))
            }
        }
    }

    /// The peer will be told why.
    fn give_up(&mut self, broken: Broken, code: u16) -> Broken {
        self.forget();
        self.complaint = code;
        broken
    }

    /// What has come of a message is let go of; nothing is read any more.
    fn forget(&mut self) {
        self.decoder.forget();
        self.behind = BytesMut::new();
        self.begun.finish();
    }

    /// Answers a ping, or keeps it until there is room for the answer. A peer need not be answered more than its last.
    fn answer(&mut self, payload: Vec<u8>, context: &mut Context<'_>) -> Result<(), Broken> {
        if self.answers + payload.len() > ANSWERS {
            self.unanswered = Some(payload);
            // One who reads them is owed them all.
            if let Poll::Ready(outcome) = self.poll_flush(context) {
                outcome?;
            }
        } else {
            self.answers += self.staged.add_pong(&payload);
        }
        Ok(())
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Frames for Rfc6455<S> {
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        mut hear: impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Poll<Result<bool, Broken>> {
        loop {
            match self.peer {
                Peer::Speaks => {}
                Peer::Leaves => {
                    ready!(self.poll_flush(context))?;
                    self.peer = Peer::Left;
                    return Poll::Ready(Ok(false));
                }
                Peer::Left | Peer::HungUp => return Poll::Ready(Ok(false)),
            }
            if !self.behind.is_empty() {
                if self.decode_behind(context, &mut hear)?.is_break() {
                    return Poll::Ready(Ok(true));
                }
                continue;
            }
            let mut space = [MaybeUninit::uninit(); READ_SIZE];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken::Io)),
                Poll::Pending => return self.poll_rest(context),
            }
            let mut input = buffer.filled_mut();
            if input.is_empty() {
                self.peer = Peer::HungUp;
                continue;
            }
            if self.decode(&mut input, context, &mut hear)?.is_break() {
                if !input.is_empty() {
                    self.behind = BytesMut::from(&*input);
                }
                return Poll::Ready(Ok(true));
            }
        }
    }

    fn pause(&mut self) {
        self.begun.pause();
    }

    fn queue(&mut self, frame: Frame<'_>) -> Result<(), Broken> {
        // Nothing may follow the answer to a goodbye.
        if self.peer != Peer::Speaks {
            return Err(Broken::Io);
        }
        self.staged.add(frame);
        Ok(())
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        loop {
            ready!(self.staged.poll_write(&mut self.stream, context)).map_err(|_| Broken::Io)?;
            self.answers = 0;
            match self.unanswered.take() {
                Some(payload) => self.answers = self.staged.add_pong(&payload),
                None => return Pin::new(&mut self.stream).poll_flush(context).map_err(|_| Broken::Io),
            }
        }
    }

    async fn close(&mut self, reason: DisconnectReason) {
        self.forget();
        match self.peer {
            Peer::HungUp => return,
            Peer::Leaves | Peer::Left => {}
            Peer::Speaks => {
                self.unanswered = None;
                self.staged.add_close(Some(match reason {
                    DisconnectReason::ProtocolError => self.complaint,
                    _ => close_code::NORMAL,
                }));
            }
        }
        if poll_fn(|context| self.poll_flush(context)).await.is_err() {
            return;
        }
        if self.peer == Peer::Speaks {
            close_gently(&mut self.stream).await;
        } else {
            // After its goodbye a peer sends nothing that could be left unread.
            let _ = poll_fn(|context| Pin::new(&mut self.stream).poll_shutdown(context)).await;
        }
    }
}

#[cfg(test)]
mod tests;
