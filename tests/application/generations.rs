//! Clients of several generations at once: the application says a thing once, and everybody hears it in his own tongue.

use crate::support::{
    Connection, Log, Mounting, PacketPeer, Peer, Server, Stream,
    engine::{EnginePeer, Four, Three, codec::binary_payload, opening},
    get, packets, payload, post, request, rfc6455,
};
use heirloom::{Client, Dialect, Generation, Listener, Message, Transport};
use serde_json::json;

/// A client of some release, which speaks as that release did.
#[derive(Debug)]
struct Guest {
    release: &'static str,
    tongue: Tongue,
}

#[derive(Debug)]
enum Tongue {
    /// JSON envelopes in the parts of a multipart body.
    Envelopes(Stream, String),
    Frames(Peer),
    Packets(PacketPeer),
    Engine(EnginePeer),
    /// The same, and what it posts are bytes.
    Bytes(EnginePeer),
    Plain(Connection),
}

impl Guest {
    /// Everybody there ever was, each by another way.
    async fn all(server: &Server) -> Vec<Self> {
        let mut envelopes = server.ask(get("/old.io/xhr-multipart/")).await.stream().await;
        let greeting = envelopes.until("]}\n--socketio\n").await;
        let id = greeting.split("\\\"").nth(3).unwrap().to_owned();
        let polling = |revision| opening(revision, Transport::Polling);
        let mut upgraded = polling(Four).query("&t=PkX1aZ2").connect(server).await;
        upgraded.upgrade(server).await;
        let plain = rfc6455::open(server, "/plain").await;
        let bare = opening(Four, Transport::WebSocket).resource("raw.io").open(server).await;
        let guests = [
            ("0.4", Tongue::Envelopes(envelopes, id)),
            ("0.5", Tongue::Frames(Peer::open(server, Transport::ServerEvents).await)),
            ("0.6", Tongue::Frames(Peer::open(server, Transport::HtmlFile).await)),
            ("0.6", Tongue::Frames(Peer::open(server, Transport::JsonpPolling).await)),
            ("0.6", Tongue::Frames(Peer::open(server, Transport::FlashSocket).await)),
            ("0.7", Tongue::Packets(PacketPeer::open(server, Transport::XhrPolling).await)),
            ("0.8", Tongue::Packets(PacketPeer::open(server, Transport::JsonpPolling).await)),
            ("0.9", Tongue::Packets(PacketPeer::open(server, Transport::WebSocket).await)),
            ("1.0", Tongue::Bytes(polling(Three).query("&t=1290000000000-0").connect(server).await)),
            ("1.7", Tongue::Bytes(polling(Three).query("&t=PkX1aZ2").connect(server).await)),
            ("2.5", Tongue::Engine(opening(Three, Transport::JsonpPolling).query("&t=PkX1aZ2").connect(server).await)),
            ("2.5", Tongue::Engine(EnginePeer::connect(server, Three, Transport::WebSocket).await)),
            ("3.1", Tongue::Engine(polling(Four).query("&t=PkX1aZ2").connect(server).await)),
            ("4.2", Tongue::Engine(opening(Four, Transport::JsonpPolling).query("&t=PkX1aZ2").connect(server).await)),
            ("4.8", Tongue::Engine(upgraded)),
            ("4.8", Tongue::Engine(EnginePeer::connect(server, Four, Transport::WebSocket).await)),
            ("engine.io", Tongue::Engine(bare)),
            ("websocket", Tongue::Plain(plain)),
        ];
        guests.into_iter().map(|(release, tongue)| Self { release, tongue }).collect()
    }

    /// The next thing it is told, as it is written there.
    async fn hears(&mut self) -> String {
        match &mut self.tongue {
            Tongue::Envelopes(stream, _) => {
                let part = stream.until("\n--socketio\n").await;
                let envelope = part.strip_prefix("Content-Type: text/plain\n\n").unwrap();
                envelope.strip_suffix("\n--socketio\n").unwrap().to_owned()
            }
            Tongue::Frames(peer) => peer.receive().await,
            Tongue::Packets(peer) => peer.receive().await,
            Tongue::Engine(peer) | Tongue::Bytes(peer) => peer.receive().await,
            Tongue::Plain(socket) => String::from_utf8(rfc6455::read(socket).await.1).unwrap(),
        }
    }

