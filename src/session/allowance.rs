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
/// do not read, they share the total evenly, and about as much as one of them has stays free for who does read.
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

    /// Whether a queue of this cost may become so much more expensive after it has given back `spare`.
    ///
    /// Who asks takes in a second step, so threads that ask at the same time may exceed the total by one message each.
    pub(super) fn leave_room(&self, held: usize, cost: usize, spare: usize) -> bool {
        let left = self.total.saturating_sub(self.used().saturating_sub(spare));
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
    fn one_queue_may_have_half_of_the_total() {
        let allowance = Allowance::new(LIMITS, OnFull::default(), 100);
        allowance.take(40);
        assert!(allowance.leave_room(40, 10, 0), "50 of 60 that are left");
        allowance.take(10);
        assert!(!allowance.leave_room(50, 1, 0), "51 of 50 that are left");
        assert!(allowance.leave_room(50, 2, 1), "51 of 51 that are left, when one is given back");
        assert!(allowance.leave_room(0, 50, 0), "and another as much");
    }

    #[test]
    fn queues_that_are_never_emptied_share_the_total_evenly_and_leave_room_for_another() {
        let allowance = Allowance::new(LIMITS, OnFull::default(), 1_000_000);
        let mut queues = [0_usize; 99];
        for _ in 0..20_000 {
            for held in &mut queues {
                if allowance.leave_room(*held, 100, 0) {
                    *held += 100;
                    allowance.take(100);
                }
            }
        }
        assert_eq!(allowance.used(), queues.iter().sum::<usize>());
        assert!(queues.iter().all(|held| (9_900..=10_000).contains(held)), "{queues:?}");
        assert!(allowance.leave_room(0, 9_900, 0), "who reads has as much as each of them");
    }

    #[test]
    fn what_exceeds_every_number_is_refused() {
        let allowance = Allowance::new(LIMITS, OnFull::default(), 100);
        allowance.take(10);
        assert!(!allowance.leave_room(10, usize::MAX, 0));
        assert!(!allowance.leave_room(0, usize::MAX, usize::MAX));
    }
}
