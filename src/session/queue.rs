//! The outgoing queue of one session: bounded, in order, with a way back for what was not delivered.

use bytes::Bytes;
use std::collections::VecDeque;

/// How much may wait for one client.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// Encoded bytes.
    pub(crate) bytes: usize,
    /// Messages.
    pub(crate) messages: usize,
}

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

/// One unit of a payload. The transport knows how to write each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Element {
    /// The first thing a client hears.
    Opening,
    /// The last thing a client hears, where the protocol has a word for it.
    Goodbye,
    /// A message of text in the session's wire form.
    Message(Bytes),
    /// A message of bytes.
    Binary(Bytes),
    /// Bytes that belong to the message before.
    Attachment(Bytes),
    /// The heartbeat with this number, or the answer to one of the client's.
    Heartbeat(u64),
}

impl Element {
    fn cost(&self) -> (usize, usize) {
        match self {
            Self::Message(bytes) | Self::Binary(bytes) => (bytes.len(), 1),
            Self::Attachment(bytes) => (bytes.len(), 0),
            Self::Opening | Self::Goodbye | Self::Heartbeat(_) => (0, 0),
        }
    }
}

impl Element {
    fn is_heartbeat(&self) -> bool {
        matches!(self, Self::Heartbeat(_))
    }

    /// The bytes of the application's in it.
    pub(crate) fn length(&self) -> usize {
        self.cost().0
    }
}

impl From<Bytes> for Element {
    fn from(text: Bytes) -> Self {
        Self::Message(text)
    }
}

/// An element and where its payload begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) element: Element,
    /// Belongs to the same payload as the entry before it.
    pub(crate) joined: bool,
}

/// What one flush writes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Batch(pub(crate) Vec<Entry>);

impl Batch {
    /// The payloads of the batch: runs of entries that are encoded together.
    pub(crate) fn payloads(&self) -> impl Iterator<Item = &[Entry]> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let tail = rest.get(1..)?;
            let end = 1 + tail.iter().take_while(|entry| entry.joined).count();
            let (payload, after) = rest.split_at(end);
            rest = after;
            Some(payload)
        })
    }

    fn heartbeats(&self) -> usize {
        self.0.iter().filter(|entry| entry.element.is_heartbeat()).count()
    }

    /// The number of application messages in it.
    pub(crate) fn messages(&self) -> usize {
        self.0.iter().map(|entry| entry.element.cost().1).sum()
    }
}

#[derive(Debug)]
pub(crate) struct Queue {
    entries: VecDeque<Entry>,
    limits: Limits,
    bytes: usize,
    messages: usize,
    /// How many of the entries are heartbeats: a long queue is not searched for them.
    heartbeats: usize,
}

impl Queue {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { entries: VecDeque::new(), limits, bytes: 0, messages: 0, heartbeats: 0 }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether words of the protocol's own, which are never refused, have gone far past the bounds.
    pub(crate) fn is_far_beyond(&self) -> bool {
        self.messages > self.limits.messages.saturating_add(WORDS_BEYOND)
    }

    /// How many entries come before the last word; the last word itself when nothing else is there.
    pub(crate) fn length_before_goodbye(&self) -> usize {
        let says_goodbye = self.entries.back().is_some_and(|entry| entry.element == Element::Goodbye);
        let length = self.entries.len();
        if says_goodbye && length > 1 { length - 1 } else { length }
    }

    /// Bytes and messages that wait, those under way in a response included.
    pub(crate) fn held(&self) -> (usize, usize) {
        (self.bytes, self.messages)
    }

    /// Adds messages that belong together, with their attachments, all or none.
    pub(crate) fn push_messages(&mut self, messages: &[Element], joined: bool) -> Result<(), SendError> {
        let (bytes, count) = messages
            .iter()
            .map(Element::cost)
            .fold((0_usize, 0_usize), |sum, cost| (sum.0.saturating_add(cost.0), sum.1.saturating_add(cost.1)));
        let fits = self.bytes.saturating_add(bytes) <= self.limits.bytes
            && self.messages.saturating_add(count) <= self.limits.messages;
        if !fits {
            return Err(SendError::Full);
        }
        for (position, message) in messages.iter().enumerate() {
            // The first message of a payload begins it.
            let joined = joined || position > 0;
            self.push(message.clone(), joined);
        }
        Ok(())
    }

    /// Adds an element of the protocol's own, which is never refused.
    pub(crate) fn push(&mut self, element: Element, joined: bool) {
        let (bytes, messages) = element.cost();
        self.bytes += bytes;
        self.messages += messages;
        self.heartbeats += usize::from(element.is_heartbeat());
        self.entries.push_back(Entry { element, joined });
    }

    /// The opening comes first, once.
    pub(crate) fn open_again(&mut self) {
        if !self.entries.iter().any(|entry| entry.element == Element::Opening) {
            self.entries.push_front(Entry { element: Element::Opening, joined: false });
        }
    }

    /// Everything that waits becomes one payload.
    pub(crate) fn join(&mut self) {
        for entry in &mut self.entries {
            entry.joined = true;
        }
    }

