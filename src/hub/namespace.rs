//! A namespace: who is in it, its rooms, and what the application does for it.

use super::{recovery::Recovery, rooms::Rooms};
use crate::{
    client::{Handlers, Member},
    session::{Limits, Registry, SessionId},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

#[derive(Debug)]
pub(crate) struct Namespace {
    /// As packets name it: empty for the root, `/chat` for others.
    endpoint: Arc<str>,
    /// By the ids the clients are known by.
    pub(crate) members: Registry<Member>,
    pub(crate) rooms: Rooms,
    pub(crate) recovery: Recovery,
    handlers: RwLock<Arc<Handlers>>,
    /// How often they have changed.
    handler_changes: AtomicUsize,
}

impl Namespace {
    fn new(endpoint: &str, keeping: Keeping) -> Self {
        Self {
            endpoint: endpoint.into(),
            members: Registry::new(),
            rooms: Rooms::default(),
            recovery: Recovery::new(keeping.window, keeping.limits),
            handlers: RwLock::default(),
            handler_changes: AtomicUsize::new(0),
        }
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.endpoint
    }

    pub(crate) fn is_root(&self) -> bool {
        self.endpoint.is_empty()
    }

    /// As applications name it: `/`, or `/chat`.
    pub(crate) fn name(&self) -> &str {
        if self.is_root() { "/" } else { &self.endpoint }
    }

    /// The client with this id, in the form its generation has for it.
    pub(crate) fn member(&self, id: &str) -> Option<Arc<Member>> {
        self.members.get(self.parse_id(id)?)
    }

    /// The id, without what its generation puts in front.
    pub(crate) fn parse_id(&self, id: &str) -> Option<SessionId> {
        let id = match id.split_once('#') {
            // Clients of 1.x and 2.x name the namespace in front.
            Some((endpoint, id)) => Some(id).filter(|_| endpoint == self.name())?,
            None => id,
        };
        SessionId::parse(id)
    }

    pub(crate) fn handlers(&self) -> Arc<Handlers> {
        Arc::clone(&self.handlers.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// As long as this stays the same, the handlers do.
    pub(crate) fn handler_changes(&self) -> usize {
        self.handler_changes.load(Ordering::SeqCst)
    }

    pub(crate) fn change_handlers(&self, change: impl FnOnce(&mut Handlers)) {
        let mut handlers = self.handlers.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut handlers));
        self.handler_changes.fetch_add(1, Ordering::SeqCst);
    }

    /// Drops the handlers: nobody will come any more.
    pub(crate) fn forget_handlers(&self) {
        let forgotten = std::mem::take(&mut *self.handlers.write().unwrap_or_else(PoisonError::into_inner));
        self.handler_changes.fetch_add(1, Ordering::SeqCst);
        // What they hold is the application's, and dropped without a lock.
        drop(forgotten);
    }
}

/// How long, and how much of, what clients may have missed is kept.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keeping {
    pub(crate) window: Duration,
    pub(crate) limits: Limits,
}

/// All namespaces of a listener. They are made by the application alone, so their number is its business.
#[derive(Debug)]
pub(crate) struct Namespaces {
    keeping: Keeping,
    root: Arc<Namespace>,
    others: RwLock<HashMap<Arc<str>, Arc<Namespace>>>,
}

impl Namespaces {
    pub(crate) fn new(keeping: Keeping) -> Self {
        Self { keeping, root: Arc::new(Namespace::new("", keeping)), others: RwLock::default() }
    }

    pub(crate) fn root(&self) -> &Arc<Namespace> {
        &self.root
    }

    /// The namespace a packet names; nothing when the application has not made it.
    pub(crate) fn find(&self, endpoint: &str) -> Option<Arc<Namespace>> {
        if endpoint.is_empty() {
            return Some(Arc::clone(&self.root));
        }
        self.others.read().unwrap_or_else(PoisonError::into_inner).get(endpoint).cloned()
    }

    /// All there are.
    pub(crate) fn all(&self) -> Vec<Arc<Namespace>> {
        let others = self.others.read().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.root).chain(others.values()).cloned().collect()
    }

    /// The namespace of this name, made now if it is new. A missing slash is added.
    pub(crate) fn make(&self, name: &str) -> Arc<Namespace> {
        let name = name.strip_prefix('/').unwrap_or(name);
        if name.is_empty() {
            return Arc::clone(&self.root);
        }
        if name.contains([':', '?', ',']) {
            log::error!(target: "heirloom::handler", "some clients cannot name the namespace {name:?}: it holds a colon, a comma or a question mark");
        }
        let endpoint: Arc<str> = format!("/{name}").into();
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        let make = |endpoint: &Arc<str>| Arc::new(Namespace::new(endpoint, self.keeping));
        let namespace = others.entry(endpoint).or_insert_with_key(make);
        Arc::clone(namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPING: Keeping = Keeping { window: Duration::from_secs(1), limits: Limits { bytes: 1, messages: 1 } };

    #[test]
    fn every_spelling_of_a_name_is_one_namespace() {
        let namespaces = Namespaces::new(KEEPING);
        assert!(namespaces.find("/chat").is_none());
        let chat = namespaces.make("chat");
        assert!(Arc::ptr_eq(&chat, &namespaces.make("/chat")));
        assert!(Arc::ptr_eq(&chat, &namespaces.find("/chat").unwrap()));
        assert_eq!((chat.name(), chat.endpoint()), ("/chat", "/chat"));
        for name in ["", "/"] {
            assert!(Arc::ptr_eq(namespaces.root(), &namespaces.make(name)));
        }
        assert_eq!((namespaces.root().name(), namespaces.root().endpoint()), ("/", ""));
    }

    #[test]
    fn names_that_objects_of_a_script_engine_have_are_no_namespaces() {
        let namespaces = Namespaces::new(KEEPING);
        for name in ["constructor", "__proto__", "toString", "/__proto__"] {
            assert!(namespaces.find(name).is_none());
        }
    }
}
