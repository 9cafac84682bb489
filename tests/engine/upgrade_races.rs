//! Upgrades while something else happens: nothing is lost, doubled or out of order.

use crate::{
    builder, echo, echoing,
    support::{
        Mounting,
        engine::{EnginePeer, Packet, REVISIONS, Socket, Three, path},
        eventually, get, request,
    },
};
use heirloom::{Client, DisconnectReason, Transport};

const ROUNDS: usize = 20;

fn numbered(from: usize, to: usize) -> Vec<Packet> {
    (from..to).map(|number| Packet::Text(format!(r#"42["n",{number}]"#))).collect()
}

fn emit(client: &Client, from: usize, to: usize) {
    for number in from..to {
        client.emit("n", &number).unwrap();
    }
}

#[tokio::test]
async fn probe_word_and_messages_in_one_segment() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for _ in 0..ROUNDS {
                let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let mut socket = Socket::open(&server, revision, &peer.upgrade_path()).await;
                let words = ["2probe", "5", r#"42["echo",1]"#, r#"42["echo",2]"#].map(Packet::from);
                socket.send_at_once(&words).await;
                for expected in ["3probe", r#"42["echo",1]"#, r#"42["echo",2]"#] {
                    assert_eq!(socket.next().await, Some(expected.into()), "{mounting:?} {revision:?}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_poll_sent_right_behind_probe_and_word_is_refused() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for waiting in [0, 3] {
                for _ in 0..ROUNDS {
                    let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                    emit(&peer.client(&server), 0, waiting);
                    let mut socket = Socket::open(&server, revision, &peer.upgrade_path()).await;
                    socket.send("2probe".into()).await;
                    socket.send("5".into()).await;
                    let answer = server.answer(get(&peer.path())).await;
                    assert_eq!(answer.status, 400, "{mounting:?} {revision:?} {waiting} wait");
                    socket.send(r#"42["echo"]"#.into()).await;
                    assert_eq!(socket.next().await, Some("3probe".into()));
                    for packet in numbered(0, waiting) {
                        assert_eq!(socket.next().await, Some(packet));
                    }
                    assert_eq!(socket.next().await, Some(r#"42["echo"]"#.into()));
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn so_is_one_on_the_connection_that_opened_the_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        // Its system has often not acknowledged an answer when it sends the next request: it had nothing to say meanwhile.
        let mut connection = server.connect().await;
        for _ in 0..ROUNDS {
            connection.send(get(&path("socket.io", Three, Transport::Polling, ""))).await;
            let opened = connection.answer().await;
            let sid = opened.text().split('"').nth(3).unwrap().to_owned();
            let mut socket = Socket::open(&server, Three, &path("socket.io", Three, Transport::WebSocket, &sid)).await;
            socket.send("2probe".into()).await;
            socket.send("5".into()).await;
            connection.send(get(&path("socket.io", Three, Transport::Polling, &sid))).await;
            assert_eq!(connection.answer().await.status, 400, "{mounting:?}");
            assert_eq!(socket.next().await, Some("3probe".into()));
            assert_eq!(socket.next().await, Some("40".into()), "{mounting:?}");
        }
    }
}

#[tokio::test]
async fn what_is_queued_between_probe_and_word_arrives_in_order_and_once() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for round in 0..ROUNDS {
                let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let client = peer.client(&server);
                emit(&client, 0, 3);
                let mut socket = peer.probe(&server).await;
                emit(&client, 3, 20);
                let mut heard = Vec::new();
                // Some clients still read a poll then, and some do not.
                if round % 2 == 0 {
                    heard.extend(peer.payload().await.unwrap());
                }
                emit(&client, 20, 25);
                socket.send("5".into()).await;
                emit(&client, 25, 30);
                while heard.len() < 30 {
                    heard.push(socket.next().await.unwrap());
                }
                assert_eq!(heard, numbered(0, 30), "{mounting:?} {revision:?}");
                peer.carried_by(socket);
                peer.heard_nothing("more than once").await;
            }
        }
    }
}

#[tokio::test]
async fn a_poll_that_waits_when_the_word_comes_is_answered_and_takes_nothing_along() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for _ in 0..ROUNDS {
                let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let client = peer.client(&server);
                let mut socket = Socket::open(&server, revision, &peer.upgrade_path()).await;
                peer.park().await;
                eventually("the poll to wait", || client.volatile().emit("n", &0).is_ok()).await;
                assert_eq!(peer.receive().await, r#"42["n",0]"#);
                peer.park().await;
                socket.send_at_once(&["2probe".into(), "5".into()]).await;
                assert_eq!(socket.next().await, Some("3probe".into()));
                let answer = peer.poll().await;
                // The poll came before the word, or behind it.
                assert!(answer.status == 400 || answer.text() == revision.body("6"), "{mounting:?} {answer:?}");
                emit(&client, 1, 4);
                for packet in numbered(1, 4) {
                    assert_eq!(socket.next().await, Some(packet), "{mounting:?} {revision:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_post_that_is_still_coming_when_the_word_is_given_counts_before_the_socket() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for _ in 0..ROUNDS {
                let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let mut socket = peer.probe(&server).await;
                let body = revision.payload(&[r#"42["echo",1]"#.into(), r#"42["echo",2]"#.into()]);
                let post = request("POST", &peer.path(), &["Content-Type: text/plain"], &body);
                let (half, rest) = post.split_at(post.len() - 10);
                let mut connection = server.ask(half).await;
                // The head of the request has been read when this is answered.
                server.answer(get("/")).await;
                socket.send_at_once(&["5".into(), r#"42["echo",3]"#.into()]).await;
                connection.send(rest).await;
                let answer = connection.answer().await;
                assert_eq!((answer.status, answer.text()), (200, "ok"), "{mounting:?} {revision:?}");
                for number in 1..=3 {
                    let expected = Packet::Text(format!(r#"42["echo",{number}]"#));
                    assert_eq!(socket.next().await, Some(expected), "{mounting:?} {revision:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_second_socket_cannot_disturb_the_one_that_asks() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let mut first = peer.probe(&server).await;
            let mut second = Socket::open(&server, revision, &peer.upgrade_path()).await;
            second.try_send("2probe".into()).await;
            second.try_send("5".into()).await;
            assert_eq!(second.rest().await, [], "{mounting:?} {revision:?}");
            first.send("5".into()).await;
            peer.carried_by(first);
            peer.heard_nothing("the other socket").await;
        }
    }
}

#[tokio::test]
async fn a_client_that_leaves_while_it_asks_takes_the_socket_with_it() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let mut socket = peer.probe(&server).await;
            assert_eq!(peer.post(&revision.body("1")).await.status, 200);
            assert_eq!(socket.rest().await, [], "{mounting:?} {revision:?}");
            assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::TransportClosed);
            server.is_empty().await;
        }
    }
}

#[tokio::test]
async fn a_client_that_is_disconnected_while_it_asks_hears_of_it_once() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            for finishes in [true, false] {
                let what = format!("{mounting:?} {revision:?} {finishes}");
                let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let client = peer.client(&server);
                let mut socket = peer.probe(&server).await;
                client.emit("last", &()).unwrap();
                client.disconnect();
                let mut heard = Vec::new();
                if finishes {
                    socket.try_send("5".into()).await;
                    heard = socket.rest().await;
                }
                while let Some(packets) = peer.payload().await {
                    heard.extend(packets);
                }
                heard.retain(|packet| !packet.is("6") && !packet.is("1"));
                assert_eq!(heard, [r#"42["last"]"#.into(), Packet::from("41")], "{what}");
                assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ServerDisconnect, "{what}");
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_conversation_survives_an_upgrade_in_the_middle_of_it() {
    const COUNT: usize = 300;
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let client = peer.client(&server);
        let emitting = tokio::spawn(async move {
            for number in 0..COUNT {
                client.emit("n", &number).unwrap();
                tokio::task::yield_now().await;
            }
        });
        let mut heard = Vec::new();
        heard.extend(peer.payload().await.unwrap());
        let mut socket = peer.probe(&server).await;
        loop {
            let packets = peer.payload().await.unwrap();
            let is_noop = packets == [Packet::from("6")];
            heard.extend(packets.into_iter().filter(|packet| !packet.is("6")));
            if is_noop || heard.len() > COUNT / 2 {
                break;
            }
        }
        socket.send("5".into()).await;
        while heard.len() < COUNT {
            heard.push(socket.next().await.unwrap());
        }
        emitting.await.unwrap();
        assert_eq!(heard, numbered(0, COUNT), "{revision:?}");
    }
}
