//! The namespaces one session is in, and what belongs to the client in each.

use super::{
    acknowledgement::{AckError, Awaited},
    authorization::Refusal,
    context::Member,
    data::Data,
    send_error::SendError,
    state::State,
};
use crate::{
    hub::{Kept, Namespace, Tails},
    listener::Count,
    session::SessionId,
};
use serde_json::value::RawValue;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use tokio::sync::oneshot;

/// How many of the namespaces a client has left are remembered.
const LEFT: usize = 64;

/// What a client comes into a namespace with.
#[derive(Debug)]
pub(crate) struct Entry {
    /// What the application keeps with it.
    pub(crate) state: Arc<Mutex<State>>,
    /// The id it is known by.
    pub(crate) id: SessionId,
    /// How it may come back, if it may.
    pub(crate) recovery: Option<Recovery>,
    /// What it said about itself.
    pub(crate) auth: Option<Arc<RawValue>>,
}

/// How a client may come back.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recovery {
    /// The id it comes back with.
    pub(crate) id: SessionId,
    /// The number of the first event it can have missed.
    pub(crate) since: u64,
    /// It has come back.
    pub(crate) recovered: bool,
}

/// The client in one namespace.
#[derive(Debug)]
struct Seat {
    namespace: Arc<Namespace>,
    id: SessionId,
    recovery: Option<Box<(Recovery, Tails)>>,
    auth: Option<Arc<RawValue>>,
    rooms: Vec<Arc<str>>,
    state: Arc<Mutex<State>>,
    awaited: Awaited,
    /// The client has gone; its last handler has not yet looked.
    leaving: bool,
    /// It went by itself: what it said before waits for its handlers.
    by_client: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Seats {
    inner: Mutex<Inner>,
    /// How often the client has come or gone: what may be known without the lock.
    changes: AtomicUsize,
    /// Whether it is in the root namespace.
    in_root: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    seats: Vec<Seat>,
    /// The last id of the acknowledgements asked for in namespaces the client has left.
    asked: u64,
    /// The session has ended: nobody comes in any more.
    closed: bool,
    /// Why the client is not in the root namespace, if it was refused.
    refusal: Option<Box<Refusal>>,
    /// The last namespaces the client was in: what it sent before it heard of its going is no mistake.
    left: VecDeque<Arc<Namespace>>,
}

impl Seats {
    /// Takes a place in the namespace; nothing changes and the answer is no when there is one, or the session is over.
    /// `tell` is called before anybody can hear of an end.
    pub(crate) fn enter(
        &self,
        member: &Arc<Member>,
        namespace: &Arc<Namespace>,
        entry: Entry,
        tell: impl FnOnce(),
    ) -> bool {
        let mut inner = self.lock();
        if inner.closed || inner.seats.iter().any(|seat| Arc::ptr_eq(&seat.namespace, namespace)) {
            return false;
        }
        let awaited = Awaited::after(inner.asked);
        let Entry { state, id, recovery, auth } = entry;
        tell();
        // Most sessions are in one namespace for ever.
        inner.seats.reserve_exact(1);
        let recovery = recovery.map(|recovery| Box::new((recovery, Tails::default())));
        inner.seats.push(Seat {
            namespace: Arc::clone(namespace),
            id,
            recovery,
            auth,
            rooms: Vec::new(),
            state,
            awaited,
            leaving: false,
            by_client: false,
        });
        self.change(&inner);
        // Whoever finds it there may send to it.
        namespace.members.insert(id, Arc::clone(member));
        true
    }

    /// The id the client is known by in the namespace, also until its last handler has looked.
    pub(crate) fn id(&self, namespace: &Arc<Namespace>) -> Option<SessionId> {
        self.look(namespace, |seat| seat.id)
    }

    /// How the client may come back to the namespace.
    pub(crate) fn recovery(&self, namespace: &Arc<Namespace>) -> Option<Recovery> {
        self.look(namespace, |seat| seat.recovery.as_ref().map(|recovery| recovery.0)).flatten()
    }

    /// An event that is not kept ends with this text; the events from this number on come behind it.
    pub(crate) fn note_tail(&self, namespace: &Arc<Namespace>, tail: &str, number: u64) {
        let note = |seat: &mut Seat| {
            if let Some(recovery) = &mut seat.recovery {
                recovery.1.add(tail, number);
            }
        };
        self.with(namespace, note);
    }

    /// How many bytes the client has said about itself, in all namespaces it is in.
    pub(crate) fn auth_bytes(&self) -> usize {
        self.lock().seats.iter().filter_map(|seat| seat.auth.as_ref()).map(|auth| auth.get().len()).sum()
    }

