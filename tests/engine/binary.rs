//! Binary in events and messages, both ways, and every way to get it wrong.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting, Server,
        engine::{EnginePeer, Four, Packet, Revision, TRANSPORTS, Three, binary, everything, opening},
    },
};
use bytes::Bytes;
use heirloom::{Client, Data, DisconnectReason, Message, Transport};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, PartialEq, Clone)]
struct Picture {
    name: String,
    data: Bytes,
    thumbnails: Vec<Bytes>,
}

#[tokio::test]
async fn types_with_bytes_in_them_travel_both_ways() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        server.listener.on("picture", |client: Client, picture: Picture, _| async move {
            client.emit("seen", &(picture.name.len(), &picture)).unwrap();
        });
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let placeholder = |number: u32| format!(r#"{{"_placeholder":true,"num":{number}}}"#);
            // The client may number them as it likes.
            let event = format!(
                r#"453-["picture",{{"name":"cat","data":{},"thumbnails":[{},{}]}}]"#,
                placeholder(2),
                placeholder(0),
                placeholder(1)
            );
            peer.send_packets(&[Packet::Text(event), binary(&[1]), binary(&[2, 2]), binary(&[3, 3, 3])]).await;
            let expected = format!(
                r#"453-["seen",3,{{"name":"cat","data":{},"thumbnails":[{},{}]}}]"#,
                placeholder(0),
                placeholder(1),
                placeholder(2)
            );
            assert_eq!(peer.receive().await, expected, "{mounting:?} {revision:?} {transport}");
            for bytes in [&[3, 3, 3][..], &[1], &[2, 2]] {
                assert_eq!(peer.receive_binary().await, bytes, "{mounting:?} {revision:?} {transport}");
            }
        }
    }
}

