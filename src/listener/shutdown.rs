//! How a listener ends: nobody new comes in, everybody is told at a measured pace, and whoever asked hears when all have
//! gone.

use super::shared::Shared;
use crate::session::{DisconnectReason, SessionId};
use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, Sleep, sleep},
};

/// How often clients are told to go, about; less often where that would be less than one a time.
const TICK: Duration = Duration::from_millis(10);

/// What a listener's handles have in common. With the last of them goes the listener.
pub(crate) struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    pub(super) fn new(shared: Arc<Shared>) -> Arc<Self> {
        Arc::new(Self { shared })
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.begin_shutdown(None);
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Handle").finish_non_exhaustive()
    }
}

/// How far a shutdown is.
#[derive(Debug, Default)]
pub(super) struct Ending {
    begun: AtomicBool,
    /// Everybody is to be told by then, at the latest.
    by: Mutex<Option<Instant>>,
    /// It is earlier now.
    hurried: Notify,
    /// The sessions that were left have been counted.
    counted: AtomicBool,
}

impl Ending {
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::SeqCst)
    }

    fn by(&self) -> Option<Instant> {
        *self.by.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn hurry(&self, by: Instant) {
        let mut earlier = self.by.lock().unwrap_or_else(PoisonError::into_inner);
        if earlier.is_none_or(|earlier| by < earlier) {
            *earlier = Some(by);
            self.hurried.notify_one();
        }
    }
}

impl Shared {
    /// Refuses new sessions and begins to end those that are there, all by this time if there is one. May be called again.
    fn begin_shutdown(self: &Arc<Self>, by: Option<Instant>) {
        if let Some(by) = by {
            self.ending.hurry(by);
        }
        if !self.ending.begun.swap(true, Ordering::SeqCst) {
            // Without a runtime there never was a session, and now there will be none.
            self.spawn(Farewell::new(self));
        }
    }

    /// Ends every session; resolves when the last has gone and its handlers are done, or at the deadline, with the number
    /// of sessions that are left.
    pub(super) async fn shut_down(self: &Arc<Self>, deadline: Duration) -> usize {
        // Who is told last needs some time to go, too.
        self.begin_shutdown(Instant::now().checked_add(deadline / 5 * 4));
        let Some(patience) = self.timer(deadline) else { return self.session_count() };
        tokio::select! {
            biased;
            () = self.until_empty() => {
                self.forget_handlers();
                0
            }
            () = patience => self.leave_behind(),
        }
    }

    /// A timer on the caller's runtime, or on the listener's if the caller has none; nothing when neither has, since
    /// nobody can be there to wait for then.
    fn timer(&self, duration: Duration) -> Option<Pin<Box<Sleep>>> {
        if tokio::runtime::Handle::try_current().is_ok() {
            return Some(Box::pin(sleep(duration)));
        }
        let _runtime = self.enter()?;
        Some(Box::pin(sleep(duration)))
    }

    /// The deadline has come: whoever has not been told yet is told now. Answers how many sessions are left.
    fn leave_behind(&self) -> usize {
        for member in self.sessions.snapshot().iter() {
            member.end(DisconnectReason::Shutdown);
        }
        let left = self.session_count();
        if left > 0 && !self.ending.counted.swap(true, Ordering::SeqCst) {
            self.counters.add(super::Count::LeftAtShutdown, left);
        }
        left
    }

    /// Resolves when there are no sessions and nothing a shutdown waits for.
    async fn until_empty(&self) {
        loop {
            let left = self.left.notified();
            tokio::pin!(left);
            left.as_mut().enable();
            if self.session_count() == 0 && self.busy.load(Ordering::SeqCst) == 0 {
                return;
            }
            left.await;
        }
    }

    /// No handler will be called any more. One that holds a handle of its own listener would keep it for ever.
    fn forget_handlers(&self) {
        for namespace in self.namespaces.all() {
            namespace.forget_handlers();
        }
    }
}

/// The task that sends everybody away.
struct Farewell {
    telling: Pin<Box<dyn Future<Output = ()> + Send>>,
    shared: Arc<Shared>,
    told: bool,
}

impl Farewell {
    fn new(shared: &Arc<Shared>) -> Self {
        let telling = Arc::clone(shared);
        let telling = Box::pin(async move {
            telling.tell_all().await;
            telling.until_empty().await;
            telling.forget_handlers();
        });
        Self { telling, shared: Arc::clone(shared), told: false }
    }
}

impl Future for Farewell {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut std::task::Context<'_>) -> std::task::Poll<()> {
        let poll = self.telling.as_mut().poll(context);
        self.told |= poll.is_ready();
        poll
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        if self.told {
            return;
        }
        // The runtime is gone, and with it every connection, timer and handler.
        for member in self.shared.sessions.snapshot().iter() {
            member.abort(DisconnectReason::Shutdown);
        }
    }
}

