//! Sessions of 0.7 to 0.9 from request to request: which connection carries them, and how they are left.

use crate::{
    packets_polling::{POLLS, poll},
    support::{
        Mounting, PacketPeer, Server, eventually, get, milliseconds,
        packets::{self, NOT_HANDSHAKEN, handshake, path, poll_text, post},
        request,
    },
};
use heirloom::{Client, DisconnectReason, Listener, Transport};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Says something as soon as a poll waits.
async fn say_to_a_waiting_poll(client: &Client, text: &str) {
    eventually("a poll to wait", || client.volatile().send(text).is_ok()).await;
}

#[tokio::test]
async fn the_newest_poll_wins_and_the_older_is_answered_with_nothing() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in POLLS {
            let peer = PacketPeer::open(&server, transport).await;
            let client = peer.client(&server);
            let mut newest = server.ask(get(&path(transport, &peer.id))).await;
            for round in 0..3 {
                say_to_a_waiting_poll(&client, "first").await;
                assert_eq!(poll_text(transport, &newest.answer().await), "3:::first");
                let mut older = server.ask(get(&path(transport, &peer.id))).await;
                // Taken in before the next: a POST on another connection is answered after it.
                for _ in 0..3 {
                    server.answer(post(transport, &peer.id, "8::")).await;
                }
                newest = server.ask(get(&path(transport, &peer.id))).await;
                assert_eq!(poll_text(transport, &older.answer().await), "8::", "{mounting:?} {transport} {round}");
            }
            client.send("to the newest").unwrap();
            assert_eq!(poll_text(transport, &newest.answer().await), "3:::to the newest", "{mounting:?} {transport}");
            assert_eq!(server.events.about(&peer.id).len(), 1, "the session noticed nothing");
        }
    }
}

#[tokio::test]
async fn what_is_unknown_is_told_to_begin_anew_and_its_posts_are_taken() {
    let ended = {
        let server = Server::new(Listener::builder()).await;
        handshake(&server).await
    };
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for id in
            [ended.as_str(), "__proto__", "toString", "constructor", "1", "%30", "00000000000000000000000000000000"]
        {
            for transport in POLLS {
                let answer = poll(&server, transport, id).await;
                assert_eq!(poll_text(transport, &answer), NOT_HANDSHAKEN, "{mounting:?} {transport} {id}");
                let answer = server.answer(post(transport, id, "3:::text")).await;
                assert_eq!((answer.status, answer.text()), (200, "1"), "{mounting:?} {transport} {id}");
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_post_that_asks_is_told_when_nobody_took_it() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL.into_iter().filter(|transport| !transport.is_socket()) {
            let ask = |id: &str, text: &str| {
                let request = post(transport, id, &format!("3:::{text}"));
                request.replacen(" HTTP/1.1", "&confirm=1 HTTP/1.1", 1)
            };
            let (peer, unused) = (PacketPeer::open(&server, transport).await, handshake(&server).await);
            let answer = server.answer(ask(&peer.id, "taken")).await;
            assert_eq!((answer.status, answer.text()), (200, "1"), "{mounting:?} {transport}");
            assert_eq!(server.events.texts_until(&peer.id, 1).await, ["taken"]);
            peer.client(&server).disconnect();
            for id in [&peer.id, &unused, "__proto__"] {
                let answer = server.answer(ask(id, "lost")).await;
                assert_eq!((answer.status, answer.text()), (200, NOT_HANDSHAKEN), "{mounting:?} {transport} {id}");
                assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8", "{mounting:?} {transport}");
            }
            assert_eq!(server.events.texts(&peer.id), ["taken"], "{mounting:?} {transport}");
        }
    }
}

#[tokio::test]
async fn a_post_that_asks_is_told_when_its_session_ended_while_it_waited() {
    let server = Server::new(Listener::builder()).await;
    let gate = Arc::new(Semaphore::new(0));
    let held = Arc::clone(&gate);
    server.listener.on_message(move |_, _| {
        let held = Arc::clone(&held);
        async move { held.acquire().await.unwrap().forget() }
    });
    for asks in [true, false] {
        let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
        let client = peer.client(&server);
        peer.send(&["3:::x"; 40]).await;
        let asking = if asks { "&confirm=1 HTTP/1.1" } else { " HTTP/1.1" };
        let request = post(peer.transport, &peer.id, "3:::behind").replacen(" HTTP/1.1", asking, 1);
        let mut waiting = server.ask(request).await;
        for _ in 0..3 {
            server.answer(get("/")).await;
        }
        client.disconnect();
        gate.add_permits(40);
        assert_eq!(waiting.answer().await.text(), if asks { NOT_HANDSHAKEN } else { "1" });
    }
}

#[tokio::test]
async fn a_session_moves_between_transports_with_all_that_waits() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
    let (id, client) = (peer.id.clone(), peer.client(&server));
    for transport in [
        Transport::JsonpPolling,
        Transport::WebSocket,
        Transport::XhrPolling,
        Transport::HtmlFile,
        Transport::ServerEvents,
        Transport::JsonpPolling,
        Transport::XhrMultipart,
        Transport::XhrPolling,
        Transport::FlashSocket,
    ] {
        if !peer.transport.is_polling() {
            // Or the newest connection would be the poll that is answered at once.
            peer.heard_nothing("before the change").await;
        }
        let mut newer = PacketPeer::attach(&server, transport, &id).await;
        if newer.transport.is_polling() {
            newer.park().await;
        }
        eventually("the change", || client.transport() == transport).await;
        client.send(transport.name()).unwrap();
        assert_eq!(newer.receive().await, format!("3:::{transport}"));
        newer.send(&[&format!("3:::by {transport}")]).await;
        server.events.until("the message", |_| server.events.texts(&id).contains(&format!("by {transport}"))).await;
        peer = newer;
    }
    assert_eq!(server.events.about(&id).len(), 1 + 9, "connected once: {:?}", server.events.about(&id));
    assert_eq!(server.listener.stats().sessions, 1);
}

