//! Acknowledgements that clients ask for.

use crate::support::{PacketPeer, Peer, Server, packets};
use heirloom::{Ack, Client, Listener, Transport};
use serde_json::Value;

#[tokio::test]
async fn a_client_is_acknowledged_with_what_the_application_gives() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on("ask", |_: Client, arguments: Value, ack: Option<Ack>| async move {
        ack.unwrap().send(&arguments).unwrap();
    });
    server.listener.on("none", |_: Client, (): (), ack: Option<Ack>| async move { ack.unwrap().send(&()).unwrap() });
    server.listener.on("one", |_: Client, (): (), ack: Option<Ack>| async move { ack.unwrap().send("é").unwrap() });
    server.listener.on("drop", |_: Client, (): (), ack: Option<Ack>| async move { drop(ack.unwrap()) });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for (packet, answer) in [
            (r#"5:1+::{"name":"ask","args":[1,"é漢😀",{"a":[]}]}"#, r#"6:::1+[1,"é漢😀",{"a":[]}]"#),
            (r#"5:9999999999+::{"name":"ask","args":[null]}"#, "6:::9999999999+[null]"),
            (r#"5:2+::{"name":"none"}"#, "6:::2"),
            (r#"5:0+::{"name":"one"}"#, r#"6:::0+["é"]"#),
        ] {
            peer.send(&[packet]).await;
            assert_eq!(peer.receive().await, answer, "{transport}");
        }
        peer.send(&[r#"5:5+::{"name":"drop"}"#]).await;
        peer.heard_nothing("an acknowledgement that was dropped").await;
    }
}

#[tokio::test]
async fn what_is_acknowledged_on_receipt_is_so_before_its_handler_answers() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    server.listener.on("echo", |client: Client, arguments: Value, ack: Option<Ack>| async move {
        assert!(ack.is_none(), "it has been given already");
        client.emit("echo", &arguments).unwrap();
    });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for (packet, answers) in [
            ("3:1::text", ["6:::1", "3:::text"]),
            ("4:2::[3]", ["6:::2", "4:::[3]"]),
            (r#"5:3::{"name":"echo","args":[4]}"#, ["6:::3", r#"5:::{"name":"echo","args":[4]}"#]),
        ] {
            peer.send(&[packet]).await;
            assert_eq!(peer.receive_all(2).await, answers, "{transport}");
        }
    }
}

#[tokio::test]
async fn a_message_may_ask_the_application_for_its_acknowledgement() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message_with_ack(|client, message, ack| async move {
        match ack {
            Some(ack) => ack.send(&(message.as_text(), 1)).unwrap(),
            None => client.send(message).unwrap(),
        }
    });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["3:1+::text", "4:2+::{}", "3:::plain"]).await;
        let expected = ["6:::1+[\"text\",1]", "6:::2+[null,1]", "3:::plain"];
        assert_eq!(peer.receive_all(3).await, expected, "{transport}");
    }
    let mut older = Peer::open(&server, Transport::WebSocket).await;
    older.send(&["plain"]).await;
    assert_eq!(older.receive().await, "plain", "clients of the frames generation ask for none");
}

#[tokio::test]
async fn a_message_that_asks_for_one_gets_it_also_from_a_handler_that_knows_of_none() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["3:1+::text", "4:2+::[3]", r#"5:3+::{"name":"message","args":["event"]}"#]).await;
        let answers = ["6:::1", "3:::text", "6:::2", "4:::[3]", "6:::3", "3:::event"];
        assert_eq!(peer.receive_all(6).await, answers, "{transport}");
    }
}
