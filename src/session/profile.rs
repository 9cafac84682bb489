//! What differs between generations and transports, as data.

use std::time::Duration;

/// The timing of one transport of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Heartbeats while a stream is attached; polls have none.
    pub(crate) heartbeat: Option<Heartbeat>,
    /// How long a session outlives its last connection.
    pub(crate) close_timeout: Duration,
    /// How long a poll is held when there is nothing to say.
    pub(crate) poll_duration: Duration,
    /// Whether the protocol has a packet that tells the client to stay away.
    pub(crate) says_goodbye: bool,
}

/// A heartbeat the server begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// From the attachment, and then from each reply, to the next one.
    pub(crate) interval: Duration,
    /// How long the reply may take; nothing when the dialect knows no reply.
    pub(crate) timeout: Option<Duration>,
}
