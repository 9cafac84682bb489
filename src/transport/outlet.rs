//! A connection where both its task and a flusher can get at it: whoever sends to a session whose socket rests has the
//! flusher write to it, and wakes the task only for what the flusher cannot do.

use super::{
    flow::{End, Flow, Written},
    flusher::{Flush, Flusher},
    socket::Frames,
};
use futures_util::task::{ArcWake, AtomicWaker, waker_ref};
use std::{
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError},
    task::{Context, Poll, Waker},
};

pub(crate) struct Outlet<F> {
    /// Nothing when the connection no longer carries its session. Held while the task reads, handlers included, or
    /// while the flusher writes. Nobody but the task waits for it: what a handler does leads to no other connection's.
    flow: Mutex<Option<Flow<F>>>,
    /// The connection's own task.
    task: AtomicWaker,
    flusher: Arc<Flusher>,
}

impl<F: Frames> Outlet<F> {
    pub(crate) fn new(flow: Flow<F>, flusher: Arc<Flusher>) -> Arc<Self> {
        Arc::new(Self { flow: Mutex::new(Some(flow)), task: AtomicWaker::new(), flusher })
    }

    /// Carries the session in the connection's own task, and gives the connection back in the end; in a box, which
    /// is all its task has to keep room for.
    pub(crate) fn poll(self: &Arc<Self>, context: &mut Context<'_>) -> Poll<(End, Option<Box<Flow<F>>>)> {
        // Before the lock, so that a flusher that finds it taken wakes the task once more.
        self.task.register(context.waker());
        let mut slot = self.lock();
        let Some(flow) = slot.as_mut() else { return Poll::Ready((End::Over, None)) };
        flow.poll(&waker_ref(self), context).map(|end| (end, slot.take().map(Box::new)))
    }

    /// The connection carries its session no longer: whoever still holds the outlet holds nothing.
    pub(crate) fn retire(&self) {
        let flow = self.lock().take();
        drop(flow);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Flow<F>>> {
        self.flow.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a session wakes when something is sent to it.
impl<F: Frames> ArcWake for Outlet<F> {
    fn wake(self: Arc<Self>) {
        let flusher = Arc::clone(&self.flusher);
        flusher.list(self);
    }

    fn wake_by_ref(outlet: &Arc<Self>) {
        outlet.flusher.list(Arc::<Self>::clone(outlet));
    }
}

impl<F: Frames> Flush for Outlet<F> {
    fn flush(self: Arc<Self>) {
        let mut slot = match self.flow.try_lock() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            // The task is at work, and may have looked for something to write already.
            Err(TryLockError::WouldBlock) => return self.task.wake(),
        };
        let Some(flow) = slot.as_mut() else { return };
        // A stream that takes no more now is waited for by the task.
        let flush = || flow.flush(&waker_ref(&self), &mut Context::from_waker(Waker::noop()));
        // One connection's mistake is not to silence the others of its flusher.
        match panic::catch_unwind(AssertUnwindSafe(flush)) {
            Ok(Written::All) => return,
            Ok(Written::InPart | Written::Enough) => {}
            Ok(Written::Over(end)) => flow.note(end),
            Err(_) => *slot = None,
        }
        self.task.wake();
    }

    fn wake(&self) {
        self.task.wake();
    }
}

#[cfg(test)]
mod tests;
