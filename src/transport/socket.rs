//! A session on a socket, whatever the framing: what comes in is delivered, what is queued is written, once a burst.

use super::{encode, engine, name::Transport, receive, settle::settle};
use crate::{
    client::{Context as ClientContext, Member, handle_here},
    hub::WireForm,
    listener::{Count, Counters, Generation, Shared},
    session::{DisconnectReason, Mode, Taken},
    wire::packets,
};
use bytes::Bytes;
use futures_util::future::{Either, select};
use std::{
    future::poll_fn,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// How many messages are read before the replies are written.
const BURST: usize = 64;
/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long a socket is read on after its session has gone over to another connection: what its client sent before
/// that is still on its way.
const DISPLACED: Duration = Duration::from_secs(10);

/// What a peer says.
#[derive(Debug)]
pub(crate) enum Received<T> {
    Text(T),
    Binary(Bytes),
    /// The answer to a ping.
    Pong,
}

/// What is said to a peer. A draft that knows only texts says nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(Bytes),
    /// Bytes, behind one that says what they are if there is one.
    Binary {
        kind: Option<u8>,
        bytes: Bytes,
    },
    Ping,
}

/// Frames over a byte stream, in some draft of the WebSocket protocol.
pub(crate) trait Frames {
    /// The next thing the peer says; nothing when it has said goodbye and can read the answer, or has hung up.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Received<impl AsRef<str>>>, Broken>>;
    /// Nothing is read for a while, which is not the peer's fault.
    fn pause(&mut self);
    /// Queues one frame; it may be written before the flush.
    fn queue(&mut self, frame: Frame) -> Result<(), Broken>;
    /// Writes what is queued.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;
    /// Says goodbye, and why, or ends what the peer has ended with its own.
    async fn close(&mut self, reason: DisconnectReason);
}

/// The socket can no longer be used.
#[derive(Debug)]
pub(crate) enum Broken {
    /// The bytes no longer flow.
    Io,
    /// The peer broke the rules.
    Protocol,
    /// It said more at once than it may.
    TooLarge,
    /// It did not come to the end of what it began to say.
    TooSlow,
    /// There is no room for more of what it began to say, because so much waits of all clients.
    NoRoom,
}

impl Broken {
    pub(crate) fn reason(&self) -> DisconnectReason {
        match self {
            Self::Io | Self::NoRoom => DisconnectReason::TransportClosed,
            Self::Protocol | Self::TooLarge | Self::TooSlow => DisconnectReason::ProtocolError,
        }
    }

    pub(crate) fn count(&self, counters: &Counters) {
        match self {
            Self::Io => {}
            Self::Protocol => counters.add(Count::Malformed, 1),
            Self::TooLarge => counters.add(Count::TooLarge, 1),
            Self::TooSlow => counters.add(Count::TooSlow, 1),
            Self::NoRoom => counters.add(Count::RefusedBody, 1),
        }
    }
}

/// Tells a client of the packets generation to begin anew.
pub(crate) async fn not_handshaken(mut frames: impl Frames) {
    let told = async {
        frames.queue(Frame::Text(Bytes::from_static(packets::NOT_HANDSHAKEN.as_bytes())))?;
        poll_fn(|context| frames.poll_flush(context)).await?;
        frames.close(DisconnectReason::TransportClosed).await;
        Ok::<_, Broken>(())
    };
    // A peer that does not read it is left alone.
    let _ = tokio::time::timeout(GOODBYE, told).await;
}

/// Carries the session until the socket or the session ends.
pub(crate) async fn run(mut frames: impl Frames, member: Arc<Member>, transport: Transport) {
    // Until the goodbye is said.
    let _busy = Shared::busy(&member.host.shared);
    // A poll may have carried the session before; not to be carried itself by every socket.
    Box::pin(settle(&member)).await;
    let Some(number) = ClientContext::attach(&member, Mode::Stream, transport) else {
        // Rare, and not to be carried by every socket.
        match member.host.form.generation() {
            Generation::Frames => {}
            Generation::Packets => Box::pin(not_handshaken(frames)).await,
            _ => Box::pin(say_goodbye(frames)).await,
        }
        return;
    };
    let attached = Attached { member: &member, number };
    // After the attachment, so that what the application sends at once goes at once.
    handle_here(&member);
    let mut flow = Flow { number, flushing: false, reading_paused: false };
    let mut end = poll_fn(|context| flow.poll(&mut frames, &member, number, context)).await;
    // A batch that is half written went back to the queue, so nothing more may be written here, a pong included.
    if matches!(end, End::Displaced) && !flow.flushing {
        let reading = flow.read_displaced(&mut frames, &member);
        end = Box::pin(tokio::time::timeout(DISPLACED, reading)).await.unwrap_or(End::Over);
    }
    let goodbye = match end {
        End::Left => Some(DisconnectReason::TransportClosed),
        End::Broken(broken) => {
            broken.count(&member.host.shared.counters);
            member.detach(number, broken.reason());
            (!matches!(broken, Broken::Io)).then_some(DisconnectReason::ProtocolError)
        }
        // A batch that is half written went back to the queue; its other half must not arrive as well.
        End::Over | End::Displaced if flow.flushing => None,
        End::Over | End::Displaced => Some(DisconnectReason::ServerDisconnect),
    };
    drop(attached);
    if let Some(reason) = goodbye {
        // A peer that does not answer is left alone.
        let _ = Box::pin(tokio::time::timeout(GOODBYE, frames.close(reason))).await;
    }
}

