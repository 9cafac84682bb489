//! What is particular to sessions of Engine.IO: heartbeats that belong to the session, polls that drain the queue, a
//! poll that is let go for a socket, and an end that comes alone.

use super::*;

const INTERVAL: Duration = Duration::from_secs(25);
const TIMEOUT: Duration = Duration::from_secs(20);

const fn profile(by: Beater, close_timeout: Duration) -> Profile {
    Profile {
        heartbeat: Some(Heartbeat { by, interval: INTERVAL, timeout: Some(TIMEOUT) }),
        close_timeout,
        polls: Polls::Drained { packets: 3 },
        goodbye: Goodbye::Always,
    }
}

const POLLING: Profile = profile(Beater::Session, Duration::from_secs(5));
const STREAMING: Profile = profile(Beater::Session, Duration::ZERO);
const OLD_POLLING: Profile = profile(Beater::Client, Duration::from_secs(5));

fn polling() -> Simulator {
    let (simulator, _) = Simulator::opened(POLLING, Mode::Poll);
    simulator
}

#[test]
fn a_heartbeat_is_due_whether_somebody_polls_or_not_and_ends_the_session_to_the_moment() {
    let mut simulator = polling();
    simulator.pass(INTERVAL + TIMEOUT - Duration::from_millis(1));
    assert_eq!(simulator.closed, 0);
    simulator.pass(Duration::from_millis(1));
    assert_eq!((simulator.closed, &simulator.disconnected[..]), (1, &[DisconnectReason::HeartbeatTimeout][..]));
    assert_eq!(simulator.attach(Mode::Poll), None);
}

#[test]
fn a_session_nobody_looked_at_is_over_at_the_first_look() {
    let mut simulator = polling();
    simulator.now += INTERVAL + TIMEOUT;
    // Whoever was late with the heartbeat gives the client its time.
    simulator.machine.tick(simulator.now);
    simulator.settle();
    assert_eq!(simulator.closed, 0);
    simulator.pass(TIMEOUT);
    assert_eq!(simulator.closed, 1);
}

#[test]
fn an_answer_over_another_connection_keeps_the_session() {
    let mut simulator = polling();
    for _ in 0..3 {
        simulator.pass(INTERVAL);
        let poll = simulator.attach(Mode::Poll).unwrap();
        assert!(simulator.take_texts(poll)[0].starts_with('h'));
        simulator.machine.written(poll);
        simulator.machine.heartbeat(simulator.now, None);
    }
    assert_eq!(simulator.closed, 0);
}

#[test]
fn whatever_comes_in_puts_an_overdue_answer_off_once() {
    let mut simulator = polling();
    simulator.pass(INTERVAL + TIMEOUT - SECOND);
    simulator.machine.hear(|| simulator.now);
    simulator.pass(TIMEOUT - SECOND);
    assert_eq!(simulator.closed, 0);
    simulator.machine.hear(|| simulator.now);
    simulator.pass(SECOND);
    assert_eq!(simulator.closed, 1);
}

#[test]
fn a_client_that_begins_the_heartbeats_is_gone_when_it_is_silent() {
    let (mut simulator, _) = Simulator::opened(OLD_POLLING, Mode::Poll);
    simulator.pass(INTERVAL + TIMEOUT - SECOND);
    simulator.machine.hear(|| simulator.now);
    simulator.machine.answer_heartbeat();
    simulator.machine.answer_heartbeat();
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["h1"], "of two that were not taken one is enough");
    simulator.machine.written(poll);
    simulator.pass(INTERVAL + TIMEOUT - SECOND);
    assert_eq!(simulator.closed, 0);
    simulator.pass(SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
}

/// Reads what waits, one answer in each of these intervals, as a client on a slow network; answers what it heard.
fn read_slowly(simulator: &mut Simulator, each: Duration, answers: usize) -> Vec<String> {
    let mut heard = Vec::new();
    for _ in 0..answers {
        simulator.pass(each);
        assert_eq!(simulator.closed, 0, "after {heard:?}");
        simulator.machine.polled(simulator.now);
        let poll = simulator.attach(Mode::Poll).unwrap();
        heard.extend(simulator.take_texts(poll));
        simulator.machine.written(poll);
    }
    heard
}

#[test]
fn a_backlog_that_takes_longer_than_a_heartbeat_may_ends_no_session() {
    // The heartbeat, or the answer to one, is behind all the rest; three packets go with an answer.
    for (profile, begins) in [(POLLING, false), (OLD_POLLING, true)] {
        let (mut simulator, _) = Simulator::opened(profile, Mode::Poll);
        for number in 0..9 {
            simulator.send(&number.to_string()).unwrap();
        }
        if begins {
            simulator.machine.hear(|| simulator.now);
            simulator.machine.answer_heartbeat();
        } else {
            simulator.pass(INTERVAL);
        }
        let heard = read_slowly(&mut simulator, TIMEOUT - SECOND, 4);
        assert_eq!(heard.last().map(String::as_str), Some("h1"), "{heard:?}");
        // Who has it and says nothing, and polls no more, is gone as ever.
        simulator.pass(INTERVAL + TIMEOUT);
        assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
    }
}

