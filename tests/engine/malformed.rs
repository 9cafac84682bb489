//! What no client sends: it ends the session it came by, and nothing else.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting, Server,
        engine::{EnginePeer, Four, REVISIONS, Revision, TRANSPORTS, Three, opening, refusal},
        get, request, rfc6455,
    },
};
use heirloom::{DisconnectReason, Transport};

const DEPTH: usize = 10_000;

/// The client sends this and its session is over, of which nobody else hears.
async fn ends(server: &Server, revision: Revision, transport: Transport, packet: &str) {
    let what = format!("{revision:?} {transport} {:?}", &packet[..packet.len().min(60)]);
    let mut peer = EnginePeer::connect(server, revision, transport).await;
    let id = peer.id.clone();
    if transport == Transport::WebSocket {
        peer.send(&[packet]).await;
        assert_eq!(peer.ended().await, [], "{what}");
    } else {
        assert_eq!(peer.post(&revision.body(packet)).await.status, 400, "{what}");
        assert_eq!(
            refusal(&server.answer(get(&peer.path())).await),
            (400, 1, "Session ID unknown".to_owned()),
            "{what}"
        );
    }
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{what}");
    assert!(server.events.texts(&id).is_empty(), "{what}");
}

#[tokio::test]
async fn malformed_packets_end_the_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
        for revision in REVISIONS {
            for transport in TRANSPORTS {
                for packet in [
                    "x",
                    "7",
                    "8anything",
                    "b!!",
                    "é",
                    "4",
                    "4abc",
                    "47[\"message\"]",
                    "49",
                    "42",
                    "42{}",
                    "42[]",
                    "42[null]",
                    "42[{}]",
                    "42[[\"message\"]]",
                    "42\"message\"",
                    "42[\"message\"",
                    "42[\"message\",]",
                    "42[\"message\"]]",
                    "42[\"message\"] x",
                    "42abc[\"message\"]",
                    "42-1[\"message\"]",
                    "42 1[\"message\"]",
                    "42123456789012345678901[\"message\"]",
                    "4218446744073709551616[\"message\"]",
                    "42[\"message\",\"\\ud800",
                    "430{}",
                    "430[",
                    "43x[]",
                    "40[]",
                    "401",
                    "40\"x\"",
                    "40{",
                    "40/chat,[]",
                    "40/chat,{",
                    "41{",
                    "41x",
                    "45",
                    "450",
                    "46",
                    "461-[]",
                    "42/chat",
                    "42/",
                    "42/chat,",
                ] {
                    ends(&server, revision, transport, packet).await;
                }
            }
        }
        other.heard_nothing("the mistakes of others").await;
    }
}

#[tokio::test]
async fn names_of_the_protocol_are_no_names_of_events() {
    let server = echo(builder()).await;
    for transport in TRANSPORTS {
        for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
            ends(&server, Four, transport, &format!("42[\"{name}\"]")).await;
            let mut older = EnginePeer::connect(&server, Three, transport).await;
            older.send(&[&format!("42[\"{name}\"]")]).await;
            older.heard_nothing("a name it may not use").await;
        }
    }
}

#[tokio::test]
async fn payloads_that_are_none_end_the_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut other = EnginePeer::connect(&server, Four, Transport::Polling).await;
        for (revision, bodies) in [
            (
                Three,
                &[
                    "",
                    "abc",
                    "4hello",
                    ":4x",
                    "x:4x",
                    "-1:4x",
                    "1.5:4x",
                    "3:4x",
                    "2:4xy",
                    "99999999999999999999:4",
                    "2:4x3:4",
                    "1",
                ][..],
            ),
            (Four, &["", "abc", "\x1e", "4x\x1e", "\x1e4x", "4x\x1e\x1e4x", "4x\x1eabc"]),
        ] {
            for body in bodies {
                let what = format!("{mounting:?} {revision:?} {body:?}");
                let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let post = request("POST", &peer.path(), &["Content-Type: text/plain"], body);
                assert_eq!(server.answer(post).await.status, 400, "{what}");
                assert_eq!(server.answer(get(&peer.path())).await.status, 400, "{what}");
                assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{what}");
            }
        }
        other.heard_nothing("the mistakes of others").await;
    }
}

