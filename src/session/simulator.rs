//! The session machine against a simulated client and a clock that moves when it is told to.

use super::{
    Beater, DisconnectReason, Goodbye, Heartbeat, Polls, Profile,
    allowance::{Allowance, Limits},
    delivery::{Delivery, Outcome},
    machine::{Effects, Machine, Mode, Taken},
    on_full::OnFull,
    queue::{Batch, Element, Key, Manner, SendError},
    tally::{Sent, Tally},
};
use bytes::Bytes;
use proptest::prelude::*;
use std::{
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::{Duration, Instant},
};

mod engine;
mod packets;
mod slow;

const POLLING: Profile = Profile {
    heartbeat: None,
    close_timeout: Duration::from_secs(8),
    polls: Polls::Sealed { duration: Duration::from_secs(20) },
    goodbye: Goodbye::Never,
};

const STREAMING: Profile = Profile {
    heartbeat: Some(Heartbeat {
        by: Beater::Connection,
        interval: Duration::from_secs(10),
        timeout: Some(Duration::from_secs(8)),
    }),
    close_timeout: Duration::ZERO,
    polls: Polls::Sealed { duration: Duration::from_secs(20) },
    goodbye: Goodbye::Never,
};

const LIMITS: Limits = Limits { bytes: 1000, messages: 10 };

struct Simulator {
    machine: Machine,
    profile: Profile,
    now: Instant,
    disconnected: Vec<DisconnectReason>,
    closed: usize,
    tally: Tally,
    sent: Sent,
    woken: bool,
}

impl Simulator {
    fn new(profile: Profile) -> Self {
        Self::within(profile, Arc::new(LIMITS.into()))
    }

    fn within(profile: Profile, allowance: Arc<Allowance>) -> Self {
        let now = Instant::now();
        let machine = Machine::new(now, profile, allowance, None);
        Self {
            machine,
            profile,
            now,
            disconnected: Vec::new(),
            closed: 0,
            tally: Tally::default(),
            sent: Sent::default(),
            woken: false,
        }
    }

    /// A session whose client has heard its id: by a poll, or on the stream with the number that comes back.
    fn opened(profile: Profile, mode: Mode) -> (Self, u64) {
        Self::new(profile).open(mode)
    }

    fn open(mut self, mode: Mode) -> (Self, u64) {
        let simulator = &mut self;
        let number = simulator.attach(mode).unwrap();
        let Taken::Batch(batch) = simulator.take(number) else { panic!("the id is waiting") };
        assert_eq!(texts(&batch), ["id"]);
        simulator.machine.written(number);
        (self, number)
    }

    fn settle(&mut self) {
        let Effects { wake, disconnected, closed, sent, tally } = self.machine.take_effects();
        self.woken |= wake;
        self.disconnected.extend(disconnected);
        self.closed += usize::from(closed);
        self.sent.add(sent);
        self.tally.add(*tally.unwrap_or_default());
    }

    /// Lets time pass, deadline by deadline.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(deadline) = self.machine.deadline().filter(|deadline| *deadline <= until) {
            self.now = self.now.max(deadline);
            self.machine.tick(self.now);
            self.settle();
            assert_ne!(self.machine.deadline(), Some(deadline), "a deadline that was served is over");
        }
        self.now = until;
    }

    fn attach(&mut self, mode: Mode) -> Option<u64> {
        let number = self.machine.attach(self.now, mode, self.profile);
        self.settle();
        number
    }

    fn take(&mut self, number: u64) -> Taken {
        let taken = self.machine.take(|| self.now, number);
        self.settle();
        taken
    }

    fn take_texts(&mut self, number: u64) -> Vec<String> {
        match self.take(number) {
            Taken::Batch(batch) => texts(&batch),
            other => panic!("a batch was expected: {other:?}"),
        }
    }

    fn send(&mut self, text: &str) -> Result<(), SendError> {
        self.send_as(text, Manner::PLAIN)
    }

    fn send_as(&mut self, text: &str, manner: Manner) -> Result<(), SendError> {
        let outcome = self.machine.send(|| self.now, [Bytes::copy_from_slice(text.as_bytes()).into()], &manner);
        self.settle();
        outcome
    }

    fn detach(&mut self, number: u64) {
        self.machine.detach(self.now, number, DisconnectReason::TransportClosed);
        self.settle();
    }

    fn end(&mut self) {
        self.machine.end(self.now, DisconnectReason::ServerDisconnect, false);
        self.settle();
    }
}

