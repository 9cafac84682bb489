//! What no original client sends, on every transport: nothing of it may crash the server, stop another client, or be
//! delivered half.

#[path = "bad_input/bodies.rs"]
mod bodies;
#[path = "bad_input/floods.rs"]
mod floods;
#[path = "bad_input/hixie.rs"]
mod hixie;
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
#[path = "bad_input/requests.rs"]
mod requests;
#[path = "bad_input/sessions.rs"]
mod sessions;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "bad_input/websocket.rs"]
mod websocket;
