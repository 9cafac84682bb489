//! The namespaces one session is in, and what belongs to the client in each.

use super::{acknowledgement::Awaited, context::Member, state::State};
use crate::hub::Namespace;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// The client in one namespace.
#[derive(Debug)]
struct Seat {
    namespace: Arc<Namespace>,
    rooms: Vec<Arc<str>>,
    state: Arc<Mutex<State>>,
    awaited: Awaited,
    /// The client has gone; its last handler has not yet looked.
    leaving: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Seats {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    seats: Vec<Seat>,
    /// The last ids of acknowledgements asked for in namespaces the client has left: a late answer is not one to a
    /// later question.
    asked: Vec<(Arc<Namespace>, u64)>,
    /// The session has ended: nobody comes in any more.
    closed: bool,
}

impl Seats {
    /// Takes a place in the namespace; nothing changes and the answer is no when there is one, or the session is over.
    /// `tell` is called before anybody can hear of an end.
    pub(crate) fn enter(
        &self,
        member: &Arc<Member>,
        namespace: &Arc<Namespace>,
        state: Arc<Mutex<State>>,
        tell: impl FnOnce(),
    ) -> bool {
        let mut inner = self.lock();
        if inner.closed || inner.seats.iter().any(|seat| Arc::ptr_eq(&seat.namespace, namespace)) {
            return false;
        }
        let asked = inner.asked.iter().position(|(earlier, _)| Arc::ptr_eq(earlier, namespace));
        let awaited = asked.map_or_else(Awaited::default, |place| Awaited::after(inner.asked.swap_remove(place).1));
        let namespace = Arc::clone(namespace);
        namespace.members.insert(member.id(), Arc::clone(member));
        // Most sessions are in one namespace for ever.
        inner.seats.reserve_exact(1);
        inner.seats.push(Seat { namespace, rooms: Vec::new(), state, awaited, leaving: false });
        tell();
        true
    }

    /// Whether the client is in the namespace.
    pub(crate) fn holds(&self, namespace: &Arc<Namespace>) -> bool {
        self.with(namespace, |_| ()).is_some()
    }

    /// The client goes: it is no longer heard and hears nothing, but knows its rooms until [`Seats::depart`]. `tell`
    /// is called before it can come back. Answers whether it was there.
    pub(crate) fn leave(&self, member: &Member, namespace: &Arc<Namespace>, tell: impl FnOnce()) -> bool {
        let leave = |seat: &mut Seat| {
            seat.leave(member);
            tell();
        };
        self.with(namespace, leave).is_some()
    }

    /// The session is over: the client goes from all its namespaces, and `tell` hears of each.
    pub(crate) fn close(&self, member: &Member, tell: impl Fn(&Arc<Namespace>)) {
        let mut inner = self.lock();
        inner.closed = true;
        for seat in inner.seats.iter_mut().filter(|seat| !seat.leaving) {
            seat.leave(member);
            tell(&seat.namespace);
        }
    }

    /// The last handler has looked: nothing is left of the client in this namespace.
    pub(crate) fn depart(&self, namespace: &Arc<Namespace>) {
        let mut inner = self.lock();
        let place = inner.seats.iter().position(|seat| seat.leaving && Arc::ptr_eq(&seat.namespace, namespace));
        let Some(place) = place else { return };
        let seat = inner.seats.swap_remove(place);
        if seat.awaited.last() > 0 {
            inner.asked.push((Arc::clone(namespace), seat.awaited.last()));
        }
        drop(inner);
        // The application's values are dropped without a lock.
        drop(seat);
    }

    pub(crate) fn join(&self, member: &Arc<Member>, namespace: &Arc<Namespace>, room: &str) {
        self.with(namespace, |seat| seat.rooms.extend(namespace.rooms.join(member, room)));
    }

    pub(crate) fn leave_room(&self, member: &Member, namespace: &Arc<Namespace>, room: &str) {
        self.with(namespace, |seat| {
            seat.rooms.retain(|other| **other != *room);
            namespace.rooms.leave(member, room);
        });
    }

    /// The rooms the client is in, or was in when it left, until its last handler has looked.
    pub(crate) fn rooms(&self, namespace: &Arc<Namespace>) -> Vec<String> {
        let inner = self.lock();
        let seat = inner.seats.iter().find(|seat| Arc::ptr_eq(&seat.namespace, namespace));
        seat.map_or_else(Vec::new, |seat| seat.rooms.iter().map(|room| room.to_string()).collect())
    }

    pub(crate) fn state(&self, namespace: &Arc<Namespace>) -> Option<Arc<Mutex<State>>> {
        let inner = self.lock();
        let seat = inner.seats.iter().find(|seat| Arc::ptr_eq(&seat.namespace, namespace));
        seat.map(|seat| Arc::clone(&seat.state))
    }

    /// Waits for one more acknowledgement; nothing when the client is not there.
    pub(crate) fn await_ack(&self, namespace: &Arc<Namespace>) -> Option<(u64, oneshot::Receiver<Option<String>>)> {
        self.with(namespace, |seat| seat.awaited.begin())
    }

    /// Whoever waits for this acknowledgement, and waits no longer.
    pub(crate) fn take_ack(&self, namespace: &Arc<Namespace>, id: u64) -> Option<oneshot::Sender<Option<String>>> {
        self.with(namespace, |seat| seat.awaited.end(id)).flatten()
    }

    /// How many acknowledgements are waited for.
    pub(crate) fn awaited(&self) -> usize {
        self.lock().seats.iter().map(|seat| seat.awaited.len()).sum()
    }

    fn with<T>(&self, namespace: &Arc<Namespace>, act: impl FnOnce(&mut Seat) -> T) -> Option<T> {
        let mut inner = self.lock();
        let mut here = inner.seats.iter_mut().filter(|seat| !seat.leaving);
        here.find(|seat| Arc::ptr_eq(&seat.namespace, namespace)).map(act)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn leave(&mut self, member: &Member) {
        self.leaving = true;
        // Whoever waits for an acknowledgement learns that none will come.
        self.awaited.give_up();
        self.namespace.members.remove(member.id());
        // Whoever was shown the door hears nothing more, however long its last handler takes; only the names are kept.
        for room in &self.rooms {
            self.namespace.rooms.leave(member, room);
        }
    }
}
