//! Namespaces: several conversations over one connection, each with handlers, rooms and clients of its own.

use crate::support::{Log, Mounting, PacketPeer, Peer, Server, packets};
use heirloom::{Ack, Broadcast, Client, Listener, Transport};
use serde_json::Value;

/// Notes what happens in these namespaces, and sends messages back.
pub(crate) fn watch(server: &Server, names: &[&str]) -> Log {
    let log = Log::new();
    for name in names {
        let [connects, messages, events, disconnects] = [(); 4].map(|()| log.clone());
        let namespace = server.listener.of(name);
        namespace
            .on_connect(move |client| {
                connects.note(format!("{} connect", client.namespace()));
                async {}
            })
            .on_message(move |client, message| {
                messages.note(format!("{} {}", client.namespace(), message.as_text().unwrap()));
                async move { client.send(message).unwrap() }
            })
            .on("echo", move |client: Client, arguments: Value, _: Option<Ack>| {
                events.note(format!("{} echo {arguments}", client.namespace()));
                async move { client.emit("echo", &arguments).unwrap() }
            })
            .on_disconnect(move |client, reason| {
                disconnects.note(format!("{} {reason}", client.namespace()));
                async {}
            });
    }
    log
}

pub(crate) fn counts(outcome: Broadcast) -> (usize, usize, usize) {
    (outcome.queued, outcome.dropped, outcome.closed)
}

#[tokio::test]
async fn two_namespaces_share_a_connection_and_nothing_else() {
    for mounting in Mounting::BOTH {
        for transport in packets::ALL {
            let server = Server::mounted(mounting, Listener::builder()).await;
            let log = watch(&server, &["/", "/chat", "/news"]);
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.enter("/chat").await;
            peer.enter("/news").await;
            peer.send(&["3:::é", "3::/chat:漢", "3::/news:😀", r#"5::/chat:{"name":"echo","args":[1]}"#]).await;
            let answers = ["3:::é", "3::/chat:漢", "3::/news:😀", r#"5::/chat:{"name":"echo","args":[1]}"#];
            assert_eq!(peer.receive_all(4).await, answers, "{mounting:?} {transport}");
            let heard =
                ["/ connect", "/chat connect", "/news connect", "/ é", "/chat 漢", "/news 😀", "/chat echo [1]"];
            assert_eq!(log.all(), heard, "{mounting:?} {transport}");
            let (root, chat) = (peer.client(&server), peer.client_of(&server, "/chat"));
            assert_eq!((root.namespace(), chat.namespace(), root.id() == chat.id()), ("/", "/chat", true));
            assert!(root != chat, "a client in another namespace is another");
            assert_eq!(server.listener.stats().sessions, 1);
        }
    }
}

#[tokio::test]
async fn a_namespace_has_one_name_however_it_is_written() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    for name in ["/", ""] {
        assert_eq!((server.listener.of(name).name(), server.listener.of(name).clients().len()), ("/", 1));
    }
    let chat = server.listener.of("chat");
    peer.enter("/chat").await;
    assert_eq!(
        (chat.name(), chat.clients(), server.listener.of("/chat").clients().len()),
        ("/chat", vec![peer.client_of(&server, "chat")], 1)
    );
}

#[tokio::test]
async fn one_that_the_application_has_not_made_is_answered_by_silence() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let log = watch(&server, &["/", "/chat"]);
        let mut peer = PacketPeer::open(&server, transport).await;
        for packet in [
            "1::/nowhere",
            "1::/nowhere:?a=b",
            "1::/chat/",
            "1::chat",
            "1::/Chat",
            "0::/nowhere",
            "3::/nowhere:text",
            "3:1:/nowhere:text",
            "4:1:/nowhere:[]",
            r#"5:1+:/nowhere:{"name":"echo"}"#,
            "6::/nowhere:1",
            "8:1:/nowhere",
        ] {
            let ignored = server.listener.stats().ignored_events;
            peer.send(&[packet]).await;
            peer.heard_nothing(packet).await;
            assert_eq!(server.listener.stats().ignored_events, ignored + 1, "{transport} {packet}");
        }
        peer.enter("/chat").await;
        assert_eq!(log.all(), ["/ connect", "/chat connect"], "{transport}");
    }
}

#[tokio::test]
async fn what_is_said_in_one_that_was_not_entered_is_ignored() {
    let server = Server::new(Listener::builder()).await;
    let log = watch(&server, &["/chat"]);
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for packet in ["3::/chat:a", "3:1:/chat:a", r#"5:1+:/chat:{"name":"echo"}"#, "8:1:/chat", "6::/chat:1"] {
            let ignored = server.listener.stats().ignored_events;
            peer.send(&[packet]).await;
            peer.heard_nothing(packet).await;
            assert_eq!(server.listener.stats().ignored_events, ignored + 1, "{transport} {packet}");
        }
        assert_eq!(log.all(), [""; 0]);
        assert_eq!(counts(server.listener.of("/chat").broadcast("to nobody")), (0, 0, 0));
        assert!(server.listener.of("/chat").client(&peer.id).is_none());
    }
}

