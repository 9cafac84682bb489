//! A session as the rest of the house holds it: the state machine behind a lock, the waker of its connection, and
//! what belongs to the application beside it.

use super::{
    allowance::Allowance,
    delivery::Delivery,
    id::SessionId,
    machine::{Effects, Machine, Mode, Taken},
    profile::Profile,
    queue::{Batch, Element, Elements, Manner, SendError},
    reason::DisconnectReason,
    sync::{AtomicU64, Mutex, MutexGuard, Ordering},
    tally::{Sent, Tally},
};
use std::{
    cell::Cell,
    fmt,
    sync::{Arc, PoisonError},
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

/// What a session belongs to: tells the time, keeps deadlines, and hears of endings. Called without any lock held.
pub(crate) trait Host: Sized + Send + Sync + 'static {
    /// The present. Called with the lock held, too.
    fn now(&self) -> Instant;
    /// Call [`Session::tick`] at this time, or earlier.
    fn schedule(session: &Arc<Session<Self>>, at: Instant);
    /// The application has to hear that the client is gone. Once in a session's life.
    fn disconnected(session: &Arc<Session<Self>>, reason: DisconnectReason);
    /// The session is to be forgotten.
    fn closed(session: &Arc<Session<Self>>);
    /// Counts what was handed to a connection.
    fn count_sent(&self, sent: Sent);
    /// Counts what is rarer.
    fn count(&self, tally: &Tally);
}

/// The number of no connection.
const NOBODY: u64 = 0;

/// One client's session.
pub(crate) struct Session<A> {
    id: SessionId,
    /// The number of the connection whose task looks for something to write before it rests: it need not be woken.
    attended: AtomicU64,
    core: Mutex<Core>,
    /// What the layers above keep with it.
    pub(crate) host: A,
}

struct Core {
    machine: Machine,
    waker: Option<Waker>,
    /// The time the reaper is known to come by.
    scheduled: Option<Instant>,
}

/// Reads the time when it is needed, and remembers that it was.
struct Clock<'a, A> {
    host: &'a A,
    read: Cell<bool>,
}

impl<'a, A: Host> Clock<'a, A> {
    fn of(host: &'a A) -> Self {
        Self { host, read: Cell::new(false) }
    }

    fn now(&self) -> Instant {
        self.read.set(true);
        self.host.now()
    }

    fn was_asked(&self) -> bool {
        self.read.get()
    }
}

impl<A: Host> Session<A> {
    /// A new session, its deadline set.
    pub(crate) fn open(
        id: SessionId,
        profile: Profile,
        allowance: Arc<Allowance>,
        patience: Option<Duration>,
        host: A,
    ) -> Arc<Self> {
        let machine = Machine::new(host.now(), profile, allowance, patience);
        let core = Mutex::new(Core { machine, waker: None, scheduled: None });
        let session = Arc::new(Self { id, attended: AtomicU64::new(NOBODY), core, host });
        session.settle(session.lock(), true);
        session
    }

    pub(crate) fn id(&self) -> SessionId {
        self.id
    }

    /// Ready when nothing is known to be under way on a watched connection. A client may have read an answer, and
    /// ask for more, before the thread that wrote it has taken note of that.
    pub(crate) fn poll_settled(&self, context: &mut Context<'_>) -> Poll<()> {
        let core = self.lock();
        let (delivery, is_being_written) = (core.machine.delivery(), core.machine.is_being_written());
        drop(core);
        if is_being_written {
            // Nobody is woken by its end: whoever asks looks again.
            return Poll::Pending;
        }
        delivery.map_or(Poll::Ready(()), |delivery| delivery.poll_settled(context))
    }

    /// See [`Machine::attach`].
    pub(crate) fn attach(self: &Arc<Self>, mode: Mode, profile: Profile) -> Option<u64> {
        self.with(|machine, now| machine.attach(now, mode, profile))
    }

    /// [`Session::poll_next`] with a batch to keep. Waits with the task's waker.
    pub(crate) fn poll_take(self: &Arc<Self>, context: &mut Context<'_>, number: u64) -> Poll<Taken> {
        let mut taken = Batch::default();
        let next = self.poll_next(context, number, false, |batch| taken.clone_from(batch));
        next.map(|next| next.map(|()| taken))
    }

