//! websocket and flashsocket of 0.7 to 0.9, in every draft.

use crate::support::{
    Connection, Mounting, PacketPeer, Server, eventually, get, milliseconds,
    packets::{NOT_HANDSHAKEN, framed, handshake, path},
    request,
    rfc6455::{self, CLOSE, TEXT, close_code, masked, read, text},
};
use heirloom::{DisconnectReason, Listener, Transport};
use std::time::Duration;

const SOCKETS: [Transport; 2] = [Transport::WebSocket, Transport::FlashSocket];
const DRAFT: [&str; 3] = ["Upgrade: WebSocket", "Connection: Upgrade", "Origin: http://own.example"];
const KEYS: [&str; 2] = ["Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00"];
const NONCE: &str = "^n:ds[4U";
const PROOF: &str = "8jKS'y:G*Co,Wxa-";

fn frame(packet: &str) -> (u8, Vec<u8>) {
    (TEXT, packet.as_bytes().to_vec())
}

#[tokio::test]
async fn every_packet_is_a_frame_in_the_drafts_with_versions() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in SOCKETS {
            for version in ["7", "8", "13"] {
                let id = handshake(&server).await;
                let version = format!("Sec-WebSocket-Version: {version}");
                let headers = [
                    "Connection: Upgrade",
                    "Upgrade: websocket",
                    &version,
                    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                    "Sec-WebSocket-Protocol: chat",
                    "Sec-WebSocket-Extensions: permessage-deflate",
                ];
                let mut socket = server.ask(request("GET", &path(transport, &id), &headers, "")).await;
                let head = socket.head().await;
                assert_eq!(head.status, 101, "{mounting:?} {transport} {version}");
                assert_eq!(head.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
                assert_eq!(head.header("sec-websocket-protocol"), "");
                assert_eq!(head.header("sec-websocket-extensions"), "");
                assert_eq!(read(&mut socket).await, frame("1::"));
                let client = server.listener.client(&id).unwrap();
                assert_eq!(client.transport(), transport);
                client.send_all(["é漢😀", ""]).unwrap();
                assert_eq!(read(&mut socket).await, frame("3:::é漢😀"));
                assert_eq!(read(&mut socket).await, frame("3::"), "payloads have no place here");
                socket.send([text("3:::é漢😀"), text("3:::next")].concat()).await;
                assert_eq!(server.events.texts_until(&id, 2).await, ["é漢😀", "next"]);
                let large = "x".repeat(65_532);
                client.send(large.as_str()).unwrap();
                assert_eq!(read(&mut socket).await, frame(&format!("3:::{large}")), "65536 bytes");
            }
        }
    }
}

#[tokio::test]
async fn a_goodbye_of_the_server_is_a_packet_and_a_close() {
    let server = Server::new(Listener::builder()).await;
    let id = handshake(&server).await;
    let mut socket = rfc6455::open(&server, &path(Transport::WebSocket, &id)).await;
    assert_eq!(read(&mut socket).await, frame("1::"));
    server.listener.client(&id).unwrap().disconnect();
    assert_eq!(read(&mut socket).await, frame("0::"));
    assert_eq!(close_code(&mut socket).await, 1000);
    socket.send(masked(CLOSE, true, &1000_u16.to_be_bytes())).await;
    assert!(socket.rest().await.is_empty());
    server.is_empty().await;
}

#[tokio::test]
async fn a_close_of_the_client_ends_the_session_at_once() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let id = handshake(&server).await;
        let mut socket = rfc6455::open(&server, &path(Transport::WebSocket, &id)).await;
        assert_eq!(read(&mut socket).await, frame("1::"));
        socket.send([text("3:::last"), masked(CLOSE, true, &[])].concat()).await;
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed, "{mounting:?}");
        assert_eq!(server.events.texts(&id), ["last"]);
        assert_eq!(read(&mut socket).await.0, CLOSE);
        assert!(socket.rest().await.is_empty());
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_socket_of_an_unknown_session_is_opened_told_and_closed() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in SOCKETS {
            for id in ["", "toString", "00000000000000000000000000000000"] {
                let mut socket = rfc6455::open(&server, &path(transport, id)).await;
                assert_eq!(read(&mut socket).await, frame(NOT_HANDSHAKEN), "{mounting:?} {transport} {id:?}");
                assert_eq!(read(&mut socket).await.0, CLOSE);
                socket.send(masked(CLOSE, true, &1000_u16.to_be_bytes())).await;
                assert!(socket.rest().await.is_empty(), "{mounting:?} {transport} {id:?}");
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_newer_socket_takes_the_place_of_an_older_which_is_still_heard_out() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in SOCKETS {
            let mut older = PacketPeer::open(&server, transport).await;
            let id = older.id.clone();
            let mut newer = PacketPeer::attach(&server, transport, &id).await;
            server.listener.client(&id).unwrap().send("to the newer").unwrap();
            assert_eq!(newer.receive().await, "3:::to the newer", "{mounting:?} {transport}");
            older.send(&["3:::sent before"]).await;
            newer.send(&["3:::from the newer"]).await;
            server.events.texts_until(&id, 2).await;
            older.leave().await;
            newer.heard_nothing("the end of the older").await;
            assert_eq!(server.events.about(&id).len(), 3, "{mounting:?} {transport}: the session noticed nothing");
        }
    }
}

