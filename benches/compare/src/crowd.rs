//! All clients of one run and the poll they share.

use crate::client::{Client, Heard, Net};
use crate::dialect::Dialect;
use mio::{Events, Poll};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

/// How many connect at once: less than any server's backlog.
const CONNECTING: usize = 100;
/// How long a crowd may take to open.
const PATIENCE: Duration = Duration::from_secs(180);

pub struct Crowd {
    pub clients: Vec<Client>,
    poll: Poll,
    events: Events,
    to: SocketAddr,
    scratch: Vec<u8>,
    heard: Vec<(usize, Heard)>,
    /// Clients with something to write.
    dirty: Vec<usize>,
    began: Instant,
    opened: usize,
}

impl Crowd {
    /// `slice`: of how many clients a turn reads at most.
    pub fn new(to: SocketAddr, slice: usize) -> Result<Self, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        Ok(Self {
            clients: Vec::new(),
            poll,
            events: Events::with_capacity(slice),
            to,
            scratch: vec![0; 64 * 1024],
            heard: Vec::new(),
            dirty: Vec::new(),
            began: Instant::now(),
            opened: 0,
        })
    }

    pub fn add(&mut self, dialect: Dialect, polling: bool) {
        self.clients.push(Client::new(self.clients.len(), dialect, polling));
    }

    /// The generator's clock, in nanoseconds.
    pub fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    pub fn open(&mut self, index: usize) {
        // The ports of an address are used up by some 28,000 connections, those that have just been closed included.
        let address = u8::try_from(1 + self.opened / 4000 % 200).unwrap_or(1);
        self.opened += 1;
        let Some(client) = self.clients.get_mut(index) else { return };
        let net = Net { registry: self.poll.registry(), to: self.to, scratch: &mut self.scratch };
        if let Err(error) = client.open(&net, Ipv4Addr::new(127, 0, 0, address)) {
            self.heard.push((index, Heard::Failed(error)));
        }
    }

    /// Connects everybody, and returns when all are in.
    pub fn open_all(&mut self) -> Result<(), String> {
        let (mut begun, mut open) = (0, 0);
        let deadline = Instant::now() + PATIENCE;
        while open < self.clients.len() {
            while begun < self.clients.len() && begun < open + CONNECTING {
                self.open(begun);
                begun += 1;
            }
            for (_, heard) in self.turn(Duration::from_millis(100))? {
                match heard {
                    Heard::Open => open += 1,
                    Heard::Failed(error) => return Err(format!("after {open} clients: {error}")),
                    _ => {}
                }
            }
            if Instant::now() > deadline {
                return Err(format!("only {open} clients came in"));
            }
        }
        Ok(())
    }

    /// Waits for something to happen, at most this long, and tells what was heard.
    pub fn turn(&mut self, wait: Duration) -> Result<Vec<(usize, Heard)>, String> {
        self.flush();
        let wait = if self.heard.is_empty() { wait } else { Duration::ZERO };
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() != std::io::ErrorKind::Interrupted => return Err(error.to_string()),
            _ => {}
        }
        let mut heard = std::mem::take(&mut self.heard);
        let mut net = Net { registry: self.poll.registry(), to: self.to, scratch: &mut self.scratch };
        for event in &self.events {
            let (index, posts) = (event.token().0 / 2, event.token().0 % 2 == 1);
            let Some(client) = self.clients.get_mut(index) else { continue };
            let mut read = Ok(());
            if event.is_readable() || event.is_error() || event.is_read_closed() {
                read = client.read(&mut net, posts, &mut |said| heard.push((index, said)));
            }
            if let Err(error) = read.and_then(|()| client.write(&net)) {
                client.leave();
                heard.push((index, Heard::Failed(error)));
            }
        }
        Ok(heard)
    }

    /// Written with the next turn, together with what else this client sends until then.
    pub fn send(&mut self, index: usize, text: &str) {
        let Some(client) = self.clients.get_mut(index) else { return };
        client.send(text);
        self.dirty.push(index);
    }

    pub fn close(&mut self, index: usize) {
        let Some(client) = self.clients.get_mut(index) else { return };
        if client.close() {
            self.heard.push((index, Heard::Closed));
        }
        self.dirty.push(index);
    }

    pub fn flush(&mut self) {
        let net = Net { registry: self.poll.registry(), to: self.to, scratch: &mut self.scratch };
        for index in self.dirty.drain(..) {
            let Some(client) = self.clients.get_mut(index) else { continue };
            if let Err(error) = client.write(&net) {
                client.leave();
                self.heard.push((index, Heard::Failed(error)));
            }
        }
    }
}
