//! What clients have sent that waits: for its rest, or for the application.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// Below this nothing is noted: what a client usually says costs nobody an access to what all share. In bytes.
const GRAIN: usize = 4 * 1024;

/// The account of what waits of all clients of one listener.
///
/// The more waits in all, the less may wait in each place: no more than what is left. So however many clients let things
/// wait, they share the total evenly, and some of it stays free for who does not.
#[derive(Debug)]
pub(crate) struct Received {
    total: usize,
    used: AtomicUsize,
}

impl Received {
    pub(crate) fn new(total: usize) -> Self {
        Self { total, used: AtomicUsize::new(0) }
    }

    /// What waits now, in bytes, in steps of [`GRAIN`].
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }
}

/// What waits in one place, until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    received: Arc<Received>,
    /// What of it is noted.
    noted: usize,
}

impl Held {
    pub(crate) fn nothing(received: &Arc<Received>) -> Self {
        Self { received: Arc::clone(received), noted: 0 }
    }

    /// So many bytes wait here now. Answers whether they may: if not, they are noted all the same, and it is for the
    /// caller to let go of them or to take no more.
    pub(crate) fn set(&mut self, bytes: usize) -> bool {
        let noted = if bytes < GRAIN { 0 } else { bytes.next_multiple_of(GRAIN) };
        let before = std::mem::replace(&mut self.noted, noted);
        let used = &self.received.used;
        if noted > before {
            used.fetch_add(noted - before, Ordering::Relaxed);
        } else if noted < before {
            used.fetch_sub(before - noted, Ordering::Relaxed);
        }
        self.fits()
    }

    /// Whether what waits here is no more than what is left for all.
    pub(crate) fn fits(&self) -> bool {
        self.noted == 0 || self.received.used().saturating_add(self.noted) <= self.received.total
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.noted > 0 {
            self.received.used.fetch_sub(self.noted, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIB: usize = 1024;

    #[test]
    fn a_little_is_not_noted() {
        let received = Arc::new(Received::new(1));
        let mut held = Held::nothing(&received);
        assert!(held.set(GRAIN - 1));
        assert_eq!(received.used(), 0);
        assert!(!held.set(GRAIN), "more than there may be");
        assert_eq!(received.used(), GRAIN);
    }

    #[test]
    fn what_is_let_go_of_is_forgotten() {
        let received = Arc::new(Received::new(usize::MAX));
        let mut held = Held::nothing(&received);
        let other = {
            let mut other = Held::nothing(&received);
            assert!(other.set(10 * KIB) && held.set(100 * KIB) && held.set(5 * KIB));
            other
        };
        assert_eq!(received.used(), 12 * KIB + 8 * KIB, "in whole steps");
        drop(other);
        assert_eq!(received.used(), 8 * KIB);
        assert!(held.set(0));
        drop(held);
        assert_eq!(received.used(), 0);
    }

    #[test]
    fn who_takes_all_there_is_leaves_room_for_another() {
        let received = Arc::new(Received::new(1000 * KIB));
        let mut greedy: Vec<_> = (0..9).map(|_| (Held::nothing(&received), 0)).collect();
        for _ in 0..1000 {
            for (held, bytes) in &mut greedy {
                if held.set(*bytes + GRAIN) {
                    *bytes += GRAIN;
                } else {
                    held.set(*bytes);
                }
            }
        }
        assert!(greedy.iter().all(|(_, bytes)| (92 * KIB..=100 * KIB).contains(bytes)), "{greedy:?}");
        assert!(Held::nothing(&received).set(44 * KIB), "who comes next has half as much as each of them");
        assert!(!Held::nothing(&received).set(100 * KIB));
    }
}
