//! The JSON envelopes of Socket.IO 0.3 and 0.4: `{"messages":[…]}` to the client, a bare array from it.

use serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

use super::{
    bounds::Bounds,
    frames::{Packet, Payload},
};

/// What the server says on a WebSocket to keep it alive. Clients ignore whatever has no `messages`.
pub(crate) const WEBSOCKET_HEARTBEAT: &str = r#"{"heartbeat":"1"}"#;

/// Decodes what a client sent: a JSON array, strings being text and everything else JSON. Anything but an array holds no packets.
///
/// Nor does one with more elements than a payload may have, or one that is too deep for JSON.
///
/// Half a surrogate pair, which JSON can spell and Unicode text cannot hold, becomes U+FFFD.
pub(crate) fn decode(payload: &str, bounds: &mut Bounds) -> Payload {
    let elements = elements(payload, bounds);
    let complete = elements.is_some();
    Payload { packets: elements.unwrap_or_default().into_iter().map(packet).collect(), complete }
}

fn elements<'a>(payload: &'a str, bounds: &mut Bounds) -> Option<Vec<&'a RawValue>> {
    struct Elements<'b>(&'b mut Bounds);

    impl<'de> DeserializeSeed<'de> for Elements<'_> {
        type Value = Vec<&'de RawValue>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_seq(self)
        }
    }

    impl<'de> Visitor<'de> for Elements<'_> {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a list of messages")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = list.next_element()? {
                self.0.admit(elements.len()).ok_or_else(|| serde::de::Error::custom("too many messages"))?;
                elements.push(element);
            }
            Ok(elements)
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(bounds.shallow(payload)?);
    let elements = Elements(bounds).deserialize(&mut deserializer).ok()?;
    deserializer.end().ok()?;
    Some(elements)
}

/// Opens a payload; elements follow.
pub(crate) fn begin(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"messages":["#);
}

/// Goes between two elements.
pub(crate) fn separate(out: &mut Vec<u8>) {
    out.push(b',');
}

/// Closes a payload.
pub(crate) fn end(out: &mut Vec<u8>) {
    out.extend_from_slice(b"]}");
}

/// Appends a text message as an element.
pub(crate) fn encode_text(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    write_string(text, out);
}

/// Appends a message that is a JSON value, given as JSON text, as an element.
pub(crate) fn encode_json(json: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(json.as_bytes());
}

/// Appends the session id as an element: JSON inside a JSON string, the first thing a client reads.
pub(crate) fn encode_session_id(id: &str, out: &mut Vec<u8>) {
    write_string(&serde_json::json!({ "sessionid": id }).to_string(), out);
}

fn packet(element: &RawValue) -> Packet {
    let json = element.get();
    if !json.starts_with('"') {
        return Packet::Json(element.to_owned());
    }
    Packet::Text(serde_json::from_str(json).unwrap_or_else(|_| lossy_string(json)))
}

/// Reads a JSON string that has an unpaired surrogate in it.
fn lossy_string(json: &str) -> String {
    // serde_json hands out such strings as bytes only, a surrogate as the three bytes UTF-8 would need for it: ED, A0 to BF, any.
    let mut bytes = serde_json::from_str::<Bytes>(json).map_or_else(|_| Vec::new(), |bytes| bytes.0);
    for index in 0..bytes.len().saturating_sub(2) {
        if bytes[index] == 0xED && bytes[index + 1] >= 0xA0 {
            bytes[index..index + 3].copy_from_slice("\u{FFFD}".as_bytes());
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A JSON string as bytes: without asking whether they are UTF-8.
struct Bytes(Vec<u8>);

impl<'de> serde::Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl serde::de::Visitor<'_> for Visitor {
            type Value = Bytes;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_owned()))
            }

            fn visit_byte_buf<E>(self, bytes: Vec<u8>) -> Result<Bytes, E> {
                Ok(Bytes(bytes))
            }
        }

        deserializer.deserialize_bytes(Visitor)
    }
}

