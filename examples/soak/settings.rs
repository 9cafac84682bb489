//! What the server of a scenario is told, besides what every scenario wants.

use heirloom::{Builder, Dialect, Listener, OnFull, Transport};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A method of the builder that takes one value.
type Method<T> = fn(Builder, T) -> Builder;

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Settings {
    /// Whatever a client may take its time for, it may take so many seconds for.
    pub(crate) timeout: Option<f64>,
    /// Heartbeats that slow readers need not answer while they are looked at, in seconds.
    pub(crate) heartbeats: Option<f64>,
    pub(crate) header_timeout: Option<f64>,
    pub(crate) body_timeout: Option<f64>,
    pub(crate) write_timeout: Option<f64>,
    pub(crate) first_transport_timeout: Option<f64>,
    pub(crate) close_timeout: Option<f64>,
    pub(crate) queue_bytes: Option<usize>,
    pub(crate) total_queue_bytes: Option<usize>,
    /// `disconnect`, `drop-newest` or `drop-oldest`.
    pub(crate) on_full: Option<String>,
    pub(crate) shutdown_rate: Option<u32>,
    /// The defaults of the library bound the handshakes of one address; otherwise nothing does.
    pub(crate) handshakes_are_limited: bool,
    /// Bytes the kernel keeps of what a client does not read, as it counts them.
    pub(crate) send_buffer: Option<u32>,
}

impl Settings {
    pub(crate) fn listener(&self) -> Result<Listener, Box<dyn std::error::Error>> {
        let mut builder = Listener::builder()
            .also_mount("envelope", Dialect::Json)
            .also_mount("bare-engine", Dialect::BareEngine)
            .also_mount("bare-websocket", Dialect::BareWebSocket)
            .max_sessions_per_peer(100_000)
            .allow_unsafe_timings();
        if !self.handshakes_are_limited {
            builder = builder.unlimited_handshakes();
        }
        if let Some(timeout) = seconds(self.timeout)? {
            builder = every_timeout(builder, timeout);
        }
        if let Some(interval) = seconds(self.heartbeats)? {
            builder = beating(builder, interval, interval);
        }
        if let Some(timeout) = seconds(self.close_timeout)? {
            for transport in Transport::ALL.into_iter().filter(|transport| transport.is_polling()) {
                builder = builder.close_timeout(transport, timeout);
            }
        }
        let durations: [(Option<f64>, Method<Duration>); 4] = [
            (self.header_timeout, Builder::header_timeout),
            (self.body_timeout, Builder::body_timeout),
            (self.write_timeout, Builder::write_timeout),
            (self.first_transport_timeout, Builder::first_transport_timeout),
        ];
        for (value, set) in durations {
            if let Some(duration) = seconds(value)? {
                builder = set(builder, duration);
            }
        }
        let sizes: [(Option<usize>, Method<usize>); 2] =
            [(self.queue_bytes, Builder::queue_bytes), (self.total_queue_bytes, Builder::total_queue_bytes)];
        for (value, set) in sizes {
            if let Some(bytes) = value {
                builder = set(builder, bytes);
            }
        }
        if let Some(rate) = self.shutdown_rate {
            builder = builder.shutdown_rate(rate);
        }
        Ok(builder.on_full(self.on_full()?).build()?)
    }

    fn on_full(&self) -> Result<OnFull, String> {
        match self.on_full.as_deref() {
            None | Some("drop-newest") => Ok(OnFull::DropNewest),
            Some("drop-oldest") => Ok(OnFull::DropOldest),
            Some("disconnect") => Ok(OnFull::Disconnect),
            Some(other) => Err(format!("on-full: {other:?} is none of disconnect, drop-newest, drop-oldest")),
        }
    }
}

fn seconds(value: Option<f64>) -> Result<Option<Duration>, String> {
    value.map(|value| Duration::try_from_secs_f64(value).map_err(|error| format!("{value}: {error}"))).transpose()
}

fn every_timeout(builder: Builder, timeout: Duration) -> Builder {
    // A client that falls silent is missed after both.
    let mut builder = beating(builder, timeout / 2, timeout / 2);
    for transport in Transport::ALL.into_iter().filter(|transport| transport.is_polling()) {
        builder = builder.close_timeout(transport, timeout);
        if transport != Transport::Polling {
            builder = builder.poll_duration(transport, timeout / 2);
        }
    }
    builder
        .upgrade_timeout(timeout)
        .connect_timeout(timeout)
        .recovery(timeout)
        .header_timeout(timeout)
        .body_timeout(timeout)
        .frame_timeout(timeout)
        .write_timeout(timeout)
        .first_transport_timeout(timeout)
}

fn beating(mut builder: Builder, interval: Duration, timeout: Duration) -> Builder {
    for transport in Transport::ALL.into_iter().filter(|transport| !transport.is_polling()) {
        builder = builder.heartbeat_interval(transport, interval).heartbeat_timeout(transport, timeout);
    }
    builder.ping_interval(interval).ping_timeout(timeout)
}
