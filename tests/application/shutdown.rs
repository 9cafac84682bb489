//! The end of a listener: what was sent leaves, everybody is told, nobody new comes.

use crate::support::{Mounting, Peer, Server, eventually, frame, get, is_socket, milliseconds, peer::url, rfc6455};
use heirloom::{DisconnectReason, Listener, SendError, Transport};
use std::{sync::Arc, time::Duration};
use tokio::task::JoinHandle;

fn shut_down(server: &Server, deadline: u64) -> JoinHandle<usize> {
    let listener = server.listener.clone();
    tokio::spawn(async move { listener.shutdown(milliseconds(deadline)).await })
}

#[tokio::test]
async fn what_is_queued_leaves_and_everybody_is_ended() {
    let servers = [
        Server::new(Listener::builder()).await,
        Server::mounted(Mounting::Wrap, Listener::builder()).await,
        Server::json(Mounting::Serve, Listener::builder()).await,
    ];
    for server in servers {
        let mut peers = Vec::new();
        for transport in crate::support::FRAMES_TRANSPORTS {
            peers.push(Peer::open(&server, transport).await);
        }
        let large = "é".repeat(200_000);
        for client in server.listener.clients() {
            client.send("first").unwrap();
            client.send(large.as_str()).unwrap();
        }
        let clients = server.listener.clients();
        let shutdown = shut_down(&server, 9000);
        for peer in peers {
            let (id, transport) = (peer.id.clone(), peer.transport);
            let received = peer.ended().await;
            assert_eq!(received.len(), 2, "{transport}");
            assert!(received[0] == "first" && received[1] == large, "{transport}");
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::Shutdown);
        }
        assert_eq!(shutdown.await.unwrap(), 0);
        assert_eq!((server.listener.stats().sessions, server.listener.stats().undelivered_messages), (0, 0));
        for client in clients {
            assert!(matches!(client.send("late"), Err(SendError::Closed)));
        }
    }
}

#[tokio::test]
async fn nobody_new_is_taken_in_and_the_application_goes_on() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        Peer::open(&server, Transport::WebSocket).await.leave().await;
        server.is_empty().await;
        assert_eq!(server.listener.shutdown(milliseconds(1000)).await, 0);
        for transport in crate::support::FRAMES_TRANSPORTS {
            let path = url(transport, "", "");
            let request = if is_socket(transport) { rfc6455::handshake(&path) } else { get(&path) };
            server.ask(request).await.is_closed_in_silence(&path).await;
        }
        assert_eq!((server.listener.stats().sessions, server.events.all().len()), (0, 2));
        assert_eq!(server.answer(get("/")).await.text(), "hello from the app");
        assert_eq!(server.answer(get("/socket.io/socket.io.js")).await.status, 200);
    }
}

#[tokio::test]
async fn who_has_not_gone_by_the_deadline_is_counted() {
    let server = Server::new(Listener::builder()).await;
    let mut idle = Peer::open(&server, Transport::XhrPolling).await;
    idle.park().await;
    let mut missing = Peer::open(&server, Transport::XhrPolling).await;
    server.listener.client(&missing.id).unwrap().send("last words").unwrap();
    let mut socket = Peer::open(&server, Transport::WebSocket).await;
    socket.send(&["hello"]).await;
    assert_eq!(shut_down(&server, 300).await.unwrap(), 1, "the one that has not fetched what it was sent");
    assert_eq!(server.listener.stats().left_at_shutdown, 1);
    assert!(idle.ended().await.is_empty());
    assert!(socket.ended().await.is_empty());
    assert_eq!(server.listener.stats().sessions, 1);
    assert_eq!(server.events.disconnected(&missing.id).await, DisconnectReason::Shutdown, "it is told at once");
    // It may still come.
    assert_eq!(missing.receive().await, "last words");
    assert!(missing.ended().await.is_empty());
    server.is_empty().await;
    assert_eq!(server.listener.stats().undelivered_messages, 0);
}

#[tokio::test]
async fn a_client_that_does_not_come_back_for_its_last_messages_is_given_up() {
    let server = Server::new(Listener::builder().close_timeout(Transport::XhrPolling, milliseconds(100))).await;
    let peer = Peer::open(&server, Transport::XhrPolling).await;
    server.listener.client(&peer.id).unwrap().send("last words").unwrap();
    assert_eq!(shut_down(&server, 9000).await.unwrap(), 0);
    assert_eq!(server.listener.stats().undelivered_messages, 1);
    let path = url(peer.transport, &peer.id, "1");
    server.ask(get(&path)).await.is_closed_in_silence("too late").await;
    let post = crate::support::post(&path, &frame("late"));
    server.ask(post).await.is_closed_in_silence("too late").await;
}

#[tokio::test]
async fn a_client_between_two_polls_that_has_heard_everything_holds_nobody_up() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in [Transport::XhrPolling, Transport::JsonpPolling] {
            let mut peer = Peer::open(&server, transport).await;
            server.listener.client(&peer.id).unwrap().send("fetched").unwrap();
            assert_eq!(peer.receive().await, "fetched");
        }
        // Far less than the close timeout.
        assert_eq!(shut_down(&server, 2000).await.unwrap(), 0, "{mounting:?}");
    }
}

