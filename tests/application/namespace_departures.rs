//! How clients leave namespaces: by their own will, by the application's, or with the whole session.

use crate::{
    namespaces::{counts, watch},
    support::{
        Log, PacketPeer, Server,
        engine::{EnginePeer, REVISIONS},
        eventually, packets,
    },
};
use heirloom::{Listener, SendError, Transport};
use std::sync::Arc;
use tokio::sync::Semaphore;

#[tokio::test]
async fn a_client_leaves_one_namespace_and_stays_in_the_others() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let log = watch(&server, &["/", "/chat", "/news"]);
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        peer.enter("/news").await;
        let chat = peer.client_of(&server, "/chat");
        chat.join("room");
        peer.send(&["3::/chat:last", "0::/chat", "3::/chat:ignored", "0::/chat"]).await;
        assert_eq!(peer.receive().await, "3::/chat:last");
        peer.heard_nothing("a client that leaves is not answered").await;
        assert_eq!(log.all()[3..], ["/chat last", "/chat client disconnect"], "{transport}: once");
        assert!(!chat.is_connected() && chat.rooms().is_empty());
        assert_eq!(chat.send("late"), Err(SendError::Closed));
        assert_eq!(chat.emit("late", &()), Err(SendError::Closed));
        chat.join("another");
        assert!(chat.rooms().is_empty(), "who is gone enters no room");
        assert_eq!(counts(server.listener.of("/chat").to("room").send("nobody")), (0, 0, 0));
        assert!(server.listener.of("/chat").clients().is_empty());

        peer.enter("/chat").await;
        peer.send(&["3::/chat:back", "3::/news:still", "3:::still"]).await;
        assert_eq!(peer.receive_all(3).await, ["3::/chat:back", "3::/news:still", "3:::still"], "{transport}");
        assert!(peer.client_of(&server, "/chat").rooms().is_empty(), "it begins anew");
        peer.send(&["0::"]).await;
        let mut ends = log.until(12).await.split_off(9);
        ends.sort();
        assert_eq!(ends, ["/ client disconnect", "/chat client disconnect", "/news client disconnect"], "{transport}");
        let goodbye = if transport.is_polling() { None } else { Some(packets::DISCONNECTED.to_owned()) };
        assert_eq!(peer.ended().await, Vec::from_iter(goodbye), "{transport}");
        server.is_empty().await;
        assert_eq!(log.all().len(), 12);
    }
}

#[tokio::test]
async fn the_application_shows_a_client_out_of_one_namespace() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let log = watch(&server, &["/", "/chat"]);
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let chat = peer.client_of(&server, "/chat");
        chat.send("goodbye").unwrap();
        chat.disconnect();
        chat.disconnect();
        assert_eq!(peer.receive_all(2).await, ["3::/chat:goodbye", "0::/chat"], "{transport}");
        log.until(3).await;
        peer.send(&["3::/chat:ignored", "3:::heard"]).await;
        assert_eq!(peer.receive().await, "3:::heard", "{transport}: the session goes on");
        let lines = ["/ connect", "/chat connect", "/chat server disconnect", "/ heard"];
        assert_eq!(log.all(), lines, "{transport}");
        assert_eq!(chat.send("late"), Err(SendError::Closed));
        peer.enter("/chat").await;
        assert!(peer.client_of(&server, "/chat").is_connected(), "it may come again");
    }
}

#[tokio::test]
async fn the_end_of_a_session_is_told_once_in_each_namespace() {
    let server = Server::new(crate::impatient()).await;
    for transport in packets::ALL {
        let log = watch(&server, &["/", "/chat", "/news", "/left"]);
        let mut peer = PacketPeer::open(&server, transport).await;
        for name in ["/chat", "/news", "/left"] {
            peer.enter(name).await;
        }
        peer.send(&["0::/left"]).await;
        peer.settled().await;
        peer.leave().await;
        let reason = if transport.is_polling() { "close timeout" } else { "transport closed" };
        let mut ends = log.until(8).await.split_off(4);
        ends.sort();
        let expected = [
            format!("/ {reason}"),
            format!("/chat {reason}"),
            "/left client disconnect".into(),
            format!("/news {reason}"),
        ];
        assert_eq!(ends, expected, "{transport}");
        server.is_empty().await;
        assert_eq!(log.all().len(), 8, "{transport}");
    }
}

