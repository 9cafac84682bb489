//! WebSocket frames, those of the RFC and those of the drafts before it.

use crate::{
    scene::Scene,
    support::{
        Connection, Server,
        engine::{Four, Three, path as engine_path},
        frame, packets, request,
        rfc6455::{self, BINARY, CLOSE, PING, PONG, TEXT, header, masked},
    },
};
use heirloom::{DisconnectReason, Listener, Transport};

/// An open socket of every generation, whose first message is read.
async fn sockets(server: &Server) -> Vec<(&'static str, Connection)> {
    let id = packets::handshake(server).await;
    let mut opened = Vec::new();
    for (name, path) in [
        ("frames", "/socket.io/websocket".to_owned()),
        ("packets", packets::path(Transport::WebSocket, &id)),
        ("revision 3", engine_path("socket.io", Three, Transport::WebSocket, "")),
        ("revision 4", engine_path("socket.io", Four, Transport::WebSocket, "")),
    ] {
        let mut socket = rfc6455::open(server, &path).await;
        assert_eq!(rfc6455::read(&mut socket).await.0, TEXT, "{name}");
        opened.push((name, socket));
    }
    opened
}

/// The code of the close frame, whatever came before it.
async fn close_code(socket: &mut Connection) -> u16 {
    loop {
        let (opcode, payload) = rfc6455::read(socket).await;
        if opcode == CLOSE {
            return u16::from_be_bytes(payload[..2].try_into().unwrap());
        }
    }
}

#[tokio::test]
async fn cve_2016_10542_a_frame_of_any_announced_size_is_refused_before_it_comes() {
    let scene = Scene::new().await;
    for length in [(1 << 20) + 1, 1 << 28, (1 << 31) - 1, 1 << 31, 1 << 32, 1 << 62, u64::MAX >> 1, u64::MAX] {
        for opcode in [TEXT, BINARY] {
            for is_final in [true, false] {
                for (name, mut socket) in sockets(&scene.server).await {
                    socket.send(header(opcode, is_final, length)).await;
                    let code = close_code(&mut socket).await;
                    assert!(matches!(code, 1009 | 1002), "{name} {length} {opcode}: {code}");
                }
            }
        }
    }
    scene.is_left_alone().await;
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2016_10542_fragments_are_counted_together() {
    let scene = Scene::with(Listener::builder().max_frame_bytes(4096)).await;
    for opcode in [TEXT, BINARY] {
        for (name, mut socket) in sockets(&scene.server).await {
            socket.send(masked(opcode, false, &[b'4'; 1000])).await;
            for _ in 0..5 {
                // It may have closed already.
                let _ = socket.try_send(masked(0, false, &[b'4'; 1000])).await;
            }
            assert_eq!(close_code(&mut socket).await, 1009, "{name} {opcode}");
        }
    }
    scene.is_left_alone().await;
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2016_10518_a_ping_is_answered_with_what_it_said_and_not_a_byte_more() {
    let scene = Scene::new().await;
    for (name, mut socket) in sockets(&scene.server).await {
        for length in [0, 1, 5, 124, 125] {
            let said = vec![length; usize::from(length)];
            socket.send(masked(PING, true, &said)).await;
            loop {
                let (opcode, answer) = rfc6455::read(&mut socket).await;
                // Whatever else the session had to say is text.
                if opcode == PONG {
                    assert_eq!(answer, said, "{name}");
                    break;
                }
                assert_eq!(opcode, TEXT, "{name}");
            }
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_48779_a_message_of_ten_thousand_fragments_is_one_message() {
    let scene = Scene::new().await;
    let text = frame(&"x".repeat(10_000));
    let mut bytes = masked(TEXT, false, b"");
    for byte in text.as_bytes() {
        bytes.extend(masked(0, false, &[*byte]));
        bytes.extend(masked(0, false, b""));
    }
    bytes.extend(masked(0, true, b""));
    let (mut socket, id) = rfc6455::session(&scene.server).await;
    socket.send(bytes).await;
    let heard = scene.server.events.texts_until(&id, 1).await;
    assert!(heard == ["x".repeat(10_000)], "{} messages", heard.len());
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_54466_a_frame_of_the_drafts_with_an_endless_length_is_refused_at_its_first_byte() {
    const HIXIE: [&str; 3] = ["Upgrade: WebSocket", "Connection: Upgrade", "Origin: http://own.example"];
    let scene = Scene::new().await;
    for kind in [0x80, 0x81, 0xfe] {
        for length in [&[0xff; 1000][..], &[0x80; 1000], &[0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1]] {
            let mut socket = scene.server.ask(request("GET", "/socket.io/websocket", &HIXIE, "")).await;
            assert_eq!(socket.head().await.status, 101);
            let told = socket.until([0xff]).await;
            let id = crate::support::messages(std::str::from_utf8(&told[1..told.len() - 1]).unwrap()).remove(0);
            // What stands behind such a length must not be taken for a frame.
            let hidden = [&[kind], length, &[0], frame("hidden").as_bytes(), &[0xff]].concat();
            let good = [&[0], frame("good").as_bytes(), &[0xff]].concat();
            let _ = socket.try_send([good, hidden].concat()).await;
            assert_eq!(scene.server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{kind:x}");
            assert_eq!(scene.server.events.texts(&id), ["good"], "{kind:x}");
        }
    }
    scene.is_left_alone().await;
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_54490_compression_is_never_agreed_upon_so_nothing_grows_by_it() {
    const OFFERED: &str =
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-webkit-deflate-frame";
    /// The first reserved bit says that a message is compressed.
    const COMPRESSED: u8 = 0x40;
    let scene = Scene::new().await;
    for path in [
        "/socket.io/websocket".to_owned(),
        engine_path("socket.io", Three, Transport::WebSocket, ""),
        engine_path("socket.io", Four, Transport::WebSocket, ""),
    ] {
        let headers = [&rfc6455::UPGRADE[..], &[OFFERED]].concat();
        let mut socket = scene.server.ask(request("GET", &path, &headers, "")).await;
        let head = socket.head().await;
        assert_eq!((head.status, head.header("sec-websocket-extensions")), (101, ""), "{path}");
        let mut frame = masked(TEXT, true, &[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
        frame[0] |= COMPRESSED;
        socket.send(frame).await;
        assert_eq!(close_code(&mut socket).await, 1002, "{path}");
    }
    scene.is_left_alone().await;
    scene.ends_well().await;
}
