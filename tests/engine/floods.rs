//! Too much of everything, and noise.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting,
        engine::{EnginePeer, Packet, REVISIONS, TRANSPORTS, Three, binary, everything, opening, path},
        eventually, request, rfc6455,
    },
};
use heirloom::{DisconnectReason, Transport};

const COUNT: usize = 3000;

#[tokio::test]
async fn many_packets_in_one_piece_are_all_read_in_order() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let packets: Vec<Packet> =
                (0..COUNT).map(|number| Packet::Text(format!(r#"42["message","{number}"]"#))).collect();
            if transport == Transport::WebSocket {
                peer.socket().send_at_once(&packets).await;
            } else {
                peer.send_packets(&packets).await;
            }
            let heard = server.events.texts_until(&peer.id, COUNT).await;
            assert!(heard.iter().map(|text| text.parse::<usize>().unwrap()).eq(0..COUNT), "{revision:?} {transport}");
            other.heard_nothing("the flood of another").await;
        }
    }
}

#[tokio::test]
async fn who_asks_for_more_than_it_reads_fills_its_own_queue_and_no_other() {
    let server = echo(builder().queue_messages(100)).await;
    let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
    for revision in REVISIONS {
        for packet in [r#"421["echo","xxxxxxxx"]"#, r#"42["echo","xxxxxxxx"]"#, "40/random", "40/chat,", "2"] {
            if packet == "2" && revision != Three {
                continue;
            }
            let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let client = peer.client(&server);
            let body = revision.payload(&vec![Packet::from(packet); 2000]);
            assert_eq!(peer.post(&body).await.status, 200);
            assert_eq!(peer.post(&revision.body(r#"42["message","last"]"#)).await.status, 200);
            assert_eq!(server.events.texts_until(&peer.id, 1).await, ["last"]);
            let (bytes, messages) = client.queued();
            assert!(messages <= 110 && bytes < 100_000, "{revision:?} {packet}: {messages} messages of {bytes} bytes");
        }
    }
    other.heard_nothing("the floods of others").await;
}

#[tokio::test]
async fn whose_queue_is_full_misses_what_others_hear() {
    let server = echo(builder().queue_messages(10)).await;
    for (revision, transport) in everything() {
        let mut reading = EnginePeer::connect(&server, revision, transport).await;
        let idle = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let mut dropped = 0;
        for number in 0..30 {
            dropped += server.listener.emit("n", &number).unwrap().dropped;
            assert_eq!(reading.receive().await, format!(r#"42["n",{number}]"#), "{revision:?} {transport}");
        }
        // What was answered last counts until it is known to have come.
        assert!((20..=21).contains(&dropped), "{revision:?} {transport} {dropped}");
        assert!(idle.client(&server).is_connected());
        for peer in [reading, idle] {
            peer.client(&server).disconnect();
            eventually("the client to be gone", || server.listener.client(&peer.id).is_none()).await;
        }
    }
}

#[tokio::test]
async fn a_header_whose_attachments_do_not_fit_the_queue_is_not_sent_without_them() {
    let server = echo(builder().queue_messages(10)).await;
    for (revision, transport) in everything() {
        if transport == Transport::WebSocket {
            continue;
        }
        let peer = EnginePeer::connect(&server, revision, transport).await;
        let client = peer.client(&server);
        let bytes = [bytes::Bytes::from_static(&[1]), bytes::Bytes::from_static(&[2])];
        while client.emit("bytes", &bytes).is_ok() {}
        client.disconnect();
        let mut packets = peer.ended().await;
        assert_eq!([packets.pop(), packets.pop()], [Some("1".into()), Some("41".into())], "{packets:?}");
        assert!(!packets.is_empty() && packets.len() % 3 == 0, "{revision:?} {transport} {packets:?}");
        for event in packets.chunks(3) {
            assert!(
                event[0].is(r#"452-["bytes",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#),
                "{event:?}"
            );
            assert_eq!(event[1..], [binary(&[1]), binary(&[2])], "{revision:?} {transport}");
        }
    }
}

#[tokio::test]
async fn tiny_frames_and_fragments() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut socket = rfc6455::open(&server, &path(BARE, revision, Transport::WebSocket, "")).await;
            rfc6455::read(&mut socket).await;
            let mut bytes = rfc6455::masked(rfc6455::TEXT, false, b"4hel");
            bytes.extend(rfc6455::masked(rfc6455::PING, true, b"between"));
            bytes.extend(rfc6455::masked(0, false, b""));
            bytes.extend(rfc6455::masked(0, true, b"lo"));
            socket.dribble(bytes).await;
            assert_eq!(rfc6455::read(&mut socket).await, (rfc6455::PONG, b"between".to_vec()));
            assert_eq!(rfc6455::read(&mut socket).await, (rfc6455::TEXT, b"4hello".to_vec()), "{mounting:?}");
        }
    }
}

#[tokio::test]
async fn noise_ends_no_more_than_the_session_it_is_in() {
    let server = echo(builder()).await;
    let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
    // A generator of Lehmer's: the same noise every time.
    let mut seed = 48_271_u64;
    let mut noise = move |length: usize| -> Vec<u8> {
        let mut byte = || {
            seed = seed * 48_271 % 2_147_483_647;
            b"0123456789[]{}\":,-_/b4\x1e\xff\x00\xc3"[(seed % 28).min(25) as usize]
        };
        (0..length).map(|_| byte()).collect()
    };
    for revision in REVISIONS {
        for length in [1, 2, 3, 5, 8, 13, 21, 34, 55].repeat(10) {
            let bytes = noise(length);
            for kind in ["text/plain", "application/octet-stream", "application/x-www-form-urlencoded"] {
                let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let length = format!("Content-Length: {length}");
                let head = request("POST", &peer.path(), &[&format!("Content-Type: {kind}"), &length], "");
                let mut connection = server.ask([head.as_bytes(), &bytes].concat()).await;
                let status = connection.answer().await.status;
                assert!(matches!(status, 200 | 400), "{revision:?} {kind} {bytes:?}: {status}");
            }
            let mut peer = opening(revision, Transport::WebSocket).connect(&server).await;
            peer.socket().try_send(Packet::Text(String::from_utf8_lossy(&bytes).into_owned())).await;
            peer.socket().try_send(binary(&bytes)).await;
            peer.leave().await;
        }
        other.heard_nothing("noise").await;
    }
}

#[tokio::test]
async fn clients_that_come_and_go_leave_nothing_behind() {
    let server = echo(crate::impatient()).await;
    for revision in REVISIONS {
        for transport in TRANSPORTS {
            for round in 0..10 {
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                match round % 4 {
                    0 => peer.leave().await,
                    1 => peer.send(&["1"]).await,
                    2 => peer.park().await,
                    _ => peer.send(&[r#"451-["message",{"_placeholder":true,"num":0}]"#]).await,
                }
            }
        }
    }
    server.is_empty().await;
    let ends =
        server.events.all().iter().filter(|event| matches!(event, crate::support::Event::Disconnect(..))).count();
    assert_eq!(ends, 60, "each told once");
    let reason = DisconnectReason::ProtocolError;
    assert!(
        !server
            .events
            .all()
            .iter()
            .any(|event| matches!(event, crate::support::Event::Disconnect(_, other) if *other == reason))
    );
}
