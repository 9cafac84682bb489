//! What no original client sends, on every transport: nothing of it may crash the server, stop another client, or be
//! delivered half.

#[path = "bad_input/bodies.rs"]
mod bodies;
#[path = "bad_input/floods.rs"]
mod floods;
#[path = "bad_input/handshake_rates.rs"]
mod handshake_rates;
#[path = "bad_input/heads.rs"]
mod heads;
#[path = "bad_input/hixie.rs"]
mod hixie;
#[path = "bad_input/holdings.rs"]
mod holdings;
#[path = "bad_input/limits.rs"]
mod limits;
#[path = "bad_input/origins.rs"]
mod origins;
#[path = "bad_input/packets_contents.rs"]
mod packets_contents;
#[path = "bad_input/packets_floods.rs"]
mod packets_floods;
#[path = "bad_input/packets_payloads.rs"]
mod packets_payloads;
#[path = "bad_input/packets_requests.rs"]
mod packets_requests;
#[path = "bad_input/payloads.rs"]
mod payloads;
#[path = "bad_input/proxies.rs"]
mod proxies;
#[path = "bad_input/requests.rs"]
mod requests;
#[path = "bad_input/scripts.rs"]
mod scripts;
#[path = "bad_input/session_limits.rs"]
mod session_limits;
#[path = "bad_input/sessions.rs"]
mod sessions;
#[path = "bad_input/slow_sockets.rs"]
mod slow_sockets;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "bad_input/waiting.rs"]
mod waiting;
#[path = "bad_input/websocket.rs"]
mod websocket;
