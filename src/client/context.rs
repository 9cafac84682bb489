//! What is kept with a session for the application.

use super::{
    authorization::Credentials,
    engine::Engine,
    handshake::Handshake,
    inbox::{self, Event, Inbox},
    seats::{Entry, Seats},
    state::State,
};
use crate::{
    hub::{Namespace, WireForm},
    listener::{Count, Generation, Shared},
    session::{Appointment, DisconnectReason, Expire, Host, Mode, Sent, Session, Tally},
    transport::Transport,
};
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU8, Ordering},
    },
    task::{Context as TaskContext, Poll},
    time::{Duration, Instant},
};
use tokio::sync::Notify;

/// Marks the place of a transport: the session it carried has closed.
const LET_GO: u8 = 1 << 7;

/// A session and what belongs to it.
pub(crate) type Member = Session<Context>;

pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) handshake: Arc<Handshake>,
    pub(crate) form: WireForm,
    pub(crate) inbox: Inbox,
    pub(crate) seats: Seats,
    /// Of a session of Engine.IO.
    pub(crate) engine: Option<Box<Engine>>,
    /// The client's values in the root namespace, which are seen in all.
    pub(crate) state: Arc<Mutex<State>>,
    /// The place in [`Transport::ALL`] of the transport that carries the session, or did last.
    transport: AtomicU8,
    begun: AtomicBool,
    heard: AtomicBool,
    followed_up: AtomicBool,
    appointment: Appointment,
    /// The session is being ended, or has gone.
    pub(crate) departure: Notify,
}

