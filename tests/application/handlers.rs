//! Handlers: in order, one at a time for each client, and never in the way of the protocol.

use crate::{
    SOCKETS_AND_STREAMS,
    support::{Event, Mounting, Peer, Server, frames, milliseconds, patiently, rfc6455},
};
use futures_util::future::join_all;
use heirloom::{Builder, Listener, Transport};
use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::sync::{Notify, Semaphore};

/// Makes the handler of the message `wait` wait until the test lets it go on; everything else is logged at once.
fn blockable(server: &Server) -> Arc<Notify> {
    let gate = Arc::new(Notify::new());
    let (events, held) = (server.events.clone(), Arc::clone(&gate));
    server.listener.on_message(move |client, message| {
        let (events, held) = (events.clone(), Arc::clone(&held));
        async move {
            let waits = message.as_text() == Some("wait");
            events.push(Event::Message(client.id(), message));
            if waits {
                held.notified().await;
            }
        }
    });
    gate
}

fn numbers(count: usize) -> Vec<String> {
    (0..count).map(|number| number.to_string()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_are_handled_in_order_and_one_at_a_time_although_handlers_wait() {
    const COUNT: usize = 300;
    let server = Server::new(Listener::builder()).await;
    let (events, busy) = (server.events.clone(), Arc::new(Mutex::new(HashSet::new())));
    server.listener.on_message(move |client, message| {
        let (events, busy) = (events.clone(), Arc::clone(&busy));
        async move {
            let id = client.id();
            assert!(busy.lock().unwrap().insert(id.clone()), "one at a time");
            let number: usize = message.as_text().unwrap().parse().unwrap();
            for _ in 0..number % 4 {
                tokio::task::yield_now().await;
            }
            busy.lock().unwrap().remove(&id);
            events.push(Event::Message(id, message));
        }
    });
    let mut senders = Vec::new();
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        senders.push(tokio::spawn(async move {
            let numbers = numbers(COUNT);
            let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
            for payload in numbers.chunks(7) {
                peer.send(payload).await;
            }
            peer
        }));
    }
    for sender in senders {
        let peer = sender.await.unwrap();
        assert_eq!(server.events.texts_until(&peer.id, COUNT).await, numbers(COUNT), "{}", peer.transport);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_messages_come_at_once_each_is_handled_in_its_turn() {
    const COUNT: usize = 700;
    let server = Server::new(Listener::builder()).await;
    let gate = blockable(&server);
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        let mut numbers = numbers(COUNT);
        for waits in [0, 1, 300, COUNT - 1] {
            numbers[waits] = "wait".to_owned();
        }
        let payload: Vec<_> = numbers.iter().map(String::as_str).collect();
        peer.send(&payload).await;
        for waits in [0, 1, 300, COUNT - 1] {
            let heard = server.events.texts_until(&peer.id, waits + 1).await;
            assert_eq!(heard, numbers[..=waits], "{transport}: nothing behind one that waits");
            gate.notify_one();
        }
        peer.send(&["more"]).await;
        assert_eq!(server.events.texts_until(&peer.id, COUNT + 1).await[COUNT], "more");
    }
}

#[tokio::test]
async fn connecting_is_handled_before_the_first_message_and_disconnecting_after_the_last() {
    let server = Server::new(Listener::builder()).await;
    let gate = Arc::new(Semaphore::new(0));
    let (events, held) = (server.events.clone(), Arc::clone(&gate));
    server.listener.on_connect(move |client| {
        let (events, held) = (events.clone(), Arc::clone(&held));
        async move {
            held.acquire().await.unwrap().forget();
            events.push(Event::Connect(client.id()));
        }
    });
    for transport in SOCKETS_AND_STREAMS {
        let mut peer = Peer::open(&server, transport).await;
        let id = peer.id.clone();
        peer.send(&["first", "last"]).await;
        peer.leave().await;
        server.is_empty().await;
        assert!(server.events.about(&id).is_empty(), "the connect handler is not done");
        gate.add_permits(1);
        server.events.disconnected(&id).await;
        let events = server.events.about(&id);
        assert_eq!(events.len(), 4, "{events:?}");
        assert!(matches!((&events[0], &events[3]), (Event::Connect(_), Event::Disconnect(..))), "{events:?}");
        assert_eq!(server.events.texts(&id), ["first", "last"]);
    }
}

#[tokio::test]
async fn a_handler_that_waits_keeps_nobody_else_waiting() {
    let server = Server::new(Listener::builder()).await;
    let gate = blockable(&server);
    let mut slow = Peer::open(&server, Transport::WebSocket).await;
    slow.send(&["wait", "behind"]).await;
    server.events.texts_until(&slow.id, 1).await;
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&["past it"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["past it"], "{transport}");
    }
    assert_eq!(server.events.texts(&slow.id), ["wait"]);
    gate.notify_one();
    assert_eq!(server.events.texts_until(&slow.id, 2).await, ["wait", "behind"]);
}

fn quick_heartbeats() -> Builder {
    SOCKETS_AND_STREAMS.into_iter().fold(Listener::builder(), |builder, transport| {
        builder.heartbeat_interval(transport, milliseconds(30)).heartbeat_timeout(transport, milliseconds(300))
    })
}

#[tokio::test]
async fn heartbeats_go_on_while_a_handler_waits() {
    let server = Server::new(quick_heartbeats()).await;
    let gate = blockable(&server);
    for transport in SOCKETS_AND_STREAMS {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&["wait"]).await;
        for number in 1..=4 {
            let heartbeat = format!("~h~{number}");
            assert_eq!(peer.receive().await, heartbeat, "{transport}: the reply before it was heard");
            peer.send(&[&heartbeat]).await;
        }
        gate.notify_one();
        peer.send(&["after"]).await;
        assert_eq!(server.events.texts_until(&peer.id, 2).await, ["wait", "after"]);
    }
}

