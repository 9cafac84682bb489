//! Clients that read more slowly than is said to them, and what their sessions count.

use super::*;
use crate::session::queue::Entry;

const ROOMY: usize = usize::MAX;

fn opened(profile: Profile, mode: Mode, on_full: OnFull) -> (Simulator, u64) {
    Simulator::within(profile, Arc::new(Allowance::new(LIMITS, on_full, ROOMY))).open(mode)
}

fn key(name: &str) -> Manner {
    Manner { key: Some(Key::new("", name)), ..Manner::PLAIN }
}

impl Simulator {
    /// Sends messages with the numbers from this one on until one is refused; answers the number of that.
    fn fill(&mut self, from: usize) -> usize {
        (from..from + 100).find(|number| self.send(&number.to_string()).is_err()).unwrap()
    }

    fn send_all(&mut self, numbers: std::ops::Range<usize>) {
        for number in numbers {
            self.send(&number.to_string()).unwrap();
        }
    }
}

fn numbers(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(|number| number.to_string()).collect()
}

#[test]
fn a_stream_that_is_not_read_keeps_what_was_said_first() {
    let (mut simulator, stream) = opened(STREAMING, Mode::Stream, OnFull::DropNewest);
    simulator.send_all(0..4);
    simulator.take(stream);
    assert_eq!(simulator.fill(4), 10);
    simulator.machine.written(stream);
    assert_eq!(simulator.take_texts(stream), numbers(4..10));
    assert_eq!((simulator.tally.dropped_oldest, simulator.disconnected.len()), (0, 0));
}

#[test]
fn a_stream_that_is_not_read_gets_what_was_said_last_behind_what_is_under_way() {
    let (mut simulator, stream) = opened(STREAMING, Mode::Stream, OnFull::DropOldest);
    simulator.send_all(0..4);
    simulator.take(stream);
    simulator.send_all(4..1000);
    assert_eq!(simulator.machine.held().1, 10);
    simulator.machine.written(stream);
    assert_eq!(simulator.take_texts(stream), numbers(994..1000));
    assert_eq!(simulator.tally.dropped_oldest, 1000 - 4 - 6);
}

#[test]
fn a_poll_gets_the_answer_that_was_sealed_and_the_next_what_was_said_last() {
    let (mut simulator, _) = opened(POLLING, Mode::Poll, OnFull::DropOldest);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send_all(0..100);
    assert_eq!(simulator.take_texts(poll), ["0"]);
    simulator.send_all(100..200);
    simulator.machine.unwritten(simulator.now, poll);
    simulator.send_all(200..210);
    let next = simulator.attach(Mode::Poll).unwrap();
    simulator.send("sealed is sealed").unwrap_err();
    assert_eq!(simulator.take_texts(next), numbers(200..210), "what came back waited longest");
    assert_eq!((simulator.tally.dropped_oldest, simulator.tally.undelivered), (200, 0));
}

#[test]
fn whoever_cannot_do_with_gaps_is_sent_away_with_what_came_before_the_gap() {
    let profile = Profile { goodbye: Goodbye::Always, ..STREAMING };
    let (mut simulator, stream) = opened(profile, Mode::Stream, OnFull::Disconnect);
    simulator.send_all(0..4);
    simulator.take(stream);
    assert_eq!(simulator.fill(4), 10);
    simulator.machine.written(stream);
    assert_eq!(simulator.disconnected, [], "whoever sends is not to be called back");
    assert_eq!(simulator.send("after the gap"), Err(SendError::Full), "although there is room now");
    assert_eq!(simulator.machine.deadline(), Some(simulator.now), "it comes at once");
    simulator.pass(Duration::ZERO);
    assert_eq!(simulator.disconnected, [DisconnectReason::QueueFull]);
    assert_eq!((simulator.tally.overflowed, simulator.send("late")), (1, Err(SendError::Closed)));
    let mut expected = numbers(4..10);
    expected.push("goodbye".into());
    assert_eq!(simulator.take_texts(stream), expected);
    simulator.machine.written(stream);
    assert_eq!(simulator.take(stream), Taken::Closed);
    assert_eq!((simulator.closed, simulator.tally.undelivered), (1, 0));
}

