//! Bodies that are too large, too slow, or never come to an end.

use crate::support::{Mounting, Peer, Server, eventually, form, frame, milliseconds, request};
use heirloom::{Listener, Transport};
use tokio::time::Instant;

fn path(peer: &Peer) -> String {
    format!("/socket.io/xhr-polling/{}/send", peer.id)
}

fn head(peer: &Peer, headers: &str) -> String {
    format!("POST {} HTTP/1.1\r\nHost: own.example\r\n{headers}\r\n\r\n", path(peer))
}

fn chunk(data: &str) -> String {
    format!("{:x}\r\n{data}\r\n", data.len())
}

#[tokio::test]
async fn a_body_over_the_limit_is_answered_413_and_the_session_goes_on() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().max_body_bytes(4096)).await;
        let mut peer = Peer::open(&server, Transport::XhrPolling).await;
        let large = form(&frame(&"x".repeat(4096)));

        let answer = server.answer(request("POST", &path(&peer), &[], &large)).await;
        assert_eq!(answer.status, 413, "{mounting:?} by its length");

        let announced = head(&peer, "Content-Length: 1099511627776");
        assert_eq!(server.answer(announced).await.status, 413, "{mounting:?} by what it announces, before it comes");

        let mut connection = server.ask(head(&peer, "Transfer-Encoding: chunked")).await;
        connection.send(chunk(&large)).await;
        assert_eq!(connection.answer().await.status, 413, "{mounting:?} by what has come of its chunks");

        let fits = form(&frame(&"x".repeat(4000)));
        assert!(fits.len() <= 4096);
        assert_eq!(server.answer(request("POST", &path(&peer), &[], &fits)).await.status, 200);
        peer.send(&["next"]).await;
        let arrived = server.events.texts_until(&peer.id, 2).await;
        assert_eq!((arrived[0].len(), arrived[1].as_str(), arrived.len()), (4000, "next", 2));
    }
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_408_and_nobody_waits_for_it() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().body_timeout(milliseconds(800))).await;
        let slow = Peer::open(&server, Transport::XhrPolling).await;
        let mut other = Peer::open(&server, Transport::WebSocket).await;
        let started = Instant::now();
        let mut connection = server.ask(head(&slow, "Content-Length: 20") + "data=~m~1").await;
        // While it is being waited for, everybody else is served.
        other.send(&["meanwhile"]).await;
        server.events.texts_until(&other.id, 1).await;
        assert!(started.elapsed() < milliseconds(800), "the other client was kept waiting");
        let answer = connection.answer().await;
        assert_eq!(answer.status, 408, "{mounting:?}");
        assert!(started.elapsed() >= milliseconds(800));
        assert_eq!(server.events.texts(&slow.id), [""; 0]);
        assert!(server.listener.client(&slow.id).is_some(), "the session goes on");
    }
}

#[tokio::test]
async fn a_client_that_vanishes_in_the_middle_of_a_body_has_said_nothing() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut peer = Peer::open(&server, Transport::XhrPolling).await;
        // What has come is a whole message, but not the whole body.
        let part = form(&frame("half"));
        let by_length = head(&peer, &format!("Content-Length: {}", part.len() + 10)) + &part;
        let by_chunks = head(&peer, "Transfer-Encoding: chunked") + &chunk(&part);
        for request in [by_length, by_chunks] {
            let mut connection = server.ask(request).await;
            connection.end_sending().await;
            let rest = connection.rest().await;
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
        }
        peer.send(&["whole"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["whole"], "{mounting:?}");
    }
}

#[tokio::test]
async fn chunks_that_are_none_are_refused() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut peer = Peer::open(&server, Transport::XhrPolling).await;
        for garbage in ["zz\r\n", "-5\r\nhello\r\n", "ffffffffffffffffffff\r\n", "5\r\nhelloX\r\n0\r\n\r\n"] {
            let mut connection = server.ask(head(&peer, "Transfer-Encoding: chunked") + garbage).await;
            connection.end_sending().await;
            let rest = connection.rest().await;
            assert!(!rest.starts_with(b"HTTP/1.1 200"), "{garbage:?}: {}", String::from_utf8_lossy(&rest));
        }
        peer.send(&["alive"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["alive"]);
    }
}

#[tokio::test]
async fn pieces_of_a_body_are_put_together() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::XhrPolling).await;
    // The three bytes of one character come in three chunks, and each of them byte by byte.
    let mut connection = server.ask(head(&peer, "Transfer-Encoding: chunked")).await;
    connection.dribble(chunk("data=~m~2~m~")).await;
    for byte in "漢".as_bytes() {
        connection.dribble([b"1\r\n".as_slice(), &[*byte], b"\r\n"].concat()).await;
    }
    connection.dribble("1\r\n!\r\n0\r\n\r\n").await;
    assert_eq!(connection.answer().await.status, 200);
    assert_eq!(server.events.texts_until(&peer.id, 1).await, ["漢!"]);
}

#[tokio::test]
async fn a_head_that_does_not_come_to_an_end_is_given_up() {
    let server = Server::new(Listener::builder().header_timeout(milliseconds(200))).await;
    for start in ["G", "GET /socket.io/websocket HTTP/1.1\r\nHost:", "POST /socket.io/x", "<policy-file"] {
        let mut connection = server.ask(start).await;
        let rest = connection.rest().await;
        assert!(!rest.starts_with(b"HTTP/1.1 2"), "{start:?}: {}", String::from_utf8_lossy(&rest));
    }
    let idle = server.connect().await;
    let mut idle = idle;
    idle.is_closed_in_silence("a connection without a request").await;
    eventually("nothing to be left", || server.listener.stats().sessions == 0).await;
}

#[tokio::test]
async fn a_client_that_sends_all_of_a_large_body_sees_the_answer() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let peer = Peer::open(&server, Transport::XhrPolling).await;
        let large = form(&frame(&"x".repeat(5_000_000)));
        let whole = request("POST", &path(&peer), &[], &large);
        let chunked = head(&peer, "Transfer-Encoding: chunked") + &chunk(&large) + "0\r\n\r\n";
        for request in [whole, chunked] {
            let mut connection = server.connect().await;
            connection.try_send(request).await.expect("the server reads on while the client sends");
            assert_eq!(connection.answer().await.status, 413, "{mounting:?}");
        }
    }
}
