//! What waits for the application's handlers: in order, one at a time for each client.

use super::{
    authorization::Credentials,
    context::Member,
    data::Data,
    dispatch,
    handlers::Handling,
    message::Message,
    received::{Held, Received},
};
use crate::{
    hub::Namespace,
    listener::{Busy, Shared},
    session::DisconnectReason,
    transport::Transport,
    wire::packets::Acknowledge,
};
use futures_util::FutureExt;
use std::{
    collections::VecDeque,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// How many events may wait before a client's connection is no longer read.
const CAPACITY: usize = 32;
/// How many, and how many bytes of them, while a handler waits for an acknowledgement, which comes behind them.
const WAITING_CAPACITY: usize = 1024;
const WAITING_BYTES: usize = 1 << 20;
/// How many bytes may wait for handlers, whatever they do.
const BYTES: usize = 8 << 20;
/// How many events are handled at a stretch before others get their turn.
pub(super) const STRETCH: usize = 256;
/// Marks the line of a session that is over.
const ENDED: usize = 1 << (usize::BITS - 1);
/// Marks that of a client that was shown out: what it has said is not heard any more.
const UNHEARD: usize = 1 << (usize::BITS - 2);

/// What happens to a client, in one of its namespaces.
#[derive(Debug)]
pub(crate) enum Event {
    /// The session has begun, in the root namespace.
    Connect(Arc<Namespace>),
    /// The client wants into a namespace.
    Enter {
        namespace: Arc<Namespace>,
        credentials: Credentials,
    },
    Message {
        namespace: Arc<Namespace>,
        message: Message,
        acknowledge: Acknowledge,
    },
    Named {
        namespace: Arc<Namespace>,
        name: String,
        arguments: Data,
        acknowledge: Acknowledge,
    },
    /// Something nobody handles has arrived, and its sender wants to know.
    Receipt {
        namespace: Arc<Namespace>,
        acknowledge: Acknowledge,
    },
    /// Another transport carries the client from now on.
    Upgrade {
        namespace: Arc<Namespace>,
        transport: Transport,
    },
    /// The client leaves a namespace.
    Leave(Arc<Namespace>),
    /// The client is gone from a namespace.
    Disconnect {
        namespace: Arc<Namespace>,
        reason: DisconnectReason,
    },
}

impl Event {
    /// The bytes that are the client's.
    fn size(&self) -> usize {
        match self {
            Self::Enter { credentials: Credentials { query, auth }, .. } => {
                query.as_ref().map_or(0, String::len) + auth.as_ref().map_or(0, |auth| auth.get().len())
            }
            Self::Message { message: Message::Text(text), .. } => text.len(),
            Self::Message { message: Message::Json(json), .. } => json.get().len(),
            Self::Message { message: Message::Binary(bytes), .. } => bytes.len(),
            Self::Message { message: Message::Data(data), .. } => data.length(),
            Self::Named { name, arguments, .. } => name.len() + arguments.length(),
            Self::Connect(_)
            | Self::Receipt { .. }
            | Self::Upgrade { .. }
            | Self::Leave(_)
            | Self::Disconnect { .. } => 0,
        }
    }
}

#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    /// How many events wait, and whether the session is over ([`ENDED`], [`UNHEARD`]): what may be known without the
    /// lock.
    line: AtomicUsize,
    /// How many requests bring events now.
    arrivals: AtomicUsize,
}

/// A request that brings events, until this is dropped.
#[derive(Debug)]
pub(crate) struct Arrival<'a>(&'a AtomicUsize);

impl Drop for Arrival<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

#[derive(Debug)]
struct State {
    events: VecDeque<Event>,
    bytes: usize,
    held: Held,
    /// Somebody works through the events.
    running: bool,
    /// [`ENDED`], when only farewells may still come, and [`UNHEARD`].
    ended: usize,
    /// Who stopped reading because the inbox was full: one socket, or any number of requests.
    readers: Vec<Waker>,
}

impl Inbox {
    pub(crate) fn new(received: &Arc<Received>) -> Self {
        let state = State {
            events: VecDeque::new(),
            bytes: 0,
            held: Held::nothing(received),
            running: false,
            ended: 0,
            readers: Vec::new(),
        };
        Self { state: Mutex::new(state), line: AtomicUsize::new(0), arrivals: AtomicUsize::new(0) }
    }

