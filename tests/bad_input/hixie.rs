//! The drafts hixie-75 and hixie-76 by clients that do not keep to them.

use crate::support::{Connection, Mounting, Peer, Server, frame, frames, messages, milliseconds, request};
use heirloom::{DisconnectReason, Listener, Transport};
use tokio::time::Instant;

const DRAFT: [&str; 3] = ["Upgrade: WebSocket", "Connection: Upgrade", "Origin: http://own.example"];
const KEY_1: &str = "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5";
const KEY_2: &str = "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00";
const NONCE: &[u8] = b"^n:ds[4U";
const PROOF: &[u8] = b"8jKS'y:G*Co,Wxa-";

fn handshake(keys: &[&str]) -> String {
    request("GET", "/socket.io/websocket", &[&DRAFT[..], keys].concat(), "")
}

fn text(payload: &str) -> Vec<u8> {
    [&[0], payload.as_bytes(), &[0xff]].concat()
}

async fn next(socket: &mut Connection) -> Vec<String> {
    let bytes = socket.until([0xff]).await;
    assert_eq!(bytes[0], 0);
    messages(std::str::from_utf8(&bytes[1..bytes.len() - 1]).unwrap())
}

/// A session of draft 75, and its id.
async fn session(server: &Server) -> (Connection, String) {
    let mut socket = server.ask(handshake(&[])).await;
    assert_eq!(socket.head().await.status, 101);
    let id = next(&mut socket).await.remove(0);
    (socket, id)
}

#[tokio::test]
async fn a_byte_that_begins_no_frame_ends_the_session_and_the_connection() {
    for bytes in [&[0x41][..], &[0x80, 0x01, b'x'], &[0xff, 0x01, b'x'], &[0xfe]] {
        let server = Server::new(Listener::builder()).await;
        let (mut socket, id) = session(&server).await;
        socket.send([&text(&frame("good")), bytes].concat()).await;
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{bytes:?}");
        assert_eq!(server.events.texts(&id), ["good"]);
        socket.end_sending().await;
        let rest = socket.rest().await;
        assert!(rest.is_empty() || rest == [0xff, 0], "{rest:?}");
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_frame_that_grows_beyond_the_limit_is_not_collected() {
    let server = Server::new(Listener::builder().max_frame_bytes(1024)).await;
    let (mut socket, id) = session(&server).await;
    // Its end never comes.
    socket.send([&[0][..], &[b'x'; 1500]].concat()).await;
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError);
    server.is_empty().await;
}

#[tokio::test]
async fn keys_that_are_not_made_by_the_rules_are_refused() {
    let no_blank = "Sec-WebSocket-Key1: 4@146546xW%0l15";
    let indivisible = "Sec-WebSocket-Key1: 1 2 5";
    let no_digit = "Sec-WebSocket-Key1: a b c";
    let too_large = "Sec-WebSocket-Key1: 99999999999 9";
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for key in [no_blank, indivisible, no_digit, too_large] {
            let mut socket = server.ask(handshake(&[key, KEY_2])).await;
            socket.try_send(NONCE).await.ok();
            assert_eq!(socket.head().await.status, 400, "{key}, {mounting:?}");
        }
        let mut socket = server.ask(handshake(&[KEY_1])).await;
        assert_eq!(socket.head().await.status, 400, "one key alone, {mounting:?}");
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_handshake_and_its_frames_may_be_cut_anywhere() {
    let payload = frames(&["é漢😀", "\u{fffd}", "last"]);
    let bytes = [handshake(&[KEY_1, KEY_2]).as_bytes(), NONCE, &text(&payload)].concat();
    let server = Server::new(Listener::builder()).await;
    // In the middle of a word, a line end, the nonce and a frame; and everywhere at once.
    let head = handshake(&[KEY_1, KEY_2]).len();
    for cut in [1, 10, 24, 26, head - 2, head, head + 3, head + 8, head + 9, head + 20, bytes.len()] {
        let mut socket = server.connect().await;
        socket.send(&bytes[..cut]).await;
        tokio::task::yield_now().await;
        socket.send(&bytes[cut..]).await;
        proven(&server, socket).await;
    }
    let mut socket = server.connect().await;
    socket.dribble(&bytes).await;
    proven(&server, socket).await;
}

async fn proven(server: &Server, mut socket: Connection) {
    assert_eq!(socket.head().await.status, 101);
    assert_eq!(socket.exactly(16).await, PROOF);
    let id = next(&mut socket).await.remove(0);
    assert_eq!(server.events.texts_until(&id, 3).await, ["é漢😀", "\u{fffd}", "last"]);
}

#[tokio::test]
async fn a_nonce_that_does_not_come_begins_no_session_and_keeps_nobody_waiting() {
    let server = Server::new(Listener::builder()).await;
    let mut socket = server.ask(handshake(&[KEY_1, KEY_2])).await;
    assert_eq!(socket.head().await.status, 101, "the head does not wait for the nonce");
    socket.send(&NONCE[..7]).await;
    let started = Instant::now();
    let mut other = Peer::open(&server, Transport::WebSocket).await;
    other.send(&["meanwhile"]).await;
    assert_eq!(server.events.texts_until(&other.id, 1).await, ["meanwhile"]);
    assert!(started.elapsed() < milliseconds(5000));
    assert_eq!(server.listener.stats().sessions, 1);
    socket.send(&NONCE[7..]).await;
    assert_eq!(socket.exactly(16).await, PROOF);
}

#[tokio::test]
async fn a_close_is_answered_with_a_close() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = session(&server).await;
    socket.send([text(&frame("last words")), vec![0xff, 0]].concat()).await;
    assert_eq!(socket.rest().await, [0xff, 0]);
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed);
    assert_eq!(server.events.texts(&id), ["last words"]);
    server.is_empty().await;
}

#[tokio::test]
async fn text_that_is_not_utf_8_becomes_replacement_characters() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = session(&server).await;
    socket.send([&[0][..], b"~m~3~m~a\xc3b", &[0xff]].concat()).await;
    assert_eq!(server.events.texts_until(&id, 1).await, ["a\u{fffd}b"]);
}

#[tokio::test]
async fn a_header_that_would_write_another_header_is_refused() {
    let server = Server::new(Listener::builder()).await;
    let head = handshake(&[]).replace("Host: own.example", "Host: own.example\u{7}");
    let mut socket = server.ask(head).await;
    let rest = socket.rest().await;
    assert!(!rest.starts_with(b"HTTP/1.1 101"), "{}", String::from_utf8_lossy(&rest));
    assert_eq!(server.listener.stats().sessions, 0);
}
