//! Who makes room for whom.

use super::*;
use proptest::prelude::*;

/// A queue and what it has dropped.
struct Slow {
    queue: Queue,
    allowance: Arc<Allowance>,
    tally: Tally,
}

fn slow(on_full: OnFull, messages: usize) -> Slow {
    Slow::new(on_full, Limits { bytes: 1000, messages }, usize::MAX)
}

fn key(name: &str) -> Manner {
    Manner { key: Some(Key::new("", name)), ..Manner::PLAIN }
}

impl Slow {
    fn new(on_full: OnFull, limits: Limits, total: usize) -> Self {
        let allowance = Arc::new(Allowance::new(limits, on_full, total));
        Self { queue: Queue::new(Arc::clone(&allowance)), allowance, tally: Tally::default() }
    }

    fn send(&mut self, text: &'static str, manner: Manner) -> Result<(), SendError> {
        self.send_all(&[message(text)], manner)
    }

    fn send_all(&mut self, messages: &[Element], manner: Manner) -> Result<(), SendError> {
        let mut tally = None;
        let outcome = self.queue.push_messages(messages, &manner, false, &mut tally);
        self.tally.add(*tally.unwrap_or_default());
        self.check();
        outcome
    }

    /// So many messages, with their numbers as texts.
    fn fill(&mut self, texts: &[&'static str]) {
        for text in texts {
            self.send(text, Manner::PLAIN).unwrap();
        }
    }

    fn waiting(&self) -> Vec<String> {
        self.queue.entries.iter().map(|entry| text(&entry.element)).collect()
    }

    fn take(&mut self, count: usize) -> Batch {
        let batch = self.queue.take(count);
        self.check();
        batch
    }

    /// Whatever is kept in numbers is what the entries say.
    fn check(&self) {
        let queue = &self.queue;
        let loose = || queue.entries.range(queue.sealed..);
        let droppable = loose().filter(|entry| !entry.is_word());
        assert_eq!(queue.loose, Sum::of_all(droppable));
        assert_eq!(queue.volatile, loose().filter(|entry| entry.mark.has(Mark::VOLATILE)).count());
        let keys = queue.keys.as_ref().map_or(0, |keys| keys.0.len());
        assert_eq!(keys, loose().filter(|entry| entry.mark.has(Mark::KEYED)).count());
        assert!(queue.keys.as_ref().is_none_or(|keys| !keys.0.is_empty()), "no memory without a key");
        let of_entries = Sum::of_all(&queue.entries);
        assert_eq!(queue.held.minus(of_entries).plus(of_entries), queue.held, "what waits is held");
        assert_eq!(self.allowance.used(), queue.held.cost());
        assert_eq!(queue.heartbeats, queue.entries.iter().filter(|entry| entry.element.is_heartbeat()).count());
        let before = queue.entries.range(..queue.oldest.max(queue.sealed).min(queue.entries.len()));
        assert!(before.skip(queue.sealed).all(|entry| !entry.is_droppable()), "nothing is overlooked");
        let before = queue.entries.range(..queue.oldest_volatile.min(queue.entries.len()));
        assert!(before.skip(queue.sealed).all(|entry| !entry.mark.has(Mark::VOLATILE)), "nothing is overlooked");
    }
}

fn text(element: &Element) -> String {
    match element {
        Element::Message(bytes) | Element::Binary(bytes) | Element::Attachment(bytes) => {
            String::from_utf8(bytes.to_vec()).unwrap()
        }
        Element::Opening => "id".into(),
        Element::Goodbye => "goodbye".into(),
        Element::Heartbeat(_) => "h".into(),
    }
}

fn attachment(text: &'static str) -> Element {
    Element::Attachment(Bytes::from_static(text.as_bytes()))
}

#[test]
fn the_newest_is_refused_where_nothing_may_be_dropped_for_it() {
    for on_full in [OnFull::DropNewest, OnFull::Disconnect] {
        let mut slow = slow(on_full, 2);
        slow.fill(&["1", "2"]);
        assert_eq!(slow.send("3", Manner::PLAIN), Err(SendError::Full));
        assert_eq!(slow.waiting(), ["1", "2"]);
        assert_eq!(slow.tally, Tally::default());
    }
}

#[test]
fn the_oldest_make_room_for_the_newest_with_their_attachments() {
    let mut slow = slow(OnFull::DropOldest, 3);
    slow.send_all(&[message("1"), attachment("1a"), attachment("1b")], Manner::PLAIN).unwrap();
    slow.fill(&["2", "3", "4"]);
    assert_eq!(slow.waiting(), ["2", "3", "4"]);
    slow.send_all(&[message("5"), attachment("5a"), message("6")], Manner::PLAIN).unwrap();
    assert_eq!(slow.waiting(), ["4", "5", "5a", "6"]);
    assert_eq!(slow.tally, Tally { dropped_oldest: 3, ..Tally::default() });
}

#[test]
fn nothing_is_dropped_for_what_would_not_fit_all_the_same() {
    let mut slow = Slow::new(OnFull::DropOldest, Limits { bytes: 10, messages: 10 }, usize::MAX);
    slow.fill(&["1", "2", "3"]);
    assert_eq!(slow.send("12345678901", Manner::PLAIN), Err(SendError::Full));
    let batch = slow.take(2);
    assert_eq!(slow.send("123456789", Manner::PLAIN), Err(SendError::Full), "two bytes are under way");
    assert_eq!((slow.waiting(), slow.tally.dropped_oldest), (vec!["3".to_owned()], 0));
    slow.send("12345678", Manner::PLAIN).unwrap();
    assert_eq!((slow.waiting(), slow.tally.dropped_oldest), (vec!["12345678".to_owned()], 1));
    slow.queue.put_back(batch);
    assert_eq!(slow.waiting(), ["1", "2", "12345678"]);
}

#[test]
fn what_is_sealed_and_what_the_protocol_says_stays() {
    let mut slow = slow(OnFull::DropOldest, 4);
    slow.queue.push(Element::Opening);
    slow.fill(&["1"]);
    slow.queue.seal();
    slow.check();
    slow.send("let in", Manner::WORD).unwrap();
    slow.queue.push(Element::Heartbeat(1));
    slow.fill(&["2", "3", "4"]);
    assert_eq!(slow.waiting(), ["id", "1", "let in", "h", "3", "4"]);
    slow.send("acknowledged", Manner::WORD).unwrap();
    slow.send("acknowledged", Manner::WORD).unwrap();
    assert_eq!(slow.waiting(), ["id", "1", "let in", "h", "acknowledged", "acknowledged"]);
    assert_eq!(slow.send("5", Manner::PLAIN), Err(SendError::Full), "all that is left has to stay");
    assert_eq!(slow.tally.dropped_oldest, 3);
    slow.queue.unseal();
    slow.check();
    slow.fill(&["6"]);
    assert_eq!(slow.waiting(), ["id", "let in", "h", "acknowledged", "acknowledged", "6"]);
}

#[test]
fn attachments_whose_message_is_under_way_stay() {
    let mut slow = slow(OnFull::DropOldest, 2);
    slow.send_all(&[message("1"), attachment("1a")], Manner::PLAIN).unwrap();
    slow.fill(&["2"]);
    let batch = slow.take(1);
    slow.fill(&["3"]);
    assert_eq!(slow.waiting(), ["1a", "3"]);
    let large: &'static str = "x".repeat(998).leak();
    assert_eq!(slow.send(large, Manner::PLAIN), Err(SendError::Full));
    assert_eq!(slow.waiting(), ["1a", "3"], "nothing is dropped in vain");
    slow.queue.put_back(batch);
    assert_eq!(slow.waiting(), ["1", "1a", "3"]);
}

#[test]
fn volatile_messages_make_room_first_whatever_comes() {
    for on_full in [OnFull::DropNewest, OnFull::Disconnect, OnFull::DropOldest] {
        let mut slow = slow(on_full, 4);
        slow.fill(&["1"]);
        slow.send_all(&[message("v1"), attachment("a")], Manner::VOLATILE).unwrap();
        slow.fill(&["2"]);
        slow.send("v2", Manner::VOLATILE).unwrap();
        slow.send("3", Manner::PLAIN).unwrap();
        assert_eq!(slow.waiting(), ["1", "2", "v2", "3"], "{on_full:?}");
        slow.send("v3", Manner::VOLATILE).unwrap();
        slow.send("4", Manner::WORD).unwrap();
        assert_eq!(slow.waiting(), ["1", "2", "3", "4"], "{on_full:?}");
        assert_eq!(slow.send("v4", Manner::VOLATILE), Err(SendError::Full), "it is worth no other");
        assert_eq!(slow.tally, Tally { displaced_volatile: 3, ..Tally::default() });
    }
}

#[test]
fn what_a_connection_had_hold_of_is_no_longer_volatile_and_keeps_its_place() {
    let mut slow = slow(OnFull::DropNewest, 2);
    slow.send("v", Manner::VOLATILE).unwrap();
    slow.send("k", key("key")).unwrap();
    let batch = slow.take(2);
    slow.queue.put_back(batch);
    slow.check();
    assert_eq!(slow.send("1", Manner::PLAIN), Err(SendError::Full));
    assert_eq!(slow.send("k", key("key")), Err(SendError::Full));
    assert_eq!(slow.waiting(), ["v", "k"]);
}

#[test]
fn what_comes_back_gets_in_if_it_fits_and_drops_nothing() {
    let mut slow = slow(OnFull::DropOldest, 2);
    slow.send("v", Manner::VOLATILE).unwrap();
    slow.fill(&["1"]);
    let manner = Manner { only_if_it_fits: true, words: 1, ..Manner::PLAIN };
    assert_eq!(slow.send("2", manner), Err(SendError::Full));
    assert_eq!(slow.waiting(), ["v", "1"]);
    slow.take(2);
    slow.queue.clear();
    slow.send_all(&[message("let in"), message("missed")], manner).unwrap();
    slow.fill(&["2"]);
    assert_eq!(slow.waiting(), ["let in", "2"], "what it has missed is like any other message");
}

#[test]
fn the_newest_with_a_key_takes_the_place_of_the_one_before_and_comes_last() {
    let mut slow = slow(OnFull::DropNewest, 4);
    slow.send_all(&[message("a1"), attachment("x")], key("a")).unwrap();
    slow.send("b1", key("b")).unwrap();
    slow.fill(&["1"]);
    slow.send("a2", key("a")).unwrap();
    assert_eq!(slow.waiting(), ["b1", "1", "a2"]);
    slow.fill(&["2"]);
    slow.send("b2", key("b")).unwrap();
    assert_eq!(slow.waiting(), ["1", "a2", "2", "b2"], "also when the queue is full");
    slow.send("a3", key("a")).unwrap();
    assert_eq!(slow.waiting(), ["1", "2", "b2", "a3"]);
    assert_eq!(slow.tally, Tally { conflated: 3, ..Tally::default() });
    slow.send_all(
        &[Element::Binary(Bytes::from_static(b"elsewhere"))],
        Manner { key: Some(Key::new("/chat", "a")), ..Manner::PLAIN },
    )
    .unwrap_err();
}

#[test]
fn any_of_many_keys_may_be_the_next() {
    let mut slow = slow(OnFull::DropNewest, 9);
    for (text, name) in [("a1", "a"), ("b1", "b"), ("c1", "c"), ("d1", "d"), ("b2", "b"), ("c2", "c"), ("a2", "a")] {
        slow.send(text, key(name)).unwrap();
    }
    assert_eq!(slow.waiting(), ["d1", "b2", "c2", "a2"]);
    slow.take(1);
    slow.send("c3", key("c")).unwrap();
    slow.send("b3", key("b")).unwrap();
    slow.send("d2", key("d")).unwrap();
    assert_eq!(slow.waiting(), ["a2", "c3", "b3", "d2"]);
}

#[test]
fn a_volatile_message_is_found_after_one_before_it_was_replaced() {
    let mut slow = slow(OnFull::DropNewest, 3);
    slow.send("a1", key("a")).unwrap();
    slow.send("v1", Manner::VOLATILE).unwrap();
    slow.send("v2", Manner::VOLATILE).unwrap();
    slow.fill(&["1"]);
    slow.send("a2", key("a")).unwrap();
    assert_eq!(slow.waiting(), ["v2", "1", "a2"]);
    slow.fill(&["2"]);
    assert_eq!(slow.waiting(), ["1", "a2", "2"]);
}

#[test]
fn one_that_does_not_fit_leaves_the_one_before_it_where_it_is() {
    let mut slow = Slow::new(OnFull::DropNewest, Limits { bytes: 10, messages: 10 }, usize::MAX);
    slow.send("a1", key("a")).unwrap();
    slow.fill(&["1234"]);
    assert_eq!(slow.send("1234567", key("a")), Err(SendError::Full));
    assert_eq!(slow.waiting(), ["a1", "1234"]);
    slow.send("123456", key("a")).unwrap();
    assert_eq!(slow.waiting(), ["1234", "123456"]);
    assert_eq!(slow.tally.conflated, 1);
}

#[test]
fn what_is_sealed_is_not_replaced() {
    let mut slow = slow(OnFull::DropNewest, 9);
    slow.send("a1", key("a")).unwrap();
    slow.queue.seal();
    slow.send("a2", key("a")).unwrap();
    slow.send("a3", key("a")).unwrap();
    assert_eq!(slow.waiting(), ["a1", "a3"]);
}

#[test]
fn a_volatile_message_with_a_key_is_both() {
    let mut slow = slow(OnFull::DropNewest, 2);
    let manner = Manner { volatile: true, ..key("a") };
    slow.send("a1", manner).unwrap();
    slow.send("a2", manner).unwrap();
    assert_eq!(slow.waiting(), ["a2"]);
    slow.fill(&["1", "2"]);
    assert_eq!(slow.waiting(), ["1", "2"]);
    assert_eq!((slow.tally.conflated, slow.tally.displaced_volatile), (1, 1));
}

#[test]
fn the_rest_of_a_payload_is_a_payload_when_its_first_message_is_dropped() {
    let mut slow = slow(OnFull::DropOldest, 4);
    slow.send("word", Manner::WORD).unwrap();
    slow.send_all(&[message("1"), message("2")], Manner::PLAIN).unwrap();
    slow.fill(&["3", "4"]);
    let batch = slow.take(9);
    assert_eq!(batch.payloads().map(<[Entry]>::len).collect::<Vec<_>>(), [1, 1, 1, 1]);
}

#[test]
fn the_total_bounds_what_a_queue_may_hold() {
    let cost = Sum::of(&message("1"), false).cost();
    for (on_full, waiting) in [(OnFull::DropNewest, ["1", "2"]), (OnFull::DropOldest, ["2", "3"])] {
        let mut slow = Slow::new(on_full, Limits { bytes: 1000, messages: 1000 }, 16 * cost / 3);
        slow.fill(&["1", "2"]);
        let outcome = slow.send("3", Manner::PLAIN);
        assert_eq!(outcome.is_ok(), on_full == OnFull::DropOldest);
        assert_eq!(slow.waiting(), waiting);
        let mut other = Queue::new(Arc::clone(&slow.allowance));
        push(&mut other, &[message("1")]).unwrap();
        assert_eq!(slow.allowance.used(), 3 * cost);
        drop(other);
        assert_eq!(slow.allowance.used(), 2 * cost);
        slow.queue.clear();
        assert_eq!(slow.allowance.used(), 0);
    }
}

/// One thing that may happen to a queue.
#[derive(Debug, Clone)]
enum Happening {
    Send { elements: usize, manner: Manner },
    Say,
    Beat,
    Seal,
    Unseal,
    Take(usize),
    PutBack,
    Release,
    DropHeartbeats,
    OpenAgain,
}

fn happening() -> impl Strategy<Value = Happening> {
    let manner = (any::<bool>(), prop::option::of(0..3_usize), 0..3_usize, any::<bool>(), any::<bool>()).prop_map(
        |(volatile, key, words, only_if_it_fits, shared)| Manner {
            volatile,
            key: key.map(|key| Key::new("", ["a", "b", "c"][key])),
            words: words.saturating_sub(1),
            only_if_it_fits,
            shared,
        },
    );
    prop_oneof![
        8 => (1..4_usize, manner).prop_map(|(elements, manner)| Happening::Send { elements, manner }),
        1 => Just(Happening::Say),
        1 => Just(Happening::Beat),
        1 => Just(Happening::Seal),
        1 => Just(Happening::Unseal),
        2 => (0..5_usize).prop_map(Happening::Take),
        1 => Just(Happening::PutBack),
        1 => Just(Happening::Release),
        1 => Just(Happening::DropHeartbeats),
        1 => Just(Happening::OpenAgain),
    ]
}

proptest! {
    /// Whatever happens, nothing is kept wrong in numbers, nothing is lost uncounted, and nothing is left at the end.
    #[test]
    fn the_accounts_of_a_queue_are_right(
        on_full in prop_oneof![Just(OnFull::DropNewest), Just(OnFull::DropOldest)],
        total in prop_oneof![Just(usize::MAX), Just(1500_usize)],
        happenings in prop::collection::vec(happening(), 0..80),
    ) {
        let mut slow = Slow::new(on_full, Limits { bytes: 40, messages: 8 }, total);
        let mut under_way: Option<Batch> = None;
        let (mut sent, mut left) = (0, 0);
        for happening in happenings {
            match happening {
                Happening::Send { elements, manner } => {
                    let elements = [message("text"), attachment("123"), attachment("5")][..elements].to_vec();
                    sent += usize::from(slow.send_all(&elements, manner).is_ok());
                }
                Happening::Say => {
                    slow.queue.push(message("word"));
                    sent += 1;
                }
                Happening::Beat => slow.queue.push(Element::Heartbeat(1)),
                Happening::Seal => slow.queue.seal(),
                Happening::Unseal => slow.queue.unseal(),
                Happening::Take(count) => {
                    if under_way.is_none() {
                        under_way = Some(slow.take(count));
                    }
                }
                Happening::PutBack => under_way.take().into_iter().for_each(|batch| slow.queue.put_back(batch)),
                Happening::Release => {
                    if let Some(batch) = under_way.take() {
                        left += batch.sum().messages;
                        slow.queue.release(batch.sum());
                    }
                }
                Happening::DropHeartbeats => slow.queue.drop_heartbeats(),
                Happening::OpenAgain => slow.queue.open_again(),
            }
            slow.check();
        }
        let dropped = slow.tally.displaced_volatile + slow.tally.dropped_oldest + slow.tally.conflated;
        prop_assert_eq!(slow.queue.held().1, sent - left - dropped);
        let waits = slow.queue.held().1 - under_way.map_or(0, |batch| batch.sum().messages);
        prop_assert_eq!(slow.queue.clear(), waits);
        prop_assert_eq!((slow.queue.held(), slow.allowance.used()), ((0, 0), 0));
    }
}
