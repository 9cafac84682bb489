//! Each transport from the first byte to the last, in both dialects.

#[path = "transports/cross_site.rs"]
mod cross_site;
#[path = "transports/fan_out.rs"]
mod fan_out;
#[path = "transports/flash_policy.rs"]
mod flash_policy;
#[path = "transports/heartbeats.rs"]
mod heartbeats;
#[path = "transports/hixie.rs"]
mod hixie;
#[path = "transports/leaving.rs"]
mod leaving;
#[path = "transports/packets_handshake.rs"]
mod packets_handshake;
#[path = "transports/packets_heartbeats.rs"]
mod packets_heartbeats;
#[path = "transports/packets_polling.rs"]
mod packets_polling;
#[path = "transports/packets_sessions.rs"]
mod packets_sessions;
#[path = "transports/packets_sockets.rs"]
mod packets_sockets;
#[path = "transports/packets_streams.rs"]
mod packets_streams;
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
