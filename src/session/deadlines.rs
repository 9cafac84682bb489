//! One timer for all sessions: who has to be looked at, and when.

use std::{
    fmt,
    future::poll_fn,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
    time::Instant,
};
use tokio_util::time::DelayQueue;

/// Something with deadlines.
pub(crate) trait Expire: Send + Sync + 'static {
    /// A deadline that was set has come.
    fn expire(self: Arc<Self>);
}

/// The deadlines of everything that expires. Entries are not cancelled: whoever is called too early says when it
/// wants to be called again, which is rarer than the changes of mind in between.
pub(crate) struct Deadlines<T> {
    queue: Mutex<DelayQueue<Weak<T>>>,
}

impl<T: Expire> Deadlines<T> {
    pub(crate) fn new() -> Self {
        Self { queue: Mutex::new(DelayQueue::new()) }
    }

    pub(crate) fn add(&self, member: &Arc<T>, at: Instant) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Wakes the runner when this is the earliest.
        queue.insert_at(Arc::downgrade(member), at.into());
    }

    /// Runs until dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        poll_fn(|context| self.poll_expired(context)).await;
    }

    fn poll_expired(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
            let Poll::Ready(Some(expired)) = queue.poll_expired(context) else { return Poll::Pending };
            drop(queue);
            if let Some(member) = expired.into_inner().upgrade() {
                // One that panics must not take everybody's deadlines along.
                let _ = std::panic::catch_unwind(AssertUnwindSafe(|| member.expire()));
            }
        }
    }
}

impl<T> fmt::Debug for Deadlines<T> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deadlines").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    #[derive(Default)]
    struct Member(AtomicUsize);

    impl Expire for Member {
        fn expire(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn each_deadline_comes_once_and_in_time() {
        let deadlines = Arc::new(Deadlines::<Member>::new());
        let runner = tokio::spawn(Arc::clone(&deadlines).run());
        let start = tokio::time::Instant::now();
        let (late, early) = (Arc::<Member>::default(), Arc::<Member>::default());
        deadlines.add(&late, (start + Duration::from_secs(60)).into_std());
        tokio::time::sleep(Duration::from_secs(1)).await;
        deadlines.add(&early, (start + Duration::from_secs(5)).into_std());
        tokio::time::sleep_until(start + Duration::from_secs(10)).await;
        assert_eq!((late.0.load(Ordering::Relaxed), early.0.load(Ordering::Relaxed)), (0, 1));
        tokio::time::sleep_until(start + Duration::from_secs(61)).await;
        assert_eq!((late.0.load(Ordering::Relaxed), early.0.load(Ordering::Relaxed)), (1, 1));
        runner.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_that_is_gone_is_not_called() {
        let deadlines = Arc::new(Deadlines::<Member>::new());
        let member = Arc::<Member>::default();
        deadlines.add(&member, std::time::Instant::now());
        let weak = Arc::downgrade(&member);
        drop(member);
        assert!(weak.upgrade().is_none(), "a deadline keeps nobody alive");
        let runner = tokio::spawn(Arc::clone(&deadlines).run());
        tokio::time::sleep(Duration::from_secs(1)).await;
        runner.abort();
    }
}
