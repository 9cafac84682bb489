//! RFC 6455 by clients that do not keep to it.

use crate::support::{
    Mounting, Server, frame, frames, get, messages, request,
    rfc6455::{self, BINARY, CLOSE, PING, PONG, TEXT, UPGRADE, close_code, masked, read, session, text},
};
use heirloom::{DisconnectReason, Listener};

const PATH: &str = "/socket.io/websocket";

#[tokio::test]
async fn a_handshake_that_is_none_is_answered_with_what_is_missing() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for path in [PATH, "/socket.io/flashsocket"] {
            let answer = server.answer(get(path)).await;
            assert_eq!((answer.status, answer.header("upgrade")), (426, "websocket"), "a plain GET, {mounting:?}");

            for version in ["12", "14", "0", "x"] {
                let line = format!("Sec-WebSocket-Version: {version}");
                let headers = [UPGRADE[0], UPGRADE[1], UPGRADE[3], &line];
                let answer = server.answer(request("GET", path, &headers, "")).await;
                assert_eq!(answer.status, 426, "version {version}, {mounting:?}");
                assert!(answer.header("sec-websocket-version").contains("13"), "{answer:?}");
            }

            let answer = server.answer(request("GET", path, &UPGRADE[..3], "")).await;
            assert_eq!(answer.status, 400, "no key, {mounting:?}");
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn an_upgrade_needs_http_1_1() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let handshake = rfc6455::handshake(PATH).replace("HTTP/1.1", "HTTP/1.0");
        let answer = server.answer(handshake).await;
        assert!(answer.status >= 400, "{mounting:?}: {answer:?}");
        assert_eq!(server.listener.stats().sessions, 0);
    }
}

#[tokio::test]
async fn a_frame_against_the_rules_ends_the_session_with_the_reason() {
    let mut unmasked = vec![0x81, 5];
    unmasked.extend(b"~m~0~");
    let cases: [(&str, Vec<u8>, u16); 9] = [
        ("unmasked", unmasked, 1002),
        ("a reserved bit", [&[0xc1, 0x80][..], &[0; 4]].concat(), 1002),
        ("a reserved opcode", masked(3, true, b""), 1002),
        ("a continuation of nothing", masked(0, true, b"x"), 1002),
        ("a fragmented ping", masked(PING, false, b"x"), 1002),
        ("a ping that is too long", masked(PING, true, &[b'x'; 126]), 1002),
        ("text that is not UTF-8", masked(TEXT, true, b"~m~1~m~\xff"), 1007),
        ("a frame over the limit", masked(TEXT, true, &[b'x'; 2000]), 1009),
        // Nothing of this size can be reserved.
        ("the announcement of one", rfc6455::header(TEXT, true, 1 << 62), 1009),
    ];
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().max_frame_bytes(1024)).await;
        for (what, bytes, code) in &cases {
            let (mut socket, id) = session(&server).await;
            socket.send(bytes).await;
            assert_eq!(close_code(&mut socket).await, *code, "{what}, {mounting:?}");
            let answered = socket.try_send(masked(CLOSE, true, &code.to_be_bytes())).await;
            assert!(answered.is_ok(), "{what}: {answered:?}, {mounting:?}");
            assert!(socket.rest().await.is_empty(), "{what}: the connection ends");
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{what}");
            assert_eq!(server.events.about(&id).len(), 2, "{what}: connected and disconnected once");
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn fragments_that_together_exceed_the_limit_are_refused() {
    let server = Server::new(Listener::builder().max_frame_bytes(1024)).await;
    let (mut socket, id) = session(&server).await;
    socket.send(masked(TEXT, false, &[b'x'; 600])).await;
    socket.send(masked(0, false, &[b'x'; 600])).await;
    assert_eq!(close_code(&mut socket).await, 1009);
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError);
}

