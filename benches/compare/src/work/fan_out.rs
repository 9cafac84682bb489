//! Client 0 broadcasts to everybody; the next broadcast goes when one of those under way has reached all.

use super::Work;
use crate::{crowd::Crowd, meter::Meter, tally::Faults, tally::Note, tally::Tally, workload::Workload};
use std::collections::VecDeque;

pub struct FanOut {
    tallies: Vec<Tally>,
    depth: usize,
    payload: usize,
    sent: u64,
    /// How many have heard each of the broadcasts under way, the oldest first.
    reached: VecDeque<usize>,
}

impl FanOut {
    pub fn new(workload: &Workload) -> Self {
        let Workload { conns, depth, payload, .. } = *workload;
        Self { tallies: vec![Tally::default(); conns], depth, payload, sent: 0, reached: VecDeque::new() }
    }

    pub fn send(&mut self, crowd: &mut Crowd) {
        // Stream 1 tells a broadcast from what else a client may hear.
        let note = Note { number: self.sent, stream: 1, due: crowd.now() };
        crowd.send(0, &note.write("b:", self.payload));
        self.sent += 1;
        self.reached.push_back(0);
    }

    /// Whether it was the last client that a broadcast reached.
    pub fn heard(&mut self, client: usize, note: Note) -> bool {
        let Some(tally) = self.tallies.get_mut(client) else { return false };
        tally.hear(note.number);
        let oldest = self.sent - self.reached.len() as u64;
        let position = note.number.checked_sub(oldest).and_then(|position| usize::try_from(position).ok());
        let Some(reached) = position.and_then(|position| self.reached.get_mut(position)) else { return false };
        *reached += 1;
        let complete = *reached == self.tallies.len();
        while self.reached.front().is_some_and(|&reached| reached >= self.tallies.len()) {
            self.reached.pop_front();
        }
        complete
    }
}

impl Work for FanOut {
    fn turn(&mut self, crowd: &mut Crowd, _: &mut Meter, _: u64) {
        while self.reached.len() < self.depth {
            self.send(crowd);
        }
    }

    fn hear(&mut self, _: &mut Crowd, client: usize, note: Note, _: bool) {
        self.heard(client, note);
    }

    fn under_way(&self) -> u64 {
        self.reached.len() as u64
    }

    fn faults(&self) -> Faults {
        self.tallies.iter().fold(Faults::default(), |mut all, tally| {
            all += tally.faults(self.sent);
            all
        })
    }
}
