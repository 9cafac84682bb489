//! How messages are queued.

use std::{collections::hash_map::RandomState, hash::BuildHasher, sync::OnceLock};

/// What the application calls messages of one namespace of which only the newest matters.
///
/// A hash, so that it needs no memory of its own; with a secret of the process, so that nobody finds two names that have
/// the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Key(u64);

impl Key {
    pub(crate) fn new(namespace: &str, name: &str) -> Self {
        static SECRET: OnceLock<RandomState> = OnceLock::new();
        Self(SECRET.get_or_init(RandomState::new).hash_one((namespace, name)))
    }
}

/// How messages are queued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Manner {
    /// Only if a connection is there that takes it at once; dropped before any other.
    pub(crate) volatile: bool,
    /// In place of one that waits with the same key.
    pub(crate) key: Option<Key>,
    /// So many of the elements, the first, are never dropped.
    pub(crate) words: usize,
    /// Nothing is dropped for it and no session ends: whoever asks does something else when there is no room.
    pub(crate) only_if_it_fits: bool,
    /// Many clients get the same bytes.
    pub(crate) shared: bool,
}

impl Manner {
    /// What waits for a connection as long as it has to.
    pub(crate) const PLAIN: Self = Self { volatile: false, key: None, words: 0, only_if_it_fits: false, shared: false };
    pub(crate) const VOLATILE: Self = Self { volatile: true, ..Self::PLAIN };
    /// What the protocol itself says.
    pub(crate) const WORD: Self = Self { words: usize::MAX, ..Self::PLAIN };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_one_namespaces() {
        assert_eq!(Key::new("/chat", "price"), Key::new("/chat", "price"));
        assert_ne!(Key::new("/chat", "price"), Key::new("", "price"));
        assert_ne!(Key::new("/chat", "price"), Key::new("/chatp", "rice"));
    }
}
