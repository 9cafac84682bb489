//! Acknowledgements that the application asks for.

use crate::support::{Log, PacketPeer, Peer, Server, eventually, milliseconds, packets, patiently};
use heirloom::{Ack, AckError, Client, Listener, Message, SendError, Transport};
use serde_json::{Value, json};
use std::{future::Future, sync::Arc, time::Duration};
use tokio::{sync::Notify, task::JoinHandle};

/// Longer than anybody here waits.
const LONG: Duration = Duration::from_secs(60);

/// Lets something wait while the client is made to answer it.
fn meanwhile<T: Send + 'static>(future: impl Future<Output = T> + Send + 'static) -> JoinHandle<T> {
    tokio::spawn(future)
}

fn ask<R: serde::de::DeserializeOwned + Send + 'static>(
    client: &Client,
    arguments: Value,
    timeout: Duration,
) -> JoinHandle<Result<R, AckError>> {
    let client = client.clone();
    meanwhile(async move { client.emit_with_ack("ask", &arguments, timeout).await })
}

#[tokio::test]
async fn an_event_is_acknowledged_by_the_client_with_or_without_data() {
    let server = Server::new(Listener::builder()).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);

        let asking = ask::<(String, u8)>(&client, json!([1, 2]), LONG);
        assert_eq!(peer.receive().await, r#"5:1+::{"name":"ask","args":[1,2]}"#, "{transport}");
        peer.send(&[r#"6:::1+["é漢😀",7]"#]).await;
        assert_eq!(asking.await.unwrap(), Ok(("é漢😀".to_owned(), 7)), "{transport}");

        let asking = ask::<()>(&client, json!([]), LONG);
        assert_eq!(peer.receive().await, r#"5:2+::{"name":"ask"}"#, "the ids count up");
        peer.send(&["6:::2"]).await;
        assert_eq!(asking.await.unwrap(), Ok(()), "{transport}");

        let asking = ask::<Value>(&client, json!("x"), LONG);
        assert_eq!(peer.receive().await, r#"5:3+::{"name":"ask","args":["x"]}"#);
        peer.send(&[r#"6:::3+[{"a":1}]"#]).await;
        assert_eq!(asking.await.unwrap(), Ok(json!([{"a": 1}])), "{transport}");

        let asking = ask::<u8>(&client, json!("x"), LONG);
        peer.receive().await;
        peer.send(&[r#"6:::4+["no number"]"#]).await;
        assert!(matches!(asking.await.unwrap(), Err(AckError::Arguments(_))), "{transport}");
        assert_eq!(client.awaited_acks(), 0);
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_by_the_clients_library() {
    let server = Server::new(Listener::builder()).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for (number, message, packet) in
            [(1, Message::from("text"), "3:1::text"), (2, Message::from(json!([1])), "4:2::[1]")]
        {
            let client = peer.client(&server);
            let sending = meanwhile(async move { client.send_with_ack(message, LONG).await });
            assert_eq!(peer.receive().await, packet, "{transport}");
            assert!(!sending.is_finished());
            peer.send(&[&format!("6:::{number}")]).await;
            assert_eq!(sending.await.unwrap(), Ok(()), "{transport}");
        }
    }
}

#[tokio::test]
async fn an_acknowledgement_that_does_not_come_in_time_is_an_error_and_leaves_nothing_behind() {
    let server = Server::new(Listener::builder()).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        for _ in 0..200 {
            assert_eq!(ask::<()>(&client, json!([]), milliseconds(0)).await.unwrap(), Err(AckError::Timeout));
        }
        assert_eq!(client.awaited_acks(), 0, "{transport}");
        peer.receive_all(200).await;
        let ignored = server.listener.stats().ignored_events;
        peer.send(&["6:::1", "6:::200+[1]"]).await;
        peer.heard_nothing("what comes late is ignored").await;
        assert_eq!(server.listener.stats().ignored_events, ignored + 2, "{transport}");
        // Whoever stops waiting leaves nothing behind either.
        let waiting = ask::<()>(&client, json!([]), LONG);
        assert_eq!(peer.receive().await, r#"5:201+::{"name":"ask"}"#);
        assert_eq!(client.awaited_acks(), 1);
        waiting.abort();
        eventually("the waiting to be forgotten", || client.awaited_acks() == 0).await;
    }
}

#[tokio::test]
async fn only_the_first_acknowledgement_counts() {
    let server = Server::new(Listener::builder()).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        let first = ask::<String>(&client, json!([]), LONG);
        peer.receive().await;
        let second = ask::<String>(&client, json!([]), LONG);
        peer.receive().await;
        let ignored = server.listener.stats().ignored_events;
        peer.send(&[r#"6:::1+["once"]"#, r#"6:::1+["twice"]"#, r#"6:::1"#, r#"6:::3+["unknown"]"#]).await;
        assert_eq!(first.await.unwrap(), Ok("once".to_owned()), "{transport}");
        peer.heard_nothing("a second acknowledgement").await;
        assert!(!second.is_finished(), "{transport}: it is another's");
        peer.send(&[r#"6:::2+["own"]"#]).await;
        assert_eq!(second.await.unwrap(), Ok("own".to_owned()), "{transport}");
        assert_eq!(server.listener.stats().ignored_events, ignored + 3);
    }
}

#[tokio::test]
async fn acknowledgements_belong_to_one_client_and_one_namespace() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let mut other = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        other.enter("/chat").await;
        let asking = ask::<String>(&peer.client_of(&server, "/chat"), json!([]), LONG);
        assert_eq!(
            peer.receive().await,
            r#"5:1+:/chat:{"name":"ask"}"#,
            "{transport}: every namespace counts for itself"
        );
        other.send(&[r#"6::/chat:1+["a stranger's"]"#]).await;
        other.heard_nothing("an acknowledgement nobody asked it for").await;
        peer.send(&[r#"6:::1+["of the root"]"#, r#"6::/chat:1+["own"]"#]).await;
        assert_eq!(asking.await.unwrap(), Ok("own".to_owned()), "{transport}");
    }
}

#[tokio::test]
async fn whoever_waits_is_told_at_once_when_the_client_goes() {
    let server = Server::new(Listener::builder()).await;
    server.listener.of("/chat");
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let (root, chat) = (peer.client(&server), peer.client_of(&server, "/chat"));
        let in_chat = ask::<()>(&chat, json!([]), LONG);
        peer.receive().await;
        let in_root = ask::<()>(&root, json!([]), LONG);
        peer.receive().await;
        peer.send(&["0::/chat"]).await;
        assert_eq!(patiently("the namespace's", in_chat).await.unwrap(), Err(AckError::Disconnected), "{transport}");
        assert!(!in_root.is_finished());
        assert_eq!(root.awaited_acks(), 1);
        let late = ask::<()>(&chat, json!([]), LONG).await.unwrap();
        assert_eq!(late, Err(AckError::Send(SendError::Closed)), "{transport}: it is not there any more");
        peer.send(&["0::"]).await;
        assert_eq!(patiently("the root's", in_root).await.unwrap(), Err(AckError::Disconnected), "{transport}");
        assert_eq!(ask::<()>(&root, json!([]), LONG).await.unwrap(), Err(AckError::Send(SendError::Closed)));
    }
}

#[tokio::test]
async fn whoever_waits_is_told_before_the_last_handler_is_done() {
    let server = Server::new(Listener::builder()).await;
    let gate = Arc::new(Notify::new());
    for name in ["/", "/chat"] {
        let held = Arc::clone(&gate);
        server.listener.of(name).on_disconnect(move |_, _| {
            let held = Arc::clone(&held);
            async move { held.notified().await }
        });
    }
    for transport in packets::ALL {
        for (name, goodbye) in [("/chat", "0::/chat"), ("/", "0::")] {
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.enter("/chat").await;
            let asking = ask::<()>(&peer.client_of(&server, name), json!([]), LONG);
            peer.receive().await;
            peer.send(&[goodbye]).await;
            let outcome = patiently("the end", asking).await.unwrap();
            assert_eq!(outcome, Err(AckError::Disconnected), "{transport} {name}");
            gate.notify_one();
        }
    }
}

#[tokio::test]
async fn an_acknowledgement_is_not_held_up_by_what_waits_for_the_handler_that_wants_it() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    let noted = log.clone();
    server.listener.on("begin", move |client: Client, (): (), _: Option<Ack>| {
        let log = noted.clone();
        async move {
            let answer: Result<u8, _> = client.emit_with_ack("ask", &(), LONG).await;
            log.note(format!("{answer:?}"));
        }
    });
    for (round, transport) in (1..).zip(packets::ALL) {
        let mut peer = PacketPeer::open(&server, transport).await;
        // A request overtakes all that waits. On a socket it comes behind, and no more than so many are read ahead.
        let is_socket = matches!(transport, Transport::WebSocket | Transport::FlashSocket);
        let count = if is_socket { 500 } else { 2000 };
        let many: Vec<_> = std::iter::once(r#"5:::{"name":"begin"}"#).chain(vec!["3:::behind"; count]).collect();
        peer.send(&many).await;
        assert_eq!(peer.receive().await, r#"5:1+::{"name":"ask"}"#);
        peer.send(&["6:::1+[7]"]).await;
        assert_eq!(log.until(round).await.last().unwrap(), "Ok(7)", "{transport}");
        assert_eq!(server.events.texts_until(&peer.id, count).await.len(), count, "{transport}");
    }
}

#[tokio::test]
async fn whoever_waits_is_told_when_the_connection_breaks() {
    let server = Server::new(crate::impatient()).await;
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        let asking = ask::<()>(&peer.client(&server), json!([]), LONG);
        peer.receive().await;
        peer.leave().await;
        let outcome = patiently("the end of the session", asking).await.unwrap();
        assert_eq!(outcome, Err(AckError::Disconnected), "{transport}");
    }
}

#[tokio::test]
async fn clients_of_the_frames_generation_have_no_acknowledgements() {
    let server = Server::new(Listener::builder()).await;
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        let client = server.listener.client(&peer.id).unwrap();
        let refused = Err(AckError::Send(SendError::Unsupported));
        assert_eq!(client.emit_with_ack::<()>("ask", &(), LONG).await, refused, "{transport}");
        assert_eq!(client.send_with_ack("text", LONG).await, refused, "{transport}");
        client.send("next").unwrap();
        assert_eq!(peer.receive().await, "next", "{transport}: nothing of it was sent");
    }
}

#[tokio::test]
async fn a_reserved_name_and_a_full_queue_are_told_to_who_asks() {
    let server = Server::new(Listener::builder().queue_messages(2)).await;
    let peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    let client = peer.client(&server);
    let refused = client.emit_with_ack::<()>("disconnect", &(), LONG).await;
    assert_eq!(refused, Err(AckError::Send(SendError::Reserved("disconnect".to_owned()))));
    while client.send("fills").is_ok() {}
    assert_eq!(client.emit_with_ack::<()>("ask", &(), LONG).await, Err(AckError::Send(SendError::Full)));
    assert_eq!(client.awaited_acks(), 0, "nobody waits for what was not sent");
}

#[tokio::test]
async fn a_handler_may_wait_for_its_own_client() {
    for flavour in ["event", "message", "connect", "enter"] {
        let server = Server::new(Listener::builder()).await;
        let log = Log::new();
        let noted = log.clone();
        let wait = move |client: Client| {
            let log = noted.clone();
            async move {
                let answer: Result<String, _> = client.emit_with_ack("ask", &(), LONG).await;
                log.note(format!("{answer:?}"));
            }
        };
        let begin = match flavour {
            "event" => {
                server.listener.on("begin", move |client: Client, (): (), _: Option<Ack>| wait(client));
                Some(r#"5:::{"name":"begin"}"#)
            }
            "message" => {
                server.listener.on_message(move |client, message| {
                    let waiting = (message.as_text() == Some("begin")).then(|| wait(client));
                    async move { futures_util::future::OptionFuture::from(waiting).await.unwrap_or_default() }
                });
                Some("3:::begin")
            }
            "connect" => {
                server.listener.on_connect(wait);
                None
            }
            _ => {
                server.listener.of("/chat").on_connect(wait);
                Some("1::/chat")
            }
        };
        let endpoint = if flavour == "enter" { "/chat" } else { "" };
        for (round, transport) in (1..).zip(packets::ALL) {
            let mut peer = PacketPeer::open(&server, transport).await;
            if let Some(begin) = begin {
                peer.send(&[begin]).await;
            }
            if flavour == "enter" {
                assert_eq!(peer.receive().await, "1::/chat");
            }
            assert_eq!(peer.receive().await, format!(r#"5:1+:{endpoint}:{{"name":"ask"}}"#), "{transport} {flavour}");
            // What waits behind the handler is not in the way.
            peer.send(&["3:::behind", "2::", &format!(r#"6::{endpoint}:1+["answered"]"#)]).await;
            let lines = log.until(round).await;
            assert_eq!(lines.last().unwrap(), "Ok(\"answered\")", "{transport} {flavour}");
        }
    }
}

#[tokio::test]
async fn what_was_asked_before_a_client_left_has_nothing_to_do_with_what_is_asked_when_it_is_back() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let log = Log::new();
        let noted = log.clone();
        let chat = server.listener.of("/chat");
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.enter("/chat").await;
        let before = ask::<String>(&peer.client_of(&server, "/chat"), json!("before"), LONG);
        assert_eq!(peer.receive().await, r#"5:1+:/chat:{"name":"ask","args":["before"]}"#);
        chat.on_connect(move |client| {
            let log = noted.clone();
            async move {
                let answer: Result<String, _> = client.emit_with_ack("ask", "after", LONG).await;
                log.note(format!("{answer:?}"));
            }
        });
        peer.send(&["0::/chat", "1::/chat"]).await;
        assert_eq!(peer.receive().await, "1::/chat");
        let question = peer.receive().await;
        assert_eq!(before.await.unwrap(), Err(AckError::Disconnected), "{transport}");
        let id = question.strip_suffix(r#"+:/chat:{"name":"ask","args":["after"]}"#).unwrap().to_owned();
        peer.send(&[r#"6::/chat:1+["to the one before"]"#]).await;
        peer.send(&[&format!(r#"6::/chat:{}+["to the one after"]"#, &id[2..])]).await;
        assert_eq!(log.until(1).await, [r#"Ok("to the one after")"#], "{transport}");
    }
}
