//! Watching a connection after the write: whether what it carried has arrived (docs/ARCHITECTURE.md, "What a batch
//! goes through").
//!
//! A response that fits the kernel's buffer counts as written although the client may never read it. What can be
//! seen from here: whether the server's own buffers were flushed; whether the peer's system has acknowledged all of it
//! (where the kernel tells); whether the connection was reset, which is what a client's system sends when it closes
//! with bytes unread; and whether another request came on it, which a client sends after it has read the response.

use super::{acknowledged::unacknowledged, patience::WritePatience, plain::Plain};
use crate::{
    listener::Shared,
    session::{Delivery, Outcome},
};
use bytes::Bytes;
use futures_util::task::AtomicWaker;
use socket2::SockRef;
use std::{
    fmt, io, mem,
    net::{Shutdown, SocketAddr},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
};

/// How long the kernel at least tries to get bytes acknowledged, or read, before it reports a connection as broken.
const UNACKNOWLEDGED: Duration = Duration::from_secs(20);

/// Whether the system tells of bytes once, when they come, and a read that gets less than it asked for got all there are.
const EDGE_TRIGGERED: bool = cfg!(any(target_os = "android", target_os = "linux"));

/// An accepted TCP connection that can be read and written by one and watched by another. Cheap to clone.
///
/// [`Listener::serve`](crate::Listener::serve) makes one by itself; a server that ends TLS makes one first, puts its
/// TLS over a clone, and gives both to [`Listener::serve_over`](crate::Listener::serve_over).
#[derive(Debug, Clone)]
pub struct Socket {
    stream: Arc<TcpStream>,
}

impl Socket {
    /// Takes over an accepted connection: small writes leave at once, and on Linux a peer that acknowledges nothing for
    /// 20 s, or for as long as it may leave a write unread if that is longer, counts as gone.
    #[must_use]
    pub fn new(stream: TcpStream) -> Self {
        Self::patient(stream, UNACKNOWLEDGED)
    }

    /// The same for a peer that may take its time with what is written to it. The kernel would report one that does not
    /// read as broken when it has lost its patience with one that acknowledges nothing.
    pub(crate) fn patient(stream: TcpStream, write_timeout: Duration) -> Self {
        // A system that knows neither still carries bytes.
        let _ = stream.set_nodelay(true);
        let socket = Self { stream: Arc::new(stream) };
        socket.set_patience(write_timeout.max(UNACKNOWLEDGED));
        socket
    }

    /// Lets a peer take its time that was to be less patient.
    pub(crate) fn wait_for_reader(&self, write_timeout: Duration) {
        if write_timeout > UNACKNOWLEDGED {
            self.set_patience(write_timeout);
        }
    }

    fn set_patience(&self, patience: Duration) {
        #[cfg(any(target_os = "android", target_os = "fuchsia", target_os = "linux"))]
        let _ = SockRef::from(&*self.stream).set_tcp_user_timeout(Some(patience));
        #[cfg(not(any(target_os = "android", target_os = "fuchsia", target_os = "linux")))]
        let _ = patience;
    }

    pub(crate) fn peer(&self) -> Option<SocketAddr> {
        self.stream.peer_addr().ok()
    }

    /// Writes what there is room for now.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.try_write(bytes)
    }

    /// How much the peer's system does not have, in bytes, where that can be known.
    pub(crate) fn unacknowledged(&self) -> Option<u32> {
        unacknowledged(self.stream.local_addr().ok()?, self.stream.peer_addr().ok()?)
    }

    /// Whoever does not read shall not go on to fill the kernel's memory, nor read later what is queued again.
    pub(crate) fn reset_at_the_end(&self) {
        let _ = SockRef::from(&*self.stream).set_linger(Some(Duration::ZERO));
    }
}

impl AsyncRead for Socket {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = &*self.stream;
        loop {
            ready!(stream.poll_read_ready(context))?;
            let space = buffer.remaining();
            let mut outcome = None;
            let attempt = stream.try_io(Interest::READABLE, || match stream.try_read_buf(buffer) {
                // There was no more, and the system will tell of the next: to read once more would be in vain.
                Ok(count) if EDGE_TRIGGERED && 0 < count && count < space => {
                    outcome = Some(Ok(()));
                    Err(io::ErrorKind::WouldBlock.into())
                }
                read => read.map(drop),
            });
            match outcome.unwrap_or(attempt) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write(bytes) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.stream.poll_write_ready(context))?;
            match self.stream.try_write_vectored(slices) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                outcome => return Poll::Ready(outcome),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(SockRef::from(&*self.stream).shutdown(Shutdown::Write))
    }
}