#[tokio::test]
async fn messages_can_be_binary() {
    let server = echo(builder()).await;
    server.listener.on_message(|client: Client, message: Message| async move {
        let kind = match &message {
            Message::Text(_) => "text",
            Message::Json(_) => "json",
            Message::Binary(_) => "binary",
            Message::Data(_) => "data",
            _ => "other",
        };
        client.emit("kind", &kind).unwrap();
        client.send(message).unwrap();
    });
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        for (argument, kind) in
            [(r#"{"_placeholder":true,"num":0}"#, "binary"), (r#"{"a":{"_placeholder":true,"num":0}}"#, "data")]
        {
            let event = format!(r#"451-["message",{argument}]"#);
            peer.send_packets(&[event.as_str().into(), binary(&[1, 2, 3])]).await;
            assert_eq!(peer.receive().await, format!(r#"42["kind","{kind}"]"#), "{revision:?} {transport}");
            assert_eq!(peer.receive().await, event);
            assert_eq!(peer.receive_binary().await, [1, 2, 3]);
        }
    }
}

#[tokio::test]
async fn a_broadcast_with_binary_is_heard_by_all_who_can_hear_it() {
    let server = echo(builder()).await;
    let mut peers = Vec::new();
    for (revision, transport) in everything() {
        peers.push(EnginePeer::connect(&server, revision, transport).await);
    }
    let bytes = Bytes::from((0..=255).collect::<Vec<u8>>());
    assert_eq!(server.listener.emit("bytes", &(1, &bytes)).unwrap().queued, 6);
    assert_eq!(server.listener.broadcast(bytes.clone()).queued, 6);
    for peer in &mut peers {
        assert_eq!(peer.receive().await, r#"451-["bytes",1,{"_placeholder":true,"num":0}]"#);
        assert_eq!(peer.receive_binary().await, bytes);
        assert_eq!(peer.receive().await, r#"451-["message",{"_placeholder":true,"num":0}]"#);
        assert_eq!(peer.receive_binary().await, bytes);
    }
}

#[tokio::test]
async fn nothing_comes_between_a_header_and_its_attachments() {
    let server = echo(builder()).await;
    for revision in [Three, Four] {
        for transport in TRANSPORTS {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let client = peer.client(&server);
            let attachments: Vec<Bytes> = (0..9).map(|number| Bytes::from(vec![number])).collect();
            let emitting: Vec<_> = (0..8)
                .map(|_| {
                    let (client, attachments) = (client.clone(), attachments.clone());
                    tokio::spawn(async move {
                        for _ in 0..5 {
                            client.emit("bytes", &attachments).unwrap();
                            client.emit("text", &()).unwrap();
                            tokio::task::yield_now().await;
                        }
                    })
                })
                .collect();
            let (mut texts, mut events) = (0, 0);
            while texts < 40 || events < 40 {
                let packet = peer.receive().await;
                if packet == r#"42["text"]"# {
                    texts += 1;
                    continue;
                }
                assert!(packet.starts_with("459-[\"bytes\","), "{packet}");
                for number in 0..9 {
                    assert_eq!(peer.receive_binary().await, [number], "{revision:?} {transport}");
                }
                events += 1;
            }
            for task in emitting {
                task.await.unwrap();
            }
        }
    }
}

#[tokio::test]
async fn attachments_may_come_in_bodies_of_their_own() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        let header = r#"452-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#;
        for packet in [header.into(), binary(&[1]), binary(&[2])] {
            peer.send_packets(&[packet]).await;
        }
        assert_eq!(peer.receive().await, header, "{revision:?} {transport}");
        assert_eq!(peer.receive_binary().await, [1]);
        assert_eq!(peer.receive_binary().await, [2]);
    }
}

#[tokio::test]
async fn a_binary_event_of_the_older_revision_may_have_nothing_binary() {
    let server = echo(builder()).await;
    for transport in TRANSPORTS {
        let mut peer = EnginePeer::connect(&server, Three, transport).await;
        peer.send(&[r#"450-["echo",1]"#]).await;
        assert_eq!(peer.receive().await, r#"42["echo",1]"#, "{transport}");
    }
}

#[tokio::test]
async fn what_looks_like_a_placeholder_in_an_event_without_attachments_is_the_applications() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        let event = r#"42["echo",{"_placeholder":true,"num":0}]"#;
        peer.send(&[event]).await;
        assert_eq!(peer.receive().await, event, "{revision:?} {transport}");
    }
}

/// The client does this, and its session is over, nobody else's is, and the application has heard nothing of it.
async fn ends(server: &Server, revision: Revision, transport: Transport, packets: &[Packet]) {
    let what = format!("{revision:?} {transport} {packets:?}");
    let mut peer = EnginePeer::connect(server, revision, transport).await;
    let id = peer.id.clone();
    if transport == Transport::WebSocket {
        for packet in packets {
            peer.socket().try_send(packet.clone()).await;
        }
        assert_eq!(peer.ended().await, [], "{what}");
    } else {
        assert_eq!(peer.post(&revision.payload(packets)).await.status, 400, "{what}");
    }
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{what}");
    assert!(server.events.texts(&id).is_empty(), "{what}");
}

#[tokio::test]
async fn attachments_that_do_not_fit_end_the_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().max_attachments(3)).await;
        let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
        let one = |number: &str| format!(r#"451-["message",{{"_placeholder":true,"num":{number}}}]"#);
        let text = Packet::Text;
        for transport in TRANSPORTS {
            for revision in [Three, Four] {
                for packets in [
                    vec![text(one("0")), text(r#"42["message","between"]"#.into())],
                    vec![text(one("0")), text("40/chat,".into())],
                    vec![text(one("1")), binary(&[1])],
                    vec![text(one("-1")), binary(&[1])],
                    vec![text(one("0.5")), binary(&[1])],
                    vec![text(one("\"0\"")), binary(&[1])],
                    vec![text(one("18446744073709551616")), binary(&[1])],
                    vec![text(one("0").replace("451-", "454-"))],
                    vec![text(one("0").replace("451-", "4599999999999999999999-"))],
                    vec![text(one("0").replace("451-", "45-"))],
                    vec![text(one("0").replace("451-", "451"))],
                    vec![text(one("0").replace("451-", "45x-"))],
                    vec![binary(&[1, 2])],
                    vec![text(one("0")), binary(&[1]), binary(&[2])],
                ] {
                    let is_delivered = packets.len() == 3;
                    if is_delivered && mounting == Mounting::Wrap {
                        continue;
                    }
                    if is_delivered {
                        extra_attachment(&server, revision, transport, &packets).await;
                    } else {
                        ends(&server, revision, transport, &packets).await;
                    }
                }
            }
            ends(&server, Four, transport, &[r#"450-["message"]"#.into()]).await;
        }
        other.heard_nothing("the mistakes of others").await;
    }
}

/// One binary message too many: what was whole before it counts, then the session is over.
async fn extra_attachment(server: &Server, revision: Revision, transport: Transport, packets: &[Packet]) {
    let mut peer = EnginePeer::connect(server, revision, transport).await;
    if transport == Transport::WebSocket {
        peer.send_packets(packets).await;
    } else {
        assert_eq!(peer.post(&revision.payload(packets)).await.status, 400);
    }
    assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError);
    assert_eq!(server.events.texts(&peer.id).len(), 1, "{revision:?} {transport}");
}

#[tokio::test]
async fn attachments_that_never_come_are_not_waited_for_longer_than_the_client() {
    let server = echo(crate::impatient()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send(&[r#"451-["message",{"_placeholder":true,"num":0}]"#]).await;
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::HeartbeatTimeout);
        assert!(server.events.texts(&peer.id).is_empty(), "{revision:?} {transport}");
    }
    server.is_empty().await;
}

#[tokio::test]
async fn bare_sessions_carry_bytes_as_they_are() {
    let server = echo(builder()).await;
    let bytes: Vec<u8> = (0..=255).rev().collect();
    for (revision, transport) in everything() {
        for query in ["", "&b64=1"] {
            let mut peer = opening(revision, transport).resource(BARE).query(query).open(&server).await;
            if transport == Transport::WebSocket && !query.is_empty() {
                continue;
            }
            peer.send_packets(&[binary(&bytes), "4between".into(), binary(&[])]).await;
            assert_eq!(peer.receive_binary().await, bytes, "{revision:?} {transport}");
            assert_eq!(peer.receive().await, "4between");
            assert_eq!(peer.receive_binary().await, [0; 0]);
        }
    }
}

#[tokio::test]
async fn arguments_can_be_looked_at_before_they_are_read() {
    let server = echo(builder()).await;
    server.listener.on("look", |client: Client, arguments: Data, _| async move {
        let sizes: Vec<usize> = arguments.attachments().iter().map(Bytes::len).collect();
        let text = arguments.json().get().to_owned();
        client.emit("saw", &(sizes, text)).unwrap();
    });
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send_packets(&[r#"451-["look",{"_placeholder":true,"num":0},2]"#.into(), binary(&[0; 9])]).await;
        let expected = r#"42["saw",[9],"[{\"_placeholder\":true,\"num\":0},2]"]"#;
        assert_eq!(peer.receive().await, expected, "{revision:?} {transport}");
    }
}
