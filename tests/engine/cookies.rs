//! The cookie by which a balancer may find a session's server.

use crate::{
    builder, echo,
    support::{
        engine::{EnginePeer, REVISIONS, path},
        get, rfc6455,
    },
};
use heirloom::Transport;

#[tokio::test]
async fn no_cookie_is_set_unless_it_is_asked_for() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        for transport in [Transport::Polling, Transport::JsonpPolling] {
            let answer = server.answer(get(&path("socket.io", revision, transport, ""))).await;
            assert_eq!((answer.status, answer.header("set-cookie")), (200, ""));
        }
        let socket = rfc6455::handshake(&path("socket.io", revision, Transport::WebSocket, ""));
        let head = server.ask(socket).await.head().await;
        assert_eq!((head.status, head.header("set-cookie")), (101, ""));
    }
}

#[tokio::test]
async fn the_cookie_names_the_session_and_is_set_by_the_first_answer_alone() {
    let server = echo(builder().session_cookie("io")).await;
    for revision in REVISIONS {
        let answer = server.answer(get(&path("socket.io", revision, Transport::Polling, ""))).await;
        let sid = answer.text().split("\"sid\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let cookie = answer.header("set-cookie");
        assert_eq!(cookie, format!("io={sid}; Path=/; HttpOnly; SameSite=Lax"));
        let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        peer.client(&server).emit("x", &()).unwrap();
        assert_eq!(peer.poll().await.header("set-cookie"), "");
        assert_eq!(peer.post(&revision.body(r#"42["none"]"#)).await.header("set-cookie"), "");
        let upgrade = server.ask(rfc6455::handshake(&peer.upgrade_path())).await.head().await;
        assert_eq!((upgrade.status, upgrade.header("set-cookie")), (101, ""));
    }
}
