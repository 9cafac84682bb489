//! Too much of everything from clients of 0.7 to 0.9, and noise.

use crate::support::{
    Mounting, PacketPeer, Server, eventually, get, milliseconds,
    packets::{self, path, payload},
    request,
    rfc6455::{self, TEXT, masked, text},
};
use heirloom::{Ack, Client, DisconnectReason, Listener, Transport};
use std::time::Instant;

#[tokio::test]
async fn tiny_frames_in_one_piece_are_all_read() {
    const COUNT: usize = 5000;
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut other = PacketPeer::open(&server, Transport::WebSocket).await;
        let id = packets::handshake(&server).await;
        let mut socket = rfc6455::open(&server, &path(Transport::WebSocket, &id)).await;
        socket.send([text("8::").repeat(COUNT), text("").repeat(COUNT), text("3:::after")].concat()).await;
        assert_eq!(server.events.texts_until(&id, 1).await, ["after"], "{mounting:?}");
        other.heard_nothing("the flood of another").await;
    }
}

#[tokio::test]
async fn a_frame_that_announces_more_than_anybody_has_is_refused_before_it_comes() {
    let server = Server::new(Listener::builder()).await;
    let id = packets::handshake(&server).await;
    let mut socket = rfc6455::open(&server, &path(Transport::WebSocket, &id)).await;
    assert_eq!(rfc6455::read(&mut socket).await, (TEXT, b"1::".to_vec()));
    socket.send(rfc6455::header(TEXT, true, 90 << 20)).await;
    assert_eq!(rfc6455::close_code(&mut socket).await, 1009);
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError);
}

#[tokio::test]
async fn a_client_that_asks_for_more_answers_than_it_reads_fills_its_own_queue_and_no_other() {
    const COUNT: usize = 2000;
    let server = Server::new(Listener::builder().queue_messages(100)).await;
    server.listener.of("/chat");
    server.listener.on("ask", |_: Client, (): (), ack: Option<Ack>| async move {
        if let Some(ack) = ack {
            let _ = ack.send(&"x".repeat(100));
        }
    });
    let mut other = PacketPeer::open(&server, Transport::XhrPolling).await;
    for packet in ["3:1::a", "1::", "1::/chat", r#"5:1+::{"name":"ask"}"#, "9:1::"] {
        let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
        let client = peer.client(&server);
        peer.send(&vec![packet; COUNT]).await;
        peer.send(&["3:::last"]).await;
        server
            .events
            .until("the last", |_| server.events.texts(&peer.id).last().is_some_and(|text| text == "last"))
            .await;
        let (bytes, messages) = client.queued();
        assert!(messages <= 100 && bytes < 100_000, "{packet}: {messages} messages of {bytes} bytes");
        assert!(client.is_connected(), "{packet}");
        assert!(server.listener.stats().dropped_messages > 0, "{packet}: and it is counted");
    }
    other.heard_nothing("the flood of another").await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_413_and_the_session_goes_on() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().max_body_bytes(4096)).await;
        for transport in [Transport::XhrPolling, Transport::JsonpPolling, Transport::HtmlFile] {
            let mut peer = PacketPeer::open(&server, transport).await;
            let large = format!("3:::{}", "x".repeat(5000));
            for id in [peer.id.as_str(), "nobody"] {
                let answer = server.answer(packets::post(transport, id, &large)).await;
                assert_eq!(answer.status, 413, "{mounting:?} {transport} {id}");
            }
            peer.heard_nothing("what was too large").await;
            assert_eq!(server.events.about(&peer.id).len(), 1);
        }
    }
}

#[tokio::test]
async fn a_peer_that_makes_handshakes_it_does_not_use_is_slowed_down() {
    let server = Server::new(Listener::builder().unused_handshakes(5, 5)).await;
    let started = Instant::now();
    for _ in 0..5 {
        packets::handshake(&server).await;
    }
    assert_eq!(server.listener.stats().delayed_handshakes, 0, "the first five are not held up");
    for _ in 0..5 {
        packets::handshake(&server).await;
    }
    // A fifth of a second each, and none before its time.
    assert!(started.elapsed() >= milliseconds(990), "{:?}", started.elapsed());
    assert!(server.listener.stats().delayed_handshakes >= 1);
    let server = Server::new(Listener::builder().unused_handshakes(5, 1)).await;
    for transport in packets::ALL.into_iter().cycle().take(30) {
        PacketPeer::open(&server, transport).await;
    }
    assert_eq!(server.listener.stats().delayed_handshakes, 0, "who uses them is not");
}

