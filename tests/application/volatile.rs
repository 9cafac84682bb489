//! What is sent only to who can take it at once.

use crate::support::{PacketPeer, Peer, Server, eventually, packets};
use heirloom::{Broadcast, Client, Listener, SendError, Transport};

const STAYING_OPEN: [Transport; 3] = [Transport::WebSocket, Transport::FlashSocket, Transport::HtmlFile];

/// A poll of the client waits.
async fn poll_waits(peer: &mut PacketPeer, client: &Client) {
    peer.park().await;
    eventually("the poll to wait", || client.volatile().send("a poll waits").is_ok()).await;
    assert_eq!(peer.receive().await, "3:::a poll waits");
}

fn counts(outcome: Broadcast) -> (usize, usize, usize) {
    (outcome.queued, outcome.dropped, outcome.closed)
}

#[tokio::test]
async fn it_is_delivered_where_a_connection_is_open() {
    let server = Server::new(Listener::builder()).await;
    for transport in STAYING_OPEN {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        // What came before has left.
        peer.heard_nothing("after the connection").await;
        eventually("the connection to be free", || client.queued() == (0, 0)).await;
        client.volatile().send("text").unwrap();
        assert_eq!(peer.receive().await, "3:::text", "{transport}");
        eventually("the connection to be free", || client.queued() == (0, 0)).await;
        client.volatile().emit("event", &1).unwrap();
        assert_eq!(peer.receive().await, r#"5:::{"name":"event","args":[1]}"#, "{transport}");
    }
    assert_eq!(server.listener.stats().volatile_dropped, 0);
}

#[tokio::test]
async fn it_is_dropped_and_counted_between_two_polls_and_delivered_to_one_that_waits() {
    let server = Server::new(Listener::builder()).await;
    for transport in crate::POLLS {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        let before = server.listener.stats();
        assert_eq!(client.volatile().send("missed"), Err(SendError::NotReady), "{transport}");
        assert_eq!(client.volatile().emit("missed", &()), Err(SendError::NotReady));
        assert_eq!(client.queued().1, 0, "nothing is kept");
        let after = server.listener.stats();
        assert_eq!(after.volatile_dropped - before.volatile_dropped, 2, "{transport}");
        assert_eq!(after.dropped_messages, before.dropped_messages, "a full queue is another matter");
        client.send("kept").unwrap();
        assert_eq!(client.volatile().send("missed"), Err(SendError::NotReady), "{transport}");
        assert_eq!(peer.payload().await.unwrap(), ["3:::kept"]);

        poll_waits(&mut peer, &client).await;
        peer.park().await;
        eventually("the poll to wait", || client.volatile().emit("taken", &()).is_ok()).await;
        assert_eq!(client.volatile().send("the poll is used up"), Err(SendError::NotReady), "{transport}");
        assert_eq!(peer.payload().await.unwrap(), [r#"5:::{"name":"taken"}"#]);
    }
}

#[tokio::test]
async fn a_volatile_broadcast_misses_who_is_away_and_counts_them() {
    let server = Server::new(Listener::builder()).await;
    let mut open = PacketPeer::open(&server, Transport::WebSocket).await;
    let mut away = PacketPeer::open(&server, Transport::XhrPolling).await;
    let mut older = Peer::open(&server, Transport::HtmlFile).await;
    let (here, gone) = (open.client(&server), away.client(&server));
    open.heard_nothing("after the connection").await;
    for client in server.listener.clients() {
        client.join("room");
        if client != gone {
            eventually("the connections to be free", || client.queued() == (0, 0)).await;
        }
    }
    let before = server.listener.stats().volatile_dropped;
    assert_eq!(counts(server.listener.to("room").volatile().send("now")), (2, 1, 0));
    assert_eq!((open.receive().await.as_str(), older.receive().await.as_str()), ("3:::now", "now"));
    eventually("the connection to be free", || here.queued() == (0, 0)).await;
    assert_eq!(counts(gone.others().volatile().emit("now", &()).unwrap()).1, 0, "it is not among them");
    assert_eq!(server.listener.stats().volatile_dropped - before, 1);
    assert_eq!(open.receive().await, r#"5:::{"name":"now"}"#);
    away.heard_nothing("what it missed does not come later").await;
}

#[tokio::test]
async fn it_is_dropped_behind_a_socket_that_is_not_read() {
    let server = Server::new(Listener::builder().queue_bytes(1 << 20)).await;
    for transport in STAYING_OPEN {
        let peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        let text = "x".repeat(64 * 1024);
        // The system's buffers take their share first.
        for round in 0.. {
            if client.send(text.as_str()).is_err() {
                break;
            }
            assert!(round < 2000, "125 MiB are queued for a client that reads nothing");
            tokio::task::yield_now().await;
        }
        assert_eq!(client.volatile().send("stale"), Err(SendError::NotReady), "{transport}");
        assert!(client.is_connected());
    }
}

#[tokio::test]
async fn nothing_is_sent_to_who_has_gone() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let (root, chat) = (peer.client(&server), peer.client_of(&server, "/chat"));
        peer.send(&["0::/chat"]).await;
        peer.settled().await;
        assert_eq!(chat.volatile().send("late"), Err(SendError::Closed), "{transport}");
        peer.send(&["0::"]).await;
        eventually("the client to go", || !root.is_connected()).await;
        assert_eq!(root.volatile().send("late"), Err(SendError::Closed), "{transport}");
    }
}
