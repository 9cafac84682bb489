//! How fast one peer may open sessions it does not use.
//!
//! A client of the wrong dialect cannot read its session id and asks for another at once, some 150 times a second.
//! Every handshake costs its peer a token; the session's second request gives it back. A peer without tokens is not
//! refused but made to wait its turn, up to a bound.

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
}

/// Whether a handshake may go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// At once.
    Now,
    /// After this time.
    After(Duration),
    /// The peer has too many waiting already.
    Never,
}

#[derive(Debug)]
pub(crate) struct HandshakeLimit {
    rate: Rate,
    /// The time at which the peer would have all its tokens again.
    peers: HashMap<IpAddr, Instant>,
    sweep_at: usize,
}

/// The longest a handshake is made to wait.
const PATIENCE: Duration = Duration::from_secs(5);
const SWEEP_AT: usize = 1024;

impl HandshakeLimit {
    pub(crate) fn new(rate: Rate) -> Self {
        Self { rate, peers: HashMap::new(), sweep_at: SWEEP_AT }
    }

    /// A handshake of this peer begins.
    pub(crate) fn begin(&mut self, now: Instant, peer: IpAddr) -> Turn {
        self.sweep(now);
        let interval = self.rate.interval();
        let full = self.peers.entry(network(peer)).or_insert(now);
        let next = (*full).max(now) + interval;
        let wait = (next - now).saturating_sub(interval * self.rate.burst.max(1));
        if wait > PATIENCE {
            return Turn::Never;
        }
        *full = next;
        if wait.is_zero() { Turn::Now } else { Turn::After(wait) }
    }

    /// A session of this peer was used: its handshake was an honest one.
    pub(crate) fn followed_up(&mut self, peer: IpAddr) {
        let interval = self.rate.interval();
        if let Some(full) = self.peers.get_mut(&network(peer)) {
            *full = full.checked_sub(interval).unwrap_or(*full);
        }
    }

    fn sweep(&mut self, now: Instant) {
        if self.peers.len() >= self.sweep_at {
            self.peers.retain(|_, full| *full > now);
            self.sweep_at = SWEEP_AT.max(self.peers.len() * 2);
        }
    }
}

/// One household: an IPv4 address, or the 64-bit prefix of an IPv6 address.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !u128::from(u64::MAX)).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    fn limit() -> HandshakeLimit {
        HandshakeLimit::new(Rate { per_second: 10, burst: 5 })
    }

    #[test]
    fn a_loop_of_handshakes_is_slowed_to_the_rate() {
        let mut limit = limit();
        let start = Instant::now();
        let mut now = start;
        for _ in 0..105 {
            match limit.begin(now, PEER) {
                Turn::Now => {}
                Turn::After(wait) => now += wait,
                Turn::Never => panic!("a peer that waits its turn is served"),
            }
        }
        assert_eq!(now - start, Duration::from_secs(10));
    }

    #[test]
    fn handshakes_that_are_followed_up_are_not_limited() {
        let mut limit = limit();
        let now = Instant::now();
        for _ in 0..1000 {
            assert_eq!(limit.begin(now, PEER), Turn::Now);
            limit.followed_up(PEER);
        }
    }

    #[test]
    fn a_flood_at_once_is_refused_beyond_the_waiting_room() {
        let mut limit = limit();
        let now = Instant::now();
        let turns: Vec<_> = (0..1000).map(|_| limit.begin(now, PEER)).collect();
        let count = |wanted: fn(&Turn) -> bool| turns.iter().filter(|turn| wanted(turn)).count();
        assert_eq!(count(|turn| *turn == Turn::Now), 5);
        assert_eq!(count(|turn| matches!(turn, Turn::After(_))), 50);
        let other = "192.0.2.1".parse().unwrap();
        assert_eq!(limit.begin(now, other), Turn::Now, "another peer does not notice");
    }

    #[test]
    fn peers_that_are_quiet_again_are_forgotten() {
        let mut limit = limit();
        let now = Instant::now();
        for number in 0..SWEEP_AT as u32 {
            limit.begin(now, IpAddr::V4(number.into()));
        }
        limit.begin(now + Duration::from_secs(60), PEER);
        assert_eq!(limit.peers.len(), 1);
    }

    #[test]
    fn an_ipv6_peer_is_its_prefix_and_a_mapped_address_is_ipv4() {
        assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:2".parse().unwrap()));
        assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
