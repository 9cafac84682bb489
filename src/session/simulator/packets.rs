//! What is particular to sessions of the packets generation: a handshake before the first connection, a word of
//! goodbye, a transport that may change, heartbeats without numbers, and volatile messages of all of them.

use super::*;

const POLLING: Profile = Profile {
    heartbeat: None,
    close_timeout: Duration::from_secs(60),
    polls: Polls::Sealed { duration: Duration::from_secs(20) },
    goodbye: Goodbye::ToStayAway,
};

const STREAMING: Profile = Profile {
    heartbeat: Some(Heartbeat {
        by: Beater::Connection,
        interval: Duration::from_secs(25),
        timeout: Some(Duration::from_secs(60)),
    }),
    close_timeout: Duration::ZERO,
    polls: Polls::Sealed { duration: Duration::from_secs(20) },
    goodbye: Goodbye::ToStayAway,
};

const UNUSED: Duration = Duration::from_secs(30);

fn handshaken() -> Simulator {
    let mut simulator = Simulator::new(STREAMING);
    simulator.machine = Machine::new(simulator.now, STREAMING, Arc::new(LIMITS.into()), Some(UNUSED));
    simulator
}

#[test]
fn a_handshake_that_is_never_used_is_forgotten() {
    let mut simulator = handshaken();
    simulator.pass(UNUSED - SECOND);
    assert_eq!(simulator.closed, 0);
    simulator.pass(SECOND);
    assert_eq!(simulator.closed, 1);
    assert_eq!(simulator.attach(Mode::Stream), None);
}

#[test]
fn a_handshake_that_is_never_used_waits_for_nobody_when_it_is_ended() {
    let mut simulator = handshaken();
    simulator.end();
    assert_eq!(simulator.closed, 1);
}

#[test]
fn a_disconnect_between_two_polls_is_told_to_the_next_and_only_to_it() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    simulator.send("last words").unwrap();
    simulator.end();
    simulator.pass(59 * SECOND);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["last words", "goodbye"]);
    assert_eq!(simulator.closed, 0, "until the answer has left");
    simulator.machine.written(poll);
    simulator.settle();
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 0));
    assert_eq!(simulator.attach(Mode::Poll), None);
}

#[test]
fn a_goodbye_nobody_comes_for_is_kept_as_long_as_the_session_would_have_been() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    simulator.end();
    simulator.pass(59 * SECOND);
    assert_eq!(simulator.closed, 0);
    simulator.pass(SECOND);
    assert_eq!(simulator.closed, 1);
}

#[test]
fn a_poll_that_waits_is_answered_with_the_goodbye() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.end();
    assert_eq!(simulator.take_texts(poll), ["goodbye"]);
    simulator.machine.watched(simulator.now, poll, Fate::new(Outcome::Delivered));
    simulator.pass(5 * SECOND);
    assert_eq!(simulator.closed, 1, "who has the last word need not come again");
}

#[test]
fn a_goodbye_that_was_lost_on_its_way_is_told_again() {
    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.end();
    simulator.take_texts(poll);
    simulator.machine.watched(simulator.now, poll, Fate::new(Outcome::Lost));
    simulator.pass(SECOND);
    let next = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(next), ["goodbye"]);
}

#[test]
fn a_client_that_says_goodbye_hears_one_only_if_it_listens() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.machine.end(simulator.now, DisconnectReason::ClientDisconnect, true);
    assert_eq!(simulator.take_texts(stream), ["goodbye"]);
    simulator.machine.written(stream);
    assert_eq!(simulator.take(stream), Taken::Closed);

    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    simulator.send("unheard").unwrap();
    simulator.machine.end(simulator.now, DisconnectReason::ClientDisconnect, true);
    simulator.settle();
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 1));
    assert_eq!(simulator.disconnected, [DisconnectReason::ClientDisconnect]);
}

#[test]
fn a_shutdown_tells_nobody_to_stay_away() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.machine.end(simulator.now, DisconnectReason::Shutdown, false);
    assert_eq!(simulator.take(stream), Taken::Closed);
}

