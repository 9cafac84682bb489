//! xhr-polling and jsonp-polling of 0.7 to 0.9, to the byte.

use crate::support::{
    Answer, Mounting, PacketPeer, Server, get, milliseconds,
    packets::{self, framed, handshake, path, payload, poll_text, post},
    request,
};
use heirloom::{Listener, Transport};

pub(crate) const POLLS: [Transport; 2] = [Transport::XhrPolling, Transport::JsonpPolling];

pub(crate) async fn poll(server: &Server, transport: Transport, id: &str) -> Answer {
    server.answer(get(&path(transport, id))).await
}

#[tokio::test]
async fn an_answer_is_a_packet_or_a_payload_of_several() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let id = handshake(&server).await;
        let answer = poll(&server, Transport::XhrPolling, &id).await;
        assert_eq!((answer.status, answer.text()), (200, "1::"));
        for (name, value) in [
            ("content-type", "text/plain; charset=UTF-8"),
            ("content-length", "3"),
            ("connection", "Keep-Alive"),
            ("access-control-allow-origin", ""),
            ("x-xss-protection", ""),
        ] {
            assert_eq!(answer.header(name), value, "{mounting:?} {name}");
        }
        let client = server.listener.client(&id).unwrap();
        client.send("é漢😀").unwrap();
        let answer = poll(&server, Transport::XhrPolling, &id).await;
        assert_eq!((answer.text(), answer.header("content-length")), ("3:::é漢😀", "13"));
        for text in ["é漢😀", "", "\u{fffd}3\u{fffd}"] {
            client.send(text).unwrap();
        }
        let expected = "\u{fffd}8\u{fffd}3:::é漢😀\u{fffd}3\u{fffd}3::\u{fffd}7\u{fffd}3:::\u{fffd}3\u{fffd}";
        assert_eq!(poll(&server, Transport::XhrPolling, &id).await.text(), expected, "{mounting:?}");
    }
}

#[tokio::test]
async fn a_script_gets_them_as_a_call() {
    let server = Server::new(Listener::builder()).await;
    let id = handshake(&server).await;
    let answer = server.answer(get(&format!("/socket.io/1/jsonp-polling/{id}?t=1&i=12"))).await;
    assert_eq!((answer.status, answer.text()), (200, "io.j[12](\"1::\");"));
    for (name, value) in [
        ("content-type", "text/javascript; charset=UTF-8"),
        ("connection", "Keep-Alive"),
        ("x-xss-protection", "0"),
        ("x-content-type-options", "nosniff"),
        ("access-control-allow-origin", ""),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let client = server.listener.client(&id).unwrap();
    client.send_all(["</script>\u{2028}\"\\\n", "é😀"]).unwrap();
    let answer = server.answer(get(&format!("/socket.io/1/jsonp-polling/{id}"))).await;
    assert!(!answer.text().contains(['<', '\u{2028}', '\n']), "{answer:?}");
    assert_eq!(packets::read(&poll_text(Transport::JsonpPolling, &answer)), ["3:::</script>\u{2028}\"\\\n", "3:::é😀"]);
    for index in ["", "x", "0);alert(1", "-1", "12345678901"] {
        client.send("x").unwrap();
        let answer = server.answer(get(&format!("/socket.io/1/jsonp-polling/{id}?i={index}"))).await;
        assert_eq!(answer.text(), "io.j[0](\"3:::x\");", "{index}: what is no number does not get into a script");
    }
}

#[tokio::test]
async fn an_idle_poll_ends_with_nothing() {
    let builder = POLLS
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.poll_duration(transport, milliseconds(60)));
    let server = Server::new(builder).await;
    for transport in POLLS {
        let peer = PacketPeer::open(&server, transport).await;
        for _ in 0..2 {
            let answer = poll(&server, transport, &peer.id).await;
            let expected = if transport == Transport::JsonpPolling { "io.j[0](\"8::\");" } else { "8::" };
            assert_eq!((answer.status, answer.text()), (200, expected));
        }
        peer.client(&server).send("next").unwrap();
        assert_eq!(poll_text(transport, &poll(&server, transport, &peer.id).await), "3:::next");
    }
}