fn write_string(text: &str, out: &mut Vec<u8>) {
    // Writing text into a vector cannot fail.
    let _ = serde_json::to_writer(out, text);
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn decode(payload: &str) -> Vec<Packet> {
        super::decode(payload, &mut Bounds::none()).packets
    }

    fn text(text: &str) -> Packet {
        Packet::Text(text.to_owned())
    }

    fn json(json: &str) -> Packet {
        Packet::Json(RawValue::from_string(json.to_owned()).unwrap())
    }

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_payload_is_an_object_of_messages() {
        let payload = written(|out| {
            begin(out);
            encode_json("1", out);
            separate(out);
            encode_json(r#"{"a":1}"#, out);
            separate(out);
            encode_text("", out);
            end(out);
        });
        assert_eq!(payload, r#"{"messages":[1,{"a":1},""]}"#);
    }

    #[test]
    fn the_session_id_is_json_within_a_string() {
        let payload = written(|out| {
            begin(out);
            encode_session_id("123", out);
            end(out);
        });
        assert_eq!(payload, r#"{"messages":["{\"sessionid\":\"123\"}"]}"#);
    }

    #[test]
    fn text_is_escaped_as_javascript_does() {
        let encoded = written(|out| encode_text("\"\\/\u{8}\t\n\u{b}\u{c}\r\u{1f}\u{7f}é\u{2028}😀<", out));
        assert_eq!(encoded, "\"\\\"\\\\/\\b\\t\\n\\u000b\\f\\r\\u001f\u{7f}é\u{2028}😀<\"");
    }

    #[test]
    fn strings_are_text_and_everything_else_is_json() {
        assert_eq!(decode(r#"["m1","m2","m3"]"#), [text("m1"), text("m2"), text("m3")]);
        assert_eq!(
            decode(r#" [ "\u00e9\ud83d\ude00" , 1,true,null,{"a":[1]},"" ] "#),
            [text("é😀"), json("1"), json("true"), json("null"), json(r#"{"a":[1]}"#), text("")]
        );
        assert_eq!(decode("[]"), []);
    }

    #[test]
    fn text_that_looks_like_a_frame_is_text() {
        assert_eq!(decode(r#"["~h~1","~j~{}","~m~1~m~a"]"#), [text("~h~1"), text("~j~{}"), text("~m~1~m~a")]);
    }

    #[test]
    fn anything_but_an_array_is_dropped() {
        for payload in
            ["", "{x", r#"["a""#, r#"["a"]["b"]"#, r#""abc""#, r#"{"messages":["a"]}"#, "1", "null", "~m~1~m~a"]
        {
            assert_eq!(decode(payload), [], "{payload:?}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_is_replaced() {
        for (payload, expected) in [
            (r#"["\ud83d"]"#, "\u{FFFD}"),
            (r#"["\ude00"]"#, "\u{FFFD}"),
            (r#"["a\ud83dé\ud83d\ude00\ude00"]"#, "a\u{FFFD}é😀\u{FFFD}"),
            (r#"["\ud83d\ud83d\ude00\n"]"#, "\u{FFFD}😀\n"),
            (r#"["\ud83d퟿"]"#, "\u{FFFD}\u{D7FF}"),
        ] {
            assert_eq!(decode(payload), [text(expected)], "{payload}");
        }
    }

    #[test]
    fn elements_may_be_as_deep_as_they_like() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(decode(&format!("[{deep}]")), [json(&deep)]);
        assert_eq!(decode(&"[".repeat(100_000)), []);
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(texts in vec(vec(any::<char>(), 0..30), 0..6)) {
            let texts: Vec<String> = texts.into_iter().map(String::from_iter).collect();
            let elements: Vec<String> = texts.iter().map(|text| written(|out| encode_text(text, out))).collect();
            for (text, element) in texts.iter().zip(&elements) {
                prop_assert_eq!(element, &serde_json::to_string(text).unwrap());
            }
            let packets: Vec<Packet> = texts.into_iter().map(Packet::Text).collect();
            prop_assert_eq!(decode(&format!("[{}]", elements.join(","))), packets);
        }

        #[test]
        fn any_payload_is_bearable(pieces in vec(prop_oneof!["[\\[\\]{}\",:\\\\un0-9a-f]", any::<char>().prop_map(String::from)], 0..60)) {
            decode(&pieces.concat());
            decode(&format!("[\"{}\"]", pieces.concat()));
        }

        #[test]
        fn any_string_element_is_text(units in vec(prop_oneof![0xD7F0_u16..0xE010, any::<u16>()], 0..20)) {
            let escapes: String = units.iter().map(|unit| format!("\\u{unit:04x}")).collect();
            prop_assert_eq!(decode(&format!("[\"{escapes}\"]")), [Packet::Text(String::from_utf16_lossy(&units))]);
        }
    }
}
