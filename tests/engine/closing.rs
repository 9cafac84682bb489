//! The ends of sessions: by the client, by the application, by the listener.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting, Server,
        engine::{EnginePeer, Four, Packet, REVISIONS, everything, opening, refusal},
        get, milliseconds,
    },
};
use heirloom::{DisconnectReason, Transport};

async fn is_over(server: &Server, peer: &EnginePeer, what: &str) {
    let answer = server.answer(get(&peer.path())).await;
    assert_eq!(refusal(&answer), (400, 1, "Session ID unknown".to_owned()), "{what}");
}

#[tokio::test]
async fn a_client_says_goodbye_and_its_poll_ends_with_nothing() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let what = format!("{mounting:?} {revision:?} {transport}");
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            if transport == Transport::WebSocket {
                peer.send(&["1"]).await;
                assert_eq!(peer.socket().closed().await, Some(1000), "{what}");
            } else {
                peer.park().await;
                let client = peer.client(&server);
                crate::support::eventually("the poll to wait", || client.volatile().emit("x", &()).is_ok()).await;
                peer.receive().await;
                peer.park().await;
                // The answer to a request on a connection that came later: the poll has been read.
                server.answer(get("/")).await;
                assert_eq!(peer.post(&revision.body("1")).await.text(), "ok", "{what}");
                assert_eq!(peer.payload().await.unwrap(), [Packet::from("6")], "{what}");
                is_over(&server, &peer, &what).await;
            }
            assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::TransportClosed, "{what}");
        }
        server.is_empty().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_that_is_on_its_way_when_goodbye_is_said_still_ends_with_nothing() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for _ in 0..50 {
                let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                peer.park().await;
                let mut goodbye = peer.begin_post(&revision.body("1")).await;
                assert_eq!(peer.poll().await.text(), revision.body("6"), "{mounting:?} {revision:?}");
                assert_eq!(goodbye.answer().await.text(), "ok");
                is_over(&server, &peer, "goodbye").await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_sent_before_goodbye_is_heard_and_what_comes_after_it_is_not() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send(&[r#"42["message","before"]"#, "1", r#"42["message","after"]"#]).await;
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::TransportClosed);
        assert_eq!(server.events.texts(&peer.id), ["before"], "{revision:?} {transport}");
    }
    server.is_empty().await;
}

#[tokio::test]
async fn a_socket_that_ends_is_a_goodbye() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for upgraded in [false, true] {
                let transport = if upgraded { Transport::Polling } else { Transport::WebSocket };
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                if upgraded {
                    peer.upgrade(&server).await;
                }
                let id = peer.id.clone();
                peer.leave().await;
                assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed, "{mounting:?}");
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn the_application_disconnects_a_client_that_hears_first_what_was_said_before() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            for parked in [true, false] {
                let what = format!("{mounting:?} {revision:?} {transport} {parked}");
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                peer.send(&["40/chat,"]).await;
                peer.receive().await;
                if parked && transport != Transport::WebSocket {
                    peer.park().await;
                }
                let client = peer.client(&server);
                client.emit("last", &()).unwrap();
                client.disconnect();
                assert!(client.emit("too late", &()).is_err());
                assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ServerDisconnect, "{what}");
                let heard: Vec<_> = match transport {
                    Transport::WebSocket => peer.socket().rest().await,
                    _ => peer.ended().await,
                };
                let mut heard: Vec<_> = heard.iter().map(|packet| format!("{packet:?}").replace('\\', "")).collect();
                if transport != Transport::WebSocket {
                    assert_eq!(heard.pop().as_deref(), Some("\"1\""), "{what}");
                }
                assert_eq!(heard.remove(0), "\"42[\"last\"]\"", "{what}");
                // Each namespace is told, the root among them.
                heard.sort();
                let chat = heard.pop().unwrap();
                assert!(chat == "\"41/chat,\"" || chat == "\"41/chat\"", "{what} {chat}");
                assert_eq!(heard, ["\"41\""], "{what}");
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_polling_client_that_is_disconnected_and_does_not_come_is_forgotten() {
    let server = echo(builder().ping_interval(milliseconds(100)).ping_timeout(milliseconds(100))).await;
    for revision in REVISIONS {
        let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        peer.client(&server).disconnect();
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ServerDisconnect);
    }
    // The grace of what has to be forgotten is not longer than that of a silent client, or half a minute.
    server.is_empty().await;
}

#[tokio::test]
async fn a_listener_that_shuts_down_says_goodbye_without_a_word_to_any_namespace() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut peers = Vec::new();
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            if transport != Transport::WebSocket {
                peer.park().await;
            }
            peers.push(peer);
        }
        let listener = server.listener.clone();
        let shutdown = tokio::spawn(async move { listener.shutdown(milliseconds(5000)).await });
        for peer in peers {
            let what = format!("{mounting:?} {:?} {}", peer.revision, peer.transport);
            let (id, is_socket) = (peer.id.clone(), peer.transport == Transport::WebSocket);
            let expected: &[Packet] = if is_socket { &[] } else { &[Packet::from("1")] };
            let heard = if is_socket { peer.ended().await } else { first_payload(peer).await };
            assert_eq!(heard, expected, "{what}: who hears 41 does not come back");
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::Shutdown, "{what}");
        }
        shutdown.await.unwrap();
    }
}

async fn first_payload(mut peer: EnginePeer) -> Vec<Packet> {
    peer.payload().await.unwrap()
}

#[tokio::test]
async fn a_bare_session_closes_without_a_packet_of_socket_io() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = opening(revision, transport).resource(BARE).open(&server).await;
        peer.send(&["4hello"]).await;
        assert_eq!(peer.receive().await, "4hello");
        let client = server.listener.clients().pop().unwrap();
        client.send("last").unwrap();
        client.disconnect();
        let mut heard = peer.ended().await;
        if transport != Transport::WebSocket {
            assert_eq!(heard.pop(), Some("1".into()));
        }
        assert_eq!(heard, [Packet::from("4last")], "{revision:?} {transport}");
        server.is_empty().await;
    }
}

#[tokio::test]
async fn leaving_the_root_leaves_the_session_open() {
    let server = echo(builder()).await;
    for transport in [Transport::Polling, Transport::WebSocket] {
        let mut peer = EnginePeer::connect(&server, Four, transport).await;
        peer.send(&["40/chat,"]).await;
        assert!(peer.receive().await.starts_with("40/chat,"));
        peer.send(&["41"]).await;
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ClientDisconnect);
        peer.send(&[r#"42/chat,1["echo","still here"]"#]).await;
        assert_eq!(peer.receive().await, r#"43/chat,1["still here"]"#, "{transport}");
        peer.send(&["40"]).await;
        let told = peer.receive().await;
        assert!(told.starts_with("40{") && !told.contains(&peer.id), "{told}: a new client");
    }
}