fn texts(batch: &Batch) -> Vec<String> {
    batch
        .0
        .iter()
        .map(|entry| match &entry.element {
            Element::Opening => "id".to_owned(),
            Element::Message(bytes) | Element::Binary(bytes) | Element::Attachment(bytes) => {
                String::from_utf8(bytes.to_vec()).unwrap()
            }
            Element::Heartbeat(counter) => format!("h{counter}"),
            Element::Goodbye => "goodbye".to_owned(),
        })
        .collect()
}

/// A connection whose fate the test decides.
#[derive(Debug)]
struct Fate {
    outcome: Mutex<Outcome>,
    abandoned: Mutex<bool>,
}

impl Fate {
    fn new(outcome: Outcome) -> Arc<Self> {
        Arc::new(Self { outcome: Mutex::new(outcome), abandoned: Mutex::new(false) })
    }
}

impl Delivery for Fate {
    fn outcome(&self) -> Outcome {
        *self.outcome.lock().unwrap()
    }

    fn poll_settled(&self, _: &mut Context<'_>) -> Poll<()> {
        if self.outcome() == Outcome::UnderWay { Poll::Pending } else { Poll::Ready(()) }
    }

    fn abandon(&self) {
        *self.abandoned.lock().unwrap() = true;
    }
}

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn the_first_message_answers_a_waiting_poll_and_the_rest_waits_for_the_next() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take(poll), Taken::Wait);
    for text in ["one", "two", "three"] {
        simulator.send(text).unwrap();
    }
    assert_eq!(simulator.take_texts(poll), ["one"]);
    simulator.machine.written(poll);
    let next = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(next), ["two", "three"]);
}

#[test]
fn a_stream_is_woken_once_and_takes_everything_payload_by_payload() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.woken = false;
    simulator.send("one").unwrap();
    assert!(std::mem::take(&mut simulator.woken));
    simulator.send("two").unwrap();
    assert!(!simulator.woken, "it knows already");
    let Taken::Batch(batch) = simulator.take(stream) else { panic!() };
    assert_eq!(batch.payloads().count(), 2);
}

#[test]
fn what_waited_for_a_connection_is_one_payload() {
    let profile = Profile { close_timeout: SECOND, ..STREAMING };
    let (mut simulator, stream) = Simulator::opened(profile, Mode::Stream);
    simulator.detach(stream);
    simulator.send("one").unwrap();
    simulator.send("two").unwrap();
    let again = simulator.attach(Mode::Stream).unwrap();
    let Taken::Batch(batch) = simulator.take(again) else { panic!() };
    assert_eq!((texts(&batch), batch.payloads().count()), (vec!["one".into(), "two".into()], 1));
}

#[test]
fn a_poll_with_nothing_to_say_ends_after_its_duration() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.pass(20 * SECOND - Duration::from_millis(1));
    assert_eq!(simulator.take(poll), Taken::Wait);
    simulator.woken = false;
    simulator.pass(Duration::from_millis(1));
    assert!(simulator.woken);
    assert_eq!(simulator.take(poll), Taken::Expired);
    assert_eq!(simulator.disconnected, []);
}

#[test]
fn a_client_that_does_not_poll_again_is_gone_after_the_close_timeout() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    simulator.send("never read").unwrap();
    simulator.pass(8 * SECOND - Duration::from_millis(1));
    assert_eq!(simulator.disconnected, []);
    simulator.pass(Duration::from_millis(1));
    assert_eq!(simulator.disconnected, [DisconnectReason::CloseTimeout]);
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 1));
    assert_eq!(simulator.attach(Mode::Poll), None);
    assert_eq!(simulator.send("late"), Err(SendError::Closed));
    assert_eq!(simulator.machine.deadline(), None, "the dead have no appointments");
}