#[tokio::test]
async fn it_waits_for_the_handlers_that_say_goodbye() {
    let server = Server::new(Listener::builder()).await;
    let finish = Arc::new(tokio::sync::Notify::new());
    let rooms = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (allowed, seen) = (finish.clone(), rooms.clone());
    server.listener.on_connect(|client| async move { _ = client.join("lobby") });
    server.listener.on_disconnect(move |client, _| {
        let (allowed, seen) = (allowed.clone(), seen.clone());
        async move {
            allowed.notified().await;
            seen.lock().unwrap().extend(client.rooms());
        }
    });
    let _answer = server.answer(get("/socket.io/xhr-polling//1")).await;
    let listener = server.listener.clone();
    let mut shutdown = tokio::spawn(async move { listener.shutdown(Duration::from_secs(60)).await });
    let early = tokio::time::timeout(Duration::from_millis(100), &mut shutdown).await;
    assert!(early.is_err(), "a handler is still at work");
    finish.notify_one();
    assert_eq!(shutdown.await.unwrap(), 0);
    assert_eq!(*rooms.lock().unwrap(), ["lobby"], "a client is in its rooms until its last handler has looked");
}

#[tokio::test]
async fn who_has_not_been_told_yet_goes_on_as_before() {
    for mounting in Mounting::BOTH {
        // One at once, and the next ones each about a second later.
        let server = Server::mounted(mounting, Listener::builder().shutdown_rate(1)).await;
        let mut peers = Vec::new();
        for _ in 0..4 {
            peers.push(Peer::open(&server, Transport::WebSocket).await);
        }
        let path = url(Transport::XhrPolling, "", "");
        for _ in 0..30 {
            server.answer(get(&path)).await;
        }
        let unhurried = shut_down(&server, 86_400_000);
        let clients: Vec<_> = peers.iter().map(|peer| server.listener.client(&peer.id)).collect();
        eventually("the first to be told", || server.listener.clients().len() < 34).await;
        server.ask(get(&path)).await.is_closed_in_silence("a new client").await;
        for (peer, client) in peers.iter_mut().zip(&clients) {
            let Some(client) = client.as_ref().filter(|client| client.is_connected()) else { continue };
            peer.send(&["are you there?"]).await;
            if client.send("still here").is_ok() {
                assert_eq!(peer.receive().await, "still here");
            }
        }
        assert!(server.listener.clients().len() > 4, "not all are told at once");
        // Whoever is in a hurry speaks for all.
        let hurried = shut_down(&server, 1000);
        for peer in peers {
            let id = peer.id.clone();
            assert!(peer.ended().await.is_empty());
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::Shutdown);
        }
        assert_eq!((hurried.await.unwrap(), unhurried.await.unwrap()), (0, 0), "{mounting:?}");
        assert_eq!(server.listener.stats().left_at_shutdown, 0);
    }
}

#[tokio::test]
async fn many_are_told_by_the_deadline_whatever_the_rate() {
    let server = Server::new(Listener::builder().shutdown_rate(1).unlimited_handshakes()).await;
    let mut ids = Vec::new();
    for _ in 0..60 {
        let answer = server.answer(get("/socket.io/xhr-polling//1")).await;
        ids.extend(crate::support::messages(answer.text()));
    }
    assert_eq!(
        shut_down(&server, 400).await.unwrap(),
        0,
        "all of them are between two polls, and have heard everything"
    );
    for id in ids {
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::Shutdown);
    }
}

#[tokio::test]
async fn no_time_at_all_tells_everybody_at_once() {
    let server = Server::new(Listener::builder().shutdown_rate(1)).await;
    let mut peers = Vec::new();
    for _ in 0..3 {
        peers.push(Peer::open(&server, Transport::WebSocket).await);
    }
    let clients = server.listener.clients();
    let left = server.listener.shutdown(Duration::ZERO).await;
    assert!(clients.iter().all(|client| !client.is_connected()));
    assert_eq!(server.listener.stats().left_at_shutdown, left as u64);
    for peer in peers {
        assert!(peer.ended().await.is_empty());
    }
    assert_eq!(server.listener.shutdown(milliseconds(9000)).await, 0, "asked again, it waits for the rest");
    assert_eq!(server.listener.stats().left_at_shutdown, left as u64, "who was left is counted once");
}

#[tokio::test]
async fn it_goes_on_when_nobody_waits_for_it_any_more() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::WebSocket).await;
    let waiting = server.listener.shutdown(Duration::from_secs(60));
    assert!(tokio::time::timeout(Duration::ZERO, waiting).await.is_err());
    assert!(peer.ended().await.is_empty());
    server.is_empty().await;
}

#[tokio::test]
async fn a_handler_that_waits_for_it_hears_at_its_deadline() {
    let server = Server::new(Listener::builder()).await;
    let log = crate::support::Log::new();
    let heard = log.clone();
    server.listener.on_message(move |client, _| {
        let heard = heard.clone();
        async move { heard.note(format!("{} left", client.listener().shutdown(milliseconds(200)).await)) }
    });
    let mut asking = Peer::open(&server, Transport::WebSocket).await;
    let other = Peer::open(&server, Transport::XhrPolling).await;
    asking.send(&["shut down"]).await;
    let id = asking.id.clone();
    assert!(asking.ended().await.is_empty());
    assert_eq!(log.until(1).await, ["0 left"]);
    for id in [&id, &other.id] {
        assert_eq!(server.events.disconnected(id).await, DisconnectReason::Shutdown);
    }
}

#[tokio::test]
async fn it_may_be_asked_for_from_anywhere() {
    let unused = Listener::builder().build().unwrap();
    assert_eq!(unused.shutdown(Duration::from_secs(60)).await, 0, "there never was anybody");

    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::WebSocket).await;
    let (elsewhere, here) = (server.listener.clone(), server.listener.shutdown(Duration::from_secs(60)));
    let elsewhere = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(elsewhere.shutdown(Duration::MAX))
    });
    assert!(peer.ended().await.is_empty());
    assert_eq!(here.await, 0);
    assert_eq!(elsewhere.join().unwrap(), 0);
}
