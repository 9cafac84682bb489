//! Polls, to the byte.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting,
        engine::{
            EnginePeer, Four, REVISIONS, Revision, Three, binary,
            codec::{binary_packets, binary_payload},
            opening, path,
        },
        get, request,
    },
};
use heirloom::Transport;

fn open_path(revision: Revision) -> String {
    path("socket.io", revision, Transport::Polling, "")
}

#[tokio::test]
async fn the_first_answer_tells_what_a_client_has_to_know() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().max_body_bytes(70_000).max_frame_bytes(80_000)).await;
        for revision in REVISIONS {
            let answer = server.answer(get(&open_path(revision))).await;
            for (name, value) in [
                ("content-type", "text/plain; charset=UTF-8"),
                ("content-length", answer.body.len().to_string().as_str()),
                ("cache-control", "no-store"),
                ("set-cookie", ""),
                ("access-control-allow-origin", ""),
            ] {
                assert_eq!(answer.header(name), value, "{mounting:?} {revision:?} {name}");
            }
            let [packet] = &revision.packets(answer.text())[..] else { panic!("{answer:?}") };
            let crate::support::engine::Packet::Text(packet) = packet else { panic!("{answer:?}") };
            let sid = packet.split('"').nth(3).unwrap();
            assert!(sid.len() >= 20 && sid.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            let expected = format!(
                r#"0{{"sid":"{sid}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":70000}}"#
            );
            assert_eq!(*packet, expected);
        }
        for revision in REVISIONS {
            let peer = EnginePeer::open(&server, revision, Transport::WebSocket).await;
            assert_eq!(peer.opened["upgrades"], serde_json::json!([]));
            assert_eq!(peer.opened["maxPayload"], 70000);
        }
    }
}

#[tokio::test]
async fn what_is_posted_together_comes_back_together() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, body, kind) in [
            (Three, "6:4test16:4test2", "text/plain; charset=UTF-8"),
            (Four, "4test1\x1e4é漢😀x", "text/plain; charset=UTF-8"),
            (Four, "4hello\x1ebAQIDBA==\x1e4", "text/plain; charset=UTF-8"),
        ] {
            let mut peer = opening(revision, Transport::Polling).resource(BARE).open(&server).await;
            let answer = peer.post(body).await;
            assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, "ok", "text/html"));
            assert_eq!(answer.header("content-length"), "2");
            let answer = peer.poll().await;
            assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, body, kind));
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
}

