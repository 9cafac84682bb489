//! What a client is sent: whole, in order, bounded, and counted when it is lost.

use crate::{
    POLLS, SOCKETS_AND_STREAMS, impatient,
    support::{Mounting, Peer, Server, eventually},
};
use heirloom::{Client, Listener, Message, SendError, Transport};
use serde_json::json;
use std::collections::HashMap;

async fn servers() -> [Server; 2] {
    [Server::new(Listener::builder()).await, Server::json(Mounting::Serve, Listener::builder()).await]
}

fn client(server: &Server, peer: &Peer) -> Client {
    server.listener.client(&peer.id).unwrap()
}

#[tokio::test]
async fn several_messages_sent_as_one_are_one_payload() {
    for server in servers().await {
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            client(&server, &peer).send_all(["a", "", "é漢😀"]).unwrap();
            assert_eq!(peer.payload().await.unwrap(), ["a", "", "é漢😀"], "{transport}, queued or not");
            client(&server, &peer).send_all([""; 0]).unwrap();
            client(&server, &peer).send("alone").unwrap();
            assert_eq!(peer.payload().await.unwrap(), ["alone"], "{transport}: nothing is no payload");
        }
    }
}

#[tokio::test]
async fn messages_sent_one_by_one_are_payloads_of_their_own_on_what_stays_open() {
    for server in servers().await {
        for transport in SOCKETS_AND_STREAMS {
            let mut peer = Peer::open(&server, transport).await;
            for text in ["1", "2", "3"] {
                client(&server, &peer).send(text).unwrap();
            }
            for text in ["1", "2", "3"] {
                assert_eq!(peer.payload().await.unwrap(), [text], "{transport}");
            }
        }
    }
}