#[tokio::test]
async fn entering_again_is_answered_and_happens_once() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let log = watch(&server, &["/", "/chat"]);
        let mut peer = PacketPeer::open(&server, transport).await;
        for _ in 0..3 {
            peer.enter("/chat").await;
        }
        peer.send(&["1::", "1::/chat", "1::", "1::/chat"]).await;
        assert_eq!(peer.receive_all(4).await, ["1::", "1::/chat", "1::", "1::/chat"], "{transport}");
        peer.send(&["3::/chat:once"]).await;
        assert_eq!(peer.receive().await, "3::/chat:once");
        peer.heard_nothing("what was said once").await;
        assert_eq!(log.all(), ["/ connect", "/chat connect", "/chat once"], "{transport}");
        assert_eq!(counts(peer.client_of(&server, "/chat").to("room").send("nobody")), (0, 0, 0));
        assert_eq!(server.listener.of("/chat").clients().iter().filter(|client| client.id() == peer.id).count(), 1);
    }
}

#[tokio::test]
async fn the_query_of_a_namespace_is_read_in_both_spellings_and_never_told() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    let queries = log.clone();
    server.listener.of("/chat").authorize(move |attempt| {
        queries.note(format!("{} {:?} {:?}", attempt.namespace(), attempt.query(), attempt.query_value("a")));
        async { Ok(()) }
    });
    for transport in packets::ALL {
        for (packet, expected) in [
            ("1::/chat:?a=b%20c", "/chat Some(\"a=b%20c\") Some(\"b c\")"),
            ("1::/chat?a=b&c=:", "/chat Some(\"a=b&c=:\") Some(\"b\")"),
            ("1::/chat:?", "/chat None None"),
            ("1::/chat", "/chat None None"),
        ] {
            let mut peer = PacketPeer::open_with(&server, transport, "of=the+handshake").await;
            peer.send(&[packet]).await;
            assert_eq!(peer.receive().await, "1::/chat", "{transport} {packet}");
            assert_eq!(log.all().last().unwrap(), expected, "{transport} {packet}");
        }
    }
}

#[tokio::test]
async fn state_is_kept_for_each_namespace_and_the_roots_is_seen_in_all() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    server.listener.of("/news");
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    peer.enter("/chat").await;
    peer.enter("/news").await;
    let [root, chat, news] = ["/", "/chat", "/news"].map(|name| peer.client_of(&server, name));
    root.set_state("root");
    chat.set_state(1_u8);
    let seen = [&root, &chat, &news]
        .map(|client| (client.state::<&str>().map(|text| *text), client.state::<u8>().map(|number| *number)));
    assert_eq!(seen, [(Some("root"), None), (Some("root"), Some(1)), (Some("root"), None)]);
    news.set_state("news");
    assert_eq!([&root, &chat, &news].map(|client| *client.state::<&str>().unwrap()), ["root", "root", "news"]);
}

#[tokio::test]
async fn clients_of_the_frames_generation_are_in_the_root_alone() {
    let server = Server::new(Listener::builder()).await;
    let log = watch(&server, &["/", "/chat"]);
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&["1::/chat"]).await;
        assert_eq!(peer.receive().await, "1::/chat", "{transport}: a text like any other");
        assert!(server.listener.of("/chat").client(&peer.id).is_none());
    }
    assert!(log.all().iter().all(|line| line.starts_with("/ ")), "{:?}", log.all());
}

#[tokio::test]
async fn events_of_a_session_are_handled_in_order_over_all_its_namespaces() {
    const COUNT: usize = 60;
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    for name in ["/", "/chat"] {
        let noted = log.clone();
        server.listener.of(name).on_message(move |_, message| {
            let log = noted.clone();
            async move {
                let number: usize = message.as_text().unwrap().parse().unwrap();
                for _ in 0..number % 3 {
                    tokio::task::yield_now().await;
                }
                log.note(message.as_text().unwrap());
            }
        });
    }
    for (round, transport) in (0..).zip(packets::ALL) {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let numbers: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
        let packets: Vec<_> =
            (0..COUNT).map(|number| format!("3::{}:{number}", if number % 2 == 0 { "" } else { "/chat" })).collect();
        for some in packets.chunks(7) {
            peer.send(&some.iter().map(String::as_str).collect::<Vec<_>>()).await;
        }
        assert_eq!(log.until(COUNT * (round + 1)).await[COUNT * round..], numbers, "{transport}");
    }
}