impl Context {
    pub(crate) fn new(
        shared: Arc<Shared>,
        handshake: Arc<Handshake>,
        form: WireForm,
        transport: Transport,
        state: Arc<Mutex<State>>,
        engine: Option<Engine>,
    ) -> Self {
        let received = Arc::clone(&shared.received);
        Self {
            shared,
            handshake,
            form,
            inbox: Inbox::new(&received),
            seats: Seats::default(),
            engine: engine.map(Box::new),
            state,
            transport: AtomicU8::new(transport as u8),
            begun: AtomicBool::new(false),
            heard: AtomicBool::new(false),
            // What begins with the connection that carries it costs its peer nothing that could be given back.
            followed_up: AtomicBool::new(form != WireForm::Packets && !transport.is_polling()),
            appointment: Appointment::default(),
            departure: Notify::new(),
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        Self::transport_of(self.transport.load(Ordering::SeqCst))
    }

    fn transport_of(place: u8) -> Transport {
        Transport::ALL.get(usize::from(place & !LET_GO)).copied().unwrap_or(Transport::WebSocket)
    }

    /// The session has closed: no transport carries it any more. Answers which one did last.
    pub(crate) fn let_go(&self) -> Transport {
        Self::transport_of(self.transport.fetch_or(LET_GO, Ordering::SeqCst))
    }

    /// This transport carries the session from now on, which is counted as long as it lives.
    fn carry(&self, transport: Transport) {
        let place = transport as u8;
        let living = |now: u8| (now & LET_GO == 0 && now != place).then_some(place);
        if let Ok(before) = self.transport.fetch_update(Ordering::SeqCst, Ordering::SeqCst, living) {
            self.shared.gauges.moved(self.generation(), Self::transport_of(before), transport);
        }
    }

    pub(crate) fn generation(&self) -> Generation {
        self.form.generation()
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
        if !is_first {
            return false;
        }
        log::debug!(target: "heirloom::session", "session {:?} opened on {}", member.id(), context.transport());
        let root = context.shared.namespaces.root();
        if context.form.enters_root() {
            member.expect_entry(context.shared.options.engine.connect_timeout);
            if context.form == WireForm::Engine3 {
                // Before 3.0 a client is in the root namespace without a word.
                let namespace = Arc::clone(root);
                context.inbox.push(Event::Enter { namespace, credentials: Credentials::default() });
            }
            return true;
        }
        let tell = || _ = context.inbox.push(Event::Connect(Arc::clone(root)));
        let entry = Entry { state: Arc::clone(&context.state), id: member.id(), recovery: None, auth: None };
        context.seats.enter(member, root, entry, tell)
    }

    /// Another transport carries the client from now on, which is told to its handlers.
    pub(crate) fn upgraded(&self, transport: Transport) {
        for namespace in self.seats.namespaces() {
            self.inbox.push(Event::Upgrade { namespace, transport });
        }
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
        Self::attach_for_longer(member, mode, transport, Duration::ZERO)
    }

    /// The same. The session outlives this connection for so long, at least.
    pub(crate) fn attach_for_longer(
        member: &Arc<Member>,
        mode: Mode,
        transport: Transport,
        outlived: Duration,
    ) -> Option<u64> {
        let context = &member.host;
        let is_fixed = context.generation() == Generation::Frames;
        let transport = if is_fixed { context.transport() } else { transport };
        let mut profile = context.shared.options.profile(context.form, transport);
        profile.close_timeout = profile.close_timeout.max(outlived);
        // A client that tries the next transport, and never said a word, did not hear the opening on the stream or socket
        // before: something on the way kept it. The answer of a poll arrives whole.
        let earlier = context.transport();
        let was_kept = context.has_begun() && !context.was_heard() && !earlier.is_polling() && transport != earlier;
        if context.form == WireForm::Packets && was_kept {
            member.open_again();
        }
        let number = member.attach(mode, profile)?;
        context.carry(transport);
        Self::begin(member);
        if context.engine.is_some() && transport != earlier {
            context.shared.counters.add(Count::Upgrade, 1);
            context.upgraded(transport);
        }
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
        self.shared.now()
    }

    fn schedule(session: &Arc<Member>, at: Instant) {
        let _runtime = session.host.shared.enter();
        session.host.shared.deadlines.add(session, at);
    }

    fn disconnected(session: &Arc<Member>, reason: DisconnectReason) {
        log::debug!(target: "heirloom::session", "session {:?} disconnected: {reason}", session.id());
        let was_shown_out = matches!(reason, DisconnectReason::ServerDisconnect | DisconnectReason::HandlerPanicked);
        let is_final = was_shown_out || reason == DisconnectReason::ClientDisconnect;
        let by_client = matches!(
            reason,
            DisconnectReason::ClientDisconnect
                | DisconnectReason::TransportClosed
                | DisconnectReason::HeartbeatTimeout
                | DisconnectReason::CloseTimeout
        );
        if by_client
            && !session.host.followed_up.load(Ordering::Relaxed)
            && reason != DisconnectReason::ClientDisconnect
        {
            session.host.shared.counters.add(Count::UnusedHandshake, 1);
        }
        session.host.seats.close(session, by_client, !is_final, |namespace| {
            session.host.inbox.push(Event::Disconnect { namespace: Arc::clone(namespace), reason });
        });
        session.host.inbox.end(was_shown_out);
        if let Some(engine) = &session.host.engine {
            // What was half sent will never be whole.
            engine.take_assembly();
        }
        session.host.shared.note_departure(session, reason);
        // The caller may be the application, with locks of its own.
        inbox::handle_elsewhere(session);
    }

    fn closed(session: &Arc<Member>) {
        session.host.shared.forget(session);
    }

    fn count_sent(&self, sent: Sent) {
        let counters = &self.shared.counters;
        counters.add(Count::SentBatches, sent.batches);
        counters.add(Count::SentMessages, sent.messages);
        counters.add(Count::SentBytes, sent.bytes);
    }

    fn count(&self, tally: &Tally) {
        let counts = [
            (Count::Undelivered, tally.undelivered),
            (Count::Requeued, tally.requeued),
            (Count::DisplacedVolatile, tally.displaced_volatile),
            (Count::DroppedOldest, tally.dropped_oldest),
            (Count::Conflated, tally.conflated),
            (Count::Overflowed, tally.overflowed),
            (Count::Reconnection, tally.reconnections),
        ];
        for (count, number) in counts {
            self.shared.counters.add(count, number);
        }
    }
}

impl Expire for Member {
    fn appointment(&self) -> &Appointment {
        &self.host.appointment
    }

    fn expire(self: Arc<Self>) {
        self.tick();
    }
}
