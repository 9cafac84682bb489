//! Requests and packets that left something behind in the originals: an open response, a thread, a task.

use crate::{
    scene::Scene,
    support::{
        engine::{EnginePeer, Four, Packet, Three},
        request,
    },
};
use heirloom::{DisconnectReason, Refusal, Transport};
use tokio::runtime::Handle;

#[tokio::test]
async fn cve_2026_59725_a_body_of_bytes_where_there_are_none_is_answered_and_its_session_over() {
    let scene = Scene::new().await;
    for body in [&b"invalid"[..], &[1, 2, 255, 4, 7], &[0xff; 100], b""] {
        for _ in 0..20 {
            let peer = EnginePeer::connect(&scene.server, Four, Transport::Polling).await;
            let headers = ["Content-Type: application/octet-stream", &format!("Content-Length: {}", body.len())];
            let head = request("POST", &peer.path(), &headers, "");
            let mut connection = scene.server.ask([head.as_bytes(), body].concat()).await;
            let answer = connection.answer().await;
            assert_eq!(answer.status, 400, "{body:?}");
            // Nothing is left of the request: the connection takes the next one.
            connection.send(request("GET", "/", &[], "")).await;
            assert_eq!(connection.answer().await.text(), "hello from the app", "{body:?}");
            assert_eq!(scene.server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError);
        }
    }
    scene.is_left_alone().await;
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_48802_heartbeats_nobody_asked_for_begin_nothing() {
    const COUNT: usize = 5000;
    let scene = Scene::new().await;
    for (revision, heartbeat) in [(Four, "3"), (Three, "3"), (Three, "2")] {
        let mut peer = EnginePeer::connect(&scene.server, revision, Transport::WebSocket).await;
        let before = Handle::current().metrics().num_alive_tasks();
        let heartbeats = vec![Packet::from(heartbeat); 100];
        for _ in 0..COUNT / heartbeats.len() {
            peer.socket().send_at_once(&heartbeats).await;
            let answers = peer.settled().await;
            let most = if (revision, heartbeat) == (Three, "2") { heartbeats.len() } else { 0 };
            assert!(answers.len() <= most, "{revision:?} {heartbeat}: {} answers", answers.len());
        }
        let after = Handle::current().metrics().num_alive_tasks();
        assert!(after < before + 100, "{revision:?} {heartbeat}: {before} tasks before, {after} after");
        peer.leave().await;
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2026_48802_a_client_that_is_refused_leaves_nothing_behind() {
    let scene = Scene::new().await;
    let closed = scene.server.listener.of("/closed");
    closed.authorize(|_| async { Err(Refusal::unauthorized("not you")) });
    let before = Handle::current().metrics().num_alive_tasks();
    for _ in 0..100 {
        let mut peer = EnginePeer::open(&scene.server, Four, Transport::WebSocket).await;
        peer.send(&["40/closed,", "3", "3", "3"]).await;
        assert!(peer.receive().await.starts_with("44/closed,"), "refused");
        peer.leave().await;
    }
    scene.is_left_alone().await;
    let after = Handle::current().metrics().num_alive_tasks();
    assert!(after < before + 50, "{before} tasks before, {after} after");
    scene.ends_well().await;
}
