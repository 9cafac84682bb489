//! Heads that are longer than they may be, and requests whose ends are not where they are usually.

use crate::{
    limits::Bystander,
    support::{
        Connection, Mounting, Peer, Server,
        engine::{EnginePeer, REVISIONS},
        form, frames, messages,
        peer::url,
        request,
        rfc6455::UPGRADE,
    },
};
use heirloom::{Listener, Transport};

const SMALLEST_HEAD: usize = 8 << 10;

/// A request whose head has so many bytes.
fn head_of(length: usize, path: &str, headers: &[&str]) -> String {
    let padded = |bytes: usize| {
        let cookie = format!("Cookie: {}", "a".repeat(bytes));
        request("GET", path, &[headers, &[&*cookie]].concat(), "")
    };
    let shortest = padded(0).len();
    padded(length - shortest)
}

async fn is_refused(connection: &mut Connection, what: &str) {
    assert_eq!(connection.head().await.status, 431, "{what}");
    connection.rest().await;
}

#[tokio::test]
async fn a_head_as_long_as_it_may_be_is_read_and_a_longer_one_is_answered_431() {
    let server = Server::new(Listener::builder().max_head_bytes(SMALLEST_HEAD)).await;
    let mut bystander = Bystander::of(&server).await;
    let draft = ["Upgrade: WebSocket", "Connection: Upgrade"];
    let mut refused = 0;
    for (path, headers, status) in [
        ("/", &[][..], 200),
        ("/socket.io/1/?t=1", &[], 200),
        ("/socket.io/?EIO=4&transport=polling", &[], 200),
        ("/socket.io/websocket", &UPGRADE, 101),
        ("/socket.io/websocket", &draft, 101),
    ] {
        let answer = server.ask(head_of(SMALLEST_HEAD, path, headers)).await.head().await;
        assert_eq!(answer.status, status, "{path} {headers:?}");
        // Whole and too long, longer than is looked at, and without an end.
        let whole = head_of(SMALLEST_HEAD + 1, path, headers);
        for bytes in [&whole, &head_of(3 * SMALLEST_HEAD, path, headers), &whole[..SMALLEST_HEAD]] {
            let mut connection = server.connect().await;
            let _ = connection.try_send(bytes).await;
            is_refused(&mut connection, &format!("{path} {headers:?} {}", bytes.len())).await;
            refused += 1;
        }
        assert_eq!(server.listener.stats().refused_heads, refused, "{path} {headers:?}");
    }
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn a_head_that_comes_in_small_pieces_is_bounded_as_well() {
    let server = Server::new(Listener::builder().max_head_bytes(SMALLEST_HEAD)).await;
    let draft = ["Upgrade: WebSocket", "Connection: Upgrade"];
    for (path, headers) in [("/", &[][..]), ("/socket.io/websocket", &UPGRADE), ("/socket.io/websocket", &draft)] {
        let before = server.listener.stats().refused_heads;
        let mut connection = server.connect().await;
        let head = head_of(2 * SMALLEST_HEAD, path, headers);
        for piece in head.as_bytes().chunks(100) {
            if connection.try_send(piece).await.is_err() {
                break;
            }
            tokio::task::yield_now().await;
        }
        // What it has not read may cost the client the answer.
        connection.rest().await;
        assert_eq!(server.listener.stats().refused_heads, before + 1, "{path} {headers:?}");
    }
}

#[tokio::test]
async fn more_than_a_hundred_headers_are_answered_431() {
    let server = Server::new(Listener::builder()).await;
    let headers: Vec<String> = (0..101).map(|number| format!("X-{number}: a")).collect();
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    is_refused(&mut server.ask(request("GET", "/", &headers, "")).await, "headers").await;
    assert_eq!(server.listener.stats().refused_heads, 1);
    assert_eq!(server.answer(request("GET", "/", &headers[..90], "")).await.status, 200);
}

#[tokio::test]
async fn a_thousand_requests_sent_at_once_are_answered_in_order() {
    const COUNT: usize = 1000;
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut bystander = Bystander::of(&server).await;
        let peer = Peer::open(&server, Transport::XhrPolling).await;
        let path = url(peer.transport, &peer.id, "send");
        let texts: Vec<String> = (0..COUNT).map(|number| number.to_string()).collect();
        let requests: String = texts.iter().map(|text| request("POST", &path, &[], &form(&frames(&[text])))).collect();
        let mut connection = server.ask(requests).await;
        for text in &texts {
            assert_eq!(connection.answer().await.text(), "ok", "{mounting:?} {text}");
        }
        assert_eq!(server.events.texts_until(&peer.id, COUNT).await, texts, "{mounting:?}");
        bystander.is_unharmed(&server).await;
    }
}

#[tokio::test]
async fn a_get_with_a_body_is_a_get_and_its_body_no_message() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut peer = Peer::open(&server, Transport::XhrPolling).await;
        server.listener.client(&peer.id).unwrap().send("for a poll").unwrap();
        let poll = request("GET", &url(peer.transport, &peer.id, "1"), &[], &form(&frames(&["in a GET"])));
        let answer = server.answer(poll).await;
        assert_eq!(messages(answer.text()), ["for a poll"], "{mounting:?}");
        peer.send(&["by POST"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["by POST"], "{mounting:?}");
    }
}

#[tokio::test]
async fn trailers_behind_a_body_are_read_over_and_bounded() {
    let server = Server::new(Listener::builder().max_head_bytes(SMALLEST_HEAD)).await;
    let mut bystander = Bystander::of(&server).await;
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    let path = url(peer.transport, &peer.id, "send");
    let body = form(&frames(&["chunked"]));
    let request = |trailers: &str| {
        let head = format!("POST {path} HTTP/1.1\r\nHost: own.example\r\nTransfer-Encoding: chunked\r\n\r\n");
        format!("{head}{:x}\r\n{body}\r\n0\r\n{trailers}\r\n", body.len())
    };
    for trailers in ["", "X-Sum: 1\r\n", "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"] {
        assert_eq!(server.answer(request(trailers)).await.status, 200, "{trailers}");
    }
    let mut connection = server.connect().await;
    let _ = connection.try_send(request(&format!("X: {}\r\n", "a".repeat(2 * SMALLEST_HEAD)))).await;
    assert!(!connection.rest().await.starts_with(b"HTTP/1.1 200"), "too long");
    peer.send(&["alive"]).await;
    assert_eq!(server.events.texts_until(&peer.id, 4).await, ["chunked", "chunked", "chunked", "alive"]);
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn a_body_shorter_than_its_length_is_heard_by_nobody() {
    let server = Server::new(Listener::builder()).await;
    let mut bystander = Bystander::of(&server).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let body = revision.body("42[\"message\",\"half\"]");
        let head =
            format!("POST {} HTTP/1.1\r\nHost: own.example\r\nContent-Length: {}\r\n\r\n", peer.path(), body.len() + 1);
        let mut connection = server.ask(format!("{head}{body}")).await;
        connection.end_sending().await;
        assert!(!connection.rest().await.starts_with(b"HTTP/1.1 200"), "{revision:?}");
        peer.send(&["42[\"message\",\"whole\"]"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["whole"], "{revision:?}");
    }
    bystander.is_unharmed(&server).await;
}
