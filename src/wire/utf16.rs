//! Text as JavaScript has it: counted in UTF-16 code units, and with halves of surrogate pairs in it.

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

/// The text of UTF-8 in which half a surrogate pair may stand alone, as three bytes. It becomes U+FFFD, which is what any other way to
/// send it makes of it.
pub(crate) fn from_generalized_utf8(mut bytes: Vec<u8>) -> Option<String> {
    // Such bytes begin with ED A0 to ED BF, and no other character does. U+FFFD takes three as well.
    for index in 0..bytes.len() {
        if bytes[index] == 0xED && bytes.get(index + 1).is_some_and(|byte| *byte >= 0xA0) && index + 2 < bytes.len() {
            bytes[index..index + 3].copy_from_slice("\u{FFFD}".as_bytes());
        }
    }
    String::from_utf8(bytes).ok()
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

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        for (bytes, text) in [
            (&b""[..], Some("")),
            (b"a\xed\xa0\xbdb", Some("a\u{FFFD}b")),
            (b"\xed\xb8\x80\xed\xbf\xbf", Some("\u{FFFD}\u{FFFD}")),
            (b"\xed\xa0\xbd\xf0\x9f\x98\x80", Some("\u{FFFD}😀")),
            (b"\xed\x9f\xbf\xee\x80\x80", Some("\u{D7FF}\u{E000}")),
            (b"\xed\xa0", None),
            (b"\xed", None),
            (b"\xff", None),
            (b"\xc3", None),
        ] {
            assert_eq!(from_generalized_utf8(bytes.to_vec()).as_deref(), text, "{bytes:?}");
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
