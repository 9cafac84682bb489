//! Heartbeats of 0.7 to 0.9: the server begins, on whatever stays open.

use crate::support::{PacketPeer, Server, milliseconds, packets};
use heirloom::{Builder, DisconnectReason, Listener, Transport};
use std::sync::Arc;
use tokio::sync::Notify;

const STAYING_OPEN: [Transport; 5] = [
    Transport::WebSocket,
    Transport::FlashSocket,
    Transport::HtmlFile,
    Transport::XhrMultipart,
    Transport::ServerEvents,
];

fn quick(timeout: u64) -> Builder {
    STAYING_OPEN.into_iter().fold(Listener::builder(), |builder, transport| {
        builder.heartbeat_interval(transport, milliseconds(30)).heartbeat_timeout(transport, milliseconds(timeout))
    })
}

#[tokio::test]
async fn the_server_begins_and_any_heartbeat_is_an_answer() {
    let server = Server::new(quick(2000)).await;
    for transport in STAYING_OPEN {
        let mut peer = PacketPeer::open(&server, transport).await;
        // One that nobody asked for.
        peer.send(&["2::"]).await;
        for answer in ["2::", "2:::data", "2::/chat", "2:1::"] {
            assert_eq!(peer.receive().await, "2::", "{transport}: before {answer}");
            peer.send(&[answer]).await;
        }
        assert_eq!(peer.receive().await, "2::", "{transport}");
        assert_eq!(server.events.about(&peer.id).len(), 1);
    }
}

#[tokio::test]
async fn nothing_else_is_an_answer() {
    let server = Server::new(quick(300)).await;
    for transport in STAYING_OPEN {
        let mut peer = PacketPeer::open(&server, transport).await;
        assert_eq!(peer.receive().await, "2::");
        peer.send(&["3:::text", "8::", "1::", "2", "6:::1"]).await;
        let reason = server.events.disconnected(&peer.id).await;
        assert_eq!(reason, DisconnectReason::HeartbeatTimeout, "{transport}");
        assert_eq!(peer.ended().await, ["1::"], "{transport}: the echo, no second heartbeat, and no goodbye");
    }
}

#[tokio::test]
async fn they_go_on_while_a_handler_waits() {
    let server = Server::new(quick(600)).await;
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    server.listener.of("/chat").on_message(move |_, _| {
        let held = Arc::clone(&held);
        async move { held.notified().await }
    });
    for transport in STAYING_OPEN {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["1::/chat", "3::/chat:wait", "3:::after"]).await;
        let mut heartbeats = 0;
        while heartbeats < 24 {
            if peer.receive().await == "2::" {
                heartbeats += 1;
                peer.send(&["2::"]).await;
            }
        }
        assert_eq!(server.events.texts(&peer.id), [""; 0], "{transport}: it has waited longer than the timeout");
        gate.notify_one();
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["after"], "{transport}");
    }
}

#[tokio::test]
async fn a_client_that_is_held_back_does_not_die_of_it() {
    let server = Server::new(quick(600)).await;
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    server.listener.on("wait", move |_: heirloom::Client, (): (), _: Option<heirloom::Ack>| {
        let held = Arc::clone(&held);
        async move { held.notified().await }
    });
    for transport in [Transport::WebSocket, Transport::FlashSocket] {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&[r#"5:::{"name":"wait"}"#]).await;
        // Nothing more is read behind so many, not even the answers to heartbeats.
        peer.send(&["3:::x"; 100]).await;
        for _ in 0..3 {
            peer.send(&["2::"]).await;
        }
        tokio::time::sleep(milliseconds(1500)).await;
        assert!(server.listener.client(&peer.id).is_some(), "{transport}: it is not to blame");
        gate.notify_one();
        assert_eq!(server.events.texts_until(&peer.id, 100).await.len(), 100, "{transport}");
    }
}

#[tokio::test]
async fn polls_have_none_and_posts_are_no_sign_of_life() {
    let builder = [Transport::XhrPolling, Transport::JsonpPolling]
        .into_iter()
        .fold(quick(300), |builder, transport| builder.close_timeout(transport, milliseconds(400)));
    let server = Server::new(builder).await;
    for transport in [Transport::XhrPolling, Transport::JsonpPolling] {
        let peer = PacketPeer::open(&server, transport).await;
        let reason = server.events.disconnected(&peer.id);
        let mut reason = std::pin::pin!(reason);
        // Only a poll is.
        let reason = loop {
            tokio::select! {
                reason = &mut reason => break reason,
                () = tokio::time::sleep(milliseconds(20)) => {
                    let answer = server.answer(packets::post(transport, &peer.id, "2::")).await;
                    assert_eq!(answer.text(), "1");
                }
            }
        };
        assert_eq!(reason, DisconnectReason::CloseTimeout, "{transport}");
    }
}

#[tokio::test]
async fn those_that_are_not_announced_beat_within_what_is() {
    let announced = [Transport::WebSocket, Transport::HtmlFile];
    let builder = announced
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.heartbeat_timeout(transport, milliseconds(1000)));
    let server = Server::new(builder).await;
    for transport in [Transport::FlashSocket, Transport::XhrMultipart, Transport::ServerEvents] {
        let mut peer = PacketPeer::open(&server, transport).await;
        let heartbeat = tokio::time::timeout(milliseconds(1000), peer.receive()).await;
        assert_eq!(heartbeat.as_deref(), Ok("2::"), "{transport}: before its client has counted to one second");
    }
}
