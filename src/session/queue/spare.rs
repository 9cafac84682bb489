//! Buffers of short queues, used again: a broadcast would otherwise ask the allocator for as many as there are receivers,
//! and an idle session owns none.

use super::Entry;
use std::{cell::RefCell, collections::VecDeque, mem};

/// How many a thread keeps.
const SPARES: usize = 1024;
/// A buffer for more entries than this is not kept.
const SHORT: usize = 8;

thread_local! {
    static SPARE: RefCell<Vec<Vec<Entry>>> = const { RefCell::new(Vec::new()) };
}

/// An empty buffer, for somebody who is about to fill it.
pub(super) fn buffer() -> VecDeque<Entry> {
    let spare = SPARE.try_with(|spares| spares.try_borrow_mut().ok()?.pop());
    spare.ok().flatten().map_or_else(|| VecDeque::with_capacity(SHORT), VecDeque::from)
}

/// What was in it is done with.
pub(super) fn give_back(mut buffer: Vec<Entry>) {
    buffer.clear();
    if buffer.capacity() != SHORT {
        return;
    }
    // A thread that ends keeps nothing.
    let _ = SPARE.try_with(|spares| {
        let Ok(mut spares) = spares.try_borrow_mut() else { return };
        if spares.len() < SPARES {
            spares.push(mem::take(&mut buffer));
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Element;

    #[test]
    fn a_short_buffer_is_used_again_and_a_long_one_is_not_kept() {
        let kept = || SPARE.with_borrow(Vec::len);
        let mut first = buffer();
        first.push_back(Entry::new(Element::Opening));
        let before = kept();
        give_back(first.into());
        assert_eq!(kept(), before + 1);
        let again = buffer();
        assert_eq!((again.len(), again.capacity(), kept()), (0, SHORT, before));
        give_back(Vec::with_capacity(10 * SHORT));
        assert_eq!(kept(), before);
        for _ in 0..2 * SPARES {
            give_back(Vec::with_capacity(SHORT));
        }
        assert_eq!(kept(), SPARES);
    }
}
