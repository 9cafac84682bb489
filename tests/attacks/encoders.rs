//! What servers written in Rust mended in their encoders of Engine.IO in June 2026: polls that wait when several
//! packets come at once. A client that cannot read an answer loses what is in it.

use crate::{
    scene::Scene,
    support::engine::{EnginePeer, Four, POLLS, Packet, REVISIONS, Three, binary},
};
use bytes::Bytes;
use heirloom::Transport;

/// An event with bytes in it, as packets.
fn with_bytes(number: usize) -> [Packet; 2] {
    let head = format!(r#"451-["bytes",{number},{{"_placeholder":true,"num":0}}]"#);
    [head.as_str().into(), binary(&[7; 3])]
}

#[tokio::test]
async fn socketioxide_736_packets_that_come_together_to_a_waiting_poll_are_told_apart() {
    let scene = Scene::new().await;
    for transport in POLLS {
        let mut peer = EnginePeer::connect(&scene.server, Four, transport).await;
        let client = peer.client(&scene.server);
        for number in 0..20 {
            peer.park().await;
            waits(&scene, &peer).await;
            client.emit("bytes", &(number, Bytes::from_static(&[7; 3]))).unwrap();
            client.emit("text", &number).unwrap();
            let text = format!(r#"42["text",{number}]"#);
            let mut packets = Vec::new();
            while packets.len() < 3 {
                packets.push(peer.receive_packet().await);
            }
            assert_eq!(packets[..2], with_bytes(number), "{transport}");
            assert!(packets[2].is(&text), "{transport}: {packets:?}");
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn socketioxide_737_text_and_bytes_in_one_answer_are_written_in_one_way() {
    let scene = Scene::new().await;
    for transport in POLLS {
        let mut peer = EnginePeer::connect(&scene.server, Three, transport).await;
        let client = peer.client(&scene.server);
        for number in 0..20 {
            peer.park().await;
            waits(&scene, &peer).await;
            client.emit("bytes", &(number, Bytes::from_static(&[7; 3]))).unwrap();
            let packets = [peer.receive_packet().await, peer.receive_packet().await];
            assert_eq!(packets, with_bytes(number), "{transport}");
        }
    }
    scene.ends_well().await;
}

/// The poll is parked: nobody answers the other end of a connection that has just been made.
async fn waits(scene: &Scene, peer: &EnginePeer) {
    // Nothing tells; a request that is answered after it does.
    let _ = peer;
    for _ in 0..3 {
        scene.server.answer(crate::support::get("/")).await;
    }
}

#[tokio::test]
async fn socketioxide_738_a_backlog_leaves_in_answers_of_bounded_size() {
    const COUNT: usize = 200;
    let scene = Scene::new().await;
    for revision in REVISIONS {
        for transport in POLLS {
            let mut peer = EnginePeer::connect(&scene.server, revision, transport).await;
            let client = peer.client(&scene.server);
            for number in 0..COUNT {
                client.emit("n", &(number, "x".repeat(1000))).unwrap();
            }
            let mut packets = Vec::new();
            while packets.len() < COUNT {
                let payload = peer.payload().await.expect("the session lives");
                assert!(payload.len() <= 16, "{revision:?} {transport}: {} packets", payload.len());
                packets.extend(payload);
            }
            for (number, packet) in packets.iter().enumerate() {
                let start = format!(r#"42["n",{number},"#);
                let Packet::Text(text) = packet else { panic!("{packet:?}") };
                assert!(text.starts_with(&start), "{revision:?} {transport}: {number}");
            }
        }
    }
    let mut peer = EnginePeer::connect(&scene.server, Four, Transport::WebSocket).await;
    peer.heard_nothing("the backlogs of others").await;
    scene.ends_well().await;
}
