//! A server that was not told to hand over its connections.

use crate::support::{Mounting, PacketPeer, Peer, Server, eventually, get, packets, rfc6455};
use heirloom::{Listener, Transport};
use log::{Level, LevelFilter, Log, Metadata, Record};
use std::sync::Mutex;

/// The errors the library has logged.
struct Errors(Mutex<Vec<String>>);

static ERRORS: Errors = Errors(Mutex::new(Vec::new()));

impl Log for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() == Level::Error && metadata.target() == "heirloom::transport"
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            self.0.lock().unwrap().push(record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[tokio::test]
async fn without_upgrades_sockets_do_not_start_and_one_line_says_why() {
    log::set_logger(&ERRORS).unwrap();
    log::set_max_level(LevelFilter::Error);
    let server = Server::mounted(Mounting::WrapWithoutUpgrades, Listener::builder()).await;
    for path in ["/socket.io/websocket", "/socket.io/flashsocket", "/socket.io/websocket"] {
        let mut socket = server.ask(rfc6455::handshake(path)).await;
        assert_eq!(socket.head().await.status, 101);
        socket.is_closed_in_silence("after the head").await;
    }
    // A client of 0.7 to 0.9 goes on to the next transport with the session it has.
    let id = packets::handshake(&server).await;
    let mut socket = server.ask(rfc6455::handshake(&packets::path(Transport::WebSocket, &id))).await;
    assert_eq!(socket.head().await.status, 101);
    socket.is_closed_in_silence("after the head").await;
    let mut fallback = PacketPeer::attach(&server, Transport::XhrPolling, &id).await;
    assert_eq!(fallback.receive().await, packets::CONNECTED);
    eventually("a line in the log", || !ERRORS.0.lock().unwrap().is_empty()).await;
    // Whatever else the four sockets had to say would have been said by now.
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    peer.send(&["polling works"]).await;
    assert_eq!(server.events.texts_until(&peer.id, 1).await, ["polling works"]);
    assert_eq!(server.answer(get("/")).await.text(), "hello from the app");
    assert_eq!((server.listener.stats().sessions, server.events.all().len()), (2, 3));
    let errors = ERRORS.0.lock().unwrap().clone();
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].contains("with_upgrades"), "{errors:?}");
}