#[test]
fn whoever_polls_too_slowly_hears_the_rest_and_that_it_is_over() {
    let profile = Profile { goodbye: Goodbye::ToStayAway, ..POLLING };
    let (mut simulator, _) = opened(profile, Mode::Poll, OnFull::Disconnect);
    assert_eq!(simulator.fill(0), 10);
    simulator.pass(SECOND);
    let poll = simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.take_texts(poll), numbers(0..10), "it is not told to stay away");
    simulator.machine.written(poll);
    assert_eq!(simulator.attach(Mode::Poll), None);
    assert_eq!((simulator.tally.overflowed, simulator.tally.undelivered), (1, 0));
}

#[test]
fn who_ends_by_itself_before_it_is_sent_away_has_not_overflowed() {
    let (mut simulator, stream) = opened(STREAMING, Mode::Stream, OnFull::Disconnect);
    simulator.fill(0);
    simulator.detach(stream);
    simulator.pass(SECOND);
    assert_eq!(simulator.disconnected, [DisconnectReason::TransportClosed]);
    assert_eq!((simulator.tally.overflowed, simulator.machine.deadline()), (0, None));
}

#[test]
fn what_was_to_leave_at_once_makes_room_when_it_did_not() {
    for on_full in [OnFull::DropNewest, OnFull::DropOldest, OnFull::Disconnect] {
        let (mut simulator, stream) = opened(STREAMING, Mode::Stream, on_full);
        simulator.send("0").unwrap();
        for _ in 0..100 {
            simulator.send_as("volatile", Manner::VOLATILE).unwrap();
        }
        simulator.send_all(1..5);
        let mut expected = vec!["0".to_owned()];
        expected.extend(vec!["volatile".to_owned(); 5]);
        expected.extend(numbers(1..5));
        assert_eq!(simulator.take_texts(stream), expected, "{on_full:?}");
        assert_eq!(simulator.tally.displaced_volatile, 95);
        assert_eq!(simulator.send_as("volatile", Manner::VOLATILE), Err(SendError::NotReady));
        simulator.machine.written(stream);
        // Where nothing else makes room, a volatile message ends no session.
        simulator.send_all(0..10);
        assert_eq!(simulator.send_as("volatile", Manner::VOLATILE), Err(SendError::Full));
        simulator.pass(SECOND);
        assert_eq!((simulator.disconnected.len(), simulator.tally.dropped_oldest), (0, 0));
    }
}

#[test]
fn of_one_key_the_newest_waits_in_order_with_everything_else() {
    let (mut simulator, _) = opened(POLLING, Mode::Poll, OnFull::DropNewest);
    let poll = simulator.attach(Mode::Poll).unwrap();
    simulator.send_as("price 1", key("price")).unwrap();
    for (text, manner) in [
        ("price 2", key("price")),
        ("one", Manner::PLAIN),
        ("place 1", key("place")),
        ("price 3", key("price")),
        ("two", Manner::PLAIN),
        ("place 2", key("place")),
        ("price 4", key("price")),
    ] {
        simulator.send_as(text, manner).unwrap();
    }
    assert_eq!(simulator.take_texts(poll), ["price 1"], "that was sealed");
    simulator.send_as("price 5", key("price")).unwrap();
    simulator.machine.unwritten(simulator.now, poll);
    simulator.send_as("price 6", key("price")).unwrap();
    let next = simulator.attach(Mode::Poll).unwrap();
    let expected = ["price 1", "one", "two", "place 2", "price 6"];
    assert_eq!(simulator.take_texts(next), expected, "what a connection had hold of has its place");
    assert_eq!(simulator.tally.conflated, 5);
    assert_eq!(simulator.machine.held().1, 5);
}

#[test]
fn a_stream_is_woken_for_what_took_the_place_of_everything() {
    let (mut simulator, stream) = opened(STREAMING, Mode::Stream, OnFull::DropNewest);
    assert_eq!(simulator.take(stream), Taken::Wait);
    simulator.send_as("price 1", key("price")).unwrap();
    assert!(simulator.woken);
    simulator.send_as("price 2", key("price")).unwrap();
    assert_eq!(simulator.take_texts(stream), ["price 2"]);
}

