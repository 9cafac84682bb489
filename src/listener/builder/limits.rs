//! Options that bound what clients may cost.

use super::{BuildError, Builder, check_length};
use crate::{session::OnFull, transport::HandshakeRate};
use std::time::Duration;

const LARGEST_FRAME: usize = 256 << 20;

/// Every bound has a default for a listener on the open internet; docs/operations.md has them in one table, with what a
/// client sees beyond each and what is counted.
impl Builder {
    /// The longest head of a request, its first line and its headers, in bytes; a longer one is answered 431. Under
    /// [`Listener::serve`](crate::Listener::serve) only: another server has bounds of its own. A session keeps the head of
    /// its first request, and clients of 3.0 and later may say as much again in `auth`, in all their namespaces
    /// together. Default 16 KiB, at least 8 KiB.
    pub fn max_head_bytes(mut self, bytes: usize) -> Self {
        self.budget.max_head_bytes = bytes;
        self
    }

    /// The largest request body, in bytes; a larger one is answered 413. Default 1 MiB.
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.budget.max_body_bytes = bytes;
        self
    }

    /// The largest WebSocket message, in bytes; a larger one ends the session. Default 1 MiB.
    pub fn max_frame_bytes(mut self, bytes: usize) -> Self {
        self.budget.max_frame_bytes = bytes;
        self
    }

    /// How many packets one body or frame may hold; one with more counts as malformed. Default 10,000.
    pub fn max_payload_packets(mut self, packets: usize) -> Self {
        self.budget.max_payload_packets = packets;
        self
    }

    /// How many arrays and objects may be in one another in what a client sends; what is deeper counts as no JSON.
    /// Default 128, which is also where `serde_json` gives up.
    pub fn max_json_depth(mut self, depth: usize) -> Self {
        self.budget.max_json_depth = depth;
        self
    }

    /// How many binary attachments one packet may have; more end the session. Default 10.
    pub fn max_attachments(mut self, attachments: usize) -> Self {
        self.budget.max_attachments = attachments;
        self
    }

    /// How many bytes the attachments of one packet may have, all together; more end the session. Default 4 MiB.
    pub fn max_attachment_bytes(mut self, bytes: usize) -> Self {
        self.budget.max_attachment_bytes = bytes;
        self
    }

    /// How many acknowledgements may be asked of one client and not yet given; for more the application gets
    /// [`AckError::TooMany`](crate::AckError). Default 1024.
    pub fn max_awaited_acks(mut self, acknowledgements: usize) -> Self {
        self.budget.max_awaited_acks = acknowledgements;
        self
    }

    /// How many rooms of one namespace a client may be in; [`Client::join`](crate::Client::join) beyond that does
    /// nothing and says so. Default 1024.
    pub fn max_rooms(mut self, rooms: usize) -> Self {
        self.budget.max_rooms = rooms;
        self
    }

    /// How many namespaces a client may be in, the root included; it is refused at others. Default 64.
    pub fn max_namespaces(mut self, namespaces: usize) -> Self {
        self.budget.max_namespaces = namespaces;
        self
    }

    /// How many sessions may live at a time; further handshakes are answered 503, or in their generation's own form.
    /// Default 100,000.
    pub fn max_sessions(mut self, sessions: usize) -> Self {
        self.budget.max_sessions = sessions;
        self
    }

    /// How many sessions of one peer address (of IPv6, one 64-bit prefix) may live at a time, as
    /// [`Builder::max_sessions`]. Works where the peer's address is known: under [`Listener::serve`](crate::Listener::serve),
    /// and elsewhere if the application tells it ([`PeerAddress`](crate::PeerAddress)); behind a proxy see
    /// [`Builder::trusted_proxies`]. Default 10,000.
    pub fn max_sessions_per_peer(mut self, sessions: usize) -> Self {
        self.budget.max_sessions_per_peer = sessions;
        self
    }

    /// How fast one peer address may begin sessions of whatever generation and transport, used or not: `burst` at once,
    /// and then `per_second`. A faster peer is made to wait, and beyond 5 s, or beyond 256 that wait, refused: with 429
    /// and `Retry-After`, or where a client of 0.3 to 0.6 polls, by closing its connection. Works where
    /// [`Builder::max_sessions_per_peer`] does. Default 2000 and 500.
    pub fn handshake_rate(mut self, burst: u32, per_second: u32) -> Self {
        self.budget.handshakes = Some(HandshakeRate { per_second, burst });
        self
    }

    /// How many sessions one peer address may begin and not use, by polling or with a handshake of 0.7 to 0.9: `burst` at
    /// once, and then `per_second`. A faster peer is made to wait, or refused, as by [`Builder::handshake_rate`]. Default
    /// 100 and 20.
    pub fn unused_handshakes(mut self, burst: u32, per_second: u32) -> Self {
        self.budget.unused_handshakes = Some(HandshakeRate { per_second, burst });
        self
    }

    /// No limit on the rate of handshakes: for a listener behind a proxy, where every client has the proxy's address.
    pub fn unlimited_handshakes(mut self) -> Self {
        self.budget.handshakes = None;
        self.budget.unused_handshakes = None;
        self
    }

    /// How long a session lives whose client never comes again after its handshake. Default 30 s; where a session ends
    /// earlier by itself, it does.
    pub fn first_transport_timeout(mut self, timeout: Duration) -> Self {
        self.budget.first_transport_timeout = timeout;
        self
    }

    /// How many encoded bytes may wait for one client. Default 1 MiB.
    pub fn queue_bytes(mut self, bytes: usize) -> Self {
        self.budget.queue.bytes = bytes;
        self
    }

    /// How many messages may wait for one client. Default 4096.
    pub fn queue_messages(mut self, messages: usize) -> Self {
        self.budget.queue.messages = messages;
        self
    }

    /// What is done with a message for a client whose queue is full. Default [`OnFull::DropNewest`].
    pub fn on_full(mut self, on_full: OnFull) -> Self {
        self.budget.on_full = on_full;
        self
    }

    /// How many bytes may wait for all clients together, what keeps them included. The more waits, the less may wait
    /// for each: no client's queue may be larger than what is left of three quarters, so the clients that do not read
    /// share these evenly. The last quarter is for those who have taken what was there before. A message that finds no
    /// room is treated as one for a full queue ([`Builder::on_full`]).
    ///
    /// A message to 16 clients or more is there once, so each of them is charged a sixteenth of its bytes; where it stays for
    /// one of them alone, it takes up to sixteen times as much memory as it counts. Who has taken what was there before
    /// gets such a message in any case. Threads that send at the same time may exceed the total by a message each. What is kept for clients that may come back
    /// ([`Builder::recovery`]) does not count: each namespace keeps at most as much as the queues of 16 clients hold.
    /// Default 256 MiB.
    pub fn total_queue_bytes(mut self, bytes: usize) -> Self {
        self.budget.total_queue_bytes = bytes;
        self
    }

    /// How many bytes that clients have sent may wait, for their rest or for the application, of all clients together; no
    /// client may have more waiting than what is left for all. Default 256 MiB.
    pub fn total_received_bytes(mut self, bytes: usize) -> Self {
        self.budget.total_received_bytes = bytes;
        self
    }

    /// How long a connection under [`Listener::serve`](crate::Listener::serve) may take to send the head of its next
    /// request, idle time between two requests included. Default 75 s.
    pub fn header_timeout(mut self, timeout: Duration) -> Self {
        self.budget.header_timeout = timeout;
        self
    }

    /// How long the body of a request may take to arrive; a slower one is answered 408. Default 30 s.
    pub fn body_timeout(mut self, timeout: Duration) -> Self {
        self.budget.body_timeout = timeout;
        self
    }

    /// How long a WebSocket message may take to arrive, from its first byte to its last, and a packet of clients since 1.0 with all
    /// its attachments; a slower one ends the connection. Default 30 s.
    pub fn frame_timeout(mut self, timeout: Duration) -> Self {
        self.budget.frame_timeout = timeout;
        self
    }

    /// How long a client may read nothing of what is written to it, while something is; then its connection is given
    /// up, and what was under way waits for the next one. Default 30 s.
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.budget.write_timeout = timeout;
        self
    }

    /// How many clients per second [`Listener::shutdown`](crate::Listener::shutdown) sends away, so that they do not come
    /// back all at once; more where its deadline is too near for that. Default 1000.
    pub fn shutdown_rate(mut self, clients_per_second: u32) -> Self {
        self.budget.shutdown_rate = clients_per_second;
        self
    }

    pub(super) fn check_budget(&self) -> Result<(), BuildError> {
        let budget = &self.budget;
        let sizes = [
            ("max_body_bytes", budget.max_body_bytes),
            ("max_frame_bytes", budget.max_frame_bytes),
            ("max_payload_packets", budget.max_payload_packets),
            ("max_json_depth", budget.max_json_depth),
            ("max_namespaces", budget.max_namespaces),
            ("max_sessions", budget.max_sessions),
            ("max_sessions_per_peer", budget.max_sessions_per_peer),
            ("queue_bytes", budget.queue.bytes),
            ("queue_messages", budget.queue.messages),
            ("total_queue_bytes", budget.total_queue_bytes),
            ("total_received_bytes", budget.total_received_bytes),
            ("shutdown_rate", budget.shutdown_rate as usize),
        ];
        if let Some((option, _)) = sizes.into_iter().find(|(_, value)| *value == 0) {
            return Err(BuildError::new(option, "must not be zero"));
        }
        let durations = [
            ("header_timeout", budget.header_timeout),
            ("body_timeout", budget.body_timeout),
            ("frame_timeout", budget.frame_timeout),
            ("write_timeout", budget.write_timeout),
            ("first_transport_timeout", budget.first_transport_timeout),
        ];
        for (option, duration) in durations {
            if duration.is_zero() {
                return Err(BuildError::new(option, "must not be zero"));
            }
            check_length(option, duration)?;
        }
        for (option, rate) in [("handshake_rate", budget.handshakes), ("unused_handshakes", budget.unused_handshakes)] {
            if rate.is_some_and(|rate| rate.per_second == 0 || rate.burst == 0) {
                let reason = "must not be zero; `unlimited_handshakes` lifts the limit";
                return Err(BuildError::new(option, reason));
            }
        }
        if budget.max_head_bytes < SMALLEST_HEAD {
            let reason = format!("{} is less than {SMALLEST_HEAD} bytes", budget.max_head_bytes);
            return Err(BuildError::new("max_head_bytes", reason));
        }
        if budget.max_frame_bytes > LARGEST_FRAME {
            let reason = format!("{} is more than {LARGEST_FRAME} bytes", budget.max_frame_bytes);
            return Err(BuildError::new("max_frame_bytes", reason));
        }
        Ok(())
    }
}

/// What the HTTP server reads into at least.
const SMALLEST_HEAD: usize = 8 << 10;
