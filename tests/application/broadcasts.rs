//! One message to many, on all transports at once.

use crate::support::{Mounting, Peer, Server, milliseconds};
use heirloom::{Broadcast, Client, Listener, Transport};

/// One client of every transport.
async fn everybody(server: &Server) -> Vec<Peer> {
    let mut peers = Vec::new();
    for transport in crate::support::FRAMES_TRANSPORTS {
        peers.push(Peer::open(server, transport).await);
    }
    peers
}

fn clients(server: &Server, peers: &[Peer]) -> Vec<Client> {
    peers.iter().map(|peer| server.listener.client(&peer.id).unwrap()).collect()
}

fn counts(outcome: Broadcast) -> (usize, usize, usize) {
    (outcome.queued, outcome.dropped, outcome.closed)
}

/// What each of them received before the end of the test, which comes to all of them.
async fn received(server: &Server, peers: &mut [Peer]) -> Vec<Vec<String>> {
    assert_eq!(counts(server.listener.broadcast("the end")), (peers.len(), 0, 0));
    let mut received = Vec::new();
    for peer in peers {
        let mut messages = Vec::new();
        loop {
            match peer.receive().await.as_str() {
                "the end" => break,
                text => messages.push(text.to_owned()),
            }
        }
        received.push(messages);
    }
    received
}

#[tokio::test]
async fn a_broadcast_reaches_everybody_but_the_excepted() {
    let servers = [Server::new(Listener::builder()).await, Server::json(Mounting::Wrap, Listener::builder()).await];
    for server in servers {
        assert_eq!(counts(server.listener.broadcast("to nobody")), (0, 0, 0));
        let mut peers = everybody(&server).await;
        let clients = clients(&server, &peers);
        let ids: Vec<_> = clients.iter().map(Client::id).collect();
        assert_eq!(counts(server.listener.broadcast("all é😀")), (7, 0, 0));
        let except = [ids[0].as_str(), ids[6].as_str(), "nobody", "00000000000000000000000000000000"];
        assert_eq!(counts(server.listener.broadcast_except("not 0 and 6", &except)), (5, 0, 0));
        assert_eq!(counts(clients[2].broadcast("not 2")), (6, 0, 0));
        for (number, messages) in received(&server, &mut peers).await.into_iter().enumerate() {
            let mut expected = vec!["all é😀"];
            expected.extend((number != 0 && number != 6).then_some("not 0 and 6"));
            expected.extend((number != 2).then_some("not 2"));
            assert_eq!(messages, expected, "{}", peers[number].transport);
        }
    }
}

#[tokio::test]
async fn a_room_reaches_who_is_in_it() {
    let server = Server::new(Listener::builder()).await;
    let mut peers = everybody(&server).await;
    let clients = clients(&server, &peers);
    assert_eq!(counts(server.listener.to("red").send("to nobody")), (0, 0, 0));
    for client in &clients[..4] {
        client.join("red");
        client.join("red");
    }
    clients[3].join("blue");
    assert_eq!(clients[3].rooms().len(), 2);
    assert_eq!(counts(server.listener.to("red").send("red")), (4, 0, 0));
    assert_eq!(counts(clients[0].to("red").send("red but 0")), (3, 0, 0));
    assert_eq!(counts(clients[6].to("red").send("red from outside")), (4, 0, 0));
    let target = server.listener.to("red").except(&clients[1].id()).except("nobody");
    assert_eq!(counts(target.send("red but 1")), (3, 0, 0));
    clients[2].leave("red");
    clients[2].leave("never entered");
    assert_eq!(counts(server.listener.to("red").send("without 2")), (3, 0, 0));
    assert_eq!(counts(server.listener.to("blue").send("blue")), (1, 0, 0));
    let expected: [&[&str]; 7] = [
        &["red", "red from outside", "red but 1", "without 2"],
        &["red", "red but 0", "red from outside", "without 2"],
        &["red", "red but 0", "red from outside", "red but 1"],
        &["red", "red but 0", "red from outside", "red but 1", "without 2", "blue"],
        &[],
        &[],
        &[],
    ];
    assert_eq!(received(&server, &mut peers).await, expected);
}

#[tokio::test]
async fn who_goes_leaves_its_rooms() {
    let server = Server::new(Listener::builder()).await;
    let mut peers = everybody(&server).await;
    for client in clients(&server, &peers) {
        client.join("room");
    }
    let socket = peers.remove(0);
    let id = socket.id.clone();
    socket.leave().await;
    server.events.disconnected(&id).await;
    assert_eq!(counts(server.listener.to("room").send("six")), (6, 0, 0));
    server.listener.clients().iter().for_each(Client::disconnect);
    for peer in peers {
        assert_eq!(peer.ended().await, ["six"]);
    }
    server.is_empty().await;
    assert_eq!(counts(server.listener.to("room").send("nobody")), (0, 0, 0));
}

#[tokio::test]
async fn a_broadcast_tells_whom_it_did_not_reach() {
    let builder = Listener::builder().queue_messages(1).close_timeout(Transport::XhrPolling, milliseconds(9000));
    let server = Server::new(builder).await;
    let mut peers = everybody(&server).await;
    let clients = clients(&server, &peers);
    // One queue is full, and one client has gone for the application, although its last words wait.
    clients[6].send("occupies").unwrap();
    clients[5].send("last words").unwrap();
    clients[5].disconnect();
    assert_eq!(counts(server.listener.broadcast("hello")), (5, 1, 0));
    assert_eq!(server.listener.stats().dropped_messages, 1);
    for client in &clients {
        client.join("room");
    }
    assert_eq!(server.listener.clients().len(), 6, "who was disconnected is no longer here");
    assert!(server.listener.client(&clients[5].id()).is_none());
    let polls = peers.split_off(5);
    for mut peer in peers {
        assert_eq!(peer.receive().await, "hello");
    }
    assert_eq!(counts(server.listener.to("room").send("hello")).1, 1);
    assert_eq!(server.listener.stats().dropped_messages, 2);
    for (mut peer, expected) in polls.into_iter().zip(["last words", "occupies"]) {
        assert_eq!(peer.receive().await, expected);
    }
}

#[tokio::test]
async fn clients_are_found_by_their_ids() {
    let server = Server::new(Listener::builder()).await;
    let peers = everybody(&server).await;
    let mut ids: Vec<_> = server.listener.clients().iter().map(Client::id).collect();
    let mut expected: Vec<_> = peers.iter().map(|peer| peer.id.clone()).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
    for peer in &peers {
        let client = server.listener.client(&peer.id).unwrap();
        assert_eq!((client.id(), client.transport()), (peer.id.clone(), peer.transport));
        assert!(client == client.listener().client(&peer.id).unwrap());
        assert!(peer.id.len() == 32 && peer.id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{}", peer.id);
    }
    for nobody in ["", "toString", "00000000000000000000000000000000", &peers[0].id[1..]] {
        assert!(server.listener.client(nobody).is_none(), "{nobody}");
    }
}
