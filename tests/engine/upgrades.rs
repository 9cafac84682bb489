//! From polling to a websocket.

use crate::{
    BARE, builder, echo, echoing, impatient,
    support::{
        Log, Mounting,
        engine::{EnginePeer, POLLS, Packet, REVISIONS, Socket, Three, binary, opening, refusal},
        get, milliseconds, patiently,
    },
};
use heirloom::{Client, DisconnectReason, Transport};

#[tokio::test]
async fn a_websocket_carries_on_what_polls_began() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for transport in POLLS {
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                let client = peer.client(&server);
                assert_eq!(client.transport(), transport);
                peer.upgrade(&server).await;
                for number in 0..3 {
                    let event = format!(r#"42["echo",{number}]"#);
                    peer.send(&[&event]).await;
                    assert_eq!(peer.receive().await, event, "{mounting:?} {revision:?} {transport}");
                }
                client.emit("from here", &1).unwrap();
                assert_eq!(peer.receive().await, r#"42["from here",1]"#);
                assert_eq!(client.transport(), Transport::WebSocket);
                assert!(server.events.about(&peer.id).len() == 1, "one client connected, and is still there");
            }
        }
    }
}

#[tokio::test]
async fn the_application_is_told() {
    let server = echo(builder()).await;
    let log = Log::new();
    for namespace in ["/", "/chat"] {
        let log = log.clone();
        server.listener.of(namespace).on_upgrade(move |client: Client, transport: Transport| {
            log.note(format!("{} {transport} {}", client.namespace(), client.transport()));
            async {}
        });
    }
    for (round, revision) in REVISIONS.into_iter().enumerate() {
        let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        peer.send(&["40/chat,"]).await;
        assert!(peer.receive().await.starts_with("40/chat"));
        peer.upgrade(&server).await;
        let mut told = log.until((round + 1) * 2).await.split_off(round * 2);
        told.sort();
        assert_eq!(told, ["/ websocket websocket", "/chat websocket websocket"]);
        peer.heard_nothing("its upgrade").await;
    }
    EnginePeer::connect(&server, Three, Transport::WebSocket).await.heard_nothing("anything").await;
    assert_eq!(log.all().len(), 4, "who began on a websocket has not changed");
}

#[tokio::test]
async fn a_poll_that_waits_is_answered_when_the_probe_is() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for parked_before in [true, false] {
                let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                if parked_before {
                    peer.park().await;
                }
                let mut socket = peer.probe(&server).await;
                assert_eq!(peer.poll().await.text(), revision.body("6"), "{mounting:?} {parked_before}");
                assert_eq!(peer.poll().await.text(), revision.body("6"), "and every further one");
                socket.send("5".into()).await;
                peer.carried_by(socket);
                peer.heard_nothing("its upgrade").await;
            }
        }
    }
}

