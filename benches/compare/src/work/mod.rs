//! The workloads.

mod echo;
mod fan_out;
mod rooms;
mod sessions;
mod stall;

use crate::client::Heard;
use crate::crowd::Crowd;
use crate::dialect::Dialect;
use crate::meter::{Meter, Quantiles, Reading};
use crate::tally::{Faults, Note};
use crate::workload::{Kind, Workload};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// How long messages may still be under way when everybody has stopped sending.
const DRAIN: Duration = Duration::from_secs(5);

/// The server under test.
#[derive(Clone, Copy)]
pub struct Target {
    pub address: SocketAddr,
    pub pid: u32,
    pub dialect: Dialect,
}

/// What a run showed.
#[derive(Default)]
pub struct Findings {
    pub reading: Option<Reading>,
    pub faults: Faults,
    /// Bytes of a connection that has done nothing yet, and of one that was used.
    pub idle: Option<(f64, f64)>,
    /// How long broadcasts took to reach the last client, in microseconds.
    pub broadcasts: Option<Quantiles>,
}

/// What sends, and knows what has to come back.
trait Work {
    /// Sends what is due.
    fn turn(&mut self, crowd: &mut Crowd, meter: &mut Meter, now: u64);
    /// A message arrived; `going`: another may be sent.
    fn hear(&mut self, crowd: &mut Crowd, client: usize, note: Note, going: bool);
    fn under_way(&self) -> u64;
    fn faults(&self) -> Faults;
}

pub fn run(workload: &Workload, target: Target) -> Result<Findings, String> {
    match workload.kind {
        Kind::Idle => return sessions::idle(workload, target),
        Kind::Connect => return sessions::connect(workload, target),
        Kind::Stall => return stall::run(workload, target),
        _ => {}
    }
    let mut meter = Meter::new(target.pid, workload)?;
    let mut crowd = gather(workload, target)?;
    // An open loop is only as exact as the generator is awake.
    let (mut work, wait): (Box<dyn Work>, _) = match workload.kind {
        Kind::FanOut => (Box::new(fan_out::FanOut::new(workload)), Duration::from_millis(4)),
        Kind::Rooms => (Box::new(rooms::Rooms::join(workload, &mut crowd)?), Duration::from_millis(4)),
        Kind::Paced => (Box::new(echo::Paced::new(workload)), Duration::ZERO),
        _ => (Box::new(echo::Echo::new(workload)), Duration::from_millis(4)),
    };
    meter.begin();
    drive(work.as_mut(), &mut crowd, &mut meter, wait)?;
    Ok(Findings { reading: Some(meter.reading()?), faults: work.faults(), ..Findings::default() })
}

/// Everybody, connected.
fn gather(workload: &Workload, target: Target) -> Result<Crowd, String> {
    const EVERY: [Dialect; 3] = [Dialect::Engine4, Dialect::Packets, Dialect::Frames];
    let mut crowd = Crowd::new(target.address, 1024)?;
    for number in 0..workload.conns {
        match EVERY.get(number % EVERY.len()).filter(|_| workload.mixed) {
            Some(&dialect) => crowd.add(dialect, number / EVERY.len() % 2 == 1),
            None => crowd.add(target.dialect, workload.poll),
        }
    }
    crowd.open_all()?;
    Ok(crowd)
}

fn drive(work: &mut dyn Work, crowd: &mut Crowd, meter: &mut Meter, wait: Duration) -> Result<(), String> {
    let mut deadline = None;
    loop {
        let going = meter.tick()?;
        if going {
            let now = crowd.now();
            work.turn(crowd, meter, now);
        } else if work.under_way() == 0 || Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + DRAIN) {
            return Ok(());
        }
        for (client, heard) in crowd.turn(wait)? {
            match heard {
                Heard::Note(note) => {
                    meter.hear(crowd.now() - note.due);
                    work.hear(crowd, client, note, going);
                }
                Heard::Failed(error) => return Err(format!("client {client}: {error}")),
                _ => {}
            }
        }
    }
}
