//! The yardstick: what one write and one read on loopback cost at this moment. Machines that are shared change their
//! speed by tens of percent within minutes, and this changes with it.

use crate::process::own_cpu_time;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(4);
/// Pairs at a time, and those before that do not count.
const PAIRS: u32 = 8;
const WARMING: u32 = 4;

pub struct Yardstick {
    near: TcpStream,
    far: TcpStream,
    next: Instant,
    /// What each burst cost, in nanoseconds a pair.
    costs: Vec<f64>,
}

impl Yardstick {
    pub fn new() -> Result<Self, String> {
        let open = || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
            let near = TcpStream::connect(listener.local_addr()?)?;
            near.set_nodelay(true)?;
            let far = listener.accept()?.0;
            far.set_nodelay(true)?;
            Ok((near, far))
        };
        let (near, far) = open().map_err(|error: std::io::Error| format!("the yardstick: {error}"))?;
        Ok(Self { near, far, next: Instant::now(), costs: Vec::new() })
    }

    pub fn measure_if_due(&mut self, now: Instant) -> Result<(), String> {
        if now < self.next {
            return Ok(());
        }
        self.next = now + EVERY;
        // The first find the caches full of other things, and cost several times as much.
        (0..WARMING / 2).try_for_each(|_| self.pass())?;
        let before = own_cpu_time()?;
        for _ in 0..PAIRS / 2 {
            self.pass()?;
        }
        self.costs.push((own_cpu_time()? - before).as_nanos() as f64 / f64::from(PAIRS));
        Ok(())
    }

    /// There and back, as an echo goes: what is received is acknowledged with the answer.
    fn pass(&mut self) -> Result<(), String> {
        let mut bytes = [0; 70];
        let there = self.near.write_all(&bytes).and_then(|()| self.far.read_exact(&mut bytes));
        let back = there.and_then(|()| self.far.write_all(&bytes)).and_then(|()| self.near.read_exact(&mut bytes));
        back.map_err(|error| format!("the yardstick: {error}"))
    }

    pub fn reset(&mut self) {
        self.costs.clear();
    }

    /// Microseconds a pair, without the tenth of the bursts that was disturbed most. No median: where two processors are
    /// threads of one core, a pair costs either this or that, and the median would be one of both by chance.
    pub fn cost(&self) -> Option<f64> {
        let mut costs = self.costs.clone();
        costs.sort_by(f64::total_cmp);
        costs.truncate(costs.len() - costs.len() / 10);
        (!costs.is_empty()).then(|| costs.iter().sum::<f64>() / costs.len() as f64 / 1000.0)
    }
}
