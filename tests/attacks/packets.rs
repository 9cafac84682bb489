//! What a packet says: names, placeholders and numbers that the originals took for something else.

use crate::{
    scene::Scene,
    support::{
        Log, PacketPeer,
        engine::{EnginePeer, Four, Packet, Revision, Three, binary, everything},
        packets,
    },
};
use heirloom::{Ack, Client, Data, DisconnectReason, Transport};

/// The client sends this, its session is over, and nobody was told of an event.
async fn is_malformed(scene: &Scene, revision: Revision, transport: Transport, sent: &[Packet]) {
    let what = format!("{revision:?} {transport} {:.80}", format!("{sent:?}"));
    let mut peer = EnginePeer::connect(&scene.server, revision, transport).await;
    let id = peer.id.clone();
    if transport == Transport::WebSocket {
        for packet in sent {
            peer.socket().try_send(packet.clone()).await;
        }
        assert_eq!(peer.ended().await, [], "{what}");
    } else {
        assert_eq!(peer.post(&revision.payload(sent)).await.status, 400, "{what}");
    }
    assert_eq!(scene.server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{what}");
    assert!(scene.server.events.texts(&id).is_empty(), "{what}");
}

/// A scene whose application notes every event of these names.
async fn noting(names: &'static [&'static str]) -> (Scene, Log) {
    let (scene, log) = (Scene::new().await, Log::new());
    for name in names {
        let noted = log.clone();
        scene.server.listener.on(name, move |_: Client, arguments: Data, _: Option<Ack>| {
            noted.note(format!("{name} {arguments:?}"));
            async {}
        });
    }
    (scene, log)
}

#[tokio::test]
async fn cve_2022_2421_a_placeholder_stands_for_bytes_that_came_or_the_packet_is_refused() {
    let (scene, log) = noting(&["hello"]).await;
    for (revision, transport) in everything() {
        for place in [
            r#""splice""#,
            r#""constructor""#,
            r#""__proto__""#,
            r#""length""#,
            r#""0""#,
            "1",
            "-1",
            "0.5",
            "1e9",
            "18446744073709551616",
            "null",
            "true",
            "[0]",
            r#"{"toString":"splice"}"#,
        ] {
            let head = format!(r#"451-["hello",{{"_placeholder":true,"num":{place}}}]"#);
            is_malformed(&scene, revision, transport, &[head.as_str().into(), binary(b"bytes")]).await;
        }
        for object in [r#"{"_placeholder":true}"#, r#"{"_placeholder":true,"num":0,"num":"splice"}"#] {
            let head = format!(r#"451-["hello",{object}]"#);
            is_malformed(&scene, revision, transport, &[head.as_str().into(), binary(b"bytes")]).await;
        }
    }
    assert_eq!(log.all(), [""; 0], "the application saw none of them");
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2023_32695_an_event_whose_name_is_no_text_reaches_nobody() {
    let (scene, log) = noting(&["", "toString", "foo", "0", "null", "[object Object]", "undefined"]).await;
    for (revision, transport) in everything() {
        for name in [r#"{"toString":"foo"}"#, r#"{"toString":null,"valueOf":null}"#, r#"["foo"]"#, "null", "true"] {
            for head in ["42", "423"] {
                let packet = format!("{head}[{name}]");
                is_malformed(&scene, revision, transport, &[packet.as_str().into()]).await;
            }
        }
        let name_in_bytes = r#"451-[{"_placeholder":true,"num":0}]"#;
        is_malformed(&scene, revision, transport, &[name_in_bytes.into(), binary(b"foo")]).await;
    }
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&scene.server, transport).await;
        for name in [r#"{"toString":"foo"}"#, r#"["foo"]"#, "null", "0", "true"] {
            peer.send(&[&format!(r#"5:::{{"name":{name}}}"#), &format!(r#"5:1+::{{"name":{name},"args":[]}}"#)]).await;
        }
        peer.heard_nothing("events without a name").await;
    }
    assert_eq!(log.all(), [""; 0]);
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2024_38355_an_event_named_error_is_counted_and_does_nothing() {
    let (scene, log) = noting(&["error"]).await;
    let ignored = || scene.server.listener.stats().ignored_events;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&scene.server, revision, transport).await;
        for packet in [r#"42["error"]"#, r#"421["error","x"]"#, r#"42["error",{"message":"x"}]"#, r#"42["end"]"#] {
            let before = ignored();
            peer.send(&[packet]).await;
            peer.heard_nothing(packet).await;
            assert!(ignored() > before, "{revision:?} {transport} {packet}: nobody handles it, which is counted");
        }
    }
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&scene.server, transport).await;
        peer.send(&[r#"5:::{"name":"error"}"#, r#"5:::{"name":"error","args":[{"a":1}]}"#, "7:::1+0"]).await;
        peer.heard_nothing("errors").await;
    }
    assert_eq!(log.all(), [""; 0], "the name belongs to the protocol");
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_33151_a_packet_that_announces_too_many_attachments_is_not_waited_for() {
    let (scene, log) = noting(&["hello"]).await;
    for (revision, transport) in everything() {
        for count in ["11", "1000", "4294967296", "99999999999999999999", "99999999999999999999999999"] {
            let head = format!(r#"45{count}-["hello"]"#);
            is_malformed(&scene, revision, transport, &[head.as_str().into()]).await;
            let head = format!(r#"46{count}-1["hello"]"#);
            is_malformed(&scene, revision, transport, &[head.as_str().into()]).await;
        }
    }
    assert_eq!(log.all(), [""; 0]);
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_69185_no_attachments_are_none_to_wait_for() {
    let (scene, log) = noting(&["hello"]).await;
    for transport in [Transport::Polling, Transport::WebSocket] {
        // It is complete as it is, so whatever bytes follow belong to nothing.
        let sent = [r#"450-["hello"]"#.into(), binary(b"1"), binary(b"2")];
        for revision in [Three, Four] {
            is_malformed(&scene, revision, transport, &sent).await;
        }
        is_malformed(&scene, Four, transport, &[r#"450-["hello"]"#.into()]).await;
    }
    assert_eq!(log.all().len(), 2, "to clients of 1.x and 2.x it is an event, to later ones a mistake");
    scene.ends_well().await;
}
