//! Heartbeats: those of the client in revision 3, those of the server in revision 4.

use crate::{
    BARE, builder, echo, echoing, impatient,
    support::{
        Mounting, Server,
        engine::{EnginePeer, Four, POLLS, Revision, TRANSPORTS, Three, codec::script_text, opening, refusal},
        get, milliseconds,
    },
};
use futures_util::future::join_all;
use heirloom::{Builder, DisconnectReason, Transport};
use std::time::{Duration, Instant};

/// Interval and timeout of [`impatient`] together.
const PATIENCE: Duration = Duration::from_millis(400);

async fn polls_are_refused(server: &Server, peer: &EnginePeer) {
    assert_eq!(refusal(&server.answer(get(&peer.path())).await), (400, 1, "Session ID unknown".to_owned()));
}

#[tokio::test]
async fn the_server_answers_a_ping_of_revision_3() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for transport in TRANSPORTS {
            let mut peer = EnginePeer::connect(&server, Three, transport).await;
            for _ in 0..3 {
                peer.send(&["2"]).await;
                assert_eq!(peer.receive().await, "3", "{mounting:?} {transport}");
            }
            peer.heard_nothing("pings").await;
        }
    }
}

#[tokio::test]
async fn the_server_pings_clients_of_revision_4() {
    for mounting in Mounting::BOTH {
        let server =
            echoing(mounting, builder().ping_interval(milliseconds(150)).ping_timeout(milliseconds(3000))).await;
        for transport in TRANSPORTS {
            let begun = Instant::now();
            let mut peer = EnginePeer::connect(&server, Four, transport).await;
            for round in 1..=3 {
                assert_eq!(peer.receive().await, "2", "{mounting:?} {transport}");
                assert!(begun.elapsed() >= milliseconds(148) * round, "{transport}: each an interval after the pong");
                peer.send(&["3"]).await;
            }
        }
    }
}

#[tokio::test]
async fn a_silent_client_is_given_up_at_its_time_and_not_before() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, impatient()).await;
        for (revision, transport) in crate::support::engine::everything() {
            let what = format!("{mounting:?} {revision:?} {transport}");
            let begun = Instant::now();
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let reason = server.events.disconnected(&peer.id).await;
            assert_eq!(reason, DisconnectReason::HeartbeatTimeout, "{what}");
            let taken = begun.elapsed();
            assert!(taken >= PATIENCE - milliseconds(5), "{what}: {taken:?}");
            if transport == Transport::WebSocket {
                let before = peer.socket().rest().await;
                assert_eq!(before, if revision == Four { vec!["2".into()] } else { vec![] }, "{what}");
            } else {
                polls_are_refused(&server, &peer).await;
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn at_the_deadline_a_session_is_over_not_soon_after_it() {
    let server = echo(impatient()).await;
    for revision in [Three, Four] {
        for _ in 0..5 {
            let peer = EnginePeer::open(&server, revision, Transport::Polling).await;
            tokio::time::sleep(PATIENCE).await;
            let answer = match revision {
                Three => peer.post("1:2").await,
                Four => server.answer(get(&peer.path())).await,
            };
            assert_eq!(answer.status, 400, "{revision:?}");
        }
    }
}

#[tokio::test]
async fn a_held_poll_of_a_client_that_is_given_up_ends() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, impatient()).await;
        for transport in POLLS {
            let mut peer = EnginePeer::connect(&server, Three, transport).await;
            let answer = peer.poll().await;
            let text =
                if transport == Transport::JsonpPolling { script_text(&answer) } else { answer.text().to_owned() };
            assert_eq!((answer.status, text.as_str()), (200, "1:1"), "{mounting:?} {transport}");
            polls_are_refused(&server, &peer).await;
            let mut peer = EnginePeer::connect(&server, Four, transport).await;
            assert_eq!(peer.receive().await, "2");
            assert_eq!(peer.receive().await, "1", "{mounting:?} {transport}");
            polls_are_refused(&server, &peer).await;
        }
    }
}

