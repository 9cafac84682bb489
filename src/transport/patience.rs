//! How long a peer is waited for, with a timer only while it is: until the rest of what it began to send has come, and
//! until it takes a byte of what is written to it.

use super::{handle::Peer, socket::Broken, watch::Socket};
use crate::{
    client::{Held, Received},
    listener::{Budget, Count, Shared},
};
use std::{
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// Into how many looks at what the kernel holds a write's time is divided.
const LOOKS: u32 = 4;

/// A message that has begun to come: for how long, and how much there is room for.
#[derive(Debug)]
pub(crate) struct Begun {
    patience: Patience,
    held: Held,
}

impl Begun {
    pub(crate) fn nothing(budget: &Budget, received: &Arc<Received>) -> Self {
        Self { patience: Patience::new(budget.frame_timeout), held: Held::nothing(received) }
    }

    /// So many bytes wait for the rest.
    pub(crate) fn hold(&mut self, bytes: usize) -> Result<(), Broken> {
        if self.held.set(bytes) { Ok(()) } else { Err(Broken::NoRoom) }
    }

    /// There is no more to read. Ready when what has begun has taken too long.
    pub(crate) fn poll_over(&mut self, context: &mut Context<'_>, is_idle: bool) -> Poll<Broken> {
        if is_idle {
            self.patience.rest();
            return Poll::Pending;
        }
        self.patience.poll_over(context).map(|()| Broken::TooSlow)
    }

    /// A message has come to its end, or nobody waits for it.
    pub(crate) fn finish(&mut self) {
        self.patience.renew();
        self.held.set(0);
    }

    /// Nothing is read for a while.
    pub(crate) fn pause(&mut self) {
        self.patience.rest();
    }
}

/// Waits for the rest of what has begun to come.
#[derive(Debug)]
struct Patience {
    limit: Duration,
    timer: Option<Pin<Box<Sleep>>>,
    /// What the timer is for has come, and something else may have begun.
    is_spent: bool,
}

impl Patience {
    fn new(limit: Duration) -> Self {
        Self { limit, timer: None, is_spent: false }
    }

    /// Nothing is waited for.
    fn rest(&mut self) {
        self.timer = None;
    }

    /// What was waited for has come.
    fn renew(&mut self) {
        self.is_spent = true;
    }

    /// Ready when what is waited for has taken too long. Counts from the first call after [`Self::rest`] or
    /// [`Self::renew`].
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_spent = std::mem::take(&mut self.is_spent);
        let limit = self.limit;
        let timer = match &mut self.timer {
            Some(timer) => {
                if is_spent {
                    timer.as_mut().reset(Instant::now() + limit);
                }
                timer
            }
            None => self.timer.insert(Box::pin(sleep(limit))),
        };
        timer.as_mut().poll(context)
    }
}

/// Gives up a peer that takes no byte of what is written to it.
#[derive(Debug)]
pub(crate) struct WritePatience {
    shared: Arc<Shared>,
    stall: Option<Box<Stall>>,
}

impl WritePatience {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, stall: None }
    }

    /// That of the same peer, while nothing waits.
    pub(crate) fn fresh(&self) -> Self {
        Self::new(Arc::clone(&self.shared))
    }

    /// What becomes of a write. Where the socket is known, a peer is seen to read before there is room for more.
    pub(crate) fn judge<T>(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<T>>,
        socket: Option<&Socket>,
    ) -> Poll<io::Result<T>> {
        if let Poll::Ready(outcome) = outcome {
            if let Err(error) = &outcome {
                self.failed(error);
            }
            self.stall = None;
            return Poll::Ready(outcome);
        }
        let limit = self.shared.options.budget.write_timeout;
        let stall = self.stall.get_or_insert_with(|| Box::new(Stall::new(limit, socket.is_some())));
        ready!(stall.poll_over(context, limit, || socket.and_then(Socket::unacknowledged)));
        self.give_up();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// The connection failed. The kernel may have lost its patience with the peer before we did.
    pub(crate) fn failed(&mut self, error: &io::Error) {
        if error.kind() == io::ErrorKind::TimedOut && self.stall.is_some() {
            self.give_up();
        }
    }

    fn give_up(&mut self) {
        self.stall = None;
        self.shared.counters.add(Count::Unread, 1);
    }
}

