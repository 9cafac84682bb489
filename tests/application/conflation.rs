//! Messages of which only the newest matters.

use crate::support::{
    PacketPeer, Peer, Server,
    engine::{EnginePeer, Four, opening},
    eventually,
};
use heirloom::{Client, Listener, Transport};

/// Says prices and other things, the last price among them.
fn say(client: &Client) {
    client.conflate("price").send("price 1").unwrap();
    client.send("one").unwrap();
    client.conflate("place").emit("place", &1).unwrap();
    client.conflate("price").send("price 2").unwrap();
    client.conflate("place").emit("place", &2).unwrap();
    client.send("two").unwrap();
    client.conflate("price").send("price 3").unwrap();
}

#[tokio::test]
async fn who_is_away_gets_the_newest_for_each_key_and_everything_else_in_order() {
    let server = Server::new(Listener::builder().without_recovery()).await;
    let mut frames = Peer::open(&server, Transport::XhrPolling).await;
    say(&server.listener.client(&frames.id).unwrap());
    let place = r#"~j~{"name":"place","args":[2]}"#;
    assert_eq!(frames.receive_all(4).await, ["one", place, "two", "price 3"]);
    let mut packets = PacketPeer::open(&server, Transport::JsonpPolling).await;
    say(&packets.client(&server));
    let place = r#"5:::{"name":"place","args":[2]}"#;
    assert_eq!(packets.receive_all(4).await, ["3:::one", place, "3:::two", "3:::price 3"]);
    let mut engine = EnginePeer::connect(&server, Four, Transport::Polling).await;
    say(&engine.client(&server));
    let heard = engine.receive_all(4).await;
    let message = |text: &str| format!(r#"42["message","{text}"]"#);
    assert_eq!(heard, [message("one"), r#"42["place",2]"#.into(), message("two"), message("price 3")]);
    assert_eq!(server.listener.stats().conflated_messages, 3 * 3);
    assert_eq!(server.listener.stats().dropped_messages, 0);
}

#[tokio::test]
async fn a_message_takes_its_attachments_along() {
    let server = Server::new(Listener::builder().without_recovery()).await;
    let mut peer = EnginePeer::connect(&server, Four, Transport::Polling).await;
    let client = peer.client(&server);
    client.conflate("picture").send(vec![1_u8, 2]).unwrap();
    client.conflate("picture").send(vec![3_u8, 4]).unwrap();
    client.send("text").unwrap();
    assert_eq!(server.listener.stats().conflated_messages, 1);
    assert_eq!(peer.receive().await, r#"451-["message",{"_placeholder":true,"num":0}]"#);
    assert_eq!(peer.receive_binary().await, [3, 4]);
    assert_eq!(peer.receive().await, r#"42["message","text"]"#);
}

#[tokio::test]
async fn who_listens_gets_every_one() {
    let server = Server::new(Listener::builder().without_recovery()).await;
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    for number in 0..10 {
        let _ = server.listener.everybody().conflate("number").send(number.to_string());
        assert_eq!(peer.receive().await, format!("3:::{number}"));
    }
    assert_eq!(server.listener.stats().conflated_messages, 0);
}

#[tokio::test]
async fn the_answer_of_a_poll_that_waited_is_not_changed() {
    let server = Server::new(Listener::builder().without_recovery()).await;
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    let client = peer.client(&server);
    peer.park().await;
    eventually("the poll to wait", || client.volatile().send("first").is_ok()).await;
    // The poll is sealed, and the server has not come to answer it.
    client.conflate("number").send("1").unwrap();
    client.conflate("number").send("2").unwrap();
    assert_eq!(peer.payload().await.unwrap(), ["3:::first"]);
    assert_eq!(peer.payload().await.unwrap(), ["3:::2"]);
}

#[tokio::test]
async fn a_key_means_nothing_in_another_namespace() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    peer.enter("/chat").await;
    let (root, chat) = (peer.client(&server), peer.client_of(&server, "/chat"));
    root.conflate("key").send("root").unwrap();
    chat.conflate("key").send("old").unwrap();
    let _ = server.listener.of("/chat").everybody().conflate("key").send("new");
    assert_eq!(peer.payload().await.unwrap(), ["3:::root", "3::/chat:new"]);
}

#[tokio::test]
async fn a_volatile_message_with_a_key_is_not_kept_and_takes_no_place_of_what_is() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    let client = peer.client(&server);
    client.conflate("number").send("1").unwrap();
    let outcome = server.listener.everybody().conflate("number").volatile().send("2");
    assert_eq!((outcome.queued, outcome.dropped), (0, 1));
    assert_eq!(peer.payload().await.unwrap(), ["3:::1"]);
}

#[tokio::test]
async fn who_comes_back_gets_the_newest_for_each_key_of_what_it_missed() {
    let server = Server::new(Listener::builder()).await;
    let way = opening(Four, Transport::WebSocket)
        .headers(&[("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")]);
    let mut peer = way.open(&server).await;
    peer.send(&["40"]).await;
    let told = peer.welcomed().await;
    let client = peer.client(&server);
    client.send("heard").unwrap();
    let heard = peer.receive().await;
    let offset = heard.rsplit('"').nth(1).unwrap().to_owned();
    peer.leave().await;
    eventually("the break", || !client.is_connected()).await;
    let everybody = server.listener.everybody();
    let _ = everybody.clone().conflate("price").send("price 1");
    let _ = everybody.send("one");
    let _ = everybody.clone().conflate("price").send("price 2");
    let _ = everybody.clone().conflate("place").send("place");
    let mut again = way.open(&server).await;
    again.send(&[&format!(r#"40{{"pid":{},"offset":"{offset}"}}"#, told["pid"])]).await;
    assert_eq!(again.welcomed().await, told);
    let client = again.client(&server);
    assert!(client.is_recovered());
    client.send("last").unwrap();
    for expected in ["one", "price 2", "place", "last"] {
        let heard = again.receive().await;
        assert!(heard.starts_with(&format!(r#"42["message","{expected}","#)), "{heard}");
    }
}
