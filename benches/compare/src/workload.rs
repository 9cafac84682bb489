//! What is measured, as it is asked for: `echo,conns=64,depth=8`.

use std::{fmt, str::FromStr, time::Duration};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Echo,
    FanOut,
    Paced,
    Idle,
    Connect,
    Rooms,
    Stall,
}

const KINDS: [(&str, Kind); 7] = [
    ("echo", Kind::Echo),
    ("fanout", Kind::FanOut),
    ("paced", Kind::Paced),
    ("idle", Kind::Idle),
    ("connect", Kind::Connect),
    ("rooms", Kind::Rooms),
    ("stall", Kind::Stall),
];

#[derive(Clone, Debug)]
pub struct Workload {
    /// As it was asked for.
    pub text: String,
    pub kind: Kind,
    pub conns: usize,
    /// Messages under way, on each connection or in all, as the kind has it.
    pub depth: usize,
    /// Messages under way on all connections together; 0: what `depth` makes of it.
    pub active: usize,
    /// Bytes of a message.
    pub payload: usize,
    /// Messages a second, of all connections together.
    pub rate: u64,
    pub secs: f64,
    pub warmup: f64,
    pub rooms: u32,
    /// Of each room.
    pub members: u32,
    /// Milliseconds from one broadcast to the next; 0: none.
    pub every: u64,
    /// Worker threads of the server; 0: everything on one.
    pub threads: usize,
    pub poll: bool,
    /// Clients of all generations and transports.
    pub mixed: bool,
}

impl Workload {
    pub fn span(&self) -> (Duration, Duration) {
        (Duration::from_secs_f64(self.warmup), Duration::from_secs_f64(self.secs))
    }

    fn of(text: &str, kind: Kind) -> Self {
        let conns = match kind {
            Kind::Echo | Kind::Paced => 64,
            Kind::FanOut => 200,
            Kind::Idle | Kind::Rooms => 1000,
            Kind::Connect => 16,
            Kind::Stall => 15_000,
        };
        Self {
            text: text.to_owned(),
            kind,
            conns,
            depth: if kind == Kind::Rooms { 16 } else { 1 },
            active: 0,
            payload: 64,
            rate: 5000,
            secs: 3.0,
            warmup: 1.0,
            rooms: 100_000,
            members: 10,
            every: 500,
            threads: 0,
            poll: false,
            mixed: false,
        }
    }

    fn set(&mut self, key: &str, value: &str) -> Option<()> {
        match key {
            "conns" => self.conns = value.parse().ok().filter(|&conns| (1..=20_000).contains(&conns))?,
            "depth" => self.depth = value.parse().ok().filter(|&depth| (1..=1000).contains(&depth))?,
            "active" => self.active = value.parse().ok()?,
            "payload" => self.payload = value.parse().ok().filter(|&bytes| bytes <= 16_384)?,
            "rate" => self.rate = value.parse().ok().filter(|&rate| rate > 0)?,
            "secs" => self.secs = value.parse().ok().filter(|&secs| (0.1..=600.0).contains(&secs))?,
            "warmup" => self.warmup = value.parse().ok().filter(|&secs| (0.0..=600.0).contains(&secs))?,
            "rooms" => self.rooms = value.parse().ok().filter(|&rooms| rooms > 0)?,
            "members" => self.members = value.parse().ok().filter(|&members| members > 1)?,
            "every" => self.every = value.parse().ok()?,
            "threads" => self.threads = value.parse().ok()?,
            "poll" => self.poll = value == "1",
            "mixed" => self.mixed = value == "1",
            _ => return None,
        }
        Some(())
    }

    /// In words, as a heading.
    pub fn title(&self) -> String {
        let over = if self.poll { "over polling, " } else { "" };
        let who = if self.mixed { "clients of every generation, half of them polling" } else { "clients" };
        let threads = if self.threads > 0 { format!(", {} worker threads", self.threads) } else { String::new() };
        let Self { conns, depth, rate, .. } = self;
        let what = match self.kind {
            Kind::Echo if self.active > 0 => {
                format!("Echo, {over}{conns} {who}, {} messages under way in all", self.active)
            }
            Kind::Echo => format!("Echo, {over}{conns} {who}, {depth} under way on each"),
            Kind::FanOut => format!("Fan-out, {over}to {conns} {who}, {depth} under way"),
            Kind::Paced => format!("Echo at a fixed rate, {over}{rate} messages/s of {conns} {who}"),
            Kind::Idle => format!("Memory, {over}{conns} idle {who}"),
            Kind::Connect => format!("Connect and close, {over}{conns} at a time"),
            Kind::Rooms => {
                format!("{} rooms of {}, {over}{conns} {who}, {depth} under way", self.rooms, self.members)
            }
            Kind::Stall if self.every == 0 => {
                format!("Echo at a fixed rate, {rate} messages/s of 64 clients beside {conns} idle ones")
            }
            Kind::Stall => format!(
                "Echo at a fixed rate, {rate} messages/s of 64 clients, a broadcast to {conns} every {} ms",
                self.every
            ),
        };
        what + &threads
    }
}

impl FromStr for Workload {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(',');
        let name = parts.next().unwrap_or("");
        let kind = KINDS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("no workload {name:?}"))?.1;
        let mut workload = Self::of(text, kind);
        for part in parts {
            let set = part.split_once('=').and_then(|(key, value)| workload.set(key, value));
            set.ok_or_else(|| format!("{part:?} of {name}"))?;
        }
        if workload.kind == Kind::Rooms && workload.members as usize > workload.conns {
            return Err("more members of a room than connections".to_owned());
        }
        Ok(workload)
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}