    /// Puts an event at the end. After the session's end only farewells come in; answers whether this one has.
    pub(crate) fn push(&self, event: Event) -> bool {
        let mut state = self.lock();
        let comes_in = state.ended == 0 || matches!(event, Event::Disconnect { .. });
        if comes_in {
            state.bytes += event.size();
            state.events.push_back(event);
            self.note(&mut state);
        }
        comes_in
    }

    /// A request is here that brings events.
    pub(crate) fn arrival(&self) -> Arrival<'_> {
        self.arrivals.fetch_add(1, Ordering::SeqCst);
        Arrival(&self.arrivals)
    }

    /// How many requests are here that bring events.
    pub(crate) fn arrivals(&self) -> usize {
        self.arrivals.load(Ordering::SeqCst)
    }

    /// Whether everything that came is handled, and nothing is on its way.
    pub(crate) fn is_at_rest(&self) -> bool {
        // Looked at first: what a request leaves behind is in the line before it is gone.
        let arrivals = self.arrivals();
        let state = self.lock();
        arrivals == 0 && !state.running && state.events.is_empty()
    }

    /// Whether more can be taken, though nobody should read any more.
    pub(crate) fn has_spare_room(&self) -> bool {
        let state = self.lock();
        state.is_small() && state.held.fits()
    }

    /// The session is over. What its client has said before is still handled, unless it was shown out.
    pub(crate) fn end(&self, was_shown_out: bool) {
        let mut state = self.lock();
        state.ended = if was_shown_out { ENDED | UNHEARD } else { ENDED };
        self.note(&mut state);
    }

    /// Whether what the client has said is heard: it was not shown out.
    pub(crate) fn is_heard(&self) -> bool {
        self.line.load(Ordering::SeqCst) & UNHEARD == 0
    }

    /// Ready when more may be read. `is_awaited` says whether somebody waits for an acknowledgement.
    pub(crate) fn poll_room(&self, context: &Context<'_>, is_awaited: impl Fn() -> bool) -> Poll<()> {
        if self.is_empty() {
            return Poll::Ready(());
        }
        let mut state = self.lock();
        if state.has_room() {
            return Poll::Ready(());
        }
        if !state.readers.iter().any(|reader| reader.will_wake(context.waker())) {
            state.readers.push(context.waker().clone());
        }
        let is_small = state.is_small();
        drop(state);
        // Asked after the reader is known, so that whoever begins to wait finds it.
        if is_small && is_awaited() { Poll::Ready(()) } else { Poll::Pending }
    }

    /// Whoever waited for room with this waker waits no longer.
    pub(crate) fn forget_reader(&self, waker: &Waker) {
        self.lock().readers.retain(|reader| !reader.will_wake(waker));
    }

    /// Somebody waits for an acknowledgement now.
    pub(crate) fn wake_readers(&self) {
        let readers = std::mem::take(&mut self.lock().readers);
        for reader in readers {
            reader.wake();
        }
    }

    /// Whether nothing waits. Events that come may still be on their way into the line.
    fn is_empty(&self) -> bool {
        self.line.load(Ordering::SeqCst) & !(ENDED | UNHEARD) == 0
    }

    /// Whether an event that comes now may be handled before all others, by whoever has the claim.
    pub(super) fn is_quiet(&self) -> bool {
        self.line.load(Ordering::SeqCst) == 0
    }

    /// Claims the work before there is any, unless somebody does it already, something waits or the session is over.
    pub(super) fn claim(&self) -> bool {
        let mut state = self.lock();
        let mine = !state.running && state.events.is_empty() && state.ended == 0;
        state.running |= mine;
        mine
    }

    /// Gives the claim back if there is no work; answers whether.
    pub(super) fn release(&self) -> bool {
        let mut state = self.lock();
        state.running = !state.events.is_empty();
        !state.running
    }

    /// Claims the work, unless somebody does it already or there is none.
    fn begin(&self) -> bool {
        let mut state = self.lock();
        let mine = !state.running && !state.events.is_empty();
        state.running |= mine;
        mine
    }

    /// The next event; nothing ends the claim.
    fn next(&self) -> Option<Event> {
        let mut state = self.lock();
        let event = state.events.pop_front();
        match &event {
            Some(event) => {
                state.bytes -= event.size();
                self.note(&mut state);
            }
            None => {
                state.running = false;
                state.events = VecDeque::new();
            }
        }
        let readers = if state.has_room() { std::mem::take(&mut state.readers) } else { Vec::new() };
        drop(state);
        for reader in readers {
            reader.wake();
        }
        event
    }

    /// What waits is accounted for, events that are nothing but themselves included.
    fn note(&self, state: &mut State) {
        state.held.set(state.bytes + state.events.len() * size_of::<Event>());
        self.line.store(state.events.len() | state.ended, Ordering::SeqCst);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn has_room(&self) -> bool {
        // An empty inbox always has, so who waits for room is woken by who makes it.
        self.events.len() < CAPACITY && self.bytes < BYTES && self.held.fits()
    }

    fn is_small(&self) -> bool {
        self.events.len() < WAITING_CAPACITY && self.bytes < WAITING_BYTES
    }
}

