//! What an application can rely on, whatever transport its clients came by.

#[path = "application/acknowledgements.rs"]
mod acknowledgements;
#[path = "application/authorization.rs"]
mod authorization;
#[path = "application/awaited_acknowledgements.rs"]
mod awaited_acknowledgements;
#[path = "application/broadcasts.rs"]
mod broadcasts;
#[path = "application/bursts.rs"]
mod bursts;
#[path = "application/conflation.rs"]
mod conflation;
#[path = "application/departures.rs"]
mod departures;
#[path = "application/events.rs"]
mod events;
#[path = "application/generations.rs"]
mod generations;
#[path = "application/handlers.rs"]
mod handlers;
#[path = "application/handles.rs"]
mod handles;
#[path = "application/lifecycle.rs"]
mod lifecycle;
#[path = "application/logs.rs"]
mod logs;
#[path = "application/namespace_authorization.rs"]
mod namespace_authorization;
#[path = "application/namespace_departures.rs"]
mod namespace_departures;
#[path = "application/namespace_rooms.rs"]
mod namespace_rooms;
#[path = "application/namespaces.rs"]
mod namespaces;
#[path = "application/sending.rs"]
mod sending;
#[path = "application/shutdown.rs"]
mod shutdown;
#[path = "application/slow_consumers.rs"]
mod slow_consumers;
#[path = "application/stats.rs"]
mod stats;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "application/volatile.rs"]
mod volatile;

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
