//! Characters: the clients of 1.x encode them twice, those of 2.x and later once, and nobody says which.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting,
        engine::{EnginePeer, Four, Opening, Packet, Three, codec::binary_payload, everything, opening},
        request,
    },
};
use heirloom::Transport;

const TEXT: &str = "héllo € 😀";

/// The bytes of the UTF-8 taken as characters, as clients of 1.x send text.
fn twice(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

fn message(text: &str) -> String {
    format!("42[\"message\",\"{text}\"]")
}

/// What the application hears of these texts, each in a payload of its own.
async fn heard(opening: Opening<'_>, texts: &[String], builder: heirloom::Builder) -> Vec<String> {
    let server = echo(builder).await;
    let mut peer = opening.connect(&server).await;
    for text in texts {
        peer.send(&[&message(text)]).await;
    }
    server.events.texts_until(&peer.id, texts.len()).await
}

#[tokio::test]
async fn what_goes_out_to_the_older_revision_is_ascii_and_to_the_newer_utf_8() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            peer.client(&server).emit("x", &TEXT).unwrap();
            let expected = match revision {
                Three => r#"42["x","h\u00E9llo \u20AC \uD83D\uDE00"]"#.to_owned(),
                Four => format!("42[\"x\",\"{TEXT}\"]"),
            };
            assert_eq!(peer.receive().await, expected, "{mounting:?} {transport}");
            peer.client(&server).send(TEXT).unwrap();
            assert_eq!(peer.receive().await, expected.replace("\"x\"", "\"message\""), "{mounting:?} {transport}");
        }
    }
}

#[tokio::test]
async fn the_newer_revision_is_taken_at_its_word() {
    for transport in [Transport::Polling, Transport::JsonpPolling, Transport::WebSocket] {
        let texts = [TEXT.to_owned(), twice("é"), twice(TEXT)];
        assert_eq!(heard(opening(Four, transport), &texts, builder()).await, texts, "{transport}");
    }
}

#[tokio::test]
async fn clients_of_1_and_of_2_are_told_apart_by_what_they_send() {
    let polling = opening(Three, Transport::Polling);
    // Browsers of 1.5 to 1.7 post text, too, and do not say `b64`.
    for opening in
        [polling.query("&b64=1&t=PkX1aZ2"), polling.query("&t=PkX1aZ2"), opening(Three, Transport::JsonpPolling)]
    {
        // The first text with a character beyond ASCII decides for the session.
        let (once, doubled) = ("é".to_owned(), twice("é"));
        for (sent, expected) in [
            (vec!["ascii".to_owned(), twice(TEXT), doubled.clone()], vec!["ascii", TEXT, "é"]),
            (vec![TEXT.to_owned(), doubled.clone()], vec![TEXT, doubled.as_str()]),
            (vec![once.clone(), doubled.clone()], vec!["é", doubled.as_str()]),
            (vec![doubled.clone(), once.clone()], vec!["é", "é"]),
        ] {
            assert_eq!(heard(opening, &sent, builder()).await, expected, "{opening:?}");
        }
    }
}

#[tokio::test]
async fn the_guess_can_be_switched_off() {
    let opening = opening(Three, Transport::Polling).query("&b64=1&t=PkX1aZ2");
    let texts = [twice("é"), TEXT.to_owned()];
    assert_eq!(heard(opening, &texts, builder().without_encoding_guess()).await, texts);
}

#[tokio::test]
async fn clients_before_1_4_are_known_by_their_clock() {
    let opening = opening(Three, Transport::Polling).query("&b64=1&t=1290000000000-0");
    let texts = [twice("é"), twice("Ã©"), twice(TEXT)];
    assert_eq!(heard(opening, &texts, builder().without_encoding_guess()).await, ["é", "Ã©", TEXT]);
}

#[tokio::test]
async fn number_2_is_the_older_revision_with_everything_twice() {
    let server = echo(builder()).await;
    for transport in ["polling", "websocket"] {
        let path = format!("/socket.io/?EIO=2&transport={transport}&b64=1");
        if transport == "polling" {
            let answer = server.answer(crate::support::get(&path)).await;
            let sid = answer.text().split('"').nth(3).unwrap().to_owned();
            let body = Three.body(&message(&twice(TEXT)));
            let post = request("POST", &format!("{path}&sid={sid}"), &["Content-Type: text/plain"], &body);
            assert_eq!(server.answer(post).await.text(), "ok");
            assert_eq!(server.events.texts_until(&sid, 1).await, [TEXT]);
        } else {
            let mut socket = crate::support::rfc6455::open(&server, &path).await;
            let (_, open) = crate::support::rfc6455::read(&mut socket).await;
            let sid = String::from_utf8(open).unwrap().split('"').nth(3).unwrap().to_owned();
            socket.send(crate::support::rfc6455::text(&message(&twice(TEXT)))).await;
            assert_eq!(server.events.texts_until(&sid, 1).await, [TEXT]);
        }
    }
}

#[tokio::test]
async fn bodies_of_bytes_are_plain_whoever_sends_them() {
    let server = echo(builder()).await;
    for query in ["", "&t=1290000000000-0", "&t=PkX1aZ2"] {
        let peer = opening(Three, Transport::Polling).query(query).connect(&server).await;
        let packets = [TEXT.to_owned(), twice("é")].map(|text| Packet::Text(message(&text)));
        let body = binary_payload(&packets);
        let kind = "Content-Type: application/octet-stream";
        let head = request("POST", &peer.path(), &[kind, &format!("Content-Length: {}", body.len())], "");
        let mut connection = server.ask([head.as_bytes(), &body].concat()).await;
        assert_eq!(connection.answer().await.text(), "ok");
        assert_eq!(server.events.texts_until(&peer.id, 2).await, [TEXT, &twice("é")], "{query}");
    }
}

#[tokio::test]
async fn what_a_bare_client_of_1_hears_is_what_it_said() {
    let server = echo(builder()).await;
    let opening = opening(Three, Transport::Polling).resource(BARE).query("&b64=1&t=PkX1aZ2");
    let mut peer = opening.open(&server).await;
    for text in [TEXT, "é", "ascii"] {
        peer.send(&[&format!("4{}", twice(text))]).await;
        assert_eq!(peer.receive().await, format!("4{}", twice(text)), "once it is known, both ways");
    }
}
