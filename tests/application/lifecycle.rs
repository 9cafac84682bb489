//! One connect and one disconnect for each client, with the right reason.

use crate::{
    POLLS, SOCKETS_AND_STREAMS, impatient,
    support::{Event, Mounting, Peer, Server, eventually, milliseconds, rfc6455},
};
use heirloom::{Builder, DisconnectReason, Listener, SendError};
use tokio::time::Instant;

/// Each of these clients came once and went once, for this reason, and is forgotten.
async fn went(server: &Server, ids: &[String], reason: DisconnectReason) {
    for id in ids {
        assert_eq!(server.events.disconnected(id).await, reason);
    }
    server.is_empty().await;
    for id in ids {
        let expected = [Event::Connect(id.clone()), Event::Disconnect(id.clone(), reason)];
        assert_eq!(server.events.about(id), expected);
        assert!(server.listener.client(id).is_none());
    }
    assert!(server.listener.clients().is_empty());
}

async fn servers(builder: fn() -> Builder) -> Vec<Server> {
    let mut servers = Vec::new();
    for mounting in Mounting::BOTH {
        servers.push(Server::mounted(mounting, builder()).await);
        servers.push(Server::json(mounting, builder()).await);
    }
    servers
}

#[tokio::test]
async fn a_client_on_a_socket_or_stream_goes_when_its_connection_does() {
    for server in servers(Listener::builder).await {
        let mut ids = Vec::new();
        for transport in SOCKETS_AND_STREAMS {
            for orderly in [true, false] {
                let peer = Peer::open(&server, transport).await;
                ids.push(peer.id.clone());
                assert!(server.listener.client(&peer.id).unwrap().is_connected());
                if orderly { peer.leave().await } else { drop(peer) }
            }
        }
        went(&server, &ids, DisconnectReason::TransportClosed).await;
    }
}

#[tokio::test]
async fn a_polling_client_goes_when_it_has_not_polled_for_the_close_timeout() {
    for server in servers(impatient).await {
        let mut ids = Vec::new();
        for transport in POLLS {
            let between_polls = Peer::open(&server, transport).await;
            ids.push(between_polls.id.clone());
            let mut hangs_up = Peer::open(&server, transport).await;
            ids.push(hangs_up.id.clone());
            hangs_up.park().await;
            let started = Instant::now();
            drop(hangs_up);
            let client = server.listener.client(ids.last().unwrap()).unwrap();
            eventually("the client to go", || !client.is_connected()).await;
            assert!(started.elapsed() >= milliseconds(250), "it is waited for");
        }
        went(&server, &ids, DisconnectReason::CloseTimeout).await;
    }
}

#[tokio::test]
async fn a_parked_poll_keeps_its_client_beyond_the_close_timeout() {
    let server = Server::new(impatient()).await;
    for transport in POLLS {
        let mut peer = Peer::open(&server, transport).await;
        peer.park().await;
        tokio::time::sleep(milliseconds(700)).await;
        server.listener.client(&peer.id).unwrap().send("still here").unwrap();
        assert_eq!(peer.receive().await, "still here");
    }
}

#[tokio::test]
async fn a_client_that_answers_no_heartbeat_goes_and_its_connection_ends() {
    for mounting in Mounting::BOTH {
        let builder = SOCKETS_AND_STREAMS.into_iter().fold(Listener::builder(), |builder, transport| {
            builder.heartbeat_interval(transport, milliseconds(40)).heartbeat_timeout(transport, milliseconds(60))
        });
        let server = Server::mounted(mounting, builder).await;
        let mut peers = Vec::new();
        for transport in SOCKETS_AND_STREAMS {
            peers.push(Peer::open(&server, transport).await);
        }
        let ids: Vec<_> = peers.iter().map(|peer| peer.id.clone()).collect();
        for peer in peers {
            let transport = peer.transport;
            assert_eq!(peer.ended().await, ["~h~1"], "{transport} {mounting:?}");
        }
        went(&server, &ids, DisconnectReason::HeartbeatTimeout).await;
    }
}

#[tokio::test]
async fn a_client_the_application_disconnects_goes_at_once() {
    for server in servers(Listener::builder).await {
        let mut ids = Vec::new();
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            peer.park().await;
            ids.push(peer.id.clone());
            let client = server.listener.client(&peer.id).unwrap();
            client.send("goodbye").unwrap();
            client.disconnect();
            assert!(!client.is_connected());
            assert!(matches!(client.send("too late"), Err(SendError::Closed)));
            client.disconnect();
            assert_eq!(peer.ended().await, ["goodbye"], "{transport}: what was queued still leaves");
        }
        went(&server, &ids, DisconnectReason::ServerDisconnect).await;
    }
}

#[tokio::test]
async fn an_idle_client_that_is_disconnected_sees_its_connection_end() {
    for server in servers(Listener::builder).await {
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            peer.park().await;
            let id = peer.id.clone();
            server.listener.client(&id).unwrap().disconnect();
            assert!(peer.ended().await.is_empty(), "{transport}");
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ServerDisconnect);
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_client_that_breaks_the_rules_goes_for_that() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = rfc6455::session(&server).await;
    socket.send(rfc6455::masked(7, true, b"no such opcode")).await;
    went(&server, &[id], DisconnectReason::ProtocolError).await;
}

#[tokio::test]
async fn a_client_the_listener_shuts_down_goes_for_that() {
    for server in servers(Listener::builder).await {
        let mut peers = Vec::new();
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            peer.park().await;
            peers.push(peer);
        }
        let ids: Vec<_> = peers.iter().map(|peer| peer.id.clone()).collect();
        let listener = server.listener.clone();
        let shutdown = tokio::spawn(async move { listener.shutdown(milliseconds(5000)).await });
        for peer in peers {
            peer.ended().await;
        }
        assert_eq!(shutdown.await.unwrap(), 0);
        went(&server, &ids, DisconnectReason::Shutdown).await;
    }
}

#[tokio::test]
async fn what_is_sent_while_connecting_comes_after_the_id() {
    for server in servers(Listener::builder).await {
        let events = server.events.clone();
        server.listener.on_connect(move |client| {
            events.push(Event::Connect(client.id()));
            client.send("at once").unwrap();
            async move {
                client.send("then").unwrap();
                tokio::task::yield_now().await;
                client.send("later").unwrap();
            }
        });
        for transport in crate::support::FRAMES_TRANSPORTS {
            // Who opens reads the id first.
            let mut peer = Peer::open(&server, transport).await;
            assert!(server.listener.client(&peer.id).is_some(), "{transport}: the id comes first");
            assert_eq!(peer.receive_all(3).await, ["at once", "then", "later"], "{transport}");
        }
    }
}

#[tokio::test]
async fn a_client_that_reconnects_within_the_close_timeout_has_not_gone() {
    let builder = crate::support::FRAMES_TRANSPORTS
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.close_timeout(transport, milliseconds(5000)));
    let server = Server::new(builder).await;
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        let id = peer.id.clone();
        for round in 0..3 {
            peer.leave().await;
            peer = Peer::reattach(&server, transport, &id).await;
            peer.send(&[&round.to_string()]).await;
        }
        assert_eq!(server.events.texts_until(&id, 3).await, ["0", "1", "2"], "{transport}");
        assert_eq!(server.events.about(&id).len(), 4, "connected once, not disconnected");
    }
}
