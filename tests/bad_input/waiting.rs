//! More than may wait: bodies that do not end, attachments that do not come, handlers that do not return.

use crate::support::{
    Mounting, PacketPeer, Peer, Server,
    engine::{EnginePeer, REVISIONS, Revision, binary},
    eventually, form, frame, milliseconds, packets, patiently, request,
};
use heirloom::{Builder, Listener, Transport};
use std::sync::Arc;
use tokio::sync::Notify;

const KIB: usize = 1024;

fn small() -> Builder {
    Listener::builder().total_received_bytes(256 * KIB)
}

fn frames_path(peer: &Peer) -> String {
    format!("/socket.io/xhr-polling/{}/send", peer.id)
}

fn unfinished(path: &str, bytes: usize) -> String {
    format!("POST {path} HTTP/1.1\r\nHost: own.example\r\nContent-Length: {}\r\n\r\n{}", bytes + 1, "x".repeat(bytes))
}

#[tokio::test]
async fn bodies_that_do_not_end_leave_room_for_those_that_do() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, small()).await;
        let mut peer = Peer::open(&server, Transport::XhrPolling).await;
        let mut connections = Vec::new();
        for _ in 0..20 {
            connections.push(server.ask(unfinished(&frames_path(&peer), 100 * KIB)).await);
        }
        eventually("most are refused", || server.listener.stats().refused_bodies >= 15).await;
        let waiting = server.listener.stats().waiting_bytes;
        assert!((32 * KIB..256 * KIB).contains(&waiting), "{mounting:?}: {waiting} bytes of some wait");

        peer.send(&["meanwhile"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["meanwhile"]);
        drop(connections);
        eventually("nothing waits", || server.listener.stats().waiting_bytes == 0).await;
    }
}

#[tokio::test]
async fn a_body_for_which_there_is_no_room_is_answered_503_by_every_generation() {
    let server = Server::new(small()).await;
    let frames = Peer::open(&server, Transport::XhrPolling).await;
    let packets = PacketPeer::open(&server, Transport::XhrPolling).await;
    let engine = EnginePeer::connect(&server, Revision::Four, Transport::Polling).await;
    let body = form(&frame(&"x".repeat(200 * KIB)));
    for path in [frames_path(&frames), packets::path(Transport::XhrPolling, &packets.id), engine.path()] {
        let before = server.listener.stats().refused_bodies;
        let answer = server.answer(request("POST", &path, &[], &body)).await;
        assert_eq!(
            (answer.status, answer.text(), answer.header("retry-after")),
            (503, "too much to do", "1"),
            "{path}"
        );
        assert_eq!(server.listener.stats().refused_bodies, before + 1, "{path}");
    }
    assert_eq!(server.listener.stats().sessions, 3, "nobody is thrown out for it");
}

