//! The urlencoded form a client posts, and what a browser's own form does to it.

use serde::de::{Deserializer, Visitor};
use std::{borrow::Cow, fmt};

use super::{
    bounds::Bounds,
    engine,
    frames::{self, Payload},
    payload, utf16,
};

/// The `data` field of a form body; `None` when there is none, or more than one.
///
/// `+` is a blank, percent escapes may be of either case, unescaped UTF-8 is taken as it is, and what is not UTF-8 becomes U+FFFD.
pub(crate) fn data_field(body: &[u8]) -> Option<Cow<'_, str>> {
    only_field("data", body)
}

/// The payload in the `d` field of a form body, which a client of 0.7 to 0.9 posts; `None` when there is none, or more than one.
///
/// Since 0.8.6 the field is a string literal, before that the payload as it is; no payload begins with a quote. `None` as well for a
/// literal that is broken.
pub(crate) fn packets_field(body: &[u8]) -> Option<Cow<'_, str>> {
    let field = only_field("d", body)?;
    if field.starts_with('"') { string_literal(&field).map(Cow::Owned) } else { Some(restore_line_breaks(field)) }
}

/// The payload in the `d` field of a form body, which a client of 1.x to 4.2 posts; `None` when there is none, or more than one.
///
/// Such a client writes a line feed as `\n`, and a `\n` of its own with one more backslash in front (`docs/wire/engine.md` §5.4). A line
/// break that is one nevertheless may have been rewritten by the form; lengths tell whether it was.
pub(crate) fn engine_field(body: &[u8]) -> Option<Cow<'_, str>> {
    let field = restore_escapes(only_field("d", body)?);
    if !field.contains("\r\n") || engine::is_complete_payload(&field) {
        return Some(field);
    }
    Some(Cow::Owned(field.replace("\r\n", "\n")))
}

/// Takes the last one of the backslashes in front of every `n`, and makes a line feed of the `n` if there was no other.
fn restore_escapes(field: Cow<'_, str>) -> Cow<'_, str> {
    let mut parts = field.split("\\n");
    let mut restored = match (parts.next(), field.contains("\\n")) {
        (Some(first), true) => first.to_owned(),
        _ => return field,
    };
    for part in parts {
        restored.push(if restored.ends_with('\\') { 'n' } else { '\n' });
        restored.push_str(part);
    }
    Cow::Owned(restored)
}

fn only_field<'a>(wanted: &str, body: &'a [u8]) -> Option<Cow<'a, str>> {
    let mut found = None;
    for field in body.split(|byte| *byte == b'&').filter(|field| !field.is_empty()) {
        let name = field.split(|byte| *byte == b'=').next().unwrap_or_default();
        if decode(name) != wanted {
            continue;
        }
        let value = field.get(name.len() + 1..).unwrap_or_default();
        if found.replace(value).is_some() {
            return None;
        }
    }
    found.map(decode)
}

