//! More sessions than there may be.

use crate::support::{
    Mounting, PacketPeer, Peer, Server,
    engine::{EnginePeer, REVISIONS, TRANSPORTS},
    eventually, get, is_socket, milliseconds, packets,
    peer::url,
    request,
    rfc6455::{self, UPGRADE},
};
use futures_util::future::join_all;
use heirloom::{Builder, Dialect, Listener, Transport};
use tokio::net::TcpSocket;

const DRAFT: [&str; 2] = ["Upgrade: WebSocket", "Connection: Upgrade"];

fn mounted(builder: Builder) -> Builder {
    builder.also_mount("engine.io", Dialect::BareEngine).also_mount("plain", Dialect::BareWebSocket)
}

/// Asks for a session by every door; each has to hear that there is no place. Answers how many there were.
async fn nobody_comes_in(server: &Server, mounting: Mounting) -> u64 {
    let mut doors = 0;
    for transport in crate::support::FRAMES_TRANSPORTS {
        let path = url(transport, "", "1");
        let headers = if is_socket(transport) { &UPGRADE[..] } else { &[] };
        let mut connection = server.ask(request("GET", &path, headers, "")).await;
        if transport.is_polling() {
            connection.is_closed_in_silence(transport.name()).await;
        } else {
            assert_eq!(connection.head().await.status, 503, "{transport}");
        }
        doors += 1;
        if is_socket(transport) && mounting == Mounting::Serve {
            let mut connection = server.ask(request("GET", &path, &DRAFT, "")).await;
            assert_eq!(connection.head().await.status, 503, "{transport}, a draft");
            doors += 1;
        }
    }
    for (path, headers, status, text) in [
        ("/socket.io/1/?t=1", &[][..], 503, "too many sessions"),
        ("/socket.io/1/?t=1&jsonp=7", &[], 200, r#"io.j[7](new Error("too many sessions"));"#),
        ("/socket.io/?EIO=3&transport=polling", &[], 503, r#"{"code":4,"message":"Too many sessions"}"#),
        ("/socket.io/?EIO=4&transport=polling", &[], 503, r#"{"code":4,"message":"Too many sessions"}"#),
        ("/socket.io/?EIO=4&transport=polling&j=0", &[], 503, r#"{"code":4,"message":"Too many sessions"}"#),
        ("/socket.io/?EIO=3&transport=websocket", &UPGRADE, 503, "Too many sessions"),
        ("/socket.io/?EIO=4&transport=websocket", &UPGRADE, 503, "Too many sessions"),
        ("/engine.io/?EIO=4&transport=polling", &[], 503, r#"{"code":4,"message":"Too many sessions"}"#),
        ("/engine.io/?EIO=4&transport=websocket", &UPGRADE, 503, "Too many sessions"),
        ("/plain", &UPGRADE, 503, "too many sessions"),
    ] {
        let answer = server.answer(request("GET", path, headers, "")).await;
        assert_eq!((answer.status, answer.text()), (status, text), "{path}");
        doors += 1;
    }
    doors
}

#[tokio::test]
async fn a_listener_that_is_full_says_so_and_serves_whom_it_has() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, mounted(Listener::builder().max_sessions(2))).await;
        let mut polling = Peer::open(&server, Transport::XhrPolling).await;
        let mut socket = Peer::open(&server, Transport::WebSocket).await;
        let refused = nobody_comes_in(&server, mounting).await;
        let stats = server.listener.stats();
        assert_eq!((stats.refused_sessions, stats.refused_by_peer, stats.sessions), (refused, 0, 2));
        for peer in [&mut polling, &mut socket] {
            peer.send(&["alive"]).await;
            assert_eq!(server.events.texts_until(&peer.id, 1).await, ["alive"]);
        }
        socket.leave().await;
        eventually("its place to be free", || server.listener.stats().sessions == 1).await;
        Peer::open(&server, Transport::WebSocket).await;
    }
}

#[tokio::test]
async fn a_peer_that_has_all_it_may_have_leaves_the_places_of_others() {
    let server = Server::new(mounted(Listener::builder().max_sessions_per_peer(1))).await;
    let first = Peer::open(&server, Transport::WebSocket).await;
    let refused = nobody_comes_in(&server, Mounting::Serve).await;
    let stats = server.listener.stats();
    assert_eq!((stats.refused_by_peer, stats.refused_sessions, stats.sessions), (refused, 0, 1));
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
    let mut other = crate::support::Connection::new(socket.connect(server.address).await.unwrap());
    other.send(get("/socket.io/1/?t=1")).await;
    assert_eq!(other.answer().await.status, 200);
    first.leave().await;
}

#[tokio::test]
async fn a_crowd_at_once_gets_no_more_places_than_there_are() {
    let server = Server::new(Listener::builder().max_sessions(10)).await;
    server.listener.authorize(|_| async {
        tokio::time::sleep(milliseconds(20)).await;
        Ok(())
    });
    let crowd = join_all((0..50).map(|_| server.answer(get("/socket.io/1/?t=1")))).await;
    assert_eq!(crowd.iter().filter(|answer| answer.status == 200).count(), 10);
    assert_eq!(crowd.iter().filter(|answer| answer.status == 503).count(), 40);
}

/// So many places that a few which are given back a little late do not matter, and so few that one which is lost every
/// time does.
const PLACES: usize = 2;

#[tokio::test]
async fn however_a_session_ends_its_place_is_free_again() {
    let builder = Listener::builder()
        .max_sessions(PLACES)
        .max_sessions_per_peer(PLACES)
        .first_transport_timeout(milliseconds(30))
        .ping_interval(milliseconds(30))
        .ping_timeout(milliseconds(30))
        .unlimited_handshakes();
    let builder = [Transport::XhrPolling, Transport::JsonpPolling]
        .into_iter()
        .fold(builder, |builder, transport| builder.close_timeout(transport, milliseconds(30)));
    let server = Server::new(mounted(builder)).await;
    server.listener.authorize_handshake(|attempt| {
        let query = attempt.query().unwrap_or("").to_owned();
        async move {
            match query {
                query if query.contains("refused") => Err(heirloom::Refusal::unauthorized("as the test wants it")),
                query if query.contains("slow") => std::future::pending().await,
                _ => Ok(()),
            }
        }
    });
    for _ in 0..PLACES + 1 {
        for transport in crate::support::FRAMES_TRANSPORTS {
            Peer::open(&server, transport).await.leave().await;
            server.is_empty().await;
        }
        for transport in packets::ALL {
            PacketPeer::open(&server, transport).await.leave().await;
            server.is_empty().await;
        }
        for (revision, transport) in REVISIONS.into_iter().flat_map(|revision| TRANSPORTS.map(|way| (revision, way))) {
            EnginePeer::connect(&server, revision, transport).await.leave().await;
            server.is_empty().await;
            // Vanishes without a word.
            drop(EnginePeer::open(&server, revision, transport).await);
            server.is_empty().await;
        }
        let mut upgraded = EnginePeer::connect(&server, REVISIONS[1], Transport::Polling).await;
        upgraded.upgrade(&server).await;
        upgraded.leave().await;
        server.is_empty().await;
        // The handshake alone; a goodbye by URL; the application's word.
        packets::handshake(&server).await;
        server.is_empty().await;
        let id = packets::handshake(&server).await;
        server.answer(get(&format!("/socket.io/1//{id}/?disconnect"))).await;
        server.is_empty().await;
        let peer = Peer::open(&server, Transport::WebSocket).await;
        server.listener.client(&peer.id).unwrap().disconnect();
        server.is_empty().await;
        // What breaks the rules.
        let (mut socket, _) = rfc6455::session(&server).await;
        socket.send([0xff; 16]).await;
        server.is_empty().await;
        // Not let in, and no longer there when it would be.
        for path in ["/socket.io/1/?refused", "/socket.io/?EIO=4&transport=polling&refused"] {
            assert_eq!(server.answer(get(path)).await.status, 403);
        }
        for path in ["/socket.io/1/?slow", "/socket.io/?EIO=4&transport=polling&slow", "/socket.io/xhr-polling//1?slow"]
        {
            let mut connection = server.ask(get(path)).await;
            connection.end_sending().await;
            connection.rest().await;
        }
    }
    assert_eq!(server.listener.stats().refused_sessions + server.listener.stats().refused_by_peer, 0);
    for _ in 0..PLACES {
        packets::handshake(&server).await;
    }
    assert_eq!(server.answer(get("/socket.io/1/?t=1")).await.status, 503, "and none is there twice");
}

#[tokio::test]
async fn a_socket_whose_connection_is_never_handed_over_holds_no_place() {
    let server = Server::mounted(Mounting::WrapWithoutUpgrades, mounted(Listener::builder().max_sessions(2))).await;
    for path in ["/socket.io/websocket", "/socket.io/?EIO=4&transport=websocket", "/plain"].repeat(2) {
        let mut connection = server.ask(rfc6455::handshake(path)).await;
        connection.end_sending().await;
        connection.rest().await;
    }
    for _ in 0..2 {
        packets::handshake(&server).await;
    }
    assert_eq!(server.listener.stats().refused_sessions, 0);
}
