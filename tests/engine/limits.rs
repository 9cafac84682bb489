//! How much a client may send, and what happens when it sends more.

use crate::{
    BARE, builder, echoing,
    support::{
        Mounting,
        engine::{EnginePeer, POLLS, Packet, REVISIONS, binary, everything, opening},
        request,
    },
};
use heirloom::{DisconnectReason, Transport};

const LIMIT: usize = 4096;

#[tokio::test]
async fn the_announced_limit_is_the_smaller_of_the_two() {
    for (body, frame, announced) in [(5000, 6000, 5000), (6000, 5000, 5000)] {
        let server = echoing(Mounting::Serve, builder().max_body_bytes(body).max_frame_bytes(frame)).await;
        for (revision, transport) in everything() {
            let peer = EnginePeer::open(&server, revision, transport).await;
            assert_eq!(peer.opened["maxPayload"], announced);
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_413_and_nothing_of_it_is_read() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().max_body_bytes(LIMIT)).await;
        for revision in REVISIONS {
            for transport in POLLS {
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                let large = format!(r#"42["echo","{}"]"#, "x".repeat(LIMIT));
                let answer = peer.post(&revision.payload(&[r#"42["echo",1]"#.into(), large.as_str().into()])).await;
                assert_eq!(answer.status, 413, "{mounting:?} {revision:?} {transport}");
                peer.heard_nothing("what was too large").await;
            }
        }
    }
}

#[tokio::test]
async fn a_body_that_does_not_say_how_long_it_is_is_counted() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().max_body_bytes(LIMIT)).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            for (length, status) in [(LIMIT - 100, 200), (LIMIT + 1, 413)] {
                let text = format!("4{}", "x".repeat(length));
                let text = if status == 200 { format!("42[\"none\",\"{}\"]", &text[20..]) } else { text };
                let body = revision.body(&text);
                let headers = ["Transfer-Encoding: chunked", "Content-Type: text/plain"];
                let head = request("POST", &peer.path(), &headers, "");
                let chunks: String = body
                    .as_bytes()
                    .chunks(1000)
                    .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), text_of(chunk)))
                    .collect();
                let mut connection = server.ask(head).await;
                // A server that has heard enough may stop reading.
                let _ = connection.try_send(chunks + "0\r\n\r\n").await;
                assert_eq!(connection.answer().await.status, status, "{mounting:?} {revision:?} {length}");
            }
            peer.heard_nothing("what was too large").await;
        }
    }
}

fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_session_with_1009() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().max_frame_bytes(LIMIT)).await;
        let mut other = EnginePeer::connect(&server, REVISIONS[0], Transport::Polling).await;
        for revision in REVISIONS {
            for large in [Packet::Text(format!("4{}", "x".repeat(LIMIT))), binary(&[7; LIMIT + 1])] {
                let mut peer = opening(revision, Transport::WebSocket).connect(&server).await;
                peer.socket().try_send(large).await;
                assert_eq!(peer.socket().closed().await, Some(1009), "{mounting:?} {revision:?}");
                assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError);
            }
        }
        other.heard_nothing("the frames of others").await;
    }
}

#[tokio::test]
async fn what_is_as_large_as_announced_comes_through() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().max_body_bytes(LIMIT).max_frame_bytes(LIMIT)).await;
        for revision in REVISIONS {
            for transport in [Transport::Polling, Transport::WebSocket] {
                let mut peer = opening(revision, transport).resource(BARE).open(&server).await;
                // Revision 3 counts the packet in front of it when it is posted.
                let room = if transport == Transport::Polling { LIMIT - "4090:4".len() } else { LIMIT - "4".len() };
                let text = format!("4{}", "x".repeat(room));
                peer.send(&[&text]).await;
                assert_eq!(peer.receive().await, text, "{mounting:?} {revision:?} {transport}");
            }
        }
    }
}
