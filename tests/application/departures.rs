//! Why clients of 0.7 to 0.9 are gone, as the application is told, and what they are told themselves.

use crate::support::{Event, Mounting, PacketPeer, Server, eventually, get, milliseconds, packets, rfc6455};
use heirloom::{DisconnectReason, Listener, SendError, Transport};

/// Connected, and gone for this reason, and nothing else.
async fn is_gone(server: &Server, id: &str, reason: DisconnectReason, what: &str) {
    assert_eq!(server.events.disconnected(id).await, reason, "{what}");
    let events = server.events.about(id);
    let expected = [Event::Connect(id.to_owned()), Event::Disconnect(id.to_owned(), reason)];
    assert_eq!(events, expected, "{what}");
    eventually("the session to be freed", || server.listener.client(id).is_none()).await;
}

#[tokio::test]
async fn a_client_that_says_goodbye() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL {
            for word in ["0::", "0"] {
                let mut peer = PacketPeer::open(&server, transport).await;
                peer.send(&[word]).await;
                is_gone(&server, &peer.id.clone(), DisconnectReason::ClientDisconnect, transport.name()).await;
                let expected: &[&str] = if transport.is_polling() { &[] } else { &["0::"] };
                assert_eq!(peer.ended().await, expected, "{mounting:?} {transport}");
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_goodbye_while_a_poll_waits_answers_the_poll() {
    let server = Server::new(Listener::builder()).await;
    for transport in crate::POLLS {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.park().await;
        let client = peer.client(&server);
        eventually("the poll to wait", || client.volatile().send("now").is_ok()).await;
        assert_eq!(peer.receive().await, "3:::now");
        peer.park().await;
        eventually("the poll to wait", || client.volatile().send("now").is_ok()).await;
        assert_eq!(peer.receive().await, "3:::now");
        peer.park().await;
        peer.send(&["0::"]).await;
        let id = peer.id.clone();
        is_gone(&server, &id, DisconnectReason::ClientDisconnect, transport.name()).await;
        let heard = peer.ended().await;
        assert!(heard.is_empty() || heard == ["0::"], "{transport}: {heard:?}");
    }
}

#[tokio::test]
async fn a_client_whose_connection_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, crate::impatient()).await;
        for transport in packets::ALL {
            let peer = PacketPeer::open(&server, transport).await;
            let id = peer.id.clone();
            peer.leave().await;
            let is_poll = transport.is_polling();
            let reason = if is_poll { DisconnectReason::CloseTimeout } else { DisconnectReason::TransportClosed };
            is_gone(&server, &id, reason, transport.name()).await;
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_client_that_breaks_the_rules_of_its_socket() {
    let server = Server::new(Listener::builder().max_frame_bytes(1000)).await;
    for frame in [rfc6455::text(&"x".repeat(2000)), vec![0xf1, 0x80, 0, 0, 0, 0]] {
        let id = packets::handshake(&server).await;
        let mut socket = rfc6455::open(&server, &packets::path(Transport::WebSocket, &id)).await;
        assert_eq!(rfc6455::read(&mut socket).await, (rfc6455::TEXT, b"1::".to_vec()));
        socket.send(frame).await;
        is_gone(&server, &id, DisconnectReason::ProtocolError, "a frame").await;
    }
}

#[tokio::test]
async fn a_client_the_application_disconnects_hears_of_it_after_all_else() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            let (id, client) = (peer.id.clone(), peer.client(&server));
            if transport.is_polling() {
                // Between two polls: what is said then waits for the next.
                peer.settled().await;
            }
            client.send("last").unwrap();
            client.disconnect();
            client.disconnect();
            assert_eq!(client.send("late"), Err(SendError::Closed));
            assert!(!client.is_connected());
            assert_eq!(peer.ended().await, ["3:::last", "0::"], "{mounting:?} {transport}");
            is_gone(&server, &id, DisconnectReason::ServerDisconnect, transport.name()).await;
        }
        server.is_empty().await;
        assert_eq!(server.listener.stats().undelivered_messages, 0);
    }
}