/// What is known of one connection.
#[derive(Debug)]
pub(crate) struct Watch {
    socket: Socket,
    /// Batches handed to the server for this connection.
    begun: AtomicU64,
    /// Of these, how many have left the server's buffers.
    flushed: AtomicU64,
    /// Of these, how many were certainly read.
    confirmed: AtomicU64,
    /// The peer sends no more.
    ended: AtomicBool,
    /// The connection failed.
    broken: AtomicBool,
    /// Nobody writes any more.
    left: AtomicBool,
    /// Who waits for one of these to change.
    waiting: AtomicWaker,
    /// A part of a stream has been handed to the server, and has not left its buffers.
    is_streaming: AtomicBool,
    /// The stream that waits for that.
    streaming: AtomicWaker,
    /// The system tells of an error once. Held from the call that may be told until it is noted.
    errors: Mutex<()>,
}

impl Watch {
    pub(crate) fn new(socket: Socket) -> Arc<Self> {
        Arc::new(Self {
            socket,
            begun: AtomicU64::new(0),
            flushed: AtomicU64::new(0),
            confirmed: AtomicU64::new(0),
            ended: AtomicBool::new(false),
            broken: AtomicBool::new(false),
            left: AtomicBool::new(false),
            waiting: AtomicWaker::new(),
            is_streaming: AtomicBool::new(false),
            streaming: AtomicWaker::new(),
            errors: Mutex::new(()),
        })
    }

