//! Payloads that are not what they claim to be.

use crate::support::{Event, Mounting, Peer, Server, frame, frames, messages, post, rfc6455};
use heirloom::{Listener, Transport};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// A payload and the messages that arrive.
const LYING: [(&str, &[&str]); 12] = [
    ("", &[]),
    ("no frame at all", &[]),
    ("~m~-1~m~x", &[]),
    ("~m~99999999999999999999999~m~x", &[]),
    ("~m~~m~x", &[]),
    ("~m~5", &[]),
    ("~m~5hello", &[]),
    ("~m~3~m~one~m~-1~m~two", &["one"]),
    ("~m~3~m~one~m~3two", &["one"]),
    // The length ends between the halves of a surrogate pair.
    ("~m~3~m~one~m~1~m~😀", &["one"]),
    ("~m~3~m~one and more", &["one"]),
    ("~m~5~m~hel", &["hel"]),
];

#[tokio::test]
async fn a_lying_length_costs_the_rest_of_its_payload_and_nothing_else() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in [Transport::XhrPolling, Transport::HtmlFile, Transport::WebSocket, Transport::JsonpPolling] {
            for (payload, delivered) in LYING {
                let mut peer = Peer::open(&server, transport).await;
                peer.send_payload(payload).await;
                peer.send(&["alive"]).await;
                let expected: Vec<_> = delivered.iter().copied().chain(["alive"]).collect();
                let arrived = server.events.texts_until(&peer.id, expected.len()).await;
                assert_eq!(arrived, expected, "{mounting:?} {transport} {payload:?}");
            }
        }
    }
}

#[tokio::test]
async fn messages_behind_a_heartbeat_are_delivered() {
    let server = Server::new(Listener::builder()).await;
    for transport in [Transport::XhrPolling, Transport::XhrMultipart, Transport::WebSocket] {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&["before", "~h~1", "between", "~h~nonsense", "after"]).await;
        let arrived = server.events.texts_until(&peer.id, 3).await;
        assert_eq!(arrived, ["before", "between", "after"], "{transport}");
    }
}

#[tokio::test]
async fn line_breaks_that_a_form_has_rewritten_are_repaired_for_jsonp_alone() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = Peer::open(&server, Transport::JsonpPolling).await;
    // Counted as one unit by the client, sent as two by its browser.
    let rewritten = frames(&["a\nb", "c\n\nd", "last"]).replace('\n', "\r\n");
    peer.send_payload(&rewritten).await;
    peer.send(&["kept\r\nas it is", "end"]).await;
    let arrived = server.events.texts_until(&peer.id, 5).await;
    assert_eq!(arrived, ["a\nb", "c\n\nd", "last", "kept\r\nas it is", "end"]);

    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    peer.send_payload(&rewritten).await;
    peer.send(&["end"]).await;
    assert_eq!(server.events.texts_until(&peer.id, 2).await, ["a\r\n", "end"]);
}

#[tokio::test]
async fn json_nested_beyond_reason_harms_nobody() {
    const DEPTH: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let open = "[".repeat(DEPTH);
    let server = Server::new(Listener::builder()).await;
    for transport in [Transport::XhrPolling, Transport::WebSocket] {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&[&format!("~j~{deep}"), &format!("~j~{open}"), "after"]).await;
        let arrived = server.events.texts_until(&peer.id, 3).await;
        assert_eq!(arrived, ["json:{}", "json:{}", "after"], "what is no JSON is an empty object, {transport}");
    }
    let server = Server::json(Mounting::Serve, Listener::builder()).await;
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    peer.send_payload(&format!("[\"before\",{deep}]")).await;
    peer.send(&["after"]).await;
    assert_eq!(server.events.texts_until(&peer.id, 1).await, ["after"], "an envelope that is no JSON is dropped");
}

