//! Packets of 0.7 to 0.9 that are none, or hold what they should not. Some of them once stopped a server.

use crate::{
    packets_payloads::Bystanders,
    support::{Log, Mounting, PacketPeer, Server, packets},
};
use heirloom::{Ack, Client, Listener};
use serde_json::Value;

#[tokio::test]
async fn a_packet_that_is_none_is_ignored() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut bystanders = Bystanders::of(&server).await;
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            for packet in [
                "3",
                "3:",
                "x",
                ":",
                "::",
                ":::",
                "\0",
                "-1::",
                "3:-1::a",
                "3:abc:a",
                "3:1e9::a",
                "3:99999999999::a",
                "3: 1::a",
                "٣::",
                "1",
                "2",
                "6::",
                "6:::",
                "6:::x",
                "6:::1x",
                "6:::+[1]",
                "6:::99999999999999999999+[1]",
                "7:::1+0",
                "7:::",
                "8::",
                "9::",
                "10:::a",
                "4::",
                "4:::",
                "4:::{",
                "4:::undefined",
                "4:::NaN",
                "4:::[1] 2",
                "5::",
                "5:::",
                "5:::null",
                "5:::[]",
                "5:::\"name\"",
                "5:::{\"name\":\"a\"",
            ] {
                peer.send_payload(packet).await;
                peer.heard_nothing(packet).await;
            }
            assert_eq!(server.events.about(&peer.id).len(), 1, "{mounting:?} {transport}: connected, and nothing else");
        }
        bystanders.are_unharmed().await;
    }
}

#[tokio::test]
async fn what_is_no_json_but_asks_for_a_receipt_gets_it_and_nothing_else() {
    let server = Server::new(Listener::builder()).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["4:1::{", "5:2::[]", "9:3::", "length:4::", "7:5::"]).await;
        let receipts = ["6:::1", "6:::2", "6:::3", "6:::4", "6:::5"];
        assert_eq!(peer.receive_all(5).await, receipts, "{transport}");
        peer.send(&["6:6::1"]).await;
        assert_eq!(peer.receive().await, "6:::6", "{transport}: also an acknowledgement");
        assert_eq!(server.events.about(&peer.id).len(), 1);
    }
}

#[tokio::test]
async fn names_that_objects_of_a_script_have_are_no_namespaces() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    let mut bystanders = Bystanders::of(&server).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for name in ["constructor", "__proto__", "toString", "hasOwnProperty", "/__proto__", "/constructor", "length"] {
            for packet in ["1::NAME", "3::NAME:x", "3:1:NAME:x", r#"5:1+:NAME:{"name":"x"}"#, "6::NAME:1", "0::NAME"] {
                let packet = packet.replace("NAME", name);
                peer.send(&[&packet]).await;
                peer.heard_nothing(&packet).await;
            }
        }
        assert!(peer.client(&server).is_connected(), "{transport}");
    }
    bystanders.are_unharmed().await;
}

#[tokio::test]
async fn an_event_whose_name_is_no_name_is_heard_by_nobody() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    for name in ["", "null", "5", "[object Object]", "a", "undefined", "true"] {
        let noted = log.clone();
        server.listener.on(name, move |_: Client, arguments: Value, _: Option<Ack>| {
            noted.note(format!("{name}{arguments}"));
            async {}
        });
    }
    let mut bystanders = Bystanders::of(&server).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for event in [
            r#"{"name":{"a":1}}"#,
            r#"{"name":["a"]}"#,
            r#"{"name":5}"#,
            r#"{"name":null}"#,
            r#"{"name":true}"#,
            r#"{"name":"\ud83d"}"#,
            r#"{"args":["a"]}"#,
            r#"{"Name":"a"}"#,
            "{}",
        ] {
            peer.send(&[&format!("5:::{event}"), &format!("5:1+::{event}")]).await;
            peer.heard_nothing(event).await;
        }
        assert_eq!(log.all(), [""; 0], "{transport}");
    }
    bystanders.are_unharmed().await;
}

#[tokio::test]
async fn an_acknowledgement_whose_data_is_no_list_is_none() {
    let server = Server::new(Listener::builder()).await;
    let mut bystanders = Bystanders::of(&server).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        let asking = tokio::spawn(async move {
            let long = std::time::Duration::from_secs(60);
            client.emit_with_ack::<Value>("ask", &(), long).await
        });
        assert_eq!(peer.receive().await, r#"5:1+::{"name":"ask"}"#);
        for data in
            [r#"{"length":10000000}"#, "\"text\"", "7", "null", "true", "[1", "{", "[1]]", "[1],[2]", "undefined"]
        {
            peer.send(&[&format!("6:::1+{data}")]).await;
            peer.heard_nothing(data).await;
            assert!(!asking.is_finished(), "{transport} {data}");
        }
        peer.send(&["6:::1+[\"a list\"]"]).await;
        assert_eq!(asking.await.unwrap().unwrap(), serde_json::json!(["a list"]), "{transport}");
    }
    bystanders.are_unharmed().await;
}

#[tokio::test]
async fn json_nested_beyond_reason_harms_nobody() {
    const DEPTH: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let server = Server::new(Listener::builder()).await;
    server.listener.on("deep", |_: Client, _: Value, _: Option<Ack>| async {});
    let mut bystanders = Bystanders::of(&server).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for packet in [
            format!("4:::{deep}"),
            format!("4:::{}", "[".repeat(DEPTH)),
            format!(r#"5:::{{"name":"deep","args":{deep}}}"#),
            format!(r#"5:::{{"other":{deep},"name":"deep"}}"#),
            format!(r#"5:::{{"name":{deep}}}"#),
            format!("6:::1+{deep}"),
        ] {
            peer.send(&[&packet]).await;
        }
        peer.heard_nothing("deep nesting").await;
        assert_eq!(server.events.texts(&peer.id), [""; 0], "{transport}");
    }
    bystanders.are_unharmed().await;
}
