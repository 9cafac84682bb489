//! What clients may cost, together and each: every bound there is, with the defaults.

use crate::{
    session::{Allowance, Limits, OnFull},
    transport::HandshakeRate,
    wire::bounds::Bounds,
};
use std::time::Duration;

/// The bounds of one listener. What each means is said at the builder's method of the same name.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Budget {
    pub(crate) max_head_bytes: usize,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_frame_bytes: usize,
    pub(crate) max_payload_packets: usize,
    pub(crate) max_json_depth: usize,
    pub(crate) max_attachments: usize,
    pub(crate) max_attachment_bytes: usize,
    pub(crate) max_awaited_acks: usize,
    pub(crate) max_rooms: usize,
    pub(crate) max_namespaces: usize,
    pub(crate) max_sessions: usize,
    pub(crate) max_sessions_per_peer: usize,
    /// Of all handshakes of one peer.
    pub(crate) handshakes: Option<HandshakeRate>,
    /// Of those that begin a session nobody has used yet.
    pub(crate) unused_handshakes: Option<HandshakeRate>,
    pub(crate) first_transport_timeout: Duration,
    /// Of one session.
    pub(crate) queue: Limits,
    pub(crate) on_full: OnFull,
    pub(crate) total_queue_bytes: usize,
    pub(crate) total_received_bytes: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) frame_timeout: Duration,
    pub(crate) write_timeout: Duration,
    /// Clients per second.
    pub(crate) shutdown_rate: u32,
}

impl Default for Budget {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            max_head_bytes: 16 << 10,
            max_body_bytes: 1 << 20,
            max_frame_bytes: 1 << 20,
            max_payload_packets: 10_000,
            max_json_depth: 128,
            max_attachments: 10,
            max_attachment_bytes: 4 << 20,
            max_awaited_acks: 1024,
            max_rooms: 1024,
            max_namespaces: 64,
            max_sessions: 100_000,
            max_sessions_per_peer: 10_000,
            handshakes: Some(HandshakeRate { per_second: 500, burst: 2000 }),
            unused_handshakes: Some(HandshakeRate { per_second: 20, burst: 100 }),
            first_transport_timeout: seconds(30),
            queue: Limits { bytes: 1 << 20, messages: 4096 },
            on_full: OnFull::DropNewest,
            total_queue_bytes: 256 << 20,
            total_received_bytes: 256 << 20,
            header_timeout: seconds(75),
            body_timeout: seconds(30),
            frame_timeout: seconds(30),
            write_timeout: seconds(30),
            shutdown_rate: 1000,
        }
    }
}

impl Budget {
    /// How far decoders go with one body or frame.
    pub(crate) fn bounds(&self) -> Bounds {
        Bounds::new(self.max_payload_packets, self.max_json_depth)
    }

    /// What may wait for clients.
    pub(crate) fn queues(&self) -> Allowance {
        Allowance::new(self.queue, self.on_full, self.total_queue_bytes)
    }

    /// The largest payload a client of Engine.IO may send, in bytes.
    pub(crate) fn max_payload(&self) -> usize {
        self.max_body_bytes.min(self.max_frame_bytes)
    }
}
