//! Requests whose end can be read in two ways, so that what a proxy takes for a body, the server behind it takes for
//! the next request. The second one here would be a message of somebody else's session.

use crate::{
    scene::Scene,
    support::{Mounting, Peer, form, frame},
};
use heirloom::{Listener, Transport};

const VICTIM: Transport = Transport::XhrPolling;

/// A whole request that speaks for the victim.
fn smuggled(victim: &Peer) -> String {
    let body = form(&frame("smuggled"));
    let path = format!("/socket.io/xhr-polling/{}/send", victim.id);
    format!("POST {path} HTTP/1.1\r\nHost: own.example\r\nContent-Length: {}\r\n\r\n{body}", body.len())
}

/// Sends the head of a POST with its body and the smuggled request behind it; nothing of that is heard.
async fn is_not_heard(scene: &Scene, victim: &mut Peer, what: &str, headers: &str, body: &str) {
    let head = "POST /socket.io/xhr-polling/nobody/send HTTP/1.1\r\nHost: own.example\r\n";
    let request = format!("{head}{headers}\r\n\r\n{body}{}", smuggled(victim));
    let mut connection = scene.server.ask(request).await;
    connection.end_sending().await;
    let answer = String::from_utf8_lossy(&connection.rest().await).into_owned();
    assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{what}: one answer at most: {answer}");
    assert!(!answer.starts_with("HTTP/1.1 2"), "{what}: {answer}");
    victim.send(&[what]).await;
    let heard = scene.server.events.texts_until(&victim.id, 1).await;
    assert!(!heard.contains(&"smuggled".to_owned()), "{what}: {heard:?}");
    assert_eq!(heard.last().map(String::as_str), Some(what));
}

async fn are_not_heard(cases: &[(&str, &str, &str)]) {
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        for (what, headers, body) in cases {
            let mut victim = Peer::open(&scene.server, VICTIM).await;
            is_not_heard(&scene, &mut victim, what, headers, body).await;
        }
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn a_smuggled_request_would_be_heard_if_it_were_one() {
    let scene = Scene::new().await;
    let victim = Peer::open(&scene.server, VICTIM).await;
    assert_eq!(scene.server.answer(smuggled(&victim)).await.status, 200);
    assert_eq!(scene.server.events.texts_until(&victim.id, 1).await, ["smuggled"]);
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2021_21299_codings_that_do_not_end_in_chunked_are_refused() {
    are_not_heard(&[
        ("two headers", "Transfer-Encoding: chunked\r\nTransfer-Encoding: cow", "0\r\n\r\n"),
        ("one header", "Transfer-Encoding: chunked, cow", "0\r\n\r\n"),
        ("none at all", "Transfer-Encoding: cow", "0\r\n\r\n"),
        ("a control character", "Transfer-Encoding: \u{b}chunked", "0\r\n\r\n"),
        ("a blank before the colon", "Transfer-Encoding : chunked", "0\r\n\r\n"),
        ("a folded line", "Transfer-Encoding:\r\n chunked", "0\r\n\r\n"),
    ])
    .await;
}

#[tokio::test]
async fn cve_2021_32714_a_chunk_larger_than_any_number_is_refused() {
    are_not_heard(&[
        ("more than 64 bits", "Transfer-Encoding: chunked", "f0000000000000003\r\nabc\r\n0\r\n\r\n"),
        ("exactly 64 bits and nothing", "Transfer-Encoding: chunked", "10000000000000000\r\n\r\n"),
        ("a sign", "Transfer-Encoding: chunked", "+3\r\nabc\r\n0\r\n\r\n"),
        ("a prefix", "Transfer-Encoding: chunked", "0x3\r\nabc\r\n0\r\n\r\n"),
        ("a line break in an extension", "Transfer-Encoding: chunked", "3;a\nabc\r\n0\r\n\r\n"),
        ("no end", "Transfer-Encoding: chunked", "3\r\nabcXX0\r\n\r\n"),
    ])
    .await;
}

#[tokio::test]
async fn cve_2021_32715_a_length_that_is_no_plain_number_is_refused() {
    are_not_heard(&[
        ("a sign", "Content-Length: +3", "abc"),
        ("two lengths", "Content-Length: 3\r\nContent-Length: 4", "abc"),
        ("a list", "Content-Length: 3, 4", "abc"),
        ("hexadecimal", "Content-Length: 0x3", "abc"),
        ("negative", "Content-Length: -1", ""),
        ("more than 64 bits", "Content-Length: 18446744073709551619", "abc"),
        ("nothing", "Content-Length:", "abc"),
    ])
    .await;
}

#[tokio::test]
async fn a_request_with_both_a_length_and_chunks_is_the_last_of_its_connection() {
    are_not_heard(&[
        ("length first", "Content-Length: 5\r\nTransfer-Encoding: chunked", "0\r\n\r\n"),
        ("length behind", "Transfer-Encoding: chunked\r\nContent-Length: 5", "0\r\n\r\n"),
        ("a length of nothing", "Content-Length: 0\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n0\r\n\r\n"),
    ])
    .await;
}