#[tokio::test]
async fn attachments_of_one_packet_have_a_bound_all_together() {
    let bound = 64 * KIB;
    let server = Server::new(Listener::builder().max_attachment_bytes(bound)).await;
    let mut bystander = Peer::open(&server, Transport::WebSocket).await;
    for (length, fits) in [(bound / 2, true), (bound / 2 + 1, false)] {
        let mut peer = EnginePeer::connect(&server, Revision::Four, Transport::WebSocket).await;
        let places = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
        peer.send(&[&format!(r#"452-["message",{places}]"#)]).await;
        peer.send_packets(&[binary(&vec![1; length]), binary(&vec![2; length])]).await;
        bystander.send(&["here"]).await;
        server.events.texts_until(&bystander.id, 1 + usize::from(!fits)).await;
        if fits {
            server.events.texts_until(&peer.id, 1).await;
            assert_eq!(server.listener.stats().too_large, 0);
        } else {
            peer.ended().await;
            assert_eq!(server.listener.stats().too_large, 1);
        }
    }
}

#[tokio::test]
async fn attachments_that_do_not_come_are_accounted_for_until_their_client_goes() {
    let server = Server::new(small()).await;
    let mut peer = EnginePeer::connect(&server, Revision::Four, Transport::WebSocket).await;
    let client = peer.client(&server);
    let text = "x".repeat(40 * KIB);
    peer.send(&[&format!(r#"452-["message",{{"_placeholder":true,"num":0}},"{text}"]"#)]).await;
    eventually("the packet is here", || server.listener.stats().waiting_bytes >= 40 * KIB).await;
    peer.send_packets(&[binary(&[1; 50 * KIB])]).await;
    eventually("one of them is here", || server.listener.stats().waiting_bytes >= 90 * KIB).await;
    peer.leave().await;
    eventually("nothing waits", || server.listener.stats().waiting_bytes == 0).await;
    assert!(!client.is_connected(), "although the application still knows the client");
}

#[tokio::test]
async fn what_waits_for_a_handler_stops_its_client_and_nobody_else() {
    let server = Server::new(small()).await;
    let gate = Arc::new(Notify::new());
    let (events, held) = (server.events.clone(), Arc::clone(&gate));
    server.listener.on_message(move |client, message| {
        let (events, held) = (events.clone(), Arc::clone(&held));
        async move {
            let waits = message.as_text() == Some("wait");
            events.push(crate::support::Event::Message(client.id(), message));
            if waits {
                held.notified().await;
            }
        }
    });
    let mut peer = Peer::open(&server, Transport::WebSocket).await;
    let mut bystander = Peer::open(&server, Transport::WebSocket).await;
    let long = "x".repeat(20 * KIB);
    peer.send(&["wait"]).await;
    server.events.texts_until(&peer.id, 1).await;
    // More than the system keeps for a connection that is not read, so the last of it cannot be sent yet.
    let id = peer.id.clone();
    let sending = tokio::spawn(async move {
        for _ in 0..1000 {
            peer.send(&[&long]).await;
        }
        peer
    });
    eventually("it is read for a while", || server.listener.stats().waiting_bytes >= 100 * KIB).await;
    bystander.send(&["hello"]).await;
    assert_eq!(server.events.texts_until(&bystander.id, 1).await, ["hello"]);
    let waiting = server.listener.stats().waiting_bytes;
    assert!(waiting <= 256 * KIB, "{waiting} bytes wait");
    gate.notify_one();
    patiently("everything is handled", async { server.events.texts_until(&id, 1001).await }).await;
    drop(sending.await.unwrap());
    eventually("nothing waits", || server.listener.stats().waiting_bytes == 0).await;
}

#[tokio::test]
async fn attachments_have_as_long_as_a_message_whatever_else_their_client_says() {
    for revision in REVISIONS {
        let server = Server::new(Listener::builder().frame_timeout(milliseconds(200))).await;
        let mut peer = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        peer.send(&[r#"451-["message",{"_placeholder":true,"num":0}]"#]).await;
        patiently("its session ends", async {
            while server.listener.stats().too_slow == 0 {
                peer.socket().try_send("6".into()).await;
                tokio::time::sleep(milliseconds(5)).await;
            }
        })
        .await;
        eventually("it is gone", || server.listener.stats().sessions == 0).await;
    }
}

#[tokio::test]
async fn what_clients_say_about_themselves_has_a_bound_in_all_namespaces_together() {
    let server = Server::new(Listener::builder().max_head_bytes(8 * KIB)).await;
    server.listener.of("/a");
    server.listener.of("/b");
    let mut peer = EnginePeer::connect(&server, Revision::Four, Transport::WebSocket).await;
    let auth = format!(r#"{{"token":"{}"}}"#, "x".repeat(5 * KIB));
    peer.send(&[&format!("40/a,{auth}")]).await;
    assert!(peer.receive().await.starts_with("40/a,"));
    peer.send(&[&format!("40/b,{auth}")]).await;
    assert_eq!(peer.receive().await, r#"44/b,{"message":"auth too large"}"#);
    assert_eq!(server.listener.stats().too_large, 1);
    peer.send(&["41/a,", &format!("40/b,{auth}")]).await;
    assert!(peer.receive().await.starts_with("40/b,"), "there is room when it has left");
}
