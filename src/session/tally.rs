//! What one input did that is counted.

/// To be added to the counters of the listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Messages that can no longer be delivered.
    pub(crate) undelivered: usize,
    /// Batches that went back to the queue.
    pub(crate) requeued: usize,
    /// Volatile messages that made room.
    pub(crate) displaced_volatile: usize,
    /// Messages that waited longest and made room.
    pub(crate) dropped_oldest: usize,
    /// Messages a newer one with the same key took the place of.
    pub(crate) conflated: usize,
    /// The session ended because its queue was full.
    pub(crate) overflowed: usize,
    /// Messages that were handed to a connection.
    pub(crate) sent_messages: usize,
    /// Their bytes.
    pub(crate) sent_bytes: usize,
    /// Batches that were handed to a connection.
    pub(crate) sent_batches: usize,
    /// Connections that came after a stream that had ended.
    pub(crate) reconnections: usize,
}

impl Tally {
    pub(crate) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    #[cfg(test)]
    pub(crate) fn add(&mut self, other: Self) {
        self.undelivered += other.undelivered;
        self.requeued += other.requeued;
        self.displaced_volatile += other.displaced_volatile;
        self.dropped_oldest += other.dropped_oldest;
        self.conflated += other.conflated;
        self.overflowed += other.overflowed;
        self.sent_messages += other.sent_messages;
        self.sent_bytes += other.sent_bytes;
        self.sent_batches += other.sent_batches;
        self.reconnections += other.reconnections;
    }
}
