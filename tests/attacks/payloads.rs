//! Bodies and frames that take the originals far more time to read than to send. Everything runs on one thread here, so
//! whoever computes for seconds keeps the bystanders waiting for longer than they have patience.

use crate::{
    scene::Scene,
    support::{
        PacketPeer, Peer,
        engine::{EnginePeer, Four, Packet, REVISIONS, Three, everything},
        form,
        peer::url,
        request,
    },
};
use heirloom::{DisconnectReason, Transport};

/// A little less than what a body may have.
const MIB: usize = 1_000_000;

fn filled(packet: &str) -> String {
    packet.repeat(MIB / packet.len())
}

/// Still some ten thousand more than a body may have.
fn half_filled(packet: &str) -> String {
    packet.repeat(MIB / 4 / packet.len())
}

#[tokio::test]
async fn cve_2020_36048_a_body_of_a_hundred_thousand_packets_is_not_read_to_its_end() {
    let scene = Scene::new().await;
    for (revision, transport, packet) in [
        (Three, Transport::Polling, "1:2"),
        (Three, Transport::Polling, "2:42"),
        (Three, Transport::Polling, "2:4¼"),
        (Three, Transport::Polling, "3:4¼¼"),
        (Three, Transport::JsonpPolling, "1:2"),
        (Three, Transport::JsonpPolling, "2:4¼"),
        (Four, Transport::Polling, "3\x1e"),
        (Four, Transport::Polling, "42[\"a\"]\x1e"),
        (Four, Transport::JsonpPolling, "4¼\x1e"),
    ] {
        let what = format!("{revision:?} {transport} {packet:?}");
        let peer = EnginePeer::connect(&scene.server, revision, transport).await;
        let body = match packet.strip_suffix('\x1e') {
            Some(last) => filled(packet) + last,
            None => filled(packet),
        };
        assert_eq!(peer.post(&fitting(transport, body)).await.status, 400, "{what}");
        assert_eq!(scene.server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{what}");
    }
    scene.is_left_alone().await;
    assert!(scene.server.listener.stats().too_many_packets > 0);
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_36048_half_a_million_packets_of_nothing_are_nothing() {
    let scene = Scene::new().await;
    let mut peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
    assert_eq!(peer.post(&filled("0:")).await.status, 200);
    peer.heard_nothing("nothing").await;
    scene.ends_well().await;
}

/// A form writes one character as up to nine.
fn fitting(transport: Transport, mut body: String) -> String {
    if transport == Transport::JsonpPolling {
        let mut end = MIB / 9;
        while !body.is_char_boundary(end) {
            end -= 1;
        }
        body.truncate(end);
    }
    body
}

#[tokio::test]
async fn cve_2020_36048_a_body_of_bytes_with_a_hundred_thousand_packets_is_not_read_to_its_end() {
    let scene = Scene::new().await;
    for packet in [&[0, 1, 255, b'2'][..], &[1, 1, 255, 4]] {
        let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
        let body = packet.repeat(MIB / packet.len());
        let headers = ["Content-Type: application/octet-stream", &format!("Content-Length: {}", body.len())];
        let head = request("POST", &peer.path(), &headers, "");
        let answer = scene.server.answer([head.as_bytes(), &body].concat()).await;
        assert_eq!(answer.status, 400, "{packet:?}");
        assert_eq!(scene.server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{packet:?}");
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_36048_clients_before_1_0_may_send_no_such_body_either() {
    let scene = Scene::new().await;
    for packet in ["\u{fffd}3\u{fffd}2::", "\u{fffd}5\u{fffd}3:::¼", "\u{fffd}0\u{fffd}"] {
        let peer = PacketPeer::open(&scene.server, Transport::XhrPolling).await;
        let before = scene.server.listener.stats().too_many_packets;
        // Its client is told nothing, as of any body that cannot be read.
        let answer = peer.begin_post(&half_filled(packet)).await.answer().await;
        assert_eq!(answer.status, 200, "{packet}");
        assert_eq!(scene.server.listener.stats().too_many_packets, before + 1, "{packet}");
        assert!(scene.server.events.texts(&peer.id).len() <= 10_000, "{packet}");
    }
    for packet in ["~m~0~m~", "~m~4~m~~h~1", "~m~1~m~¼", "~m~5~m~~j~{}"] {
        let peer = Peer::open(&scene.server, Transport::XhrPolling).await;
        let before = scene.server.listener.stats().too_many_packets;
        let mut body = form(&half_filled(packet));
        body.truncate(MIB);
        let answer = scene.server.answer(request("POST", &url(peer.transport, &peer.id, "send"), &[], &body)).await;
        assert_eq!(answer.status, 200, "{packet}");
        assert_eq!(scene.server.listener.stats().too_many_packets, before + 1, "{packet}");
        assert!(scene.server.events.texts(&peer.id).len() <= 10_000, "{packet}");
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_36049_a_million_digits_are_no_number() {
    let scene = Scene::new().await;
    let most = everything().filter(|(_, transport)| *transport != Transport::JsonpPolling);
    for (revision, transport) in most {
        for head in ["4", "45", "43", "40/", "41", "42", "45-", "451-", "46"] {
            let what = format!("{revision:?} {transport} {head:?}");
            let mut peer = EnginePeer::connect(&scene.server, revision, transport).await;
            let packet = format!("{head}{}", "2".repeat(MIB / 4));
            if transport == Transport::WebSocket {
                peer.socket().try_send(Packet::from(packet.as_str())).await;
                // What looks like a long name of a namespace is only unknown.
                if head != "40/" {
                    assert_eq!(peer.ended().await, [], "{what}");
                }
            } else {
                let status = peer.post(&revision.body(&packet)).await.status;
                assert_eq!(status, if head == "40/" { 200 } else { 400 }, "{what}");
            }
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_36049_a_length_of_a_million_digits_is_no_length() {
    let scene = Scene::new().await;
    let digits = "9".repeat(MIB);
    let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
    assert_eq!(peer.post(&digits).await.status, 400);
    let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
    assert_eq!(peer.post(&format!("{}:4x", &digits[10..])).await.status, 400);
    let mut peer = PacketPeer::open(&scene.server, Transport::XhrPolling).await;
    for body in [format!("\u{fffd}{digits}"), format!("6:::{digits}"), format!("5:{digits}+::{{}}"), digits.clone()] {
        peer.begin_post(&body).await.answer().await;
        peer.heard_nothing("a very long number").await;
    }
    let mut peer = Peer::open(&scene.server, Transport::XhrPolling).await;
    peer.send_payload(&format!("~m~{digits}~m~x")).await;
    peer.send(&[&format!("~h~{digits}"), "alive"]).await;
    assert_eq!(scene.server.events.texts_until(&peer.id, 1).await, ["alive"]);
    scene.ends_well().await;
}

#[tokio::test]
async fn json_deeper_than_any_stack_is_refused() {
    let scene = Scene::new().await;
    let deep = |open: &str, close: &str| {
        let depth = MIB / 2 / (open.len() + close.len());
        format!("{}1{}", open.repeat(depth), close.repeat(depth))
    };
    for revision in REVISIONS {
        for deep in [deep("[", "]"), deep("{\"a\":", "}"), "[".repeat(MIB / 2)] {
            let before = scene.server.listener.stats().too_deep;
            let peer = EnginePeer::connect(&scene.server, revision, Transport::Polling).await;
            let packet = format!("42[\"message\",{deep}]");
            assert_eq!(peer.post(&revision.body(&packet)).await.status, 400, "{revision:?}");
            assert!(scene.server.listener.stats().too_deep > before, "{revision:?}");
        }
    }
    scene.ends_well().await;
}
