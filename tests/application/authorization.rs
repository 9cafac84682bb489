//! Who is let in: with a handshake of 0.7 to 0.9, or at the beginning of a session of 0.3 to 0.6.

use crate::support::{Mounting, PacketPeer, Peer, Server, get, is_socket, packets, peer::url, request, rfc6455};
use heirloom::{Attempt, Listener, Refusal, Transport};

#[derive(Debug, PartialEq)]
struct User(String);

/// Lets in who names itself; `?as=` is a refusal and `?fail` a failure. Asks somebody else first.
async fn guarded(mounting: Mounting) -> Server {
    let server = Server::mounted(mounting, Listener::builder()).await;
    server.listener.authorize(|attempt: Attempt| async move {
        tokio::task::yield_now().await;
        assert_eq!((attempt.namespace(), attempt.query()), ("/", attempt.handshake().query()));
        if attempt.query_value("fail").is_some() {
            return Err(Refusal::failed("the database <is> away"));
        }
        if attempt.query_value("panic").is_some() {
            panic!("expected in this test");
        }
        match attempt.query_value("as").filter(|name| !name.is_empty()) {
            Some(name) => {
                attempt.set_state(User(name));
                Ok(())
            }
            None => Err(Refusal::unauthorized("who <are> you?")),
        }
    });
    server
}

#[tokio::test]
async fn who_is_let_in_keeps_what_was_found_out() {
    for mounting in Mounting::BOTH {
        let server = guarded(mounting).await;
        server.listener.on_message(|client, _| async move {
            client.send(client.state::<User>().unwrap().0.as_str()).unwrap();
        });
        for transport in packets::ALL {
            let mut peer = PacketPeer::open_with(&server, transport, "as=A%20B&t=1").await;
            peer.send(&["3:::who am I"]).await;
            assert_eq!(peer.receive().await, "3:::A B", "{mounting:?} {transport}");
        }
        assert_eq!(server.listener.stats().refused_clients, 0);
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_no_reason() {
    for mounting in Mounting::BOTH {
        let server = guarded(mounting).await;
        for (count, (query, status, body)) in (1..).zip([
            ("", 403, "handshake unauthorized"),
            ("?as=&t=1", 403, "handshake unauthorized"),
            ("?as=a&fail", 500, "handshake error"),
            ("?panic", 500, "handshake error"),
        ]) {
            let answer = server
                .answer(request("GET", &format!("/socket.io/1/{query}"), &["Origin: http://own.example"], ""))
                .await;
            assert_eq!((answer.status, answer.text()), (status, body), "{mounting:?} {query}");
            assert_eq!(answer.header("content-type"), "text/plain");
            assert_eq!(answer.header("access-control-allow-origin"), "http://own.example", "a page may read it");
            assert_eq!(answer.header("access-control-allow-credentials"), "true");
            assert_eq!(server.listener.stats().refused_clients, count);
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_script_is_told_by_a_script() {
    let server = guarded(Mounting::Serve).await;
    for (query, body) in [
        ("jsonp=0", "io.j[0](new Error(\"handshake unauthorized\"));"),
        ("jsonp=12&as=a&fail=", "io.j[12](new Error(\"handshake error\"));"),
    ] {
        let answer = server.answer(get(&format!("/socket.io/1/?{query}"))).await;
        assert_eq!((answer.status, answer.text()), (200, body));
        assert_eq!(answer.header("content-type"), "application/javascript");
    }
    let answer = server.answer(get("/socket.io/1/?jsonp=3&as=a")).await;
    let id = server.listener.stats().sessions;
    assert_eq!((answer.status, id), (200, 1));
    let text = answer.text().strip_prefix("io.j[3](\"").and_then(|text| text.strip_suffix("\");")).unwrap();
    assert!(text.ends_with(":60:60:websocket,htmlfile,xhr-polling,jsonp-polling"), "{text}");
    // What is no number does not become part of a script.
    for index in ["", "x", "1;alert(1)", "-1", "0x1", "12345678901"] {
        let answer = server.answer(get(&format!("/socket.io/1/?jsonp={index}"))).await;
        assert_eq!((answer.status, answer.text()), (403, "handshake unauthorized"), "{index}");
    }
}

#[tokio::test]
async fn clients_of_the_frames_generation_are_asked_too() {
    for mounting in Mounting::BOTH {
        let server = guarded(mounting).await;
        for transport in crate::support::FRAMES_TRANSPORTS {
            let ask = |query: &str| {
                let path = format!("{}?{query}", url(transport, "", ""));
                if is_socket(transport) { rfc6455::handshake(&path) } else { get(&path) }
            };
            for query in ["", "as=a&fail", "panic"] {
                let head = server.ask(ask(query)).await.head().await;
                assert_eq!(head.status, 403, "{mounting:?} {transport} {query:?}");
            }
            assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
        }
        assert_eq!(server.listener.stats().refused_clients, 3 * crate::support::FRAMES_TRANSPORTS.len() as u64);
        for transport in crate::support::FRAMES_TRANSPORTS {
            let path = format!("{}?as=me", url(transport, "", ""));
            let mut connection =
                server.ask(if is_socket(transport) { rfc6455::handshake(&path) } else { get(&path) }).await;
            let head = connection.head().await;
            assert_eq!(head.status, if is_socket(transport) { 101 } else { 200 }, "{mounting:?} {transport}");
            let clients = server.listener.clients();
            let client = clients.iter().find(|client| client.transport() == transport).unwrap();
            assert_eq!(*client.state::<User>().unwrap(), User("me".to_owned()), "{transport}");
            drop(connection);
        }
    }
}

#[tokio::test]
async fn a_draft_socket_of_the_frames_generation_is_asked_too() {
    let server = guarded(Mounting::Serve).await;
    for (query, status) in [("", 403), ("?fail", 403), ("?as=me", 101)] {
        let draft = ["Upgrade: WebSocket", "Connection: Upgrade"];
        let head = server.ask(request("GET", &format!("/socket.io/flashsocket{query}"), &draft, "")).await.head().await;
        assert_eq!(head.status, status, "{query}");
    }
}

#[tokio::test]
async fn without_a_question_everybody_comes_in() {
    let server = Server::new(Listener::builder()).await;
    PacketPeer::open_with(&server, Transport::XhrPolling, "deny=1").await;
    Peer::open(&server, Transport::XhrPolling).await;
    assert_eq!(server.listener.clients().len(), 2);
}