    /// How the event `news` with these arguments is written there.
    fn writes(&self, arguments: &str, in_ascii: &str) -> String {
        let object = format!(r#"{{"name":"news","args":[{arguments}]}}"#);
        match &self.tongue {
            Tongue::Envelopes(..) => format!(r#"{{"messages":[{object}]}}"#),
            Tongue::Frames(_) => format!("~j~{object}"),
            Tongue::Packets(_) => format!("5:::{object}"),
            Tongue::Engine(_) if self.release == "engine.io" => format!("4{object}"),
            Tongue::Engine(peer) if peer.revision == Four => format!(r#"42["news",{arguments}]"#),
            Tongue::Engine(_) | Tongue::Bytes(_) => format!(r#"42["news",{in_ascii}]"#),
            Tongue::Plain(_) => object,
        }
    }

    /// Answers with an event.
    async fn says(&mut self, server: &Server, event: &str, argument: &str) {
        let object = format!(r#"{{"name":"{event}","args":["{argument}"]}}"#);
        let packet = format!(r#"42["{event}","{argument}"]"#);
        match &mut self.tongue {
            Tongue::Envelopes(_, id) => {
                let list = format!("[{object}]");
                let answer = server.answer(post(&format!("/old.io/xhr-multipart/{id}/send"), &list)).await;
                assert_eq!((answer.status, answer.text()), (200, "ok"));
            }
            Tongue::Frames(peer) => peer.send(&[&format!("~j~{object}")]).await,
            Tongue::Packets(peer) => peer.send(&[&format!("5:::{object}")]).await,
            Tongue::Engine(peer) if self.release == "engine.io" => peer.send(&[&format!("4{object}")]).await,
            Tongue::Engine(peer) => peer.send(&[&packet]).await,
            Tongue::Bytes(peer) => {
                let body = binary_payload(&[packet.as_str().into()]);
                let length = format!("Content-Length: {}", body.len());
                let head = request("POST", &peer.path(), &["Content-Type: application/octet-stream", &length], "");
                assert_eq!(server.answer([head.as_bytes(), &body].concat()).await.text(), "ok");
            }
            Tongue::Plain(socket) => socket.send(rfc6455::text(&object)).await,
        }
    }
}

#[tokio::test]
async fn one_broadcast_reaches_clients_of_every_release_and_one_handler_hears_their_answers() {
    for mounting in Mounting::BOTH {
        let builder = Listener::builder()
            .also_mount("old.io", Dialect::Json)
            .also_mount("raw.io", Dialect::BareEngine)
            .also_mount("plain", Dialect::BareWebSocket)
            .without_recovery();
        let server = Server::mounted(mounting, builder).await;
        let log = Log::new();
        let noted = log.clone();
        server.listener.on("answer", move |client: Client, (release,): (String,), _| {
            noted.note(format!("{release} {} {}", client.generation(), client.transport()));
            async {}
        });
        let mut guests = Guest::all(&server).await;
        for round in 0..3 {
            let outcome = server.listener.emit("news", &("é漢😀", round)).unwrap();
            assert_eq!((outcome.queued, outcome.dropped, outcome.unsupported), (guests.len(), 0, 0), "{mounting:?}");
            let (plain, ascii) = (format!("\"é漢😀\",{round}"), format!(r#""\u00E9\u6F22\uD83D\uDE00",{round}"#));
            for guest in &mut guests {
                let expected = guest.writes(&plain, &ascii);
                assert_eq!(guest.hears().await, expected, "{mounting:?} {}", guest.release);
            }
            for guest in &mut guests {
                let release = format!("é😀{}", guest.release);
                guest.says(&server, "answer", &release).await;
            }
            let mut answers = log.until((round + 1) * guests.len()).await.split_off(round * guests.len());
            answers.sort();
            let expected = [
                "0.4 frames xhr-multipart",
                "0.5 frames server-events",
                "0.6 frames flashsocket",
                "0.6 frames htmlfile",
                "0.6 frames jsonp-polling",
                "0.7 packets xhr-polling",
                "0.8 packets jsonp-polling",
                "0.9 packets websocket",
                "1.0 engine polling",
                "1.7 engine polling",
                "2.5 engine jsonp-polling",
                "2.5 engine websocket",
                "3.1 engine polling",
                "4.2 engine jsonp-polling",
                "4.8 engine websocket",
                "4.8 engine websocket",
                "engine.io bare-engine websocket",
                "websocket bare-websocket websocket",
            ];
            assert_eq!(answers, expected.map(|line| format!("é😀{line}")), "{mounting:?}");
        }
    }
}

#[tokio::test]
async fn what_is_said_to_all_is_encoded_once_for_each_wire_form_among_them() {
    /// Envelopes, frames, packets, Engine.IO 3 and 4, Engine.IO alone, WebSocket alone.
    const FORMS: u64 = 7;
    let builders = [Listener::builder().without_recovery(), Listener::builder()];
    // With recovery another one, of those who may come back.
    for (builder, forms) in builders.into_iter().zip([FORMS, FORMS + 1]) {
        let builder = builder
            .also_mount("old.io", Dialect::Json)
            .also_mount("raw.io", Dialect::BareEngine)
            .also_mount("plain", Dialect::BareWebSocket);
        let server = Server::new(builder).await;
        let guests = Guest::all(&server).await;
        let encoded = || server.listener.stats().encoded;
        assert_eq!(encoded(), 0, "what the protocols say by themselves is not counted");
        assert_eq!(server.listener.emit("news", &1).unwrap().queued, guests.len());
        assert_eq!(encoded(), forms);
        assert_eq!(server.listener.broadcast("news").queued, guests.len());
        assert_eq!(encoded(), 2 * forms);
        let _ = server.listener.everybody().volatile().send("news");
        assert_eq!(encoded(), 3 * forms);
        let clients = server.listener.clients();
        let reached = clients[1..].iter().filter(|client| client.join("room")).count();
        assert_eq!(server.listener.to("room").send("news").queued, reached);
        let before = encoded();
        assert!((3 * forms + 1..=4 * forms).contains(&before), "{before}");
        for client in &clients {
            client.send("news").unwrap();
        }
        assert_eq!(encoded(), before + clients.len() as u64, "what is for one is encoded for it");
    }
}

#[tokio::test]
async fn binary_reaches_those_whose_release_knows_it_and_the_others_are_counted() {
    let builder = Listener::builder()
        .also_mount("old.io", Dialect::Json)
        .also_mount("raw.io", Dialect::BareEngine)
        .also_mount("plain", Dialect::BareWebSocket)
        .without_recovery();
    let server = Server::new(builder).await;
    let mut guests = Guest::all(&server).await;
    let outcome = server.listener.emit("bytes", &(bytes::Bytes::from_static(&[1, 2]), 3)).unwrap();
    assert_eq!((outcome.queued, outcome.unsupported, outcome.dropped), (8, 10, 0));
    assert_eq!(server.listener.stats().unsupported_messages, 10);
    let _ = server.listener.emit("news", &1).unwrap();
    for guest in &mut guests {
        if let Tongue::Engine(peer) | Tongue::Bytes(peer) = &mut guest.tongue {
            if guest.release != "engine.io" {
                assert_eq!(peer.receive().await, r#"451-["bytes",{"_placeholder":true,"num":0},3]"#);
                assert_eq!(peer.receive_binary().await, [1, 2]);
            }
        }
        let expected = guest.writes("1", "1");
        assert_eq!(guest.hears().await, expected, "{}: and what follows is for all", guest.release);
    }
}

#[tokio::test]
async fn one_broadcast_reaches_clients_of_0_4_0_6_and_0_9_on_five_transports() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().also_mount("old.io", Dialect::Json)).await;
        let mut multipart = server.ask(get("/old.io/xhr-multipart/")).await.stream().await;
        multipart.until("\"}\"]}\n--socketio\n").await;
        let mut htmlfile = Peer::open(&server, Transport::HtmlFile).await;
        let mut jsonp = Peer::open(&server, Transport::JsonpPolling).await;
        let mut websocket = PacketPeer::open(&server, Transport::WebSocket).await;
        let mut xhr = PacketPeer::open(&server, Transport::XhrPolling).await;
        for (message, said) in [
            (Message::from("to all é漢😀"), ["\"to all é漢😀\"", "to all é漢😀", "3:::to all é漢😀"]),
            (
                Message::from(json!({"a": [1, "é"]})),
                ["{\"a\":[1,\"é\"]}", "~j~{\"a\":[1,\"é\"]}", "4:::{\"a\":[1,\"é\"]}"],
            ),
        ] {
            let outcome = server.listener.broadcast(message);
            assert_eq!((outcome.queued, outcome.dropped, outcome.closed), (5, 0, 0), "{mounting:?}");
            let [envelope, frame, packet] = said;
            let part = multipart.until("--socketio\n").await;
            assert_eq!(part, format!("Content-Type: text/plain\n\n{{\"messages\":[{envelope}]}}\n--socketio\n"));
            for peer in [&mut htmlfile, &mut jsonp] {
                assert_eq!(peer.receive().await, frame, "{mounting:?} 0.6 {}", peer.transport);
            }
            for peer in [&mut websocket, &mut xhr] {
                assert_eq!(peer.receive().await, packet, "{mounting:?} 0.9 {}", peer.transport);
            }
        }
    }
}

#[tokio::test]
async fn both_generations_share_a_listener_its_handlers_and_its_rooms() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        server.listener.on_message(|client, message| async move {
            client.join("room");
            client.send(message).unwrap();
        });
        let (mut older, mut newer) = (Vec::new(), Vec::new());
        for transport in crate::support::FRAMES_TRANSPORTS {
            older.push(Peer::open(&server, transport).await);
        }
        for transport in packets::ALL {
            newer.push(PacketPeer::open(&server, transport).await);
        }
        for peer in &mut older {
            let client = server.listener.client(&peer.id).unwrap();
            assert_eq!((client.generation(), client.transport()), (Generation::Frames, peer.transport));
            peer.send(&["é😀"]).await;
            assert_eq!(peer.receive().await, "é😀");
        }
        for peer in &mut newer {
            let client = peer.client(&server);
            assert_eq!((client.generation(), client.transport()), (Generation::Packets, peer.transport));
            peer.send(&["3:::é😀"]).await;
            assert_eq!(peer.receive().await, "3:::é😀");
        }
        assert_eq!(server.listener.clients().len(), 14);
        assert_eq!(server.listener.to("room").send("in the room").queued, 14);
        assert_eq!(server.listener.emit("news", &(1, "é")).unwrap().queued, 14);
        for peer in &mut older {
            assert_eq!(peer.receive_all(2).await, ["in the room", "~j~{\"name\":\"news\",\"args\":[1,\"é\"]}"]);
        }
        for peer in &mut newer {
            assert_eq!(peer.receive_all(2).await, ["3:::in the room", "5:::{\"name\":\"news\",\"args\":[1,\"é\"]}"]);
        }
    }
}

#[tokio::test]
async fn a_session_of_one_generation_is_unknown_to_the_other() {
    let server = Server::new(Listener::builder()).await;
    let older = Peer::open(&server, Transport::XhrPolling).await;
    let mut newer = PacketPeer::open(&server, Transport::XhrPolling).await;
    let answer = server.answer(get(&packets::path(Transport::XhrPolling, &older.id))).await;
    assert_eq!(answer.text(), packets::NOT_HANDSHAKEN);
    let path = format!("/socket.io/xhr-polling/{}/1", newer.id);
    server.ask(get(&path)).await.is_closed_in_silence("a session of packets by a path of frames").await;
    let post = crate::support::post(&path, &payload::frame("stolen"));
    server.ask(post).await.is_closed_in_silence("a session of packets by a path of frames").await;
    newer.send(&["3:::own"]).await;
    assert_eq!(server.events.texts_until(&newer.id, 1).await, ["own"]);
    assert_eq!(server.events.texts(&older.id), [""; 0]);
}

#[tokio::test]
async fn the_handshake_is_remembered() {
    let server = Server::new(Listener::builder()).await;
    let peer = PacketPeer::open_with(&server, Transport::WebSocket, "token=a%20b&t=12").await;
    let client = peer.client(&server);
    let handshake = client.handshake();
    assert_eq!(handshake.url(), "/socket.io/1/?token=a%20b&t=12");
    assert_eq!(handshake.query_value("token").as_deref(), Some("a b"));
    assert_eq!(handshake.header("host"), Some("own.example"));
    assert!(handshake.peer().is_some());
}
