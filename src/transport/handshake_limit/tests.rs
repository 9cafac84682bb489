use super::*;

const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

/// Of sessions that are left unused only.
fn limit() -> HandshakeLimit {
    HandshakeLimit::new(None, Some(Rate { per_second: 10, burst: 5 })).unwrap()
}

/// A peer with a number of its own.
fn peer(number: u32) -> IpAddr {
    IpAddr::V6((u128::from(number) << 64 | 0x2001_u128 << 112).into())
}

#[test]
fn a_loop_of_handshakes_is_slowed_to_the_rate() {
    let mut limit = limit();
    let start = Instant::now();
    let mut now = start;
    for _ in 0..105 {
        match limit.begin(now, PEER, true) {
            Turn::Now => {}
            Turn::After(wait, waiting) => {
                now += wait;
                limit.waited(waiting);
            }
            Turn::Never(_) => panic!("a peer that waits its turn is served"),
        }
    }
    assert_eq!(now - start, Duration::from_secs(10));
}

#[test]
fn handshakes_that_are_followed_up_are_not_limited() {
    let mut limit = limit();
    let now = Instant::now();
    for _ in 0..1000 {
        assert_eq!(limit.begin(now, PEER, true), Turn::Now);
        limit.followed_up(PEER);
    }
}

#[test]
fn a_rate_of_all_handshakes_counts_also_those_that_are_used_or_cannot_be_left() {
    let rate = Rate { per_second: 10, burst: 5 };
    let mut limit = HandshakeLimit::new(Some(rate), Some(Rate { per_second: 1, burst: 1 })).unwrap();
    let now = Instant::now();
    for number in 0..5 {
        assert_eq!(limit.begin(now, PEER, number == 0), Turn::Now);
        limit.followed_up(PEER);
    }
    assert!(matches!(limit.begin(now, PEER, false), Turn::After(wait, _) if wait == Duration::from_millis(100)));
    assert!(matches!(limit.begin(now, PEER, true), Turn::After(..)));
}

#[test]
fn a_flood_at_once_is_refused_beyond_the_waiting_room() {
    let mut limit = limit();
    let now = Instant::now();
    let turns: Vec<_> = (0..1000).map(|_| limit.begin(now, PEER, true)).collect();
    let count = |wanted: fn(&Turn) -> bool| turns.iter().filter(|turn| wanted(turn)).count();
    assert_eq!(count(|turn| *turn == Turn::Now), 5);
    assert_eq!(count(|turn| matches!(turn, Turn::After(..))), 50);
    assert_eq!(limit.begin(now, peer(1), true), Turn::Now, "another peer does not notice");
    let Turn::Never(later) = limit.begin(now, PEER, true) else { panic!() };
    let again = limit.begin(now + later - PATIENCE, PEER, true);
    assert!(matches!(again, Turn::After(..)), "who comes again when it was told to is served: {again:?}");
}

#[test]
fn only_so_many_wait_of_one_peer_and_of_all() {
    let fast = Rate { per_second: 1000, burst: 1 };
    let mut limit = HandshakeLimit::new(Some(fast), None).unwrap();
    let now = Instant::now();
    let wait = |limit: &mut HandshakeLimit, number| {
        (0..1000).map(|_| limit.begin(now, peer(number), false)).filter(|turn| matches!(turn, Turn::After(..))).count()
    };
    assert_eq!(wait(&mut limit, 0), WAITING_OF_ONE as usize);
    assert_eq!(
        (1..100).map(|number| wait(&mut limit, number)).sum::<usize>(),
        (WAITING_OF_ALL - WAITING_OF_ONE) as usize
    );
    assert_eq!(limit.begin(now, peer(1000), false), Turn::Now, "who need not wait is served");
    let later = now + Duration::from_secs(1);
    limit.waited(Waiting(Some(network(peer(0)))));
    limit.begin(later, peer(0), false);
    assert!(matches!(limit.begin(later, peer(0), false), Turn::After(..)), "who no longer waits makes room");
}

#[test]
fn peers_that_are_quiet_again_are_forgotten() {
    let mut limit = limit();
    let now = Instant::now();
    for number in 0..SWEEP_AT as u32 {
        limit.begin(now, peer(number), true);
    }
    limit.begin(now + Duration::from_secs(60), PEER, true);
    assert_eq!(limit.peers.len(), 1);
}

#[test]
fn peers_beyond_all_bounds_share_an_account_until_there_is_room() {
    let mut limit = HandshakeLimit::new(Some(Rate { per_second: 1, burst: 2 }), None).unwrap();
    let now = Instant::now();
    for number in 0..MAX_PEERS as u32 {
        assert_eq!(limit.begin(now, peer(number), false), Turn::Now);
    }
    let (one, other) = (MAX_PEERS as u32, MAX_PEERS as u32 + 1);
    assert_eq!(limit.begin(now, peer(one), false), Turn::Now);
    assert_eq!(limit.begin(now, peer(other), false), Turn::Now);
    let Turn::After(_, waiting) = limit.begin(now, peer(one), false) else { panic!("a stranger is limited") };
    assert_eq!((waiting, limit.peers.len()), (Waiting(None), MAX_PEERS));
    limit.waited(waiting);
    assert_eq!(limit.begin(now, peer(0), false), Turn::Now, "whom it knows it still tells apart");
    let later = now + Duration::from_secs(60);
    assert_eq!(limit.begin(later, peer(other), false), Turn::Now);
    assert_eq!((limit.peers.len(), limit.strangers.waiting, limit.waiting), (1, 0, 0));
}

#[test]
fn an_ipv6_peer_is_its_prefix_and_a_mapped_address_is_ipv4() {
    assert_eq!(network("2001:db8::1".parse().unwrap()), network("2001:db8::ffff:2".parse().unwrap()));
    assert_ne!(network("2001:db8::1".parse().unwrap()), network("2001:db8:0:1::1".parse().unwrap()));
    assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
}
