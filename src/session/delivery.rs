//! What became of a batch that was handed to a response.

use std::{
    fmt,
    task::{Context, Poll},
};

/// The fate of a written batch, as far as it can be known now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The client has it, by everything that can be seen.
    Delivered,
    /// It is still on its way out of this process.
    UnderWay,
    /// The connection broke before the client had all of it.
    Lost,
}

/// Somebody who watches the connection that carried a batch.
pub(crate) trait Delivery: fmt::Debug + Send + Sync {
    /// Looks now; never blocks.
    fn outcome(&self) -> Outcome;
    /// Ready when the batch is no longer under way. One waits at a time.
    fn poll_settled(&self, context: &mut Context<'_>) -> Poll<()>;
    /// The batch will be sent again elsewhere: what is left of it must not reach the client here.
    fn abandon(&self);
}