/// Hands what waits to the handlers, here and now; what a handler leaves unfinished goes on in a task.
///
/// Only for callers that hold no lock, of ours or the application's.
pub(crate) fn handle_here(member: &Arc<Member>) {
    if member.host.inbox.begin() {
        go_on(member);
    }
}

/// The same for who has the claim.
pub(super) fn go_on(member: &Arc<Member>) {
    let mut worker = Worker::new(member, None);
    // The task polls once more by itself, so a wake-up meant for this poll is not missed.
    if worker.poll_unpin(&mut Context::from_waker(Waker::noop())).is_pending() {
        member.host.shared.spawn(worker);
    }
}

/// Hands what waits to the handlers in a task.
pub(crate) fn handle_elsewhere(member: &Arc<Member>) {
    if member.host.inbox.begin() {
        member.host.shared.spawn(Worker::new(member, None));
    }
}

/// Goes on in a task with the claim and what a handler has left unfinished.
pub(super) fn finish_elsewhere(member: &Arc<Member>, handling: Handling) {
    member.host.shared.spawn(Worker::new(member, Some(handling)));
}

/// Works through one inbox until it is empty.
struct Worker {
    member: Arc<Member>,
    handling: Option<Handling>,
    /// The event at work is the last one of this namespace.
    farewell: Option<Arc<Namespace>>,
    _busy: Busy,
}

impl Worker {
    fn new(member: &Arc<Member>, handling: Option<Handling>) -> Self {
        let _busy = Shared::busy(&member.host.shared);
        Self { member: Arc::clone(member), handling, farewell: None, _busy }
    }
}

impl Future for Worker {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        for _ in 0..STRETCH {
            if let Some(handling) = self.handling.take() {
                self.handling = advance(&self.member, context, |_| Some(handling));
                if self.handling.is_some() {
                    return Poll::Pending;
                }
            }
            if let Some(namespace) = self.farewell.take() {
                // A client knows its rooms and values until its last handler has looked.
                self.member.host.depart(&namespace);
            }
            let Some(event) = self.member.host.inbox.next() else { return Poll::Ready(()) };
            let event = match event {
                Event::Leave(namespace) if !self.member.host.seats.leave(&self.member, &namespace, || {}) => continue,
                Event::Leave(namespace) => Event::Disconnect { namespace, reason: DisconnectReason::ClientDisconnect },
                event => event,
            };
            if let Event::Disconnect { namespace, .. } = &event {
                self.farewell = Some(Arc::clone(namespace));
            }
            self.handling = advance(&self.member, context, |member| dispatch::begin(member, event));
            if self.handling.is_some() {
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Begins to handle something and goes on as far as it goes now. Answers what is left to be done.
///
/// A handler that panics costs its own client the session and nobody else anything.
pub(super) fn advance(
    member: &Arc<Member>,
    context: &mut Context<'_>,
    begin: impl FnOnce(&Arc<Member>) -> Option<Handling>,
) -> Option<Handling> {
    let advanced = std::panic::catch_unwind(AssertUnwindSafe(|| {
        let mut handling = begin(member)?;
        handling.as_mut().poll(context).is_pending().then_some(handling)
    }));
    advanced.unwrap_or_else(|_| {
        log::error!(target: "heirloom::handler", "a handler panicked; session {:?} is disconnected", member.id());
        member.end(DisconnectReason::HandlerPanicked);
        None
    })
}
