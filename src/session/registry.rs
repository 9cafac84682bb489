//! Who is here: sessions by id, and the walk over all of them.

use super::id::SessionId;
use std::{
    collections::HashMap,
    fmt,
    hash::{BuildHasherDefault, Hasher},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// How many places are kept, however few members there are.
const SPARE: usize = 1024;

/// A keyed set with a snapshot that is rebuilt only when somebody walks after a change.
pub(crate) struct Registry<T> {
    inner: Mutex<Inner<T>>,
}

struct Inner<T> {
    members: HashMap<SessionId, Arc<T>, BuildHasherDefault<IdHasher>>,
    snapshot: Option<Arc<[Arc<T>]>>,
}

/// Nobody but the system's random generator chooses an id that is kept here, so an id is its own hash.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u128(&mut self, id: u128) {
        self.0 = id as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

impl<T> Registry<T> {
    pub(crate) fn new() -> Self {
        Self { inner: Mutex::new(Inner { members: HashMap::default(), snapshot: None }) }
    }

    pub(crate) fn insert(&self, id: SessionId, member: Arc<T>) {
        let mut inner = self.lock();
        let stale = inner.snapshot.take();
        inner.members.insert(id, member);
        drop(inner);
        // All of it is let go of by the last who has it, which takes time.
        drop(stale);
    }

    /// Answers whether it was there.
    pub(crate) fn remove(&self, id: SessionId) -> bool {
        let mut inner = self.lock();
        let stale = inner.snapshot.take();
        let removed = inner.members.remove(&id);
        let (length, capacity) = (inner.members.len(), inner.members.capacity());
        if capacity > SPARE && length < capacity / 8 {
            inner.members.shrink_to(length * 2);
        }
        drop(inner);
        drop(stale);
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
        let other = SessionId::random().unwrap();
        registry.insert(other, Arc::new("second"));
        assert_eq!((before.len(), registry.snapshot().len(), registry.len()), (1, 2, 2));
        assert!(registry.remove(id) && registry.remove(other));
        assert!(!registry.remove(id));
        assert_eq!((before.len(), registry.snapshot().len(), registry.len()), (1, 0, 0));
        assert!(registry.get(id).is_none());
    }

    #[test]
    fn a_crowd_that_has_gone_leaves_no_room_behind() {
        let registry = Registry::new();
        let ids: Vec<_> = (0..20 * SPARE).map(|_| SessionId::random().unwrap()).collect();
        ids.iter().for_each(|id| registry.insert(*id, Arc::new(())));
        assert!(ids[1..].iter().all(|id| registry.remove(*id)));
        assert!(registry.lock().members.capacity() <= 2 * SPARE);
        assert!(registry.get(ids[0]).is_some());
    }
}
