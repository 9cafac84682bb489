//! What one input did that is counted.

/// What was handed to a connection, to be added to the counters of the listener.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) batches: usize,
    pub(crate) messages: usize,
    /// Those of the messages.
    pub(crate) bytes: usize,
}

impl Sent {
    pub(crate) fn add(&mut self, other: Self) {
        self.batches += other.batches;
        self.messages += other.messages;
        self.bytes += other.bytes;
    }
}

/// What is rarer, to be added as well.
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
    /// Connections that came after a stream that had ended.
    pub(crate) reconnections: usize,
}

impl Tally {
    #[cfg(test)]
    pub(crate) fn add(&mut self, other: Self) {
        self.undelivered += other.undelivered;
        self.requeued += other.requeued;
        self.displaced_volatile += other.displaced_volatile;
        self.dropped_oldest += other.dropped_oldest;
        self.conflated += other.conflated;
        self.overflowed += other.overflowed;
        self.reconnections += other.reconnections;
    }
}
