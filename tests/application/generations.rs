//! Clients of several generations at once: the application says a thing once, and everybody hears it in his own tongue.

use crate::support::{Mounting, PacketPeer, Peer, Server, get, packets, payload};
use heirloom::{Dialect, Generation, Listener, Message, Transport};
use serde_json::json;

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
        for transport in Transport::ALL {
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
        assert_eq!(server.listener.clients().len(), 12);
        assert_eq!(server.listener.to("room").send("in the room").queued, 12);
        assert_eq!(server.listener.emit("news", &(1, "é")).unwrap().queued, 12);
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