#[test]
fn the_timing_is_that_of_the_transport_that_carries_the_session() {
    let (mut simulator, _) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.profile = POLLING;
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.pass(20 * SECOND);
    assert_eq!(simulator.take(poll), Taken::Expired, "no heartbeat came first");
    simulator.pass(59 * SECOND);
    assert_eq!(simulator.closed, 0, "a poll's session outlives it");
    simulator.profile = STREAMING;
    let stream = simulator.attach(Mode::Stream).unwrap();
    simulator.machine.detach(simulator.now, stream, DisconnectReason::TransportClosed);
    simulator.settle();
    assert_eq!(simulator.closed, 1, "a stream's does not");
}

#[test]
fn any_heartbeat_answers_where_they_have_no_numbers() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.machine.heartbeat(simulator.now, None);
    for _ in 0..3 {
        simulator.pass(25 * SECOND);
        assert_eq!(simulator.take_texts(stream).len(), 1);
        simulator.machine.written(stream);
        simulator.pass(59 * SECOND);
        simulator.machine.heartbeat(simulator.now, None);
    }
    simulator.pass(25 * SECOND);
    simulator.take_texts(stream);
    simulator.machine.written(stream);
    simulator.pass(60 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
}

#[test]
fn a_volatile_message_goes_only_where_it_leaves_at_once() {
    let volatile = |simulator: &mut Simulator| simulator.send_as("now", Manner::VOLATILE);

    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    assert_eq!(volatile(&mut simulator), Err(SendError::NotReady), "between two polls");
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(volatile(&mut simulator), Ok(()));
    assert_eq!(volatile(&mut simulator), Err(SendError::NotReady), "the poll is answered");
    assert_eq!(simulator.take_texts(poll), ["now"]);

    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    assert_eq!(volatile(&mut simulator), Ok(()));
    assert_eq!(volatile(&mut simulator), Ok(()), "a stream takes what comes in one go");
    assert_eq!(simulator.take_texts(stream), ["now", "now"]);
    assert_eq!(volatile(&mut simulator), Err(SendError::NotReady), "the client does not read");
    simulator.machine.written(stream);
    assert_eq!(volatile(&mut simulator), Ok(()));
    simulator.end();
    assert_eq!(volatile(&mut simulator), Err(SendError::Closed));
}

#[test]
fn who_never_heard_the_opening_hears_it_on_the_next_transport() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.send("kept by something on the way").unwrap();
    simulator.take_texts(stream);
    simulator.machine.written(stream);
    simulator.send("waits").unwrap();
    simulator.profile = POLLING;
    simulator.machine.open_again();
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["id", "waits"]);

    let mut simulator = handshaken();
    simulator.machine.open_again();
    let stream = simulator.attach(Mode::Stream).unwrap();
    assert_eq!(simulator.take_texts(stream), ["id"], "once");
    simulator.machine.written(stream);
    simulator.end();
    simulator.machine.open_again();
    assert_eq!(simulator.take_texts(stream), ["goodbye"], "who is to go is not welcomed");
}

#[test]
fn what_a_stream_is_writing_may_be_heard_already_and_is_waited_for() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    assert!(!simulator.machine.is_being_written());
    simulator.send("one").unwrap();
    simulator.take_texts(stream);
    assert!(simulator.machine.is_being_written());
    simulator.machine.written(stream);
    assert!(!simulator.machine.is_being_written());

    let (mut simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("one").unwrap();
    simulator.take_texts(poll);
    assert!(!simulator.machine.is_being_written(), "a poll's answer has somebody of its own to watch it");
}

#[test]
fn what_nobody_heard_comes_again_behind_one_opening() {
    let (mut simulator, stream) = Simulator::opened(STREAMING, Mode::Stream);
    simulator.send("one").unwrap();
    simulator.take(stream);
    simulator.machine.open_again();
    let again = simulator.attach(Mode::Stream).unwrap();
    assert_eq!(simulator.take_texts(again), ["id", "one"]);
    simulator.machine.open_again();
    simulator.send("two").unwrap();
    let last = simulator.attach(Mode::Stream).unwrap();
    assert_eq!(simulator.take_texts(last), ["id", "one", "two"]);
}

#[test]
fn a_session_that_is_over_waits_for_nobody_to_come_in() {
    let mut simulator = handshaken();
    simulator.end();
    simulator.machine.expect_entry(simulator.now + SECOND);
    simulator.machine.expect_return(simulator.now + SECOND);
    assert_eq!(simulator.machine.deadline(), None);
}
