//! What a session knows of its connection, and what it tells it.

use crate::session::{
    delivery::{Delivery, Outcome},
    queue::{Batch, Sum},
    reason::DisconnectReason,
    tally::{Sent, Tally},
};
use std::{sync::Arc, time::Instant};

/// How a connection carries batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// One batch, then it is over.
    Poll,
    /// Batch after batch.
    Stream,
}

/// What a connection finds when it asks for something to write.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Taken<B = Batch> {
    /// Write this, then say what became of it.
    Batch(B),
    /// Nothing yet.
    Wait,
    /// A poll that ends empty: its duration passed.
    Expired,
    /// Another connection took the place.
    Displaced,
    /// The session gave the connection up, and has no other.
    GivenUp,
    /// The session is over and everything it had to say was said.
    Closed,
}

impl<B> Taken<B> {
    pub(crate) fn map<C>(self, change: impl FnOnce(B) -> C) -> Taken<C> {
        match self {
            Self::Batch(batch) => Taken::Batch(change(batch)),
            Self::Wait => Taken::Wait,
            Self::Expired => Taken::Expired,
            Self::Displaced => Taken::Displaced,
            Self::GivenUp => Taken::GivenUp,
            Self::Closed => Taken::Closed,
        }
    }
}

/// What the caller has to do after an input.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Effects {
    /// Wake the connection: it has something to take.
    pub(crate) wake: bool,
    /// Tell the application, once in a session's life.
    pub(crate) disconnected: Option<DisconnectReason>,
    /// Forget the session.
    pub(crate) closed: bool,
    /// What was handed to a connection, which is counted.
    pub(crate) sent: Sent,
    /// What else is to be counted; mostly nothing.
    pub(crate) tally: Option<Box<Tally>>,
}

impl Effects {
    pub(super) fn tally(&mut self) -> &mut Tally {
        self.tally.get_or_insert_default()
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Open,
    /// The application was told; what is queued may still leave.
    Ending,
    Closed,
}

#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) mode: Mode,
    /// Of a poll: when it is answered empty.
    pub(super) expires: Option<Instant>,
    pub(super) expired: bool,
    /// It is not read because the application is behind: a reply may be waiting unread.
    pub(super) paused: bool,
}

#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) number: u64,
    pub(super) batch: Batch,
    /// How much the batch is.
    pub(super) sum: Sum,
    /// Whoever watches the connection, when somebody does.
    pub(super) delivery: Option<Arc<dyn Delivery>>,
}

impl InFlight {
    /// What is known of its fate; nothing when nobody watches.
    pub(super) fn outcome(&self) -> Option<Outcome> {
        self.delivery.as_ref().map(|delivery| delivery.outcome())
    }
}

/// When the session ends if nothing comes before that. One whose client is here has none of it.
#[derive(Debug, Default)]
pub(super) struct Ends {
    pub(super) lapse: Option<Lapse>,
    /// When it ends unless the client has come into a namespace.
    pub(super) enters_by: Option<Instant>,
    /// When it ends unless the client has come again after its handshake.
    pub(super) returns_by: Option<Instant>,
    /// Since when it is to end because its queue was full.
    pub(super) overflowed_at: Option<Instant>,
}

impl Ends {
    pub(super) fn all(&self) -> [Option<Instant>; 4] {
        [self.lapse.as_ref().map(|lapse| lapse.at), self.enters_by, self.returns_by, self.overflowed_at]
    }
}

#[derive(Debug)]
pub(super) struct Lapse {
    pub(super) at: Instant,
    pub(super) reason: DisconnectReason,
    pub(super) extensions: u32,
    /// Until then it is looked now and then whether the last word has arrived.
    pub(super) looks_until: Option<Instant>,
}

impl Lapse {
    pub(super) fn new(at: Instant, reason: DisconnectReason) -> Self {
        Self { at, reason, extensions: 0, looks_until: None }
    }
}