#[tokio::test]
async fn fragments_are_joined_and_a_ping_between_them_is_answered() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let (mut socket, id) = session(&server).await;
        let payload = frames(&["é漢😀", "second"]);
        let (first, rest) = payload.as_bytes().split_at(8);
        let (second, third) = rest.split_at(1);
        socket.send(masked(TEXT, false, first)).await;
        socket.send(masked(PING, true, b"now")).await;
        socket.send(masked(0, false, second)).await;
        socket.dribble(masked(0, true, third)).await;
        assert_eq!(read(&mut socket).await, (PONG, b"now".to_vec()));
        assert_eq!(server.events.texts_until(&id, 2).await, ["é漢😀", "second"]);
    }
}

#[tokio::test]
async fn what_is_not_text_is_ignored() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = session(&server).await;
    socket.send(masked(BINARY, true, frame("binary").as_bytes())).await;
    socket.send(masked(PONG, true, b"unasked")).await;
    socket.send(text("")).await;
    socket.send(text(&frame("text"))).await;
    assert_eq!(server.events.texts_until(&id, 1).await, ["text"]);
}

#[tokio::test]
async fn a_close_is_answered_and_ends_the_session_once() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let (mut socket, id) = session(&server).await;
        socket.send(text(&frame("last words"))).await;
        socket.send(masked(CLOSE, true, &1000u16.to_be_bytes())).await;
        socket.send(text(&frame("from beyond"))).await;
        assert_eq!(close_code(&mut socket).await, 1000);
        assert!(socket.rest().await.is_empty());
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed);
        assert_eq!(server.events.texts(&id), ["last words"]);
        server.is_empty().await;
        assert_eq!(server.events.about(&id).len(), 3, "{:?}", server.events.about(&id));
    }
}

#[tokio::test]
async fn the_first_frame_may_come_with_the_handshake() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut bytes = rfc6455::handshake(PATH).into_bytes();
        bytes.extend(text(&frame("early")));
        bytes.extend(text(&frame("bird")));
        let mut socket = server.ask(bytes).await;
        assert_eq!(socket.head().await.status, 101);
        let (_, payload) = read(&mut socket).await;
        let id = messages(std::str::from_utf8(&payload).unwrap()).remove(0);
        assert_eq!(server.events.texts_until(&id, 2).await, ["early", "bird"], "{mounting:?}");
    }
}

#[tokio::test]
async fn a_handshake_may_be_cut_anywhere() {
    let server = Server::new(Listener::builder()).await;
    let mut socket = server.connect().await;
    socket.dribble(rfc6455::handshake(PATH)).await;
    assert_eq!(socket.head().await.status, 101);
    assert_eq!(read(&mut socket).await.0, TEXT);
}

#[tokio::test]
async fn what_is_sent_behind_a_flood_of_pings_still_arrives() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = session(&server).await;
    let client = server.listener.client(&id).unwrap();
    // The client reads nothing, so the answers fill every buffer between the two.
    let pings = masked(PING, true, &[b'p'; 125]).repeat(1000);
    for _ in 0..100 {
        socket.send(&pings).await;
    }
    client.send("after the flood").unwrap();
    loop {
        let (opcode, payload) = read(&mut socket).await;
        if opcode == TEXT {
            assert_eq!(payload, frame("after the flood").as_bytes());
            break;
        }
        assert_eq!(opcode, PONG);
    }
}

#[tokio::test]
async fn the_early_drafts_name_their_origin_in_a_header_of_their_own() {
    let server = Server::new(Listener::builder().origins(["good.example:*"])).await;
    for (origin, status) in [("http://good.example", 101), ("http://evil.example", 403)] {
        for version in [7, 8] {
            let version = format!("Sec-WebSocket-Version: {version}");
            let origin = format!("Sec-WebSocket-Origin: {origin}");
            let mut connection =
                server.ask(request("GET", PATH, &[UPGRADE[0], UPGRADE[1], &version, UPGRADE[3], &origin], "")).await;
            assert_eq!(connection.head().await.status, status, "{version}, {origin}");
        }
    }
}
