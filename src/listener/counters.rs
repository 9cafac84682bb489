//! What is counted, so that nothing is lost in silence.

use super::gauges::{Ended, Living};
use crate::{Generation, Transport, session::DisconnectReason};
use std::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

/// Makes of one list the counters, and the statistics that applications read.
macro_rules! counters {
    ($($(#[doc = $meaning:literal])+ $count:ident => $name:ident,)+) => {
        /// Something that is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Count {
            $($(#[doc = $meaning])+ $count,)+
        }

        const COUNTS: usize = [$(Count::$count),+].len();

        /// What a listener has counted since it was built, and what lives now. Made by
        /// [`Listener::stats`](crate::Listener::stats). Its text has what is not zero, as `name=number`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Stats {
            /// Sessions that live now, also those between two polls.
            pub sessions: usize,
            /// Messages that wait for clients now, or are on their way to them.
            pub queued_messages: usize,
            /// Their encoded bytes.
            pub queued_bytes: usize,
            /// What outgoing queues cost now, in bytes, as [`Builder::total_queue_bytes`](crate::Builder) bounds it.
            pub total_queue_bytes: usize,
            /// Bytes clients have sent that wait now, for their rest or for the application, as
            /// [`Builder::total_received_bytes`](crate::Builder) bounds them; less than 4 KiB in one place is not seen.
            pub waiting_bytes: usize,
            $($(#[doc = $meaning])+ pub $name: u64,)+
            living: Living,
            ended: Ended,
        }

        impl Counters {
            pub(crate) fn read(&self, present: Present) -> Stats {
                let Present { sessions, queued, waiting_bytes, living, ended } = present;
                Stats {
                    sessions,
                    queued_messages: queued.messages,
                    queued_bytes: queued.bytes,
                    total_queue_bytes: queued.cost,
                    waiting_bytes,
                    $($name: self.of(Count::$count),)+
                    living,
                    ended,
                }
            }
        }

        impl Stats {
            /// What only grows, by the names of the fields.
            pub fn counters(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
                [$((stringify!($name), self.$name)),+].into_iter()
            }
        }

        /// What each of [`Stats::counters`] means.
        #[cfg(feature = "metrics")]
        pub(crate) const MEANINGS: [(&str, &str); COUNTS] = [$((stringify!($name), concat!($($meaning),+))),+];
    };
}

counters! {
    /// Messages that were refused because a client's queue was full, or those of all clients together.
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
    /// types, a reserved name, what is no JSON, a namespace the client is not in, or a session that is over.
    Ignored => ignored_events,
    /// Handshakes, and since 1.0 entries to namespaces, that the application's authorization refused.
    RefusedClient => refused_clients,
    /// Messages and events that a client's generation has no way to say, once for each client.
    Unsupported => unsupported_messages,
    /// Sessions that went over from polling to a WebSocket.
    Upgrade => upgrades,
    /// Clients that came back after their connection broke, with everything they had missed.
    Recovered => recovered_clients,
    /// Connections that took a session over from a socket or a stream: its client had lost that one, or left it.
    Reconnection => reconnections,
    /// Sessions that have begun.
    Opened => opened_sessions,
    /// Messages and events that have come from clients.
    ReceivedMessages => received_messages,
    /// Bytes of bodies and frames that have come from clients.
    ReceivedBytes => received_bytes,
    /// Wire forms that were made of messages and events to clients. One to many is made once for each form there is among
    /// them, however many they are.
    Encoded => encoded,
    /// Messages handed to connections, once for each client; those queued again are counted again.
    SentMessages => sent_messages,
    /// Bytes of these messages, without what transports put around them.
    SentBytes => sent_bytes,
    /// Batches handed to connections: what is written at once.
    SentBatches => sent_batches,
    /// Requests whose head was longer than it may be, or had more than 100 headers.
    RefusedHead => refused_heads,
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
    /// Bodies that broke off before they had come whole.
    Incomplete => incomplete_bodies,
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

/// What waits for all clients.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queued {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
    /// With the memory that keeps them, in bytes.
    pub(crate) cost: usize,
}

/// What is so now.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Present {
    pub(crate) sessions: usize,
    pub(crate) queued: Queued,
    pub(crate) waiting_bytes: usize,
    pub(crate) living: Living,
    pub(crate) ended: Ended,
}

impl Stats {
    /// Everything that is one number, by the names of the fields: what is so now, and then what only grows.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        self.gauges().chain(self.counters())
    }

    /// What is so now and may become less, by the names of the fields.
    pub fn gauges(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let gauges = [
            ("sessions", self.sessions),
            ("queued_messages", self.queued_messages),
            ("queued_bytes", self.queued_bytes),
            ("total_queue_bytes", self.total_queue_bytes),
            ("waiting_bytes", self.waiting_bytes),
        ];
        gauges.into_iter().map(|(name, number)| (name, number as u64))
    }

    /// How many sessions of this generation live now that this transport carries, or did last. A session of 0.7 to 0.9
    /// counts to the first transport it is offered until it chooses one.
    #[must_use]
    pub fn sessions_of(&self, generation: Generation, transport: Transport) -> usize {
        self.living.0[generation.index()][transport.index()]
    }

    /// [`Stats::sessions_of`] of every generation and transport that has any.
    pub fn sessions_by_transport(&self) -> impl Iterator<Item = (Generation, Transport, usize)> + use<> {
        self.living.iter()
    }

    /// How many sessions have ended for this reason.
    #[must_use]
    pub fn ended(&self, reason: DisconnectReason) -> u64 {
        self.ended.0[reason.index()]
    }

    /// [`Stats::ended`] of every reason there was.
    pub fn ended_by_reason(&self) -> impl Iterator<Item = (DisconnectReason, u64)> + use<> {
        self.ended.iter()
    }
}

impl fmt::Display for Stats {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sessions={}", self.sessions)?;
        for (generation, transport, sessions) in self.sessions_by_transport() {
            write!(formatter, " sessions/{generation}/{transport}={sessions}")?;
        }
        for (name, count) in self.iter().skip(1).filter(|(_, count)| *count > 0) {
            write!(formatter, " {name}={count}")?;
        }
        for (reason, count) in self.ended_by_reason() {
            write!(formatter, " ended/{}={count}", reason.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::gauges::Gauges;

    fn read(counters: &Counters, gauges: &Gauges, sessions: usize) -> Stats {
        counters.read(Present {
            sessions,
            queued: Queued::default(),
            waiting_bytes: 0,
            living: gauges.living(),
            ended: gauges.ended_so_far(),
        })
    }

    #[test]
    fn what_is_counted_is_read_under_its_name() {
        let (counters, gauges) = (Counters::default(), Gauges::default());
        assert!(counters.add_first(Count::Requeued));
        assert!(!counters.add_first(Count::Requeued));
        counters.add(Count::Requeued, 5);
        counters.add(Count::TooDeep, 0);
        let stats = read(&counters, &gauges, 3);
        assert_eq!((stats.requeued_batches, stats.too_deep), (7, 0));
        let told: Vec<_> = stats.iter().filter(|(_, number)| *number > 0).collect();
        assert_eq!(told, [("sessions", 3), ("requeued_batches", 7)]);
        assert_eq!(stats.to_string(), "sessions=3 requeued_batches=7");
    }

    #[test]
    fn sessions_are_told_apart_by_what_carries_them_and_why_they_ended() {
        let (counters, gauges) = (Counters::default(), Gauges::default());
        gauges.opened(Generation::Engine, Transport::Polling);
        gauges.opened(Generation::Engine, Transport::Polling);
        gauges.moved(Generation::Engine, Transport::Polling, Transport::WebSocket);
        gauges.opened(Generation::BareWebSocket, Transport::WebSocket);
        gauges.closed(Generation::BareWebSocket, Transport::WebSocket);
        gauges.ended(DisconnectReason::CloseTimeout);
        let stats = read(&counters, &gauges, 2);
        assert_eq!(stats.sessions_of(Generation::Engine, Transport::WebSocket), 1);
        assert_eq!(stats.sessions_of(Generation::BareWebSocket, Transport::WebSocket), 0);
        let expected = [(Generation::Engine, Transport::WebSocket, 1), (Generation::Engine, Transport::Polling, 1)];
        assert_eq!(stats.sessions_by_transport().collect::<Vec<_>>(), expected);
        assert_eq!(stats.ended(DisconnectReason::CloseTimeout), 1);
        assert_eq!(stats.ended_by_reason().collect::<Vec<_>>(), [(DisconnectReason::CloseTimeout, 1)]);
        let text = "sessions=2 sessions/engine/websocket=1 sessions/engine/polling=1 ended/close-timeout=1";
        assert_eq!(stats.to_string(), text);
        assert!(format!("{stats:?}").contains("engine/polling: 1"), "{stats:?}");
    }
}