#[test]
fn a_stream_that_breaks_ends_its_session_at_once() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.detach(stream);
    assert_eq!(simulator.disconnected, [DisconnectReason::TransportClosed]);
    assert_eq!(simulator.closed, 1);
}

#[test]
fn a_session_that_is_never_attached_does_not_stay() {
    let mut simulator = Simulator::new(STREAMING);
    simulator.pass(60 * SECOND);
    assert_eq!(simulator.closed, 1);
}

#[test]
fn the_newer_of_two_polls_stays() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let older = simulator.attach(Mode::Poll).unwrap();
    simulator.pass(19 * SECOND);
    simulator.woken = false;
    let newer = simulator.attach(Mode::Poll).unwrap();
    assert!(simulator.woken, "the older one has to be answered");
    assert_eq!(simulator.take(older), Taken::Displaced);
    simulator.detach(older);
    simulator.pass(19 * SECOND);
    assert_eq!(simulator.take(newer), Taken::Wait, "the older one's end and duration are not the newer one's");
    simulator.send("one").unwrap();
    assert_eq!(simulator.take_texts(newer), ["one"]);
}

#[test]
fn heartbeats_go_on_while_they_are_answered() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    for counter in 1..=3 {
        simulator.pass(10 * SECOND);
        assert_eq!(simulator.take_texts(stream), [format!("h{counter}")]);
        simulator.machine.written(stream);
        simulator.machine.heartbeat(simulator.now, Some(counter + 1));
        simulator.machine.heartbeat(simulator.now, Some(counter));
    }
    assert_eq!(simulator.disconnected, []);
}

#[test]
fn an_unanswered_heartbeat_ends_the_session() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.pass(10 * SECOND);
    simulator.machine.heartbeat(simulator.now, Some(7));
    simulator.pass(8 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
    assert_eq!(simulator.take(stream), Taken::GivenUp, "the connection is closed too");
}

#[test]
fn a_client_is_not_blamed_for_a_reply_that_nobody_read() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.machine.pause_reading(simulator.now, stream, true);
    simulator.pass(600 * SECOND);
    assert_eq!(simulator.disconnected, []);
    simulator.machine.pause_request(simulator.now, true);
    simulator.machine.pause_request(simulator.now, true);
    simulator.machine.pause_reading(simulator.now, stream, false);
    simulator.pass(600 * SECOND);
    assert_eq!(simulator.disconnected, [], "requests still wait");
    simulator.machine.pause_request(simulator.now, false);
    simulator.pass(600 * SECOND);
    assert_eq!(simulator.disconnected, [], "one still waits");
    simulator.machine.pause_request(simulator.now, false);
    simulator.pass(8 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
}

#[test]
fn a_pause_does_not_outlive_its_connection() {
    let profile = Profile { close_timeout: 30 * SECOND, ..STREAMING };
    let (mut simulator, stream) = Simulator::opened(profile, Mode::Stream);
    simulator.machine.pause_reading(simulator.now, stream, true);
    simulator.detach(stream);
    simulator.attach(Mode::Stream).unwrap();
    simulator.machine.pause_reading(simulator.now, stream, true);
    simulator.pass(60 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
}

#[test]
fn one_way_heartbeats_want_no_answer() {
    let heartbeat = Some(Heartbeat { by: Beater::Connection, interval: 5 * SECOND, timeout: None });
    let (mut simulator, stream) = Simulator::opened(Profile { heartbeat, ..STREAMING }, Mode::Stream);
    for counter in 1..=3 {
        simulator.pass(5 * SECOND);
        assert_eq!(simulator.take_texts(stream), [format!("h{counter}")]);
        simulator.machine.written(stream);
    }
    simulator.pass(600 * SECOND);
    assert_eq!(simulator.take_texts(stream), ["h4"], "a stream that is not read collects none");
    assert_eq!(simulator.disconnected, []);
}

#[test]
fn a_heartbeat_does_not_outlive_its_connection() {
    let profile = Profile { close_timeout: 30 * SECOND, ..STREAMING };
    let (mut simulator, stream) = Simulator::opened(profile, Mode::Stream);
    simulator.pass(10 * SECOND);
    simulator.detach(stream);
    let again = simulator.attach(Mode::Stream).unwrap();
    assert_eq!(simulator.take(again), Taken::Wait);
    simulator.pass(10 * SECOND);
    assert_eq!(simulator.take_texts(again), ["h2"], "the count goes on");
}

#[test]
fn a_batch_that_was_not_written_comes_again_first() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("one").unwrap();
    assert_eq!(simulator.take_texts(poll), ["one"]);
    simulator.send("two").unwrap();
    simulator.machine.unwritten(simulator.now, poll);
    let next = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(next), ["one", "two"]);
}

