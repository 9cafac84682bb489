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

#[test]
fn a_payload_of_packets_calls_the_jsonp_callback_as_it_was_recorded() {
    for (index, payload, script) in [
        ("1", "1::", r#"io.j[1]("1::");"#),
        ("2", "7:::1+0", r#"io.j[2]("7:::1+0");"#),
        (
            "1",
            r#"5:::{"name":"echo","args":["hi there é漢😀"]}"#,
            r#"io.j[1]("5:::{\"name\":\"echo\",\"args\":[\"hi there é漢😀\"]}");"#,
        ),
        (
            "1",
            "�27�5:::{\"name\":\"a\",\"args\":[1]}�7�3:::two",
            "io.j[1](\"�27�5:::{\\\"name\\\":\\\"a\\\",\\\"args\\\":[1]}�7�3:::two\");",
        ),
        (
            "0",
            "9_UnGk3Gsisejq9ovfOO:60:60:websocket,htmlfile,xhr-polling,jsonp-polling",
            r#"io.j[0]("9_UnGk3Gsisejq9ovfOO:60:60:websocket,htmlfile,xhr-polling,jsonp-polling");"#,
        ),
        // Recorded with the separator as it is, which old engines do not accept.
        ("1", "3:::a\nb\u{2028}c:d", r#"io.j[1]("3:::a\nb\u2028c:d");"#),
        ("1", "3:::</script>", r#"io.j[1]("3:::\u003C/script>");"#),
    ] {
        assert_eq!(written(|out| packets_jsonp(index, payload, out)), script);
    }
}

#[test]
fn a_payload_of_engine_io_calls_the_jsonp_callback_in_ascii() {
    for (index, payload, script) in [
        ("0", "", r#"___eio[0]("");"#),
        ("12", "5:42[\"a", r#"___eio[12]("5:42[\"a");"#),
        ("3", "4\\n\n\u{1e}</script>", r#"___eio[3]("4\\n\n\u001E\u003C/script>");"#),
        ("1", "7:4é€😀\u{2028}\u{2029}", r#"___eio[1]("7:4\u00E9\u20AC\uD83D\uDE00\u2028\u2029");"#),
    ] {
        assert_eq!(written(|out| engine_jsonp(index, payload, out)), script);
    }
}

#[test]
fn json_for_old_clients_of_engine_io_is_printable_ascii() {
    for (json, expected) in [
        (r#"{"</b>":"\"\\~"}"#, r#"{"</b>":"\"\\~"}"#),
        ("[1,\r\n\t\"a\"]", "[1,\r\n\t\"a\"]"),
        ("[\"é\u{7f}\u{80}€\u{2028}😀\"]", r#"["\u00E9\u007F\u0080\u20AC\u2028\uD83D\uDE00"]"#),
        ("\"~\u{7f}\"", r#""~\u007F""#),
    ] {
        assert_eq!(written(|out| encode_json_printable(json, out)), expected);
    }
    assert_eq!(
        written(|out| encode_json_string_printable("</b>\"\\\n\0\u{7f}é😀", out)),
        r#""</b>\"\\\n\u0000\u007F\u00E9\uD83D\uDE00""#
    );
}

#[test]
fn a_handshake_that_failed_is_an_error_in_a_script() {
    for (index, reason, script) in [
        ("7", "handshake unauthorized", r#"io.j[7](new Error("handshake unauthorized"));"#),
        ("7", "handshake error", r#"io.j[7](new Error("handshake error"));"#),
        ("0", "\"</script>\n", r#"io.j[0](new Error("\"\u003C/script>\n"));"#),
    ] {
        assert_eq!(written(|out| handshake_jsonp_error(index, reason, out)), script);
    }
}

#[test]
fn htmlfile_calls_its_own_function_for_each_packet_as_it_was_recorded() {
    for (packet, element) in [
        ("1::", r#"<script>_("1::");</script>"#),
        (r#"5:::{"name":"a","args":[1]}"#, r#"<script>_("5:::{\"name\":\"a\",\"args\":[1]}");</script>"#),
        ("3:::漢", r#"<script>_("3:::漢");</script>"#),
        ("3:::😀", r#"<script>_("3:::😀");</script>"#),
        (r#"6:::1+["x"]"#, r#"<script>_("6:::1+[\"x\"]");</script>"#),
        // Recorded with `<` and the separator as they are.
        ("3:::a/b</script><b>", r#"<script>_("3:::a\/b\u003C\/script>\u003Cb>");</script>"#),
        ("3:::a\nb\u{2028}c:d", r#"<script>_("3:::a\nb\u2028c:d");</script>"#),
        ("3:::\u{2029}\0\u{1f}\t", r#"<script>_("3:::\u2029\u0000\u001F\t");</script>"#),
    ] {
        assert_eq!(written(|out| htmlfile_packet(packet, out)), element);
    }
}

#[test]
fn htmlfile_of_packets_starts_as_it_was_recorded() {
    let script = "<script>var _ = function (msg) { parent.s._(msg, document); };</script>";
    let expected = format!("<html><body>{script}{}", " ".repeat(173));
    assert_eq!(HTMLFILE_PRELUDE_PACKETS, expected.as_bytes());
    assert_eq!(HTMLFILE_PRELUDE_PACKETS.len(), 256);
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
    fn packets_in_a_script_read_back_as_they_were(text in any_text()) {
        let jsonp = written(|out| packets_jsonp("3", &text, out));
        let element = written(|out| htmlfile_packet(&text, out));
        let literals = [
            jsonp.strip_prefix("io.j[3](").and_then(|rest| rest.strip_suffix(");")),
            element.strip_prefix("<script>_(").and_then(|rest| rest.strip_suffix(");</script>")),
        ];
        for literal in literals {
            let literal = literal.unwrap();
            prop_assert!(!literal.contains(|c: char| c < ' ' || matches!(c, '<' | '\u{2028}' | '\u{2029}')), "{}", literal);
            prop_assert_eq!(&serde_json::from_str::<String>(literal).unwrap(), &text);
        }
    }

    #[test]
    fn json_on_one_line_reads_back_as_it_was(json in any_json(), text in any_text(), pretty: bool) {
        let source = if pretty { format!("{json:#}") } else { json.to_string() };
        let line = written(|out| encode_json_line(&source, out));
        let string = written(|out| encode_json_string(&text, out));
        for line in [&line, &string] {
            prop_assert!(!line.contains(['\n', '\r', '\u{2028}', '\u{2029}']), "{}", line);
        }
        prop_assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json);
        prop_assert_eq!(serde_json::from_str::<String>(&string).unwrap(), text);
    }

    #[test]
    fn a_payload_of_engine_io_in_a_script_reads_back_as_it_was(text in any_text()) {
        let script = written(|out| engine_jsonp("3", &text, out));
        prop_assert!(is_harmless(&script.replace('\u{7f}', "")), "{}", script);
        let literal = script.strip_prefix("___eio[3](").and_then(|rest| rest.strip_suffix(");")).unwrap();
        prop_assert_eq!(&serde_json::from_str::<String>(literal).unwrap(), &text);
    }

    #[test]
    fn printable_json_reads_back_as_it_was(json in any_json(), text in any_text(), pretty: bool) {
        let source = if pretty { format!("{json:#}") } else { json.to_string() };
        let line = written(|out| encode_json_printable(&source, out));
        let string = written(|out| encode_json_string_printable(&text, out));
        prop_assert!(line.bytes().all(|byte| byte <= b'~') && string.bytes().all(|byte| matches!(byte, b' '..=b'~')));
        prop_assert_eq!(line == source, source.bytes().all(|byte| byte <= b'~'));
        prop_assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json);
        prop_assert_eq!(serde_json::from_str::<String>(&string).unwrap(), text);
    }

    #[test]
    fn json_in_a_script_reads_back_as_it_was(json in any_json(), pretty: bool) {
        let text = if pretty { format!("{json:#}") } else { json.to_string() };
        let script = json_ascii(&text);
        prop_assert!(is_harmless(&script.replace('\u{7f}', "")), "{}", script);
        prop_assert_eq!(serde_json::from_str::<Value>(&script).unwrap(), json);
    }
}
