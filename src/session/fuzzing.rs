//! The whole state machine as a fuzz target: bytes are read as a script of inputs, and after each of them holds what
//! must hold.

use super::{
    DisconnectReason, OnFull,
    allowance::{Allowance, Limits},
    delivery::{Delivery, Outcome},
    machine::{Effects, Machine, Mode, Taken},
    queue::{Element, Entry, SendError},
    tally::Tally,
};
use bytes::Bytes;
use ledger::{Kind, Ledger, Piece};
use std::{
    cell::Cell,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

mod ledger;
mod profiles;

/// Runs a script, and lets the session end after it.
pub fn session(bytes: &[u8]) {
    let mut script = Script(bytes);
    let mut run = Run::new(&mut script);
    while !script.0.is_empty() {
        run.step(&mut script);
        run.check();
    }
    run.finish();
}

/// What is left of the script. Behind its end there are zeros.
struct Script<'a>(&'a [u8]);

impl Script<'_> {
    fn next(&mut self) -> u8 {
        match self.0 {
            [first, rest @ ..] => {
                self.0 = rest;
                *first
            }
            [] => 0,
        }
    }

    fn flag(&mut self) -> bool {
        self.next() & 1 == 1
    }
}

/// A connection whose fate the script decides.
#[derive(Debug)]
struct Fate(Mutex<Outcome>);

impl Fate {
    fn set(&self, outcome: Outcome) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = outcome;
    }
}

impl Delivery for Fate {
    fn outcome(&self) -> Outcome {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll_settled(&self, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }

    fn abandon(&self) {
        assert_ne!(self.outcome(), Outcome::Delivered, "what has arrived is not taken back");
    }
}

const LIMITS: Limits = Limits { bytes: 300, messages: 12 };
/// What all queues may cost together, where that is bounded.
const TOTAL: usize = 1200;
/// More words of the protocol's own than there ever are, but for those that are said.
const WORDS: usize = 16;

struct Run {
    machine: Machine,
    allowance: Arc<Allowance>,
    total: usize,
    now: Instant,
    /// An input has asked for the time.
    asked: Cell<bool>,
    generation: usize,
    /// The number of the newest connection there ever was.
    newest: u64,
    /// Whether that is a poll.
    is_poll: bool,
    /// The connection that was told to wait, and has not been woken since.
    waiting: Option<u64>,
    /// Of the batch that was last handed to a response.
    fate: Option<Arc<Fate>>,
    paused_requests: usize,
    /// The session is to end at the next look, because its queue was full.
    overflows: bool,
    disconnected: bool,
    closed: bool,
    ledger: Ledger,
}

impl Run {
    fn new(script: &mut Script<'_>) -> Self {
        let now = Instant::now();
        let generation = usize::from(script.next()) % profiles::GENERATIONS;
        let profile = profiles::profile(generation, if script.flag() { Mode::Poll } else { Mode::Stream });
        let options = script.next();
        let patience = (options & 1 == 1).then_some(Duration::from_secs(30));
        let on_full = match options >> 1 & 3 {
            0 => OnFull::Disconnect,
            1 => OnFull::DropOldest,
            _ => OnFull::DropNewest,
        };
        let total = if options >> 3 & 1 == 1 { TOTAL } else { usize::MAX };
        let allowance = Arc::new(Allowance::new(LIMITS, on_full, total));
        Self {
            machine: Machine::new(now, profile, Arc::clone(&allowance), patience),
            allowance,
            total,
            now,
            asked: Cell::new(false),
            generation,
            newest: 0,
            is_poll: false,
            waiting: None,
            fate: None,
            paused_requests: 0,
            overflows: false,
            disconnected: false,
            closed: false,
            ledger: Ledger::default(),
        }
    }

    /// The newest connection, or one of those before it.
    fn number(&self, script: &mut Script<'_>) -> u64 {
        let age = script.next();
        if age < 200 { self.newest } else { self.newest.saturating_sub(u64::from(age - 199)) }
    }

    fn step(&mut self, script: &mut Script<'_>) {
        self.asked.set(false);
        let before = self.machine.deadline();
        self.input(script);
        let after = self.machine.deadline();
        if !self.asked.get() {
            let is_later = after.is_none_or(|after| before.is_some_and(|before| before <= after));
            assert!(is_later, "who does not ask for the time makes no appointments");
        }
    }

