//! A session on its connection: what comes in is delivered, what is queued is written, once a burst.

use super::{
    encode, engine, receive,
    socket::{Broken, Frame, Frames, Received},
};
use crate::{
    client::{Burst, Member},
    hub::WireForm,
    session::{Batch, Taken},
};
use futures_util::future::{Either, select};
use std::{
    future::poll_fn,
    mem,
    ops::ControlFlow,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

/// How many messages are read before the replies are written.
const BURST: usize = 64;
/// How many batches are written to a socket before others get their turn.
const BATCHES: usize = 8;

/// How a connection came to its end.
pub(crate) enum End {
    /// The peer has gone.
    Left,
    Broken(Broken),
    /// The session is over or has another connection.
    Over,
    /// The session has another connection, and what comes here still counts.
    Displaced,
}

/// What became of what is queued.
pub(crate) enum Written {
    /// There is no more, and whoever sends more wakes the connection.
    All,
    /// The stream takes no more.
    InPart,
    /// There may be more, and the stream has had its turn.
    Enough,
    Over(End),
}

pub(crate) struct Flow<F> {
    pub(crate) frames: F,
    member: Arc<Member>,
    /// That of the connection.
    number: u64,
    /// A batch is on its way.
    pub(crate) flushing: bool,
    reading_paused: bool,
    /// What its task does not know of yet.
    end: Option<End>,
}

impl<F: Frames> Flow<F> {
    pub(crate) fn new(frames: F, member: Arc<Member>, number: u64) -> Self {
        Self { frames, member, number, flushing: false, reading_paused: false, end: None }
    }

    /// Reads and writes, in the connection's own task. `outlet` is woken when there is something to write.
    pub(crate) fn poll(&mut self, outlet: &Waker, context: &mut Context<'_>) -> Poll<End> {
        if let Some(end) = self.end.take() {
            // What came before it is heard all the same, as far as the task would have read before it wrote.
            let _ = self.read(context);
            return Poll::Ready(end);
        }
        loop {
            // What is sent meanwhile is written below.
            self.member.attend(self.number);
            let more = match self.read(context) {
                Ok(Some(more)) => more,
                Ok(None) => return Poll::Ready(End::Left),
                Err(broken) => return Poll::Ready(End::Broken(broken)),
            };
            match self.write(outlet, context) {
                Written::All => {}
                // What the peer does not read keeps nobody from hearing of the end.
                Written::InPart if self.member.poll_over(&Context::from_waker(outlet), self.number) => {
                    return Poll::Ready(End::Over);
                }
                Written::InPart => {}
                Written::Enough => {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Written::Over(end) => return Poll::Ready(end),
            }
            if !more {
                return Poll::Pending;
            }
        }
    }

    /// Writes what has been sent while the connection rested.
    pub(crate) fn flush(&mut self, outlet: &Waker, context: &mut Context<'_>) -> Written {
        if self.end.is_some() { Written::All } else { self.write(outlet, context) }
    }

    /// Keeps it for the connection's own task.
    pub(crate) fn note(&mut self, end: End) {
        self.end = Some(end);
    }

    /// Reads on what was sent before the session had another connection, as long as there is a session.
    pub(crate) async fn read_displaced(&mut self) -> End {
        let member = Arc::clone(&self.member);
        let reading = poll_fn(|context| {
            loop {
                match self.read(context) {
                    Ok(Some(true)) => {}
                    Ok(Some(false)) => return Poll::Pending,
                    Ok(None) => return Poll::Ready(End::Left),
                    Err(broken) => return Poll::Ready(End::Broken(broken)),
                }
            }
        });
        let over = pin!(member.host.shared.until_over(&member));
        match select(reading, over).await {
            Either::Left((end, _)) => end,
            Either::Right(_) => End::Over,
        }
    }

    /// Reads a burst; answers whether there may be more, or nothing when the peer has gone.
    fn read(&mut self, context: &mut Context<'_>) -> Result<Option<bool>, Broken> {
        let Self { frames, member, .. } = self;
        let has_room = member.host.poll_room(context).is_ready();
        if self.reading_paused == has_room {
            self.reading_paused = !has_room;
            member.pause_reading(self.number, !has_room);
        }
        if !has_room {
            frames.pause();
            return Ok(Some(false));
        }
        let mut left = BURST;
        let waker = context.waker();
        let mut burst = Burst::on_socket(member);
        let heard = frames.poll_receive(context, |received| {
            match received {
                Received::Text(text) => receive::text(&mut burst, text),
                Received::Binary(bytes) => receive::binary(&mut burst, bytes),
                Received::Pong => engine::pong_frame(member),
            }
            left -= 1;
            let goes_on = left > 0 && member.host.poll_room(&Context::from_waker(waker)).is_ready();
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        match heard {
            Poll::Pending => Ok(Some(false)),
            Poll::Ready(Ok(is_there)) => Ok(is_there.then_some(true)),
            Poll::Ready(Err(broken)) => Err(broken),
        }
    }

    fn write(&mut self, outlet: &Waker, context: &mut Context<'_>) -> Written {
        let Self { frames, member, number, flushing, .. } = self;
        for _ in 0..BATCHES {
            // A reading may have queued an answer of the protocol's own, so this comes first.
            match frames.poll_flush(context) {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(broken)) => return Written::Over(End::Broken(broken)),
                Poll::Pending => return Written::InPart,
            }
            let wrote = mem::take(flushing);
            let mut queued = Ok(());
            let next = member.poll_next(&Context::from_waker(outlet), *number, wrote, |batch| {
                queued = queue(frames, member, batch);
            });
            match next {
                Poll::Pending => return Written::All,
                Poll::Ready(Taken::Batch(())) => *flushing = true,
                Poll::Ready(Taken::Displaced) if member.host.form == WireForm::Packets && member.is_open() => {
                    return Written::Over(End::Displaced);
                }
                Poll::Ready(_) => return Written::Over(End::Over),
            }
            if let Err(broken) = queued {
                return Written::Over(End::Broken(broken));
            }
        }
        Written::Enough
    }
}

/// Queues the frames of a batch.
fn queue(frames: &mut impl Frames, member: &Member, batch: &Batch) -> Result<(), Broken> {
    let mut queued = Ok(());
    let each = |frame: Frame<'_>| {
        if queued.is_ok() {
            queued = frames.queue(frame);
        }
    };
    match &member.host.engine {
        Some(engine) => engine::socket_frames(member, engine, batch, each),
        None => encode::socket_frames(member.host.form, member.id(), batch, each),
    }
    queued
}
