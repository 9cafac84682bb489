//! A namespace: who is in it, its rooms, and what the application does for it.

use super::rooms::Rooms;
use crate::{
    client::{Handlers, Member},
    session::Registry,
};
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

#[derive(Debug)]
pub(crate) struct Namespace {
    /// As packets name it: empty for the root, `/chat` for others.
    endpoint: Arc<str>,
    pub(crate) members: Registry<Member>,
    pub(crate) rooms: Rooms,
    handlers: RwLock<Arc<Handlers>>,
}

impl Namespace {
    fn new(endpoint: &str) -> Self {
        Self {
            endpoint: endpoint.into(),
            members: Registry::new(),
            rooms: Rooms::default(),
            handlers: RwLock::default(),
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

    pub(crate) fn handlers(&self) -> Arc<Handlers> {
        Arc::clone(&self.handlers.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn change_handlers(&self, change: impl FnOnce(&mut Handlers)) {
        let mut handlers = self.handlers.write().unwrap_or_else(PoisonError::into_inner);
        change(Arc::make_mut(&mut handlers));
    }
}

/// All namespaces of a listener. They are made by the application alone, so their number is its business.
#[derive(Debug)]
pub(crate) struct Namespaces {
    root: Arc<Namespace>,
    others: RwLock<HashMap<Arc<str>, Arc<Namespace>>>,
}

impl Default for Namespaces {
    fn default() -> Self {
        Self { root: Arc::new(Namespace::new("")), others: RwLock::default() }
    }
}

impl Namespaces {
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

    /// The namespace of this name, made now if it is new. A missing slash is added.
    pub(crate) fn make(&self, name: &str) -> Arc<Namespace> {
        let name = name.strip_prefix('/').unwrap_or(name);
        if name.is_empty() {
            return Arc::clone(&self.root);
        }
        if name.contains([':', '?']) {
            log::error!(target: "heirloom", "no client can name the namespace {name:?}: it holds a colon or a question mark");
        }
        let endpoint: Arc<str> = format!("/{name}").into();
        let mut others = self.others.write().unwrap_or_else(PoisonError::into_inner);
        let namespace = others.entry(endpoint).or_insert_with_key(|endpoint| Arc::new(Namespace::new(endpoint)));
        Arc::clone(namespace)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_name_is_one_namespace() {
        let namespaces = Namespaces::default();
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
        let namespaces = Namespaces::default();
        for name in ["constructor", "__proto__", "toString", "/__proto__"] {
            assert!(namespaces.find(name).is_none());
        }
    }
}