#[tokio::test]
async fn a_client_that_falls_back_hears_its_opening_on_what_works() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for first in packets::ALL.into_iter().filter(|first| !first.is_polling()) {
            for next in packets::ALL.into_iter().filter(|next| *next != first) {
                let id = handshake(&server).await;
                // What it opens first takes everything in and gives nothing out, as some proxies do.
                let swallowed = PacketPeer::attach(&server, first, &id).await;
                eventually("the first connection", || server.listener.client(&id).is_some()).await;
                let mut peer = PacketPeer::attach(&server, next, &id).await;
                assert_eq!(peer.receive().await, packets::CONNECTED, "{mounting:?} {first} {next}");
                peer.heard_nothing("its opening").await;
                assert_eq!(server.events.about(&id).len(), 1, "{mounting:?} {first} {next}: connected once");
                drop(swallowed);
            }
        }
    }
}

#[tokio::test]
async fn a_poll_whose_place_another_transport_takes_is_held_so_that_the_two_do_not_fight() {
    let builder = POLLS
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.poll_duration(transport, milliseconds(700)));
    let server = Server::new(builder).await;
    for transport in POLLS {
        let peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        let mut waiting = server.ask(get(&path(transport, &peer.id))).await;
        for _ in 0..3 {
            server.answer(post(transport, &peer.id, "8::")).await;
        }
        let mut socket = PacketPeer::attach(&server, Transport::WebSocket, &peer.id).await;
        eventually("the change", || client.transport() == Transport::WebSocket).await;
        socket.heard_nothing("the change").await;
        let early = tokio::time::timeout(milliseconds(150), waiting.answer()).await;
        assert!(early.is_err(), "{transport}: {early:?}");
        assert_eq!(poll_text(transport, &waiting.answer().await), "8::", "{transport}: but answered in the end");
        socket.heard_nothing("the end of the poll").await;
    }
}

