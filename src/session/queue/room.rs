//! What is dropped from a queue so that something else has room.

use super::{Element, Elements, Entry, Manner, Mark, Queue, SendError, Sum};
use crate::session::{on_full::OnFull, tally::Tally};

/// What is to be queued, and for whom.
#[derive(Debug, Clone, Copy)]
struct Wanted {
    sum: Sum,
    keeps_up: bool,
    shared: bool,
}

impl Queue {
    /// Adds messages that belong together, with their attachments, all or none. What is dropped for them is counted. The
    /// client keeps up with what is said to it, or not.
    pub(crate) fn push_messages(
        &mut self,
        messages: impl Elements,
        manner: &Manner,
        keeps_up: bool,
        tally: &mut Option<Box<Tally>>,
    ) -> Result<(), SendError> {
        let is_shared = |position| manner.shared && position >= manner.words;
        let sum = match messages.as_slice() {
            [only] => Sum::of(only, is_shared(0)),
            all => {
                let sums = all.iter().enumerate().map(|(position, element)| Sum::of(element, is_shared(position)));
                sums.fold(Sum::default(), Sum::plus)
            }
        };
        let wanted = Wanted { sum, keeps_up, shared: manner.shared };
        let replaced = self.replaced_by(manner);
        if replaced.is_some() || !self.has_room_without(wanted, Sum::default()) {
            self.make_room(wanted, manner, replaced, tally.get_or_insert_default())?;
        }
        self.hold(wanted.sum);
        self.add(messages, manner);
        Ok(())
    }

    /// Drops what has to make room, and what the new message takes the place of.
    #[cold]
    fn make_room(
        &mut self,
        wanted: Wanted,
        manner: &Manner,
        mut replaced: Option<usize>,
        tally: &mut Tally,
    ) -> Result<(), SendError> {
        if !self.has_room(wanted, replaced) {
            if manner.only_if_it_fits || !self.could_have_room(wanted) {
                return Err(SendError::Full);
            }
            tally.displaced_volatile += self.displace_volatile(wanted, replaced);
            replaced = self.replaced_by(manner);
            if !self.has_room(wanted, replaced) {
                // A message that may be dropped itself is worth no other.
                if manner.volatile || self.allowance.on_full != OnFull::DropOldest {
                    return Err(SendError::Full);
                }
                tally.conflated += self.drop_message(replaced.take());
                tally.dropped_oldest += self.drop_oldest(wanted);
                if !self.has_room(wanted, None) {
                    return Err(SendError::Full);
                }
            }
        }
        tally.conflated += self.drop_message(replaced);
        Ok(())
    }

    fn add(&mut self, messages: impl Elements, manner: &Manner) {
        let mut mark = Mark::default();
        if manner.volatile {
            mark = mark.and(Mark::VOLATILE);
        }
        if manner.key.is_some() {
            mark = mark.and(Mark::KEYED);
        }
        let shared = if manner.shared { Mark::SHARED } else { Mark::default() };
        self.own_buffer();
        let mut position = 0;
        messages.for_each(|element| {
            let mark = match &element {
                _ if position < manner.words => Mark::WORD,
                // That of its message counts.
                Element::Attachment(_) => shared,
                _ => mark.and(shared),
            };
            if !mark.has(Mark::WORD) {
                self.loose = self.loose.plus(Sum::of(&element, mark.has(Mark::SHARED)));
            }
            if mark.has(Mark::VOLATILE) {
                self.volatile += 1;
            }
            if let Some(key) = manner.key.filter(|_| mark.has(Mark::KEYED)) {
                self.keys.get_or_insert_default().0.push_back(key);
            }
            // The first message of a payload begins it.
            self.entries.push_back(Entry { element, joined: position > 0, mark });
            position += 1;
        });
    }

    /// Whether this much fits when the message at this place is gone.
    fn has_room(&self, wanted: Wanted, replaced: Option<usize>) -> bool {
        self.has_room_without(wanted, replaced.map_or_else(Sum::default, |place| self.message_at(place)))
    }

    /// Whether this much would fit if everything were dropped that may be.
    fn could_have_room(&self, wanted: Wanted) -> bool {
        // Attachments at the front belong to a message that is under way.
        let stay = self.entries.range(self.sealed..).take_while(|entry| entry.element.is_attachment());
        self.has_room_without(wanted, self.loose.minus(Sum::of_all(stay)))
    }

    #[inline]
    fn has_room_without(&self, wanted: Wanted, spare: Sum) -> bool {
        let (sum, limits) = (self.held.minus(spare).plus(wanted.sum), self.allowance.limits);
        let fits = sum.bytes <= limits.bytes && sum.messages <= limits.messages;
        // What is there once for many costs next to nothing, so no crowd is too large for who keeps up.
        let is_free = wanted.shared && wanted.keeps_up;
        fits && (is_free
            || self.allowance.leave_room(self.held.cost(), wanted.sum.cost(), spare.cost(), wanted.keeps_up))
    }

