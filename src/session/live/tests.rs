//! What a session does beside its state machine: whom it wakes, and when.

use super::*;
use crate::session::{Batch, Limits, Polls, profile::Goodbye};
use bytes::Bytes;
use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    task::Wake,
};

const PROFILE: Profile = Profile {
    heartbeat: None,
    close_timeout: Duration::from_secs(8),
    polls: Polls::Sealed { duration: Duration::from_secs(20) },
    goodbye: Goodbye::Never,
};

struct House {
    now: Instant,
    scheduled: Mutex<Vec<Instant>>,
}

impl Host for House {
    fn now(&self) -> Instant {
        self.now
    }

    fn schedule(session: &Arc<Session<Self>>, at: Instant) {
        session.host.scheduled.lock().unwrap().push(at);
    }

    fn disconnected(_: &Arc<Session<Self>>, _: DisconnectReason) {}

    fn closed(_: &Arc<Session<Self>>) {}

    fn count_sent(&self, _: Sent) {}

    fn count(&self, _: &Tally) {}
}

/// The task of a connection: how often it was woken.
#[derive(Default)]
struct Task(AtomicUsize);

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

struct Stream {
    session: Arc<Session<House>>,
    number: u64,
    task: Arc<Task>,
}

/// What one look finds.
#[derive(Debug, PartialEq, Eq)]
enum Look {
    Wait,
    Texts(Vec<String>),
    Over(Taken<()>),
}

impl Stream {
    fn attach(session: &Arc<Session<House>>) -> Self {
        let number = session.attach(Mode::Stream, PROFILE).unwrap();
        Self { session: Arc::clone(session), number, task: Arc::default() }
    }

    fn next(&self, wrote: bool) -> Look {
        let waker = Waker::from(Arc::clone(&self.task));
        let mut texts = Vec::new();
        let encode = |batch: &Batch| texts.extend(batch.0.iter().map(text));
        match self.session.poll_next(&Context::from_waker(&waker), self.number, wrote, encode) {
            Poll::Pending => Look::Wait,
            Poll::Ready(Taken::Batch(())) => Look::Texts(texts),
            Poll::Ready(over) => Look::Over(over),
        }
    }

    fn woken(&self) -> usize {
        self.task.0.load(Relaxed)
    }
}

fn text(entry: &crate::session::Entry) -> String {
    match &entry.element {
        Element::Message(bytes) => String::from_utf8(bytes.to_vec()).unwrap(),
        other => format!("{other:?}"),
    }
}

fn texts(texts: &[&str]) -> Look {
    Look::Texts(texts.iter().map(|text| (*text).to_owned()).collect())
}

fn open() -> Arc<Session<House>> {
    let limits = Limits { bytes: 1000, messages: 100 };
    let id = SessionId::random().unwrap();
    Session::open(
        id,
        PROFILE,
        Arc::new(limits.into()),
        None,
        House { now: Instant::now(), scheduled: Mutex::default() },
    )
}

/// A stream whose client has heard the opening, and which waits.
fn waiting() -> Stream {
    let stream = Stream::attach(&open());
    assert_eq!(stream.next(false), texts(&["Opening"]));
    assert_eq!(stream.next(true), Look::Wait);
    stream
}

fn send(session: &Arc<Session<House>>, text: &'static str) {
    session.send([Bytes::from_static(text.as_bytes()).into()], Manner::PLAIN).unwrap();
}

#[test]
fn who_is_looked_at_too_early_asks_to_be_looked_at_again() {
    let session = open();
    let scheduled = || session.host.scheduled.lock().unwrap().clone();
    let first = scheduled();
    assert!(first.len() == 1 && first[0] > session.host.now);
    session.tick();
    assert_eq!(scheduled(), [first[0], first[0]]);
}

#[test]
fn a_stream_is_shown_batch_after_batch_as_each_is_written() {
    let stream = waiting();
    send(&stream.session, "one");
    send(&stream.session, "two");
    assert_eq!(stream.next(false), texts(&["one", "two"]));
    send(&stream.session, "three");
    assert_eq!(stream.next(false), Look::Wait, "what is under way is written first");
    assert_eq!(stream.session.held(), (11, 3));
    assert_eq!(stream.next(true), texts(&["three"]));
    assert_eq!(stream.next(true), Look::Wait);
    assert_eq!(stream.session.held(), (0, 0));
}

#[test]
fn what_was_shown_and_not_written_comes_again() {
    let stream = waiting();
    send(&stream.session, "one");
    assert_eq!(stream.next(false), texts(&["one"]));
    let newer = Stream::attach(&stream.session);
    assert_eq!(stream.next(true), Look::Over(Taken::Displaced));
    assert_eq!(newer.next(false), texts(&["one"]));
    stream.session.detach(newer.number, DisconnectReason::TransportClosed);
    assert_eq!(newer.next(true), Look::Over(Taken::GivenUp));
    let last = Stream::attach(&stream.session);
    assert_eq!(last.next(false), texts(&["one"]));
}

#[test]
fn a_stream_that_wrote_the_last_word_hears_of_the_end() {
    let stream = waiting();
    send(&stream.session, "last");
    stream.session.end(DisconnectReason::ServerDisconnect);
    assert_eq!(stream.next(false), texts(&["last"]));
    assert_eq!(stream.next(true), Look::Over(Taken::Closed));
}

#[test]
fn a_task_at_work_is_not_woken_for_what_it_will_find() {
    let stream = waiting();
    stream.session.attend(stream.number);
    send(&stream.session, "one");
    assert_eq!(stream.woken(), 0);
    assert_eq!(stream.next(false), texts(&["one"]));
    assert_eq!(stream.next(true), Look::Wait);
    send(&stream.session, "two");
    assert_eq!(stream.woken(), 1, "it rests until it is woken");
}

#[test]
fn a_task_that_cannot_write_rests_as_well() {
    let stream = waiting();
    stream.session.attend(stream.number);
    let waker = Waker::from(Arc::clone(&stream.task));
    assert!(!stream.session.poll_over(&Context::from_waker(&waker), stream.number));
    send(&stream.session, "one");
    assert_eq!(stream.woken(), 1);
}

#[test]
fn a_displaced_task_at_work_keeps_no_other_from_being_woken() {
    let older = waiting();
    older.session.attend(older.number);
    let newer = Stream::attach(&older.session);
    assert_eq!(older.woken(), 1, "it hears that it is over");
    assert_eq!(newer.next(false), Look::Wait);
    older.session.attend(older.number);
    send(&older.session, "one");
    assert_eq!(newer.woken(), 1);
    assert_eq!(older.next(false), Look::Over(Taken::Displaced));
}

#[test]
fn a_session_that_rests_is_small() {
    let bytes = size_of::<Session<()>>();
    assert!(bytes <= 70 * size_of::<usize>(), "{bytes} bytes");
}
