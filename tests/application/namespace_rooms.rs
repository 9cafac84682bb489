//! Rooms of namespaces, and targets made of them.

use crate::{
    namespaces::counts,
    support::{Log, PacketPeer, Server, eventually, packets},
};
use heirloom::{Listener, Transport};

#[tokio::test]
async fn rooms_of_one_name_in_two_namespaces_are_two_rooms() {
    let server = Server::new(Listener::builder()).await;
    let chat = server.listener.of("/chat");
    for transport in packets::ALL {
        let mut both = PacketPeer::open(&server, transport).await;
        let mut root_only = PacketPeer::open(&server, transport).await;
        both.enter("/chat").await;
        root_only.enter("/chat").await;
        both.client_of(&server, "/chat").join("room");
        root_only.client(&server).join("room");
        assert_eq!(counts(chat.to("room").send("in chat")), (1, 0, 0), "{transport}");
        assert_eq!(counts(server.listener.to("room").send("in the root")), (1, 0, 0), "{transport}");
        assert_eq!(both.settled().await, ["3::/chat:in chat"]);
        assert_eq!(root_only.settled().await, ["3:::in the root"]);
        both.client_of(&server, "/chat").leave("room");
        root_only.client(&server).leave("room");
    }
}

#[tokio::test]
async fn a_room_named_like_a_namespace_is_a_room() {
    let server = Server::new(Listener::builder()).await;
    let chat = server.listener.of("/chat");
    let mut in_room = PacketPeer::open(&server, Transport::WebSocket).await;
    let mut in_chat = PacketPeer::open(&server, Transport::XhrPolling).await;
    in_chat.enter("/chat").await;
    for name in ["/chat", "chat", "", "/"] {
        in_room.client(&server).join(name);
    }
    assert_eq!(counts(chat.broadcast("to the namespace")), (1, 0, 0));
    assert_eq!(counts(server.listener.to("/chat").send("to the room")), (1, 0, 0));
    assert_eq!(counts(server.listener.to("").send("to the nameless room")), (1, 0, 0));
    assert_eq!(in_room.settled().await, ["3:::to the room", "3:::to the nameless room"]);
    assert_eq!(in_chat.settled().await, ["3::/chat:to the namespace"]);
}

#[tokio::test]
async fn targets_are_unions_of_rooms_without_the_excepted_and_each_is_reached_once() {
    for name in ["/", "/chat"] {
        let server = Server::new(Listener::builder()).await;
        let namespace = server.listener.of(name);
        let mut peers = Vec::new();
        for transport in packets::ALL.into_iter().filter(|transport| *transport != Transport::FlashSocket).take(5) {
            let mut peer = PacketPeer::open(&server, transport).await;
            if name != "/" {
                peer.enter(name).await;
            }
            peers.push(peer);
        }
        let clients: Vec<_> = peers.iter().map(|peer| peer.client_of(&server, name)).collect();
        for (client, rooms) in clients.iter().zip([&["a"][..], &["a", "b"], &["b"], &["c"], &[]]) {
            rooms.iter().for_each(|room| assert!(client.join(room)));
        }
        let target = namespace.to("a").to("b").except(&clients[2].id());
        let mut meant = target.clients();
        meant.sort_by_key(|client| clients.iter().position(|other| other == client));
        assert_eq!(meant, clients[..2], "{name}");
        assert_eq!(counts(target.send("1")), (2, 0, 0));
        assert_eq!(counts(namespace.to("c").to("nobody").emit("2", &()).unwrap()), (1, 0, 0));
        assert_eq!(counts(namespace.everybody().except(&clients[0].id()).send("3")), (4, 0, 0));
        assert_eq!(counts(clients[0].to("a").to("b").send("4")), (2, 0, 0), "all but the sender");
        assert_eq!(counts(clients[4].others().send("5")), (4, 0, 0));
        assert_eq!(counts(clients[4].broadcast("6")), (4, 0, 0));
        assert_eq!(counts(namespace.broadcast_except("7", [clients[3].id(), clients[4].id()])), (3, 0, 0));
        assert_eq!(counts(namespace.emit("8", &[1]).unwrap()), (5, 0, 0));
        let endpoint = if name == "/" { "" } else { name };
        for (peer, numbers) in peers.iter_mut().zip(["15678", "1345678", "345678", "23568", "38"]) {
            let expected: Vec<_> = numbers
                .chars()
                .map(|number| match number {
                    '2' => format!(r#"5::{endpoint}:{{"name":"2"}}"#),
                    '8' => format!(r#"5::{endpoint}:{{"name":"8","args":[1]}}"#),
                    number => format!("3::{endpoint}:{number}"),
                })
                .collect();
            assert_eq!(peer.settled().await, expected, "{name} {}", peer.transport);
        }
    }
}

#[tokio::test]
async fn a_client_that_has_left_is_reached_no_more_and_knows_its_rooms_until_its_last_handler_has_looked() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    let noted = log.clone();
    let chat = server.listener.of("/chat");
    chat.on_disconnect(move |client, _| {
        let log = noted.clone();
        async move {
            tokio::task::yield_now().await;
            log.note(format!("{:?} {}", client.rooms(), client.listener().of("/chat").to("room").clients().len()));
        }
    });
    for (round, transport) in (1..).zip(packets::ALL) {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let client = peer.client_of(&server, "/chat");
        client.join("room");
        peer.send(&["0::/chat"]).await;
        assert_eq!(log.until(round).await[round - 1], "[\"room\"] 0", "{transport}");
        eventually("the room to be empty", || client.rooms().is_empty()).await;
        assert!(chat.to("room").clients().is_empty());
    }
}
