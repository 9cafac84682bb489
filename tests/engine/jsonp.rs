//! Polling by script elements and forms, of either revision.

use crate::{
    BARE, builder, echo, echoing,
    support::{
        Mounting,
        engine::{EnginePeer, REVISIONS, Three, codec::script_text, opening, path},
        get, request,
    },
};
use heirloom::Transport;

const SCRIPT: Transport = Transport::JsonpPolling;

#[tokio::test]
async fn an_answer_is_a_script_that_calls_back() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let open = path("socket.io", revision, Transport::Polling, "");
            for (index, called) in [("0", "0"), ("12", "12"), ("1);alert(1", "11"), ("x7", "7")] {
                let answer = server.answer(get(&format!("{open}&j={index}"))).await;
                let begin = format!("___eio[{called}](\"");
                assert!(answer.text().starts_with(&begin) && answer.text().ends_with("\");"), "{answer:?}");
                for (name, value) in [
                    ("content-type", "text/javascript; charset=UTF-8"),
                    ("x-content-type-options", "nosniff"),
                    ("cache-control", "no-store"),
                    ("content-length", &answer.body.len().to_string()),
                    ("access-control-allow-origin", ""),
                ] {
                    assert_eq!(answer.header(name), value, "{mounting:?} {revision:?} {name}");
                }
            }
            let nameless = server.answer(get(&format!("{open}&j="))).await;
            assert!(!nameless.text().contains("alert") && nameless.status < 500);
        }
    }
}

#[tokio::test]
async fn nothing_gets_out_of_the_string() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, SCRIPT).await;
        peer.client(&server).emit("x", &"</script>\u{2028}\u{2029}\"\\\n'é😀").unwrap();
        let answer = peer.poll().await;
        assert!(answer.body.is_ascii() && !answer.text().contains(['<', '\n']), "{answer:?}");
        let packets = revision.packets(&script_text(&answer));
        let crate::support::engine::Packet::Text(text) = &packets[0] else { panic!("{packets:?}") };
        let event: (String, String) = serde_json::from_str(&text[2..]).unwrap();
        assert_eq!(event.1, "</script>\u{2028}\u{2029}\"\\\n'é😀");
    }
}

#[tokio::test]
async fn line_breaks_survive_the_form() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = opening(revision, SCRIPT).resource(BARE).open(&server).await;
            for text in ["a\nb", "a\\nb", "a\\\\nb", "100% é😀 &d=x+y", "\\", "\n"] {
                peer.send(&[&format!("4{text}")]).await;
                assert_eq!(peer.receive().await, format!("4{text}"), "{mounting:?} {revision:?}");
            }
        }
    }
}

#[tokio::test]
async fn old_browsers_make_two_characters_of_a_line_break() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = opening(revision, SCRIPT).resource(BARE).open(&server).await;
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("d", &revision.body("4a\nb").replace('\n', "\r\n"))
            .finish();
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let answer = server.answer(request("POST", &peer.path(), &[kind], &body)).await;
        assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, "ok", "text/html"));
        assert_eq!(peer.receive().await, "4a\nb", "{revision:?}");
    }
}

#[tokio::test]
async fn a_form_without_the_field_ends_the_session() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        for body in ["", "x=4hello", "d", "d="] {
            let peer = EnginePeer::connect(&server, revision, SCRIPT).await;
            let kind = "Content-Type: application/x-www-form-urlencoded";
            let answer = server.answer(request("POST", &peer.path(), &[kind], body)).await;
            assert_eq!(answer.status, 400, "{revision:?} {body:?}");
            assert_eq!(server.answer(get(&peer.path())).await.status, 400, "{revision:?} {body:?}");
        }
    }
}

#[tokio::test]
async fn a_script_upgrades_to_a_websocket() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, SCRIPT).await;
        assert_eq!(peer.opened["upgrades"], serde_json::json!(["websocket"]));
        peer.upgrade(&server).await;
        peer.heard_nothing("its upgrade").await;
    }
    let mut older = opening(Three, SCRIPT).query("&t=1290000000000-0").connect(&server).await;
    older.heard_nothing("its age").await;
}
