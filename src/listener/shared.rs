//! What all clones of a listener share.

use super::{
    admission::{Admission, Place},
    counters::{Count, Counters, Present, Queued, Stats},
    gauges::Gauges,
    options::Options,
    shutdown::{Ending, Handle},
};
use crate::{
    client::{Attempt, Context, Engine, Handshake, Member, Received, Refusal, State, admit},
    hub::{Keeping, Namespace, Namespaces, WireForm},
    listener::Generation,
    session::{Allowance, Deadlines, DisconnectReason, Limits, Registry, Session, SessionId},
    transport::{Flushers, HandshakeLimit, HandshakeTurn, HandshakeWaiting, Mount, Transport},
};
use std::{
    collections::HashSet,
    future::Future,
    net::IpAddr,
    sync::{
        Arc, Mutex, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};
use tokio::{
    runtime::{self, EnterGuard},
    sync::Notify,
    task::AbortHandle,
};

/// How many refused origins are remembered.
const COMPLAINTS: usize = 64;
const LONGEST_COMPLAINT: usize = 256;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) mount: Mount,
    pub(crate) namespaces: Namespaces,
    pub(crate) deadlines: Arc<Deadlines<Member>>,
    pub(crate) counters: Counters,
    /// What waits for all clients together.
    pub(crate) queues: Arc<Allowance>,
    /// What of all clients waits for the application.
    pub(crate) received: Arc<Received>,
    /// They write to the sockets that rest.
    pub(crate) flushers: Flushers,
    pub(crate) gauges: Gauges,
    #[cfg(feature = "metrics")]
    recorded: super::metrics::Recorded,
    pub(super) sessions: Registry<Member>,
    handshakes: Option<Mutex<HandshakeLimit>>,
    pub(crate) admission: Arc<Admission>,
    /// The runtime of the first request; it runs the reaper and the handlers that wait.
    runtime: OnceLock<(runtime::Handle, AbortHandle)>,
    /// The refused origins that were complained of.
    complaints: Mutex<HashSet<Box<str>>>,
    pub(super) ending: Ending,
    /// What the application's handles have in common, while there are any.
    handle: OnceLock<Weak<Handle>>,
    /// Handlers at work and sockets that say goodbye.
    pub(super) busy: AtomicUsize,
    /// Somebody left, or is no longer busy.
    pub(super) left: Notify,
}