#[tokio::test]
async fn a_client_that_is_held_back_does_not_die_of_it() {
    for mounting in Mounting::BOTH {
        join_all(SOCKETS_AND_STREAMS.map(|transport| hold_back(mounting, transport))).await;
    }
}

async fn hold_back(mounting: Mounting, transport: Transport) {
    let server = Server::mounted(mounting, quick_heartbeats()).await;
    let gate = blockable(&server);
    let mut peer = Peer::open(&server, transport).await;
    let id = peer.id.clone();
    let many = numbers(100);
    peer.send(&["wait"]).await;
    peer.send(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // Nothing more is read now. An original client has one POST under way, so that it cannot answer.
    let held_back = tokio::spawn(async move {
        peer.send(&["held back"]).await;
        peer
    });
    // Several heartbeats go without a reply.
    tokio::time::sleep(milliseconds(900)).await;
    assert!(server.listener.client(&id).is_some(), "{transport} {mounting:?}");
    assert_eq!(server.events.texts(&id), ["wait"]);
    gate.notify_one();
    let mut peer = patiently("the held back message", held_back).await.unwrap();
    assert_eq!(server.events.texts_until(&id, 102).await.last().unwrap(), "held back");
    // With a reply to the heartbeat it missed it goes on.
    let heartbeat = peer.receive().await;
    peer.send(&[&heartbeat]).await;
    assert_ne!(peer.receive().await, heartbeat, "{transport}");
}

#[tokio::test]
async fn a_socket_is_read_no_further_than_its_handlers_get() {
    const COUNT: usize = 1024;
    let text = "x".repeat(16 * 1024);
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let gate = Arc::new(Semaphore::new(0));
        let handled = Arc::new(AtomicUsize::new(0));
        let (held, counted) = (Arc::clone(&gate), Arc::clone(&handled));
        server.listener.on_message(move |_, _| {
            let (held, counted) = (Arc::clone(&held), Arc::clone(&counted));
            async move {
                held.acquire().await.unwrap().forget();
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        let (mut socket, _) = rfc6455::session(&server).await;
        let message = rfc6455::text(&frames(&[&text]));
        let written = Arc::new(AtomicUsize::new(0));
        let progress = Arc::clone(&written);
        let writer = tokio::spawn(async move {
            for _ in 0..COUNT {
                socket.send_slowly(&message).await;
                progress.fetch_add(1, Ordering::SeqCst);
            }
            socket
        });
        // The writer comes to a halt.
        let mut before = usize::MAX;
        while before != written.load(Ordering::SeqCst) {
            before = written.load(Ordering::SeqCst);
            tokio::time::sleep(milliseconds(200)).await;
        }
        assert!(!writer.is_finished(), "{mounting:?}: 16 MiB were taken in while no message was handled");
        assert_eq!(handled.load(Ordering::SeqCst), 0);
        gate.add_permits(COUNT);
        let _socket = patiently("the rest to be written", writer).await.unwrap();
        crate::support::eventually("all to be handled", || handled.load(Ordering::SeqCst) == COUNT).await;
    }
}

#[tokio::test]
async fn posts_wait_for_their_handlers_and_are_all_answered() {
    let server = Server::new(Listener::builder()).await;
    let gate = blockable(&server);
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    let many = numbers(100);
    peer.send(&["wait"]).await;
    peer.send(&many.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut waiting = Vec::new();
    for _ in 0..5 {
        waiting.push(peer.begin_post(&frames(&["one more"])).await);
    }
    // Nobody is answered while the handler waits: that is what holds the client back.
    let answered = tokio::time::timeout(milliseconds(150), waiting[0].answer()).await;
    assert!(answered.is_err(), "{answered:?}");
    gate.notify_one();
    for connection in &mut waiting {
        assert_eq!(connection.answer().await.text(), "ok");
    }
    assert_eq!(server.events.texts_until(&peer.id, 106).await[101..], ["one more"; 5]);
}

#[tokio::test]
async fn a_handler_may_send_and_disconnect_and_is_not_stopped_by_it() {
    let server = Server::new(Listener::builder()).await;
    let events = server.events.clone();
    server.listener.on_message(move |client, message| {
        let events = events.clone();
        async move {
            client.send("going").unwrap();
            client.disconnect();
            tokio::task::yield_now().await;
            assert!(client.send("gone").is_err());
            events.push(Event::Message(client.id(), message));
        }
    });
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        let id = peer.id.clone();
        peer.send(&["leave"]).await;
        assert_eq!(server.events.texts_until(&id, 1).await, ["leave"]);
        assert_eq!(peer.ended().await, ["going"], "{transport}");
        server.events.disconnected(&id).await;
        assert!(matches!(server.events.about(&id).last(), Some(Event::Disconnect(..))));
    }
}
