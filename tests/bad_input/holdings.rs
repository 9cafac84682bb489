//! More of what the server keeps for one client than there may be: acknowledgements, rooms, namespaces.

use crate::{
    limits::Bystander,
    support::{
        PacketPeer, Peer, Server,
        engine::{EnginePeer, Four, REVISIONS, Three, opening},
        eventually, packets,
    },
};
use heirloom::{AckError, Client, Listener, SendError, Transport};
use std::time::Duration;
use tokio::task::JoinHandle;

const LONG: Duration = Duration::from_secs(60);

type Asked = JoinHandle<Result<(), AckError>>;

fn ask(client: &Client, name: &'static str) -> Asked {
    let client = client.clone();
    tokio::spawn(async move { client.emit_with_ack(name, &(), LONG).await })
}

#[tokio::test]
async fn a_client_that_owes_too_many_acknowledgements_is_asked_for_no_more() {
    let server = Server::new(Listener::builder().max_awaited_acks(2)).await;
    server.listener.of("/chat");
    let mut bystander = Bystander::of(&server).await;
    for transport in packets::ALL {
        let before = server.listener.stats().refused_acks;
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let (client, in_chat) = (peer.client(&server), peer.client_of(&server, "/chat"));
        let first = ask(&client, "first");
        assert_eq!(peer.receive().await, r#"5:1+::{"name":"first"}"#, "{transport}");
        let second = ask(&in_chat, "second");
        assert_eq!(peer.receive().await, r#"5:1+:/chat:{"name":"second"}"#, "{transport}");
        // Of one client in all its namespaces.
        for client in [&client, &in_chat] {
            assert_eq!(ask(client, "third").await.unwrap(), Err(AckError::TooMany), "{transport}");
            let unsent = client.send_with_ack("third", LONG).await;
            assert_eq!(unsent, Err(AckError::TooMany), "{transport}");
        }
        assert_eq!(client.awaited_acks(), 2);
        assert_eq!(server.listener.stats().refused_acks, before + 4, "{transport}");
        peer.heard_nothing("of what was refused").await;
        peer.send(&["6:::1"]).await;
        assert_eq!(first.await.unwrap(), Ok(()), "{transport}");
        let third = ask(&client, "third");
        assert_eq!(peer.receive().await, r#"5:2+::{"name":"third"}"#, "{transport}");
        peer.send(&["0::"]).await;
        assert_eq!(second.await.unwrap(), Err(AckError::Disconnected), "{transport}");
        assert_eq!(third.await.unwrap(), Err(AckError::Disconnected), "{transport}");
        assert_eq!(ask(&client, "late").await.unwrap(), Err(AckError::Send(SendError::Closed)), "{transport}");
        assert_eq!(server.listener.stats().refused_acks, before + 4, "{transport}: who is gone owes nothing");
    }
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn who_gives_up_waiting_leaves_room_for_another() {
    let server = Server::new(Listener::builder().max_awaited_acks(1)).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        let client = peer.client(&server);
        let asked = ask(&client, "first");
        assert_eq!(peer.receive().await, "421[\"first\"]", "{revision:?}");
        assert_eq!(ask(&client, "second").await.unwrap(), Err(AckError::TooMany), "{revision:?}");
        asked.abort();
        eventually("it is forgotten", || client.awaited_acks() == 0).await;
        let asked = ask(&client, "third");
        assert_eq!(peer.receive().await, "422[\"third\"]", "{revision:?}");
        peer.send(&["431[]", "432[]"]).await;
        assert_eq!(asked.await.unwrap(), Ok(()), "{revision:?}");
    }
    assert_eq!(server.listener.stats().refused_acks, 2);
}

#[tokio::test]
async fn a_late_answer_is_none_to_what_was_asked_after_coming_back() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    peer.enter("/chat").await;
    let earlier = ask(&peer.client_of(&server, "/chat"), "earlier");
    assert_eq!(peer.receive().await, r#"5:1+:/chat:{"name":"earlier"}"#);
    peer.send(&["0::/chat"]).await;
    assert_eq!(earlier.await.unwrap(), Err(AckError::Disconnected));
    peer.enter("/chat").await;
    let mut later = ask(&peer.client_of(&server, "/chat"), "later");
    assert_eq!(peer.receive().await, r#"5:2+:/chat:{"name":"later"}"#);
    peer.send(&["6::/chat:1"]).await;
    peer.heard_nothing("of the earlier one").await;
    assert!(futures_util::FutureExt::now_or_never(&mut later).is_none(), "it still waits");
    peer.send(&["6::/chat:2"]).await;
    assert_eq!(later.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_client_in_too_many_rooms_enters_no_other() {
    let server = Server::new(Listener::builder().max_rooms(2)).await;
    server.listener.of("/chat");
    let mut bystander = Bystander::of(&server).await;
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    peer.enter("/chat").await;
    let (client, in_chat) = (peer.client(&server), peer.client_of(&server, "/chat"));
    assert_eq!(["a", "b", "c", "a"].map(|room| client.join(room)), [true, true, false, true]);
    assert_eq!(client.rooms(), ["a", "b"]);
    assert_eq!(server.listener.stats().refused_rooms, 1);
    assert_eq!(["a", "c", "d"].map(|room| in_chat.join(room)), [true, true, false], "each namespace for itself");
    assert_eq!(server.listener.stats().refused_rooms, 2);

    let _ = server.listener.to("c").send("to a room it is not in");
    let _ = server.listener.to("a").send("to a room it is in");
    assert_eq!(peer.receive().await, "3:::to a room it is in");
    client.leave("a");
    assert!(client.join("c"), "there is room again");
    let _ = server.listener.to("c").send("to its new room");
    assert_eq!(peer.receive().await, "3:::to its new room");
    peer.leave().await;
    eventually("it is gone", || !client.is_connected()).await;
    assert!(!client.join("a"), "who is gone is nowhere");
    assert_eq!(server.listener.stats().refused_rooms, 2);
    bystander.is_unharmed(&server).await;
}

const NAMES: [&str; 4] = ["/a", "/b", "/c", "/d"];

#[tokio::test]
async fn a_client_of_packets_in_too_many_namespaces_is_refused_at_others() {
    let server = Server::new(Listener::builder().max_namespaces(3)).await;
    let _namespaces = NAMES.map(|name| server.listener.of(name));
    let mut bystander = Bystander::of(&server).await;
    for transport in packets::ALL {
        let before = server.listener.stats().refused_namespaces;
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/a").await;
        peer.enter("/b").await;
        peer.send(&["1::/c", "1::/a", "1::/d?x=y"]).await;
        let heard = peer.receive_all(3).await;
        assert_eq!(heard, ["7::/c:2", "1::/a", "7::/d:2"], "{transport}: where it is, it stays");
        let stats = server.listener.stats();
        assert_eq!((stats.refused_namespaces, stats.refused_clients), (before + 2, 0), "{transport}");
        peer.send(&["3::/c:not in"]).await;
        peer.heard_nothing("where it is not").await;
        peer.send(&["0::/a"]).await;
        peer.enter("/c").await;
        peer.leave().await;
    }
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn a_client_of_engine_in_too_many_namespaces_is_refused_at_others() {
    let server = Server::new(Listener::builder().max_namespaces(3)).await;
    let _namespaces = NAMES.map(|name| server.listener.of(name));
    let mut bystander = Bystander::of(&server).await;
    let mut peer = EnginePeer::connect(&server, Three, Transport::Polling).await;
    peer.send(&["40/a", "40/b", "40/c", "40/d"]).await;
    let told = peer.receive_all(4).await;
    let refused = |name: &str| format!("44{name},\"too many namespaces\"");
    assert_eq!(told, ["40/a,".to_owned(), "40/b,".to_owned(), refused("/c"), refused("/d")]);
    peer.send(&["41/b", "40/d"]).await;
    assert_eq!(peer.receive().await, "40/d,");

    for transport in [Transport::Polling, Transport::WebSocket] {
        // A client of 3.0 and later is in the root only if it wants to be.
        let mut peer = opening(Four, transport).open(&server).await;
        peer.send(&["40/a,", "40/b,", "40/c,", "40/d,", "40"]).await;
        let told = peer.receive_all(5).await;
        for (name, told) in NAMES[..3].iter().zip(&told) {
            assert!(told.starts_with(&format!("40{name},{{\"sid\":\"")), "{transport}: {told}");
        }
        let reason = r#"{"message":"too many namespaces"}"#;
        assert_eq!(told[3..], [format!("44/d,{reason}"), format!("44{reason}")], "{transport}");
        peer.send(&["41/c,", "40/d,"]).await;
        assert!(peer.receive().await.starts_with("40/d,{"), "{transport}");
    }
    let stats = server.listener.stats();
    assert_eq!((stats.refused_namespaces, stats.refused_clients), (6, 0));
    bystander.is_unharmed(&server).await;
}

/// What is remembered of it is bounded, and still it is never said that it broke the rules.
#[tokio::test]
async fn a_client_may_come_and_go_as_often_as_it_likes() {
    const TIMES: usize = 200;
    let server = Server::new(Listener::builder().max_namespaces(2)).await;
    let names: Vec<String> = (0..TIMES).map(|number| format!("/{number}")).collect();
    for name in &names {
        server.listener.of(name);
    }
    let mut peer = EnginePeer::connect(&server, Four, Transport::WebSocket).await;
    for name in &names {
        peer.send(&[&format!("40{name},")]).await;
        assert!(peer.receive().await.starts_with(&format!("40{name},{{")));
        peer.send(&[&format!("41{name},"), &format!("42{name},[\"late\"]")]).await;
    }
    for name in &names[TIMES - 64..] {
        peer.send(&[&format!("42{name},[\"very late\"]")]).await;
    }
    let bystander = Peer::open(&server, Transport::WebSocket).await;
    assert_eq!(server.listener.stats().refused_namespaces, 0);
    let client = peer.client(&server);
    client.send("still here").unwrap();
    assert_eq!(peer.receive().await, r#"42["message","still here"]"#);
    // Beyond that it is taken for one that never was there.
    peer.send(&[&format!("42{},[\"far too late\"]", names[0])]).await;
    assert_eq!(peer.ended().await, []);
    bystander.leave().await;
}
