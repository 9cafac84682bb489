//! Strings that are encoded as UTF-8 twice, as clients of Socket.IO 1.x do it, and how to find out whether a client does
//! (`docs/wire/engine.md` §6).
//!
//! Before it sends a string, such a client makes characters U+0000 to U+00FF of the bytes of its UTF-8. Text in ASCII is the same
//! either way.

use std::borrow::Cow;

use super::utf16;

/// How a client writes its strings, as far as that is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Strings {
    /// It has sent nothing yet that could tell.
    #[default]
    Unknown,
    /// As they are.
    Plain,
    /// Encoded twice.
    Double,
}

impl Strings {
    /// Reads a string of this client, and learns how it writes them from the first one that is not ASCII.
    ///
    /// That is a guess: what could have been encoded twice is taken to have been. The one who suffers is a client that encodes once and
    /// whose first text outside ASCII is that of somebody else's broken encoding. What cannot be decoded stays as it is.
    pub(crate) fn read<'a>(&mut self, text: Cow<'a, str>) -> Cow<'a, str> {
        if *self == Self::Plain || text.is_ascii() {
            return text;
        }
        match (decode(&text), *self) {
            (Some(decoded), _) => {
                *self = Self::Double;
                Cow::Owned(decoded)
            }
            (None, Self::Double) => text,
            (None, _) => {
                *self = Self::Plain;
                text
            }
        }
    }
}

/// Makes a character of every byte.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// Makes a byte of every character. `None` if one is no byte, or if the bytes are not UTF-8; half a surrogate pair is U+FFFD.
pub(crate) fn decode(text: &str) -> Option<String> {
    let bytes = text.chars().map(u8::try_from).collect::<Result<_, _>>().ok()?;
    utf16::from_generalized_utf8(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(strings: &mut Strings, text: &str) -> String {
        let mut twin = *strings;
        let owned = twin.read(Cow::Owned(text.to_owned()));
        let borrowed = strings.read(Cow::Borrowed(text));
        assert_eq!(owned, borrowed);
        borrowed.into_owned()
    }

    #[test]
    fn a_byte_becomes_a_character() {
        for (text, double) in [
            ("", ""),
            ("hello~\u{7f}", "hello~\u{7f}"),
            ("é", "Ã©"),
            ("€", "â\u{82}¬"),
            ("4é€😀", "4Ã©â\u{82}¬ð\u{9f}\u{98}\u{80}"),
            ("Ã©", "Ã\u{83}Â©"),
        ] {
            assert_eq!(encode(text), double);
            assert_eq!(decode(double).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_cannot_have_been_encoded_twice_is_not_decoded() {
        for text in ["é", "4é", "Ã", "Ã©€", "漢", "😀", "\u{FFFD}", "Ã©Ã", "\u{100}", "\u{ed}\u{a0}"] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        assert_eq!(decode("4a\u{ed}\u{a0}\u{bd}ð\u{9f}\u{98}\u{80}").as_deref(), Some("4a\u{FFFD}😀"));
    }

    #[test]
    fn the_first_text_outside_ascii_tells_how_a_client_writes() {
        for (first, is_read_as, strings) in [
            ("ascii\u{7f}", "ascii\u{7f}", Strings::Unknown),
            ("Ã©", "é", Strings::Double),
            ("é", "é", Strings::Plain),
            ("Ã©€", "Ã©€", Strings::Plain),
            ("漢", "漢", Strings::Plain),
        ] {
            let mut learned = Strings::default();
            assert_eq!(read(&mut learned, first), is_read_as);
            assert_eq!(learned, strings);
        }
    }

    #[test]
    fn what_was_learned_stays() {
        let mut strings = Strings::Unknown;
        assert_eq!(read(&mut strings, "hello"), "hello");
        assert_eq!(read(&mut strings, "Ã©"), "é");
        assert_eq!(read(&mut strings, "é漢"), "é漢");
        assert_eq!(read(&mut strings, "Ã©"), "é");
        assert_eq!(strings, Strings::Double);

        let mut strings = Strings::Plain;
        assert_eq!(read(&mut strings, "Ã©"), "Ã©");
        assert_eq!(strings, Strings::Plain);
    }

    proptest! {
        #[test]
        fn any_text_survives_the_detour(text in proptest::collection::vec(any::<char>(), 0..30).prop_map(String::from_iter)) {
            let double = encode(&text);
            prop_assert_eq!(double.chars().count(), text.len());
            prop_assert_eq!(decode(&double), Some(text.clone()));
            let mut strings = Strings::Unknown;
            prop_assert_eq!(strings.read(double.into()), &*text);
            prop_assert_eq!(strings, if text.is_ascii() { Strings::Unknown } else { Strings::Double });
        }

        #[test]
        fn text_of_bytes_is_decoded_if_it_is_utf8(bytes in proptest::collection::vec(any::<u8>(), 0..6)) {
            let text: String = bytes.iter().copied().map(char::from).collect();
            prop_assert_eq!(decode(&text), utf16::from_generalized_utf8(bytes));
        }
    }
}
