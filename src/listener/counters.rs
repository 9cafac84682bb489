//! What is counted, so that nothing is lost in silence.

use std::sync::atomic::{AtomicU64, Ordering};

/// Makes of one list the counters, and the statistics that applications read.
macro_rules! counters {
    ($($(#[$meaning:meta])+ $count:ident => $name:ident,)+) => {
        /// Something that is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Count {
            $($(#[$meaning])+ $count,)+
        }

        const COUNTS: usize = [$(Count::$count),+].len();

        /// What a listener has counted since it was built.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            /// Sessions that live now, also those between two polls.
            pub sessions: usize,
            $($(#[$meaning])+ pub $name: u64,)+
        }

        impl Counters {
            pub(crate) fn read(&self, sessions: usize) -> Stats {
                Stats { sessions, $($name: self.of(Count::$count),)+ }
            }
        }
    };
}

counters! {
    /// Messages that were refused because a client's queue was full.
    Dropped => dropped_messages,
    /// Messages that waited longest in a full queue and made room for newer ones ([`OnFull::DropOldest`](crate::OnFull)).
    DroppedOldest => dropped_oldest,
    /// Volatile messages that waited in a full queue and made room for others.
    DisplacedVolatile => displaced_volatile,
    /// Messages that waited when a newer one came for the same key, and were dropped for it.
    Conflated => conflated_messages,
    /// Sessions that were ended because their queue was full ([`OnFull::Disconnect`](crate::OnFull)).
    Overflowed => overflowed_sessions,
    /// Messages that were queued for a client that did not come back for them.
    Undelivered => undelivered_messages,
    /// Batches whose response did not reach the client, and that were queued again.
    Requeued => requeued_batches,
    /// Requests refused for their `Origin`.
    RefusedOrigin => refused_origins,
    /// Handshakes that were made to wait, or refused, because their peer had begun too many.
    DelayedHandshake => delayed_handshakes,
    /// Handshakes that were refused because their peer had begun far too many.
    RefusedByRate => refused_by_rate,
    /// Handshakes that were refused because the listener had all the sessions it may have.
    RefusedSession => refused_sessions,
    /// Handshakes that were refused because their peer had all the sessions one may have.
    RefusedByPeer => refused_by_peer,
    /// Sessions that ended because their client never came back after the handshake.
    UnusedHandshake => unused_handshakes,
    /// Volatile messages that were dropped because no connection was there to take them.
    VolatileDropped => volatile_dropped,
    /// Events and messages of clients that nobody handled: no handler of that name, arguments that do not fit its
    /// types, a reserved name, what is no JSON, or a namespace the client is not in.
    Ignored => ignored_events,
    /// Handshakes, and since 1.0 entries to namespaces, that the application's authorization refused.
    RefusedClient => refused_clients,
    /// Messages and events that a client's generation has no way to say, once for each client.
    Unsupported => unsupported_messages,
    /// Sessions that went over from polling to a WebSocket.
    Upgrade => upgrades,
    /// Clients that came back after their connection broke, with everything they had missed.
    Recovered => recovered_clients,
    /// Sessions that got a new connection after the one before had ended.
    Reconnection => reconnections,
    /// Sessions that have begun.
    Opened => opened_sessions,
    /// Messages and events that have come from clients.
    ReceivedMessages => received_messages,
    /// Bytes of bodies and frames that have come from clients.
    ReceivedBytes => received_bytes,
    /// Messages handed to connections, once for each client; those queued again are counted again.
    SentMessages => sent_messages,
    /// Bytes of these messages, without what transports put around them.
    SentBytes => sent_bytes,
    /// Batches handed to connections: what is written at once.
    SentBatches => sent_batches,
    /// Bodies, frames, messages and sets of attachments that were larger than they may be.
    TooLarge => too_large,
    /// Heads, bodies and frames that took longer than they may.
    TooSlow => too_slow,
    /// Bodies and frames with more packets than they may have.
    TooManyPackets => too_many_packets,
    /// Messages with more arrays and objects in one another than they may have.
    TooDeep => too_deep,
    /// Bodies that were refused because clients had sent more, in all, than was handled.
    RefusedBody => refused_bodies,
    /// Connections that were given up because their peer did not read.
    Unread => unread_responses,
    /// Bodies and frames that follow no rule of their protocol.
    Malformed => malformed,
    /// Rooms clients were not let into because they were in too many.
    RefusedRoom => refused_rooms,
    /// Entries to namespaces that were refused because the client was in too many.
    RefusedNamespace => refused_namespaces,
    /// Acknowledgements that were not asked for because the client owed too many.
    RefusedAck => refused_acks,
    /// Sessions that were left when a shutdown reached its deadline.
    LeftAtShutdown => left_at_shutdown,
}

#[derive(Debug)]
pub(crate) struct Counters([AtomicU64; COUNTS]);

impl Default for Counters {
    fn default() -> Self {
        Self([const { AtomicU64::new(0) }; COUNTS])
    }
}

impl Counters {
    pub(crate) fn add(&self, count: Count, number: usize) {
        // Most who count many count none.
        if number > 0 {
            self.counter(count).fetch_add(number as u64, Ordering::Relaxed);
        }
    }

    /// Adds one; answers whether it is the first.
    pub(crate) fn add_first(&self, count: Count) -> bool {
        self.counter(count).fetch_add(1, Ordering::Relaxed) == 0
    }

    fn of(&self, count: Count) -> u64 {
        self.counter(count).load(Ordering::Relaxed)
    }

    fn counter(&self, count: Count) -> &AtomicU64 {
        &self.0[count as usize]
    }
}
