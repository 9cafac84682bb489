//! One connection takes over from another.

use crate::{
    house::{Received, Shared, assert_it_ends, attach, next, open, over, send, take, take_if_ready},
    session::{DisconnectReason, Mode, Taken},
};
use loom::{future::block_on, thread};
use std::sync::Arc;

/// Batch after batch until the connection is over. What was displaced before it was written is not its own.
async fn read_until_over(session: &Shared, number: u64) -> Received {
    let mut received = Received::default();
    while let Taken::Batch(batch) = take(session, number).await {
        if session.written(number) {
            received.add(&batch);
        }
    }
    received
}

/// Sends two messages and ends the session.
fn spawn_speaker(session: &Shared) -> thread::JoinHandle<u8> {
    let session = Arc::clone(session);
    thread::spawn(move || {
        let accepted = send(&session, 1, 2);
        session.end(DisconnectReason::ServerDisconnect);
        accepted
    })
}

pub(crate) fn a_newer_connection_takes_over() {
    let session = open();
    let older = attach(&session, Mode::Stream).expect("the session is new");
    let speaker = spawn_speaker(&session);
    let reader = thread::spawn({
        let session = Arc::clone(&session);
        move || block_on(read_until_over(&session, older))
    });
    // Where everything was said already there is nothing to take over.
    let later = attach(&session, Mode::Stream).map(|newer| block_on(read_until_over(&session, newer)));
    let mut received = reader.join().expect("the reader does not panic");
    received.append(later.unwrap_or_default());
    let accepted = speaker.join().expect("the speaker does not panic");
    assert_eq!(accepted, 2, "nobody else ends the session");
    received.assert_all(&[(1, accepted)]);
    assert_it_ends(&session, 0);
}

/// Both tasks are at work now and then: neither keeps the other from being woken.
pub(crate) fn a_newer_task_at_work_takes_over() {
    let session = open();
    let older = attach(&session, Mode::Stream).expect("the session is new");
    let speaker = spawn_speaker(&session);
    let reader = thread::spawn({
        let session = Arc::clone(&session);
        move || block_on(work_until_over(&session, older))
    });
    let later = attach(&session, Mode::Stream).map(|newer| block_on(work_until_over(&session, newer)));
    let mut received = reader.join().expect("the reader does not panic");
    received.append(later.unwrap_or_default());
    let accepted = speaker.join().expect("the speaker does not panic");
    received.assert_all(&[(1, accepted)]);
    assert_it_ends(&session, 0);
}

/// As [`read_until_over`], in a task that says when it is at work.
async fn work_until_over(session: &Shared, number: u64) -> Received {
    let mut all = Received::default();
    let mut batch = Received::default();
    while next(session, number, false, &mut batch).await == Taken::Batch(()) {
        let shown = std::mem::take(&mut batch);
        if session.written(number) {
            all.append(shown);
        }
    }
    all
}

/// The older one never gets its batch out. It hears that it is over, and the newer one has everything.
pub(crate) fn a_stream_that_cannot_write_is_displaced() {
    let session = open();
    let older = attach(&session, Mode::Stream).expect("the session is new");
    let speaker = spawn_speaker(&session);
    let stuck = thread::spawn({
        let session = Arc::clone(&session);
        move || {
            block_on(async {
                if let Taken::Batch(_) = take(&session, older).await {
                    over(&session, older).await;
                    assert!(!session.written(older), "what it held has gone back");
                }
            });
        }
    });
    let newer = attach(&session, Mode::Stream).expect("the opening has reached nobody");
    let received = block_on(read_until_over(&session, newer));
    stuck.join().expect("the stream does not panic");
    let accepted = speaker.join().expect("the speaker does not panic");
    received.assert_all(&[(1, accepted)]);
    assert_it_ends(&session, 0);
}

/// A connection that breaks when it has taken something, or while it waits; the client comes back.
pub(crate) fn a_connection_breaks() {
    let session = open();
    let first = attach(&session, Mode::Stream).expect("the session is new");
    let speaker = spawn_speaker(&session);
    let other = thread::spawn({
        let session = Arc::clone(&session);
        move || send(&session, 2, 1)
    });
    let taken = block_on(take_if_ready(&session, first));
    assert!(matches!(taken, Some(Taken::Batch(_))), "the opening waits");
    session.detach(first, DisconnectReason::TransportClosed);
    let second = attach(&session, Mode::Stream).expect("the opening has reached nobody");
    let received = block_on(read_until_over(&session, second));
    let accepted = [(1, speaker.join().expect("no panic")), (2, other.join().expect("no panic"))];
    received.assert_all(&accepted);
    assert_it_ends(&session, 0);
}
