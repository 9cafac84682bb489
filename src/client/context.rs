//! What is kept with a session for the application.

use super::{
    handshake::Handshake,
    inbox::{self, Event, Inbox},
    seats::Seats,
    state::State,
};
use crate::{
    hub::{Namespace, WireForm},
    listener::{Generation, Shared},
    session::{DisconnectReason, Expire, Host, Mode, Session},
    transport::Transport,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context as TaskContext, Poll},
    time::Instant,
};

/// A session and what belongs to it.
pub(crate) type Member = Session<Context>;

pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) form: WireForm,
    pub(crate) inbox: Inbox,
    pub(crate) seats: Seats,
    /// The client's values in the root namespace, which are seen in all.
    pub(crate) state: Arc<Mutex<State>>,
    /// The place in [`Transport::ALL`] of the transport that carries the session, or did last.
    transport: AtomicU8,
    begun: AtomicBool,
    heard: AtomicBool,
    followed_up: AtomicBool,
}

impl Context {
    pub(crate) fn new(
        shared: Arc<Shared>,
        handshake: Arc<Handshake>,
        form: WireForm,
        transport: Transport,
        state: Arc<Mutex<State>>,
    ) -> Self {
        Self {
            shared,
            handshake,
            form,
            inbox: Inbox::default(),
            seats: Seats::default(),
            state,
            transport: AtomicU8::new(transport as u8),
            begun: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            followed_up: AtomicBool::new(false),
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        let index = usize::from(self.transport.load(Ordering::Relaxed));
        Transport::ALL.get(index).copied().unwrap_or(Transport::WebSocket)
    }

    pub(crate) fn generation(&self) -> Generation {
        match self.form {
            WireForm::Frames | WireForm::Envelope => Generation::Frames,
            WireForm::Packets => Generation::Packets,
        }
    }

    /// The client came back with its session id; answers whether for the first time.
    pub(crate) fn follow_up(&self) -> bool {
        !self.followed_up.swap(true, Ordering::Relaxed)
    }

    /// The last handler of this namespace has looked: what was kept there with the client is dropped.
    pub(crate) fn depart(&self, namespace: &Arc<Namespace>) {
        self.seats.depart(namespace);
        if namespace.is_root() {
            // A value may hold a client, even this one.
            let state = std::mem::take(&mut *self.state.lock().unwrap_or_else(PoisonError::into_inner));
            drop(state);
        }
    }

    /// Ready when more may be read from the client.
    pub(crate) fn poll_room(&self, context: &TaskContext<'_>) -> Poll<()> {
        self.inbox.poll_room(context, || self.seats.awaited() > 0)
    }

    /// The session is the application's business from now on; answers whether for the first time.
    pub(crate) fn begin(member: &Arc<Member>) -> bool {
        let context = &member.host;
        let is_first = !context.begun.swap(true, Ordering::SeqCst);
        let root = context.shared.namespaces.root();
        let tell = || context.inbox.push(Event::Connect(Arc::clone(root)));
        let is_in = is_first && context.seats.enter(member, root, Arc::clone(&context.state), tell);
        if is_in {
            log::debug!(target: "heirloom", "session {:?} opened on {}", member.id(), context.transport());
        }
        is_in
    }

    fn has_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }

    /// The client has sent something.
    pub(crate) fn hear(&self) {
        self.heard.store(true, Ordering::Relaxed);
    }

    fn was_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// Whether the application knows of the client.
    pub(crate) fn is_known(&self) -> bool {
        self.seats.holds(self.shared.namespaces.root())
    }

    /// Attaches a connection of this transport. The events that follow from it wait in the inbox. A session of the
    /// frames generation keeps the transport it began with, whatever carries it.
    pub(crate) fn attach(member: &Arc<Member>, mode: Mode, transport: Transport) -> Option<u64> {
        let context = &member.host;
        let is_fixed = context.generation() == Generation::Frames;
        let transport = if is_fixed { context.transport() } else { transport };
        let profile = context.shared.options.profile(context.form, transport);
        // A client that tries the next transport, and never said a word, did not hear the opening on the stream or socket
        // before: something on the way kept it. The answer of a poll arrives whole.
        let earlier = context.transport();
        let was_kept = context.has_begun() && !context.was_heard() && !earlier.is_polling() && transport != earlier;
        if !is_fixed && was_kept {
            member.open_again();
        }
        let number = member.attach(mode, profile)?;
        context.transport.store(transport as u8, Ordering::Relaxed);
        Self::begin(member);
        Some(number)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Context").field("handshake", &self.handshake).finish_non_exhaustive()
    }
}

impl Host for Context {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn schedule(session: &Arc<Member>, at: Instant) {
        let _runtime = session.host.shared.enter();
        session.host.shared.deadlines.add(session, at);
    }

    fn disconnected(session: &Arc<Member>, reason: DisconnectReason) {
        log::debug!(target: "heirloom", "session {:?} disconnected: {reason}", session.id());
        session.host.seats.close(session, |namespace| {
            session.host.inbox.push(Event::Disconnect { namespace: Arc::clone(namespace), reason });
        });
        session.host.inbox.end();
        session.host.shared.note_departure();
        // The caller may be the application, with locks of its own.
        inbox::handle_elsewhere(session);
    }

    fn closed(session: &Arc<Member>) {
        session.host.shared.forget(session);
    }

    fn count(&self, undelivered: usize, requeued: usize) {
        self.shared.counters.add_undelivered(undelivered);
        self.shared.counters.add_requeued(requeued);
    }
}

impl Expire for Member {
    fn expire(self: Arc<Self>) {
        self.tick();
    }
}