#[tokio::test]
async fn a_poll_waits_for_the_first_word_and_is_answered_with_it() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            peer.park().await;
            peer.post(&revision.body(r#"42["echo",1]"#)).await;
            assert_eq!(peer.poll().await.text(), revision.body(r#"42["echo",1]"#), "{mounting:?}");
            peer.client(&server).emit("later", &()).unwrap();
            assert_eq!(peer.poll().await.text(), revision.body(r#"42["later"]"#), "{mounting:?}");
        }
    }
}

#[tokio::test]
async fn binary_travels_as_the_client_can_read_it() {
    let server = echo(builder()).await;
    for (query, body, kind) in [
        ("&b64=1", b"6:4hello10:b4AQIDBA==".to_vec(), "text/plain; charset=UTF-8"),
        ("", vec![0, 6, 255, 52, 104, 101, 108, 108, 111, 1, 5, 255, 4, 1, 2, 3, 4], "application/octet-stream"),
    ] {
        let opened = opening(Three, Transport::Polling).resource(BARE).query(query);
        let mut peer = opened.open(&server).await;
        peer.send(&["4text"]).await;
        assert_eq!(peer.poll().await.text(), "5:4text", "{query}: text alone is text");
        peer.send_packets(&["4hello".into(), binary(&[1, 2, 3, 4])]).await;
        let answer = peer.poll().await;
        assert_eq!((&answer.body, answer.header("content-type")), (&body, kind), "{query}");
    }
}

#[tokio::test]
async fn a_body_of_bytes_is_read_as_one() {
    let server = echo(builder()).await;
    let mut peer = opening(Three, Transport::Polling).resource(BARE).open(&server).await;
    let packets = ["4é漢😀".into(), binary(&[0, 255, 4]), "4".into(), binary(&[])];
    let mut connection = server.connect().await;
    let body = binary_payload(&packets);
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: own.example\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\n\r\n",
        peer.path(),
        body.len()
    );
    connection.send([head.as_bytes(), &body].concat()).await;
    assert_eq!(connection.answer().await.text(), "ok");
    let answer = peer.poll().await;
    assert_eq!(answer.body, body);
    assert_eq!(binary_packets(&answer.body), packets);
}

#[tokio::test]
async fn revision_4_has_no_body_of_bytes() {
    let server = echo(builder()).await;
    let mut other = EnginePeer::connect(&server, Four, Transport::Polling).await;
    let peer = EnginePeer::connect(&server, Four, Transport::Polling).await;
    let post = request("POST", &peer.path(), &["Content-Type: application/octet-stream"], "4hello");
    assert_eq!(server.answer(post).await.status, 400);
    assert_eq!(server.answer(get(&peer.path())).await.status, 400, "and that was its end");
    other.heard_nothing("the mistake of another").await;
}

#[tokio::test]
async fn clients_before_1_4_get_bytes_always() {
    let server = echo(builder()).await;
    for (query, is_binary) in [
        ("&t=1290000000000-0", true),
        ("&t=1290000000000-0&b64=1", false),
        ("&t=1290000000000-0&j=0", false),
        ("&t=PkX1aZ2", false),
        ("&t=PkX1aZ2.0", false),
        ("&t=1290000000.123", false),
        ("&t=1290000000", false),
    ] {
        let answer = server.answer(get(&(open_path(Three) + query))).await;
        let kind = answer.header("content-type");
        assert_eq!(kind == "application/octet-stream", is_binary, "{query} {answer:?}");
        if is_binary {
            let [open] = &binary_packets(&answer.body)[..] else { panic!("{answer:?}") };
            let open = format!("{open:?}").replace('\\', "");
            let sid = open.split('"').nth(4).unwrap();
            let poll = server.answer(get(&format!("{}&sid={sid}", open_path(Three)))).await;
            assert_eq!(poll.body, [0, 2, 255, b'4', b'0']);
        }
    }
    let answer = server.answer(get(&(open_path(Four) + "&t=1290000000000-0"))).await;
    assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8", "which revision 4 does not know");
}

#[tokio::test]
async fn the_older_revision_hears_that_it_is_connected_with_the_second_answer() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        server.listener.on_connect(|client| async move {
            client.emit("auth", &client.auth::<serde_json::Value>().unwrap()).unwrap();
        });
        for _ in 0..20 {
            let mut peer = EnginePeer::open(&server, Three, Transport::Polling).await;
            assert_eq!(peer.post("1:2").await.text(), "ok");
            assert_eq!(peer.poll().await.text(), r#"2:4013:42["auth",{}]1:3"#, "{mounting:?}");
        }
    }
}

#[tokio::test]
async fn an_answer_has_sixteen_packets_at_most_and_the_rest_is_in_the_next() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let client = peer.client(&server);
        for number in 0..40 {
            client.emit("n", &number).unwrap();
        }
        let (mut lengths, mut numbers) = (Vec::new(), Vec::new());
        while numbers.len() < 40 {
            let packets = peer.payload().await.unwrap();
            lengths.push(packets.len());
            numbers.extend(packets);
        }
        assert_eq!(lengths, [16, 16, 8], "{revision:?}");
        let expected: Vec<_> = (0..40).map(|number| format!(r#"42["n",{number}]"#)).collect();
        assert_eq!(numbers, expected.iter().map(|text| text.as_str().into()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn a_client_that_hung_up_gets_at_its_next_poll_what_it_missed() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let mut connection = server.ask(get(&peer.path())).await;
            connection.end_sending().await;
            connection.rest().await;
            peer.client(&server).emit("missed", &()).unwrap();
            assert_eq!(peer.receive().await, r#"42["missed"]"#, "{mounting:?} {revision:?}");
        }
    }
}

#[tokio::test]
async fn large_texts_go_as_bytes_to_those_who_read_them() {
    let server = echo(builder()).await;
    let text = "x".repeat(100_000);
    for (query, kind) in [
        ("", "application/octet-stream"),
        ("&t=PkX1aZ2", "application/octet-stream"),
        ("&b64=1", "text/plain; charset=UTF-8"),
    ] {
        let mut peer = opening(Three, Transport::Polling).query(query).connect(&server).await;
        peer.client(&server).emit("x", &text).unwrap();
        let answer = peer.poll().await;
        assert_eq!(answer.header("content-type"), kind, "{query}");
        assert!(answer.body.len() > text.len());
    }
    let mut newer = EnginePeer::connect(&server, Four, Transport::Polling).await;
    newer.client(&server).emit("x", &text).unwrap();
    assert_eq!(newer.receive().await, format!("42[\"x\",\"{text}\"]"));
}
