//! Too much of everything, and noise.

use crate::support::{
    Event, Mounting, Peer, Server, frame, get, milliseconds,
    peer::url,
    post, request,
    rfc6455::{self, masked, session, text},
};
use heirloom::{DisconnectReason, Listener, Transport};
use tokio::time::Instant;

/// Noise that is the same in every run.
struct Noise(u64);

impl Noise {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u8
    }

    fn bytes(&mut self, most: u8) -> Vec<u8> {
        let count = self.byte() % most;
        (0..count).map(|_| self.byte()).collect()
    }

    /// Words of the protocol in an order that means nothing.
    fn words(&mut self) -> String {
        const WORDS: [&str; 12] =
            ["~m~", "~h~", "~j~", "3", "0", "-1", "99999999999", "{\"a\":", "😀", "é", "\r\n", "[[["];
        (0..self.byte() % 24).map(|_| WORDS[usize::from(self.byte()) % WORDS.len()]).collect()
    }
}

/// Noise may have left sessions behind, but not for long.
fn short_lived() -> heirloom::Builder {
    [Transport::XhrPolling, Transport::JsonpPolling]
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.close_timeout(transport, milliseconds(500)))
        .unlimited_handshakes()
}

async fn is_in_order(server: &Server) {
    assert_eq!(server.answer(get("/")).await.text(), "hello from the app");
    for transport in [Transport::WebSocket, Transport::XhrPolling] {
        let mut peer = Peer::open(server, transport).await;
        peer.send(&["alive"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["alive"]);
        peer.leave().await;
    }
    server.is_empty().await;
    for event in server.events.all() {
        let Event::Connect(id) = event else { continue };
        server.events.disconnected(&id).await;
        let connects = |event: &&Event| !matches!(event, Event::Message(..));
        assert_eq!(server.events.about(&id).iter().filter(connects).count(), 2, "{id}");
    }
}

#[tokio::test]
async fn noise_as_requests_leaves_the_server_in_order() {
    let mut noise = Noise(0x6865_6972_6c6f_6f6d);
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, short_lived()).await;
        for round in 0..200 {
            let start = match round % 5 {
                0 => String::new(),
                1 => "GET /socket.io/".to_owned(),
                2 => "GET /socket.io/websocket HTTP/1.1\r\nHost: a\r\n".to_owned(),
                3 => "POST /socket.io/xhr-polling//send HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
                _ => handshake_of_some_kind(round),
            };
            let mut connection = server.connect().await;
            // The server may hang up before it has heard everything.
            let _ = connection.try_send([start.as_bytes(), &noise.bytes(200)].concat()).await;
            if round % 2 == 0 {
                connection.end_sending().await;
                connection.rest().await;
            }
        }
        is_in_order(&server).await;
    }
}

fn handshake_of_some_kind(round: usize) -> String {
    if round % 2 == 0 {
        rfc6455::handshake("/socket.io/websocket")
    } else {
        request("GET", "/socket.io/websocket", &["Upgrade: WebSocket", "Connection: Upgrade"], "")
    }
}

#[tokio::test]
async fn noise_as_bodies_and_messages_leaves_the_server_in_order() {
    let mut noise = Noise(0x0b5e_55ed);
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, short_lived()).await;
        let peer = Peer::open(&server, Transport::HtmlFile).await;
        let mut connection = server.connect().await;
        for round in 0..300 {
            let body = match round % 2 {
                0 => noise.words().into_bytes(),
                _ => noise.bytes(200),
            };
            let path = url(peer.transport, &peer.id, "send");
            let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\ndata=", body.len() + 5);
            connection.send([head.as_bytes(), &body].concat()).await;
            assert_eq!(connection.answer().await.status, 200);
        }
        for round in 0..150 {
            let (mut socket, _) = session(&server).await;
            let bytes = match round % 3 {
                0 => text(&noise.words()),
                1 => masked(noise.byte() & 0x0f, noise.byte() % 2 == 0, &noise.bytes(150)),
                _ => noise.bytes(100),
            };
            let _ = socket.try_send(bytes).await;
        }
        drop(peer);
        is_in_order(&server).await;
    }
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_own_client_the_session_and_nobody_else_anything() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| {
        assert_ne!(message.as_text(), Some("panic at once"), "as the test wants it");
        async move {
            tokio::task::yield_now().await;
            assert_ne!(message.as_text(), Some("panic later"), "as the test wants it");
            client.send(message).unwrap();
        }
    });
    let mut others = Vec::new();
    for transport in crate::support::FRAMES_TRANSPORTS {
        others.push(Peer::open(&server, transport).await);
    }
    for words in ["panic at once", "panic later"] {
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            let id = peer.id.clone();
            peer.send(&[words]).await;
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::HandlerPanicked, "{transport}");
            assert!(peer.ended().await.is_empty(), "{transport}: its connection ends");
        }
    }
    for mut other in others {
        other.send(&["unharmed"]).await;
        assert_eq!(other.receive().await, "unharmed");
    }
}

#[tokio::test]
async fn a_peer_that_opens_sessions_it_does_not_use_is_slowed_down() {
    let server = Server::new(Listener::builder().unused_handshakes(5, 5)).await;
    let started = Instant::now();
    for _ in 0..5 {
        Peer::open(&server, Transport::XhrPolling).await;
    }
    assert_eq!(server.listener.stats().delayed_handshakes, 0, "the first five are not held up");
    for _ in 0..5 {
        Peer::open(&server, Transport::JsonpPolling).await;
    }
    // A fifth of a second each, and none before its time.
    assert!(started.elapsed() >= milliseconds(990), "{:?}", started.elapsed());
    assert!(server.listener.stats().delayed_handshakes >= 1, "{:?}", server.listener.stats());
    // Neither sockets nor the application wait with it.
    let before = server.listener.stats().delayed_handshakes;
    let mut socket = Peer::open(&server, Transport::WebSocket).await;
    socket.send(&["socket"]).await;
    assert_eq!(server.answer(get("/")).await.status, 200);
    assert_eq!(server.listener.stats().delayed_handshakes, before);
}

#[tokio::test]
async fn a_peer_beyond_all_patience_is_closed_in_silence() {
    let server = Server::new(Listener::builder().unused_handshakes(1, 1)).await;
    let mut waiting = Vec::new();
    for _ in 0..7 {
        waiting.push(server.ask(get("/socket.io/xhr-polling//1")).await);
    }
    // One at once, five in the waiting room; whoever comes then is sent away, in whatever order they came.
    server.ask(get("/socket.io/xhr-polling//1")).await.is_closed_in_silence("one too many").await;
    assert!(server.listener.stats().delayed_handshakes >= 6);
}

#[tokio::test]
async fn a_peer_that_uses_its_sessions_is_not_slowed_down() {
    let server = Server::new(Listener::builder().unused_handshakes(5, 1)).await;
    for _ in 0..30 {
        let mut peer = Peer::open(&server, Transport::XhrPolling).await;
        peer.send(&["honest"]).await;
    }
    assert_eq!(server.listener.stats().delayed_handshakes, 0);
}

#[tokio::test]
async fn the_peers_of_a_plain_mount_are_not_known_and_not_limited() {
    let server = Server::mounted(Mounting::Wrap, Listener::builder().unused_handshakes(1, 1)).await;
    for _ in 0..10 {
        Peer::open(&server, Transport::XhrPolling).await;
    }
    assert_eq!(server.listener.stats().delayed_handshakes, 0);
    let answer = server.answer(post("/socket.io/xhr-polling//send", &frame("x"))).await;
    assert_eq!(answer.status, 400);
}
