//! What a listener can be told, and what it does when it is told nothing.

use super::static_files::ClientScript;
use crate::{
    hub::WireForm,
    session::{Heartbeat, Limits, Profile},
    transport::{HandshakeRate, Origins, Transport},
};
use std::time::Duration;

/// The two wire forms of the frames generation. They look alike until the server has spoken, so a listener speaks
/// one of them; two listeners on two resources of one server speak both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// `~m~` frames: clients 0.5 and 0.6.
    #[default]
    Frames,
    /// JSON envelopes: clients 0.3 and 0.4.
    Json,
}

impl Dialect {
    pub(crate) fn form(self) -> WireForm {
        match self {
            Self::Frames => WireForm::Frames,
            Self::Json => WireForm::Envelope,
        }
    }
}

/// A family of protocols.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Generation {
    /// Socket.IO 0.3 to 0.6.
    Frames,
}

impl Generation {
    /// The name of the family.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
        }
    }
}

impl std::fmt::Display for Generation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Everything a listener was told, defaults filled in and checked.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    pub(crate) resource: String,
    pub(crate) dialect: Dialect,
    pub(crate) transports: Vec<Transport>,
    pub(crate) profiles: [Profile; Transport::ALL.len()],
    pub(crate) origins: Origins,
    pub(crate) queue: Limits,
    pub(crate) max_body_bytes: usize,
    pub(crate) max_frame_bytes: usize,
    pub(crate) header_timeout: Duration,
    pub(crate) body_timeout: Duration,
    pub(crate) handshakes: Option<HandshakeRate>,
    pub(crate) client_script: ClientScript,
    pub(crate) trust_forwarded_scheme: bool,
}

impl Options {
    pub(crate) fn profile(&self, transport: Transport) -> Profile {
        self.profiles[transport.index()]
    }
}

/// The timing of the original servers: 0.6.18's for `~m~` frames, 0.4.1's for JSON envelopes
/// (docs/wire/frames.md §3.1).
pub(crate) fn default_profile(dialect: Dialect, transport: Transport) -> Profile {
    use Transport::{FlashSocket, HtmlFile, JsonpPolling, ServerEvents, WebSocket, XhrMultipart, XhrPolling};
    let seconds = Duration::from_secs;
    let poll_duration = seconds(20);
    let (heartbeat, close_timeout) = match (dialect, transport) {
        (Dialect::Frames, XhrPolling | JsonpPolling) => (None, seconds(8)),
        (Dialect::Json, XhrPolling | JsonpPolling) => (None, seconds(5)),
        (Dialect::Frames, _) => (Some((seconds(10), Some(seconds(8)))), Duration::ZERO),
        (Dialect::Json, WebSocket | FlashSocket) => (Some((seconds(10), None)), Duration::ZERO),
        (Dialect::Json, HtmlFile | XhrMultipart | ServerEvents) => (Some((seconds(5), None)), Duration::ZERO),
    };
    let heartbeat = heartbeat.map(|(interval, timeout)| Heartbeat { interval, timeout });
    Profile { heartbeat, close_timeout, poll_duration }
}
