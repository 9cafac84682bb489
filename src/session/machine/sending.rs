//! What is said to the client.

use super::{Machine, Mode, Phase};
use crate::session::{
    on_full::OnFull,
    queue::{Batch, Element, Elements, Manner, SendError},
    reason::DisconnectReason,
};
use std::time::Instant;

impl Machine {
    /// Queues messages that belong to one payload, all or none.
    pub(crate) fn send(
        &mut self,
        now: impl FnOnce() -> Instant,
        messages: impl Elements,
        manner: &Manner,
    ) -> Result<(), SendError> {
        if self.phase != Phase::Open {
            return Err(SendError::Closed);
        }
        if manner.volatile && !self.is_ready() {
            return Err(SendError::NotReady);
        }
        if self.ends.as_ref().is_some_and(|ends| ends.overflowed_at.is_some()) {
            // Nothing comes after what was refused.
            return Err(SendError::Full);
        }
        let idle = self.queue.is_empty();
        let queued = self.queue.push_messages(messages, manner, self.keeps_up(), &mut self.effects.tally);
        match queued {
            Ok(()) => self.seal(idle),
            Err(_) if manner.volatile || manner.only_if_it_fits => {}
            // Whoever sends may hold locks that the end of a session needs: it comes with the next tick.
            Err(_) if self.queue.allowance().on_full == OnFull::Disconnect => {
                self.ends.get_or_insert_default().overflowed_at = Some(now());
            }
            Err(_) => {}
        }
        queued
    }

    /// Queues a word of the protocol's own, whatever waits already.
    pub(crate) fn say(&mut self, word: &Element) {
        if self.phase != Phase::Open {
            return;
        }
        if self.queue.is_far_beyond() {
            // Whoever makes us say so much and reads nothing is not here.
            return self.close(DisconnectReason::ProtocolError);
        }
        let idle = self.queue.is_empty();
        self.queue.push(word.clone());
        self.seal(idle);
    }

    /// Whether a connection is there that takes at once what is sent.
    fn is_ready(&self) -> bool {
        match &self.connection {
            None => false,
            Some(poll) if poll.mode == Mode::Poll => self.queue.sealed() == 0 && !poll.expired,
            Some(_) => self.in_flight.is_none(),
        }
    }

    /// Whether the client has taken what was there before.
    fn keeps_up(&self) -> bool {
        if self.unread {
            return false;
        }
        match &self.connection {
            Some(stream) if stream.mode == Mode::Stream => self.in_flight.is_none(),
            _ => !self.queue.is_behind(),
        }
    }

    /// The queue was too full for something, and that is the end.
    pub(super) fn tick_overflow(&mut self, now: Instant) {
        if self.is_due(now, |ends| ends.overflowed_at) {
            self.effects.tally().overflowed += 1;
            self.end(now, DisconnectReason::QueueFull, false);
        }
    }

    /// Something was queued: a waiting connection learns of it, once.
    pub(super) fn seal(&mut self, was_idle: bool) {
        let Some(connection) = &self.connection else { return };
        match connection.mode {
            // The first send seals the answer, as the original did.
            Mode::Poll if self.queue.sealed() == 0 => {
                self.queue.seal();
                self.effects.wake = true;
            }
            Mode::Poll => {}
            Mode::Stream => self.effects.wake |= was_idle,
        }
    }

    pub(super) fn put_back(&mut self, batch: Batch) {
        self.effects.tally().requeued += 1;
        self.unread = true;
        self.queue.put_back(batch);
        self.seal(true);
    }
}
