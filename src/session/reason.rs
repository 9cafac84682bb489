//! Why a session ended.

use std::fmt;

/// Why a client is gone, as [`Listener::on_disconnect`](crate::Listener::on_disconnect) tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DisconnectReason {
    /// The client's connection ended, orderly or not, and no other took its place within the close timeout.
    TransportClosed,
    /// A heartbeat was not answered within the heartbeat timeout.
    HeartbeatTimeout,
    /// A polling client did not poll again within the close timeout. The original clients of the frames generation cannot
    /// say goodbye, so this is also how an orderly leave of their polling clients looks.
    CloseTimeout,
    /// The client said goodbye: to the whole session, or to this namespace.
    ClientDisconnect,
    /// The client broke the rules of its transport (a malformed or oversized frame).
    ProtocolError,
    /// The application disconnected the client.
    ServerDisconnect,
    /// One of the application's handlers panicked while it served this client.
    HandlerPanicked,
    /// The listener was shut down.
    Shutdown,
    /// More was to be said to the client than its queue holds ([`OnFull::Disconnect`](crate::OnFull)).
    QueueFull,
}

impl DisconnectReason {
    pub(crate) const ALL: [Self; 9] = [
        Self::TransportClosed,
        Self::HeartbeatTimeout,
        Self::CloseTimeout,
        Self::ClientDisconnect,
        Self::ProtocolError,
        Self::ServerDisconnect,
        Self::HandlerPanicked,
        Self::Shutdown,
        Self::QueueFull,
    ];

    /// A word for it, as [`Stats`](crate::Stats) and metrics name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::TransportClosed => "transport-closed",
            Self::HeartbeatTimeout => "heartbeat-timeout",
            Self::CloseTimeout => "close-timeout",
            Self::ClientDisconnect => "client-disconnect",
            Self::ProtocolError => "protocol-error",
            Self::ServerDisconnect => "server-disconnect",
            Self::HandlerPanicked => "handler-panicked",
            Self::Shutdown => "shutdown",
            Self::QueueFull => "queue-full",
        }
    }

    /// The place in [`DisconnectReason::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for DisconnectReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TransportClosed => "transport closed",
            Self::HeartbeatTimeout => "heartbeat timeout",
            Self::CloseTimeout => "close timeout",
            Self::ClientDisconnect => "client disconnect",
            Self::ProtocolError => "protocol error",
            Self::ServerDisconnect => "server disconnect",
            Self::HandlerPanicked => "handler panicked",
            Self::Shutdown => "shutdown",
            Self::QueueFull => "queue full",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_place() {
        for (place, reason) in DisconnectReason::ALL.into_iter().enumerate() {
            assert_eq!(reason.index(), place);
        }
        // The last one; a new one has its place behind it.
        assert_eq!(DisconnectReason::ALL.len(), DisconnectReason::QueueFull.index() + 1);
    }
}
