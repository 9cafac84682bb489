//! What becomes of a message for which there is no room.

/// What is done with a message for a client whose queue is full ([`Builder::on_full`](crate::Builder::on_full)).
///
/// Volatile messages that still wait are dropped first, whatever is chosen; only if that makes too little room does
/// the choice count. What a connection has had hold of, and what the protocol itself has to say (acknowledgements,
/// answers of namespaces, heartbeats), is never dropped. Whatever is dropped is counted in [`Stats`](crate::Stats).
///
/// The same is done when the queues of all clients together are at their bound
/// ([`Builder::total_queue_bytes`](crate::Builder::total_queue_bytes)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum OnFull {
    /// The client is disconnected with [`DisconnectReason::QueueFull`](crate::DisconnectReason::QueueFull), a moment
    /// later; what waits for it may still leave, and nothing that comes after the refused message. For applications
    /// whose clients cannot do with gaps. It is not told to stay away. A volatile message ends nothing.
    Disconnect,
    /// The new message is refused, and its sender is told.
    #[default]
    DropNewest,
    /// The messages that have waited longest make room for the new one; it is refused only when even all of them
    /// would not do, or when it is volatile itself.
    DropOldest,
}
