//! Who is here: sessions by id, and the walk over all of them.

use super::id::SessionId;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// A keyed set with a snapshot that is rebuilt only when somebody walks after a change.
pub(crate) struct Registry<T> {
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    members: HashMap<SessionId, Arc<T>>,
    snapshot: Option<Arc<[Arc<T>]>>,
}

impl<T> Registry<T> {
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::new(Inner { members: HashMap::new(), snapshot: None }) }
    }

    pub(crate) fn insert(&self, id: SessionId, member: Arc<T>) {
        let mut inner = self.lock();
        inner.snapshot = None;
        inner.members.insert(id, member);
    }

    /// Answers whether it was there.
    pub(crate) fn remove(&self, id: SessionId) -> bool {
        let mut inner = self.lock();
        inner.snapshot = None;
        let removed = inner.members.remove(&id);
        if inner.members.is_empty() {
            inner.members = HashMap::new();
        }
        drop(inner);
        removed.is_some()
    }

    pub(crate) fn get(&self, id: SessionId) -> Option<Arc<T>> {
        self.lock().members.get(&id).cloned()
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().members.len()
    }

    /// Everybody, as of now. Walking it holds no lock.
    pub(crate) fn snapshot(&self) -> Arc<[Arc<T>]> {
        let mut inner = self.lock();
        if let Some(snapshot) = &inner.snapshot {
            return Arc::clone(snapshot);
        }
        let snapshot: Arc<[Arc<T>]> = inner.members.values().cloned().collect();
        inner.snapshot = Some(Arc::clone(&snapshot));
        snapshot
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> fmt::Debug for Registry<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Registry").field("members", &self.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_shows_the_members_of_its_moment() {
        let registry = Registry::new();
        let id = SessionId::random().unwrap();
        registry.insert(id, Arc::new("first"));
        let before = registry.snapshot();
        assert!(Arc::ptr_eq(&before, &registry.snapshot()), "unchanged members share one snapshot");
        assert!(registry.remove(id));
        assert!(!registry.remove(id));
        assert_eq!((before.len(), registry.snapshot().len(), registry.len()), (1, 0, 0));
        assert!(registry.get(id).is_none());
    }
}