#[tokio::test]
async fn a_disconnect_between_two_polls_waits_for_the_next() {
    let server = Server::new(Listener::builder()).await;
    for transport in crate::POLLS {
        let mut peer = PacketPeer::open(&server, transport).await;
        let id = peer.id.clone();
        peer.client(&server).disconnect();
        is_gone(&server, &id, DisconnectReason::ServerDisconnect, transport.name()).await;
        assert_eq!(peer.payload().await.unwrap(), ["0::"], "{transport}: so that the client stays away");
        let mut again = PacketPeer::attach(&server, transport, &id).await;
        assert_eq!(again.payload().await, None, "{transport}: and once");
    }
    server.is_empty().await;
}

#[tokio::test]
async fn a_disconnect_while_a_poll_waits_answers_it() {
    let server = Server::new(Listener::builder()).await;
    for transport in crate::POLLS {
        let mut peer = PacketPeer::open(&server, transport).await;
        let (id, client) = (peer.id.clone(), peer.client(&server));
        peer.park().await;
        eventually("the poll to wait", || client.volatile().send("now").is_ok()).await;
        client.disconnect();
        assert_eq!(peer.ended().await, ["3:::now", "0::"], "{transport}");
        is_gone(&server, &id, DisconnectReason::ServerDisconnect, transport.name()).await;
    }
}

#[tokio::test]
async fn a_client_whose_handler_panics_may_come_back() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|_, _| async { panic!("expected in this test") });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let mut other = PacketPeer::open(&server, transport).await;
        peer.send(&["3:::panic"]).await;
        is_gone(&server, &peer.id.clone(), DisconnectReason::HandlerPanicked, transport.name()).await;
        assert!(!peer.ended().await.contains(&"0::".to_owned()), "{transport}: it is not told to stay away");
        other.heard_nothing("another's handler").await;
    }
}

#[tokio::test]
async fn a_shutdown_lets_what_is_queued_leave_and_does_not_send_clients_away_for_good() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        server.listener.of("/chat");
        let mut peers = Vec::new();
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.enter("/chat").await;
            peer.client_of(&server, "/chat").send("last").unwrap();
            peers.push(peer);
        }
        let unused = packets::handshake(&server).await;
        let listener = server.listener.clone();
        let shutdown = tokio::spawn(async move { listener.shutdown(milliseconds(9000)).await });
        for peer in peers {
            let (id, transport) = (peer.id.clone(), peer.transport);
            assert_eq!(peer.ended().await, ["3::/chat:last"], "{mounting:?} {transport}");
            is_gone(&server, &id, DisconnectReason::Shutdown, transport.name()).await;
        }
        assert_eq!(shutdown.await.unwrap(), 0);
        assert!(server.events.about(&unused).is_empty(), "nobody was told of it before");
        server.ask(get("/socket.io/1/")).await.is_closed_in_silence("a handshake").await;
        let answer = server.answer(get(&packets::path(Transport::XhrPolling, &unused))).await;
        assert_eq!(answer.text(), packets::NOT_HANDSHAKEN);
    }
}

#[tokio::test]
async fn what_was_kept_with_clients_that_keep_each_other_is_dropped_when_they_have_gone() {
    struct Opponent {
        _client: heirloom::Client,
        _board: std::sync::Arc<()>,
    }
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/game");
    for transport in packets::ALL {
        let board = std::sync::Arc::new(());
        let mut peers = [PacketPeer::open(&server, transport).await, PacketPeer::open(&server, transport).await];
        for namespace in ["/", "/game"] {
            if namespace != "/" {
                peers[0].enter(namespace).await;
                peers[1].enter(namespace).await;
            }
            let [one, other] = [&peers[0], &peers[1]].map(|peer| peer.client_of(&server, namespace));
            one.set_state(Opponent { _client: other.clone(), _board: board.clone() });
            other.set_state(Opponent { _client: one, _board: board.clone() });
        }
        assert_eq!(std::sync::Arc::strong_count(&board), 5);
        for peer in &mut peers {
            peer.send(&["0::"]).await;
        }
        eventually("the end of the game", || std::sync::Arc::strong_count(&board) == 1).await;
    }
}
