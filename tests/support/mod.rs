//! What the tests of whole connections share: servers on loopback ports, raw clients, and a log of the application's
//! events that can be awaited by condition.

pub(crate) mod engine;
pub(crate) mod events;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod packet_peer;
pub(crate) mod packets;
pub(crate) mod payload;
pub(crate) mod peer;
pub(crate) mod rfc6455;
pub(crate) mod server;

use std::{future::Future, time::Duration};

pub(crate) use events::{Event, Events};
pub(crate) use http::{Answer, Connection, Stream, get, post, request};
pub(crate) use log::Log;
pub(crate) use packet_peer::PacketPeer;
pub(crate) use payload::{form, frame, frames, messages};
pub(crate) use peer::{Peer, is_socket};
pub(crate) use server::{Mounting, Server};

/// The transports of the frames generation.
pub(crate) const FRAMES_TRANSPORTS: [heirloom::Transport; 7] = [
    heirloom::Transport::WebSocket,
    heirloom::Transport::FlashSocket,
    heirloom::Transport::HtmlFile,
    heirloom::Transport::XhrMultipart,
    heirloom::Transport::ServerEvents,
    heirloom::Transport::XhrPolling,
    heirloom::Transport::JsonpPolling,
];

/// How long anything may take that has to happen. Reached only when a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Fails the test when the future takes too long.
pub(crate) async fn patiently<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited in vain: {what}"),
    }
}

/// Waits for a condition that nobody announces.
pub(crate) async fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    patiently(what, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
}

pub(crate) fn milliseconds(count: u64) -> Duration {
    Duration::from_millis(count)
}