#[test]
fn a_client_that_polls_and_never_answers_a_heartbeat_it_was_given_is_gone() {
    let mut simulator = polling();
    simulator.pass(INTERVAL);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["h1"]);
    simulator.machine.written(poll);
    simulator.pass(TIMEOUT - SECOND);
    simulator.machine.polled(simulator.now);
    simulator.pass(TIMEOUT - SECOND);
    assert_eq!(simulator.closed, 0, "put off once, as by whatever comes in");
    simulator.machine.polled(simulator.now);
    simulator.pass(SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::HeartbeatTimeout]);
}

#[test]
fn a_poll_takes_all_that_waits_up_to_its_measure() {
    let mut simulator = polling();
    let poll = simulator.attach(Mode::Poll).unwrap();
    for text in ["1", "2", "3", "4"] {
        simulator.send(text).unwrap();
    }
    assert_eq!(simulator.take_texts(poll), ["1", "2", "3"]);
    simulator.machine.written(poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["4"]);
}

#[test]
fn a_second_poll_beside_the_first_ends_the_session() {
    let mut simulator = polling();
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.attach(Mode::Poll), None);
    assert!(simulator.woken);
    assert_eq!(simulator.take(poll), Taken::GivenUp);
    assert_eq!(simulator.disconnected, [DisconnectReason::ProtocolError]);
}

#[test]
fn a_poll_that_breaks_off_is_waited_for_shortly_and_loses_nothing() {
    let mut simulator = polling();
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("one").unwrap();
    assert_eq!(simulator.take_texts(poll), ["one"]);
    simulator.machine.unwritten(simulator.now, poll);
    simulator.settle();
    simulator.pass(4 * SECOND);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["one"]);
    simulator.machine.written(poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.detach(poll);
    simulator.pass(5 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::TransportClosed]);
}

#[test]
fn a_socket_takes_over_what_waits_and_the_poll_is_let_go() {
    let mut simulator = polling();
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.machine.probe(true);
    simulator.settle();
    assert!(simulator.woken);
    assert_eq!(simulator.take(poll), Taken::Expired);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take(poll), Taken::Expired, "as any that comes while the socket is tried");
    simulator.send("one").unwrap();
    simulator.profile = STREAMING;
    let socket = simulator.attach(Mode::Stream).unwrap();
    assert_eq!(simulator.take_texts(socket), ["one"]);
    simulator.machine.written(socket);
    simulator.pass(INTERVAL);
    assert_eq!(simulator.take_texts(socket), ["h1"], "the heartbeat goes on where it was");
    simulator.machine.written(socket);
    simulator.detach(socket);
    assert_eq!(simulator.disconnected, [DisconnectReason::TransportClosed]);
}

#[test]
fn a_socket_that_is_given_up_leaves_the_polls_alone() {
    let mut simulator = polling();
    simulator.machine.probe(true);
    simulator.machine.probe(false);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take(poll), Taken::Wait);
}

#[test]
fn the_end_comes_alone_and_last() {
    let mut simulator = polling();
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send("last words").unwrap();
    simulator.end();
    assert_eq!(simulator.take_texts(poll), ["last words"]);
    simulator.machine.written(poll);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), ["goodbye"]);
    simulator.machine.written(poll);
    simulator.settle();
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 0));
}

#[test]
fn a_client_that_ended_the_session_hears_nothing_of_it() {
    let mut simulator = polling();
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.machine.end(simulator.now, DisconnectReason::TransportClosed, true);
    simulator.settle();
    assert_eq!(simulator.take(poll), Taken::Closed);
}

#[test]
fn a_client_that_comes_into_no_namespace_does_not_stay() {
    let mut simulator = polling();
    simulator.machine.expect_entry(simulator.now + 10 * SECOND);
    simulator.pass(10 * SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::ProtocolError]);

    let mut simulator = polling();
    simulator.machine.expect_entry(simulator.now + 10 * SECOND);
    simulator.machine.entered();
    simulator.pass(10 * SECOND);
    assert_eq!(simulator.closed, 0);
}

#[test]
fn whoever_breaks_the_rules_is_told_nothing_more() {
    let mut simulator = polling();
    simulator.send("unheard").unwrap();
    simulator.machine.abort(DisconnectReason::ProtocolError);
    simulator.settle();
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 1));
    assert_eq!(simulator.attach(Mode::Poll), None);
}
