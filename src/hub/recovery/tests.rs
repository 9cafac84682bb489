use super::*;
use bytes::Bytes;

const WINDOW: Duration = Duration::from_secs(120);

struct Room {
    recovery: Recovery,
    now: Instant,
}

impl Room {
    fn new(messages: usize) -> Self {
        Self { recovery: Recovery::new(WINDOW, Limits { bytes: 1000, messages }), now: Instant::now() }
    }

    /// Answers the offset.
    fn say(&self, text: &str, audience: Audience) -> String {
        self.say_for(text, audience, None)
    }

    fn say_for(&self, text: &str, audience: Audience, key: Option<Key>) -> String {
        let mut offset = String::new();
        let encode = |given: &str| {
            offset = given.to_owned();
            Some([element(text)].into())
        };
        self.recovery.begin(self.now).keep(audience, key, encode);
        offset
    }

    fn to_all(&self, text: &str) -> String {
        self.say(text, Audience::Many { rooms: Vec::new(), except: Vec::new() })
    }

    /// A client that leaves now and could have missed everything from this number on.
    fn depart(&self, since: u64, rooms: &[&str]) -> (SessionId, SessionId) {
        let [key, id, session] = [(); 3].map(|()| SessionId::random().unwrap());
        let rooms = rooms.iter().map(|room| (*room).into()).collect();
        self.recovery.leave(
            self.now,
            key,
            Some(Kept { session, id, rooms, state: State::default(), since, tails: Tails::default() }),
        );
        (key, id)
    }

    fn missed(&self, key: SessionId, offset: Option<&str>) -> Option<Vec<Element>> {
        self.recovery.take(self.now, key, offset, Weak::new(), |found| found.missed)
    }
}

fn element(text: &str) -> Element {
    Element::Message(Bytes::copy_from_slice(text.as_bytes()))
}

fn elements(texts: &[&str]) -> Option<Vec<Element>> {
    Some(texts.iter().map(|text| element(text)).collect())
}

#[test]
fn a_client_finds_exactly_what_came_after_its_offset() {
    let room = Room::new(100);
    room.to_all("one");
    let heard = room.to_all("two");
    let (key, _) = room.depart(0, &[]);
    room.to_all("three");
    room.to_all("four");
    assert_eq!(room.missed(key, Some(&heard)), elements(&["three", "four"]));
    assert_eq!(room.missed(key, Some(&heard)), None, "it is recovered once");
}

#[test]
fn a_client_that_has_heard_nothing_finds_everything_since_it_came() {
    let room = Room::new(100);
    room.to_all("before it came");
    let (key, _) = room.depart(1, &[]);
    room.to_all("one");
    assert_eq!(room.missed(key, None), elements(&["one"]));
}

#[test]
fn only_what_was_meant_for_the_client_is_found() {
    let room = Room::new(100);
    let (key, id) = room.depart(0, &["red"]);
    let except = room.recovery.lock().departed[&key].1.session;
    room.say("to it", Audience::One(id));
    room.say("to another", Audience::One(SessionId::random().unwrap()));
    room.say("to its room", Audience::Many { rooms: vec!["blue".into(), "red".into()], except: Vec::new() });
    room.say("to another room", Audience::Many { rooms: vec!["blue".into()], except: Vec::new() });
    room.say("to the others", Audience::Many { rooms: Vec::new(), except: vec![except] });
    assert_eq!(room.missed(key, None), elements(&["to it", "to its room"]));
}

#[test]
fn what_is_not_kept_any_more_is_not_recovered_in_part() {
    let room = Room::new(2);
    let heard = room.to_all("one");
    let (key, _) = room.depart(0, &[]);
    let (other, _) = room.depart(0, &[]);
    room.to_all("two");
    room.to_all("three");
    assert_eq!(room.missed(other, Some(&heard)), elements(&["two", "three"]));
    room.to_all("four");
    assert_eq!(room.missed(key, Some(&heard)), None);
}

