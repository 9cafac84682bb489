//! One message to many clients.

use super::encoded::Encoded;
use crate::{
    client::{Member, Message},
    listener::Shared,
    session::{QueueError, SessionId},
};
use std::{fmt, sync::Arc};

/// What became of a broadcast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "tells how many clients the message did not reach"]
pub struct Broadcast {
    /// Clients the message was queued for.
    pub queued: usize,
    /// Clients whose queue was full; the message was dropped for them.
    pub dropped: usize,
    /// Clients that were gone already.
    pub closed: usize,
}

/// Queues for everybody in the list but the excepted.
pub(crate) fn deliver(members: &[Arc<Member>], message: &Encoded<'_>, except: &[SessionId]) -> Broadcast {
    let mut outcome = Broadcast::default();
    for member in members {
        if except.contains(&member.id()) {
            continue;
        }
        let bytes = message.bytes(member.host.shared.form());
        match member.send(std::slice::from_ref(&bytes)) {
            Ok(()) => outcome.queued += 1,
            Err(QueueError::Full) => outcome.dropped += 1,
            Err(QueueError::Closed) => outcome.closed += 1,
        }
    }
    outcome
}

/// The clients in a room, perhaps without some.
#[must_use = "names receivers; `send` sends"]
pub struct Target {
    shared: Arc<Shared>,
    room: Arc<str>,
    except: Vec<SessionId>,
}

impl Target {
    pub(crate) fn new(shared: Arc<Shared>, room: Arc<str>, except: Vec<SessionId>) -> Self {
        Self { shared, room, except }
    }

    /// Leaves out the client with this id as well.
    pub fn except(mut self, id: &str) -> Self {
        self.except.extend(SessionId::parse(id));
        self
    }

    /// Queues a message for every one of them. Never blocks and never waits.
    pub fn send(&self, message: impl Into<Message>) -> Broadcast {
        let message = message.into();
        let outcome = deliver(&self.shared.rooms.members(&self.room), &Encoded::new(&message), &self.except);
        self.shared.counters.add_dropped(outcome.dropped);
        outcome
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Target").field("room", &self.room).field("except", &self.except).finish_non_exhaustive()
    }
}
