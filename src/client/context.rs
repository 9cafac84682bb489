//! What is kept with a session for the application.

use super::{
    handshake::Handshake,
    inbox::{self, Event, Inbox},
};
use crate::{
    listener::Shared,
    session::{DisconnectReason, Expire, Host, Session},
    transport::Transport,
};
use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// A session and what belongs to it.
pub(crate) type Member = Session<Context>;

type State = HashMap<TypeId, Arc<dyn Any + Send + Sync>>;

pub(crate) struct Context {
    pub(crate) shared: Arc<Shared>,
    pub(crate) handshake: Handshake,
    pub(crate) inbox: Inbox,
    /// The rooms this client is in.
    pub(crate) rooms: Mutex<Vec<Arc<str>>>,
    state: Mutex<Option<Box<State>>>,
    followed_up: AtomicBool,
}

impl Context {
    pub(crate) fn new(shared: Arc<Shared>, handshake: Handshake) -> Self {
        Self {
            shared,
            handshake,
            inbox: Inbox::default(),
            rooms: Mutex::default(),
            state: Mutex::default(),
            followed_up: AtomicBool::new(false),
        }
    }

    pub(crate) fn transport(&self) -> Transport {
        self.handshake.transport()
    }

    /// The client came back with its session id; answers whether for the first time.
    pub(crate) fn follow_up(&self) -> bool {
        !self.followed_up.swap(true, Ordering::Relaxed)
    }

    pub(crate) fn set_state<T: Any + Send + Sync>(&self, value: Arc<T>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let replaced = state.get_or_insert_default().insert(TypeId::of::<T>(), value);
        drop(state);
        drop(replaced);
    }

    pub(crate) fn state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let value = state.as_ref()?.get(&TypeId::of::<T>()).cloned();
        drop(state);
        value?.downcast().ok()
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
        session.host.inbox.push(Event::Disconnect(reason));
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