impl Shared {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            mount: Mount::new(&options.resources),
            namespaces: Namespaces::new(keeping(&options)),
            deadlines: Arc::new(Deadlines::new()),
            counters: Counters::default(),
            queues: Arc::new(options.budget.queues()),
            received: Arc::new(Received::new(options.budget.total_received_bytes)),
            flushers: Flushers::default(),
            gauges: Gauges::default(),
            #[cfg(feature = "metrics")]
            recorded: super::metrics::Recorded::default(),
            sessions: Registry::new(),
            handshakes: HandshakeLimit::new(options.budget.handshakes, options.budget.unused_handshakes)
                .map(Mutex::new),
            admission: Arc::new(Admission::new(options.budget.max_sessions, options.budget.max_sessions_per_peer)),
            runtime: OnceLock::new(),
            complaints: Mutex::default(),
            ending: Ending::default(),
            handle: OnceLock::new(),
            busy: AtomicUsize::new(0),
            left: Notify::new(),
            options,
        }
    }

    /// Must be called on a runtime before the first session opens.
    pub(crate) fn start(self: &Arc<Self>) {
        self.runtime.get_or_init(|| {
            #[cfg(feature = "metrics")]
            tokio::spawn(super::metrics::record_now_and_then(Arc::downgrade(self)));
            let reaper = tokio::spawn(Arc::clone(&self.deadlines).run());
            (runtime::Handle::current(), reaper.abort_handle())
        });
    }

    /// The present.
    pub(crate) fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    /// Forgets what was missed in this namespace when it is too old, until there is nothing left.
    pub(crate) fn sweep(&self, namespace: &Arc<Namespace>) {
        let namespace = Arc::downgrade(namespace);
        self.spawn(async move {
            loop {
                let Some(window) = namespace.upgrade().map(|namespace| namespace.recovery.window()) else { return };
                tokio::time::sleep(window).await;
                let Some(namespace) = namespace.upgrade() else { return };
                if !namespace.recovery.sweep(tokio::time::Instant::now().into_std()) {
                    return;
                }
            }
        });
    }

    /// Runs a task on the listener's runtime.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some((runtime, _)) = self.runtime.get() {
            runtime.spawn(task);
        }
    }

    /// Asks the application whether a client may come in; answers what was kept for it. Clients since 1.0 are asked for
    /// more when they want into the root namespace.
    pub(crate) async fn admit(
        &self,
        handshake: &Arc<Handshake>,
        generation: Generation,
    ) -> Result<Arc<Mutex<State>>, Refusal> {
        let admitted = self.ask(handshake, generation).await;
        if admitted.is_err() {
            self.counters.add(Count::RefusedClient, 1);
        }
        admitted
    }

    async fn ask(&self, handshake: &Arc<Handshake>, generation: Generation) -> Result<Arc<Mutex<State>>, Refusal> {
        let handlers = self.namespaces.root().handlers();
        let attempt = |earlier| Attempt::root(Arc::clone(handshake), generation, None, earlier);
        let kept = match &handlers.authorize_handshake {
            Some(authorize) => admit(authorize, attempt(None)).await?,
            None => Arc::default(),
        };
        if let Some(authorize) = handlers.authorize.as_ref().filter(|_| generation != Generation::Engine) {
            let state = admit(authorize, attempt(Some(Arc::clone(&kept)))).await?;
            let values = std::mem::take(&mut *state.lock().unwrap_or_else(PoisonError::into_inner));
            let replaced = kept.lock().unwrap_or_else(PoisonError::into_inner).restore(values);
            drop(replaced);
        }
        Ok(kept)
    }

    /// Begins a session; nothing when the listener is shutting down or the system has no randomness. A client of the
    /// frames generation is the application's business at once, one of packets when it has a connection.
    pub(crate) fn open(
        self: &Arc<Self>,
        place: Place,
        handshake: Arc<Handshake>,
        form: WireForm,
        transport: Transport,
        state: Arc<Mutex<State>>,
        engine: Option<Engine>,
    ) -> Option<Arc<Member>> {
        let Some(id) = SessionId::random() else {
            log::error!(target: "heirloom::handshake", "the system's random generator failed; a session was refused");
            return None;
        };
        let profile = self.options.profile(form, transport);
        let return_within = self.options.budget.first_transport_timeout;
        let patience = (form == WireForm::Packets).then_some(return_within);
        let context = Context::new(Arc::clone(self), handshake, form, transport, state, engine);
        let member = Session::open(id, profile, Arc::clone(&self.queues), patience, context);
        self.gauges.opened(member.host.generation(), transport);
        self.counters.add(Count::Opened, 1);
        if form != WireForm::Packets && transport.is_polling() {
            member.expect_return(return_within);
        }
        self.sessions.insert(id, Arc::clone(&member));
        place.keep();
        // Looked at after the session is known, so that a shutdown either sees the session or is seen here.
        if self.is_shutting_down() {
            self.forget(&member);
            return None;
        }
        match member.host.generation() {
            Generation::Frames => _ = Context::begin(&member),
            Generation::Packets => log::debug!(target: "heirloom::session", "session {id:?} handshaken"),
            // These begin with their first connection, at once.
            Generation::Engine | Generation::BareEngine | Generation::BareWebSocket => {}
        }
        Some(member)
    }

    pub(crate) fn find(&self, id: &str) -> Option<Arc<Member>> {
        self.sessions.get(SessionId::parse(id)?)
    }

    /// The session of an id that was read before.
    pub(crate) fn session(&self, id: SessionId) -> Option<Arc<Member>> {
        self.sessions.get(id)
    }

    /// The session, unless it has closed.
    pub(crate) fn find_member(&self, member: &Member) -> Option<Arc<Member>> {
        self.sessions.get(member.id())
    }

    /// The session has closed.
    pub(crate) fn forget(&self, member: &Arc<Member>) {
        if self.sessions.remove(member.id()) {
            self.admission.give_back(member.host.handshake.peer().map(|peer| peer.ip()));
            self.gauges.closed(member.host.generation(), member.host.let_go());
            let _runtime = self.enter();
            self.deadlines.cancel(member);
        }
        self.someone_left(member);
    }

    /// Resolves when the session is being ended, or has gone.
    pub(crate) async fn until_over(&self, member: &Member) {
        loop {
            // Before the look, so that an end between the two is not missed.
            let left = member.host.departure.notified();
            if !member.is_open() {
                return;
            }
            left.await;
        }
    }

    /// Resolves when the session has gone.
    pub(crate) async fn until_gone(&self, member: &Member) {
        loop {
            let left = member.host.departure.notified();
            if self.sessions.get(member.id()).is_none() {
                return;
            }
            left.await;
        }
    }

    /// A session is being ended: whoever waits for that may look.
    pub(crate) fn note_departure(&self, member: &Member, reason: DisconnectReason) {
        self.gauges.ended(reason);
        self.someone_left(member);
    }

    /// Wakes who waits for this session's end, and a shutdown, which waits for everybody's.
    fn someone_left(&self, member: &Member) {
        member.host.departure.notify_waiters();
        if self.is_shutting_down() {
            self.left.notify_waiters();
        }
    }

    /// Something a shutdown waits for, until it is dropped.
    pub(crate) fn busy(shared: &Arc<Self>) -> Busy {
        shared.busy.fetch_add(1, Ordering::SeqCst);
        Busy { shared: Arc::clone(shared) }
    }

    /// Lets the calling thread use the listener's runtime: deadlines are set from anywhere.
    pub(crate) fn enter(&self) -> Option<EnterGuard<'_>> {
        self.runtime.get().map(|(runtime, _)| runtime.enter())
    }

    /// What the application's handles have in common. After the last of them it keeps nothing alive.
    pub(crate) fn handle(self: &Arc<Self>) -> Arc<Handle> {
        let make = || Handle::new(Arc::clone(self));
        let mut made = None;
        let handle = self.handle.get_or_init(|| Arc::downgrade(made.insert(make())));
        handle.upgrade().unwrap_or_else(make)
    }

    pub(crate) fn stats(&self) -> Stats {
        let (living, ended) = (self.gauges.living(), self.gauges.ended_so_far());
        self.counters.read(Present {
            sessions: self.session_count(),
            queued: self.queued(),
            waiting_bytes: self.received.used(),
            living,
            ended,
        })
    }

    /// What waits for all clients.
    fn queued(&self) -> Queued {
        let mut queued = Queued { cost: self.queues.used(), ..Queued::default() };
        for member in self.sessions.snapshot().iter() {
            let (bytes, messages) = member.held();
            queued.bytes += bytes;
            queued.messages += messages;
        }
        queued
    }

    #[cfg(feature = "metrics")]
    pub(super) fn record_metrics(&self) {
        self.recorded.record(&self.stats());
    }

    pub(crate) fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Whether this peer may begin a session now.
    pub(crate) fn handshake_turn(&self, now: Instant, peer: IpAddr, may_be_left: bool) -> HandshakeTurn {
        let Some(limit) = &self.handshakes else { return HandshakeTurn::Now };
        limit.lock().unwrap_or_else(PoisonError::into_inner).begin(now, peer, may_be_left)
    }

    /// A handshake no longer waits for its turn.
    pub(crate) fn handshake_waited(&self, waiting: HandshakeWaiting) {
        if let Some(limit) = &self.handshakes {
            limit.lock().unwrap_or_else(PoisonError::into_inner).waited(waiting);
        }
    }

    /// A session of this peer was used.
    pub(crate) fn handshake_followed_up(&self, peer: IpAddr) {
        if let Some(limit) = &self.handshakes {
            limit.lock().unwrap_or_else(PoisonError::into_inner).followed_up(peer);
        }
    }

    /// Whether this origin is refused for the first time. Of a great number only the first are told apart.
    pub(crate) fn complain_of(&self, origin: &str) -> bool {
        let mut complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        let fits = complaints.len() < COMPLAINTS && origin.len() <= LONGEST_COMPLAINT;
        fits && !complaints.contains(origin) && complaints.insert(origin.into())
    }

    pub(crate) fn is_shutting_down(&self) -> bool {
        self.ending.has_begun()
    }
}

/// A namespace keeps for who comes back as much as so many clients' queues hold.
const QUEUES_KEPT: usize = 16;

fn keeping(options: &Options) -> Keeping {
    let Limits { bytes, messages } = options.budget.queue;
    let limits = Limits { bytes: bytes.saturating_mul(QUEUES_KEPT), messages: messages.saturating_mul(QUEUES_KEPT) };
    Keeping { window: options.engine.recovery.unwrap_or_default(), limits }
}

/// Work that a shutdown waits for.
#[derive(Debug)]
pub(crate) struct Busy {
    shared: Arc<Shared>,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let was_last = self.shared.busy.fetch_sub(1, Ordering::SeqCst) == 1;
        // Nobody else waits for this, and it happens with every event.
        if was_last && self.shared.is_shutting_down() {
            self.shared.left.notify_waiters();
        }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some((_, reaper)) = self.runtime.get() {
            reaper.abort();
        }
        // Nobody lives any more.
        #[cfg(feature = "metrics")]
        self.record_metrics();
    }
}
