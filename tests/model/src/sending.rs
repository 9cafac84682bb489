//! Senders and one connection.

use crate::{
    house::{Received, Shared, assert_it_ends, attach, next, open, send, take, take_if_ready},
    session::{DisconnectReason, Mode, Taken},
};
use loom::{future::block_on, thread};
use std::sync::Arc;

fn spawn_sender(session: &Shared, sender: u8, count: u8) -> thread::JoinHandle<()> {
    let session = Arc::clone(session);
    thread::spawn(move || assert_eq!(send(&session, sender, count), count))
}

/// Batch after batch, until so many messages have come.
async fn read_stream(session: &Shared, number: u64, messages: usize) -> Received {
    let mut received = Received::default();
    while received.len() < messages {
        let Taken::Batch(batch) = take(session, number).await else { panic!("the stream is the only one") };
        received.add(&batch);
        assert!(session.written(number));
    }
    received
}

pub(crate) fn two_senders_and_a_stream() {
    let session = open();
    let senders = [spawn_sender(&session, 1, 2), spawn_sender(&session, 2, 1)];
    let stream = attach(&session, Mode::Stream).expect("the session is new");
    let received = block_on(read_stream(&session, stream, 3));
    senders.into_iter().for_each(|sender| sender.join().expect("a sender does not panic"));
    received.assert_all(&[(1, 2), (2, 1)]);
    session.detach(stream, DisconnectReason::TransportClosed);
    assert_it_ends(&session, 0);
}

/// A task that is at work is not woken, and yet misses nothing.
pub(crate) fn two_senders_and_a_task_at_work() {
    let session = open();
    let senders = [spawn_sender(&session, 1, 2), spawn_sender(&session, 2, 1)];
    let stream = attach(&session, Mode::Stream).expect("the session is new");
    let mut received = Received::default();
    block_on(async {
        let mut wrote = false;
        while received.len() < 3 {
            assert_eq!(next(&session, stream, wrote, &mut received).await, Taken::Batch(()));
            wrote = true;
        }
    });
    assert!(session.written(stream));
    senders.into_iter().for_each(|sender| sender.join().expect("a sender does not panic"));
    received.assert_all(&[(1, 2), (2, 1)]);
    session.detach(stream, DisconnectReason::TransportClosed);
    assert_it_ends(&session, 0);
}

pub(crate) fn two_senders_and_polls() {
    let session = open();
    let senders = [spawn_sender(&session, 1, 2), spawn_sender(&session, 2, 1)];
    let mut received = Received::default();
    while received.len() < 3 {
        let poll = attach(&session, Mode::Poll).expect("the client comes in time");
        let Taken::Batch(batch) = block_on(take(&session, poll)) else { panic!("no poll is displaced or expires") };
        received.add(&batch);
        assert!(session.written(poll));
    }
    senders.into_iter().for_each(|sender| sender.join().expect("a sender does not panic"));
    received.assert_all(&[(1, 2), (2, 1)]);
    assert_it_ends(&session, 0);
}

/// A connection that is polled by one task and then by another, as happens to one that moves into the task of a socket.
pub(crate) fn a_waker_is_replaced() {
    let session = open();
    let sender = spawn_sender(&session, 1, 2);
    let stream = attach(&session, Mode::Stream).expect("the session is new");
    let mut received = Received::default();
    for _ in 0..2 {
        if let Some(taken) = block_on(take_if_ready(&session, stream)) {
            let Taken::Batch(batch) = taken else { panic!("the stream is the only one") };
            received.add(&batch);
            assert!(session.written(stream));
        }
    }
    let rest = 2 - received.len();
    received.append(block_on(read_stream(&session, stream, rest)));
    sender.join().expect("a sender does not panic");
    received.assert_all(&[(1, 2)]);
    session.detach(stream, DisconnectReason::TransportClosed);
    assert_it_ends(&session, 0);
}
