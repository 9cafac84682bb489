//! How clients leave namespaces: by their own will, by the application's, or with the whole session.

use crate::{
    namespaces::{counts, watch},
    support::{PacketPeer, Server, packets},
};
use heirloom::{Listener, SendError};

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