#[test]
fn a_batch_that_comes_back_answers_the_poll_that_waits() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("one").unwrap();
    assert_eq!(simulator.take_texts(poll), ["one"]);
    let fate = Fate::new(Outcome::UnderWay);
    simulator.machine.watched(simulator.now, poll, fate.clone());
    let next = simulator.attach(Mode::Poll).unwrap();
    assert!(*fate.abandoned.lock().unwrap(), "what is still under way must not arrive as well");
    assert_eq!(simulator.take_texts(next), ["one"]);
}

#[test]
fn a_batch_that_was_taken_over_is_no_longer_the_older_ones_to_send() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let older = simulator.attach(Mode::Poll).unwrap();
    simulator.send("one").unwrap();
    assert_eq!(simulator.take_texts(older), ["one"]);
    let newer = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(newer), ["one"]);
    assert!(!simulator.machine.written(older));
    assert!(!simulator.machine.watched(simulator.now, older, Fate::new(Outcome::Delivered)));
    assert!(simulator.machine.written(newer));
}

#[test]
fn a_watched_batch_is_judged_by_what_became_of_its_connection() {
    for (outcome, expected) in [(Outcome::Delivered, vec!["two"]), (Outcome::Lost, vec!["one", "two"])] {
        let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
        let poll = simulator.attach(Mode::Poll).unwrap();
        simulator.send("one").unwrap();
        simulator.take(poll);
        simulator.machine.watched(simulator.now, poll, Fate::new(outcome));
        simulator.send("two").unwrap();
        let next = simulator.attach(Mode::Poll).unwrap();
        assert_eq!(simulator.take_texts(next), expected);
    }
}

#[test]
fn a_slow_download_is_waited_for_but_not_for_ever() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("large").unwrap();
    simulator.take(poll);
    simulator.machine.watched(simulator.now, poll, Fate::new(Outcome::UnderWay));
    simulator.pass(60 * SECOND);
    assert_eq!(simulator.disconnected, []);
    simulator.pass(60 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::CloseTimeout]);
    assert_eq!(simulator.tally.undelivered, 1);
}

#[test]
fn ending_a_session_lets_what_is_queued_leave_first() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.send("last words").unwrap();
    simulator.end();
    assert_eq!(simulator.disconnected, [DisconnectReason::ServerDisconnect]);
    assert_eq!(simulator.send("too late"), Err(SendError::Closed));
    assert_eq!(simulator.take_texts(stream), ["last words"]);
    simulator.machine.written(stream);
    assert_eq!(simulator.take(stream), Taken::Closed);
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 0));
}

#[test]
fn ending_a_session_between_two_polls_keeps_its_last_words_for_the_next() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    simulator.send("last words").unwrap();
    simulator.end();
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["last words"]);
    simulator.machine.written(poll);
    assert_eq!(simulator.attach(Mode::Poll), None);
    assert_eq!(simulator.disconnected, [DisconnectReason::ServerDisconnect], "once");
}

#[test]
fn ending_a_session_that_heard_everything_takes_no_time() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("one").unwrap();
    simulator.take(poll);
    simulator.machine.watched(simulator.now, poll, Fate::new(Outcome::Delivered));
    simulator.end();
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 0));
}