    /// What the client said about itself when it came in.
    pub(crate) fn auth(&self, namespace: &Arc<Namespace>) -> Option<Arc<RawValue>> {
        self.look(namespace, |seat| seat.auth.clone()).flatten()
    }

    /// The client was refused at the root.
    pub(crate) fn refuse(&self, refusal: Refusal) {
        self.lock().refusal = Some(Box::new(refusal));
    }

    /// Why the client was refused at the root, if it was.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        self.lock().refusal.as_deref().cloned()
    }

    /// Whether the client is in the namespace, or was.
    pub(crate) fn knows(&self, namespace: &Arc<Namespace>) -> bool {
        let inner = self.lock();
        let seats = inner.seats.iter().map(|seat| &seat.namespace);
        seats.chain(&inner.left).any(|known| Arc::ptr_eq(known, namespace))
    }

    /// The namespaces the client is in.
    pub(crate) fn namespaces(&self) -> Vec<Arc<Namespace>> {
        let inner = self.lock();
        inner.seats.iter().filter(|seat| !seat.leaving).map(|seat| Arc::clone(&seat.namespace)).collect()
    }

    /// Whether the client is in the namespace.
    pub(crate) fn holds(&self, namespace: &Arc<Namespace>) -> bool {
        self.with(namespace, |_| ()).is_some()
    }

    /// Whether what the client has said in the namespace is heard: it is there, or it was when it went by itself.
    pub(crate) fn hears(&self, namespace: &Arc<Namespace>) -> bool {
        self.heard(namespace).is_some()
    }

    /// The id the client is known by, where it is heard.
    pub(crate) fn heard(&self, namespace: &Arc<Namespace>) -> Option<SessionId> {
        self.look(namespace, |seat| (!seat.leaving || seat.by_client).then_some(seat.id)).flatten()
    }

    /// As long as this stays the same, who is heard does.
    pub(crate) fn changes(&self) -> usize {
        self.changes.load(Ordering::SeqCst)
    }

    /// Whether the client is in the root namespace.
    pub(crate) fn is_in_root(&self) -> bool {
        self.in_root.load(Ordering::SeqCst)
    }

    fn change(&self, inner: &Inner) {
        let is_in_root = inner.seats.iter().any(|seat| !seat.leaving && seat.namespace.is_root());
        self.in_root.store(is_in_root, Ordering::SeqCst);
        self.changes.fetch_add(1, Ordering::SeqCst);
    }

    /// The client goes: it is no longer heard and hears nothing, but knows its rooms until [`Seats::depart`]. `tell`
    /// is called before it can come back. Answers whether it was there.
    pub(crate) fn leave(&self, member: &Member, namespace: &Arc<Namespace>, tell: impl FnOnce()) -> bool {
        let mut inner = self.lock();
        let Some(seat) = inner.seat(namespace) else { return false };
        let departure = seat.leave(member, false);
        self.change(&inner);
        tell();
        drop(inner);
        departure.into_iter().for_each(|departure| departure.note(member));
        true
    }

    /// The session is over: the client goes from all its namespaces, by itself or not, perhaps to come back, and `tell`
    /// hears of each.
    pub(crate) fn close(&self, member: &Member, by_client: bool, may_return: bool, tell: impl Fn(&Arc<Namespace>)) {
        let mut inner = self.lock();
        inner.closed = true;
        let mut departures = Vec::new();
        for seat in inner.seats.iter_mut().filter(|seat| !seat.leaving) {
            departures.extend(seat.leave(member, may_return));
            seat.by_client = by_client;
            tell(&seat.namespace);
        }
        self.change(&inner);
        drop(inner);
        departures.into_iter().for_each(|departure| departure.note(member));
    }

    /// The last handler has looked: nothing is left of the client in this namespace.
    pub(crate) fn depart(&self, namespace: &Arc<Namespace>) {
        let mut inner = self.lock();
        let place = inner.seats.iter().position(|seat| seat.leaving && Arc::ptr_eq(&seat.namespace, namespace));
        let Some(place) = place else { return };
        let seat = inner.seats.swap_remove(place);
        self.change(&inner);
        inner.asked = inner.asked.max(seat.awaited.last());
        if !inner.closed {
            inner.left.retain(|left| !Arc::ptr_eq(left, namespace));
            if inner.left.len() >= LEFT {
                inner.left.pop_front();
            }
            inner.left.push_back(Arc::clone(namespace));
        }
        drop(inner);
        // The application's values are dropped without a lock.
        drop(seat);
    }

