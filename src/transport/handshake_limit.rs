//! How fast one peer may begin sessions, and how fast those it does not use.
//!
//! A client of the wrong dialect cannot read its session id and asks for another at once, some 150 times a second.
//! Every handshake costs its peer a token; one that begins a session which may be left unused costs a second, of another
//! kind, that the session's second request gives back. A peer without tokens is not refused but made to wait its turn,
//! up to a bound. What is remembered is bounded as well, whatever addresses come.

use std::{
    collections::HashMap,
    net::IpAddr,
    time::{Duration, Instant},
};

/// The rate at which tokens come back by themselves, and how many a peer may have saved.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) per_second: u32,
    pub(crate) burst: u32,
}

impl Rate {
    fn interval(self) -> Duration {
        Duration::from_secs(1) / self.per_second.max(1)
    }

    /// How long a peer with this debt waits, and its debt after that.
    fn next(self, debt: Instant, now: Instant) -> (Duration, Instant) {
        let interval = self.interval();
        let next = debt.max(now) + interval;
        ((next - now).saturating_sub(interval * self.burst.max(1)), next)
    }
}

/// Whether a handshake may go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Turn {
    /// At once.
    Now,
    /// After this time. Whoever waits says so when it no longer does.
    After(Duration, Waiting),
    /// Not now; coming again before this time has passed is of no use.
    Never(Duration),
}

/// Whose handshake waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "it waits until it is handed back"]
pub(crate) struct Waiting(Option<IpAddr>);

#[derive(Debug)]
pub(crate) struct HandshakeLimit {
    all: Option<Rate>,
    unused: Option<Rate>,
    peers: HashMap<IpAddr, Account>,
    /// Of all peers for which there is no room.
    strangers: Account,
    waiting: u32,
    sweep_at: usize,
    /// Not before this time, where there is no room: a sweep that frees nothing is dear.
    next_sweep: Instant,
}

/// What one peer owes: the times at which it would have all its tokens again, and its handshakes that wait.
#[derive(Debug, Clone, Copy)]
struct Account {
    all: Instant,
    unused: Instant,
    waiting: u32,
}

impl Account {
    fn new(now: Instant) -> Self {
        Self { all: now, unused: now, waiting: 0 }
    }

    fn is_even(&self, now: Instant) -> bool {
        self.all <= now && self.unused <= now && self.waiting == 0
    }
}

/// The longest a handshake is made to wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many handshakes of one peer wait at a time, and how many of all: each holds its request.
const WAITING_OF_ONE: u32 = 256;
const WAITING_OF_ALL: u32 = 4096;
const SWEEP_AT: usize = 1024;
/// How many peers are told apart. They are forgotten when they owe nothing, which is soon.
const MAX_PEERS: usize = 1 << 16;
const SWEEP_INTERVAL: Duration = Duration::from_secs(1);

impl HandshakeLimit {
    /// Nothing where nothing is limited.
    pub(crate) fn new(all: Option<Rate>, unused: Option<Rate>) -> Option<Self> {
        all.or(unused)?;
        let now = Instant::now();
        let (peers, strangers) = (HashMap::new(), Account::new(now));
        Some(Self { all, unused, peers, strangers, waiting: 0, sweep_at: SWEEP_AT, next_sweep: now })
    }

    /// A handshake of this peer begins; `may_be_left` says that the session may be left unused.
    pub(crate) fn begin(&mut self, now: Instant, peer: IpAddr, may_be_left: bool) -> Turn {
        let (all, unused) = (self.all, self.unused.filter(|_| may_be_left));
        let is_full = self.waiting >= WAITING_OF_ALL;
        let (key, account) = self.account(now, peer);
        let next = |rate: Option<Rate>, debt| rate.map_or((Duration::ZERO, debt), |rate| rate.next(debt, now));
        let ((wait, owes), (wait_of_unused, owes_unused)) = (next(all, account.all), next(unused, account.unused));
        let wait = wait.max(wait_of_unused);
        if wait > PATIENCE || (!wait.is_zero() && (is_full || account.waiting >= WAITING_OF_ONE)) {
            return Turn::Never(wait);
        }
        (account.all, account.unused) = (owes, owes_unused);
        if wait.is_zero() {
            return Turn::Now;
        }
        account.waiting += 1;
        self.waiting += 1;
        Turn::After(wait, Waiting(key))
    }

    /// A handshake no longer waits.
    pub(crate) fn waited(&mut self, waiting: Waiting) {
        let account = match waiting.0 {
            Some(peer) => self.peers.get_mut(&peer),
            None => Some(&mut self.strangers),
        };
        if let Some(account) = account {
            account.waiting = account.waiting.saturating_sub(1);
        }
        self.waiting = self.waiting.saturating_sub(1);
    }

    /// A session of this peer was used: its handshake was an honest one.
    pub(crate) fn followed_up(&mut self, peer: IpAddr) {
        let Some(interval) = self.unused.map(Rate::interval) else { return };
        if let Some(account) = self.peers.get_mut(&network(peer)) {
            account.unused = account.unused.checked_sub(interval).unwrap_or(account.unused);
        }
    }

    /// The account of a peer, and where it is kept.
    fn account(&mut self, now: Instant, peer: IpAddr) -> (Option<IpAddr>, &mut Account) {
        let key = network(peer);
        self.sweep(now);
        if self.peers.len() >= MAX_PEERS && !self.peers.contains_key(&key) {
            return (None, &mut self.strangers);
        }
        (Some(key), self.peers.entry(key).or_insert_with(|| Account::new(now)))
    }

    fn sweep(&mut self, now: Instant) {
        if self.peers.len() >= self.sweep_at && now >= self.next_sweep {
            self.peers.retain(|_, account| !account.is_even(now));
            self.sweep_at = SWEEP_AT.max(self.peers.len() * 2).min(MAX_PEERS);
            if self.peers.len() >= self.sweep_at {
                self.next_sweep = now + SWEEP_INTERVAL;
            }
            if self.peers.is_empty() {
                self.peers = HashMap::new();
            }
        }
    }
}

/// One household: an IPv4 address, or the 64-bit prefix of an IPv6 address.
pub(crate) fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests;
