//! The lock of a session: the standard library's, or under `cfg(loom)` one whose every interleaving is tried
//! (`tests/model`).

#[cfg(loom)]
pub(super) use loom::sync::{Mutex, MutexGuard};
#[cfg(not(loom))]
pub(super) use std::sync::{Mutex, MutexGuard};