    /// Answers whether the client is in the room now: not if it has gone, or is in as many as it may.
    pub(crate) fn join(&self, member: &Arc<Member>, namespace: &Arc<Namespace>, room: &str) -> bool {
        let shared = &member.host.shared;
        let join = |seat: &mut Seat| {
            if seat.rooms.len() < shared.options.budget.max_rooms {
                seat.rooms.extend(namespace.rooms.join(member, room));
                return true;
            }
            let is_in = seat.rooms.iter().any(|other| **other == *room);
            shared.counters.add(Count::RefusedRoom, usize::from(!is_in));
            is_in
        };
        self.with(namespace, join).unwrap_or(false)
    }

    pub(crate) fn leave_room(&self, member: &Member, namespace: &Arc<Namespace>, room: &str) {
        self.with(namespace, |seat| {
            seat.rooms.retain(|other| **other != *room);
            namespace.rooms.leave(member, room);
        });
    }

    /// The rooms the client is in, or was in when it left, until its last handler has looked.
    pub(crate) fn rooms(&self, namespace: &Arc<Namespace>) -> Vec<String> {
        let rooms = self.look(namespace, |seat| seat.rooms.iter().map(|room| room.to_string()).collect());
        rooms.unwrap_or_default()
    }

    pub(crate) fn state(&self, namespace: &Arc<Namespace>) -> Option<Arc<Mutex<State>>> {
        self.look(namespace, |seat| Arc::clone(&seat.state))
    }

    /// Waits for one more acknowledgement, if the client is there and does not owe `most` already.
    pub(crate) fn await_ack(
        &self,
        namespace: &Arc<Namespace>,
        most: usize,
    ) -> Result<(u64, oneshot::Receiver<Option<Data>>), AckError> {
        let mut inner = self.lock();
        let awaited = inner.awaited();
        let seat = inner.seat(namespace).ok_or(AckError::Send(SendError::Closed))?;
        if awaited < most { Ok(seat.awaited.begin()) } else { Err(AckError::TooMany) }
    }

    /// Whoever waits for this acknowledgement, and waits no longer.
    pub(crate) fn take_ack(&self, namespace: &Arc<Namespace>, id: u64) -> Option<oneshot::Sender<Option<Data>>> {
        self.with(namespace, |seat| seat.awaited.end(id)).flatten()
    }

    /// How many acknowledgements are waited for.
    pub(crate) fn awaited(&self) -> usize {
        self.lock().awaited()
    }

    /// How many namespaces the client is in, or has not quite left.
    pub(crate) fn len(&self) -> usize {
        self.lock().seats.len()
    }

    /// The same for a client that is going.
    fn look<T>(&self, namespace: &Arc<Namespace>, look: impl FnOnce(&Seat) -> T) -> Option<T> {
        let inner = self.lock();
        inner.seats.iter().find(|seat| Arc::ptr_eq(&seat.namespace, namespace)).map(look)
    }

    fn with<T>(&self, namespace: &Arc<Namespace>, act: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        self.lock().seat(namespace).map(act)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// That of a client that is there.
    fn seat(&mut self, namespace: &Arc<Namespace>) -> Option<&mut Seat> {
        let mut here = self.seats.iter_mut().filter(|seat| !seat.leaving);
        here.find(|seat| Arc::ptr_eq(&seat.namespace, namespace))
    }

    fn awaited(&self) -> usize {
        self.seats.iter().map(|seat| seat.awaited.len()).sum()
    }
}

impl Seat {
    fn leave(&mut self, member: &Member, may_return: bool) -> Option<Departure> {
        self.leaving = true;
        // Whoever waits for an acknowledgement learns that none will come.
        self.awaited.give_up();
        self.namespace.members.remove(self.id);
        // Whoever was shown the door hears nothing more, however long its last handler takes; only the names are kept.
        for room in &self.rooms {
            self.namespace.rooms.leave(member, room);
        }
        let (recovery, tails) = &**self.recovery.as_ref()?;
        let kept = || Kept {
            session: member.id(),
            id: self.id,
            rooms: self.rooms.clone(),
            state: self.state.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            since: recovery.since,
            tails: tails.clone(),
        };
        let kept = may_return.then(kept);
        Some(Departure { namespace: Arc::clone(&self.namespace), id: recovery.id, kept })
    }
}

/// A client that has gone, perhaps to come back. Noted without a lock of ours: who comes back takes both.
struct Departure {
    namespace: Arc<Namespace>,
    id: SessionId,
    kept: Option<Kept>,
}

impl Departure {
    fn note(self, member: &Member) {
        self.namespace.recovery.leave(member.host.shared.now(), self.id, self.kept);
    }
}
