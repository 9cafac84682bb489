use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

fn literal(text: &str) -> String {
    written(|out| encode_literal(text, out))
}

fn json_ascii(json: &str) -> String {
    written(|out| encode_json_ascii(json, out))
}

#[test]
fn a_literal_escapes_what_a_script_could_stumble_over() {
    for (text, expected) in [
        ("", r#""""#),
        ("~m~5~m~hello", r#""~m~5~m~hello""#),
        ("\"\\", r#""\"\\""#),
        ("</script><!--", r#""\u003C/script>\u003C!--""#),
        ("\r\n\t\u{8}\u{c}\0\u{b}\u{1f}", r#""\r\n\t\b\f\u0000\u000B\u001F""#),
        ("\u{2028}\u{2029}é漢", r#""\u2028\u2029\u00E9\u6F22""#),
        ("😀", r#""\uD83D\uDE00""#),
    ] {
        assert_eq!(literal(text), expected);
    }
}

#[test]
fn json_keeps_its_meaning_in_a_script() {
    for (json, expected) in [
        (r#"{"</b>":"é\"\\<"}"#, r#"{"\u003C/b>":"\u00E9\"\\\u003C"}"#),
        ("[1,\r\n\t\"\u{2028}😀\"]", "[1,  \t\"\\u2028\\uD83D\\uDE00\"]"),
    ] {
        assert_eq!(json_ascii(json), expected);
    }
}

#[test]
fn jsonp_calls_the_callback_of_its_index() {
    assert_eq!(written(|out| jsonp("0", "", out)), r#"io.JSONP[0]._("");"#);
    assert_eq!(
        written(|out| jsonp("12", "~m~14~m~</script><b>\u{2028}\"", out)),
        r#"io.JSONP[12]._("~m~14~m~\u003C/script>\u003Cb>\u2028\"");"#
    );
}

#[test]
fn htmlfile_calls_the_parent_window() {
    assert_eq!(
        written(|out| htmlfile_literal("~m~14~m~</script><b>\u{2028}\"", out)),
        r#"<script>parent.s._("~m~14~m~\u003C/script>\u003Cb>\u2028\"", document);</script>"#
    );
    assert_eq!(
        written(|out| htmlfile_object(r#"{"messages":["{\"sessionid\":\"1\"}"]}"#, out)),
        r#"<script>parent.s._({"messages":["{\"sessionid\":\"1\"}"]}, document);</script>"#
    );
}

#[test]
fn htmlfile_starts_with_enough_for_internet_explorer() {
    for (prelude, blanks) in [(HTMLFILE_PRELUDE_FRAMES, 244), (HTMLFILE_PRELUDE_JSON, 243)] {
        let expected = format!("<html><body>{}", " ".repeat(blanks));
        assert_eq!(prelude, expected.as_bytes());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let character = prop_oneof![
        any::<char>(),
        proptest::char::range('\0', '\u{7f}'),
        "[<>/\"\\\\\u{2028}\u{2029}]".prop_map(|text| { text.chars().next().unwrap_or_default() })
    ];
    vec(character, 0..30).prop_map(String::from_iter)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), any_text().prop_map(Value::from),];
    leaf.prop_recursive(3, 20, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            vec((any_text(), inner), 0..5).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Whether a script may hold it anywhere.
fn is_harmless(script: &str) -> bool {
    script.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b'<')
}

proptest! {
    #[test]
    fn a_literal_reads_back_as_its_text(text in any_text()) {
        let literal = literal(&text);
        prop_assert!(is_harmless(&literal.replace('\u{7f}', "")), "{}", literal);
        prop_assert_eq!(serde_json::from_str::<String>(&literal).unwrap(), text);
    }

    #[test]
    fn json_in_a_script_reads_back_as_it_was(json in any_json(), pretty: bool) {
        let text = if pretty { format!("{json:#}") } else { json.to_string() };
        let script = json_ascii(&text);
        prop_assert!(is_harmless(&script.replace('\u{7f}', "")), "{}", script);
        prop_assert_eq!(serde_json::from_str::<Value>(&script).unwrap(), json);
    }
}