    fn input(&mut self, script: &mut Script<'_>) {
        match script.next() % 28 {
            0 | 1 => self.attach(script),
            2..=4 => self.take(script),
            5 => self.written(script),
            6 => self.watched(script),
            7 => self.decide(script),
            8 => self.unwritten(script),
            9 => self.detach(script),
            10..=12 => self.send(script),
            13 => self.say(script),
            14 | 15 => self.pass(script),
            16 => {
                self.machine.heartbeat(ask(&self.asked, self.now), (!script.flag()).then_some(u64::from(script.next())))
            }
            17 => self.machine.hear(|| ask(&self.asked, self.now)),
            18 => self.machine.polled(ask(&self.asked, self.now)),
            19 => self.machine.answer_heartbeat(),
            20 => match script.next() {
                seconds @ 1.. => {
                    self.machine.expect_entry(ask(&self.asked, self.now) + Duration::from_secs(seconds.into()))
                }
                0 => self.machine.entered(),
            },
            21 => self.polls_have_ended(),
            22 => self.machine.probe(script.flag()),
            23 => self.pause(script),
            24 => {
                // Only ever said in the packets generation, for the connection that comes next.
                if self.generation == profiles::PACKETS {
                    self.machine.open_again();
                }
                self.attach(script);
            }
            25 => match script.next() {
                seconds @ 1.. => {
                    self.machine.expect_return(ask(&self.asked, self.now) + Duration::from_secs(seconds.into()))
                }
                0 => self.machine.returned(),
            },
            26 => self.send(script),
            _ => self.end(script),
        }
        self.settle(0);
    }

    fn attach(&mut self, script: &mut Script<'_>) {
        let mode = if script.flag() { Mode::Poll } else { Mode::Stream };
        let profile = profiles::profile(self.generation, mode);
        let number = self.machine.attach(ask(&self.asked, self.now), mode, profile);
        assert!(number.is_none() || !self.closed, "nobody attaches to the dead");
        let requeued = number.is_some() && self.ledger.settle();
        if let Some(number) = number {
            assert!(number > self.newest);
            self.newest = number;
            self.is_poll = mode == Mode::Poll;
        }
        // Whether a session that is over puts back what was under way, before it forgets it, is its own affair.
        let effects = self.machine.take_effects();
        assert!(number.is_none() || requeued_by(&effects) == usize::from(requeued));
        self.carry_out(effects);
        // Woken or not, it has not looked yet.
        self.waiting = self.waiting.filter(|waiting| Some(*waiting) != number);
    }

    fn take(&mut self, script: &mut Script<'_>) {
        let number = self.number(script);
        let was_over = self.machine.is_over(number);
        let taken = self.machine.take(|| ask(&self.asked, self.now), number);
        if self.waiting == Some(number) {
            assert_eq!(taken, Taken::Wait, "it would have had to be woken");
        }
        match &taken {
            Taken::Batch(batch) => {
                assert!(!was_over);
                let bound = profiles::packets_of_a_poll(self.generation).filter(|_| self.is_poll);
                self.ledger.take(number, batch, bound);
            }
            Taken::Wait => self.waiting = Some(number),
            Taken::Displaced | Taken::GivenUp => assert!(was_over),
            Taken::Expired => assert!(!was_over && !self.disconnected),
            Taken::Closed => assert!(self.disconnected),
        }
    }

    fn written(&mut self, script: &mut Script<'_>) {
        let number = self.number(script);
        let is_its_own = self.machine.written(number);
        assert_eq!(is_its_own, self.ledger.is_carried_by(number));
        if is_its_own {
            self.ledger.release();
            self.waiting = None;
        }
    }

    fn watched(&mut self, script: &mut Script<'_>) {
        let number = self.number(script);
        let fate = Arc::new(Fate(Mutex::new(outcome(script.next()))));
        let is_its_own = self.machine.watched(ask(&self.asked, self.now), number, fate.clone());
        assert_eq!(is_its_own, self.ledger.is_carried_by(number));
        if is_its_own {
            self.ledger.watch(fate.clone());
            self.fate = Some(fate);
        }
    }

    /// What is under way arrives, or not. What is decided stays.
    fn decide(&self, script: &mut Script<'_>) {
        let outcome = outcome(script.next());
        if let Some(fate) = self.fate.as_ref().filter(|fate| fate.outcome() == Outcome::UnderWay) {
            fate.set(outcome);
        }
    }

    fn unwritten(&mut self, script: &mut Script<'_>) {
        let number = self.number(script);
        let goes_back = self.ledger.is_carried_by(number);
        self.machine.unwritten(ask(&self.asked, self.now), number);
        if goes_back {
            self.ledger.put_back();
            self.waiting = self.waiting.filter(|waiting| *waiting != number);
        }
        self.settle(usize::from(goes_back));
    }