#[tokio::test]
async fn an_event_is_json_with_name_and_arguments() {
    let [frames, envelopes] = servers().await;
    for (server, mark) in [(frames, "~j~"), (envelopes, "")] {
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            client(&server, &peer).emit("move", &(1, "a")).unwrap();
            assert_eq!(peer.receive().await, format!(r#"{mark}{{"name":"move","args":[1,"a"]}}"#), "{transport}");
            client(&server, &peer).emit("stop", &()).unwrap();
            assert_eq!(peer.receive().await, format!(r#"{mark}{{"name":"stop","args":[]}}"#));
            client(&server, &peer).send(json!({"a": [1, null]})).unwrap();
            assert_eq!(peer.receive().await, format!(r#"{mark}{{"a":[1,null]}}"#));
        }
    }
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::WebSocket).await;
    let no_json = HashMap::from([((1, 2), 3)]);
    assert!(matches!(client(&server, &peer).emit("odd", &no_json), Err(SendError::Json(_))));
}

#[tokio::test]
async fn a_full_queue_refuses_and_counts_and_is_free_again_once_read() {
    let server = Server::new(Listener::builder().queue_messages(3)).await;
    for transport in POLLS {
        let before = server.listener.stats().dropped_messages;
        let mut peer = Peer::open(&server, transport).await;
        let client = client(&server, &peer);
        assert!(matches!(client.send_all(["1", "2", "3", "4"]), Err(SendError::Full)), "all or none");
        assert_eq!(client.queued(), (0, 0));
        for text in ["1", "2", "3"] {
            client.send(text).unwrap();
        }
        assert!(matches!(client.send("one too many"), Err(SendError::Full)));
        assert_eq!(server.listener.stats().dropped_messages - before, 5);
        assert!(client.is_connected(), "{transport}: what is refused ends nothing");
        assert_eq!(peer.payload().await.unwrap(), ["1", "2", "3"]);
        // With its next poll the client says that it has them.
        peer.park().await;
        eventually("room in the queue", || client.queued() == (0, 0)).await;
        client.send("next").unwrap();
        assert_eq!(peer.payload().await.unwrap(), ["next"]);
    }
}

#[tokio::test]
async fn a_queue_is_bounded_in_bytes_too() {
    let server = Server::new(Listener::builder().queue_bytes(1000)).await;
    let peer = Peer::open(&server, Transport::XhrPolling).await;
    let client = client(&server, &peer);
    assert!(matches!(client.send("x".repeat(1001)), Err(SendError::Full)));
    client.send("x".repeat(900)).unwrap();
    assert!(matches!(client.send("x".repeat(100)), Err(SendError::Full)));
    let (bytes, messages) = client.queued();
    assert!((900..=1000).contains(&bytes) && messages == 1, "{bytes} bytes, {messages} messages");
}

#[tokio::test]
async fn a_client_on_a_socket_that_reads_nothing_fills_its_own_queue_and_no_other() {
    let server = Server::new(Listener::builder().queue_bytes(1 << 20)).await;
    let stuck = Peer::open(&server, Transport::WebSocket).await;
    let mut reads = Peer::open(&server, Transport::WebSocket).await;
    let text = "x".repeat(64 * 1024);
    let client = client(&server, &stuck);
    // The kernel's buffers take their share first.
    let mut sent = 0;
    let refused = loop {
        match client.send(text.as_str()) {
            Ok(()) => sent += 1,
            Err(error) => break error,
        }
        assert!(sent < 2000, "125 MiB are queued for a client that reads nothing");
        tokio::task::yield_now().await;
    };
    assert!(matches!(refused, SendError::Full), "{refused}");
    assert!(client.is_connected());
    let outcome = server.listener.broadcast("for all");
    assert_eq!((outcome.queued + outcome.dropped, outcome.closed), (2, 0));
    assert_eq!(reads.receive().await, "for all");
}

#[tokio::test]
async fn what_nobody_came_back_for_is_counted() {
    let server = Server::new(impatient()).await;
    for (round, transport) in (1..).zip(POLLS) {
        let peer = Peer::open(&server, transport).await;
        client(&server, &peer).send_all(["1", "2", "3"]).unwrap();
        server.events.disconnected(&peer.id).await;
        assert_eq!(server.listener.stats().undelivered_messages, round * 3, "{transport}");
    }
}

#[tokio::test]
async fn nothing_is_sent_to_a_client_that_is_gone() {
    let server = Server::new(impatient()).await;
    for transport in crate::support::FRAMES_TRANSPORTS {
        let peer = Peer::open(&server, transport).await;
        let client = client(&server, &peer);
        peer.leave().await;
        eventually("the client to go", || !client.is_connected()).await;
        assert!(matches!(client.send("late"), Err(SendError::Closed)), "{transport}");
        assert!(matches!(client.send_all(["late", "too"]), Err(SendError::Closed)));
        assert!(matches!(client.emit("late", &()), Err(SendError::Closed)));
        client.join("a room");
        assert!(client.rooms().is_empty());
    }
    assert_eq!(server.listener.stats().dropped_messages, 0, "a message nobody can get is not a dropped one");
}

#[derive(Debug, PartialEq)]
struct Name(String);

#[tokio::test]
async fn a_client_carries_the_applications_state() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_connect(|client| async move { client.set_state(Name(client.transport().to_string())) });
    server.listener.on_message(|client, message| async move {
        let (name, count) = (client.state::<Name>().unwrap(), client.state::<usize>().map_or(0, |count| *count));
        client.set_state(count + 1);
        client.send(format!("{} {count} {}", name.0, message.as_text().unwrap())).unwrap();
    });
    let mut peers = [Peer::open(&server, Transport::WebSocket).await, Peer::open(&server, Transport::HtmlFile).await];
    for round in 0..3 {
        for peer in &mut peers {
            peer.send(&["says"]).await;
            assert_eq!(peer.receive().await, format!("{} {round} says", peer.transport));
        }
    }
    let client = client(&server, &peers[0]);
    assert_eq!(client.state::<String>(), None);
    let old = client.state::<Name>().unwrap();
    client.set_state(Name("replaced".to_owned()));
    assert_eq!((old.0.as_str(), client.state::<Name>().unwrap().0.as_str()), ("websocket", "replaced"));
}

#[tokio::test]
async fn json_crosses_unchanged() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let json = "{ \"b\": 1.0e2,\n\"a\" : [\"\\u00e9\u{2028}</script>\", 12345678901234567890123] }";
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&[&format!("~j~{json}")]).await;
        assert_eq!(peer.receive().await, format!("~j~{json}"), "{transport}");
    }
    assert_eq!(Message::from(json!([1])), Message::json(&[1]).unwrap());
}
