//! Each transport from the first byte to the last, in both dialects.

#[path = "transports/flash_policy.rs"]
mod flash_policy;
#[path = "transports/heartbeats.rs"]
mod heartbeats;
#[path = "transports/hixie.rs"]
mod hixie;
#[path = "transports/polling.rs"]
mod polling;
#[path = "transports/reattach.rs"]
mod reattach;
#[path = "transports/streams.rs"]
mod streams;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "transports/websocket.rs"]
mod websocket;