    /// The task of this connection is at work, and looks for something to write before it rests: until it is told to
    /// wait by [`Session::poll_next`], [`Session::poll_take`] or [`Session::poll_over`] it is not woken for what is sent.
    pub(crate) fn attend(&self, number: u64) {
        // Whoever sends looks at it with the lock, and what is sent before the task looks with the lock, it finds. So
        // an older value costs a wake-up, and a newer one is true.
        self.attended.store(number, Ordering::Relaxed);
    }

    /// See [`Machine::next`]; with `wrote`, [`Machine::written`] before. Shows a batch to `encode`, which does nothing
    /// but copy it: nobody can send meanwhile. Waits with the task's waker.
    pub(crate) fn poll_next(
        self: &Arc<Self>,
        context: &Context<'_>,
        number: u64,
        wrote: bool,
        encode: impl FnOnce(&Batch),
    ) -> Poll<Taken<()>> {
        let clock = Clock::of(&self.host);
        let mut core = self.lock();
        if wrote {
            core.machine.written(number);
        }
        let next = core.machine.next(|| clock.now(), number).map(encode);
        if next == Taken::Wait {
            self.wait(&mut core, context);
        }
        self.settle(core, clock.was_asked());
        if next == Taken::Wait { Poll::Pending } else { Poll::Ready(next) }
    }

    /// Whether the connection is over, for one that cannot write now. Wakes the task when it may have changed.
    pub(crate) fn poll_over(&self, context: &Context<'_>, number: u64) -> bool {
        let mut core = self.lock();
        let is_over = core.machine.is_over(number);
        if !is_over {
            self.wait(&mut core, context);
        }
        is_over
    }

    /// See [`Machine::written`].
    pub(crate) fn written(self: &Arc<Self>, number: u64) -> bool {
        self.lazily(|machine, _| machine.written(number))
    }

    /// See [`Machine::watched`].
    pub(crate) fn watched(self: &Arc<Self>, number: u64, delivery: Arc<dyn Delivery>) -> bool {
        self.with(|machine, now| machine.watched(now, number, delivery))
    }

    /// See [`Machine::unwritten`].
    pub(crate) fn unwritten(self: &Arc<Self>, number: u64) {
        self.with(|machine, now| machine.unwritten(now, number));
    }

    /// See [`Machine::detach`].
    pub(crate) fn detach(self: &Arc<Self>, number: u64, reason: DisconnectReason) {
        self.with(|machine, now| machine.detach(now, number, reason));
    }

    /// See [`Machine::send`].
    pub(crate) fn send(self: &Arc<Self>, messages: impl Elements, manner: Manner) -> Result<(), SendError> {
        self.lazily(|machine, clock| machine.send(|| clock.now(), messages, &manner))
    }

    /// See [`Machine::say`].
    pub(crate) fn say(self: &Arc<Self>, word: &Element) {
        self.lazily(|machine, _| machine.say(word));
    }

    /// See [`Machine::heartbeat`].
    pub(crate) fn heartbeat(self: &Arc<Self>, counter: Option<u64>) {
        self.with(|machine, now| machine.heartbeat(now, counter));
    }

    /// See [`Machine::hear`].
    pub(crate) fn hear(self: &Arc<Self>) {
        self.lazily(|machine, clock| machine.hear(|| clock.now()));
    }

    /// See [`Machine::polled`].
    pub(crate) fn polled(self: &Arc<Self>) {
        self.with(|machine, now| machine.polled(now));
    }

    /// See [`Machine::answer_heartbeat`].
    pub(crate) fn answer_heartbeat(self: &Arc<Self>) {
        self.lazily(|machine, _| machine.answer_heartbeat());
    }

    /// See [`Machine::expect_entry`].
    pub(crate) fn expect_entry(self: &Arc<Self>, within: Duration) {
        self.with(|machine, now| machine.expect_entry(now + within));
    }

    /// See [`Machine::entered`].
    pub(crate) fn entered(self: &Arc<Self>) {
        self.lazily(|machine, _| machine.entered());
    }

    /// See [`Machine::expect_return`].
    pub(crate) fn expect_return(self: &Arc<Self>, within: Duration) {
        self.with(|machine, now| machine.expect_return(now + within));
    }

    /// See [`Machine::returned`].
    pub(crate) fn returned(self: &Arc<Self>) {
        self.lazily(|machine, _| machine.returned());
    }

    /// See [`Machine::is_polled`].
    pub(crate) fn is_polled(&self) -> bool {
        self.lock().machine.is_polled()
    }

    /// See [`Machine::polls_have_ended`].
    pub(crate) fn polls_have_ended(self: &Arc<Self>) {
        self.lazily(|machine, _| machine.polls_have_ended());
    }