#[tokio::test]
async fn an_older_socket_ends_with_its_session() {
    let server = Server::new(Listener::builder()).await;
    for transport in SOCKETS {
        let older = PacketPeer::open(&server, transport).await;
        let id = older.id.clone();
        let mut newer = PacketPeer::attach(&server, transport, &id).await;
        let client = server.listener.client(&id).unwrap();
        client.send("to the newer").unwrap();
        assert_eq!(newer.receive().await, "3:::to the newer", "{transport}");
        client.disconnect();
        assert_eq!(newer.ended().await, ["0::"], "{transport}");
        // By itself it would be heard out for ten seconds.
        let ended = tokio::time::timeout(Duration::from_secs(5), older.ended()).await;
        assert_eq!(ended.expect("no socket outlives its session"), [""; 0], "{transport}");
    }
}

#[tokio::test]
async fn a_socket_that_answers_no_heartbeat_is_closed_although_its_session_is_kept() {
    let mut builder = Listener::builder();
    for transport in SOCKETS {
        builder = builder
            .heartbeat_interval(transport, milliseconds(300))
            .heartbeat_timeout(transport, milliseconds(300))
            .close_timeout(transport, Duration::from_secs(60));
    }
    let server = Server::new(builder).await;
    for transport in SOCKETS {
        let peer = PacketPeer::open(&server, transport).await;
        let id = peer.id.clone();
        let ended = tokio::time::timeout(Duration::from_secs(5), peer.ended()).await;
        assert_eq!(ended.expect("nobody else has the session"), ["2::"], "{transport}");
        assert!(server.listener.client(&id).is_some(), "{transport}");
    }
}

#[tokio::test]
async fn a_frame_is_one_packet_and_never_a_payload() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    peer.send(&[&(framed("3:::a") + &framed("3:::b")), "3:::\u{fffd}5\u{fffd}3:::c"]).await;
    peer.heard_nothing("what is no packet").await;
    assert_eq!(server.events.texts(&peer.id), ["\u{fffd}5\u{fffd}3:::c"]);
}

#[tokio::test]
async fn frames_of_a_client_that_masks_nothing_are_taken() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let id = handshake(&server).await;
        let mut socket = rfc6455::open(&server, &path(Transport::WebSocket, &id)).await;
        assert_eq!(read(&mut socket).await, frame("1::"));
        socket.send([&[0x81, 8][..], b"3:::bare", &text("3:::masked")].concat()).await;
        assert_eq!(server.events.texts_until(&id, 2).await, ["bare", "masked"], "{mounting:?}");
    }
}

#[tokio::test]
async fn without_an_upgrade_there_is_no_socket_and_the_session_does_not_notice() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
        for transport in SOCKETS {
            let answer = server.answer(get(&path(transport, &peer.id))).await;
            assert_eq!((answer.status, answer.header("upgrade")), (426, "websocket"), "{mounting:?}");
            let answer = server.answer(request("POST", &path(transport, &peer.id), &[], "3:::x")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "GET, OPTIONS"), "{mounting:?}");
        }
        peer.heard_nothing("requests that are none").await;
        assert_eq!(server.events.about(&peer.id).len(), 1);
    }
}

fn hixie(path: &str, keys: &[&str]) -> String {
    request("GET", path, &[&DRAFT[..], keys].concat(), "")
}

async fn next(socket: &mut Connection) -> String {
    let bytes = socket.until([0xff]).await;
    assert_eq!(bytes[0], 0, "{bytes:?}");
    String::from_utf8(bytes[1..bytes.len() - 1].to_vec()).unwrap()
}

async fn head(socket: &mut Connection) -> String {
    String::from_utf8(socket.until("\r\n\r\n").await).unwrap()
}

