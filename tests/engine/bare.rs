//! Clients that speak Engine.IO and nothing upon it, or only WebSocket.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Event, Mounting, Server,
        engine::{EnginePeer, Three, everything, opening},
        eventually, milliseconds, rfc6455,
    },
};
use bytes::Bytes;
use heirloom::{Ack, Builder, Client, Dialect, DisconnectReason, Generation, Listener, Message, Transport};

fn plain() -> Builder {
    builder().also_mount("plain", Dialect::BareWebSocket)
}

#[tokio::test]
async fn a_bare_session_is_a_client_of_the_root_with_messages_of_text_and_bytes() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let mut peer = opening(revision, transport).resource(BARE).open(&server).await;
            eventually("the client", || server.listener.clients().len() == 1).await;
            let client = server.listener.clients().pop().unwrap();
            assert_eq!((client.generation(), client.transport()), (Generation::BareEngine, transport));
            assert_eq!(client.namespace(), "/");
            for text in ["hello", "", "40", "42[\"echo\",1]", "é漢😀", "{\"name\":\"nobody\",\"args\":[]}"] {
                peer.send(&[&format!("4{text}")]).await;
                assert_eq!(peer.receive().await, format!("4{text}"), "{mounting:?} {revision:?} {transport}");
            }
            assert_eq!(server.events.about(&client.id())[1], Event::Message(client.id(), "hello".into()));
            client.send(Message::from(Bytes::from_static(&[1, 2]))).unwrap();
            assert_eq!(peer.receive_binary().await, [1, 2]);
            peer.send(&["1"]).await;
            assert_eq!(server.events.disconnected(&client.id()).await, DisconnectReason::TransportClosed);
        }
        server.is_empty().await;
    }
}

/// Events are JSON messages, if somebody handles them.
async fn greet(server: &Server) {
    server.listener.on("greet", |client: Client, (name, times): (String, u32), ack: Option<Ack>| async move {
        assert!(ack.is_none());
        client.emit("greeted", &(name.repeat(times as usize), "é")).unwrap();
    });
}

#[tokio::test]
async fn events_of_bare_clients_are_json() {
    let server = Server::new(plain()).await;
    greet(&server).await;
    for (revision, transport) in everything() {
        let mut peer = opening(revision, transport).resource(BARE).open(&server).await;
        peer.send(&[r#"4{"name":"greet","args":["a",3]}"#]).await;
        let text = peer.receive().await;
        let event: serde_json::Value = serde_json::from_str(&text[1..]).unwrap();
        assert_eq!(event, serde_json::json!({"name": "greeted", "args": ["aaa", "é"]}), "{revision:?} {transport}");
    }
    let mut socket = rfc6455::open(&server, "/plain").await;
    socket.send(rfc6455::text(r#"{"name":"greet","args":["b",2]}"#)).await;
    let (_, text) = rfc6455::read(&mut socket).await;
    let event: serde_json::Value = serde_json::from_slice(&text).unwrap();
    assert_eq!(event, serde_json::json!({"name": "greeted", "args": ["bb", "é"]}));
}

#[tokio::test]
async fn a_bare_websocket_says_what_it_says() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, plain()).await;
        server.listener.on_message(|client: Client, message: Message| async move { client.send(message).unwrap() });
        for path in ["/plain", "/plain/", "/plain?token=a"] {
            let mut socket = rfc6455::open(&server, path).await;
            for (opcode, payload) in [
                (rfc6455::TEXT, "hello é😀".as_bytes()),
                (rfc6455::BINARY, &[0, 255, 4]),
                (rfc6455::TEXT, b"4hello"),
                (rfc6455::TEXT, b""),
                (rfc6455::BINARY, b""),
            ] {
                socket.send(rfc6455::masked(opcode, true, payload)).await;
                assert_eq!(rfc6455::read(&mut socket).await, (opcode, payload.to_vec()), "{mounting:?} {path}");
            }
            let client = server.listener.clients().pop().unwrap();
            assert_eq!((client.generation(), client.transport()), (Generation::BareWebSocket, Transport::WebSocket));
            client.disconnect();
            let (opcode, _) = rfc6455::read(&mut socket).await;
            assert_eq!(opcode, rfc6455::CLOSE);
            socket.end_sending().await;
            assert_eq!(server.events.disconnected(&client.id()).await, DisconnectReason::ServerDisconnect);
            server.is_empty().await;
        }
    }
}

#[tokio::test]
async fn a_bare_websocket_that_leaves_is_gone() {
    let server = Server::new(plain()).await;
    let mut socket = rfc6455::open(&server, "/plain").await;
    eventually("the client", || server.listener.clients().len() == 1).await;
    let id = server.listener.clients().pop().unwrap().id();
    socket.end_sending().await;
    socket.rest().await;
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed);
    server.is_empty().await;
}

#[tokio::test]
async fn what_is_no_websocket_is_none_at_a_resource_of_websockets() {
    let server = Server::new(plain()).await;
    for path in ["/plain", "/plain/?EIO=4&transport=polling", "/plain/1/?t=1"] {
        let answer = server.answer(crate::support::get(path)).await;
        assert!((400..500).contains(&answer.status), "{path} {answer:?}");
    }
    assert_eq!(server.listener.stats().sessions, 0);
}

#[tokio::test]
async fn resources_keep_their_protocols_apart() {
    let server = echo(plain()).await;
    let mut bare = opening(Three, Transport::Polling).resource(BARE).open(&server).await;
    bare.send(&["4x"]).await;
    assert_eq!(bare.receive().await, "4x", "nobody is told of a namespace there");
    let mut full = EnginePeer::connect(&server, Three, Transport::Polling).await;
    full.heard_nothing("the bare one").await;
    let stolen = full.path().replace("socket.io", BARE);
    assert_eq!(server.answer(crate::support::get(&stolen)).await.status, 400);
    full.heard_nothing("the bare one").await;
}

#[tokio::test]
async fn a_listener_can_be_bare_altogether() {
    let builder = Listener::builder().resource("raw").dialect(Dialect::BareEngine).ping_interval(milliseconds(50));
    let server = Server::new(builder).await;
    for (revision, transport) in everything() {
        let peer = opening(revision, transport).resource("raw").open(&server).await;
        assert_eq!(peer.opened["pingInterval"], 50);
    }
    assert_eq!(server.answer(crate::support::get("/raw/1/?t=1")).await.status, 404, "no other generation is there");
}
