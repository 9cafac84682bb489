//! Endings and deadlines beside connections.

use crate::{
    house::{PROFILE, Received, SECOND, assert_it_ends, attach, open, send, take},
    session::{DisconnectReason, Mode, Taken},
};
use loom::{future::block_on, thread};
use std::sync::Arc;

/// Two threads end a session while its connection takes what is queued. What was accepted is delivered.
pub(crate) fn two_ends_while_the_connection_takes() {
    let session = open();
    let enders = [1, 2].map(|sender| {
        let session = Arc::clone(&session);
        thread::spawn(move || {
            let accepted = send(&session, sender, 1);
            session.end(DisconnectReason::ServerDisconnect);
            accepted
        })
    });
    let mut received = Received::default();
    // Nobody comes for the last word of a session that never had a connection.
    let stream = attach(&session, Mode::Stream);
    if let Some(stream) = stream {
        block_on(async {
            loop {
                match take(&session, stream).await {
                    Taken::Batch(batch) => {
                        received.add(&batch);
                        assert!(session.written(stream));
                    }
                    Taken::Closed | Taken::GivenUp => break,
                    other => panic!("{other:?}"),
                }
            }
        });
    }
    let [one, other] = enders.map(|ender| ender.join().expect("no panic"));
    let accepted = usize::from(one + other);
    if stream.is_some() {
        received.assert_all(&[(1, one), (2, other)]);
    }
    assert_it_ends(&session, accepted - received.len());
}

/// The session would end now, and a connection comes: one of the two is first, and both know which.
pub(crate) fn a_deadline_while_a_connection_comes() {
    let session = open();
    let first = attach(&session, Mode::Stream).expect("the session is new");
    session.detach(first, DisconnectReason::TransportClosed);
    session.host.pass(PROFILE.close_timeout);
    let reaper = thread::spawn({
        let session = Arc::clone(&session);
        move || session.tick()
    });
    let sender = thread::spawn({
        let session = Arc::clone(&session);
        move || send(&session, 1, 1)
    });
    let mut received = Received::default();
    let stream = attach(&session, Mode::Stream);
    while stream.is_some() && received.len() < 1 {
        let Some(Taken::Batch(batch)) = stream.map(|stream| block_on(take(&session, stream))) else {
            panic!("it is carried by this one")
        };
        received.add(&batch);
        assert!(stream.is_some_and(|stream| session.written(stream)));
    }
    reaper.join().expect("no panic");
    let accepted = sender.join().expect("no panic");
    if let Some(stream) = stream {
        assert_eq!(session.host.reasons(), [], "who has come in time, stays");
        received.assert_all(&[(1, accepted)]);
        session.detach(stream, DisconnectReason::TransportClosed);
    } else {
        assert_eq!(session.host.reasons(), [DisconnectReason::TransportClosed]);
    }
    assert_it_ends(&session, usize::from(accepted) - received.len());
}

/// The duration of a poll passes while somebody sends: the poll is answered with the message or empty, and in the latter
/// case the next one has it.
pub(crate) fn a_poll_expires_while_somebody_sends() {
    let session = open();
    let handshake = attach(&session, Mode::Poll).expect("the session is new");
    assert!(matches!(block_on(take(&session, handshake)), Taken::Batch(_)));
    assert!(session.written(handshake));
    let mut poll = attach(&session, Mode::Poll).expect("the session lives");
    session.host.pass(20 * SECOND);
    let reaper = thread::spawn({
        let session = Arc::clone(&session);
        move || session.tick()
    });
    let sender = thread::spawn({
        let session = Arc::clone(&session);
        move || send(&session, 1, 1)
    });
    let mut received = Received::default();
    while received.len() < 1 {
        match block_on(take(&session, poll)) {
            Taken::Batch(batch) => {
                received.add(&batch);
                assert!(session.written(poll));
            }
            Taken::Expired => poll = attach(&session, Mode::Poll).expect("the client comes in time"),
            other => panic!("{other:?}"),
        }
    }
    reaper.join().expect("no panic");
    let accepted = sender.join().expect("no panic");
    received.assert_all(&[(1, accepted)]);

    // With nobody else to wake the poll.
    let poll = attach(&session, Mode::Poll).expect("the client comes in time");
    session.host.pass(20 * SECOND);
    let reaper = thread::spawn({
        let session = Arc::clone(&session);
        move || session.tick()
    });
    assert_eq!(block_on(take(&session, poll)), Taken::Expired);
    reaper.join().expect("no panic");
    assert_it_ends(&session, 0);
}