#[tokio::test]
async fn polls_that_are_replaced_are_all_answered() {
    let server = Server::new(Listener::builder()).await;
    for transport in [Transport::XhrPolling, Transport::JsonpPolling] {
        let peer = PacketPeer::open(&server, transport).await;
        let mut polls = Vec::new();
        for _ in 0..50 {
            polls.push(server.ask(get(&path(transport, &peer.id))).await);
        }
        let client = peer.client(&server);
        eventually("a poll to wait", || client.volatile().send("for the newest").is_ok()).await;
        let mut said = Vec::new();
        // The newest may still be on its way.
        let mut last = server.ask(get(&path(transport, &peer.id))).await;
        for poll in &mut polls {
            let answer = poll.answer().await;
            said.push(packets::poll_text(transport, &answer));
        }
        let told = said.iter().filter(|text| *text == "3:::for the newest").count();
        assert!(told == 1 && said.iter().all(|text| text == "8::" || text == "3:::for the newest"), "{said:?}");
        client.send("over").unwrap();
        last.answer().await;
    }
}

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
        const WORDS: [&str; 20] = [
            "\u{fffd}",
            "5",
            "0",
            "1",
            "2",
            "3",
            "4",
            "6",
            "7",
            ":",
            ":",
            ":",
            "::",
            "+",
            "/chat",
            "-1",
            "99999999999",
            "{\"name\":\"a\",\"args\":[1]}",
            "😀",
            "[[[",
        ];
        (0..self.byte() % 24).map(|_| WORDS[usize::from(self.byte()) % WORDS.len()]).collect()
    }
}

#[tokio::test]
async fn noise_leaves_the_server_in_order() {
    let mut noise = Noise(0x9009_0701);
    for mounting in Mounting::BOTH {
        let builder = [Transport::XhrPolling, Transport::JsonpPolling]
            .into_iter()
            .fold(Listener::builder(), |builder, transport| builder.close_timeout(transport, milliseconds(500)));
        let server = Server::mounted(mounting, builder.unlimited_handshakes()).await;
        server.listener.of("/chat").on_message(|client, message| async move {
            let _ = client.send(message);
        });
        server.listener.on("a", |_: Client, (): (), ack: Option<Ack>| async move {
            if let Some(ack) = ack {
                let _ = ack.send(&1);
            }
        });
        for round in 0..300 {
            let transport = packets::ALL[round % packets::ALL.len()];
            let body = if round % 2 == 0 { noise.words().into_bytes() } else { noise.bytes(200) };
            let id = packets::handshake(&server).await;
            if matches!(transport, Transport::WebSocket | Transport::FlashSocket) {
                let mut socket = rfc6455::open(&server, &path(transport, &id)).await;
                let frame = masked(if round % 3 == 0 { noise.byte() & 0x0f } else { TEXT }, true, &body);
                // The server may hang up before it has heard everything.
                let _ = socket.try_send([frame, text(&noise.words())].concat()).await;
                continue;
            }
            let opened = server.ask(get(&path(transport, &id))).await.head().await;
            assert_eq!(opened.status, 200);
            let head = format!(
                "POST {} HTTP/1.1\r\nHost: own.example\r\nContent-Length: {}\r\n\r\n",
                path(transport, &id),
                body.len() + 2
            );
            let answer = server.answer([head.as_bytes(), b"d=", &body].concat()).await;
            assert_eq!((answer.status, answer.text()), (200, "1"), "{mounting:?} {transport}");
        }
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.enter("/chat").await;
            peer.send(&["3::/chat:alive"]).await;
            assert_eq!(peer.receive().await, "3::/chat:alive", "{mounting:?} {transport}");
            peer.leave().await;
        }
        server.is_empty().await;
        assert!(server.listener.of("/chat").clients().is_empty());
        assert_eq!(server.answer(get("/")).await.text(), "hello from the app");
    }
}

#[tokio::test]
async fn a_client_is_read_no_further_than_its_handlers_get() {
    let server = Server::new(Listener::builder()).await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let held = std::sync::Arc::clone(&gate);
    server.listener.of("/chat").on_message(move |_, _| {
        let held = std::sync::Arc::clone(&held);
        async move { held.acquire().await.unwrap().forget() }
    });
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    peer.enter("/chat").await;
    let many = vec!["3::/chat:x"; 100];
    peer.send(&many).await;
    let mut waiting = peer.begin_post(&payload(&["3::/chat:y", "2::"])).await;
    let answered = tokio::time::timeout(milliseconds(150), waiting.answer()).await;
    assert!(answered.is_err(), "that is what holds the client back");
    // Neither its heartbeats and acknowledgements, nor what others send, wait behind it.
    let answer = server.answer(packets::post(peer.transport, &peer.id, "2::")).await;
    assert_eq!(answer.text(), "1");
    let answer = server.answer(packets::post(peer.transport, &peer.id, "6::/chat:1")).await;
    assert_eq!(answer.text(), "1");
    let mut other = PacketPeer::open(&server, Transport::XhrPolling).await;
    other.heard_nothing("the handlers of another").await;
    gate.add_permits(101);
    assert_eq!(waiting.answer().await.text(), "1");
    let head =
        server.ask(request("GET", &format!("/socket.io/1//{}/?disconnect", peer.id), &[], "")).await.head().await;
    assert_eq!(head.status, 200);
}