#[test]
fn a_client_that_never_reads_does_not_keep_an_ended_session() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.send("one").unwrap();
    simulator.take(stream);
    simulator.end();
    simulator.pass(5 * SECOND);
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 1));
    assert_eq!(simulator.disconnected, [DisconnectReason::ServerDisconnect]);
}

#[test]
fn a_poll_that_waits_while_its_session_ends_is_answered() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.woken = false;
    simulator.end();
    assert!(simulator.woken);
    assert_eq!(simulator.take(poll), Taken::Closed);
    assert_eq!(simulator.closed, 1);
}

/// One thing that may happen to a polling session.
#[derive(Debug, Clone, Copy)]
enum Happening {
    Send,
    /// A poll, and what becomes of its answer.
    Poll(Becomes),
    /// A poll that is dropped while it waits, or whose answer the server drops.
    Dropped,
    Pass(u64),
}

#[derive(Debug, Clone, Copy)]
enum Becomes {
    Written,
    Delivered,
    Lost,
}

fn happening() -> impl Strategy<Value = Happening> {
    let becomes = prop_oneof![Just(Becomes::Written), Just(Becomes::Delivered), Just(Becomes::Lost)];
    prop_oneof![
        Just(Happening::Send),
        becomes.prop_map(Happening::Poll),
        Just(Happening::Dropped),
        (0..7_000_u64).prop_map(Happening::Pass),
    ]
}

proptest! {
    /// Whatever happens between the polls of a client that comes back in time, it hears every accepted message once
    /// and in order.
    #[test]
    fn a_client_that_comes_back_hears_everything_once(happenings in proptest::collection::vec(happening(), 0..60)) {
        let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
        let (mut sent, mut heard) = (0, Vec::new());
        let farewell = [Happening::Poll(Becomes::Written), Happening::Dropped];
        for happening in happenings.into_iter().chain(farewell) {
            match happening {
                Happening::Send => {
                    if simulator.send(&sent.to_string()).is_ok() {
                        sent += 1;
                    }
                }
                Happening::Pass(milliseconds) => {
                    simulator.pass(Duration::from_millis(milliseconds));
                    // Time alone ends it only when it adds up; a poll in time is what the client owes.
                    let poll = simulator.attach(Mode::Poll);
                    prop_assume!(poll.is_some());
                    if let Taken::Batch(batch) = simulator.take(poll.unwrap_or(0)) {
                        heard.extend(texts(&batch));
                        simulator.machine.written(poll.unwrap_or(0));
                    }
                }
                Happening::Poll(becomes) => {
                    let poll = simulator.attach(Mode::Poll).unwrap();
                    if let Taken::Batch(batch) = simulator.take(poll) {
                        match becomes {
                            Becomes::Written => simulator.machine.written(poll),
                            Becomes::Delivered => simulator.machine.watched(simulator.now, poll, Fate::new(Outcome::Delivered)),
                            Becomes::Lost => simulator.machine.watched(simulator.now, poll, Fate::new(Outcome::Lost)),
                        };
                        if !matches!(becomes, Becomes::Lost) {
                            heard.extend(texts(&batch));
                        }
                    }
                }
                Happening::Dropped => {
                    let poll = simulator.attach(Mode::Poll).unwrap();
                    match simulator.take(poll) {
                        Taken::Batch(_) => simulator.machine.unwritten(simulator.now, poll),
                        _ => simulator.detach(poll),
                    }
                }
            }
            simulator.settle();
            prop_assert_eq!(simulator.closed, 0);
        }
        let expected: Vec<_> = (0..sent).map(|number: usize| number.to_string()).collect();
        prop_assert_eq!(heard, expected);
        simulator.pass(60 * SECOND);
        prop_assert_eq!(simulator.closed, 1);
        prop_assert_eq!(simulator.disconnected.len(), 1);
        prop_assert_eq!(simulator.machine.held(), (0, 0));
    }
}
