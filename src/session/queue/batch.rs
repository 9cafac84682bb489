//! What queues hold and connections take.

use bytes::Bytes;

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
    pub(super) fn is_heartbeat(&self) -> bool {
        matches!(self, Self::Heartbeat(_))
    }

    pub(super) fn is_attachment(&self) -> bool {
        matches!(self, Self::Attachment(_))
    }

    pub(super) fn is_message(&self) -> bool {
        matches!(self, Self::Message(_) | Self::Binary(_))
    }

    /// The bytes of the application's in it.
    pub(crate) fn length(&self) -> usize {
        match self {
            Self::Message(bytes) | Self::Binary(bytes) | Self::Attachment(bytes) => bytes.len(),
            Self::Opening | Self::Goodbye | Self::Heartbeat(_) => 0,
        }
    }
}

impl From<Bytes> for Element {
    fn from(text: Bytes) -> Self {
        Self::Message(text)
    }
}

/// What may become of a message that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Mark(u8);

impl Mark {
    /// Never dropped: what the protocol itself says.
    pub(super) const WORD: Self = Self(1);
    /// Dropped before any other.
    pub(super) const VOLATILE: Self = Self(2);
    /// Dropped for a newer one with the same key.
    pub(super) const KEYED: Self = Self(4);
    /// Its bytes are those of many clients.
    pub(super) const SHARED: Self = Self(8);

    pub(super) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// That of the same message once a connection has had hold of it.
    pub(super) fn settled(self) -> Self {
        Self(self.0 & (Self::WORD.0 | Self::SHARED.0))
    }
}

/// An element and where its payload begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) element: Element,
    /// Belongs to the same payload as the entry before it.
    pub(crate) joined: bool,
    /// Attachments of words are words; for others the mark of their message counts.
    pub(super) mark: Mark,
}

impl Entry {
    /// One that begins a payload.
    pub(crate) fn new(element: Element) -> Self {
        Self { element, joined: false, mark: Mark::default() }
    }

    pub(super) fn sum(&self) -> Sum {
        Sum::of(&self.element, self.mark.has(Mark::SHARED))
    }

    pub(super) fn is_word(&self) -> bool {
        self.mark.has(Mark::WORD)
    }

    /// Whether a message begins here that may be dropped.
    pub(super) fn is_droppable(&self) -> bool {
        self.element.is_message() && !self.is_word()
    }
}

/// How much some entries are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) bytes: usize,
    pub(crate) messages: usize,
    /// What of the bytes counts for the total of all queues.
    charged: usize,
    entries: usize,
}

/// What each of many clients is charged for bytes that are there once: one part in so many.
const SHARERS: usize = 16;

impl Sum {
    pub(super) fn of(element: &Element, is_shared: bool) -> Self {
        let bytes = element.length();
        let charged = if is_shared { bytes / SHARERS } else { bytes };
        Self { bytes, charged, messages: usize::from(element.is_message()), entries: 1 }
    }

    pub(super) fn of_all<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Self {
        entries.into_iter().fold(Self::default(), |sum, entry| sum.plus(entry.sum()))
    }

    pub(super) fn plus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_add(other.bytes),
            charged: self.charged.saturating_add(other.charged),
            messages: self.messages.saturating_add(other.messages),
            entries: self.entries.saturating_add(other.entries),
        }
    }

    pub(super) fn minus(self, other: Self) -> Self {
        Self {
            bytes: self.bytes.saturating_sub(other.bytes),
            charged: self.charged.saturating_sub(other.charged),
            messages: self.messages.saturating_sub(other.messages),
            entries: self.entries.saturating_sub(other.entries),
        }
    }

    /// The memory it takes, in bytes: of what many share, a part.
    pub(crate) fn cost(self) -> usize {
        self.charged.saturating_add(self.entries.saturating_mul(size_of::<Entry>()))
    }
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

    pub(super) fn heartbeats(&self) -> usize {
        self.0.iter().filter(|entry| entry.element.is_heartbeat()).count()
    }

    pub(crate) fn sum(&self) -> Sum {
        Sum::of_all(&self.0)
    }
}
