//! What a listener says of itself: who is there, by what, and why the others have gone.

use crate::{
    POLLS, impatient,
    support::{
        Mounting, PacketPeer, Peer, Server,
        engine::{self, EnginePeer, Four},
        eventually, milliseconds, packets, rfc6455,
    },
};
use heirloom::{Dialect, DisconnectReason, Generation, Listener, Transport};

#[tokio::test]
async fn sessions_are_counted_by_generation_and_transport() {
    for mounting in Mounting::BOTH {
        let builder = Listener::builder().also_mount("raw.io", Dialect::BareEngine);
        let server = Server::mounted(mounting, builder.also_mount("plain", Dialect::BareWebSocket)).await;
        let (mut frames, mut packet_peers, mut engines) = (Vec::new(), Vec::new(), Vec::new());
        for transport in crate::support::FRAMES_TRANSPORTS {
            frames.push(Peer::open(&server, transport).await);
        }
        for transport in packets::ALL {
            packet_peers.push(PacketPeer::open(&server, transport).await);
        }
        for (revision, transport) in engine::everything() {
            engines.push(EnginePeer::connect(&server, revision, transport).await);
        }
        let bare = engine::opening(Four, Transport::Polling).resource("raw.io").open(&server).await;
        let plain = rfc6455::open(&server, "/plain").await;

        let stats = server.listener.stats();
        for transport in crate::support::FRAMES_TRANSPORTS {
            assert_eq!(stats.sessions_of(Generation::Frames, transport), 1, "{transport}");
            assert_eq!(stats.sessions_of(Generation::Packets, transport), 1, "{transport}");
        }
        for transport in engine::TRANSPORTS {
            assert_eq!(stats.sessions_of(Generation::Engine, transport), 2, "{transport}");
        }
        assert_eq!(stats.sessions_of(Generation::BareEngine, Transport::Polling), 1);
        assert_eq!(stats.sessions_of(Generation::BareWebSocket, Transport::WebSocket), 1);
        let sum: usize = stats.sessions_by_transport().map(|(_, _, sessions)| sessions).sum();
        assert_eq!((stats.sessions, stats.opened_sessions), (sum, sum as u64));
        assert_eq!(stats.ended_by_reason().count(), 0);

        let listener = server.listener.clone();
        let shutdown = tokio::spawn(async move { listener.shutdown(milliseconds(9000)).await });
        for peer in frames {
            peer.ended().await;
        }
        for peer in packet_peers {
            peer.ended().await;
        }
        for peer in engines.into_iter().chain([bare]) {
            peer.ended().await;
        }
        drop(plain);
        assert_eq!(shutdown.await.unwrap(), 0);
        let after = server.listener.stats();
        assert_eq!((after.sessions, after.sessions_by_transport().count()), (0, 0), "{after:?}");
        let ended: u64 = after.ended_by_reason().map(|(_, sessions)| sessions).sum();
        assert_eq!(ended, after.opened_sessions, "{after}");
    }
}

#[tokio::test]
async fn a_session_that_changes_its_transport_is_counted_where_it_is() {
    let server = Server::new(Listener::builder()).await;
    let count = |generation, transport| server.listener.stats().sessions_of(generation, transport);

    let mut upgraded = EnginePeer::connect(&server, Four, Transport::Polling).await;
    upgraded.upgrade(&server).await;
    let is_over = || count(Generation::Engine, Transport::WebSocket) == 1;
    eventually("the upgrade", is_over).await;
    assert_eq!(count(Generation::Engine, Transport::Polling), 0);

    let fallen_back = PacketPeer::open(&server, Transport::WebSocket).await;
    let id = fallen_back.id.clone();
    assert_eq!(count(Generation::Packets, Transport::WebSocket), 1);
    let again = PacketPeer::attach(&server, Transport::HtmlFile, &id).await;
    eventually("the other transport", || count(Generation::Packets, Transport::HtmlFile) == 1).await;
    assert_eq!(count(Generation::Packets, Transport::WebSocket), 0);
    drop((fallen_back, again, upgraded));
    server.is_empty().await;
    assert_eq!(server.listener.stats().sessions_by_transport().count(), 0);
}

#[tokio::test]
async fn endings_are_counted_by_reason() {
    let server = Server::new(impatient()).await;
    let ended = |reason| server.listener.stats().ended(reason);
    Peer::open(&server, Transport::WebSocket).await.leave().await;
    eventually("a socket that left", || ended(DisconnectReason::TransportClosed) == 1).await;
    for transport in POLLS {
        let peer = Peer::open(&server, transport).await;
        server.listener.client(&peer.id).unwrap().disconnect();
    }
    assert_eq!(ended(DisconnectReason::ServerDisconnect), 2);
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    peer.send(&["0::"]).await;
    eventually("a goodbye", || ended(DisconnectReason::ClientDisconnect) == 1).await;
    let silent = Peer::open(&server, Transport::XhrPolling).await;
    eventually("a poll that does not come", || ended(DisconnectReason::CloseTimeout) == 1).await;
    drop((peer, silent));
    server.is_empty().await;
    let stats = server.listener.stats();
    assert_eq!((stats.opened_sessions, stats.ended_by_reason().map(|(_, count)| count).sum::<u64>()), (5, 5));
}
