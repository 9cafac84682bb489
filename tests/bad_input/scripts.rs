//! Texts of clients and of the application that would like to be code.

use crate::support::{
    PacketPeer, Peer, Server,
    engine::{EnginePeer, REVISIONS},
    get, packets, peer,
};
use heirloom::{Listener, Message, Transport};
use serde_json::json;

/// In every place a text can have in a message.
const NASTY: [&str; 8] = [
    "</script><script>alert(1)</script>",
    "<!--<script>",
    "\");alert(1);//",
    "\\\");alert(1);//",
    "\u{2028}alert(1)\u{2029}",
    "\r\n</SCRIPT \n>]]>-->",
    "${alert(1)}`'+alert(1)+'",
    "\0\u{1f}\u{7f}\u{feff}é😀",
];

/// The one argument of a call, which has to be a literal that cannot be left.
fn argument<'a>(script: &'a str, begin: &str, end: &str) -> &'a str {
    let argument = script.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    let argument = argument.unwrap_or_else(|| panic!("{script:?} is not {begin:?} and {end:?}"));
    let is_harmful = |letter: char| letter == '<' || letter < ' ' || matches!(letter, '\u{2028}' | '\u{2029}');
    assert!(!argument.contains(is_harmful), "{script:?}");
    assert!(serde_json::from_str::<serde_json::Value>(argument).is_ok(), "{script:?}");
    argument
}

fn messages(text: &str) -> [Message; 3] {
    let json = Message::json(&json!({ text: [text, { "a": text }] })).unwrap();
    [Message::from(text), json, Message::json(&text).unwrap()]
}

async fn frames(server: &Server, resource: &str) {
    let scripts = server.answer(get(&format!("/{resource}/jsonp-polling//1/0"))).await;
    let scripts_id = id(scripts.text());
    let mut document = server.ask(get(&format!("/{resource}/htmlfile//1"))).await.stream().await;
    let document_id = id(&document.until("</script>").await);
    for message in NASTY.iter().flat_map(|text| messages(text)) {
        for id in [&scripts_id, &document_id] {
            server.listener.client(id).unwrap().send(message.clone()).unwrap();
        }
        let answer = server.answer(get(&format!("/{resource}/jsonp-polling/{scripts_id}/1/0"))).await;
        argument(answer.text(), "io.JSONP[0]._(", ");");
        let element = document.until("</script>").await;
        argument(&element, "<script>parent.s._(", ", document);</script>");
    }
}

/// The session's id, which is the first word of so many digits.
fn id(text: &str) -> String {
    let mut words = text.split(|letter: char| !letter.is_ascii_hexdigit());
    words.find(|word| word.len() == 32).unwrap_or_else(|| panic!("{text:?}")).to_owned()
}

#[tokio::test]
async fn no_text_gets_out_of_a_script_of_0_3_to_0_6() {
    let builder = Listener::builder().also_mount("old", heirloom::Dialect::Json);
    let server = Server::new(builder).await;
    frames(&server, "socket.io").await;
    frames(&server, "old").await;
}

#[tokio::test]
async fn no_text_gets_out_of_a_script_of_0_7_to_0_9() {
    let server = Server::new(Listener::builder()).await;
    let scripts = PacketPeer::open(&server, Transport::JsonpPolling).await;
    let document_id = packets::handshake(&server).await;
    let mut document = server.ask(get(&packets::path(Transport::HtmlFile, &document_id))).await.stream().await;
    // The prelude has an element of its own.
    document.until("</script>").await;
    assert!(document.until("</script>").await.contains("1::"));
    for text in NASTY {
        for client in [scripts.client(&server), server.listener.client(&document_id).unwrap()] {
            for message in messages(text) {
                client.send(message).unwrap();
            }
            client.emit(text, &json!({ text: text })).unwrap();
        }
        let answer = server.answer(get(&packets::path(Transport::JsonpPolling, &scripts.id))).await;
        argument(answer.text(), "io.j[0](", ");");
        for _ in 0..4 {
            let element = document.until("</script>").await;
            let packet = argument(&element, "<script>_(", ");</script>");
            assert!(!packet.replace("\\/", "").contains('/'), "{packet}");
        }
    }
}

#[tokio::test]
async fn no_text_gets_out_of_a_script_of_1_0_and_later() {
    let server = Server::new(Listener::builder()).await;
    for revision in REVISIONS {
        let peer = EnginePeer::connect(&server, revision, Transport::JsonpPolling).await;
        for text in NASTY {
            let client = peer.client(&server);
            for message in messages(text) {
                client.send(message).unwrap();
            }
            client.emit(text, &json!({ text: text })).unwrap();
            let answer = server.answer(get(&peer.path())).await;
            argument(answer.text(), "___eio[0](", ");");
            assert!(answer.body.is_ascii());
        }
    }
}

#[tokio::test]
async fn what_one_client_says_is_only_a_text_in_the_script_of_another() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move {
        let _ = client.others().send(message);
    });
    let mut speaker = Peer::open(&server, Transport::XhrPolling).await;
    let (frames, packets) =
        (Peer::open(&server, Transport::JsonpPolling).await, PacketPeer::open(&server, Transport::JsonpPolling).await);
    let engine = EnginePeer::connect(&server, REVISIONS[1], Transport::JsonpPolling).await;
    for text in NASTY {
        speaker.send(&[text]).await;
        for (path, begin) in [
            (peer::url(Transport::JsonpPolling, &frames.id, ""), "io.JSONP[0]._("),
            (packets::path(Transport::JsonpPolling, &packets.id), "io.j[0]("),
            (engine.path(), "___eio[0]("),
        ] {
            argument(server.answer(get(&path)).await.text(), begin, ");");
        }
    }
}

#[tokio::test]
async fn a_callback_is_a_short_number_and_nothing_else() {
    let server = Server::new(Listener::builder()).await;
    for (index, is_number) in [
        ("0", true),
        ("12", true),
        ("1234567890", true),
        ("12345678901", false),
        ("-1", false),
        ("1e3", false),
        ("%31", false),
        ("a", false),
        ("0;alert(1)", false),
        ("0]", false),
        ("%D9%A1", false),
    ] {
        let answer = server.answer(get(&format!("/socket.io/jsonp-polling//1/{index}"))).await;
        assert_eq!(answer.status, if is_number { 200 } else { 400 }, "{index}");
        assert_eq!(answer.text().starts_with(&format!("io.JSONP[{index}]._(\"")), is_number, "{index}: {answer:?}");
        let is_number = is_number || index == "%31";
        let answer = server.answer(get(&format!("/socket.io/1/?t=1&jsonp={index}"))).await;
        assert_eq!(answer.text().starts_with("io.j["), is_number, "{index}: {answer:?}");
        let answer = server.answer(get(&format!("/socket.io/1/jsonp-polling/nobody?t=1&i={index}"))).await;
        let called = if is_number { index.replace("%31", "1") } else { "0".to_owned() };
        assert_eq!(answer.text(), format!("io.j[{called}](\"7:::1+0\");"), "{index}");
        let answer = server.answer(get(&format!("/socket.io/?EIO=4&transport=polling&j={index}"))).await;
        let called = answer.text().strip_prefix("___eio[").and_then(|text| text.split_once("](\"")).unwrap().0;
        assert!(
            (1..=10).contains(&called.len()) && called.bytes().all(|byte| byte.is_ascii_digit()),
            "{index}: {called}"
        );
    }
}
