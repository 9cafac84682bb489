//! Writing to sockets that rest when something is sent to them, without waking a task for each.

use futures_util::task::AtomicWaker;
use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::Poll,
};
use tokio::{runtime, task::yield_now};

/// How many sockets are written to before others get their turn: a broadcast to many thousands holds up nobody for long.
const ROUND: usize = 32;
/// The longest list whose memory is kept.
const KEPT: usize = 4 * ROUND;

/// What can be written to at once.
pub(crate) trait Flush: Send + Sync {
    /// Writes what it takes now.
    fn flush(self: Arc<Self>);
    /// Has its own task do that.
    fn wake(&self);
}

/// The flushers of one listener: as many as its runtime has workers.
#[derive(Debug, Default)]
pub(crate) struct Flushers {
    all: OnceLock<Box<[Arc<Flusher>]>>,
    given: AtomicUsize,
}

impl Flushers {
    /// One of them for a new socket. The first makes them: `spawn` runs a task on the listener's runtime.
    pub(crate) fn next(&self, spawn: impl Fn(Run)) -> Arc<Flusher> {
        let all = self.all.get_or_init(|| {
            let workers = runtime::Handle::try_current().map_or(1, |runtime| runtime.metrics().num_workers().max(1));
            let begin = |_| {
                let flusher = Arc::new(Flusher { listed: Mutex::new(Some(Vec::new())), task: AtomicWaker::new() });
                spawn(Box::pin(run(Worker { flusher: Arc::downgrade(&flusher), listed: Listed::new() })));
                flusher
            };
            (0..workers).map(begin).collect()
        });
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        all.get(number % all.len()).map(Arc::clone).unwrap_or_default()
    }
}

/// What a flusher does, until nobody can give it any more work.
pub(crate) type Run = Pin<Box<dyn Future<Output = ()> + Send>>;

type Listed = Vec<Arc<dyn Flush>>;

/// What waits for one of the tasks that write.
#[derive(Default)]
pub(crate) struct Flusher {
    /// Nothing where that task has gone.
    listed: Mutex<Option<Listed>>,
    task: AtomicWaker,
}

impl Flusher {
    /// Flushes this soon, behind what was listed before.
    pub(crate) fn list(&self, outlet: Arc<dyn Flush>) {
        let mut listed = self.lock();
        let Some(list) = &mut *listed else {
            drop(listed);
            return outlet.wake();
        };
        list.push(outlet);
        let is_first = list.len() == 1;
        drop(listed);
        if is_first {
            self.task.wake();
        }
    }

    /// Takes what is listed, if anything is, and leaves an empty list.
    fn take(&self, into: &mut Listed) -> bool {
        if let Some(list) = &mut *self.lock() {
            mem::swap(list, into);
        }
        !into.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Listed>> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        // Its task finds that there is nothing left to do.
        self.task.wake();
    }
}

impl std::fmt::Debug for Flusher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Flusher").finish_non_exhaustive()
    }
}

/// Who works off a flusher's list, until it is dropped.
struct Worker {
    flusher: Weak<Flusher>,
    /// What it has taken, the first one last.
    listed: Listed,
}

impl Drop for Worker {
    fn drop(&mut self) {
        // A runtime that ends takes its tasks along, and not the sockets of others.
        let flusher = self.flusher.upgrade();
        let listed = flusher.and_then(|flusher| flusher.lock().take()).unwrap_or_default();
        for outlet in self.listed.iter().chain(&listed) {
            outlet.wake();
        }
    }
}

async fn run(mut worker: Worker) {
    let mut count = 0_usize;
    loop {
        let is_over = poll_fn(|context| {
            let Some(flusher) = worker.flusher.upgrade() else { return Poll::Ready(true) };
            flusher.task.register(context.waker());
            if flusher.take(&mut worker.listed) { Poll::Ready(false) } else { Poll::Pending }
        });
        if is_over.await {
            return;
        }
        worker.listed.reverse();
        while let Some(outlet) = worker.listed.pop() {
            outlet.flush();
            count = count.wrapping_add(1);
            if count % ROUND == 0 {
                yield_now().await;
            }
        }
        if worker.listed.capacity() > KEPT {
            worker.listed = Listed::new();
        }
    }
}

#[cfg(test)]
mod tests;
