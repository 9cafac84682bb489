//! What is sent to many sockets at once, from several threads: everything arrives, once and in order.

use crate::support::{
    Connection, Server, eventually, frame,
    rfc6455::{self, PING, PONG, TEXT, masked, read, text},
};
use heirloom::{Listener, Transport};
use std::time::Duration;

/// Queues that hold everything, and no heartbeats between, however slow the machine is.
async fn roomy() -> Server {
    let builder = Listener::builder().queue_messages(10_000).queue_bytes(1 << 30).allow_unsafe_timings();
    Server::new(builder.heartbeat_interval(Transport::WebSocket, Duration::from_secs(3600))).await
}

/// What a socket hears, and the answers to pings among it.
struct Heard {
    texts: Vec<String>,
    pongs: Vec<Vec<u8>>,
}

/// Hears so many messages, and asks with a ping now and then.
async fn hear(mut socket: Connection, count: usize, pings: usize) -> Heard {
    let mut heard = Heard { texts: Vec::new(), pongs: Vec::new() };
    let mut asked = 0;
    while heard.texts.len() < count || heard.pongs.len() < pings {
        if asked < pings && heard.texts.len() >= asked * count / pings {
            socket.send(masked(PING, true, &asked.to_be_bytes())).await;
            asked += 1;
        }
        match read(&mut socket).await {
            (TEXT, payload) => heard.texts.push(String::from_utf8(payload).unwrap()),
            (PONG, payload) => heard.pongs.push(payload),
            other => panic!("{other:?}"),
        }
    }
    heard
}

/// What each of several senders says, as it is written.
type Said = Vec<Vec<String>>;

fn said(senders: usize, each: usize, message: impl Fn(usize, usize) -> String) -> Said {
    (0..senders).map(|sender| (0..each).map(|number| frame(&message(sender, number))).collect()).collect()
}

/// Whether everything of everybody was heard once, and what one has said in its order.
fn is_whole(heard: &[String], said: &Said) -> bool {
    let mut rests: Vec<&[String]> = said.iter().map(Vec::as_slice).collect();
    heard.iter().all(|text| {
        let speaker = rests.iter_mut().find(|rest| rest.first() == Some(text));
        speaker.map(|rest| *rest = &rest[1..]).is_some()
    }) && rests.iter().all(|rest| rest.is_empty())
}

fn message(thread: usize, number: usize) -> String {
    // Some larger than what is written at once.
    let length = match number % 100 {
        10 => 100_000,
        50 => 5_000,
        _ => number % 130,
    };
    format!("{thread} {number} {}", "x".repeat(length))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn broadcasts_of_several_threads_reach_every_socket_once_and_in_order() {
    const SOCKETS: usize = 10;
    const THREADS: usize = 4;
    const EACH: usize = 250;
    const PINGS: usize = 50;
    let server = roomy().await;
    let mut hearing = Vec::new();
    for _ in 0..SOCKETS {
        let (socket, _) = rfc6455::session(&server).await;
        hearing.push(tokio::spawn(hear(socket, THREADS * EACH, PINGS)));
    }
    let send = |thread| {
        let listener = server.listener.clone();
        tokio::task::spawn_blocking(move || {
            for number in 0..EACH {
                let outcome = listener.broadcast(message(thread, number));
                assert_eq!((outcome.queued, outcome.dropped), (SOCKETS, 0));
            }
        })
    };
    let sending: Vec<_> = (0..THREADS).map(send).collect();
    for sender in sending {
        sender.await.unwrap();
    }
    let said = said(THREADS, EACH, message);
    for heard in hearing {
        let Heard { texts, pongs } = heard.await.unwrap();
        assert!(is_whole(&texts, &said));
        assert!(pongs.into_iter().eq((0..PINGS).map(|number| number.to_be_bytes().to_vec())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_that_talk_to_each_other_lose_nothing() {
    const SOCKETS: usize = 8;
    const EACH: usize = 200;
    let server = roomy().await;
    server.listener.on_message(|client, message| async move {
        let outcome = client.listener().broadcast(message);
        assert_eq!(outcome.dropped, 0);
    });
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(rfc6455::session(&server).await.0);
    }
    let mut talking = Vec::new();
    for (number, mut socket) in sockets.into_iter().enumerate() {
        talking.push(tokio::spawn(async move {
            for count in 0..EACH {
                socket.send(text(&frame(&format!("{number} {count}")))).await;
            }
            hear(socket, SOCKETS * EACH, 0).await.texts
        }));
    }
    let said = said(SOCKETS, EACH, |number, count| format!("{number} {count}"));
    for texts in talking {
        assert!(is_whole(&texts.await.unwrap(), &said));
    }
}

#[tokio::test]
async fn one_who_does_not_read_holds_up_nobody() {
    let server = roomy().await;
    let (mut idler, _) = rfc6455::session(&server).await;
    let (mut reader, _) = rfc6455::session(&server).await;
    let large = "y".repeat(500_000);
    // More than the kernel takes for the one who does not read.
    for number in 0..40 {
        let outcome = server.listener.broadcast(format!("{number}{large}"));
        assert_eq!(outcome.queued, 2);
        assert_eq!(read(&mut reader).await.1, frame(&format!("{number}{large}")).into_bytes());
    }
    assert!(server.listener.stats().queued_bytes > 0, "much of it waits for the other");
    for number in 0..40 {
        assert_eq!(read(&mut idler).await.1, frame(&format!("{number}{large}")).into_bytes());
    }
    eventually("nothing waits", || server.listener.stats().queued_bytes == 0).await;
}
