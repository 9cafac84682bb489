//! What an application can rely on, whatever transport its clients came by.

#[path = "application/broadcasts.rs"]
mod broadcasts;
#[path = "application/handlers.rs"]
mod handlers;
#[path = "application/lifecycle.rs"]
mod lifecycle;
#[path = "application/sending.rs"]
mod sending;
#[path = "application/shutdown.rs"]
mod shutdown;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;

use heirloom::{Builder, Listener, Transport};
use support::milliseconds;

const SOCKETS_AND_STREAMS: [Transport; 5] = [
    Transport::WebSocket,
    Transport::FlashSocket,
    Transport::HtmlFile,
    Transport::XhrMultipart,
    Transport::ServerEvents,
];
const POLLS: [Transport; 2] = [Transport::XhrPolling, Transport::JsonpPolling];

/// A listener whose polling clients are missed soon.
fn impatient() -> Builder {
    POLLS
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.close_timeout(transport, milliseconds(300)))
}