    /// Drops volatile messages, the oldest first, until this much fits; answers how many.
    fn displace_volatile(&mut self, wanted: Wanted, replaced: Option<usize>) -> usize {
        let spare = replaced.map_or_else(Sum::default, |place| self.message_at(place));
        let mut dropped = 0;
        while self.volatile > 0 && !self.has_room_without(wanted, spare) {
            let from = self.oldest_volatile.max(self.sealed);
            let mut behind = self.entries.range(from..);
            let Some(place) = behind.position(|entry| entry.mark.has(Mark::VOLATILE)) else { break };
            self.oldest_volatile = from + place;
            dropped += self.drop_message(Some(self.oldest_volatile));
        }
        dropped
    }

    /// Drops messages, the oldest first, until this much fits; answers how many.
    fn drop_oldest(&mut self, wanted: Wanted) -> usize {
        let mut dropped = 0;
        while !self.has_room(wanted, None) {
            let from = self.oldest.max(self.sealed);
            let place = self.entries.range(from..).position(Entry::is_droppable);
            self.oldest = place.map_or(self.entries.len(), |place| from + place);
            if place.is_none() {
                break;
            }
            dropped += self.drop_message(Some(self.oldest));
        }
        dropped
    }

    /// Drops the message at this place, if there is one, with its attachments; answers how many that were.
    fn drop_message(&mut self, place: Option<usize>) -> usize {
        let Some((place, first)) = place.and_then(|place| Some((place, self.entries.get(place)?))) else { return 0 };
        let (mark, joined) = (first.mark, first.joined);
        let sum = self.message_at(place);
        let keyed_before = if mark.has(Mark::KEYED) { self.keyed_before(place) } else { 0 };
        self.forget_mark(mark, keyed_before);
        let length = self.length_at(place);
        self.entries.drain(place..place + length);
        if let Some(next) = self.entries.get_mut(place) {
            // Whatever came after the first of a payload is the first now.
            next.joined &= joined;
        }
        if place < self.oldest_volatile {
            self.oldest_volatile -= length;
        }
        self.loose = self.loose.minus(sum);
        self.release(sum);
        1
    }

    /// Where the message waits that this one takes the place of.
    fn replaced_by(&self, manner: &Manner) -> Option<usize> {
        let keys = self.keys.as_deref()?;
        let key = manner.key?;
        let behind = keys.0.iter().rev().position(|other| *other == key)?;
        // The newest are asked for most often.
        let mut keyed = self.entries.iter().enumerate().rev().filter(|(_, entry)| entry.mark.has(Mark::KEYED));
        keyed.nth(behind).map(|(place, _)| place)
    }

    /// How many entries the message has that begins here.
    fn length_at(&self, place: usize) -> usize {
        let behind = self.entries.range((place + 1).min(self.entries.len())..);
        1 + behind.take_while(|entry| entry.element.is_attachment()).count()
    }

    fn message_at(&self, place: usize) -> Sum {
        Sum::of_all(self.entries.range(place..).take(self.length_at(place)))
    }

    /// How many messages with a key wait before this one, which has one: counted from the nearer end.
    fn keyed_before(&self, place: usize) -> usize {
        let is_keyed = |entry: &&Entry| entry.mark.has(Mark::KEYED);
        if place < self.entries.len() / 2 {
            return self.entries.range(..place).filter(is_keyed).count();
        }
        let all = self.keys.as_ref().map_or(0, |keys| keys.0.len());
        all.saturating_sub(self.entries.range(place..).filter(is_keyed).count())
    }

    /// An entry with this mark is no longer loose. So many before it have a key.
    pub(super) fn forget_mark(&mut self, mark: Mark, keyed_before: usize) {
        if mark.has(Mark::VOLATILE) {
            self.volatile = self.volatile.saturating_sub(1);
        }
        if let Some(keys) = self.keys.as_deref_mut().filter(|_| mark.has(Mark::KEYED)) {
            keys.0.remove(keyed_before);
            if keys.0.is_empty() {
                self.keys = None;
            }
        }
    }

    /// Nothing waits that may be dropped.
    pub(super) fn nothing_is_loose(&mut self) {
        self.loose = Sum::default();
        self.volatile = 0;
        self.keys = None;
        self.search_from(self.entries.len());
    }

    /// Nothing may be dropped before this entry.
    pub(super) fn search_from(&mut self, place: usize) {
        self.oldest = place;
        self.oldest_volatile = place;
    }
}