#[test]
fn an_offset_that_was_never_given_recovers_nothing() {
    let room = Room::new(100);
    let offset = room.to_all("one");
    for wrong in
        ["hello", "", &format!("{offset}0"), &format!("+{offset}"), &offset[1..], &format!("{}+1", &offset[..6])]
    {
        let (key, _) = room.depart(0, &[]);
        assert_eq!(room.missed(key, Some(wrong)), None, "{wrong}");
    }
    assert_eq!(room.missed(SessionId::random().unwrap(), Some(&offset)), None);
}

#[test]
fn the_window_closes_behind_clients_and_events() {
    let mut room = Room::new(100);
    let (key, _) = room.depart(0, &[]);
    let heard = room.to_all("one");
    assert!(room.recovery.is_active());
    assert!(room.recovery.sweep(room.now));
    room.now += WINDOW + Duration::from_millis(1);
    assert!(!room.recovery.sweep(room.now), "nothing is left to forget");
    assert!(!room.recovery.is_active(), "nobody is left who could ask");
    assert_eq!(room.missed(key, Some(&heard)), None);
    assert_eq!(room.recovery.lock().entries.capacity(), 0);
}

#[test]
fn what_was_not_sent_after_all_is_not_found() {
    let room = Room::new(100);
    let heard = room.to_all("one");
    let (key, id) = room.depart(0, &[]);
    let mut recording = room.recovery.begin(room.now);
    recording.keep(Audience::One(id), None, |_| Some([element("refused")].into()));
    recording.take_back(1);
    drop(recording);
    room.to_all("two");
    assert_eq!(room.missed(key, Some(&heard)), elements(&["two"]));
}

#[test]
fn bytes_are_bounded_as_well() {
    let room = Room::new(100);
    let (key, _) = room.depart(0, &[]);
    room.to_all(&"x".repeat(600));
    let heard = room.to_all(&"y".repeat(600));
    assert_eq!(room.recovery.lock().entries.len(), 1);
    let (other, _) = room.depart(0, &[]);
    assert_eq!(room.missed(key, None), None);
    assert_eq!(room.missed(other, Some(&heard)), elements(&[]));
}

#[test]
fn a_text_at_the_end_of_an_event_that_was_not_kept_tells_the_place_if_it_tells_one() {
    let room = Room::new(100);
    room.to_all("one");
    let mut tails = Tails::default();
    room.recovery.pass(|number| tails.add("hello", number));
    room.recovery.pass(|number| tails.add("hello", number));
    room.recovery.pass(|number| tails.add("twice", number));
    room.to_all("two");
    room.recovery.pass(|number| tails.add("twice", number));
    for (offset, found) in [("hello", elements(&["two"])), ("twice", None), ("never", None)] {
        let (key, _) = room.depart(0, &[]);
        room.recovery.lock().departed.get_mut(&key).unwrap().1.tails = tails.clone();
        assert_eq!(room.missed(key, Some(offset)), found, "{offset}");
    }
}

#[test]
fn of_what_was_said_for_one_key_the_newest_was_missed() {
    let room = Room::new(100);
    let everybody = || Audience::Many { rooms: Vec::new(), except: Vec::new() };
    let [price, place] = ["price", "place"].map(|name| Some(Key::new("", name)));
    let heard = room.say_for("price 0", everybody(), price);
    room.say_for("price 1", everybody(), price);
    room.say_for("place 1", everybody(), place);
    room.to_all("text");
    room.say_for("price 2", everybody(), price);
    room.say_for("price 3", Audience::Many { rooms: vec!["elsewhere".into()], except: Vec::new() }, price);
    let (key, _) = room.depart(0, &[]);
    assert_eq!(room.missed(key, Some(&heard)), elements(&["place 1", "text", "price 2"]));
}

#[test]
fn clients_come_back_while_a_message_goes_to_those_who_are_here_and_nobody_else_sends() {
    let room = Room::new(10);
    let (key, _) = room.depart(0, &[]);
    let mut recording = room.recovery.begin(room.now);
    let audience = Audience::Many { rooms: Vec::new(), except: Vec::new() };
    recording.keep(audience, None, |_| Some([element("one")].into())).unwrap();
    let order = recording.kept();
    assert_eq!(room.missed(key, None), elements(&["one"]));
    assert!(room.recovery.order.try_lock().is_err(), "what follows has to wait");
    drop(order);
    room.to_all("two");
    assert_eq!(room.recovery.pass(|next| next), 2);
}
