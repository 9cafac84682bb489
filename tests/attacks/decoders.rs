//! What servers written in Rust mended in their decoders of Engine.IO in June 2026.

use crate::{
    scene::Scene,
    support::{
        Event,
        engine::{EnginePeer, Four, POLLS, Packet, Revision, Three, binary, opening},
        request,
    },
};
use heirloom::{Dialect, DisconnectReason, Listener, Message, Transport};

/// The resource of clients that speak Engine.IO and nothing upon it.
const BARE: &str = "engine.io";

async fn scene() -> Scene {
    Scene::with(Listener::builder().also_mount(BARE, Dialect::BareEngine)).await
}

async fn posted(scene: &Scene, peer: &EnginePeer, kind: &str, body: &[u8]) -> u16 {
    let headers = [&format!("Content-Type: {kind}")[..], &format!("Content-Length: {}", body.len())];
    let head = request("POST", &peer.path(), &headers, "");
    scene.server.answer([head.as_bytes(), body].concat()).await.status
}

#[tokio::test]
async fn socketioxide_739_a_body_that_ends_in_a_packet_is_at_its_end() {
    let scene = scene().await;
    for body in [
        // Its header, and what it announces, are cut off at every place.
        &[1, 5, 255, 4, 1, 2][..],
        &[1, 5, 255],
        &[1, 5],
        &[1],
        &[0, 1, 0, 255, b'4'],
        &[0, 2, 255, b'4', b'x', 0, 5],
    ] {
        let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
        assert_eq!(posted(&scene, &peer, "application/octet-stream", body).await, 400, "{body:?}");
        assert_eq!(scene.server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{body:?}");
    }
    for body in ["10:4ab", "10:", "10", "1", "3:4ab10:4"] {
        let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
        assert_eq!(posted(&scene, &peer, "text/plain", body.as_bytes()).await, 400, "{body:?}");
        assert_eq!(scene.server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{body:?}");
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn socketioxide_741_digits_that_are_none_overflow_nothing() {
    let scene = scene().await;
    for digit in [10, 48, 57, 127, 128, 207, 208, 250, 254] {
        for body in [&[0, digit, 255, b'4'][..], &[1, 1, digit, 255, 4], &[digit, 1, 255, b'4'], &[0, digit]] {
            let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
            assert_eq!(posted(&scene, &peer, "application/octet-stream", body).await, 400, "{body:?}");
        }
    }
    let longest = [&[0][..], &[9; 30], &[255, b'4']].concat();
    let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
    assert_eq!(posted(&scene, &peer, "application/octet-stream", &longest).await, 400);
    scene.is_left_alone().await;
    scene.ends_well().await;
}

/// What the application heard of a client that speaks Engine.IO alone.
async fn heard(scene: &Scene, peer: &EnginePeer, count: usize) -> Vec<Message> {
    let id = &peer.sid;
    let messages = |events: &[Event]| -> Vec<Message> {
        let own = |event: &Event| match event {
            Event::Message(other, message) if other == id => Some(message.clone()),
            _ => None,
        };
        events.iter().filter_map(own).collect()
    };
    scene.server.events.until("messages", |events| messages(events).len() >= count).await;
    messages(&scene.server.events.all())
}

#[tokio::test]
async fn socketioxide_740_base64_that_begins_with_a_4_is_base64() {
    let scene = scene().await;
    let sent = [[0xe0, 0xe1, 0xe2], [0xe3, 0x8d, 0xb8], [1, 2, 3]];
    for revision in [Three, Four] {
        for transport in POLLS {
            let mut peer = opening(revision, transport).resource(BARE).open(&scene.server).await;
            peer.send_packets(&sent.map(|bytes| binary(&bytes))).await;
            let wanted = sent.map(|bytes| Message::Binary(bytes.to_vec().into()));
            assert_eq!(heard(&scene, &peer, 3).await, wanted, "{revision:?} {transport}");
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn socketioxide_742_lengths_count_what_javascript_counts() {
    let scene = scene().await;
    for (body, wanted) in [
        ("3:4𝕊3:4ab", &["𝕊", "ab"][..]),
        ("3:4e\u{301}2:4é", &["e\u{301}", "é"]),
        ("11:4👩‍👩‍👧‍👦2:4x", &[]),
        ("12:4👩‍👩‍👧‍👦2:4x", &["👩‍👩‍👧‍👦", "x"]),
    ] {
        let peer = opening(Three, Transport::Polling).resource(BARE).open(&scene.server).await;
        // In chunks that end within characters.
        let head = request("POST", &peer.path(), &["Transfer-Encoding: chunked"], "");
        let mut connection = scene.server.ask(head).await;
        for byte in body.as_bytes() {
            connection.send([b"1\r\n", &[*byte][..], b"\r\n"].concat()).await;
        }
        connection.send("0\r\n\r\n").await;
        let status = connection.answer().await.status;
        assert_eq!(status, if wanted.is_empty() { 400 } else { 200 }, "{body}");
        let wanted: Vec<Message> = wanted.iter().map(|text| Message::Text((*text).to_owned())).collect();
        assert_eq!(heard(&scene, &peer, wanted.len()).await, wanted, "{body}");
    }
    // A length that ends between the halves of a pair is none.
    for body in ["2:4𝕊", "2:4𝕊3:4ab", "3:4x𝕊"] {
        let peer = opening(Three, Transport::Polling).resource(BARE).open(&scene.server).await;
        assert_eq!(posted(&scene, &peer, "text/plain", body.as_bytes()).await, 400, "{body}");
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn socketioxide_743_who_asks_for_base64_gets_text_and_nobody_else() {
    let scene = scene().await;
    for (query, is_text) in [("&b64=1", true), ("&b64=true", true), ("&b64=", false), ("&b640=1", false), ("", false)] {
        let mut peer = opening(Three, Transport::Polling).resource(BARE).query(query).open(&scene.server).await;
        let path = peer.path() + query;
        scene.server.listener.client(&peer.sid).unwrap().send(bytes::Bytes::from_static(b"bytes")).unwrap();
        let answer = scene.server.answer(crate::support::get(&path)).await;
        let kind = answer.header("content-type").to_owned();
        assert_eq!(kind.starts_with("text/plain"), is_text, "{query:?}: {kind}");
        assert_eq!(packets_of(Three, &answer), [binary(b"bytes")], "{query:?}");
        peer.send(&["4x"]).await;
    }
    scene.ends_well().await;
}

fn packets_of(revision: Revision, answer: &crate::support::Answer) -> Vec<Packet> {
    crate::support::engine::codec::read(revision, Transport::Polling, answer)
}