#[tokio::test]
async fn a_post_is_answered_with_a_digit() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL.into_iter().filter(|transport| !transport.is_socket()) {
            let peer = PacketPeer::open(&server, transport).await;
            let answer = server.answer(post(transport, &peer.id, "3:::a")).await;
            assert_eq!((answer.status, answer.text()), (200, "1"), "{mounting:?} {transport}");
            for (name, value) in [
                ("content-type", "text/plain; charset=UTF-8"),
                ("content-length", "1"),
                ("access-control-allow-origin", ""),
                ("x-xss-protection", ""),
            ] {
                assert_eq!(answer.header(name), value, "{mounting:?} {transport} {name}");
            }
            let origin = "Origin: http://own.example";
            let of_a_page = post(transport, &peer.id, "3:::b").replace("\r\nHost:", &format!("\r\n{origin}\r\nHost:"));
            let answer = server.answer(of_a_page).await;
            for (name, value) in [
                ("access-control-allow-origin", "http://own.example"),
                ("access-control-allow-credentials", "true"),
                ("x-xss-protection", "0"),
            ] {
                assert_eq!(answer.header(name), value, "{mounting:?} {transport} {name}");
            }
            assert_eq!(server.events.texts_until(&peer.id, 2).await, ["a", "b"]);
        }
    }
}

#[tokio::test]
async fn a_post_may_hold_one_packet_or_several_by_the_lengths_of_their_utf_16() {
    let server = Server::new(Listener::builder()).await;
    let texts = ["é", "漢", "😀", "é漢😀", "", "\u{fffd}", "a\nb\r\nc"];
    let all: Vec<_> = texts.iter().map(|text| format!("3:::{text}")).collect();
    let all: Vec<_> = all.iter().map(String::as_str).collect();
    for transport in packets::ALL.into_iter().filter(|transport| !transport.is_socket()) {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&all).await;
        for packet in &all {
            peer.send(&[packet]).await;
        }
        peer.send_payload(&framed("3:::a single one")).await;
        let expected: Vec<_> =
            texts.iter().chain(&texts).chain(&["a single one"]).map(|text| (*text).to_owned()).collect();
        assert_eq!(server.events.texts_until(&peer.id, expected.len()).await, expected, "{transport}");
    }
}

#[tokio::test]
async fn a_body_may_be_cut_at_any_byte() {
    let server = Server::new(Listener::builder()).await;
    for transport in POLLS {
        let peer = PacketPeer::open(&server, transport).await;
        let request = post(transport, &peer.id, &payload(&["3:::é漢😀", "3:::next"])).into_bytes();
        let body = request.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
        let mut connection = server.connect().await;
        for cut in body..request.len() {
            connection.send(&request[..cut]).await;
            // The server has read the first part before the second is sent.
            let mut other = server.ask(get("/")).await;
            other.answer().await;
            connection.send(&request[cut..]).await;
            assert_eq!(connection.answer().await.text(), "1");
            let arrived = server.events.texts_until(&peer.id, 2 * (cut - body + 1)).await;
            assert_eq!(arrived[arrived.len() - 2..], ["é漢😀", "next"], "{transport} at {cut}");
        }
        connection.dribble(&request).await;
        assert_eq!(connection.answer().await.text(), "1");
        assert_eq!(server.events.texts(&peer.id).len(), 2 * (request.len() - body + 1), "{transport}");
    }
}

#[tokio::test]
async fn a_form_may_hold_the_payload_bare_or_as_a_string() {
    let server = Server::new(Listener::builder()).await;
    let peer = PacketPeer::open(&server, Transport::JsonpPolling).await;
    let several = payload(&["3:::é😀\nb", "3:::c"]);
    // The form of a browser turns line breaks into two characters, which the lengths do not know.
    let rewritten = several.replace('\n', "\r\n");
    let mut expected = Vec::new();
    for (data, texts) in [
        ("3:::bare".to_owned(), &["bare"][..]),
        (r#""3:::a \"string\"""#.to_owned(), &["a \"string\""]),
        (several.clone(), &["é😀\nb", "c"]),
        (rewritten, &["é😀\nb", "c"]),
        (serde_json::to_string(&several).unwrap(), &["é😀\nb", "c"]),
    ] {
        let body = form_urlencoded::Serializer::new(String::new()).append_pair("d", &data).finish();
        let answer = server.answer(request("POST", &path(peer.transport, &peer.id), &[], &body)).await;
        assert_eq!((answer.status, answer.text()), (200, "1"), "{data}");
        expected.extend(texts.iter().map(|text| (*text).to_owned()));
        assert_eq!(server.events.texts_until(&peer.id, expected.len()).await, expected, "{data:?}");
    }
}

#[tokio::test]
async fn heartbeats_are_taken_and_none_is_sent() {
    let server = Server::new(Listener::builder()).await;
    for transport in POLLS {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["2::", "2:::data", "3:::after"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["after"]);
        peer.heard_nothing("a heartbeat").await;
    }
}
