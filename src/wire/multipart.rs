//! `multipart/x-mixed-replace`: one part a write, its boundary sent at once so that the browser delivers it at once.

use super::script;

pub(crate) const CONTENT_TYPE: &str = "multipart/x-mixed-replace;boundary=\"socketio\"";

/// The first boundary, sent as soon as the response is open.
pub(crate) const PRELUDE: &str = "--socketio\n";

/// What an idle stream is fed in the JSON dialect: a part holding one control character.
pub(crate) const HEARTBEAT_PART: &[u8] = b"Content-Type: text/plain; charset=us-ascii\n\n\x06\n--socketio\n";

const HEAD: &[u8] = b"Content-Type: text/plain\n\n";
const TAIL: &[u8] = b"\n--socketio\n";

/// Appends a payload as one part.
pub(crate) fn part(payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(HEAD.len() + payload.len() + TAIL.len());
    out.extend_from_slice(HEAD);
    out.extend_from_slice(payload);
    out.extend_from_slice(TAIL);
}

/// Appends a part that holds `payload` as a JSON string: ASCII on one line, so that nothing in it ends the part.
pub(crate) fn literal_part(payload: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(HEAD);
    script::encode_literal(payload, out);
    out.extend_from_slice(TAIL);
}

/// Whether a payload holds what ends a part, wherever it came from.
pub(crate) fn would_end_early(payload: &[u8]) -> bool {
    const END: &[u8] = b"\n--socketio";
    payload.windows(END.len()).any(|window| window == END)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_follow_the_first_boundary_and_each_brings_the_next() {
        let mut body = PRELUDE.as_bytes().to_vec();
        part("~m~1~m~é".as_bytes(), &mut body);
        part(b"~m~0~m~", &mut body);
        let expected = "--socketio\n\
             Content-Type: text/plain\n\n~m~1~m~é\n--socketio\n\
             Content-Type: text/plain\n\n~m~0~m~\n--socketio\n";
        assert_eq!(body, expected.as_bytes());
    }

    #[test]
    fn a_literal_never_ends_its_part() {
        let mut part = Vec::new();
        literal_part("3:::é\n--socketio\n\u{2028}", &mut part);
        let expected = "Content-Type: text/plain\n\n\"3:::\\u00E9\\n--socketio\\n\\u2028\"\n--socketio\n";
        assert_eq!(String::from_utf8(part).unwrap(), expected);
        assert!(!would_end_early(&expected.as_bytes()[..expected.len() - TAIL.len()]));
    }

    #[test]
    fn the_content_type_names_the_boundary() {
        let (_, boundary) = CONTENT_TYPE.split_once("boundary=").unwrap();
        assert_eq!(PRELUDE, format!("--{}\n", boundary.trim_matches('"')));
        assert!(HEARTBEAT_PART.ends_with(TAIL));
    }
}