#[tokio::test]
async fn json_as_deep_as_wanted_crosses_as_it_was_written() {
    const DEPTH: usize = 100_000;
    let deep = format!("{}{}", "[".repeat(DEPTH), "]".repeat(DEPTH));
    let server = Server::new(Listener::builder().max_json_depth(DEPTH)).await;
    for transport in [Transport::XhrPolling, Transport::WebSocket] {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&[&format!("~j~{deep}"), "after"]).await;
        let arrived = server.events.texts_until(&peer.id, 2).await;
        assert!(arrived[0] == format!("json:{deep}"), "{transport}");
        let events = server.events.about(&peer.id);
        let Some(Event::Message(_, message)) = events.get(1) else { panic!("{events:?}") };
        assert!(message.parse::<serde_json::Value>().is_err(), "who wants to read it is told");
    }
}

#[tokio::test]
async fn an_envelope_that_is_no_array_is_dropped() {
    let server = Server::json(Mounting::Serve, Listener::builder()).await;
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    for payload in ["", "{}", "[\"open", "\"text\"", "~m~1~m~a", "null", "[1,]"] {
        peer.send_payload(payload).await;
    }
    peer.send_payload(r#"["text", {"a": [1]}, 7]"#).await;
    assert_eq!(server.events.texts_until(&peer.id, 3).await, ["text", r#"json:{"a": [1]}"#, "json:7"]);
}

#[tokio::test]
async fn a_body_of_150_000_empty_messages_is_handled_in_order() {
    const COUNT: usize = 150_000;
    let server = Server::new(Listener::builder().max_body_bytes(8 << 20).max_payload_packets(COUNT + 1)).await;
    let empty = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&empty);
    server.listener.on_message(move |client, message| {
        let seen = match message.as_text() {
            Some("") => counted.fetch_add(1, Ordering::SeqCst) + 1,
            _ => counted.load(Ordering::SeqCst),
        };
        let is_last = message.as_text() == Some("last");
        async move {
            if is_last {
                client.send(seen.to_string()).unwrap();
            }
        }
    });
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    peer.send_payload(&(frame("").repeat(COUNT) + &frame("last"))).await;
    assert_eq!(peer.receive().await, COUNT.to_string());
}

#[tokio::test]
async fn text_that_is_not_utf_8_becomes_replacement_characters() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::XhrPolling).await;
    let path = format!("/socket.io/xhr-polling/{}/send", peer.id);
    for body in [
        b"data=~m~1~m~%FF".as_slice(),
        b"data=%7em%7E1%7Em~\xff",
        b"data=~m~3~m~%zz",
        b"data=~m~2~m~%4",
        b"other=1&data=~m~3~m~a+b&more",
        b"data=~m~1~m~a&data=~m~1~m~b",
        b"~m~1~m~a",
        b"data=~m~3~m~end",
    ] {
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = server.answer([head.as_bytes(), body].concat()).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }
    let arrived = server.events.texts_until(&peer.id, 6).await;
    assert_eq!(arrived, ["\u{fffd}", "\u{fffd}", "%zz", "%4", "a b", "end"]);
}

#[tokio::test]
async fn a_client_that_sends_control_words_as_ids_of_heartbeats_keeps_its_session() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = rfc6455::session(&server).await;
    for text in ["~h~", "~h~-1", "~h~1e9", "~h~99999999999999999999999999", "~h~ 1", "~j~", "~j~{", "~j~nul"] {
        socket.send(rfc6455::text(&frame(text))).await;
    }
    socket.send(rfc6455::text(&frame("alive"))).await;
    assert_eq!(server.events.texts_until(&id, 4).await, ["json:{}", "json:{}", "json:{}", "alive"]);
    server.listener.client(&id).unwrap().send("heard").unwrap();
    let (_, payload) = rfc6455::read(&mut socket).await;
    assert_eq!(messages(std::str::from_utf8(&payload).unwrap()), ["heard"]);
    let answer = server.answer(post(&format!("/socket.io/xhr-polling/{id}/send"), &frame("by POST"))).await;
    assert_eq!(answer.status, 200, "a POST by the URL of another transport is a POST");
    assert_eq!(server.events.texts_until(&id, 5).await[4], "by POST");
}