/// Ends a connection that carries nothing.
pub(crate) async fn say_goodbye(mut frames: impl Frames) {
    // A peer that does not answer is left alone.
    let _ = tokio::time::timeout(GOODBYE, frames.close(DisconnectReason::ServerDisconnect)).await;
}

struct Attached<'a> {
    member: &'a Arc<Member>,
    number: u64,
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        self.member.detach(self.number, DisconnectReason::TransportClosed);
    }
}

enum End {
    /// The peer has gone.
    Left,
    Broken(Broken),
    /// The session is over or has another connection.
    Over,
    /// The session has another connection, and what comes here still counts.
    Displaced,
}

struct Flow {
    /// That of the connection.
    number: u64,
    flushing: bool,
    reading_paused: bool,
}

impl Flow {
    fn poll(
        &mut self,
        frames: &mut impl Frames,
        member: &Arc<Member>,
        number: u64,
        context: &mut Context<'_>,
    ) -> Poll<End> {
        loop {
            let more = match self.read(frames, member, context) {
                Ok(Some(more)) => more,
                Ok(None) => return Poll::Ready(End::Left),
                Err(broken) => return Poll::Ready(End::Broken(broken)),
            };
            match self.write(frames, member, number, context) {
                Ok(None) => {}
                Ok(Some(end)) => return Poll::Ready(end),
                Err(broken) => return Poll::Ready(End::Broken(broken)),
            }
            if !more {
                return Poll::Pending;
            }
        }
    }

    /// Reads on what was sent before the session had another connection, as long as there is a session.
    async fn read_displaced(&mut self, frames: &mut impl Frames, member: &Arc<Member>) -> End {
        let reading = poll_fn(|context| {
            loop {
                match self.read(frames, member, context) {
                    Ok(Some(true)) => {}
                    Ok(Some(false)) => return Poll::Pending,
                    Ok(None) => return Poll::Ready(End::Left),
                    Err(broken) => return Poll::Ready(End::Broken(broken)),
                }
            }
        });
        let over = pin!(member.host.shared.until_over(member));
        match select(reading, over).await {
            Either::Left((end, _)) => end,
            Either::Right(_) => End::Over,
        }
    }

    /// Reads a burst; answers whether there may be more, or nothing when the peer has gone.
    fn read(
        &mut self,
        frames: &mut impl Frames,
        member: &Arc<Member>,
        context: &mut Context<'_>,
    ) -> Result<Option<bool>, Broken> {
        for _ in 0..BURST {
            let has_room = member.host.poll_room(context).is_ready();
            if self.reading_paused == has_room {
                self.reading_paused = !has_room;
                member.pause_reading(self.number, !has_room);
            }
            if !has_room {
                frames.pause();
                return Ok(Some(false));
            }
            match frames.poll_receive(context) {
                Poll::Pending => return Ok(Some(false)),
                Poll::Ready(Ok(None)) => return Ok(None),
                Poll::Ready(Ok(Some(Received::Text(text)))) => receive::payload(member, text.as_ref()),
                Poll::Ready(Ok(Some(Received::Binary(bytes)))) => receive::binary(member, bytes),
                Poll::Ready(Ok(Some(Received::Pong))) => engine::pong_frame(member),
                Poll::Ready(Err(broken)) => return Err(broken),
            }
        }
        Ok(Some(true))
    }

    fn write(
        &mut self,
        frames: &mut impl Frames,
        member: &Arc<Member>,
        number: u64,
        context: &mut Context<'_>,
    ) -> Result<Option<End>, Broken> {
        let form = member.host.form;
        loop {
            // A reading may have queued an answer of the protocol's own, so this comes first.
            match frames.poll_flush(context) {
                Poll::Ready(Ok(())) if self.flushing => {
                    self.flushing = false;
                    member.written(number);
                }
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(broken)) => return Err(broken),
                // What the peer does not read keeps nobody from hearing of the end.
                Poll::Pending => return Ok(member.poll_over(context, number).then_some(End::Over)),
            }
            match member.poll_take(context, number) {
                Poll::Pending => return Ok(None),
                Poll::Ready(Taken::Batch(batch)) => {
                    if let Some(engine) = &member.host.engine {
                        let mut queued = Ok(());
                        engine::socket_frames(member, engine, &batch, |frame| {
                            if queued.is_ok() {
                                queued = frames.queue(frame);
                            }
                        });
                        queued?;
                    } else {
                        for frame in encode::socket_frames(form, member.id(), &batch) {
                            frames.queue(frame)?;
                        }
                    }
                    self.flushing = true;
                }
                Poll::Ready(Taken::Displaced) if form == WireForm::Packets && member.is_open() => {
                    return Ok(Some(End::Displaced));
                }
                Poll::Ready(_) => return Ok(Some(End::Over)),
            }
        }
    }
}
