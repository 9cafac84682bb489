//! What surrounds a session here: a clock, a reaper, and what became of it.

use crate::session::{
    Allowance, Batch, DisconnectReason, Element, Goodbye, Host, Limits, Manner, Mode, Polls, Profile, Sent, Session,
    SessionId, Taken, Tally,
};
use bytes::Bytes;
use std::{
    collections::BTreeSet,
    future::poll_fn,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::Poll,
    time::{Duration, Instant},
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// How often a thread is interrupted where it could go on; most races need one or two.
const PREEMPTIONS: usize = 3;

/// Runs a model with every interleaving and tells how many there were.
pub(crate) fn check(model: fn()) -> usize {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    RUNS.store(0, Relaxed);
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(PREEMPTIONS));
    builder.check(move || {
        RUNS.fetch_add(1, Relaxed);
        model();
    });
    RUNS.load(Relaxed)
}

/// Everything in it is behind locks of the standard library, held for no longer than a line: loom does not see them, and
/// need not.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) allowance: Arc<Allowance>,
    now: Mutex<Instant>,
    appointments: Mutex<BTreeSet<Instant>>,
    disconnected: Mutex<Vec<DisconnectReason>>,
    closed: AtomicUsize,
    undelivered: AtomicUsize,
}

impl Host for House {
    fn now(&self) -> Instant {
        *lock(&self.now)
    }

    fn schedule(session: &Arc<Session<Self>>, at: Instant) {
        lock(&session.host.appointments).insert(at);
    }

    fn disconnected(session: &Arc<Session<Self>>, reason: DisconnectReason) {
        lock(&session.host.disconnected).push(reason);
    }

    fn closed(session: &Arc<Session<Self>>) {
        session.host.closed.fetch_add(1, Relaxed);
    }

    fn count_sent(&self, _: Sent) {}

    fn count(&self, tally: &Tally) {
        self.undelivered.fetch_add(tally.undelivered, Relaxed);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) type Shared = Arc<Session<House>>;

/// A profile without heartbeats, whose sessions outlive their connections.
pub(crate) const PROFILE: Profile = Profile {
    heartbeat: None,
    close_timeout: SECOND,
    polls: Polls::Sealed { duration: Duration::from_secs(20) },
    goodbye: Goodbye::Never,
};

/// A session that nobody has attached to, in a house of its own.
pub(crate) fn open() -> Shared {
    open_within(&Arc::new(Limits { bytes: 1000, messages: 100 }.into()))
}

/// The same, with an allowance that is shared with others.
pub(crate) fn open_within(allowance: &Arc<Allowance>) -> Shared {
    // The same in every run, because runs have to be repeatable.
    static BEGINNING: OnceLock<Instant> = OnceLock::new();
    static ID: OnceLock<SessionId> = OnceLock::new();
    let host = House {
        allowance: Arc::clone(allowance),
        now: Mutex::new(*BEGINNING.get_or_init(Instant::now)),
        appointments: Mutex::default(),
        disconnected: Mutex::default(),
        closed: AtomicUsize::new(0),
        undelivered: AtomicUsize::new(0),
    };
    let id = *ID.get_or_init(|| SessionId::random().expect("the system has randomness"));
    Session::open(id, PROFILE, Arc::clone(allowance), None, host)
}

impl House {
    pub(crate) fn pass(&self, time: Duration) {
        *lock(&self.now) += time;
    }

    pub(crate) fn reasons(&self) -> Vec<DisconnectReason> {
        lock(&self.disconnected).clone()
    }
}

pub(crate) fn attach(session: &Shared, mode: Mode) -> Option<u64> {
    session.attach(mode, PROFILE)
}

pub(crate) async fn take(session: &Shared, number: u64) -> Taken {
    poll_fn(|context| session.poll_take(context, number)).await
}

/// Looks once, and leaves the waker of this task behind.
pub(crate) async fn take_if_ready(session: &Shared, number: u64) -> Option<Taken> {
    poll_fn(|context| match session.poll_take(context, number) {
        Poll::Ready(taken) => Poll::Ready(Some(taken)),
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

/// The next batch, as the task of a socket gets it that has been at work since it was woken.
pub(crate) async fn next(session: &Shared, number: u64, wrote: bool, received: &mut Received) -> Taken<()> {
    let mut wrote = wrote;
    poll_fn(|context| {
        session.attend(number);
        session.poll_next(context, number, std::mem::take(&mut wrote), |batch| received.add(batch))
    })
    .await
}

/// Waits until the connection is over, as a stream does that cannot write.
pub(crate) async fn over(session: &Shared, number: u64) {
    poll_fn(|context| if session.poll_over(context, number) { Poll::Ready(()) } else { Poll::Pending }).await;
}

/// Message `number` of this sender.
pub(crate) fn message(sender: u8, number: u8) -> Element {
    Element::Message(Bytes::copy_from_slice(&[sender, number]))
}

/// Sends so many messages and tells how many were accepted; none is after one that was not.
pub(crate) fn send(session: &Shared, sender: u8, count: u8) -> u8 {
    let accepted =
        (0..count).take_while(|number| session.send(&[message(sender, *number)], Manner::PLAIN).is_ok()).count();
    u8::try_from(accepted).expect("a few messages")
}

/// What a client has got, in order.
#[derive(Debug, Default)]
pub(crate) struct Received(Vec<(u8, u8)>);

impl Received {
    pub(crate) fn add(&mut self, batch: &Batch) {
        for entry in &batch.0 {
            if let Element::Message(bytes) = &entry.element {
                self.0.push((bytes[0], bytes[1]));
            }
        }
    }

    pub(crate) fn append(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Exactly the messages that were accepted of each sender, each once, those of one sender in order.
    pub(crate) fn assert_all(&self, accepted: &[(u8, u8)]) {
        for (sender, count) in accepted {
            let numbers: Vec<u8> =
                self.0.iter().filter(|(from, _)| from == sender).map(|(_, number)| *number).collect();
            assert_eq!(numbers, (0..*count).collect::<Vec<_>>(), "of sender {sender}: {self:?}");
        }
        let expected: usize = accepted.iter().map(|(_, count)| usize::from(*count)).sum();
        assert_eq!(self.0.len(), expected);
    }
}

/// Whatever has happened: a session that nobody is connected to any more ends by the appointments it has made, the
/// application hears it once, and what was not delivered is counted.
pub(crate) fn assert_it_ends(session: &Shared, undelivered: usize) {
    let house = &session.host;
    // Taken in a statement of its own, because a tick makes new ones.
    while let Some(at) = { lock(&house.appointments).pop_first() } {
        {
            let mut now = lock(&house.now);
            *now = at.max(*now);
        }
        session.tick();
    }
    assert_eq!(house.closed.load(Relaxed), 1, "closed once, and not forgotten by the reaper");
    assert_eq!(house.reasons().len(), 1, "the application hears it once");
    assert_eq!(house.undelivered.load(Relaxed), undelivered);
    assert_eq!(session.held(), (0, 0));
}
