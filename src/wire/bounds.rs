//! How far decoders go with what strangers send.

use serde_json::value::RawValue;

/// How much a decoder makes of one body or frame, and what it met beyond that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bounds {
    max_packets: usize,
    max_depth: usize,
    /// Whether there were more packets.
    pub(crate) has_too_many: bool,
    /// How many texts had more arrays and objects in one another.
    pub(crate) too_deep: usize,
}

impl Bounds {
    pub(crate) fn new(max_packets: usize, max_depth: usize) -> Self {
        Self { max_packets, max_depth, has_too_many: false, too_deep: 0 }
    }

    /// For what we have written ourselves.
    pub(crate) fn none() -> Self {
        Self::new(usize::MAX, usize::MAX)
    }

    /// Nothing when a payload that has so many packets may have no more.
    pub(crate) fn admit(&mut self, packets: usize) -> Option<()> {
        let fits = packets < self.max_packets;
        self.has_too_many |= !fits;
        fits.then_some(())
    }

    /// Nothing when the text is too deep.
    pub(crate) fn shallow<'a>(&mut self, json: &'a str) -> Option<&'a str> {
        let fits = is_within(json, self.max_depth);
        self.too_deep += usize::from(!fits);
        fits.then_some(json)
    }

    /// The text without the blanks around it; nothing when it is no JSON, or too deep. It is checked and not built, so
    /// its depth costs no stack.
    pub(crate) fn json<'a>(&mut self, json: &'a str) -> Option<&'a RawValue> {
        serde_json::from_str(self.shallow(json)?).ok()
    }
}

/// Whether no more than so many arrays and objects are in one another.
fn is_within(json: &str, depth: usize) -> bool {
    // What is deeper has as many brackets at least, strings or not. This alone is as fast as memory is.
    if json.len() <= depth || json.bytes().map(|byte| usize::from(is_opening(byte))).sum::<usize>() <= depth {
        return true;
    }
    let mut open = 0_usize;
    let mut bytes = json.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'[' | b'{' if open == depth => return false,
            b'[' | b'{' => open += 1,
            b']' | b'}' => open = open.saturating_sub(1),
            b'"' => skip_string(&mut bytes),
            _ => {}
        }
    }
    true
}

/// `[` or `{`, which differ in one bit.
fn is_opening(byte: u8) -> bool {
    byte | 0x20 == b'{'
}

fn skip_string(bytes: &mut std::str::Bytes<'_>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => return,
            b'\\' => _ = bytes.next(),
            _ => {}
        }
    }
}

#[cfg(test)]
mod decoders;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    #[test]
    fn so_many_in_one_another_are_json_and_one_more_is_none() {
        for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("[{\"[\":", "}]")] {
            let levels = open.matches(['[', '{']).count() - open.matches("\"[\"").count();
            for depth in [1, 2, 126, 127, 128] {
                let json = |times: usize| format!(" {}1{}", open.repeat(times), close.repeat(times));
                let mut bounds = Bounds::new(1, depth * levels);
                let fits = json(depth);
                assert_eq!(bounds.json(&fits).map(RawValue::get), Some(fits.trim()));
                assert_eq!((bounds.json(&json(depth + 1)).is_none(), bounds.too_deep), (true, 1), "{open} {depth}");
            }
        }
    }

    #[test]
    fn brackets_side_by_side_or_in_strings_are_no_depth() {
        let mut bounds = Bounds::new(1, 2);
        for json in [
            format!("[{}[]]", "[],{},".repeat(100)),
            format!("[\"{}\"]", "[{".repeat(100)),
            format!(r#"["\"{}\\",["{}"]]"#, "[".repeat(100), "\\\\\\\"{".repeat(100)),
            format!("{{\"{}\":[1]}}", "{".repeat(100)),
        ] {
            assert_eq!(bounds.json(&json).map(RawValue::get), Some(&*json));
        }
        assert!(bounds.json(r#"["\\",[[1]],"]]"]"#).is_none());
        assert_eq!(bounds.too_deep, 1);
    }

    #[test]
    fn what_is_no_json_is_none_however_deep() {
        let mut bounds = Bounds::new(1, 3);
        for json in ["", "[", "]]]]]]]", "[1,]", "[\"", "[[[\"\\", "{]"] {
            assert!(bounds.json(json).is_none(), "{json}");
        }
        assert_eq!(bounds.too_deep, 0);
        assert!(bounds.json(&"[".repeat(1_000_000)).is_none());
        assert_eq!(bounds.too_deep, 1);
    }

    #[test]
    fn a_payload_is_admitted_as_many_packets_as_it_may_have() {
        let mut bounds = Bounds::new(2, 1);
        assert_eq!((bounds.admit(0), bounds.admit(1), bounds.has_too_many), (Some(()), Some(()), false));
        assert_eq!((bounds.admit(2), bounds.has_too_many), (None, true));
    }

    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or_default(),
            Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
            _ => 0,
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![Just(Value::Null), "[a\\[\\]{}\"\\\\]{0,9}".prop_map(Value::from)];
        leaf.prop_recursive(6, 60, 5, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                proptest::collection::vec(("[a{\\[\"\\\\]{0,3}", inner), 0..5)
                    .prop_map(|fields| fields.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_depth_is_that_of_the_value(value in any_value(), bound in 0_usize..8) {
            prop_assert_eq!(is_within(&value.to_string(), bound), depth(&value) <= bound);
        }

        #[test]
        fn any_text_is_bearable(text in "[\\[\\]{}\"\\\\a]{0,60}", bound in 0_usize..8) {
            is_within(&text, bound);
        }
    }
}
