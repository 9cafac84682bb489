//! What a request is, seen from its path and its query alone.

use crate::{
    builder, echo, echoing,
    support::{
        Answer, Mounting,
        engine::{EnginePeer, Four, Three, opening, refusal},
        get, rfc6455,
    },
};
use heirloom::{Builder, Generation, Listener, Transport};

/// Which protocol the answer to a first request is of.
fn spoken(answer: &Answer) -> &'static str {
    let text = answer.text();
    let length = text.split_once(':').map(|(length, _)| length.parse::<usize>());
    match answer.status {
        404 => "nothing",
        400 => "refused",
        200 if text.starts_with("0{\"sid\":") => "engine 4",
        200 if text.contains(":0{\"sid\":") && matches!(length, Some(Ok(_))) => "engine 3",
        200 if text.ends_with(",xhr-polling,jsonp-polling") => "packets",
        200 if text.starts_with("~m~") => "frames",
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn the_query_decides_between_the_revisions_and_the_path_between_the_generations() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (target, expected) in [
            ("/socket.io/?EIO=4&transport=polling", "engine 4"),
            ("/socket.io/?transport=polling&EIO=4", "engine 4"),
            ("/socket.io/?EIO=3&transport=polling", "engine 3"),
            ("/socket.io/?EIO=2&transport=polling", "engine 3"),
            ("/socket.io/?transport=polling&b64=1", "engine 3"),
            ("/socket.io/?transport=polling", "refused"),
            ("/socket.io/?EIO=4&EIO=3&transport=polling", "engine 3"),
            ("/socket.io/?EIO=3&EIO=4&transport=polling", "engine 4"),
            ("/socket.io/?EIO=4&transport=abc&transport=polling", "engine 4"),
            ("/socket.io/?token=a%26EIO%3D3&EIO=4&transport=polling&t=PkX1", "engine 4"),
            ("/socket.io?EIO=4&transport=polling", "engine 4"),
            ("/socket.io//?EIO=4&transport=polling", "engine 4"),
            ("/socket.io/x/y?EIO=4&transport=polling", "engine 4"),
            ("/socket.io/1/?EIO=4&transport=polling", "engine 4"),
            ("http://own.example/socket.io/?EIO=4&transport=polling", "engine 4"),
            ("/socket.io/", "refused"),
            ("/socket.io", "refused"),
            ("/socket.io/1/?t=1290000000", "packets"),
            ("/socket.io/1/?EIO=4", "packets"),
            ("/socket.io/1?t=1290000000", "packets"),
            ("/socket.io/xhr-polling//123", "frames"),
            ("/socket.io/nowhere/?EIO=4", "nothing"),
            ("/socket.io/socket.io.map?EIO=4", "nothing"),
            ("/socket.ioX/?EIO=4&transport=polling", "nothing"),
            ("/socket.i/?EIO=4&transport=polling", "nothing"),
            ("/?EIO=4&transport=polling&sid=", "the page"),
        ] {
            let answer = server.answer(get(target)).await;
            if expected == "the page" {
                assert_eq!(answer.text(), "hello from the app");
                continue;
            }
            assert_eq!(spoken(&answer), expected, "{mounting:?} {target}");
        }
    }
}

#[tokio::test]
async fn a_script_of_the_client_is_a_file_whatever_the_query_says() {
    let server = echo(builder()).await;
    let plain = server.answer(get("/socket.io/socket.io.js")).await;
    let asked = server.answer(get("/socket.io/socket.io.js?EIO=4&transport=polling")).await;
    assert_eq!((asked.status, &asked.body), (plain.status, &plain.body));
    assert_eq!(asked.header("content-type"), plain.header("content-type"));
}

#[tokio::test]
async fn a_websocket_needs_no_number() {
    let server = echo(builder()).await;
    let mut socket = rfc6455::open(&server, "/socket.io/?transport=websocket").await;
    let (_, open) = rfc6455::read(&mut socket).await;
    assert!(open.starts_with(b"0{\"sid\":"));
    let (_, connect) = rfc6455::read(&mut socket).await;
    assert_eq!(connect, b"40", "and is of the older revision");
}

#[tokio::test]
async fn numbers_of_one_revision_are_the_same_session() {
    let server = echo(builder()).await;
    let mut peer = EnginePeer::connect(&server, Three, Transport::Polling).await;
    for query in ["EIO=2&", "EIO=3&", ""] {
        let client = peer.client(&server);
        client.emit("news", &1).unwrap();
        let answer = server.answer(get(&format!("/socket.io/?{query}transport=polling&sid={}", peer.sid))).await;
        assert_eq!(answer.text(), r#"12:42["news",1]"#, "{query}");
    }
    let answer = server.answer(get(&format!("/socket.io/?EIO=4&transport=polling&sid={}", peer.sid))).await;
    assert_eq!(refusal(&answer).1, 3);
    peer.heard_nothing("a request of the other revision").await;
}

#[tokio::test]
async fn the_last_session_named_counts_and_it_may_be_percent_encoded() {
    let server = echo(builder()).await;
    for revision in [Three, Four] {
        let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let encoded: String = peer.sid.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for sid in [format!("nobody&sid={}", peer.sid), encoded] {
            peer.client(&server).emit("news", &1).unwrap();
            let target = format!("/socket.io/?EIO={}&transport=polling&sid={sid}", revision.number());
            assert!(server.answer(get(&target)).await.text().ends_with(r#"42["news",1]"#), "{target}");
        }
    }
}

#[tokio::test]
async fn any_resource_can_be_the_one() {
    let server = echo(Builder::resource(Listener::builder().without_recovery(), "ws/rt")).await;
    for (revision, transport) in crate::support::engine::everything() {
        let peer = opening(revision, transport).resource("ws/rt").query("&token=a%20b").connect(&server).await;
        let client = peer.client(&server);
        assert_eq!((client.generation(), client.transport()), (Generation::Engine, transport));
        assert_eq!(client.handshake().query_value("token").as_deref(), Some("a b"));
        assert_eq!(client.handshake().query_value("EIO"), Some(revision.number().to_string()));
    }
    assert_eq!(server.answer(get("/socket.io/?EIO=4&transport=polling")).await.status, 404);
}