    /// A request has come: the response before it was read.
    pub(crate) fn request_began(&self) {
        self.confirmed.store(self.flushed.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// The server is handed a part of a stream now.
    pub(crate) fn stream(&self) {
        self.is_streaming.store(true, Ordering::SeqCst);
    }

    /// Ready when what was handed to the server of a stream has left its buffers. What the server would take before that
    /// is memory that nobody counts.
    pub(crate) fn poll_streamed(&self, context: &mut Context<'_>) -> Poll<()> {
        if !self.is_streaming.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        self.streaming.register(context.waker());
        if self.is_streaming.load(Ordering::SeqCst) { Poll::Pending } else { Poll::Ready(()) }
    }

    fn set(&self, fact: &AtomicBool) {
        fact.store(true, Ordering::SeqCst);
        self.waiting.wake();
    }

    /// Whether the peer's system has all of it. True where that cannot be known.
    fn is_acknowledged(&self) -> bool {
        self.socket.unacknowledged().is_none_or(|bytes| bytes == 0)
    }

    fn has_unconfirmed(&self) -> bool {
        self.begun.load(Ordering::SeqCst) > self.confirmed.load(Ordering::SeqCst)
    }

    fn is_broken(&self) -> bool {
        let _guard = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.broken.load(Ordering::SeqCst) && matches!(self.socket.stream.take_error(), Ok(None)) {
            return false;
        }
        self.set(&self.broken);
        true
    }
}

/// One batch on a watched connection.
#[derive(Debug)]
pub(crate) struct WatchedBatch {
    watch: Arc<Watch>,
    number: u64,
}

impl WatchedBatch {
    /// The server has taken the batch and will write it.
    pub(crate) fn begin(watch: Arc<Watch>) -> Self {
        let number = watch.begun.fetch_add(1, Ordering::SeqCst) + 1;
        Self { watch, number }
    }
}

impl Delivery for WatchedBatch {
    fn outcome(&self) -> Outcome {
        let watch = &self.watch;
        if watch.confirmed.load(Ordering::SeqCst) >= self.number {
            return Outcome::Delivered;
        }
        if watch.is_broken() {
            return Outcome::Lost;
        }
        if watch.flushed.load(Ordering::SeqCst) >= self.number {
            return if watch.is_acknowledged() { Outcome::Delivered } else { Outcome::UnderWay };
        }
        if watch.left.load(Ordering::SeqCst) { Outcome::Lost } else { Outcome::UnderWay }
    }

    fn poll_settled(&self, context: &mut Context<'_>) -> Poll<()> {
        // Whoever need not wait leaves no waker behind: the next flush would wake it in vain.
        if self.outcome() != Outcome::UnderWay {
            return Poll::Ready(());
        }
        self.watch.waiting.register(context.waker());
        if self.outcome() == Outcome::UnderWay { Poll::Pending } else { Poll::Ready(()) }
    }

    fn abandon(&self) {
        self.watch.set(&self.watch.broken);
        // A truncated response is no response; the error, if any, says that the connection is gone already.
        let _ = SockRef::from(&*self.watch.socket.stream).shutdown(Shutdown::Both);
    }
}

/// The byte stream of a watched connection: the socket itself, or TLS over it.
pub(crate) struct Observed<S> {
    stream: S,
    watch: Arc<Watch>,
    /// Bytes that were read before the HTTP server got the stream.
    prefix: Bytes,
    patience: WritePatience,
}

impl<S> Observed<S> {
    pub(crate) fn new(shared: &Arc<Shared>, stream: S, watch: Arc<Watch>, prefix: Bytes) -> Self {
        Self { stream, watch, prefix, patience: WritePatience::new(Arc::clone(shared)) }
    }
}

impl Observed<Socket> {
    /// What is left when nothing is to be watched any more.
    pub(crate) fn into_plain(mut self) -> (Plain, Bytes) {
        let prefix = mem::take(&mut self.prefix);
        (Plain::new(self.stream.clone(), self.patience.fresh()), prefix)
    }
}

/// Remembers how the connection failed, if it did.
fn note<T>(watch: &Watch, patience: &mut WritePatience, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
    if let Poll::Ready(Err(error)) = &outcome {
        patience.failed(error);
        // TLS calls an end without its own goodbye an error; many old clients say none.
        let ended = error.kind() == io::ErrorKind::UnexpectedEof;
        watch.set(if ended { &watch.ended } else { &watch.broken });
    }
    outcome
}

/// The same for a write, which may also have waited for too long.
fn note_write<T>(
    watch: &Watch,
    patience: &mut WritePatience,
    context: &mut Context<'_>,
    outcome: Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    let is_pending = outcome.is_pending();
    let outcome = patience.judge(context, outcome, Some(&watch.socket));
    if is_pending && outcome.is_ready() {
        watch.socket.reset_at_the_end();
    }
    note(watch, patience, outcome)
}

impl<S: AsyncRead + Unpin> AsyncRead for Observed<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { stream, watch, prefix, patience } = &mut *self;
        if !prefix.is_empty() {
            let length = prefix.len().min(buffer.remaining());
            buffer.put_slice(&prefix.split_to(length));
            if prefix.is_empty() {
                *prefix = Bytes::new();
            }
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        let _guard = watch.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = Pin::new(stream).poll_read(context, buffer);
        if matches!(outcome, Poll::Ready(Ok(()))) && buffer.filled().len() == before && buffer.remaining() > 0 {
            watch.ended.store(true, Ordering::SeqCst);
        }
        note(watch, patience, outcome)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Observed<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, watch, patience, .. } = &mut *self;
        let _guard = watch.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = Pin::new(stream).poll_write(context, bytes);
        note_write(watch, patience, context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, watch, patience, .. } = &mut *self;
        let _guard = watch.errors.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = Pin::new(stream).poll_write_vectored(context, slices);
        note_write(watch, patience, context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, watch, patience, .. } = &mut *self;
        let outcome = Pin::new(stream).poll_flush(context);
        if matches!(outcome, Poll::Ready(Ok(()))) {
            // The server flushes when its own buffer is empty.
            let begun = watch.begun.load(Ordering::SeqCst);
            if watch.flushed.swap(begun, Ordering::SeqCst) != begun {
                watch.waiting.wake();
            }
            if watch.is_streaming.load(Ordering::SeqCst) {
                watch.is_streaming.store(false, Ordering::SeqCst);
                watch.streaming.wake();
            }
        }
        note_write(watch, patience, context, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { stream, watch, patience, .. } = &mut *self;
        // A peer that has ended its side may still close with the answer unread. Answering the end would let its
        // system forget the connection, and the reset that tells us would never come; the socket is kept open by
        // the batch until its fate is settled.
        if watch.ended.load(Ordering::SeqCst) && watch.has_unconfirmed() {
            return Poll::Ready(Ok(()));
        }
        let outcome = Pin::new(stream).poll_shutdown(context);
        note_write(watch, patience, context, outcome)
    }
}

impl<S> Drop for Observed<S> {
    fn drop(&mut self) {
        self.watch.set(&self.watch.left);
    }
}

impl<S> fmt::Debug for Observed<S> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Observed").field("watch", &self.watch).finish_non_exhaustive()
    }
}
