//! What bounds outgoing queues: each one, and all of a listener together.

use super::{
    on_full::OnFull,
    sync::{AtomicUsize, Ordering},
};

/// How much may wait for one client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Encoded bytes.
    pub(crate) bytes: usize,
    /// Messages.
    pub(crate) messages: usize,
}

/// The bounds of every queue of one listener, and the account of what waits in all of them.
///
/// The more waits in all, the less may wait in each: no queue may cost more than what is left. So however many clients
/// do not read, they share the total evenly. A quarter of it is not for them: only who has taken what was there before
/// has a share in that, so that a message to many reaches all who read.
#[derive(Debug)]
pub(crate) struct Allowance {
    pub(crate) limits: Limits,
    pub(crate) on_full: OnFull,
    /// How much may wait in all queues: bytes, those that keep them included.
    total: usize,
    used: AtomicUsize,
}

impl Allowance {
    pub(crate) fn new(limits: Limits, on_full: OnFull, total: usize) -> Self {
        Self { limits, on_full, total, used: AtomicUsize::new(0) }
    }

    /// What all queues cost now, in bytes.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether a queue of this cost may become so much more expensive after it has given back `spare`. Its client keeps
    /// up with what is said to it, or not.
    ///
    /// Who asks takes in a second step, so threads that ask at the same time may exceed the total by one message each.
    pub(super) fn leave_room(&self, held: usize, cost: usize, spare: usize, keeps_up: bool) -> bool {
        let used = self.used().saturating_sub(spare);
        if keeps_up {
            return used.saturating_add(cost) <= self.total;
        }
        let left = (self.total - self.total / 4).saturating_sub(used);
        held.saturating_sub(spare).saturating_add(cost) <= left
    }

    pub(super) fn take(&self, cost: usize) {
        self.used.fetch_add(cost, Ordering::Relaxed);
    }

    pub(super) fn give_back(&self, cost: usize) {
        if cost > 0 {
            self.used.fetch_sub(cost, Ordering::Relaxed);
        }
    }
}

/// Allowance of one queue alone.
impl From<Limits> for Allowance {
    fn from(limits: Limits) -> Self {
        Self::new(limits, OnFull::default(), usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: usize::MAX, messages: usize::MAX };

    #[test]
    fn a_queue_that_is_not_read_may_have_as_much_as_is_left_of_three_quarters() {
        let allowance = Allowance::new(LIMITS, OnFull::default(), 100);
        allowance.take(30);
        assert!(allowance.leave_room(30, 15, 0, false), "45 of 45 that are left");
        allowance.take(15);
        assert!(!allowance.leave_room(45, 1, 0, false), "46 of 30 that are left");
        assert!(allowance.leave_room(45, 1, 8, false), "38 of 38 that are left, when eight are given back");
        assert!(allowance.leave_room(0, 30, 0, false), "and another as much");
    }

    #[test]
    fn queues_that_are_never_emptied_share_evenly_and_leave_a_quarter_to_who_reads() {
        let allowance = Allowance::new(LIMITS, OnFull::default(), 1_000_000);
        let mut queues = [0_usize; 99];
        for _ in 0..20_000 {
            for held in &mut queues {
                if allowance.leave_room(*held, 50, 0, false) {
                    *held += 50;
                    allowance.take(50);
                }
            }
        }
        assert_eq!(allowance.used(), queues.iter().sum::<usize>());
        assert!(queues.iter().all(|held| (7_400..=7_500).contains(held)), "{queues:?}");
        assert!(allowance.leave_room(0, 250_000, 0, true));
        allowance.take(250_000);
        assert!(!allowance.leave_room(0, 7_501, 0, true), "no more than there is");
    }

    #[test]
    fn what_exceeds_every_number_is_refused() {
        let allowance = Allowance::new(LIMITS, OnFull::default(), 100);
        allowance.take(10);
        for keeps_up in [false, true] {
            assert!(!allowance.leave_room(10, usize::MAX, 0, keeps_up));
            assert!(!allowance.leave_room(0, usize::MAX, usize::MAX, keeps_up));
        }
    }
}
