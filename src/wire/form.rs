//! The urlencoded form a client posts, and what a browser's own form does to it.

use std::borrow::Cow;

use super::frames::{self, Payload};

/// The `data` field of a form body; `None` when there is none, or more than one.
///
/// `+` is a blank, percent escapes may be of either case, unescaped UTF-8 is taken as it is, and what is not UTF-8 becomes U+FFFD.
pub(crate) fn data_field(body: &[u8]) -> Option<Cow<'_, str>> {
    let mut fields = form_urlencoded::parse(body).filter(|(name, _)| name == "data");
    let (_, data) = fields.next()?;
    match fields.next() {
        None => Some(data),
        Some(_) => None,
    }
}

/// Decodes frames that went through the hidden form of a JSONP client.
///
/// A browser turns every line break of a form field into CR LF on submit, after the client has counted it as one unit. So a payload
/// that does not add up as received is read with its CR LF turned back into LF. A message that did contain CR LF adds up as received.
pub(crate) fn decode_jsonp_frames(payload: &str) -> Payload {
    let received = frames::decode(payload);
    if received.complete || !payload.contains("\r\n") {
        return received;
    }
    frames::decode(&payload.replace("\r\n", "\n"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::frames::Packet;

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

    proptest! {
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
