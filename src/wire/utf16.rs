//! Counting text in UTF-16 code units, the only length a JavaScript peer knows.

/// How many UTF-16 code units `text` takes.
pub(crate) fn units(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    // A character is one unit for each byte that starts one, and one more if it lies beyond U+FFFF (its first byte is then 0xF0 or above).
    text.bytes().map(|byte| usize::from(byte & 0xC0 != 0x80) + usize::from(byte >= 0xF0)).sum()
}

/// The byte index in `text` behind its first `units` UTF-16 code units.
///
/// `None` when that place lies between the two halves of a surrogate pair. When `text` has fewer units the answer is `text.len()`.
/// The cost grows with the units asked for, not with the length of `text`.
pub(crate) fn byte_index(text: &str, units: usize) -> Option<usize> {
    if text.as_bytes().get(..units).is_some_and(<[u8]>::is_ascii) {
        return Some(units);
    }
    let mut left = units;
    for (index, character) in text.char_indices() {
        if left == 0 {
            return Some(index);
        }
        left = left.checked_sub(character.len_utf16())?;
    }
    Some(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn units_are_those_of_javascript() {
        for (text, expected) in [("", 0), ("hello", 5), ("é", 1), ("漢", 1), ("😀", 2), ("\u{FFFF}\u{10000}", 3)] {
            assert_eq!(units(text), expected, "{text:?}");
        }
    }

    #[test]
    fn an_index_lies_between_characters_or_nowhere() {
        let text = "aé😀b";
        for (units, expected) in [
            (0, Some(0)),
            (1, Some(1)),
            (2, Some(3)),
            (3, None),
            (4, Some(7)),
            (5, Some(8)),
            (6, Some(8)),
            (usize::MAX, Some(8)),
        ] {
            assert_eq!(byte_index(text, units), expected, "{units}");
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_standard_encoder(text in proptest::collection::vec(any::<char>(), 0..40), count in 0_usize..50) {
            let text = String::from_iter(text);
            let encoded: Vec<u16> = text.encode_utf16().collect();
            prop_assert_eq!(units(&text), encoded.len());

            let expected = String::from_utf16(&encoded[..count.min(encoded.len())]).ok();
            prop_assert_eq!(byte_index(&text, count), expected.map(|start| start.len()));
        }
    }
}