/// A write that waits.
#[derive(Debug)]
struct Stall {
    timer: Pin<Box<Sleep>>,
    /// When the peer was last seen to take something, or may have.
    moved: Instant,
    /// What the kernel held for it at the last look, in bytes.
    held: Option<u32>,
}

impl Stall {
    fn new(limit: Duration, is_watched: bool) -> Self {
        let pause = if is_watched { limit / LOOKS } else { limit };
        Self { timer: Box::pin(sleep(pause)), moved: Instant::now(), held: None }
    }

    /// Ready when nothing moved for as long as the limit, or for one look more.
    fn poll_over(&mut self, context: &mut Context<'_>, limit: Duration, look: impl Fn() -> Option<u32>) -> Poll<()> {
        loop {
            ready!(self.timer.as_mut().poll(context));
            let now = Instant::now();
            let held = look();
            if held.is_some() && held != self.held {
                self.moved = now;
            }
            self.held = held;
            let over = self.moved + limit;
            if over <= now {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(over.min(now + limit / LOOKS));
        }
    }
}

/// The byte stream of a connection that another server accepted.
#[derive(Debug)]
pub(crate) struct Patient<S> {
    stream: S,
    /// Nothing where the stream below has its own.
    patience: Option<WritePatience>,
}

impl<S> Patient<S> {
    pub(crate) fn new(stream: S, shared: &Arc<Shared>, peer: &Peer) -> Self {
        let patience = peer.watch.is_none().then(|| WritePatience::new(Arc::clone(shared)));
        Self { stream, patience }
    }

    fn judge<T>(&mut self, context: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match &mut self.patience {
            Some(patience) => patience.judge(context, outcome, None),
            None => outcome,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Patient<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_read(context, buffer);
        if let (Poll::Ready(Err(error)), Some(patience)) = (&outcome, &mut self.patience) {
            patience.failed(error);
        }
        outcome
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Patient<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.judge(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.judge(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(context);
        self.judge(context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_shutdown(context);
        self.judge(context, outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use tokio::time::advance;

    const LIMIT: Duration = Duration::from_secs(30);

    /// How long a peer is waited for of which the kernel holds so much after so many seconds.
    async fn waited(is_watched: bool, held: impl Fn(u64) -> Option<u32>) -> u64 {
        let began = Instant::now();
        let look = || held(began.elapsed().as_secs());
        let mut stall = Stall::new(LIMIT, is_watched);
        poll_fn(|context| stall.poll_over(context, LIMIT, look)).await;
        began.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_takes_nothing_is_waited_for_as_long_as_allowed() {
        assert_eq!(waited(false, |_| None).await, 30);
        assert_eq!(waited(true, |_| None).await, 30, "the kernel tells nothing");
        let longest = waited(true, |_| Some(5000)).await;
        assert!((30..=38).contains(&longest), "{longest}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_is_slow_is_waited_for_as_long_as_it_moves() {
        let bytes = |seconds: u64| Some(1_000_000 - u32::try_from(seconds.min(3000) / 20).unwrap());
        let waited = waited(true, bytes).await;
        assert!((3000..=3060).contains(&waited), "{waited}");
    }

    #[tokio::test(start_paused = true)]
    async fn time_counts_from_the_beginning_of_each_wait() {
        let mut patience = Patience::new(LIMIT);
        assert!(!is_over(&mut patience).await);
        advance(LIMIT - Duration::from_secs(1)).await;
        assert!(!is_over(&mut patience).await);
        advance(Duration::from_secs(2)).await;
        assert!(is_over(&mut patience).await);
        patience.renew();
        assert!(!is_over(&mut patience).await, "another has begun");
        patience.rest();
        advance(LIMIT * 2).await;
        assert!(!is_over(&mut patience).await, "nothing had begun");
    }

    async fn is_over(patience: &mut Patience) -> bool {
        poll_fn(|context| Poll::Ready(patience.poll_over(context).is_ready())).await
    }
}