/// Undoes the escapes of a name or a value.
fn decode(escaped: &[u8]) -> Cow<'_, str> {
    if !escaped.contains(&b'%') && !escaped.contains(&b'+') {
        return super::text(escaped);
    }
    let mut decoded = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let Some(plain) = rest.iter().position(|byte| matches!(byte, b'+' | b'%')) {
        let (before, special) = rest.split_at(plain);
        decoded.extend_from_slice(before);
        let (byte, length) = match special {
            [b'%', high, low, ..] => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => (high << 4 | low, 3),
                _ => (b'%', 1),
            },
            [b'+', ..] => (b' ', 1),
            _ => (b'%', 1),
        };
        decoded.push(byte);
        rest = &special[length..];
    }
    decoded.extend_from_slice(rest);
    let text = String::from_utf8(decoded);
    Cow::Owned(text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

fn digit(character: u8) -> Option<u8> {
    char::from(character).to_digit(16).map(|digit| digit as u8)
}

/// Decodes frames that went through the hidden form of a JSONP client.
///
/// A browser turns every line break of a form field into CR LF on submit, after the client has counted it as one unit. So a payload
/// that does not add up as received is read with its CR LF turned back into LF. A message that did contain CR LF adds up as received.
pub(crate) fn decode_jsonp_frames(payload: &str, bounds: &mut Bounds) -> Payload {
    if !payload.contains("\r\n") || frames::is_complete(payload) {
        return frames::decode(payload, bounds);
    }
    frames::decode(&payload.replace("\r\n", "\n"), bounds)
}

/// The same for a payload of packets. A packet alone has no length that could tell, and a line feed is the likelier one.
fn restore_line_breaks(field: Cow<'_, str>) -> Cow<'_, str> {
    if !field.contains("\r\n") || (field.starts_with('\u{FFFD}') && payload::is_complete(&field)) {
        return field;
    }
    Cow::Owned(field.replace("\r\n", "\n"))
}

/// Reads a string literal as JSON has it. Half a surrogate pair becomes U+FFFD, which is what any other way to send it makes of it.
pub(super) fn string_literal(literal: &str) -> Option<String> {
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a string")
        }

        fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Self::Value, E> {
            Ok(bytes.to_vec())
        }
    }

    let mut deserializer = serde_json::Deserializer::from_str(literal);
    let bytes = deserializer.deserialize_bytes(Bytes).ok()?;
    deserializer.end().ok()?;
    utf16::from_generalized_utf8(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::frames::Packet;

    fn decode_jsonp_frames(payload: &str) -> Payload {
        super::decode_jsonp_frames(payload, &mut Bounds::none())
    }

    fn texts(payload: Payload) -> Vec<String> {
        let text = |packet| match packet {
            Packet::Text(text) => text,
            other => panic!("{other:?} is no text"),
        };
        payload.packets.into_iter().map(text).collect()
    }

    #[test]
    fn the_data_field_is_decoded() {
        for (body, data) in [
            (&b"data=~m~5~m~a+b%20c"[..], "~m~5~m~a b c"),
            (b"data=%7Em%7e1%7Em%7e%C3%a9", "~m~1~m~\u{e9}"),
            ("data=~m~1~m~é".as_bytes(), "~m~1~m~é"),
            (b"x=1&data=a%26b%3Dc&y", "a&b=c"),
            (b"data=a=b", "a=b"),
            (b"d%61ta=%2B", "+"),
            (b"data=100%&x", "100%"),
            (b"data=%zz%4", "%zz%4"),
            (b"data=a\xffb%ff", "a\u{FFFD}b\u{FFFD}"),
            (b"data=", ""),
            (b"data", ""),
        ] {
            assert_eq!(data_field(body).as_deref(), Some(data), "{body:?}");
        }
    }

    #[test]
    fn no_data_field_or_two_are_none() {
        for body in [&b""[..], b"x=1", b"Data=a", b"data =a", b"data=a&data=b", b"data=a&x=1&data", b"~m~1~m~a"] {
            assert_eq!(data_field(body), None, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn fields_are_read_as_others_read_them(
            body in proptest::collection::vec(prop_oneof![
                Just("&"), Just("="), Just("+"), Just("%"), Just("data"), Just("d%61ta="), Just("%2B"), Just("%e"), Just("%C3%a9"),
                Just("%ff"), Just("a"), Just("9"), Just("é"),
            ], 0..12),
        ) {
            let body = body.concat().into_bytes();
            let mut fields = form_urlencoded::parse(&body).filter(|(name, _)| name == "data");
            let expected = fields.next().map(|(_, value)| value).filter(|_| fields.next().is_none());
            prop_assert_eq!(data_field(&body), expected);
        }
    }

    #[test]
    fn line_breaks_a_form_rewrote_are_put_back() {
        let payload = decode_jsonp_frames("~m~3~m~a\r\nb~m~1~m~x");
        assert!(payload.complete);
        assert_eq!(texts(payload), ["a\nb", "x"]);
    }

    #[test]
    fn a_message_that_contains_cr_lf_adds_up_as_received() {
        let payload = decode_jsonp_frames("~m~4~m~a\r\nb~m~1~m~x");
        assert!(payload.complete);
        assert_eq!(texts(payload), ["a\r\nb", "x"]);
    }

    #[test]
    fn what_adds_up_neither_way_is_read_leniently() {
        let payload = decode_jsonp_frames("~m~3~m~a\r\nb~m~9~m~c\r\nd");
        assert!(!payload.complete);
        assert_eq!(texts(payload), ["a\nb", "c\nd"]);

        let payload = decode_jsonp_frames("~m~5~m~hel");
        assert!(!payload.complete);
        assert_eq!(texts(payload), ["hel"]);
    }

    #[test]
    fn packets_come_as_they_are_or_as_a_string_literal() {
        for (body, payload) in [
            // Since 0.8.6.
            (
                &b"d=%225%3A%3A%3A%7B%5C%22name%5C%22%3A%5C%22echo%5C%22%2C%5C%22args%5C%22%3A%5B%5C%22hi+there+%C3%A9%E6%BC%A2%F0%9F%98%80%5C%22%5D%7D%22"[..],
                r#"5:::{"name":"echo","args":["hi there é漢😀"]}"#,
            ),
            (b"d=%220%3A%3A%22", "0::"),
            (b"x=1&d=%22%22", ""),
            ("d=\"�5�3:::a�5�3:::b\"".as_bytes(), "�5�3:::a�5�3:::b"),
            (br#"d="\ufffd5\uFFFD3:::a""#, "�5�3:::a"),
            (br#"d="3:::a\n\u2028\/\"\\""#, "3:::a\n\u{2028}/\"\\"),
            (br#"d="3:::a\r\nb""#, "3:::a\r\nb"),
            (b"d=%223:::a%22%0D%0A", "3:::a"),
            // Before.
            (b"d=5%3A%3A%3A%7B%22name%22%3A%22echo%22%2C%22args%22%3A%5B%22hi%22%5D%7D", r#"5:::{"name":"echo","args":["hi"]}"#),
            (b"d=3%3A1%2B%3A%3Aa+b", "3:1+::a b"),
            ("d=�5�3:::a".as_bytes(), "�5�3:::a"),
            (b"d=", ""),
        ] {
            assert_eq!(packets_field(body).as_deref(), Some(payload), "{}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn half_a_surrogate_pair_arrives_as_a_replacement() {
        for (literal, text) in [
            (r#""3:::\ud83d""#, "3:::\u{FFFD}"),
            (r#""3:::\ude00\ud83dx""#, "3:::\u{FFFD}\u{FFFD}x"),
            (r#""3:::\ud83d\ude00""#, "3:::😀"),
            (r#""3:::\ud83d\ud83d\ude00\n""#, "3:::\u{FFFD}😀\n"),
            // Next to where the surrogates are.
            (r#""\ud7ff\ue000""#, "\u{D7FF}\u{E000}"),
        ] {
            let body = format!("d={literal}");
            assert_eq!(packets_field(body.as_bytes()).as_deref(), Some(text), "{literal}");
        }
    }

    #[test]
    fn no_field_or_two_or_a_broken_literal_are_no_packets() {
        for body in [
            &b""[..],
            b"x=1",
            b"D=1::",
            b"data=1::",
            b"d=1::&d=1::",
            b"d=1::&x=1&d",
            br#"d=""#,
            br#"d="1::"#,
            br#"d="1::" x"#,
            br#"d="1::""2::""#,
            br#"d="\x""#,
            br#"d="\ud8""#,
        ] {
            assert_eq!(packets_field(body), None, "{:?}", String::from_utf8_lossy(body));
        }
    }

    #[test]
    fn line_breaks_a_form_rewrote_are_put_back_into_packets() {
        for (field, payload) in [
            ("3:::a\r\nb", "3:::a\nb"),
            ("�7�3:::a\r\nb�3�2::", "�7�3:::a\nb�3�2::"),
            ("�8�3:::a\r\nb�3�2::", "�8�3:::a\r\nb�3�2::"),
            ("�9�3:::a\r\nb�3�2::", "�9�3:::a\nb�3�2::"),
        ] {
            assert_eq!(packets_field(format!("d={field}").as_bytes()).as_deref(), Some(payload), "{field:?}");
        }
    }

    #[test]
    fn line_feeds_of_engine_io_come_escaped() {
        for (field, payload) in [
            ("6:4hello", "6:4hello"),
            (r"2:4\n", "2:4\n"),
            (r"3:4\\n", r"3:4\n"),
            (r"4:4\\\n", r"4:4\\n"),
            (r"\n\n\\n\n\\\\n", "\n\n\\n\n\\\\\\n"),
            (r"n\", r"n\"),
            (r"\t\r\u00e9\N", r"\t\r\u00e9\N"),
            ("", ""),
        ] {
            let body =
                form_urlencoded::Serializer::new(String::new()).append_pair("x", "1").append_pair("d", field).finish();
            assert_eq!(engine_field(body.as_bytes()).as_deref(), Some(payload), "{field:?}");
        }
    }

    #[test]
    fn a_payload_of_engine_io_arrives_as_old_clients_post_it() {
        for (body, payload) in [
            // As clients of 1.x and 2.x sent them.
            (&b"d=11%3A42%5B%22a%22%2C1%5D"[..], "11:42[\"a\",1]"),
            (b"d=5%3A4%C3%A9%E2%82%AC%F0%9F%98%80", "5:4é€😀"),
            (b"d=10%3Ab4%2B%2F8BAgM%3D", "10:b4+/8BAgM="),
            (b"d=1:2", "1:2"),
            (b"d=4a%1E2", "4a\x1e2"),
            (b"d=a+b%20c", "a b c"),
            (b"d=%ff", "\u{FFFD}"),
        ] {
            assert_eq!(engine_field(body).as_deref(), Some(payload), "{body:?}");
        }
        for body in [&b""[..], b"6:4hello", b"x=1:2", b"D=1:2", b"data=1:2", b"d=1:2&d=1:2", b"d&d"] {
            assert_eq!(engine_field(body), None, "{body:?}");
        }
    }

    #[test]
    fn line_breaks_a_form_rewrote_are_put_back_into_engine_io() {
        for (field, payload) in [
            ("4:4a\r\nb", "4:4a\nb"),
            ("5:4a\r\nb", "5:4a\r\nb"),
            ("4:4a\r\nb5:4c\r\nd", "4:4a\nb5:4c\nd"),
            ("4a\r\nb\u{1e}2", "4a\nb\u{1e}2"),
        ] {
            let body = form_urlencoded::Serializer::new(String::new()).append_pair("d", field).finish();
            assert_eq!(engine_field(body.as_bytes()).as_deref(), Some(payload), "{field:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_of_engine_io_survives_its_client(text in "[a-cn\n😀é0-9:\"\\\\]{0,20}") {
            // A backslash in front of a line feed is the one thing its client cannot say.
            prop_assume!(!text.contains("\\\n"));
            let field = text.replace("\\n", "\\\n").replace('\n', "\\n");
            let body = form_urlencoded::Serializer::new(String::new()).append_pair("d", &field).finish();
            let read = engine_field(body.as_bytes());
            prop_assert_eq!(read.as_deref(), Some(&*text));
        }

        #[test]
        fn any_field_of_engine_io_is_bearable(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            engine_field(&[b"d=", &body[..]].concat());
        }

        #[test]
        fn any_payload_survives_a_browser_form(
            packets in proptest::collection::vec("[0-8]::(:[a-c\n😀é�0-9\"\\\\]{0,12})?", 1..6), literal: bool,
        ) {
            let mut payload = Vec::new();
            payload::encode(packets.iter().map(|packet| packet.as_bytes()), &mut payload);
            let payload = String::from_utf8(payload).unwrap();
            let field = if literal { serde_json::to_string(&payload).unwrap() } else { payload.clone() };
            let submitted = field.replace('\n', "\r\n");
            let body = form_urlencoded::Serializer::new(String::new()).append_pair("d", &submitted).finish();

            let field = packets_field(body.as_bytes());
            prop_assert_eq!(field.as_deref(), Some(&*payload));
        }

        #[test]
        fn any_text_survives_as_a_literal(text in proptest::collection::vec(any::<char>(), 0..30).prop_map(String::from_iter)) {
            prop_assert_eq!(string_literal(&serde_json::to_string(&text).unwrap()), Some(text));
        }

        #[test]
        fn any_field_is_bearable(start in "(d=\"?)?", body in proptest::collection::vec(any::<u8>(), 0..100)) {
            packets_field(&[start.as_bytes(), &body].concat());
        }

        #[test]
        fn any_text_survives_a_browser_form(texts in proptest::collection::vec("[a-c\n😀é~m0-9]{0,12}", 0..6)) {
            prop_assume!(!texts.iter().any(|text| text.starts_with("~h~") || text.starts_with("~j~")));
            let mut payload = Vec::new();
            for text in &texts {
                frames::encode_text(text, &mut payload);
            }
            let submitted = String::from_utf8(payload).unwrap().replace('\n', "\r\n");
            let body = form_urlencoded::Serializer::new(String::new()).append_pair("data", &submitted).finish();

            let data = data_field(body.as_bytes()).unwrap();
            let decoded = decode_jsonp_frames(&data);
            prop_assert!(decoded.complete);
            prop_assert_eq!(super::tests::texts(decoded), texts);
        }

        #[test]
        fn any_body_is_bearable(body in proptest::collection::vec(any::<u8>(), 0..100)) {
            let body = [&b"data="[..], &body].concat();
            if let Some(data) = data_field(&body) {
                decode_jsonp_frames(&data);
            }
        }
    }
}