#[tokio::test]
async fn what_a_poll_was_answered_does_not_come_again_on_what_takes_its_place() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in [Transport::WebSocket, Transport::HtmlFile, Transport::JsonpPolling] {
            for _ in 0..10 {
                // One connection for both, as browsers do; it stays open, and nothing else comes on it. The client's
                // system then takes its time to acknowledge an answer that the client has read already.
                let mut connection = server.ask(get("/socket.io/1/")).await;
                let id = packets::session_id(&connection.answer().await);
                connection.send(get(&path(Transport::XhrPolling, &id))).await;
                assert_eq!(connection.answer().await.text(), "1::");
                let mut peer = PacketPeer::attach(&server, transport, &id).await;
                peer.heard_nothing("what it has heard already").await;
            }
        }
    }
}

#[tokio::test]
async fn a_post_is_taken_by_whichever_transport_it_names() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    let posts: Vec<_> = packets::ALL.into_iter().filter(|transport| !transport.is_socket()).collect();
    for transport in &posts {
        let answer = server.answer(post(*transport, &peer.id, &format!("3:::{transport}"))).await;
        assert_eq!(answer.text(), "1");
    }
    let texts = server.events.texts_until(&peer.id, posts.len()).await;
    assert_eq!(texts, ["htmlfile", "xhr-multipart", "server-events", "xhr-polling", "jsonp-polling"]);
    peer.heard_nothing("the socket has kept its session").await;
}

#[tokio::test]
async fn a_request_that_says_disconnect_ends_the_session_whatever_it_names() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL {
            for (method, form) in [
                ("GET", "/socket.io/1//SID/?disconnect=1"),
                ("GET", "/socket.io/1//SID?disconnect"),
                ("GET", "/socket.io/1/xhr-polling/SID?t=1&disconnect=1"),
                ("POST", "/socket.io/1/xhr-polling/SID?disconnect"),
                ("GET", "/socket.io/1/websocket/SID/?disconnect="),
                ("GET", "/socket.io/1/no-such-transport/SID?disconnect=1"),
                ("HEAD", "/socket.io/1/htmlfile/SID?disconnect=1"),
            ] {
                let peer = PacketPeer::open(&server, transport).await;
                let id = peer.id.clone();
                let mut connection = server.ask(request(method, &form.replace("SID", &id), &[], "")).await;
                let head = connection.head().await;
                let what = format!("{mounting:?} {transport} {method} {form}");
                assert_eq!(head.status, 200, "{what}");
                assert!(method == "HEAD" || head.header("content-length") == "0", "{what}");
                assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ClientDisconnect, "{what}");
                let expected: &[&str] = if transport.is_polling() { &[] } else { &["0::"] };
                assert_eq!(peer.ended().await, expected, "{what}");
                assert_eq!(server.events.about(&id).len(), 2, "{what}");
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_request_that_says_disconnect_answers_the_poll_that_waits() {
    let server = Server::new(Listener::builder()).await;
    for transport in POLLS {
        let peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        let mut waiting = server.ask(get(&path(transport, &peer.id))).await;
        say_to_a_waiting_poll(&client, "now").await;
        waiting.answer().await;
        waiting = server.ask(get(&path(transport, &peer.id))).await;
        for _ in 0..3 {
            server.answer(post(transport, &peer.id, "8::")).await;
        }
        server.answer(get(&format!("/socket.io/1//{}/?disconnect=1", peer.id))).await;
        assert_eq!(poll_text(transport, &waiting.answer().await), "0::", "{transport}");
        assert_eq!(poll_text(transport, &poll(&server, transport, &peer.id).await), NOT_HANDSHAKEN);
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ClientDisconnect);
    }
}

#[tokio::test]
async fn a_disconnect_of_nobody_is_answered_and_one_before_the_first_connection_is_final() {
    let server = Server::new(Listener::builder()).await;
    for id in ["__proto__", "00000000000000000000000000000000"] {
        let answer = server.answer(get(&format!("/socket.io/1//{id}/?disconnect=1"))).await;
        assert_eq!((answer.status, answer.text()), (200, ""));
    }
    let id = handshake(&server).await;
    assert_eq!(server.answer(get(&format!("/socket.io/1/xhr-polling/{id}?disconnect"))).await.status, 200);
    assert_eq!(poll(&server, Transport::XhrPolling, &id).await.text(), NOT_HANDSHAKEN);
    server.is_empty().await;
    assert!(server.events.all().is_empty(), "nobody had connected");
}
