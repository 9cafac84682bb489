//! How long the head of a request may take to come, by one timer for each connection.
//!
//! The HTTP server asks for a timer with every request, and lets go of it when the head is there. One of the runtime's
//! would be put up and taken down with every request; this one stands, and is only moved on. So it may wake the
//! connection once when nobody waits for a head.

use hyper::rt::{Sleep, Timer};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::{Duration, Instant},
};

type Shared = Arc<Mutex<Option<Pin<Box<tokio::time::Sleep>>>>>;

/// The timer of a connection, of which one wait is under way at a time.
#[derive(Debug, Default)]
pub(super) struct HeadTimer {
    sleep: Shared,
}

impl Timer for HeadTimer {
    fn sleep(&self, duration: Duration) -> Pin<Box<dyn Sleep>> {
        self.sleep_until(self.now() + duration)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Wait { sleep: Arc::clone(&self.sleep), deadline: deadline.into() })
    }

    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }
}

struct Wait {
    sleep: Shared,
    deadline: tokio::time::Instant,
}

impl Sleep for Wait {}

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut sleep = self.sleep.lock().unwrap_or_else(PoisonError::into_inner);
        let sleep = sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(self.deadline)));
        if sleep.deadline() != self.deadline {
            sleep.as_mut().reset(self.deadline);
        }
        sleep.as_mut().poll(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn each_wait_ends_at_its_own_time() {
        let timer = HeadTimer::default();
        let begun = timer.now();
        for (seconds, end) in [(10, 10), (5, 15), (20, 35)] {
            drop(timer.sleep(Duration::from_secs(1)));
            timer.sleep(Duration::from_secs(seconds)).await;
            assert_eq!(timer.now() - begun, Duration::from_secs(end));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_that_was_given_up_does_not_end_the_next() {
        let timer = HeadTimer::default();
        let begun = timer.now();
        let mut given_up = timer.sleep(Duration::from_secs(10));
        assert!(futures_util::future::poll_immediate(&mut given_up).await.is_none());
        drop(given_up);
        tokio::time::sleep(Duration::from_secs(9)).await;
        timer.sleep(Duration::from_secs(10)).await;
        assert_eq!(timer.now() - begun, Duration::from_secs(19));
        let mut given_up = timer.sleep(Duration::from_secs(100));
        assert!(futures_util::future::poll_immediate(&mut given_up).await.is_none());
        drop(given_up);
        timer.sleep(Duration::from_secs(1)).await;
        assert_eq!(timer.now() - begun, Duration::from_secs(20), "nor does it keep the next waiting");
    }
}
