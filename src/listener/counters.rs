//! What is counted, so that nothing is lost in silence.

use std::sync::atomic::{AtomicU64, Ordering};

#[derive(Debug, Default)]
pub(crate) struct Counters {
    dropped: AtomicU64,
    undelivered: AtomicU64,
    requeued: AtomicU64,
    refused_origins: AtomicU64,
    delayed_handshakes: AtomicU64,
    volatile_dropped: AtomicU64,
    ignored_events: AtomicU64,
    refused_clients: AtomicU64,
    unsupported: AtomicU64,
    upgrades: AtomicU64,
    recovered: AtomicU64,
}

impl Counters {
    /// Messages refused by a full queue.
    pub(crate) fn add_dropped(&self, messages: usize) {
        self.dropped.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// Volatile messages that found no connection.
    pub(crate) fn add_volatile_dropped(&self, messages: usize) {
        self.volatile_dropped.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_ignored_event(&self) {
        self.ignored_events.fetch_add(1, Ordering::Relaxed);
    }

    /// Messages a client's generation cannot say.
    pub(crate) fn add_unsupported(&self, messages: usize) {
        self.unsupported.fetch_add(messages as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_upgrade(&self) {
        self.upgrades.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_recovered_client(&self) {
        self.recovered.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn add_refused_client(&self) {
        self.refused_clients.fetch_add(1, Ordering::Relaxed);
    }

    /// Messages that waited for a client that did not come back.
    pub(crate) fn add_undelivered(&self, messages: usize) {
        self.undelivered.fetch_add(messages as u64, Ordering::Relaxed);
    }

    /// Batches that went back to their queue.
    pub(crate) fn add_requeued(&self, batches: usize) {
        self.requeued.fetch_add(batches as u64, Ordering::Relaxed);
    }

    pub(crate) fn add_refused_origin(&self) {
        self.refused_origins.fetch_add(1, Ordering::Relaxed);
    }

    /// Answers how many there were before.
    pub(crate) fn add_delayed_handshake(&self) -> u64 {
        self.delayed_handshakes.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn read(&self, sessions: usize) -> Stats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            sessions,
            dropped_messages: read(&self.dropped),
            undelivered_messages: read(&self.undelivered),
            requeued_batches: read(&self.requeued),
            refused_origins: read(&self.refused_origins),
            delayed_handshakes: read(&self.delayed_handshakes),
            volatile_dropped: read(&self.volatile_dropped),
            ignored_events: read(&self.ignored_events),
            refused_clients: read(&self.refused_clients),
            unsupported_messages: read(&self.unsupported),
            upgrades: read(&self.upgrades),
            recovered_clients: read(&self.recovered),
        }
    }
}

/// What a listener has counted since it was built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Sessions that live now, also those between two polls.
    pub sessions: usize,
    /// Messages that were refused because a client's queue was full.
    pub dropped_messages: u64,
    /// Messages that were queued for a client that did not come back for them.
    pub undelivered_messages: u64,
    /// Batches whose response did not reach the client, and that were queued again.
    pub requeued_batches: u64,
    /// Requests refused for their `Origin`.
    pub refused_origins: u64,
    /// Handshakes that were made to wait, or refused, because their peer had begun too many.
    pub delayed_handshakes: u64,
    /// Volatile messages that were dropped because no connection was there to take them.
    pub volatile_dropped: u64,
    /// Events and messages of clients that nobody handled: no handler of that name, arguments that do not fit its
    /// types, a reserved name, what is no JSON, or a namespace the client is not in.
    pub ignored_events: u64,
    /// Handshakes, and since 1.0 entries to namespaces, that the application's authorization refused.
    pub refused_clients: u64,
    /// Messages and events that a client's generation has no way to say, once for each client.
    pub unsupported_messages: u64,
    /// Sessions that went over from polling to a WebSocket.
    pub upgrades: u64,
    /// Clients that came back after their connection broke, with everything they had missed.
    pub recovered_clients: u64,
}
