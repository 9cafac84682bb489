//! Many rooms with a few members each. The first member of a room speaks (`!say`), the others hear it. Joining is
//! `!join`, answered `ok`.

use super::Work;
use crate::client::Heard;
use crate::{crowd::Crowd, meter::Meter, tally::Faults, tally::Note, tally::Tally, workload::Workload};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Joins under way for each client.
const JOINING: usize = 16;
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Rooms {
    rooms: u32,
    members: u32,
    conns: u32,
    depth: usize,
    payload: usize,
    /// Of each room.
    sent: Vec<u64>,
    tallies: HashMap<(u32, usize), Tally>,
    under_way: u64,
}

impl Rooms {
    /// Returns when everybody is in all of his rooms.
    pub fn join(workload: &Workload, crowd: &mut Crowd) -> Result<Self, String> {
        let Workload { rooms, members, depth, payload, .. } = *workload;
        let conns = u32::try_from(workload.conns).map_err(|error| error.to_string())?;
        let sent = vec![0; rooms as usize];
        let this = Self { rooms, members, conns, depth, payload, sent, tallies: HashMap::new(), under_way: 0 };
        let mut waiting: Vec<Vec<u32>> = vec![Vec::new(); workload.conns];
        for room in 0..rooms {
            for place in 0..members {
                if let Some(waiting) = waiting.get_mut(this.member(room, place)) {
                    waiting.push(room);
                }
            }
        }
        let mut missing = u64::from(rooms) * u64::from(members);
        for (client, waiting) in waiting.iter_mut().enumerate() {
            (0..JOINING).for_each(|_| join_next(crowd, client, waiting));
        }
        let deadline = Instant::now() + PATIENCE;
        while missing > 0 {
            for (client, heard) in crowd.turn(Duration::from_millis(100))? {
                match heard {
                    Heard::Other => missing -= 1,
                    Heard::Failed(error) => return Err(error),
                    _ => continue,
                }
                if let Some(waiting) = waiting.get_mut(client) {
                    join_next(crowd, client, waiting);
                }
            }
            if Instant::now() > deadline {
                return Err(format!("{missing} joins were not answered"));
            }
        }
        Ok(this)
    }

    /// Who has this place in the room; consecutive rooms have other members.
    fn member(&self, room: u32, place: u32) -> usize {
        let number = u64::from(room) * u64::from(self.members) + u64::from(place);
        usize::try_from(number % u64::from(self.conns)).unwrap_or(0)
    }

    fn say(&mut self, crowd: &mut Crowd) {
        let room = fastrand::u32(..self.rooms);
        let Some(sent) = self.sent.get_mut(room as usize) else { return };
        let note = Note { number: *sent, stream: room, due: crowd.now() };
        *sent += 1;
        self.under_way += u64::from(self.members - 1);
        crowd.send(self.member(room, 0), &note.write(&format!("!say r{room} "), self.payload));
    }
}

fn join_next(crowd: &mut Crowd, client: usize, waiting: &mut Vec<u32>) {
    if let Some(room) = waiting.pop() {
        crowd.send(client, &format!("!join r{room}"));
    }
}

impl Work for Rooms {
    fn turn(&mut self, crowd: &mut Crowd, _: &mut Meter, _: u64) {
        let full = self.depth as u64 * u64::from(self.members - 1);
        while self.under_way + u64::from(self.members - 1) <= full {
            self.say(crowd);
        }
    }

    fn hear(&mut self, _: &mut Crowd, client: usize, note: Note, _: bool) {
        self.under_way = self.under_way.saturating_sub(1);
        self.tallies.entry((note.stream, client)).or_default().hear(note.number);
    }

    fn under_way(&self) -> u64 {
        self.under_way
    }

    fn faults(&self) -> Faults {
        let mut faults = Faults::default();
        for (room, &sent) in (0_u32..).zip(&self.sent).filter(|(_, sent)| **sent > 0) {
            for place in 1..self.members {
                match self.tallies.get(&(room, self.member(room, place))) {
                    Some(tally) => faults += tally.faults(sent),
                    None => faults.lost += sent,
                }
            }
        }
        faults
    }
}