    fn detach(&mut self, script: &mut Script<'_>) {
        let number = self.number(script);
        let goes_back = !self.machine.is_over(number) && self.ledger.is_carried_by(number);
        self.machine.detach(ask(&self.asked, self.now), number, DisconnectReason::TransportClosed);
        if goes_back {
            self.ledger.put_back();
        }
        self.waiting = self.waiting.filter(|waiting| *waiting != number);
        self.settle(usize::from(goes_back));
        assert!(self.newest == 0 || self.machine.is_over(number));
    }

    fn send(&mut self, script: &mut Script<'_>) {
        let shape = script.next();
        let kind = match shape >> 4 & 7 {
            0 => Kind::Volatile,
            key @ 1..=3 => Kind::Keyed(key),
            4 => Kind::Word,
            _ => Kind::Plain,
        };
        let only_if_it_fits = kind == Kind::Plain && shape >> 7 == 1;
        let (elements, pieces) = self.ledger.message(kind, 1 + shape % 3, shape >> 2 & 3, script.next().into());
        let (bytes, messages) = self.machine.held();
        let manner = kind.manner(elements.len(), only_if_it_fits);
        let outcome = self.machine.send(|| ask(&self.asked, self.now), elements.as_slice(), &manner);
        let effects = self.machine.take_effects();
        let fits =
            bytes + Piece::bytes(&pieces) <= LIMITS.bytes && messages + Piece::messages(&pieces) <= LIMITS.messages;
        let Tally { displaced_volatile, dropped_oldest, conflated, .. } =
            effects.tally.as_deref().copied().unwrap_or_default();
        assert!(dropped_oldest == 0 || self.allowance.on_full == OnFull::DropOldest && kind != Kind::Volatile);
        assert!(conflated == 0 || matches!(kind, Kind::Keyed(_)));
        if (fits && self.total == usize::MAX) || only_if_it_fits {
            assert_eq!((displaced_volatile, dropped_oldest), (0, 0), "nothing makes room where there is room");
        }
        match outcome {
            Ok(()) => {
                assert!(!self.disconnected);
                self.ledger.queue(pieces);
            }
            Err(SendError::Closed) => assert!(self.disconnected),
            Err(SendError::Full) => {
                assert!(!fits || self.total < usize::MAX || self.overflows);
                assert_eq!((dropped_oldest, conflated), (0, 0), "what is refused drops nothing of worth");
                let is_worth_it = !only_if_it_fits && kind != Kind::Volatile;
                self.overflows |= is_worth_it && self.allowance.on_full == OnFull::Disconnect;
                assert!(!self.overflows || self.machine.deadline().is_some_and(|at| at <= self.now));
            }
            Err(SendError::NotReady) => assert!(kind == Kind::Volatile && !self.disconnected),
        }
        self.carry_out(effects);
    }

    fn say(&mut self, script: &mut Script<'_>) {
        let (elements, pieces) = self.ledger.message(Kind::Word, 1, 0, script.next().into());
        let is_open = self.machine.is_open();
        self.machine.say(&elements[0]);
        if is_open && self.machine.is_open() {
            self.ledger.queue(pieces);
        }
    }

    /// Time passes: to the next deadline, to just before it, or so and so long; and somebody looks, or not.
    fn pass(&mut self, script: &mut Script<'_>) {
        const TIMES: [u64; 12] = [1, 99, 100, 1000, 4_999, 5_000, 8_000, 10_000, 20_000, 25_000, 45_000, 300_000];
        let how = script.next();
        let deadline = self.machine.deadline().unwrap_or(self.now);
        let to = match how % 16 {
            12 | 13 => deadline,
            14 => deadline.checked_sub(Duration::from_millis(1)).unwrap_or(deadline),
            15 => self.now,
            time => self.now + TIMES.get(usize::from(time)).map_or(Duration::ZERO, |time| Duration::from_millis(*time)),
        };
        self.now = self.now.max(to);
        if how < 200 {
            self.tick();
        }
    }

    fn tick(&mut self) {
        let was_open = self.machine.is_open();
        self.machine.tick(ask(&self.asked, self.now));
        if was_open && !self.machine.is_open() {
            self.ledger.settle_delivered();
        }
        assert!(!self.overflows || !self.machine.is_open(), "who cannot do with gaps hears of the first");
        assert!(self.machine.deadline().is_none_or(|at| at > self.now), "a deadline that was served is over");
    }

    fn polls_have_ended(&mut self) {
        self.machine.polls_have_ended();
        self.ledger.polls_have_ended();
        // Only said between polls and a stream that is still to come.
        self.waiting = None;
    }

    fn pause(&mut self, script: &mut Script<'_>) {
        let what = script.next();
        if what & 2 == 0 {
            self.machine.pause_reading(ask(&self.asked, self.now), self.newest, what & 1 == 1);
        } else if what & 1 == 1 {
            self.paused_requests += 1;
            self.machine.pause_request(ask(&self.asked, self.now), true);
        } else if self.paused_requests > 0 {
            self.paused_requests -= 1;
            self.machine.pause_request(ask(&self.asked, self.now), false);
        }
    }

