//! How many sessions there may be: of the listener, and of one peer.
//!
//! A place is taken before a session is opened, while its handshake is still being judged, so that a crowd cannot slip
//! in together. It is given back when the session has closed, or was not opened after all.

use crate::transport::network;
use std::{
    collections::{HashMap, hash_map},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug)]
pub(crate) struct Admission {
    max_sessions: usize,
    max_sessions_per_peer: usize,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// No more of them than sessions, since nobody is here who has none.
    peers: HashMap<IpAddr, usize>,
}

/// Why there is no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Full {
    /// The listener has all the sessions it may have.
    Listener,
    /// The peer has.
    Peer,
}

impl Admission {
    pub(crate) fn new(max_sessions: usize, max_sessions_per_peer: usize) -> Self {
        Self { max_sessions, max_sessions_per_peer, taken: Mutex::default() }
    }

    /// A place for a session of this peer, where it is known.
    pub(crate) fn take(self: &Arc<Self>, peer: Option<IpAddr>) -> Result<Place, Full> {
        let mut taken = self.lock();
        if taken.all >= self.max_sessions {
            return Err(Full::Listener);
        }
        if let Some(peer) = self.counted(peer) {
            let sessions = taken.peers.get(&peer).copied().unwrap_or(0);
            if sessions >= self.max_sessions_per_peer {
                return Err(Full::Peer);
            }
            taken.peers.insert(peer, sessions + 1);
        }
        taken.all += 1;
        drop(taken);
        Ok(Place { admission: Arc::clone(self), peer, is_kept: false })
    }

    /// The session that had a place of this peer has closed.
    pub(crate) fn give_back(&self, peer: Option<IpAddr>) {
        let mut taken = self.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(peer) = self.counted(peer) {
            if let hash_map::Entry::Occupied(mut sessions) = taken.peers.entry(peer) {
                *sessions.get_mut() -= 1;
                if *sessions.get() == 0 {
                    sessions.remove();
                }
            }
        }
        if taken.peers.is_empty() {
            taken.peers = HashMap::new();
        }
    }

    /// Whom the sessions of this peer are counted for; nobody where there is no bound.
    fn counted(&self, peer: Option<IpAddr>) -> Option<IpAddr> {
        peer.filter(|_| self.max_sessions_per_peer < usize::MAX).map(network)
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The place of a session that is to begin. Dropped, it is free again.
#[derive(Debug)]
pub(crate) struct Place {
    admission: Arc<Admission>,
    peer: Option<IpAddr>,
    is_kept: bool,
}

impl Place {
    /// The session has begun: its end gives the place back.
    pub(crate) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.is_kept {
            self.admission.give_back(self.peer);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().unwrap())
    }

    fn held(admission: &Admission) -> (usize, usize) {
        let taken = admission.lock();
        (taken.all, taken.peers.len())
    }

    #[test]
    fn each_peer_has_its_places_and_all_have_theirs() {
        let admission = Arc::new(Admission::new(5, 2));
        let (one, other) = (address("192.0.2.1"), address("2001:db8::1"));
        let mut places = vec![admission.take(one).unwrap(), admission.take(one).unwrap()];
        assert_eq!(admission.take(one).unwrap_err(), Full::Peer);
        assert_eq!(admission.take(address("::ffff:192.0.2.1")).unwrap_err(), Full::Peer, "the same address");
        places.extend([admission.take(other).unwrap(), admission.take(address("2001:db8::2")).unwrap()]);
        assert_eq!(admission.take(address("2001:db8::ffff:3")).unwrap_err(), Full::Peer, "the same household");
        places.push(admission.take(None).unwrap());
        assert_eq!(admission.take(None).unwrap_err(), Full::Listener);
        assert_eq!(held(&admission), (5, 2));
        drop(places);
        assert_eq!(held(&admission), (0, 0));
    }

    #[test]
    fn a_place_that_is_kept_is_given_back_by_the_end_of_its_session() {
        let admission = Arc::new(Admission::new(1, 1));
        let peer = address("192.0.2.1");
        admission.take(peer).unwrap().keep();
        assert_eq!(admission.take(peer).unwrap_err(), Full::Listener);
        admission.give_back(peer);
        assert_eq!(held(&admission), (0, 0));
        assert!(admission.take(peer).is_ok());
    }

    #[test]
    fn a_crowd_cannot_slip_in_together() {
        let admission = Arc::new(Admission::new(10, 7));
        let peer = address("192.0.2.1");
        let crowd: Vec<_> = (0..4)
            .map(|_| {
                let admission = Arc::clone(&admission);
                std::thread::spawn(move || (0..100).filter_map(|_| admission.take(peer).ok()).collect::<Vec<_>>())
            })
            .collect();
        let places: Vec<_> = crowd.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        assert_eq!(places.len(), 7);
    }

    #[test]
    fn where_peers_are_not_bounded_none_is_remembered() {
        let admission = Arc::new(Admission::new(10, usize::MAX));
        let _place = admission.take(address("192.0.2.1")).unwrap();
        assert_eq!(held(&admission), (1, 0));
    }
}
