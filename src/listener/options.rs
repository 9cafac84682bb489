//! What a listener can be told, and what it does when it is told nothing.

use super::static_files::ClientScript;
use crate::{
    hub::WireForm,
    session::{Heartbeat, Limits, Profile},
    transport::{HandshakeRate, Origins, Transport},
};
use std::time::Duration;

/// The two wire forms of the frames generation. They look alike until the server has spoken, so a listener speaks
/// one of them on each of its resources ([`Builder::also_mount`](crate::Builder::also_mount)).
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
    /// Socket.IO 0.7, 0.8 and 0.9.
    Packets,
}

impl Generation {
    /// The name of the family.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Packets => "packets",
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
    /// Each with the dialect of the frames generation there.
    pub(crate) resources: Vec<(String, Dialect)>,
    pub(crate) transports: Vec<Transport>,
    /// The timing of each transport in each wire form.
    pub(crate) profiles: [Profiles; WireForm::ALL.len()],
    /// The transports that a handshake of the packets generation names, in the application's order.
    pub(crate) announced_transports: Vec<Transport>,
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

/// The timing of every transport of one generation.
pub(crate) type Profiles = [Profile; Transport::ALL.len()];

impl Options {
    pub(crate) fn profile(&self, form: WireForm, transport: Transport) -> Profile {
        self.profiles[form.index()][transport.index()]
    }
}

impl Options {
    /// Whether sessions of the packets generation may use this transport.
    pub(crate) fn speaks_packets(&self, transport: Transport) -> bool {
        self.transports.contains(&transport) && is_of_packets(transport)
    }

    /// The heartbeat timeout and the close timeout that a handshake of the packets generation tells: the longest of
    /// its transports, since a client may use any.
    pub(crate) fn announced_timeouts(&self) -> (Duration, Duration) {
        let profile = |transport: &Transport| self.profile(WireForm::Packets, *transport);
        let longest = |transports: &[Transport]| {
            let heartbeats = transports.iter().filter_map(|transport| profile(transport).heartbeat?.timeout);
            let polling = transports.iter().filter(|transport| transport.is_polling());
            (heartbeats.max(), polling.map(|transport| profile(transport).close_timeout).max())
        };
        let (heartbeat, close) = longest(&self.announced_transports);
        // Clients count both on every transport, so those that are switched off have a word when nobody else has.
        let (any_heartbeat, any_close) = longest(&Transport::ALL);
        (heartbeat.or(any_heartbeat).unwrap_or_default(), close.or(any_close).unwrap_or_default())
    }
}

/// Whether the packets generation knows this transport.
pub(crate) fn is_of_packets(transport: Transport) -> bool {
    use Transport::{FlashSocket, HtmlFile, JsonpPolling, WebSocket, XhrPolling};
    matches!(transport, WebSocket | FlashSocket | HtmlFile | XhrPolling | JsonpPolling)
}

/// The timing of the original servers.
pub(crate) fn default_profile(form: WireForm, transport: Transport) -> Profile {
    match form {
        WireForm::Frames => frames_profile(Dialect::Frames, transport),
        WireForm::Envelope => frames_profile(Dialect::Json, transport),
        WireForm::Packets => packets_profile(transport),
    }
}

/// That of 0.9.19.
fn packets_profile(transport: Transport) -> Profile {
    let seconds = Duration::from_secs;
    let (heartbeat, close_timeout) = if transport.is_polling() {
        (None, seconds(60))
    } else {
        (Some(Heartbeat { interval: seconds(25), timeout: Some(seconds(60)) }), Duration::ZERO)
    };
    Profile { heartbeat, close_timeout, poll_duration: seconds(20), says_goodbye: true }
}

/// That of 0.6.18 for `~m~` frames, of 0.4.1 for JSON envelopes (docs/wire/frames.md §3.1).
fn frames_profile(dialect: Dialect, transport: Transport) -> Profile {
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
    Profile { heartbeat, close_timeout, poll_duration, says_goodbye: false }
}
