//! What differs between generations and transports, as data.

use std::time::Duration;

/// The timing of one transport of one generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Profile {
    /// How the two ends know that the other is there; nothing for polls that only the next poll tells of.
    pub(crate) heartbeat: Option<Heartbeat>,
    /// How long a session outlives its last connection.
    pub(crate) close_timeout: Duration,
    /// How polls carry the session.
    pub(crate) polls: Polls,
    /// When the client is told that the session is over.
    pub(crate) goodbye: Goodbye,
}

/// A heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heartbeat {
    /// Who begins it.
    pub(crate) by: Beater,
    /// From the beginning, and then from each reply, to the next one.
    pub(crate) interval: Duration,
    /// How long the reply may take; nothing when the dialect knows no reply.
    pub(crate) timeout: Option<Duration>,
}

/// Who begins a heartbeat, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Beater {
    /// The server, while a stream is attached.
    Connection,
    /// The server, as long as the session lives, whatever carries it.
    Session,
    /// The client, as long as the session lives.
    Client,
}

/// How polls carry a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Polls {
    /// A poll is answered with the first thing that is sent, or empty after this time; a newer poll takes the place of
    /// an older one.
    Sealed { duration: Duration },
    /// A poll is answered with all that waits, up to so many packets, whenever that is; a second poll beside it ends
    /// the session. Between two polls the heartbeat tells whether the client is there.
    Drained { packets: usize },
}

/// When a client is told that its session is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Goodbye {
    /// The protocol has no word for it.
    Never,
    /// When it is to stay away.
    ToStayAway,
    /// Whenever it does not know already.
    Always,
}

impl Profile {
    /// Whether the heartbeat belongs to the session, not to a connection.
    pub(crate) fn beats_for_session(&self) -> bool {
        self.heartbeat.is_some_and(|heartbeat| heartbeat.by != Beater::Connection)
    }
}
