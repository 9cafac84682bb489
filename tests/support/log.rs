//! What a test's own handlers noted, in order.

use super::PATIENCE;
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Debug, Clone)]
pub(crate) struct Log(Arc<watch::Sender<Vec<String>>>);

impl Log {
    pub(crate) fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Vec::new())))
    }

    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.send_modify(|lines| lines.push(line.into()));
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0.borrow().clone()
    }

    /// All lines, once there are so many.
    pub(crate) async fn until(&self, count: usize) -> Vec<String> {
        let mut receiver = self.0.subscribe();
        let waited = tokio::time::timeout(PATIENCE, receiver.wait_for(|lines| lines.len() >= count)).await;
        assert!(waited.is_ok(), "waited in vain for {count} lines; there are {:?}", self.all());
        drop(waited);
        self.all()
    }
}