#[test]
fn sessions_count_what_they_send_and_how_often_a_stream_comes_back() {
    let profile = Profile { close_timeout: 30 * SECOND, ..STREAMING };
    let (mut simulator, stream) = opened(profile, Mode::Stream, OnFull::DropNewest);
    simulator.send("12345").unwrap();
    simulator.send("678").unwrap();
    simulator.take(stream);
    assert_eq!(simulator.sent, Sent { batches: 2, messages: 2, bytes: 8 }, "the opening is no message");
    simulator.detach(stream);
    assert_eq!(simulator.tally.requeued, 1);
    let again = simulator.attach(Mode::Stream).unwrap();
    simulator.take(again);
    assert_eq!(simulator.sent, Sent { batches: 3, messages: 4, bytes: 16 });
    assert_eq!((simulator.tally.requeued, simulator.tally.reconnections), (1, 1));
}

#[test]
fn one_poll_after_another_is_no_reconnection_and_an_upgrade_is_none() {
    let (mut simulator, _) = opened(POLLING, Mode::Poll, OnFull::DropNewest);
    for _ in 0..3 {
        simulator.attach(Mode::Poll).unwrap();
    }
    let stream = simulator.attach(Mode::Stream).unwrap();
    assert_eq!(simulator.tally.reconnections, 0);
    simulator.detach(stream);
    simulator.attach(Mode::Poll).unwrap();
    assert_eq!(simulator.tally.reconnections, 1);
}

#[test]
fn sessions_that_are_not_read_leave_room_for_one_that_is_and_nothing_behind() {
    const TOTAL: usize = 100_000;
    let limits = Limits { bytes: 100_000, messages: 100_000 };
    for on_full in [OnFull::DropNewest, OnFull::DropOldest] {
        let allowance = Arc::new(Allowance::new(limits, on_full, TOTAL));
        let open = || Simulator::within(STREAMING, Arc::clone(&allowance)).open(Mode::Stream);
        let mut slow: Vec<_> = (0..20).map(|_| open()).collect();
        let (mut reader, stream) = open();
        for round in 0..200 {
            for (simulator, stream) in &mut slow {
                let outcome = simulator.send(&"x".repeat(100));
                assert!(outcome.is_ok() || on_full == OnFull::DropNewest);
                if round % 50 == 0 {
                    simulator.take(*stream);
                }
            }
            reader.send(&"x".repeat(100)).unwrap();
            assert_eq!(reader.take_texts(stream).len(), 1, "whoever reads gets everything");
            reader.machine.written(stream);
            assert!(allowance.used() <= TOTAL / 4 * 3 + 200);
        }
        let held = || slow.iter().map(|(simulator, _)| simulator.machine.held().0);
        assert!(held().max() <= held().min().map(|least| least + 400), "they share what there is");
        assert!(allowance.used() > TOTAL / 10 * 7, "which is used");
        for (number, (mut simulator, stream)) in slow.into_iter().enumerate() {
            match number % 4 {
                0 => simulator.detach(stream),
                1 => simulator.pass(600 * SECOND),
                2 => simulator.machine.abort(DisconnectReason::ProtocolError),
                _ => drop(simulator),
            }
        }
        reader.detach(stream);
        assert_eq!(allowance.used(), 0);
    }
}

