//! Messages that come back to their sender, in a closed loop or at a fixed rate.

use super::Work;
use crate::{crowd::Crowd, meter::Meter, tally::Faults, tally::Note, tally::Tally, workload::Workload};

/// What both have in common: numbered messages and what became of them.
struct Conversation {
    tallies: Vec<Tally>,
    sent: Vec<u64>,
    under_way: u64,
    payload: usize,
}

impl Conversation {
    fn new(workload: &Workload) -> Self {
        let conns = workload.conns;
        Self { tallies: vec![Tally::default(); conns], sent: vec![0; conns], under_way: 0, payload: workload.payload }
    }

    fn send(&mut self, crowd: &mut Crowd, client: usize, due: u64) {
        let Some(sent) = self.sent.get_mut(client) else { return };
        crowd.send(client, &Note { number: *sent, stream: 0, due }.write("", self.payload));
        *sent += 1;
        self.under_way += 1;
    }

    fn hear(&mut self, client: usize, note: Note) {
        self.under_way = self.under_way.saturating_sub(1);
        if let Some(tally) = self.tallies.get_mut(client) {
            tally.hear(note.number);
        }
    }

    fn faults(&self) -> Faults {
        self.tallies.iter().zip(&self.sent).fold(Faults::default(), |mut all, (tally, &sent)| {
            all += tally.faults(sent);
            all
        })
    }
}

/// A closed loop: whatever comes back makes room for the next message.
pub struct Echo {
    conversation: Conversation,
    depth: usize,
    /// With a fixed number of messages under way in all, connections take turns.
    active: usize,
    next: usize,
}

impl Echo {
    pub fn new(workload: &Workload) -> Self {
        let conversation = Conversation::new(workload);
        Self { conversation, depth: workload.depth, active: workload.active, next: 0 }
    }

    fn send_next(&mut self, crowd: &mut Crowd) {
        let conns = self.conversation.sent.len();
        // Not the neighbour, whose memory may be warm: a stride of 7919 comes to everybody, as it is a prime.
        self.next = (self.next + 7919) % conns;
        self.conversation.send(crowd, self.next, crowd.now());
    }
}

impl Work for Echo {
    fn turn(&mut self, crowd: &mut Crowd, _: &mut Meter, now: u64) {
        if self.conversation.sent.iter().any(|&sent| sent > 0) {
            return;
        }
        for _ in 0..self.active {
            self.send_next(crowd);
        }
        if self.active == 0 {
            for client in 0..crowd.clients.len() {
                (0..self.depth).for_each(|_| self.conversation.send(crowd, client, now));
            }
        }
    }

    fn hear(&mut self, crowd: &mut Crowd, client: usize, note: Note, going: bool) {
        self.conversation.hear(client, note);
        match going {
            true if self.active > 0 => self.send_next(crowd),
            true => self.conversation.send(crowd, client, crowd.now()),
            false => {}
        }
    }

    fn under_way(&self) -> u64 {
        self.conversation.under_way
    }

    fn faults(&self) -> Faults {
        self.conversation.faults()
    }
}

/// An open loop: messages are due at their time, whatever became of those before.
pub struct Paced {
    conversation: Conversation,
    /// Nanoseconds from one message to the next, of all connections together.
    interval: u64,
    due: Option<u64>,
    next: usize,
}

impl Paced {
    pub fn new(workload: &Workload) -> Self {
        let conversation = Conversation::new(workload);
        Self { conversation, interval: 1_000_000_000 / workload.rate, due: None, next: 0 }
    }
}

impl Work for Paced {
    fn turn(&mut self, crowd: &mut Crowd, meter: &mut Meter, now: u64) {
        let mut due = *self.due.get_or_insert(now);
        while due <= now {
            meter.late(now - due);
            self.conversation.send(crowd, self.next, due);
            self.next = (self.next + 1) % self.conversation.sent.len();
            due += self.interval;
        }
        self.due = Some(due);
    }

    fn hear(&mut self, _: &mut Crowd, client: usize, note: Note, _: bool) {
        self.conversation.hear(client, note);
    }

    fn under_way(&self) -> u64 {
        self.conversation.under_way
    }

    fn faults(&self) -> Faults {
        self.conversation.faults()
    }
}
