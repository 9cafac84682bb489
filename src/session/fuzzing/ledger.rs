//! What a session must have: every piece of data it accepted, until it knows that it has arrived.

use super::{Fate, data, number_of};
use crate::session::{
    delivery::{Delivery, Outcome},
    queue::{Batch, Element, Key, Manner},
    tally::Tally,
};
use std::{collections::VecDeque, sync::Arc};

/// What may become of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    Volatile,
    Keyed(u8),
    /// One of the protocol's own, which is not dropped.
    Word,
}

impl Kind {
    pub(super) fn manner(self, elements: usize, only_if_it_fits: bool) -> Manner {
        match self {
            Self::Plain => Manner { only_if_it_fits, ..Manner::PLAIN },
            Self::Volatile => Manner::VOLATILE,
            Self::Keyed(key) => Manner { key: Some(Key::new("", &key.to_string())), ..Manner::PLAIN },
            Self::Word => Manner { words: elements, ..Manner::PLAIN },
        }
    }
}

/// An element of data. They are numbered in the order in which they were accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    number: u32,
    bytes: usize,
    /// 1 but for attachments.
    messages: usize,
    kind: Kind,
}

/// How much some pieces are.
pub(super) struct Sum {
    pub(super) bytes: usize,
    pub(super) messages: usize,
}

impl Piece {
    pub(super) fn bytes<'a>(pieces: impl IntoIterator<Item = &'a Self>) -> usize {
        pieces.into_iter().map(|piece| piece.bytes).sum()
    }

    pub(super) fn messages<'a>(pieces: impl IntoIterator<Item = &'a Self>) -> usize {
        pieces.into_iter().map(|piece| piece.messages).sum()
    }
}

#[derive(Debug)]
struct Flight {
    carrier: u64,
    pieces: Vec<Piece>,
    fate: Option<Arc<Fate>>,
}

/// Messages, by cause.
#[derive(Debug, Default)]
struct Dropped {
    volatile: usize,
    oldest: usize,
    conflated: usize,
}

impl Dropped {
    fn all(&self) -> usize {
        self.volatile + self.oldest + self.conflated
    }
}

#[derive(Debug, Default)]
pub(super) struct Ledger {
    next: u32,
    /// What was accepted, and has not been taken since it last came back. Some of it may have been dropped.
    queued: VecDeque<Piece>,
    /// What was dropped, and is still in the list before.
    dropped: Dropped,
    flight: Option<Flight>,
}

impl Ledger {
    /// Messages that belong together, with so many attachments each.
    pub(super) fn message(
        &mut self,
        kind: Kind,
        messages: u8,
        attachments: u8,
        length: usize,
    ) -> (Vec<Element>, Vec<Piece>) {
        let (mut elements, mut pieces) = (Vec::new(), Vec::new());
        for _ in 0..messages {
            for part in 0..=attachments {
                let bytes = data(self.next, length);
                pieces.push(Piece { number: self.next, bytes: bytes.len(), messages: usize::from(part == 0), kind });
                elements.push(match part {
                    0 if length % 2 == 0 => Element::Message(bytes),
                    0 => Element::Binary(bytes),
                    _ => Element::Attachment(bytes),
                });
                self.next += 1;
            }
        }
        (elements, pieces)
    }

    pub(super) fn queue(&mut self, pieces: Vec<Piece>) {
        self.queued.extend(pieces);
    }

    /// What was dropped shows when something behind it is taken.
    pub(super) fn drop(&mut self, tally: &Tally) {
        self.dropped.volatile += tally.displaced_volatile;
        self.dropped.oldest += tally.dropped_oldest;
        self.dropped.conflated += tally.conflated;
    }