#[test]
fn a_message_to_many_reaches_all_who_read_and_the_answer_behind_it_as_well() {
    let limits = Limits { bytes: 100_000, messages: 100_000 };
    let allowance = Arc::new(Allowance::new(limits, OnFull::DropNewest, 400_000));
    let open = |profile, mode| Simulator::within(profile, Arc::clone(&allowance)).open(mode);
    let mut slow: Vec<_> = (0..100).map(|_| open(STREAMING, Mode::Stream)).collect();
    for (simulator, stream) in &mut slow {
        simulator.send("stuck").unwrap();
        simulator.take(*stream);
    }
    for _ in 0..100 {
        for (simulator, _) in &mut slow {
            let _ = simulator.send(&"x".repeat(100));
        }
    }
    let mut readers: Vec<_> =
        (0..20).map(|number| open([STREAMING, POLLING][number % 2], [Mode::Stream, Mode::Poll][number % 2])).collect();
    for round in 0..10 {
        for (number, (simulator, connection)) in readers.iter_mut().enumerate() {
            if number % 4 == 1 {
                // One that is between two polls, every other time.
                *connection = if round % 2 == 0 { 0 } else { simulator.attach(Mode::Poll).unwrap() };
            } else if number % 4 == 3 {
                *connection = simulator.attach(Mode::Poll).unwrap();
            }
        }
        for (simulator, _) in &mut readers {
            simulator.send(&"x".repeat(2000)).unwrap();
        }
        for (number, (simulator, connection)) in readers.iter_mut().enumerate() {
            if number % 4 != 1 {
                simulator.send("answer").unwrap();
            }
            if *connection > 0 {
                while let Taken::Batch(_) = simulator.take(*connection) {
                    simulator.machine.written(*connection);
                }
            } else {
                let poll = simulator.attach(Mode::Poll).unwrap();
                simulator.take(poll);
            }
            if simulator.machine.held().1 > 0 {
                let poll = simulator.attach(Mode::Poll).unwrap();
                simulator.take(poll);
                simulator.machine.written(poll);
            }
        }
    }
    let refused = slow.iter_mut().filter_map(|(simulator, _)| simulator.send(&"x".repeat(2000)).err()).count();
    assert_eq!(refused, 100, "who does not read has no share in that");
}

#[test]
fn who_makes_us_speak_and_does_not_listen_has_no_share_in_what_is_kept_for_those_who_do() {
    const TOTAL: usize = 40_000;
    let limits = Limits { bytes: 1_000_000, messages: 100_000 };
    let message = || [Element::Message("x".repeat(100).into())];
    let words = |_: &mut Simulator| Manner::WORD;
    // One that polls again and again and is never known to have read an answer.
    let polls = |simulator: &mut Simulator| {
        let poll = simulator.attach(Mode::Poll).unwrap();
        simulator.take(poll);
        Manner::PLAIN
    };
    let ways: [fn(&mut Simulator) -> Manner; 2] = [words, polls];
    for way in ways {
        let allowance = Arc::new(Allowance::new(limits, OnFull::DropNewest, TOTAL));
        let (mut simulator, _) = Simulator::within(POLLING, Arc::clone(&allowance)).open(Mode::Poll);
        for _ in 0..1000 {
            let manner = way(&mut simulator);
            let _ = simulator.machine.send(|| simulator.now, message(), &manner);
        }
        let used = allowance.used();
        assert!((TOTAL / 4..TOTAL / 2).contains(&used), "{used} of {TOTAL}: half of three quarters");
    }
}

#[test]
fn what_many_share_is_charged_once_for_many_and_reaches_all_who_keep_up() {
    const TOTAL: usize = 100_000;
    let limits = Limits { bytes: 100_000, messages: 100_000 };
    let allowance = Arc::new(Allowance::new(limits, OnFull::DropNewest, TOTAL));
    let manner = Manner { shared: true, ..Manner::PLAIN };
    let message = [Element::Message("x".repeat(16_000).into())];
    let mut crowd: Vec<_> =
        (0..1000).map(|_| Simulator::within(STREAMING, Arc::clone(&allowance)).open(Mode::Stream)).collect();
    for (simulator, stream) in &mut crowd {
        simulator.take(*stream);
        simulator.machine.written(*stream);
    }
    for (number, (simulator, _)) in crowd.iter_mut().enumerate() {
        simulator.machine.send(|| simulator.now, &message, &manner).unwrap();
        assert_eq!(allowance.used(), (number + 1) * (1000 + size_of::<Entry>()));
    }
    for (simulator, stream) in &mut crowd {
        simulator.take(*stream);
        let second = simulator.machine.send(|| simulator.now, &message, &manner);
        assert_eq!(second, Err(SendError::Full), "who has one under way finds no room");
    }
    for (simulator, stream) in &mut crowd {
        simulator.machine.written(*stream);
    }
    assert_eq!(allowance.used(), 0);
}
