//! The outgoing queue of one session: bounded, in order, with a way back for what was not delivered.

use super::allowance::Allowance;
use std::{collections::VecDeque, mem, sync::Arc};

mod batch;
mod elements;
mod manner;
mod room;
mod spare;
#[cfg(test)]
mod tests;

use batch::Mark;
pub(crate) use batch::{Batch, Element, Entry, Sum};
pub(crate) use elements::Elements;
pub(crate) use manner::{Key, Manner};

/// How many words of the protocol's own may wait beyond the bounds.
const WORDS_BEYOND: usize = 64;

/// Why a message was not queued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SendError {
    /// The session has ended.
    Closed,
    /// The queue is at one of its limits.
    Full,
    /// A volatile message found no connection that takes it at once.
    NotReady,
}

/// The keys of messages, in their order. Most queues have none.
#[derive(Debug, Default)]
struct Keys(VecDeque<Key>);

/// What waits is in three parts: what is under way is out of `entries` and still held; the first `sealed` entries are a
/// poll's answer; the rest is loose. Only what is loose, and no word of the protocol's, is ever dropped to make room.
#[derive(Debug)]
pub(crate) struct Queue {
    entries: VecDeque<Entry>,
    allowance: Arc<Allowance>,
    /// What waits or is under way.
    held: Sum,
    /// What is loose and may be dropped.
    loose: Sum,
    /// How many entries are sealed.
    sealed: usize,
    /// Before this entry there is none that may be dropped.
    oldest: usize,
    /// How many volatile messages are loose: a long queue without one is not searched.
    volatile: usize,
    /// Before this entry there is no volatile one.
    oldest_volatile: usize,
    /// The keys of the loose messages that have one, in their order.
    keys: Option<Box<Keys>>,
    /// How many of the entries are heartbeats: a long queue is not searched for them.
    heartbeats: usize,
}

impl Queue {
    pub(crate) fn new(allowance: Arc<Allowance>) -> Self {
        Self {
            entries: VecDeque::new(),
            allowance,
            held: Sum::default(),
            loose: Sum::default(),
            sealed: 0,
            oldest: 0,
            volatile: 0,
            oldest_volatile: 0,
            keys: None,
            heartbeats: 0,
        }
    }

