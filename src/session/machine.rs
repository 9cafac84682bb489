//! The state machine of one session: inputs with the time they happened, outputs as values. No I/O, no clock.
//!
//! A session has none or one connection. A connection is numbered; what arrives from an older one is ignored. A poll
//! takes one batch and is over; a stream takes batches until it ends. A batch stays in flight until it is known to
//! have left (docs/ARCHITECTURE.md, "What a batch goes through").

use super::{
    allowance::Allowance,
    delivery::{Delivery, Outcome},
    profile::{Goodbye, Polls, Profile},
    queue::{Batch, Element, Queue},
    reason::DisconnectReason,
    tally::Sent,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

mod connection;
mod pulse;
mod sending;

use connection::{Connection, Ends, InFlight, Lapse, Phase};
pub(crate) use connection::{Effects, Mode, Taken};
use pulse::Pulse;

/// The shortest time a session that is being ended may take to write what is queued.
const ENDING_GRACE: Duration = Duration::from_secs(5);
/// How long between two looks whether the last word has arrived.
const LOOK: Duration = Duration::from_millis(100);
/// How often a close timeout is put off while a response is still leaving (a slow download of a large batch).
const SLOW_RESPONSE_EXTENSIONS: u32 = 8;

#[derive(Debug)]
pub(crate) struct Machine {
    profile: Profile,
    phase: Phase,
    queue: Queue,
    connection: Option<Connection>,
    attachments: u64,
    /// The last connection is, or was, a stream.
    streamed: bool,
    in_flight: Option<InFlight>,
    pulse: Pulse,
    ends: Option<Box<Ends>>,
    /// The client tries another transport: a poll is answered at once, so that it lets go of this one.
    probed: bool,
    /// How many requests wait because the application is behind: a reply may be in one.
    requests_paused: usize,
    /// The last batch did not reach the client, and none has since.
    unread: bool,
    effects: Effects,
}

impl Machine {
    /// A new session. It lapses unless a connection is attached within `patience`, or without one the close timeout or
    /// the grace, whichever is longer.
    pub(crate) fn new(now: Instant, profile: Profile, allowance: Arc<Allowance>, patience: Option<Duration>) -> Self {
        let mut queue = Queue::new(allowance);
        queue.push(Element::Opening);
        let patience = patience.unwrap_or_else(|| profile.close_timeout.max(ENDING_GRACE));
        let lapse = Lapse::new(now + patience, DisconnectReason::TransportClosed);
        Self {
            profile,
            phase: Phase::Open,
            queue,
            connection: None,
            attachments: 0,
            streamed: false,
            in_flight: None,
            pulse: Pulse::begin(now, &profile),
            ends: Some(Box::new(Ends { lapse: Some(lapse), ..Ends::default() })),
            probed: false,
            requests_paused: 0,
            unread: false,
            effects: Effects::default(),
        }
    }

    /// What the inputs since the last call ask for.
    pub(crate) fn take_effects(&mut self) -> Effects {
        std::mem::take(&mut self.effects)
    }

    /// Whether they ask for anything.
    pub(crate) fn has_effects(&self) -> bool {
        let Effects { wake, disconnected, closed, sent, tally } = &self.effects;
        *wake || *closed || sent.batches > 0 || disconnected.is_some() || tally.is_some()
    }

    /// When [`Machine::tick`] has something to do next. An input that does not ask for the time does not bring this
    /// forward.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let poll = self.connection.as_ref().filter(|poll| !poll.expired && self.queue.sealed() == 0);
        let poll = poll.and_then(|poll| poll.expires);
        let [lapse, entry, arrival, overflow] = self.ends.as_ref().map_or([None; 4], |ends| ends.all());
        let others = [self.pulse.next, self.pulse.reply_by, lapse, entry, arrival, overflow];
        others.into_iter().fold(poll, |earliest, at| match (earliest, at) {
            (Some(earliest), Some(at)) => Some(earliest.min(at)),
            (earliest, at) => earliest.or(at),
        })
    }

    /// Whether messages are still accepted.
    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Bytes and messages that wait or are under way.
    pub(crate) fn held(&self) -> (usize, usize) {
        self.queue.held()
    }

    /// The number of the connection that carries the session.
    pub(crate) fn connection(&self) -> Option<u64> {
        self.connection.as_ref().map(|connection| connection.number)
    }

    /// Whoever watches what the last connection carried.
    pub(crate) fn delivery(&self) -> Option<Arc<dyn Delivery>> {
        self.in_flight.as_ref()?.delivery.clone()
    }

    /// Whether a stream is writing a batch: its client may have read it before the stream takes note of that.
    pub(crate) fn is_being_written(&self) -> bool {
        let stream = self.connection.as_ref().filter(|connection| connection.mode == Mode::Stream);
        stream.is_some_and(|stream| self.in_flight.as_ref().is_some_and(|batch| batch.number == stream.number))
    }

    /// A connection wants to carry the session from now on, with the timing of its transport. The one before it is
    /// over. Answers its number, or nothing when the session is over.
    pub(crate) fn attach(&mut self, now: Instant, mode: Mode, profile: Profile) -> Option<u64> {
        let drained = matches!(profile.polls, Polls::Drained { .. });
        if drained && mode == Mode::Poll && self.is_polled() {
            // Two polls at a time: one of them is not the client's.
            self.close(DisconnectReason::ProtocolError);
            return None;
        }
        self.profile = profile;
        self.settle_in_flight();
        let over = match self.phase {
            Phase::Open => false,
            Phase::Ending => self.queue.is_empty(),
            Phase::Closed => true,
        };
        if over {
            self.close(DisconnectReason::ServerDisconnect);
            return None;
        }
        self.effects.wake |= self.connection.is_some();
        if self.streamed {
            self.effects.tally().reconnections += 1;
        }
        self.streamed = mode == Mode::Stream;
        self.attachments += 1;
        self.begin_pulse(now, mode);
        self.queue.unseal();
        self.queue.join();
        if mode == Mode::Poll {
            self.queue.seal();
        }
        let expires = match (mode, self.profile.polls) {
            (Mode::Poll, Polls::Sealed { duration }) => Some(now + duration),
            _ => None,
        };
        let expired = mode == Mode::Poll && self.probed && self.queue.is_empty();
        self.connection = Some(Connection { number: self.attachments, mode, expires, expired, paused: false });
        if self.phase == Phase::Open {
            self.owe_no_more(|ends| ends.lapse = None);
        }
        Some(self.attachments)
    }

    /// [`Machine::next`], with what is to be written to keep.
    #[cfg(any(fuzzing, test))]
    pub(crate) fn take(&mut self, now: impl FnOnce() -> Instant, number: u64) -> Taken {
        self.next(now, number).map(Batch::clone)
    }

    /// The connection asks for something to write, and is shown it.
    pub(crate) fn next(&mut self, now: impl FnOnce() -> Instant, number: u64) -> Taken<&Batch> {
        let connection = match &self.connection {
            Some(connection) if connection.number == number => connection,
            Some(_) => return Taken::Displaced,
            None => return Taken::GivenUp,
        };
        let (mode, expired) = (connection.mode, connection.expired);
        let count = match (mode, self.profile.polls) {
            (Mode::Poll, Polls::Sealed { .. }) => self.queue.sealed(),
            // The end comes alone: some clients hear of it before they have handled what is with it.
            (Mode::Poll, Polls::Drained { packets }) => self.queue.length_before_goodbye().min(packets),
            // What the stream has under way is written first.
            (Mode::Stream, _) if self.in_flight.is_some() => return Taken::Wait,
            (Mode::Stream, _) => self.queue.len(),
        };
        if count > 0 {
            let batch = self.queue.take(count);
            let sum = batch.sum();
            self.effects.sent.add(Sent { batches: 1, messages: sum.messages, bytes: sum.bytes });
            if mode == Mode::Poll {
                self.answered(now());
            }
            let in_flight = self.in_flight.insert(InFlight { number, batch, sum, delivery: None });
            return Taken::Batch(&in_flight.batch);
        }
        if self.phase != Phase::Open {
            self.close(DisconnectReason::ServerDisconnect);
            return Taken::Closed;
        }
        if expired {
            self.answered(now());
            return Taken::Expired;
        }
        Taken::Wait
    }

    /// Whether another connection took this one's place, or the session gave it up.
    pub(crate) fn is_over(&self, number: u64) -> bool {
        self.connection.as_ref().is_none_or(|connection| connection.number != number)
    }

    /// The batch taken by this connection has left. Answers whether it was still this connection's to send: a later
    /// one may have taken it over.
    pub(crate) fn written(&mut self, number: u64) -> bool {
        let in_flight = self.in_flight.take_if(|in_flight| in_flight.number == number);
        let Some(in_flight) = in_flight else { return false };
        self.arrived(in_flight);
        self.close_if_all_is_said();
        true
    }

    /// The batch taken by this connection is being written, and somebody watches whether it arrives. Answers as
    /// [`Machine::written`].
    pub(crate) fn watched(&mut self, now: Instant, number: u64, delivery: Arc<dyn Delivery>) -> bool {
        let Some(in_flight) = self.in_flight.as_mut().filter(|in_flight| in_flight.number == number) else {
            return false;
        };
        in_flight.delivery = Some(delivery);
        if self.phase == Phase::Ending && self.queue.is_empty() {
            // Whoever got the last word need not come again.
            if let Some(lapse) = self.ends.as_mut().and_then(|ends| ends.lapse.as_mut()) {
                lapse.looks_until = Some(lapse.at.min(now + ENDING_GRACE));
                lapse.at = now + LOOK;
            }
        }
        true
    }

    /// The batch taken by this connection did not leave: it goes first again.
    pub(crate) fn unwritten(&mut self, now: Instant, number: u64) {
        if let Some(in_flight) = self.in_flight.take_if(|in_flight| in_flight.number == number) {
            self.put_back(in_flight.batch);
            if self.profile.beats_for_session() && self.connection.is_none() {
                // Whoever gave up its poll is not waited for as long as one that has only fallen silent.
                self.leave(now, DisconnectReason::TransportClosed);
            }
        }
    }

    /// The connection is gone.
    pub(crate) fn detach(&mut self, now: Instant, number: u64, reason: DisconnectReason) {
        let Some(connection) = self.connection.as_ref().filter(|connection| connection.number == number) else {
            return;
        };
        let reason = match connection.mode {
            Mode::Poll if !self.profile.beats_for_session() => DisconnectReason::CloseTimeout,
            _ => reason,
        };
        self.unwritten(now, number);
        self.leave(now, reason);
    }

    /// The session ends at this time, unless the client has come into a namespace by then.
    pub(crate) fn expect_entry(&mut self, by: Instant) {
        if self.phase == Phase::Open {
            self.ends.get_or_insert_default().enters_by = Some(by);
        }
    }

    /// The client has come into a namespace.
    pub(crate) fn entered(&mut self) {
        self.owe_no_more(|ends| ends.enters_by = None);
    }

    /// The session ends at this time, unless the client has come again by then.
    pub(crate) fn expect_return(&mut self, by: Instant) {
        if self.phase == Phase::Open {
            self.ends.get_or_insert_default().returns_by = Some(by);
        }
    }

    /// The client has come again after its handshake.
    pub(crate) fn returned(&mut self) {
        self.owe_no_more(|ends| ends.returns_by = None);
    }

    /// Whether a poll waits.
    pub(crate) fn is_polled(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.mode == Mode::Poll)
    }

    /// The client says that its polls have ended: it has read what is on its way.
    pub(crate) fn polls_have_ended(&mut self) {
        let is_written = |in_flight: &mut InFlight| in_flight.delivery.is_some();
        if let Some(in_flight) = self.in_flight.take_if(is_written) {
            self.arrived(in_flight);
        }
    }

    /// The client tries another transport, or no longer does.
    pub(crate) fn probe(&mut self, probed: bool) {
        self.probed = probed;
        let poll = self.connection.as_mut().filter(|poll| poll.mode == Mode::Poll && self.queue.sealed() == 0);
        if let Some(poll) = poll.filter(|_| probed) {
            poll.expired = true;
            self.effects.wake = true;
        }
    }

    /// The client never heard the opening, whatever became of it: it comes first on the next connection.
    pub(crate) fn open_again(&mut self) {
        if self.phase == Phase::Open {
            self.queue.open_again();
        }
    }

    /// The application or the listener ends the session, or the client's goodbye does. What is queued may still leave.
    pub(crate) fn end(&mut self, now: Instant, reason: DisconnectReason, by_client: bool) {
        if self.phase != Phase::Open {
            return;
        }
        self.phase = Phase::Ending;
        self.ends = None;
        self.effects.disconnected = Some(reason);
        if let Some(delivered) = self.in_flight.take_if(|in_flight| in_flight.outcome() == Some(Outcome::Delivered)) {
            self.queue.release(delivered.sum);
        }
        // Nobody comes for the last word if nobody ever came, or if the client has said its own.
        let nobody_comes = self.attachments == 0 || by_client;
        if self.connection.is_none() && nobody_comes {
            return self.close(reason);
        }
        // After a shutdown or a failure the client may come back, so it is not told to stay away.
        let is_told = match self.profile.goodbye {
            Goodbye::Never => false,
            Goodbye::ToStayAway => by_client || reason == DisconnectReason::ServerDisconnect,
            Goodbye::Always => !by_client,
        };
        if is_told {
            let idle = self.queue.is_empty();
            self.queue.push(Element::Goodbye);
            self.seal(idle);
        }
        if self.connection.is_none() && self.queue.is_empty() && self.in_flight.is_none() {
            return self.close(reason);
        }
        self.effects.wake = true;
        let at = now + self.profile.close_timeout.max(ENDING_GRACE);
        let lapse = Lapse { extensions: SLOW_RESPONSE_EXTENSIONS, ..Lapse::new(at, reason) };
        self.ends = Some(Box::new(Ends { lapse: Some(lapse), ..Ends::default() }));
    }

    /// The client broke the rules: there is nothing more to say.
    pub(crate) fn abort(&mut self, reason: DisconnectReason) {
        self.close(reason);
    }

    /// Time has passed.
    pub(crate) fn tick(&mut self, now: Instant) {
        if let Some(poll) = &mut self.connection {
            let due = poll.expires.is_some_and(|expires| expires <= now);
            if due && self.queue.sealed() == 0 && !poll.expired {
                poll.expired = true;
                self.effects.wake = true;
            }
        }
        self.tick_overflow(now);
        self.tick_pulse(now);
        if self.is_due(now, |ends| ends.returns_by) {
            self.close(DisconnectReason::CloseTimeout);
        }
        if self.is_due(now, |ends| ends.enters_by) {
            self.end(now, DisconnectReason::ProtocolError, false);
        }
        if self.is_due(now, |ends| ends.lapse.as_ref().map(|lapse| lapse.at)) {
            self.lapse_now(now);
        }
    }

    fn is_due(&self, now: Instant, at: impl FnOnce(&Ends) -> Option<Instant>) -> bool {
        self.ends.as_deref().and_then(at).is_some_and(|at| at <= now)
    }

    /// A poll has its answer.
    fn answered(&mut self, now: Instant) {
        if self.phase == Phase::Open && self.profile.beats_for_session() {
            self.connection = None;
            self.queue.unseal();
        } else {
            self.leave(now, DisconnectReason::CloseTimeout);
        }
    }

    /// The connection is over; the session lives on for the close timeout.
    fn leave(&mut self, now: Instant, reason: DisconnectReason) {
        self.connection = None;
        self.queue.unseal();
        self.end_pulse();
        if self.phase != Phase::Open {
            return;
        }
        if self.profile.close_timeout.is_zero() && reason != DisconnectReason::CloseTimeout {
            self.close(reason);
        } else {
            let lapse = Lapse::new(now + self.profile.close_timeout, reason);
            self.ends.get_or_insert_default().lapse = Some(lapse);
        }
    }

    /// The session is being ended and the last of it has left.
    fn close_if_all_is_said(&mut self) {
        if self.phase == Phase::Ending && self.connection.is_none() && self.queue.is_empty() {
            self.close(DisconnectReason::ServerDisconnect);
        }
    }

    fn lapse_now(&mut self, now: Instant) {
        let Some(lapse) = self.ends.as_mut().and_then(|ends| ends.lapse.as_mut()) else { return };
        let outcome = self.in_flight.as_ref().and_then(InFlight::outcome);
        if let Some(until) = lapse.looks_until.filter(|until| now < *until && outcome != Some(Outcome::Delivered)) {
            lapse.at = until.min(now + LOOK);
            return;
        }
        let under_way = outcome == Some(Outcome::UnderWay);
        if under_way && lapse.extensions < SLOW_RESPONSE_EXTENSIONS {
            lapse.extensions += 1;
            lapse.at = now + self.profile.close_timeout;
            return;
        }
        let reason = lapse.reason;
        self.close(reason);
    }

    /// Something has come in time.
    fn owe_no_more(&mut self, forget: impl FnOnce(&mut Ends)) {
        if let Some(ends) = &mut self.ends {
            forget(ends);
            if ends.all() == [None; 4] {
                self.ends = None;
            }
        }
    }

    /// A batch has reached the client.
    fn arrived(&mut self, in_flight: InFlight) {
        self.queue.arrived(in_flight.batch, in_flight.sum);
        self.unread = false;
    }

    /// What became of the batch of the last poll decides what the next one carries.
    fn settle_in_flight(&mut self) {
        let Some(in_flight) = self.in_flight.take() else { return };
        match in_flight.outcome() {
            Some(Outcome::Delivered) => self.arrived(in_flight),
            Some(Outcome::UnderWay | Outcome::Lost) | None => {
                if let Some(delivery) = &in_flight.delivery {
                    delivery.abandon();
                }
                self.put_back(in_flight.batch);
            }
        }
    }

    fn close(&mut self, reason: DisconnectReason) {
        if self.phase == Phase::Closed {
            return;
        }
        if self.phase == Phase::Open {
            self.effects.disconnected = Some(reason);
        }
        self.phase = Phase::Closed;
        self.effects.closed = true;
        self.effects.wake = true;
        self.connection = None;
        self.pulse = Pulse::default();
        self.ends = None;
        let in_flight = self.in_flight.take().filter(|in_flight| in_flight.outcome() != Some(Outcome::Delivered));
        let undelivered = in_flight.map_or(0, |in_flight| in_flight.sum.messages) + self.queue.clear();
        if undelivered > 0 {
            self.effects.tally().undelivered += undelivered;
        }
    }
}