/// Longer than a client is waited for by a server with these timings, which forgives a slow machine.
const LONG: Duration = Duration::from_millis(1500);

fn forgiving() -> Builder {
    builder().ping_interval(milliseconds(100)).ping_timeout(milliseconds(900))
}

#[tokio::test]
async fn a_client_of_revision_3_that_speaks_is_not_given_up() {
    let server = echo(forgiving()).await;
    join_all(TRANSPORTS.map(async |transport| {
        let mut peer = EnginePeer::connect(&server, Three, transport).await;
        let begun = Instant::now();
        while begun.elapsed() < LONG {
            peer.heard_nothing("its own words").await;
            tokio::time::sleep(milliseconds(100)).await;
        }
    }))
    .await;
}

#[tokio::test]
async fn a_client_of_revision_4_that_answers_is_not_given_up() {
    let server = echo(forgiving()).await;
    join_all(TRANSPORTS.map(async |transport| {
        let mut peer = EnginePeer::connect(&server, Four, transport).await;
        let begun = Instant::now();
        while begun.elapsed() < LONG {
            assert_eq!(peer.receive().await, "2");
            peer.send(&["3"]).await;
        }
    }))
    .await;
}

#[tokio::test]
async fn words_are_no_answer_to_a_ping() {
    let server = echo(impatient()).await;
    let mut peer = EnginePeer::connect(&server, Four, Transport::WebSocket).await;
    let id = peer.id.clone();
    let speaking = async {
        loop {
            peer.socket().try_send(r#"42["none"]"#.into()).await;
            tokio::time::sleep(milliseconds(20)).await;
        }
    };
    tokio::select! {
        () = speaking => {}
        reason = server.events.disconnected(&id) => assert_eq!(reason, DisconnectReason::HeartbeatTimeout),
    }
}

async fn ends(server: &Server, revision: Revision, transport: Transport, packet: &str) {
    let mut peer = EnginePeer::connect(server, revision, transport).await;
    let id = peer.id.clone();
    if transport == Transport::WebSocket {
        peer.send(&[packet]).await;
        peer.ended().await;
    } else {
        peer.post(&revision.body(packet)).await;
        polls_are_refused(server, &peer).await;
    }
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{transport} {packet}");
}

#[tokio::test]
async fn a_ping_of_a_client_of_revision_4_is_a_mistake() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for transport in TRANSPORTS {
            ends(&server, Four, transport, "2").await;
            ends(&server, Four, transport, "2probe").await;
        }
    }
}

#[tokio::test]
async fn a_pong_of_a_client_of_revision_3_means_nothing() {
    let server = echo(builder()).await;
    for transport in TRANSPORTS {
        let mut peer = EnginePeer::connect(&server, Three, transport).await;
        peer.send(&["3"]).await;
        peer.heard_nothing("its pong").await;
    }
}

#[tokio::test]
async fn a_pong_nobody_asked_for_means_nothing() {
    let server = echo(builder()).await;
    for transport in TRANSPORTS {
        let mut peer = EnginePeer::connect(&server, Four, transport).await;
        peer.send(&["3"]).await;
        peer.send(&["3anything"]).await;
        peer.heard_nothing("its pong").await;
    }
}

#[tokio::test]
async fn heartbeats_go_on_through_an_upgrade() {
    let server = echo(impatient()).await;
    for transport in POLLS {
        let mut peer = opening(Four, transport).resource(BARE).open(&server).await;
        let mut socket = peer.probe(&server).await;
        // While the client is between the transports, the heart beats on the old one.
        loop {
            match peer.receive().await.as_str() {
                "6" => {}
                "2" => break peer.send(&["3"]).await,
                other => panic!("{other}"),
            }
        }
        socket.send("5".into()).await;
        peer.carried_by(socket);
        for _ in 0..3 {
            assert_eq!(peer.receive().await, "2", "and then on the new one");
            peer.send(&["3"]).await;
        }
    }
}