    fn end(&mut self, script: &mut Script<'_>) {
        let how = script.next();
        let reason = match how & 3 {
            0 => DisconnectReason::ServerDisconnect,
            1 => DisconnectReason::ClientDisconnect,
            2 => DisconnectReason::Shutdown,
            _ => DisconnectReason::HandlerPanicked,
        };
        let was_open = self.machine.is_open();
        if how >= 224 {
            self.machine.abort(DisconnectReason::ProtocolError);
        } else {
            self.machine.end(ask(&self.asked, self.now), reason, how & 4 == 4);
        }
        if was_open {
            self.ledger.settle_delivered();
        }
        assert!(!self.machine.is_open());
    }

    fn settle(&mut self, requeued: usize) {
        let effects = self.machine.take_effects();
        assert_eq!(requeued_by(&effects), requeued);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Effects) {
        let Effects { wake, disconnected, closed, sent: _, tally } = effects;
        let tally = tally.unwrap_or_default();
        self.ledger.drop(&tally);
        let undelivered = tally.undelivered;
        if wake {
            self.waiting = None;
        }
        if disconnected.is_some() {
            assert!(!self.disconnected, "the application hears it once");
            self.disconnected = true;
        }
        assert_eq!(self.machine.is_open(), !self.disconnected);
        if closed {
            assert!(!self.closed && self.disconnected, "closed once, and not before the application knows");
            self.closed = true;
            assert_eq!(undelivered, self.ledger.close());
        } else {
            assert_eq!(undelivered, 0);
        }
    }

    fn check(&self) {
        let (bytes, messages) = self.machine.held();
        self.ledger.check_held(bytes, messages);
        let words = self.ledger.words();
        assert!(bytes <= LIMITS.bytes + words.bytes && messages <= LIMITS.messages + words.messages);
        let cost = self.allowance.used();
        assert!(cost >= bytes + messages * size_of::<Entry>(), "everything is in the account of all queues");
        let beyond = words.bytes + (words.messages + WORDS) * size_of::<Entry>();
        assert!(cost <= self.total.saturating_add(beyond), "a queue keeps to what all may have together");
        if let Some(waiting) = self.waiting {
            assert!(!self.machine.is_over(waiting), "who waits is told that it is over");
        }
        let deadline = self.machine.deadline();
        if self.closed {
            assert_eq!((bytes, messages, cost), (0, 0, 0));
            assert_eq!(deadline, None, "the dead have no appointments");
        } else if deadline.is_none() {
            let waits = self.waiting == Some(self.newest);
            assert!(!self.machine.is_over(self.newest) && !waits, "nobody would ever look after it again");
        }
    }

    /// The connection breaks, nobody comes, and the session ends by itself.
    fn finish(mut self) {
        self.machine.detach(self.now, self.newest, DisconnectReason::TransportClosed);
        self.carry_out_quietly();
        for _ in 0..self.paused_requests {
            self.machine.pause_request(self.now, false);
        }
        for _ in 0..100 {
            let Some(deadline) = self.machine.deadline() else { break };
            self.now = self.now.max(deadline);
            self.tick();
            self.carry_out_quietly();
        }
        assert!(self.closed && self.disconnected, "a session that nobody comes to ends");
        self.check();
    }

    fn carry_out_quietly(&mut self) {
        let effects = self.machine.take_effects();
        if requeued_by(&effects) > 0 {
            self.ledger.put_back();
        }
        self.carry_out(effects);
    }
}

/// The time, for an input that needs it.
fn ask(asked: &Cell<bool>, now: Instant) -> Instant {
    asked.set(true);
    now
}

fn requeued_by(effects: &Effects) -> usize {
    effects.tally.as_ref().map_or(0, |tally| tally.requeued)
}

fn outcome(byte: u8) -> Outcome {
    match byte % 3 {
        0 => Outcome::Delivered,
        1 => Outcome::UnderWay,
        _ => Outcome::Lost,
    }
}

/// The data of a piece: its number, and filling.
fn data(number: u32, length: usize) -> Bytes {
    let mut data = number.to_be_bytes().to_vec();
    data.resize(4 + length, b'.');
    data.into()
}

/// The number of an element that is data.
fn number_of(element: &Element) -> Option<u32> {
    let (Element::Message(bytes) | Element::Binary(bytes) | Element::Attachment(bytes)) = element else { return None };
    bytes.first_chunk().map(|number| u32::from_be_bytes(*number))
}