    /// A batch has what was queued first, in order, and nothing else.
    pub(super) fn take(&mut self, carrier: u64, batch: &Batch, at_most: Option<usize>) {
        assert!(self.flight.is_none(), "what is under way is settled first");
        assert!(!batch.0.is_empty() && at_most.is_none_or(|bound| batch.0.len() <= bound));
        let mut pieces = Vec::new();
        for (position, entry) in batch.0.iter().enumerate() {
            match &entry.element {
                Element::Opening => assert_eq!(position, 0, "the opening comes first"),
                Element::Goodbye => {
                    let waiting = Piece::messages(&self.queued) - self.dropped.all();
                    assert!(position + 1 == batch.0.len() && waiting == 0, "the last word is the last");
                    assert!(at_most.is_none() || position == 0, "in a poll of engine it comes alone");
                }
                Element::Heartbeat(_) => {}
                data => {
                    self.skip_dropped(number_of(data));
                    pieces.extend(self.queued.pop_front());
                }
            }
        }
        self.flight = Some(Flight { carrier, pieces, fate: None });
    }

    /// What comes before the piece with this number was dropped: whole messages, and not more than was said.
    fn skip_dropped(&mut self, number: Option<u32>) {
        while self.queued.front().map(|piece| piece.number) != number {
            let Some(first) = self.queued.pop_front() else { panic!("{number:?} comes in order, and once") };
            assert_eq!(first.messages, 1, "attachments are not dropped alone");
            let Dropped { volatile, oldest, conflated } = &mut self.dropped;
            let account = match first.kind {
                Kind::Volatile if *volatile > 0 => volatile,
                Kind::Keyed(_) if *conflated > 0 => conflated,
                Kind::Word => panic!("{number:?} comes in order, and words are not dropped"),
                _ => oldest,
            };
            assert!(*account > 0, "{number:?} comes in order: {first:?} was not dropped");
            *account -= 1;
            while self.queued.front().is_some_and(|piece| piece.messages == 0) {
                self.queued.pop_front();
            }
        }
    }

    pub(super) fn is_carried_by(&self, number: u64) -> bool {
        self.flight.as_ref().is_some_and(|flight| flight.carrier == number)
    }

    pub(super) fn watch(&mut self, fate: Arc<Fate>) {
        if let Some(flight) = &mut self.flight {
            flight.fate = Some(fate);
        }
    }

    /// It has arrived.
    pub(super) fn release(&mut self) {
        self.flight = None;
    }

    pub(super) fn put_back(&mut self) {
        for piece in self.flight.take().into_iter().flat_map(|flight| flight.pieces).rev() {
            self.queued.push_front(piece);
        }
    }

    /// The next connection is here: what has arrived is known, and everything else goes back. Answers whether it did.
    pub(super) fn settle(&mut self) -> bool {
        self.settle_delivered();
        let goes_back = self.flight.is_some();
        self.put_back();
        goes_back
    }

    pub(super) fn settle_delivered(&mut self) {
        if self.is_delivered() {
            self.release();
        }
    }

    /// What was handed to a response has arrived, because the client says so.
    pub(super) fn polls_have_ended(&mut self) {
        if self.flight.as_ref().is_some_and(|flight| flight.fate.is_some()) {
            self.release();
        }
    }

    fn is_delivered(&self) -> bool {
        let fate = self.flight.as_ref().and_then(|flight| flight.fate.as_ref());
        fate.is_some_and(|fate| fate.outcome() == Outcome::Delivered)
    }

    /// Everything is forgotten. Answers how many messages nobody got.
    pub(super) fn close(&mut self) -> usize {
        self.settle_delivered();
        self.put_back();
        let messages = Piece::messages(&std::mem::take(&mut self.queued));
        messages - std::mem::take(&mut self.dropped).all()
    }

    fn all(&self) -> impl Iterator<Item = &Piece> {
        self.queued.iter().chain(self.flight.iter().flat_map(|flight| &flight.pieces))
    }

    /// Compares it with what the session says it holds.
    pub(super) fn check_held(&self, bytes: usize, messages: usize) {
        assert_eq!(messages, Piece::messages(self.all()) - self.dropped.all());
        let all = Piece::bytes(self.all());
        assert!(if self.dropped.all() == 0 { bytes == all } else { bytes < all });
    }

    /// The part of it that no bounds hold for, and what is behind it.
    pub(super) fn words(&self) -> Sum {
        let words = || self.all().filter(|piece| piece.kind == Kind::Word);
        Sum { bytes: Piece::bytes(words()), messages: Piece::messages(words()) }
    }
}