/// From the connection to the end.
async fn converse(server: &Server, mut socket: Connection, id: &str) {
    assert_eq!(next(&mut socket).await, "1::");
    let client = server.listener.client(id).unwrap();
    socket.send("\0".to_owned() + "3:::é漢😀\u{fffd}").await;
    socket.send([0xff]).await;
    assert_eq!(server.events.texts_until(id, 1).await, ["é漢😀\u{fffd}"]);
    client.send_all(["one", "é漢😀"]).unwrap();
    assert_eq!(next(&mut socket).await, "3:::one", "a frame each");
    assert_eq!(next(&mut socket).await, "3:::é漢😀");
    client.disconnect();
    assert_eq!(next(&mut socket).await, "0::");
    socket.end_sending().await;
    assert_eq!(socket.rest().await, [0xff, 0]);
    assert_eq!(server.events.disconnected(id).await, DisconnectReason::ServerDisconnect);
    eventually("the session to be freed", || server.listener.client(id).is_none()).await;
}

#[tokio::test]
async fn hixie_75_is_answered_to_the_letter() {
    let server = Server::new(Listener::builder()).await;
    for transport in SOCKETS {
        let id = handshake(&server).await;
        let path = path(transport, &id) + "?a=b";
        let mut socket = server.ask(hixie(&path, &[])).await;
        let expected = format!(
            "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
             WebSocket-Origin: http://own.example\r\nWebSocket-Location: ws://own.example{path}\r\n\r\n"
        );
        assert_eq!(head(&mut socket).await, expected);
        converse(&server, socket, &id).await;
    }
}

#[tokio::test]
async fn hixie_76_is_answered_to_the_letter_and_proven() {
    let server = Server::new(Listener::builder()).await;
    for transport in SOCKETS {
        let id = handshake(&server).await;
        let path = path(transport, &id);
        let mut socket = server.ask(hixie(&path, &KEYS)).await;
        // Before the nonce is there: some proxies pass it on only then.
        let expected = format!(
            "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Origin: http://own.example\r\nSec-WebSocket-Location: ws://own.example{path}\r\n\r\n"
        );
        assert_eq!(head(&mut socket).await, expected);
        assert!(server.listener.client(&id).is_none(), "nothing is proven yet");
        socket.send(NONCE).await;
        assert_eq!(socket.exactly(16).await, PROOF.as_bytes());
        converse(&server, socket, &id).await;
    }
}

#[tokio::test]
async fn hixie_76_works_under_any_server() {
    let server = Server::mounted(Mounting::Wrap, Listener::builder()).await;
    let id = handshake(&server).await;
    let mut socket = server.ask(hixie(&path(Transport::WebSocket, &id), &KEYS) + NONCE).await;
    assert_eq!(socket.head().await.status, 101);
    assert_eq!(socket.exactly(16).await, PROOF.as_bytes());
    converse(&server, socket, &id).await;
}

#[tokio::test]
async fn a_draft_socket_of_an_unknown_session_is_opened_told_and_closed() {
    let server = Server::new(Listener::builder()).await;
    for id in ["", "toString", "00000000000000000000000000000000"] {
        let path = path(Transport::WebSocket, id);
        let mut oldest = server.ask(hixie(&path, &[])).await;
        let mut older = server.ask(hixie(&path, &KEYS) + NONCE).await;
        assert!(head(&mut oldest).await.starts_with("HTTP/1.1 101 "), "{id:?}");
        assert!(head(&mut older).await.starts_with("HTTP/1.1 101 "), "{id:?}");
        assert_eq!(older.exactly(16).await, PROOF.as_bytes());
        for socket in [&mut oldest, &mut older] {
            assert_eq!(next(socket).await, NOT_HANDSHAKEN, "{id:?}");
            socket.end_sending().await;
            assert_eq!(socket.rest().await, [0xff, 0], "{id:?}");
        }
    }
    assert_eq!(server.listener.stats().sessions, 0);
}

#[tokio::test]
async fn a_draft_socket_may_say_goodbye_in_its_own_way() {
    let server = Server::new(Listener::builder()).await;
    let id = handshake(&server).await;
    let mut socket = server.ask(hixie(&path(Transport::FlashSocket, &id), &[])).await;
    head(&mut socket).await;
    assert_eq!(next(&mut socket).await, "1::");
    socket.send(b"\x003:::last\xff\xff\x00").await;
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed);
    assert_eq!(server.events.texts(&id), ["last"]);
    server.is_empty().await;
}