    pub(crate) fn allowance(&self) -> &Allowance {
        &self.allowance
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether words of the protocol's own, which are never refused, have gone far past the bounds.
    pub(crate) fn is_far_beyond(&self) -> bool {
        self.held.messages > self.allowance.limits.messages.saturating_add(WORDS_BEYOND)
    }

    /// How many entries come before the last word; the last word itself when nothing else is there.
    pub(crate) fn length_before_goodbye(&self) -> usize {
        let says_goodbye = self.entries.back().is_some_and(|entry| entry.element == Element::Goodbye);
        let length = self.entries.len();
        if says_goodbye && length > 1 { length - 1 } else { length }
    }

    /// Bytes and messages that wait, those under way in a response included.
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.held.bytes, self.held.messages)
    }

    /// Adds an element of the protocol's own, which is never refused.
    pub(crate) fn push(&mut self, element: Element) {
        self.hold(Sum::of(&element, false));
        self.heartbeats += usize::from(element.is_heartbeat());
        self.own_buffer();
        self.entries.push_back(Entry { mark: Mark::WORD, ..Entry::new(element) });
    }

    /// The opening comes first, once.
    pub(crate) fn open_again(&mut self) {
        if !self.entries.iter().any(|entry| entry.element == Element::Opening) {
            self.hold(Sum::of(&Element::Opening, false));
            self.put_first(Entry { mark: Mark::WORD, ..Entry::new(Element::Opening) });
        }
    }

    /// Everything that waits becomes one payload.
    pub(crate) fn join(&mut self) {
        for entry in &mut self.entries {
            entry.joined = true;
        }
    }

    /// Whether messages wait that a poll has yet to come for, words of the protocol's included.
    pub(crate) fn is_behind(&self) -> bool {
        // What is no message is rare, so the first look tells.
        self.entries.range(self.sealed..).any(|entry| entry.element.is_message())
    }

    /// How many entries are a poll's answer.
    pub(crate) fn sealed(&self) -> usize {
        self.sealed
    }

    /// Everything that waits is a poll's answer: nothing of it is dropped any more, and nothing takes its place.
    pub(crate) fn seal(&mut self) {
        if self.volatile > 0 || self.keys.is_some() {
            for entry in self.entries.range_mut(self.sealed..) {
                entry.mark = entry.mark.settled();
            }
        }
        self.sealed = self.entries.len();
        self.nothing_is_loose();
    }

    /// There is no poll to answer. What was its answer waits again, like any message a connection has had hold of:
    /// neither volatile nor to be replaced.
    pub(crate) fn unseal(&mut self) {
        let sealed = self.entries.range(..self.sealed).filter(|entry| !entry.is_word());
        self.loose = self.loose.plus(Sum::of_all(sealed));
        self.sealed = 0;
        self.search_from(0);
    }

    /// Takes the first `count` entries. They stay within the bounds until [`Queue::release`] or [`Queue::put_back`].
    pub(crate) fn take(&mut self, count: usize) -> Batch {
        let count = count.min(self.entries.len());
        let sealed = self.sealed.min(count);
        let is_marked = self.volatile > 0 || self.keys.is_some();
        let mut batch = if count == self.entries.len() {
            // An idle session owns no buffer: it goes along.
            Batch(mem::take(&mut self.entries).into())
        } else {
            Batch(self.entries.drain(..count).collect())
        };
        if self.heartbeats > 0 {
            self.heartbeats -= batch.heartbeats();
        }
        if self.entries.is_empty() {
            self.nothing_is_loose();
        }
        if is_marked || !self.entries.is_empty() {
            for entry in batch.0.iter_mut().skip(sealed).filter(|entry| !entry.is_word()) {
                self.loose = self.loose.minus(entry.sum());
                self.forget_mark(entry.mark, 0);
                entry.mark = entry.mark.settled();
            }
        }
        self.sealed -= sealed;
        self.oldest = self.oldest.saturating_sub(count);
        self.oldest_volatile = self.oldest_volatile.saturating_sub(count);
        batch
    }

    /// This batch, of this sum, reached the client.
    pub(crate) fn arrived(&mut self, batch: Batch, sum: Sum) {
        self.release(sum);
        spare::give_back(batch.0);
    }

    /// A batch of this sum reached the client: its room is free again.
    pub(crate) fn release(&mut self, sum: Sum) {
        self.held = self.held.minus(sum);
        self.allowance.give_back(sum.cost());
    }

    /// The batch did not reach the client: it goes first again, behind the opening.
    pub(crate) fn put_back(&mut self, batch: Batch) {
        let opens_again = self.entries.front().is_some_and(|entry| entry.element == Element::Opening);
        if opens_again {
            self.entries.pop_front();
            self.sealed = self.sealed.saturating_sub(1);
            self.release(Sum::of(&Element::Opening, false));
        }
        self.heartbeats += batch.heartbeats();
        for entry in batch.0.into_iter().rev() {
            if self.sealed == 0 && !entry.is_word() {
                self.loose = self.loose.plus(entry.sum());
            }
            self.put_first(Entry { joined: true, ..entry });
        }
        if opens_again {
            self.open_again();
        }
    }

    /// Forgets heartbeats: they belong to a connection, not to the session.
    pub(crate) fn drop_heartbeats(&mut self) {
        if self.heartbeats > 0 {
            let heartbeats = self.entries.iter().filter(|entry| entry.element.is_heartbeat());
            let dropped = Sum::of_all(heartbeats);
            self.sealed -= self.entries.range(..self.sealed).filter(|entry| entry.element.is_heartbeat()).count();
            self.entries.retain(|entry| !entry.element.is_heartbeat());
            self.heartbeats = 0;
            self.release(dropped);
            self.search_from(0);
        }
    }

    pub(crate) fn has_heartbeat(&self) -> bool {
        self.heartbeats > 0
    }

    /// Empties the queue, forgets what is under way, and tells how many messages were in it.
    pub(crate) fn clear(&mut self) -> usize {
        let messages = self.entries.iter().filter(|entry| entry.element.is_message()).count();
        self.entries = VecDeque::new();
        self.release(self.held);
        self.sealed = 0;
        self.heartbeats = 0;
        self.nothing_is_loose();
        messages
    }

    fn hold(&mut self, sum: Sum) {
        self.held = self.held.plus(sum);
        self.allowance.take(sum.cost());
    }

    /// Somebody is about to add something.
    fn own_buffer(&mut self) {
        if self.entries.capacity() == 0 {
            self.entries = spare::buffer();
        }
    }

    fn put_first(&mut self, entry: Entry) {
        self.entries.push_front(entry);
        self.sealed += usize::from(self.sealed > 0);
        self.search_from(0);
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.allowance.give_back(self.held.cost());
    }
}
