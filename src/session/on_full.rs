//! What becomes of a message for which there is no room.

/// What is done with a message for a client whose queue is full ([`Builder::on_full`](crate::Builder::on_full)).
///
/// Volatile messages that still wait are dropped first, whatever is chosen; only if that makes too little room does
/// the choice count. Whatever is dropped is counted in [`Stats`](crate::Stats).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnFull {
    /// The client is disconnected: for applications whose clients cannot do with gaps.
    Disconnect,
    /// The new message is refused, and its sender is told.
    #[default]
    DropNewest,
    /// The messages that have waited longest make room for the new one.
    DropOldest,
}