/// Notes each message when the test lets its handler go on, and the end.
fn held(server: &Server, namespace: &str) -> (Arc<Semaphore>, Log) {
    let (gate, log) = (Arc::new(Semaphore::new(0)), Log::new());
    let (opened, noted, ended) = (Arc::clone(&gate), log.clone(), log.clone());
    server
        .listener
        .of(namespace)
        .on_message(move |_, message| {
            let (opened, noted) = (Arc::clone(&opened), noted.clone());
            async move {
                opened.acquire().await.unwrap().forget();
                noted.note(message.as_text().unwrap());
                assert_ne!(message.as_text(), Some("panic"), "as the test wants it");
            }
        })
        .on_disconnect(move |_, reason| {
            ended.note(reason.to_string());
            async {}
        });
    (gate, log)
}

#[tokio::test]
async fn what_a_client_said_before_it_went_is_handled_however_long_that_takes() {
    for transport in packets::ALL.into_iter().filter(|transport| !transport.is_polling()) {
        for name in ["/", "/chat"] {
            let server = Server::new(Listener::builder()).await;
            let (gate, log) = held(&server, name);
            let mut peer = PacketPeer::open(&server, transport).await;
            let endpoint = if name == "/" { "" } else { name };
            if name != "/" {
                peer.enter(name).await;
            }
            for number in 0..3 {
                // With a receipt that nobody waits for any more.
                peer.send(&[&format!("3:{}:{endpoint}:{number}", number + 1)]).await;
            }
            peer.leave().await;
            eventually("its going", || server.listener.clients().is_empty()).await;
            gate.add_permits(3);
            assert_eq!(log.until(4).await, ["0", "1", "2", "transport closed"], "{transport} {name}");
            assert_eq!(server.listener.stats().ignored_events, 0, "{transport} {name}");
        }
    }
    for (revision, name) in REVISIONS.into_iter().flat_map(|revision| [(revision, "/"), (revision, "/chat")]) {
        let server = Server::new(Listener::builder()).await;
        let (gate, log) = held(&server, name);
        let mut peer = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        let endpoint = if name == "/" { "" } else { "/chat," };
        if name != "/" {
            peer.send(&["40/chat,"]).await;
            assert!(peer.receive().await.starts_with("40/chat"), "{revision:?}");
        }
        for number in 0..3 {
            peer.send(&[&format!(r#"42{endpoint}["message","{number}"]"#)]).await;
        }
        peer.leave().await;
        eventually("its going", || server.listener.clients().is_empty()).await;
        gate.add_permits(3);
        assert_eq!(log.until(4).await, ["0", "1", "2", "transport closed"], "{revision:?} {name}");
    }
}

#[tokio::test]
async fn who_was_shown_the_door_is_not_heard_any_more() {
    for (first, reason) in [("asked", "server disconnect"), ("panic", "handler panicked")] {
        let server = Server::new(Listener::builder()).await;
        let (gate, log) = held(&server, "/chat");
        let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
        peer.enter("/chat").await;
        // An acknowledgement nobody asked for is ignored as soon as it is read.
        peer.send(&[&format!("3::/chat:{first}"), "3::/chat:behind", "6:::7"]).await;
        eventually("all to be read", || server.listener.stats().ignored_events == 1).await;
        if first == "asked" {
            peer.client(&server).disconnect();
        }
        // Enough for both.
        gate.add_permits(2);
        assert_eq!(log.until(2).await, [first, reason]);
    }
}

#[tokio::test]
async fn what_the_same_payload_brings_behind_the_end_of_a_session_is_counted() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    let noted = log.clone();
    server.listener.on_message(move |client, message| {
        noted.note(format!("{message:?}"));
        client.disconnect();
        async {}
    });
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    peer.send(&["3:::first", "3:::second", r#"5:::{"name":"third"}"#, "2::"]).await;
    eventually("the end", || server.listener.clients().is_empty()).await;
    eventually("what is behind it", || server.listener.stats().ignored_events == 2).await;
    assert_eq!(log.all().len(), 1);
}