    /// See [`Machine::probe`].
    pub(crate) fn probe(self: &Arc<Self>, probed: bool) {
        self.lazily(|machine, _| machine.probe(probed));
    }

    /// See [`Machine::pause_reading`].
    pub(crate) fn pause_reading(self: &Arc<Self>, number: u64, paused: bool) {
        self.with(|machine, now| machine.pause_reading(now, number, paused));
    }

    /// See [`Machine::pause_request`].
    pub(crate) fn pause_request(self: &Arc<Self>, paused: bool) {
        self.with(|machine, now| machine.pause_request(now, paused));
    }

    /// See [`Machine::open_again`].
    pub(crate) fn open_again(self: &Arc<Self>) {
        self.lazily(|machine, _| machine.open_again());
    }

    /// See [`Machine::end`].
    pub(crate) fn end(self: &Arc<Self>, reason: DisconnectReason) {
        self.with(|machine, now| machine.end(now, reason, false));
    }

    /// See [`Machine::abort`].
    pub(crate) fn abort(self: &Arc<Self>, reason: DisconnectReason) {
        self.lazily(|machine, _| machine.abort(reason));
    }

    /// The client said goodbye. See [`Machine::end`].
    pub(crate) fn end_by_client(self: &Arc<Self>, reason: DisconnectReason) {
        self.with(|machine, now| machine.end(now, reason, true));
    }

    /// A deadline came. See [`Machine::tick`].
    pub(crate) fn tick(self: &Arc<Self>) {
        let now = self.host.now();
        let mut core = self.lock();
        // Also one that comes too early has used up the only appointment there is.
        core.scheduled = None;
        core.machine.tick(now);
        self.settle(core, true);
    }

    /// Whether the session still accepts messages.
    pub(crate) fn is_open(&self) -> bool {
        self.lock().machine.is_open()
    }

    /// Bytes and messages that wait or are under way.
    pub(crate) fn held(&self) -> (usize, usize) {
        self.lock().machine.held()
    }

    fn with<T>(self: &Arc<Self>, input: impl FnOnce(&mut Machine, Instant) -> T) -> T {
        self.lazily(|machine, clock| input(machine, clock.now()))
    }

    /// For an input that seldom needs the time: what does not ask for it sets no deadline.
    fn lazily<T>(self: &Arc<Self>, input: impl FnOnce(&mut Machine, &Clock<'_, A>) -> T) -> T {
        let clock = Clock::of(&self.host);
        let mut core = self.lock();
        let output = input(&mut core.machine, &clock);
        self.settle(core, clock.was_asked());
        output
    }

    /// The connection rests until it is woken.
    fn wait(&self, core: &mut Core, context: &Context<'_>) {
        match &mut core.waker {
            Some(waker) => waker.clone_from(context.waker()),
            empty => *empty = Some(context.waker().clone()),
        }
        self.attended.store(NOBODY, Ordering::Relaxed);
    }

    /// Does what the machine asks for, after letting go of the lock. The deadline may have been brought forward.
    fn settle(self: &Arc<Self>, mut core: MutexGuard<'_, Core>, may_be_earlier: bool) {
        if !may_be_earlier && !core.machine.has_effects() {
            // Most of what is sent waits behind something.
            return;
        }
        let Effects { wake, disconnected, closed, sent, tally } = core.machine.take_effects();
        let waker = if wake && !self.is_attended(&core) { core.waker.take() } else { None };
        let mut earlier = None;
        if may_be_earlier {
            let deadline = core.machine.deadline();
            earlier = deadline.filter(|at| core.scheduled.is_none_or(|scheduled| *at < scheduled));
            core.scheduled = earlier.or(core.scheduled);
        }
        drop(core);
        if let Some(waker) = waker {
            waker.wake();
        }
        if let Some(at) = earlier {
            A::schedule(self, at);
        }
        if sent.batches > 0 {
            self.host.count_sent(sent);
        }
        if let Some(tally) = tally {
            self.host.count(&tally);
        }
        if let Some(reason) = disconnected {
            A::disconnected(self, reason);
        }
        if closed {
            A::closed(self);
        }
    }

    fn is_attended(&self, core: &Core) -> bool {
        core.machine.connection().is_some_and(|number| number == self.attended.load(Ordering::Relaxed))
    }

    /// The machine is left whole by every input, so a panic elsewhere does not spoil it.
    fn lock(&self) -> MutexGuard<'_, Core> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<A> fmt::Debug for Session<A> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Session").field("id", &self.id).finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
