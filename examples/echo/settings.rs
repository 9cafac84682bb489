//! Every setting of the measuring post comes from the environment.

use heirloom::{Builder, Dialect, Transport};
use std::{env, error::Error, fmt::Display, str::FromStr, time::Duration};

pub(crate) fn configure(mut builder: Builder) -> Result<Builder, Box<dyn Error>> {
    if let Some(resource) = setting::<String>("RESOURCE")? {
        builder = builder.resource(resource);
    }
    if let Some(names) = list("TRANSPORTS") {
        let transports: Result<Vec<Transport>, _> = names.iter().map(|name| name.parse()).collect();
        builder = builder.transports(transports.map_err(|error| format!("TRANSPORTS: {error}"))?);
    }
    if let Some(origins) = list("ORIGINS") {
        builder = builder.origins(origins);
    }
    match env::var("DIALECT").as_deref() {
        Ok("json") => builder = builder.dialect(Dialect::Json),
        Ok("frames") | Err(_) => {}
        Ok(other) => return Err(format!("DIALECT: {other:?} is neither frames nor json").into()),
    }
    for (name, dialect) in [("BARE_ENGINE", Dialect::BareEngine), ("BARE_WEBSOCKET", Dialect::BareWebSocket)] {
        if let Some(resource) = setting::<String>(name)? {
            builder = builder.also_mount(resource, dialect);
        }
    }
    builder = timings(builder)?;
    if let Some(bytes) = setting("QUEUE_BYTES")? {
        builder = builder.queue_bytes(bytes);
    }
    if let Some(messages) = setting("QUEUE_MESSAGES")? {
        builder = builder.queue_messages(messages);
    }
    if let Some(bytes) = setting("MAX_FRAME_BYTES")? {
        builder = builder.max_frame_bytes(bytes);
    }
    Ok(budget(builder)?)
}

/// Whoever measures comes from one address, and from it with all he has.
fn budget(builder: Builder) -> Result<Builder, String> {
    let total = |name| Ok::<_, String>(setting(name)?.unwrap_or(usize::MAX));
    Ok(builder
        .handshake_rate(1_000_000, 1_000_000)
        .max_sessions(total("MAX_SESSIONS")?)
        .max_sessions_per_peer(total("MAX_SESSIONS_PER_PEER")?)
        .total_queue_bytes(total("TOTAL_QUEUE_BYTES")?)
        .total_received_bytes(total("TOTAL_RECEIVED_BYTES")?))
}

/// One number for every generation: what is a heartbeat to some is a ping to others.
fn timings(mut builder: Builder) -> Result<Builder, Box<dyn Error>> {
    let (interval, timeout) = (milliseconds("HEARTBEAT_INTERVAL")?, milliseconds("HEARTBEAT_TIMEOUT")?);
    let (close, poll) = (milliseconds("CLOSE_TIMEOUT")?, milliseconds("POLL_DURATION")?);
    for transport in Transport::ALL {
        let streams = !transport.is_polling();
        if let Some(interval) = interval.filter(|_| streams) {
            builder = builder.heartbeat_interval(transport, interval);
        }
        if let Some(timeout) = timeout.filter(|_| streams) {
            builder = builder.heartbeat_timeout(transport, timeout);
        }
        if let Some(close) = close {
            builder = builder.close_timeout(transport, close);
        }
        // Polls of clients since 1.0 have no end of their own.
        if let Some(poll) = poll.filter(|_| !streams && transport != Transport::Polling) {
            builder = builder.poll_duration(transport, poll);
        }
    }
    if let Some(interval) = interval {
        builder = builder.ping_interval(interval);
    }
    if let Some(timeout) = timeout {
        builder = builder.ping_timeout(timeout);
    }
    Ok(match milliseconds("RECOVERY")? {
        Some(Duration::ZERO) => builder.without_recovery(),
        Some(window) => builder.recovery(window),
        None => builder,
    })
}

fn milliseconds(name: &str) -> Result<Option<Duration>, String> {
    Ok(setting(name)?.map(Duration::from_millis))
}

pub(crate) fn setting<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>, String> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| format!("{name}: {text:?}: {error}"))
}

fn list(name: &str) -> Option<Vec<String>> {
    let text = env::var(name).ok()?;
    Some(text.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect())
}
