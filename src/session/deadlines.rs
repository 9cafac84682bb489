//! One timer for all sessions: who has to be looked at, and when.

use std::{
    fmt,
    future::poll_fn,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll},
    time::Instant,
};
use tokio_util::time::{DelayQueue, delay_queue::Key};

/// How many places an empty queue keeps.
const SPARE: usize = 1024;

/// Something with deadlines.
pub(crate) trait Expire: Send + Sync + 'static {
    /// What the deadlines keep with it.
    fn appointment(&self) -> &Appointment;
    /// A deadline that was set has come.
    fn expire(self: Arc<Self>);
}

/// When a member is looked at next. Looked into only by who holds the queue.
#[derive(Debug, Default)]
pub(crate) struct Appointment(Mutex<Standing>);

#[derive(Debug, Default)]
enum Standing {
    #[default]
    Nothing,
    Made(Key),
    /// There will be no more.
    Over,
}

impl Appointment {
    fn lock(&self) -> MutexGuard<'_, Standing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The deadlines of everything that expires: of each member the earliest that it has asked for. One that no longer
/// matters is not moved: whoever is called too early says when it wants to be called again, which is rarer than the
/// changes of mind in between.
pub(crate) struct Deadlines<T> {
    queue: Mutex<DelayQueue<Weak<T>>>,
}

impl<T: Expire> Deadlines<T> {
    pub(crate) fn new() -> Self {
        Self { queue: Mutex::new(DelayQueue::new()) }
    }

    /// The member is looked at by then. Must be called on a runtime.
    pub(crate) fn add(&self, member: &Arc<T>, at: Instant) {
        let at = tokio::time::Instant::from(at);
        let mut queue = self.lock();
        let mut standing = member.appointment().lock();
        // Either wakes the runner when this is the earliest.
        match &*standing {
            Standing::Nothing => *standing = Standing::Made(queue.insert_at(Arc::downgrade(member), at)),
            Standing::Made(key) if at < queue.deadline(key) => queue.reset_at(key, at),
            Standing::Made(_) | Standing::Over => {}
        }
    }

    /// The member has no deadlines any more. What it holds is free when it is let go of, not when its next one would
    /// have come. Must be called on a runtime.
    pub(crate) fn cancel(&self, member: &T) {
        let mut queue = self.lock();
        let standing = std::mem::replace(&mut *member.appointment().lock(), Standing::Over);
        if let Standing::Made(key) = standing {
            queue.remove(&key);
            if queue.is_empty() && queue.capacity() > SPARE {
                queue.shrink_to_fit();
            }
        }
    }

    /// Runs until dropped.
    pub(crate) async fn run(self: Arc<Self>) {
        poll_fn(|context| self.poll_expired(context)).await;
    }

    fn poll_expired(&self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut queue = self.lock();
            let Poll::Ready(Some(expired)) = queue.poll_expired(context) else { return Poll::Pending };
            let Some(member) = expired.into_inner().upgrade() else { continue };
            // Its key is another's from now on.
            *member.appointment().lock() = Standing::Nothing;
            drop(queue);
            // One that panics must not take everybody's deadlines along.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| member.expire()));
        }
    }

    fn lock(&self) -> MutexGuard<'_, DelayQueue<Weak<T>>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
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
    struct Member(AtomicUsize, Appointment);

    impl Expire for Member {
        fn appointment(&self) -> &Appointment {
            &self.1
        }

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
    async fn of_several_deadlines_the_earliest_counts() {
        let deadlines = Arc::new(Deadlines::<Member>::new());
        let runner = tokio::spawn(Arc::clone(&deadlines).run());
        let start = tokio::time::Instant::now();
        let member = Arc::<Member>::default();
        for seconds in [60, 5, 30] {
            deadlines.add(&member, (start + Duration::from_secs(seconds)).into_std());
        }
        tokio::time::sleep_until(start + Duration::from_secs(6)).await;
        assert_eq!(member.0.load(Ordering::Relaxed), 1);
        // What is asked for after that is another's.
        deadlines.add(&member, (start + Duration::from_secs(40)).into_std());
        tokio::time::sleep_until(start + Duration::from_secs(120)).await;
        assert_eq!(member.0.load(Ordering::Relaxed), 2);
        runner.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_member_that_is_gone_is_not_called_and_leaves_nothing() {
        let deadlines = Arc::new(Deadlines::<Member>::new());
        let (gone, stays) = (Arc::<Member>::default(), Arc::<Member>::default());
        for member in [&gone, &stays] {
            deadlines.add(member, std::time::Instant::now());
        }
        deadlines.cancel(&gone);
        assert_eq!(Arc::weak_count(&gone), 0, "a deadline that is cancelled keeps no memory");
        deadlines.add(&gone, std::time::Instant::now());
        let weak = Arc::downgrade(&stays);
        drop(stays);
        assert!(weak.upgrade().is_none(), "a deadline keeps nobody alive");
        let runner = tokio::spawn(Arc::clone(&deadlines).run());
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!((gone.0.load(Ordering::Relaxed), deadlines.lock().len()), (0, 0));
        runner.abort();
    }

    #[tokio::test(start_paused = true)]
    async fn a_crowd_that_has_gone_leaves_no_room_behind() {
        let deadlines = Deadlines::<Member>::new();
        let crowd: Vec<_> = (0..10 * SPARE).map(|_| Arc::<Member>::default()).collect();
        crowd.iter().for_each(|member| deadlines.add(member, std::time::Instant::now()));
        crowd.iter().for_each(|member| deadlines.cancel(member));
        assert!(deadlines.lock().capacity() <= SPARE);
    }
}