impl Shared {
    /// Tells everybody to go, in random order and not faster than it has to be.
    async fn tell_all(&self) {
        let mut waiting: Vec<SessionId> = self.sessions.snapshot().iter().map(|member| member.id()).collect();
        fastrand::shuffle(&mut waiting);
        let mut pace = Pace::new(Instant::now(), self.options.budget.shutdown_rate);
        loop {
            let mut turns = pace.turns(Instant::now(), waiting.len(), self.ending.by());
            while turns > 0 {
                let Some(id) = waiting.pop() else { return };
                // Who has gone by itself takes nobody's turn.
                if let Some(member) = self.sessions.get(id).filter(|member| member.is_open()) {
                    member.end(DisconnectReason::Shutdown);
                    turns -= 1;
                }
            }
            if waiting.is_empty() {
                return;
            }
            tokio::select! {
                () = sleep(pace.pause(self.ending.by())) => {}
                () = self.ending.hurried.notified() => {}
            }
        }
    }
}

/// How many may be told when.
struct Pace {
    /// Clients per second, as configured and as it has to be.
    configured: f64,
    rate: f64,
    /// What has come together.
    turns: f64,
    since: Instant,
}

impl Pace {
    fn new(now: Instant, clients_per_second: u32) -> Self {
        let configured = f64::from(clients_per_second.max(1));
        let mut pace = Self { configured, rate: configured, turns: 0.0, since: now };
        // The first are told at once.
        pace.turns = configured * pace.tick().as_secs_f64();
        pace
    }

    /// How many of those who wait are told now, so that all are told `by` then.
    fn turns(&mut self, now: Instant, waiting: usize, by: Option<Instant>) -> usize {
        let passed = now.saturating_duration_since(self.since);
        self.since = now;
        self.rate = self.configured;
        if let Some(by) = by {
            let rest = by.saturating_duration_since(now);
            if rest < TICK * 2 {
                return waiting;
            }
            // As it had to be since the last look.
            self.rate = self.rate.max(waiting as f64 / (rest + passed).as_secs_f64());
        }
        self.turns += self.rate * passed.as_secs_f64();
        let turns = self.turns.floor();
        self.turns -= turns;
        turns as usize
    }

    /// Clients that were told together would come back together.
    fn pause(&self, by: Option<Instant>) -> Duration {
        let pause = self.tick().mul_f64(0.5 + fastrand::f64());
        by.map_or(pause, |by| pause.min(by.saturating_duration_since(self.since)))
    }

    fn tick(&self) -> Duration {
        TICK.max(Duration::from_secs_f64(1.0 / self.rate))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of so many is told, after the beginning.
    fn told(clients: usize, rate: u32, by: Option<Duration>) -> Vec<Duration> {
        let start = Instant::now();
        let (mut now, mut told) = (start, Vec::new());
        let mut pace = Pace::new(now, rate);
        while told.len() < clients {
            let left = clients - told.len();
            let turns = pace.turns(now, left, by.map(|by| start + by)).min(left);
            told.extend(std::iter::repeat_n(now - start, turns));
            now += pace.pause(by.map(|by| start + by));
        }
        told
    }

    #[test]
    fn clients_are_told_at_the_rate() {
        for (clients, rate) in [(3000, 1000), (50, 10), (5, 1), (20_000, 100_000)] {
            let told = told(clients, rate, None);
            let seconds = clients as f64 / f64::from(rate);
            let took = told.last().unwrap().as_secs_f64();
            let tick = (1.5 / f64::from(rate)).max(0.015);
            assert!((seconds - 2.0 * tick..seconds + 2.0 * tick).contains(&took), "{clients} at {rate}: {took}");
            for (count, at) in told.iter().enumerate() {
                let allowed = f64::from(rate) * (at.as_secs_f64() + tick) + 1.0;
                assert!((count as f64) < allowed, "{clients} at {rate}: {count} after {at:?}");
            }
        }
    }

    #[test]
    fn a_few_are_told_at_once() {
        assert!(told(10, 1000, None).iter().all(Duration::is_zero));
        assert!(!told(11, 1000, None).iter().all(Duration::is_zero));
    }

    #[test]
    fn a_deadline_makes_it_faster_but_not_all_at_once() {
        let by = Duration::from_millis(800);
        for few in 1..10 {
            assert!(*told(few, 1, Some(by)).last().unwrap() <= by);
        }
        let told = told(5000, 1000, Some(by));
        assert!(*told.last().unwrap() <= by, "{:?}", told.last());
        let half = told.iter().filter(|at| **at <= by / 2).count();
        assert!((2000..3000).contains(&half), "{half}");
    }

    #[test]
    fn a_deadline_that_is_far_makes_it_no_slower() {
        let told = told(2000, 1000, Some(Duration::from_secs(60)));
        assert!(*told.last().unwrap() < Duration::from_secs(3));
    }

    #[test]
    fn no_time_at_all_is_time_to_tell_everybody() {
        assert!(told(100_000, 1, Some(Duration::ZERO)).iter().all(Duration::is_zero));
        // Nor is little time a reason to tell all of them at once.
        let told = told(1000, 1, Some(Duration::from_secs(1)));
        let half = told.iter().filter(|at| **at <= Duration::from_millis(500)).count();
        assert!((400..600).contains(&half), "{half}");
    }

    #[test]
    fn pauses_are_not_all_alike() {
        let pace = Pace::new(Instant::now(), 1000);
        let pauses: std::collections::HashSet<_> = (0..10).map(|_| pace.pause(None)).collect();
        assert!(pauses.len() > 1);
        assert!(pauses.iter().all(|pause| (TICK / 2..=TICK * 2).contains(pause)));
    }
}