    /// Takes the first `count` entries. They stay within the bounds until [`Queue::release`] or [`Queue::put_back`].
    pub(crate) fn take(&mut self, count: usize) -> Batch {
        let batch = Batch(self.entries.drain(..count.min(self.entries.len())).collect());
        self.heartbeats -= batch.heartbeats();
        if self.entries.is_empty() {
            // An idle session owns no buffer.
            self.entries = VecDeque::new();
        }
        batch
    }

    /// The batch reached the client: its room is free again.
    pub(crate) fn release(&mut self, batch: &Batch) {
        for entry in &batch.0 {
            let (bytes, messages) = entry.element.cost();
            self.bytes = self.bytes.saturating_sub(bytes);
            self.messages = self.messages.saturating_sub(messages);
        }
    }

    /// The batch did not reach the client: it goes first again.
    pub(crate) fn put_back(&mut self, batch: Batch) {
        self.heartbeats += batch.heartbeats();
        for mut entry in batch.0.into_iter().rev() {
            entry.joined = true;
            self.entries.push_front(entry);
        }
    }

    /// Forgets heartbeats: they belong to a connection, not to the session.
    pub(crate) fn drop_heartbeats(&mut self) {
        if self.heartbeats > 0 {
            self.entries.retain(|entry| !entry.element.is_heartbeat());
            self.heartbeats = 0;
        }
    }

    pub(crate) fn has_heartbeat(&self) -> bool {
        self.heartbeats > 0
    }

    /// Empties the queue and tells how many messages were in it.
    pub(crate) fn clear(&mut self) -> usize {
        let messages = self.entries.iter().map(|entry| entry.element.cost().1).sum();
        self.entries = VecDeque::new();
        self.bytes = 0;
        self.messages = 0;
        self.heartbeats = 0;
        messages
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(bytes: usize, messages: usize) -> Queue {
        Queue::new(Limits { bytes, messages })
    }

    fn message(text: &'static str) -> Element {
        Element::Message(Bytes::from_static(text.as_bytes()))
    }

    #[test]
    fn a_queue_refuses_what_exceeds_either_bound() {
        let mut queue = queue(10, 2);
        assert_eq!(queue.push_messages(&[message("12345678901")], false), Err(SendError::Full));
        assert_eq!(queue.push_messages(&[message("1")], false), Ok(()));
        assert_eq!(queue.push_messages(&[message("2"), message("3")], false), Err(SendError::Full));
        assert_eq!(queue.push_messages(&[message("2")], false), Ok(()));
        assert_eq!(queue.push_messages(&[message("3")], false), Err(SendError::Full));
        assert_eq!(queue.held(), (2, 2), "a refused message leaves nothing behind");
    }

    #[test]
    fn what_is_under_way_still_counts_until_it_arrived() {
        let mut queue = queue(100, 1);
        queue.push_messages(&[message("1")], false).unwrap();
        let batch = queue.take(1);
        assert_eq!(queue.push_messages(&[message("2")], false), Err(SendError::Full));
        queue.release(&batch);
        assert_eq!(queue.push_messages(&[message("2")], false), Ok(()));
    }

    #[test]
    fn what_comes_back_goes_first_and_in_order() {
        let mut queue = queue(100, 100);
        queue.push_messages(&[message("1"), message("2")], false).unwrap();
        let batch = queue.take(2);
        queue.push_messages(&[message("3")], false).unwrap();
        queue.put_back(batch);
        let again: Vec<_> = queue.take(9).0.into_iter().map(|entry| entry.element).collect();
        assert_eq!(again, ["1", "2", "3"].map(message));
    }

    #[test]
    fn attachments_count_as_bytes_of_their_message() {
        let attachment = || Element::Attachment(Bytes::from_static(b"12345"));
        let mut queue = queue(11, 1);
        assert_eq!(queue.push_messages(&[message("1"), attachment(), attachment()], false), Ok(()));
        assert_eq!(queue.held(), (11, 1));
        assert_eq!(queue.push_messages(&[attachment()], false), Err(SendError::Full));
    }

    #[test]
    fn heartbeats_are_known_wherever_they_are() {
        let mut queue = queue(100, 100);
        queue.push(Element::Heartbeat(1), false);
        queue.push_messages(&[message("1")], false).unwrap();
        assert!(queue.has_heartbeat());
        let batch = queue.take(1);
        assert!(!queue.has_heartbeat());
        queue.put_back(batch);
        assert!(queue.has_heartbeat());
        queue.drop_heartbeats();
        assert!(!queue.has_heartbeat());
        assert_eq!(queue.len(), 1);
    }

    #[test]
    fn payloads_are_runs_of_joined_entries() {
        let mut queue = queue(100, 100);
        queue.push(Element::Opening, false);
        queue.push_messages(&[message("1")], false).unwrap();
        queue.push_messages(&[message("2"), message("3")], false).unwrap();
        let batch = queue.take(4);
        assert_eq!(batch.payloads().map(<[Entry]>::len).collect::<Vec<_>>(), [1, 1, 2]);
        assert_eq!(batch.messages(), 3);
        assert_eq!(Batch::default().payloads().count(), 0);
    }
}
