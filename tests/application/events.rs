//! Events of clients of 0.7 to 0.9, with arguments of the application's own types, and events to them.

use crate::support::{Log, PacketPeer, Peer, Server, packets};
use heirloom::{Ack, Client, Listener, SendError, Transport};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt::Debug;

/// Notes every event of this name, its arguments read as `T`.
fn hear<T: DeserializeOwned + Debug + 'static>(server: &Server, log: &Log, name: &'static str) {
    let log = log.clone();
    server.listener.on(name, move |_: Client, arguments: T, ack: Option<Ack>| {
        log.note(format!("{name} {arguments:?}{}", if ack.is_some() { " ack" } else { "" }));
        async {}
    });
}

/// What was noted when these packets have been dealt with, and how many events were ignored.
async fn heard_of(server: &Server, log: &Log, peer: &mut PacketPeer, packets: &[&str]) -> (Vec<String>, u64) {
    let (noted, ignored) = (log.all().len(), server.listener.stats().ignored_events);
    peer.send(packets).await;
    peer.heard_nothing("an event asks for nothing").await;
    (log.all().split_off(noted), server.listener.stats().ignored_events - ignored)
}

#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "printed")]
struct Move {
    x: i32,
    to: Option<String>,
}

#[tokio::test]
async fn arguments_are_read_as_the_handlers_types() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    hear::<()>(&server, &log, "none");
    hear::<String>(&server, &log, "one");
    hear::<(u8, String, bool)>(&server, &log, "three");
    hear::<(i32, Option<i32>)>(&server, &log, "optional");
    hear::<Vec<i32>>(&server, &log, "list");
    hear::<Value>(&server, &log, "any");
    hear::<Move>(&server, &log, "struct");
    let table = [
        (r#"5:::{"name":"none"}"#, "none ()"),
        (r#"5:::{"name":"none","args":[]}"#, "none ()"),
        (r#"5:::{"name":"none","args":[1,2]}"#, "none ()"),
        (r#"5:::{"name":"one","args":["é漢😀"]}"#, "one \"é漢😀\""),
        (r#"5:::{"args":["before the name"],"name":"one"}"#, "one \"before the name\""),
        (r#"5:::{"name":"one","args":["a","extra"]}"#, "one \"a\""),
        (r#"5:::{"name":"one","args":"no list"}"#, "one \"no list\""),
        (r#"5:::{"name":"three","args":[7,"b",true]}"#, "three (7, \"b\", true)"),
        (r#"5:::{"name":"three","args":[7,"b",true,"extra"]}"#, "three (7, \"b\", true)"),
        (r#"5:::{"name":"optional","args":[1]}"#, "optional (1, None)"),
        (r#"5:::{"name":"optional","args":[1,null]}"#, "optional (1, None)"),
        (r#"5:::{"name":"list","args":[1,2,3]}"#, "list [1, 2, 3]"),
        (r#"5:::{"name":"list"}"#, "list []"),
        (r#"5:::{"name":"any","args":[null]}"#, "any Array [Null]"),
        (r#"5:::{"name":"struct","args":[{"x":1,"to":"b"}]}"#, "struct Move { x: 1, to: Some(\"b\") }"),
        (r#"5:::{"name":"struct","args":[{"x":-1}]}"#, "struct Move { x: -1, to: None }"),
    ];
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for (packet, expected) in table {
            let heard = heard_of(&server, &log, &mut peer, &[packet]).await;
            assert_eq!(heard, (vec![expected.to_owned()], 0), "{transport} {packet}");
        }
    }
}

#[tokio::test]
async fn arguments_that_do_not_fit_call_nobody_and_are_counted() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    hear::<String>(&server, &log, "one");
    hear::<(u8, String)>(&server, &log, "two");
    hear::<Vec<i32>>(&server, &log, "list");
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for packet in [
            r#"5:::{"name":"one"}"#,
            r#"5:::{"name":"one","args":[1]}"#,
            r#"5:::{"name":"one","args":[null]}"#,
            r#"5:::{"name":"two","args":[1]}"#,
            r#"5:::{"name":"two","args":["1","2"]}"#,
            r#"5:::{"name":"two","args":[256,""]}"#,
            r#"5:::{"name":"list","args":[1,"2"]}"#,
            r#"5:::{"name":"list","args":{"a":1}}"#,
            r#"5:::{"name":"unheard of"}"#,
            r#"5:::{"name":""}"#,
            r#"5:::{"name":"One","args":["x"]}"#,
        ] {
            assert_eq!(heard_of(&server, &log, &mut peer, &[packet]).await, (vec![], 1), "{transport} {packet}");
        }
        let after = heard_of(&server, &log, &mut peer, &[r#"5:::{"name":"one","args":["fits"]}"#]).await;
        assert_eq!(after, (vec!["one \"fits\"".to_owned()], 0), "{transport}: the client goes on");
    }
}

#[tokio::test]
async fn an_acknowledgement_that_was_not_asked_for_is_not_there() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    hear::<()>(&server, &log, "ask");
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    peer.send(&[r#"5:::{"name":"ask"}"#, r#"5:1:::{"name":"ask"}"#, r#"5:2::{"name":"ask"}"#]).await;
    peer.send(&[r#"5:3+::{"name":"ask"}"#]).await;
    peer.settled().await;
    assert_eq!(log.all().last().unwrap(), "ask () ack");
    assert!(log.all()[..log.all().len() - 1].iter().all(|line| line == "ask ()"), "{:?}", log.all());
}

#[tokio::test]
async fn an_event_named_message_is_heard_as_a_message_unless_it_has_a_handler() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&[
            r#"5:::{"name":"message","args":["a text"]}"#,
            r#"5:::{"name":"message","args":[{"a":1},2]}"#,
            "3:::plain",
            "4:::[1]",
        ])
        .await;
        let texts = server.events.texts_until(&peer.id, 4).await;
        assert_eq!(texts, ["a text", "json:{\"a\":1}", "plain", "json:[1]"], "{transport}");
    }
    hear::<String>(&server, &log, "message");
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    peer.send(&[r#"5:::{"name":"message","args":["an event"]}"#, "3:::plain"]).await;
    assert_eq!(server.events.texts_until(&peer.id, 1).await, ["plain"]);
    assert_eq!(log.all(), ["message \"an event\""]);
}

const RESERVED: [&str; 10] = [
    "connect",
    "connecting",
    "connect_failed",
    "disconnect",
    "error",
    "reconnect",
    "reconnecting",
    "reconnect_failed",
    "newListener",
    "removeListener",
];

#[tokio::test]
async fn names_that_belong_to_the_protocol_are_neither_taken_nor_given() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    for name in RESERVED {
        hear::<()>(&server, &log, name);
    }
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        for name in RESERVED {
            let packet = json!({"name": name, "args": []});
            let heard = heard_of(&server, &log, &mut peer, &[&format!("5:::{packet}")]).await;
            assert_eq!(heard, (vec![], 1), "{transport} {name}");
            let refused = SendError::Reserved(name.to_owned());
            assert_eq!(client.emit(name, &()), Err(refused.clone()));
            assert_eq!(client.volatile().emit(name, &()), Err(refused.clone()));
            assert_eq!(client.others().emit(name, &()), Err(refused.clone()));
            assert_eq!(server.listener.emit(name, &()), Err(refused));
        }
        peer.heard_nothing("nothing of a reserved name leaves").await;
        assert!(client.is_connected(), "an event named disconnect disconnects nobody");
        assert_eq!(server.events.about(&peer.id).len(), 1, "{transport}: connected, and nothing else");
    }
}

#[tokio::test]
async fn an_event_leaves_as_name_and_list() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        client.emit("nothing", &()).unwrap();
        client.emit("empty", &[0; 0]).unwrap();
        client.emit("one", "é漢😀").unwrap();
        client.emit("one", &json!({"a": null})).unwrap();
        client.emit("null", &json!(null)).unwrap();
        client.emit("none", &None::<u8>).unwrap();
        client.emit("list", &vec![1, 2]).unwrap();
        client.emit("nested", &([1, 2], ())).unwrap();
        client.emit("a \"name\"\n</script>", &("</script>\u{2028}", 1.5)).unwrap();
        let expected = [
            r#"5:::{"name":"nothing"}"#,
            r#"5:::{"name":"empty"}"#,
            r#"5:::{"name":"one","args":["é漢😀"]}"#,
            r#"5:::{"name":"one","args":[{"a":null}]}"#,
            r#"5:::{"name":"null","args":[null]}"#,
            r#"5:::{"name":"none","args":[null]}"#,
            r#"5:::{"name":"list","args":[1,2]}"#,
            r#"5:::{"name":"nested","args":[[1,2],null]}"#,
            r#"5:::{"name":"a \"name\"\n</script>","args":["</script>\u2028",1.5]}"#,
        ];
        assert_eq!(peer.receive_all(expected.len()).await, expected, "{transport}");
        peer.enter("/chat").await;
        peer.client_of(&server, "/chat").emit("here", &1).unwrap();
        assert_eq!(peer.receive().await, r#"5::/chat:{"name":"here","args":[1]}"#, "{transport}");
    }
}

#[tokio::test]
async fn json_that_spans_lines_leaves_on_one_for_the_sake_of_0_7() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["4:::{ \"a\" :\n [1,\r\n \"b\\n\"] }", "3:::two\nlines"]).await;
        let expected = ["4:::{ \"a\" :  [1,   \"b\\n\"] }", "3:::two\nlines"];
        assert_eq!(peer.receive_all(2).await, expected, "{transport}");
    }
}

#[tokio::test]
async fn an_event_of_the_frames_generation_is_a_message_of_that_shape() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    hear::<(u8, String)>(&server, &log, "move");
    hear::<()>(&server, &log, "disconnect");
    for (round, transport) in (1..).zip([Transport::WebSocket, Transport::XhrPolling, Transport::HtmlFile]) {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&[
            r#"~j~{"name":"move","args":[1,"b"]}"#,
            r#"~j~{"name":"unheard of","args":[]}"#,
            r#"~j~{"name":"move","args":1}"#,
            r#"~j~{"name":"move","args":[1,"b"],"more":1}"#,
            r#"{"name":"move","args":[1,"b"]}"#,
        ])
        .await;
        let texts = server.events.texts_until(&peer.id, 4).await;
        assert_eq!(
            texts,
            [
                r#"json:{"name":"unheard of","args":[]}"#,
                r#"json:{"name":"move","args":1}"#,
                r#"json:{"name":"move","args":[1,"b"],"more":1}"#,
                r#"{"name":"move","args":[1,"b"]}"#,
            ],
            "{transport}"
        );
        assert_eq!(log.all(), vec!["move (1, \"b\")"; round]);
    }
}
