//! A session on a socket, whatever the framing, from its attachment to the goodbye.

use super::{
    flow::{End, Flow},
    name::Transport,
    outlet::Outlet,
    settle::settle,
};
use crate::{
    client::{Burst, Context as ClientContext, Member, handle_here},
    listener::{Busy, Count, Counters, Generation, Shared},
    session::{DisconnectReason, Mode},
    wire::packets,
};
use bytes::Bytes;
use std::{
    future::poll_fn,
    ops::ControlFlow,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

/// How long saying goodbye may take.
const GOODBYE: Duration = Duration::from_secs(2);
/// How long a socket is read on after its session has gone over to another connection: what its client sent before
/// that is still on its way.
const DISPLACED: Duration = Duration::from_secs(10);

/// What a peer says.
#[derive(Debug)]
pub(crate) enum Received<'a> {
    Text(&'a str),
    Binary(Bytes),
    /// The answer to a ping.
    Pong,
}

/// What is said to a peer. A draft that knows only texts says nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    Text(&'a Bytes),
    /// Bytes, behind one that says what they are if there is one.
    Binary {
        kind: Option<u8>,
        bytes: &'a Bytes,
    },
    Ping,
}

/// Frames over a byte stream, in some draft of the WebSocket protocol.
pub(crate) trait Frames: Send + 'static {
    /// Reads, and shows what the peer says one by one, until `hear` breaks off. Answers whether it did: else the peer has
    /// said goodbye and can read the answer, or has hung up.
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        hear: impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Poll<Result<bool, Broken>>;
    /// Nothing is read for a while, which is not the peer's fault.
    fn pause(&mut self);
    /// Queues one frame; it may be written before the flush.
    fn queue(&mut self, frame: Frame<'_>) -> Result<(), Broken>;
    /// Writes what is queued.
    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>>;
    /// Says goodbye, and why, or ends what the peer has ended with its own.
    fn close(&mut self, reason: DisconnectReason) -> impl Future<Output = ()> + Send;
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
        frames.queue(Frame::Text(&Bytes::from_static(packets::NOT_HANDSHAKEN.as_bytes())))?;
        poll_fn(|context| frames.poll_flush(context)).await?;
        frames.close(DisconnectReason::TransportClosed).await;
        Ok::<_, Broken>(())
    };
    // A peer that does not read it is left alone.
    let _ = tokio::time::timeout(GOODBYE, told).await;
}

/// Attaches the session to the socket; nothing when it is over.
pub(crate) async fn begin<F: Frames>(frames: F, member: Arc<Member>, transport: Transport) -> Option<Carried<F>> {
    let shared = &member.host.shared;
    let busy = Shared::busy(shared);
    // A poll may have carried the session before.
    settle(&member).await;
    let Some(number) = ClientContext::attach(&member, Mode::Stream, transport) else {
        match member.host.form.generation() {
            Generation::Frames => {}
            Generation::Packets => not_handshaken(frames).await,
            _ => say_goodbye(frames).await,
        }
        return None;
    };
    let flusher = shared.flushers.next(|run| shared.spawn(run));
    let outlet = Outlet::new(Flow::new(frames, Arc::clone(&member), number), flusher);
    // After the attachment, so that what the application sends at once goes at once.
    handle_here(&member);
    Some(Carried { outlet, member, number, _busy: busy })
}

/// A session on its socket, until this is dropped.
pub(crate) struct Carried<F: Frames> {
    outlet: Arc<Outlet<F>>,
    member: Arc<Member>,
    number: u64,
    /// A shutdown waits until the goodbye is said.
    _busy: Busy,
}

impl<F: Frames> Carried<F> {
    /// Carries it to its end.
    pub(crate) async fn run(self) {
        let (end, flow) = poll_fn(|context| self.outlet.poll(context)).await;
        if let Some(flow) = flow {
            Box::pin(self.finish(end, flow)).await;
        }
    }

    async fn finish(self, mut end: End, mut flow: Box<Flow<F>>) {
        // A batch that is half written went back to the queue, so nothing more may be written here, a pong included.
        if matches!(end, End::Displaced) && !flow.flushing {
            end = tokio::time::timeout(DISPLACED, flow.read_displaced()).await.unwrap_or(End::Over);
        }
        let goodbye = match end {
            End::Left => Some(DisconnectReason::TransportClosed),
            End::Broken(broken) => {
                broken.count(&self.member.host.shared.counters);
                self.let_go(broken.reason());
                (!matches!(broken, Broken::Io)).then_some(DisconnectReason::ProtocolError)
            }
            // A batch that is half written went back to the queue; its other half must not arrive as well.
            End::Over | End::Displaced if flow.flushing => None,
            End::Over | End::Displaced => Some(DisconnectReason::ServerDisconnect),
        };
        self.let_go(DisconnectReason::TransportClosed);
        if let Some(reason) = goodbye {
            // A peer that does not answer is left alone.
            let _ = tokio::time::timeout(GOODBYE, flow.frames.close(reason)).await;
        }
    }

    /// The session may end with that. Then its handlers hear of it here, which needs no task of its own.
    fn let_go(&self, reason: DisconnectReason) {
        let mut burst = Burst::on_socket(&self.member);
        burst.claim();
        self.detach(reason);
    }

    fn detach(&self, reason: DisconnectReason) {
        self.outlet.retire();
        self.member.detach(self.number, reason);
    }
}

impl<F: Frames> Drop for Carried<F> {
    fn drop(&mut self) {
        self.detach(DisconnectReason::TransportClosed);
    }
}

/// Ends a connection that carries nothing.
pub(crate) async fn say_goodbye(mut frames: impl Frames) {
    // A peer that does not answer is left alone.
    let _ = tokio::time::timeout(GOODBYE, frames.close(DisconnectReason::ServerDisconnect)).await;
}