#[tokio::test]
async fn until_the_word_is_given_everything_goes_by_polls() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let mut socket = peer.probe(&server).await;
        peer.client(&server).emit("by poll", &()).unwrap();
        loop {
            match peer.receive().await.as_str() {
                "6" => {}
                other => break assert_eq!(other, r#"42["by poll"]"#),
            }
        }
        peer.post(&revision.body(r#"42["echo",1]"#)).await;
        loop {
            match peer.receive().await.as_str() {
                "6" => {}
                other => break assert_eq!(other, r#"42["echo",1]"#),
            }
        }
        socket.send_at_once(&["5".into(), r#"42["echo",2]"#.into()]).await;
        assert_eq!(socket.next().await, Some(r#"42["echo",2]"#.into()));
    }
}

#[tokio::test]
async fn afterwards_polls_are_refused_and_further_sockets_closed() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            peer.upgrade(&server).await;
            peer.heard_nothing("its upgrade").await;
            assert_eq!(refusal(&server.answer(get(&peer.path())).await), (400, 3, "Bad request".to_owned()));
            assert_eq!(refusal(&peer.post(&revision.body("4x")).await), (400, 3, "Bad request".to_owned()));
            let mut further = Socket::open(&server, revision, &peer.upgrade_path()).await;
            further.try_send("2probe".into()).await;
            assert_eq!(further.rest().await, [], "{mounting:?} {revision:?}");
            peer.heard_nothing("what others tried").await;
        }
    }
}

#[tokio::test]
async fn who_began_on_a_websocket_has_nothing_to_upgrade_to() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        assert_eq!(refusal(&server.answer(get(&peer.path())).await).1, 3);
        let mut further = Socket::open(&server, revision, &peer.upgrade_path()).await;
        further.try_send("2probe".into()).await;
        assert_eq!(further.rest().await, []);
        peer.heard_nothing("what others tried").await;
    }
}

#[tokio::test]
async fn a_socket_that_says_anything_else_first_is_closed_and_polling_goes_on() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            for word in ["2", "2probes", "5", "4hello", "1", "3probe", "x", ""] {
                let mut socket = Socket::open(&server, revision, &peer.upgrade_path()).await;
                socket.send(word.into()).await;
                assert_eq!(socket.rest().await, [], "{mounting:?} {revision:?} {word:?}");
            }
            let mut socket = Socket::open(&server, revision, &peer.upgrade_path()).await;
            socket.send(binary(b"2probe")).await;
            assert_eq!(socket.rest().await, []);
            for word in ["2probe", "4hello", "1", "x"] {
                let mut socket = peer.probe(&server).await;
                socket.send(word.into()).await;
                assert_eq!(socket.rest().await, [], "{mounting:?} {revision:?} after the probe {word:?}");
            }
            assert!(server.events.texts(&peer.id).is_empty(), "nothing of that was a message");
            peer.heard_nothing("its failures").await;
            peer.upgrade(&server).await;
            peer.heard_nothing("its upgrade at last").await;
        }
    }
}

#[tokio::test]
async fn a_socket_that_dies_before_the_word_changes_nothing() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            Socket::open(&server, revision, &peer.upgrade_path()).await.cut();
            peer.probe(&server).await.cut();
            peer.probe(&server).await.leave().await;
            let packets: Vec<Packet> = peer.settled().await.into_iter().filter(|packet| !packet.is("6")).collect();
            assert_eq!(packets, [], "{mounting:?} {revision:?}");
            peer.upgrade(&server).await;
            peer.heard_nothing("its upgrade").await;
        }
    }
}

#[tokio::test]
async fn the_upgrade_timeout_frees_the_socket_and_nothing_else() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().upgrade_timeout(milliseconds(400))).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let mut silent = Socket::open(&server, revision, &peer.upgrade_path()).await;
            assert_eq!(silent.rest().await, [], "{mounting:?}: no probe");
            let mut undecided = peer.probe(&server).await;
            assert_eq!(undecided.rest().await, [], "{mounting:?}: no word");
            let packets: Vec<Packet> = peer.settled().await.into_iter().filter(|packet| !packet.is("6")).collect();
            assert_eq!(packets, []);
            peer.upgrade(&server).await;
            peer.heard_nothing("its upgrade").await;
            tokio::time::sleep(milliseconds(600)).await;
            peer.heard_nothing("the timeout of what has happened").await;
        }
    }
}

#[tokio::test]
async fn a_session_given_up_in_the_middle_of_an_upgrade_is_freed_within_one_timeout() {
    for mounting in Mounting::BOTH {
        let builder = impatient();
        let server = echoing(mounting, builder.upgrade_timeout(milliseconds(60_000))).await;
        for revision in REVISIONS {
            let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let mut socket = peer.probe(&server).await;
            assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::HeartbeatTimeout);
            assert_eq!(socket.rest().await, [], "{mounting:?} {revision:?}: and its socket with it");
            server.is_empty().await;
        }
    }
}

#[tokio::test]
async fn a_bare_session_upgrades_likewise() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = opening(revision, Transport::Polling).resource(BARE).open(&server).await;
        peer.upgrade(&server).await;
        peer.send_packets(&["4hello".into(), binary(&[1, 2])]).await;
        assert_eq!(patiently("an echo", peer.receive()).await, "4hello");
        assert_eq!(peer.receive_binary().await, [1, 2]);
    }
}