#[tokio::test]
async fn payloads_of_bytes_that_are_none_end_the_session() {
    let server = echo(builder()).await;
    for body in [
        &[0][..],
        &[2, 1, 255, b'4'],
        &[0, 255, b'4'],
        &[0, 10, 255, b'4'],
        &[0, 2, 255, b'4'],
        &[0, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 255, b'4'],
        &[0, 2, 255, b'4', 200],
        &[1, 0, 255],
        &[1, 2, 255, 9, 1],
        b"6:4hello",
    ] {
        let peer = EnginePeer::connect(&server, Three, Transport::Polling).await;
        let kind = "Content-Type: application/octet-stream";
        let head = request("POST", &peer.path(), &[kind, &format!("Content-Length: {}", body.len())], "");
        let mut connection = server.ask([head.as_bytes(), body].concat()).await;
        assert_eq!(connection.answer().await.status, 400, "{body:?}");
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{body:?}");
    }
}

#[tokio::test]
async fn what_was_whole_before_the_mistake_counts() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let packets = [r#"42["message","before"]"#, "4xx", r#"42["message","after"]"#].map(Into::into);
        let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        assert_eq!(peer.post(&revision.payload(&packets)).await.status, 400);
        server.events.disconnected(&peer.id).await;
        assert_eq!(server.events.texts(&peer.id), ["before"], "{revision:?}");
    }
}

#[tokio::test]
async fn depth_is_refused_and_not_climbed_into() {
    let server = echo(builder()).await;
    let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
    for revision in REVISIONS {
        for transport in TRANSPORTS {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let deep = format!("{}1{}", open.repeat(DEPTH), close.repeat(DEPTH));
                for packet in [
                    format!("42[\"message\",{deep}]"),
                    format!("42[\"message\",{}", open.repeat(DEPTH)),
                    format!("430[{deep}]"),
                ] {
                    // Whether it is the end or only ignored: it is no crash.
                    let mut peer = EnginePeer::connect(&server, revision, transport).await;
                    match transport {
                        Transport::WebSocket => peer.socket().try_send(packet.as_str().into()).await,
                        _ => drop(peer.post(&revision.body(&packet)).await),
                    }
                    other.heard_nothing("how deep others went").await;
                }
                if revision == Four {
                    let mut peer = EnginePeer::open(&server, revision, transport).await;
                    let packet = format!("40{{\"a\":{deep}}}");
                    match transport {
                        Transport::WebSocket => peer.socket().try_send(packet.as_str().into()).await,
                        _ => drop(peer.post(&packet).await),
                    }
                    other.heard_nothing("how deep others went").await;
                }
            }
        }
    }
}

#[tokio::test]
async fn frames_that_break_the_websocket_end_the_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
        for revision in REVISIONS {
            let path = crate::support::engine::path(BARE, revision, Transport::WebSocket, "");
            for (bytes, code) in [
                (rfc6455::masked(rfc6455::TEXT, true, b"4\xff"), 1007),
                (vec![0x81, 2, b'4', b'x'], 1002),
                (rfc6455::masked(3, true, b"4x"), 1002),
                (rfc6455::header(rfc6455::TEXT, true, 1 << 40), 1009),
            ] {
                let mut socket = rfc6455::open(&server, &path).await;
                rfc6455::read(&mut socket).await;
                socket.send(&bytes).await;
                assert_eq!(rfc6455::close_code(&mut socket).await, code, "{mounting:?} {revision:?} {bytes:?}");
            }
        }
        other.heard_nothing("the mistakes of others").await;
        crate::support::eventually("the others to be gone", || server.listener.stats().sessions == 1).await;
    }
}

#[tokio::test]
async fn bare_sessions_end_by_malformed_packets_too() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        for transport in TRANSPORTS {
            for packet in ["x", "7", "b!!"] {
                let mut peer = opening(revision, transport).resource(BARE).open(&server).await;
                if transport == Transport::WebSocket {
                    peer.send(&[packet]).await;
                    assert_eq!(peer.ended().await, [], "{revision:?} {transport} {packet}");
                } else {
                    assert_eq!(peer.post(&revision.body(packet)).await.status, 400, "{revision:?} {packet}");
                }
            }
        }
    }
    server.is_empty().await;
}
