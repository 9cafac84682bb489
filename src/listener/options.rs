//! What a listener can be told, and what it does when it is told nothing.

use super::{budget::Budget, static_files::ClientFiles};
use crate::{
    hub::WireForm,
    session::{Beater, Goodbye, Heartbeat, Polls, Profile},
    transport::{Origins, Transport, TrustedProxies},
};
use std::time::Duration;

/// What a listener speaks on one of its resources ([`Builder::also_mount`](crate::Builder::also_mount)).
///
/// The two wire forms of the frames generation look alike until the server has spoken, so there is one of them on each
/// resource, beside all later generations. A bare protocol has a resource to itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Dialect {
    /// `~m~` frames: clients 0.5 and 0.6.
    #[default]
    Frames,
    /// JSON envelopes: clients 0.3 and 0.4.
    Json,
    /// Engine.IO alone, revisions 3 and 4: a message is what the application makes of it. All clients are in the root
    /// namespace; events go out as the text `{"name":…,"args":[…]}`, and such a text is one if it has a handler.
    BareEngine,
    /// WebSocket alone: a text or binary message is a message, otherwise as [`Dialect::BareEngine`].
    BareWebSocket,
}

impl Dialect {
    pub(crate) fn form(self) -> WireForm {
        match self {
            Self::Frames => WireForm::Frames,
            Self::Json => WireForm::Envelope,
            Self::BareEngine => WireForm::BareEngine4,
            Self::BareWebSocket => WireForm::BareWebSocket,
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
    /// Socket.IO 1.x to 4.x.
    Engine,
    /// Engine.IO alone.
    BareEngine,
    /// WebSocket alone.
    BareWebSocket,
}

impl Generation {
    pub(crate) const ALL: [Self; 5] =
        [Self::Frames, Self::Packets, Self::Engine, Self::BareEngine, Self::BareWebSocket];

    /// The place in [`Generation::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    /// The name of the family.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Frames => "frames",
            Self::Packets => "packets",
            Self::Engine => "engine",
            Self::BareEngine => "bare-engine",
            Self::BareWebSocket => "bare-websocket",
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
    pub(crate) engine: EngineOptions,
    pub(crate) origins: Origins,
    pub(crate) budget: Budget,
    pub(crate) client_files: ClientFiles,
    pub(crate) trust_forwarded_scheme: bool,
    pub(crate) trusted_proxies: TrustedProxies,
}

/// What holds for sessions of Engine.IO.
#[derive(Debug, Clone)]
pub(crate) struct EngineOptions {
    pub(crate) ping_interval: Duration,
    pub(crate) ping_timeout: Duration,
    pub(crate) upgrade_timeout: Duration,
    pub(crate) connect_timeout: Duration,
    /// How long what a client may have missed is kept; nothing when nobody may come back.
    pub(crate) recovery: Option<Duration>,
    pub(crate) cookie: Option<String>,
    pub(crate) guess_encoding: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            ping_interval: seconds(25),
            ping_timeout: seconds(20),
            upgrade_timeout: seconds(10),
            connect_timeout: seconds(45),
            recovery: Some(seconds(120)),
            cookie: None,
            guess_encoding: true,
        }
    }
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

    /// Whether there is any they may use.
    pub(crate) fn serves_packets(&self) -> bool {
        self.transports.iter().any(|transport| is_of_packets(*transport))
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

/// Whether sessions of the packets generation may use this transport: those that its clients know, and two more.
fn is_of_packets(transport: Transport) -> bool {
    is_known_to_packets(transport) || matches!(transport, Transport::XhrMultipart | Transport::ServerEvents)
}

/// Whether the original clients of the packets generation know this transport. No handshake names any other.
pub(crate) fn is_known_to_packets(transport: Transport) -> bool {
    use Transport::{FlashSocket, HtmlFile, JsonpPolling, WebSocket, XhrPolling};
    matches!(transport, WebSocket | FlashSocket | HtmlFile | XhrPolling | JsonpPolling)
}

/// The timing of the original servers.
pub(crate) fn default_profile(form: WireForm, transport: Transport) -> Profile {
    match form {
        WireForm::Frames => frames_profile(Dialect::Frames, transport),
        WireForm::Envelope => frames_profile(Dialect::Json, transport),
        WireForm::Packets => packets_profile(transport),
        WireForm::Engine3 | WireForm::BareEngine3 => engine_profile(Beater::Client, transport),
        WireForm::Engine4 | WireForm::Recoverable | WireForm::BareEngine4 => engine_profile(Beater::Session, transport),
        WireForm::BareWebSocket => websocket_profile(),
    }
}

/// How many packets a poll carries at most: clients in Python drop an answer with more.
const PACKETS_OF_A_POLL: usize = 16;

/// That of 4.8, but that a client whose poll breaks off may come again.
fn engine_profile(by: Beater, transport: Transport) -> Profile {
    let EngineOptions { ping_interval: interval, ping_timeout, .. } = EngineOptions::default();
    let heartbeat = Some(Heartbeat { by, interval, timeout: Some(ping_timeout) });
    let close_timeout = if transport.is_polling() { Duration::from_secs(5) } else { Duration::ZERO };
    Profile { heartbeat, close_timeout, polls: Polls::Drained { packets: PACKETS_OF_A_POLL }, goodbye: Goodbye::Always }
}

/// Pings of the WebSocket protocol itself, at the pace of those of Engine.IO.
fn websocket_profile() -> Profile {
    let profile = engine_profile(Beater::Connection, Transport::WebSocket);
    Profile { goodbye: Goodbye::Never, ..profile }
}

/// That of 0.9.19.
fn packets_profile(transport: Transport) -> Profile {
    let seconds = Duration::from_secs;
    let (heartbeat, close_timeout) = if transport.is_polling() {
        (None, seconds(60))
    } else {
        let heartbeat = Heartbeat { by: Beater::Connection, interval: seconds(25), timeout: Some(seconds(60)) };
        (Some(heartbeat), Duration::ZERO)
    };
    let polls = Polls::Sealed { duration: seconds(20) };
    Profile { heartbeat, close_timeout, polls, goodbye: Goodbye::ToStayAway }
}

/// That of 0.6.18 for `~m~` frames, of 0.4.1 for JSON envelopes (docs/wire/frames.md §3.1).
fn frames_profile(dialect: Dialect, transport: Transport) -> Profile {
    use Transport::{FlashSocket, HtmlFile, JsonpPolling, Polling, ServerEvents, WebSocket, XhrMultipart, XhrPolling};
    let seconds = Duration::from_secs;
    let polls = Polls::Sealed { duration: seconds(20) };
    let (heartbeat, close_timeout) = match (dialect, transport) {
        (Dialect::Json, XhrPolling | JsonpPolling | Polling) => (None, seconds(5)),
        (_, XhrPolling | JsonpPolling | Polling) => (None, seconds(8)),
        (Dialect::Frames | Dialect::BareEngine | Dialect::BareWebSocket, _) => {
            (Some((seconds(10), Some(seconds(8)))), Duration::ZERO)
        }
        (Dialect::Json, WebSocket | FlashSocket) => (Some((seconds(10), None)), Duration::ZERO),
        (Dialect::Json, HtmlFile | XhrMultipart | ServerEvents) => (Some((seconds(5), None)), Duration::ZERO),
    };
    let heartbeat = heartbeat.map(|(interval, timeout)| Heartbeat { by: Beater::Connection, interval, timeout });
    Profile { heartbeat, close_timeout, polls, goodbye: Goodbye::Never }
}
