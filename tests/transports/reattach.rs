//! Sessions that outlive their connections.

use crate::support::{Event, Mounting, Peer, Server, eventually, frame, milliseconds, request};
use heirloom::{Builder, DisconnectReason, Listener, Transport};

const KEPT: [Transport; 5] = [
    Transport::WebSocket,
    Transport::FlashSocket,
    Transport::HtmlFile,
    Transport::XhrMultipart,
    Transport::ServerEvents,
];

fn kept(milliseconds_: u64) -> Builder {
    KEPT.into_iter()
        .fold(Listener::builder(), |builder, transport| builder.close_timeout(transport, milliseconds(milliseconds_)))
}

#[tokio::test]
async fn what_was_sent_meanwhile_comes_first_and_as_one_payload() {
    let servers = [
        Server::new(kept(5000)).await,
        Server::mounted(Mounting::Wrap, kept(5000)).await,
        Server::json(Mounting::Serve, kept(5000)).await,
    ];
    for server in servers {
        for transport in KEPT {
            let peer = Peer::open(&server, transport).await;
            let id = peer.id.clone();
            let client = server.listener.client(&id).unwrap();
            peer.leave().await;
            for text in ["one", "two", "three"] {
                client.send(text).unwrap();
            }
            let mut again = Peer::reattach(&server, transport, &id).await;
            assert_eq!(again.payload().await.unwrap(), ["one", "two", "three"], "{transport}");
            client.send("four").unwrap();
            assert_eq!(again.payload().await.unwrap(), ["four"], "{transport}");
            again.send(&["heard"]).await;
            server.events.texts_until(&id, 1).await;
            assert_eq!(server.events.about(&id)[..1], [Event::Connect(id.clone())]);
            assert_eq!(server.events.about(&id).len(), 2, "connected once");
        }
    }
}

#[tokio::test]
async fn who_comes_back_with_nothing_waiting_is_sent_nothing() {
    let server = Server::new(kept(5000)).await;
    for transport in KEPT {
        let peer = Peer::open(&server, transport).await;
        let id = peer.id.clone();
        peer.leave().await;
        let mut again = Peer::reattach(&server, transport, &id).await;
        again.send(&["back"]).await;
        server.events.texts_until(&id, 1).await;
        server.listener.client(&id).unwrap().send("first").unwrap();
        assert_eq!(again.payload().await.unwrap(), ["first"], "{transport}: neither an id nor an empty payload");
    }
}

#[tokio::test]
async fn who_does_not_come_back_in_time_is_gone_with_what_waited() {
    let server = Server::new(kept(300)).await;
    for (round, transport) in (1..).zip(KEPT) {
        let peer = Peer::open(&server, transport).await;
        let id = peer.id.clone();
        let client = server.listener.client(&id).unwrap();
        peer.leave().await;
        client.send_all(["one", "two"]).unwrap();
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed, "{transport}");
        server.is_empty().await;
        assert_eq!(server.listener.stats().undelivered_messages, 2 * round);
    }
}

#[tokio::test]
async fn a_newer_socket_takes_the_place_of_an_older_which_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in [Transport::WebSocket, Transport::FlashSocket] {
            let older = Peer::open(&server, transport).await;
            let id = older.id.clone();
            let mut newer = Peer::reattach(&server, transport, &id).await;
            assert!(older.ended().await.is_empty());
            newer.send(&["from the newer"]).await;
            server.events.texts_until(&id, 1).await;
            server.listener.client(&id).unwrap().send("to the newer").unwrap();
            assert_eq!(newer.receive().await, "to the newer", "{transport} {mounting:?}");
            assert_eq!(server.events.about(&id).len(), 2, "the session noticed nothing");
        }
    }
}

#[tokio::test]
async fn a_socket_may_come_back_in_another_draft() {
    let server = Server::new(kept(5000)).await;
    let peer = Peer::open(&server, Transport::WebSocket).await;
    let id = peer.id.clone();
    let client = server.listener.client(&id).unwrap();
    peer.leave().await;
    client.send("waited").unwrap();
    let path = format!("/socket.io/flashsocket/{id}");
    let mut socket = server.ask(request("GET", &path, &["Upgrade: WebSocket", "Connection: Upgrade"], "")).await;
    assert_eq!(socket.head().await.status, 101);
    assert_eq!(socket.until([0xff]).await, [&[0], frame("waited").as_bytes(), &[0xff]].concat());
    assert_eq!(client.transport(), Transport::WebSocket, "a session keeps the transport it began with");
    drop(socket);
    eventually("the session to be kept", || client.is_connected()).await;
}
