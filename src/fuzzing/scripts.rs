//! What texts of strangers are wrapped in when they are sent to others: scripts, elements, events, parts.

use crate::wire::{multipart, script, server_events};
use serde_json::{Value, value::RawValue};

/// Whatever the text is, it stays what it is and ends nothing.
pub fn scripts(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for literal in [
        between("io.JSONP[0]._(", ");", |out| script::jsonp("0", &text, out)),
        between("io.j[0](", ");", |out| script::packets_jsonp("0", &text, out)),
        between("io.j[0](new Error(", "));", |out| script::handshake_jsonp_error("0", &text, out)),
        between("___eio[0](", ");", |out| script::engine_jsonp("0", &text, out)),
        between("<script>_(", ");</script>", |out| script::htmlfile_packet(&text, out)),
        between("<script>parent.s._(", ", document);</script>", |out| script::htmlfile_literal(&text, out)),
        between("data: ", "\n\n", |out| server_events::literal_event(&text, out)),
        between("Content-Type: text/plain\n\n", "\n--socketio\n", |out| multipart::literal_part(&text, out)),
    ] {
        is_harmless(&literal);
        reads_as_text(&literal, &text);
    }
    let line = between("", "", |out| script::encode_json_string(&text, out));
    is_one_line(&line);
    reads_as_text(&line, &text);
    let printable = between("", "", |out| script::encode_json_string_printable(&text, out));
    assert!(printable.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{printable:?}");
    reads_as_text(&printable, &text);

    // No payload begins with its own end.
    let payload = format!("~m~{text}");
    let part = between("", "", |out| multipart::part(payload.as_bytes(), out));
    assert_eq!(multipart::would_end_early(payload.as_bytes()), part.matches("\n--socketio").count() > 1);

    if let Ok(json) = serde_json::from_str::<&RawValue>(&text) {
        json_stays(json.get());
    }
}

/// JSON of others is copied, not written anew.
fn json_stays(json: &str) {
    let in_script = between("<script>parent.s._(", ", document);</script>", |out| script::htmlfile_object(json, out));
    is_harmless(&in_script);
    let in_event = between("data: ", "\n\n", |out| server_events::object_event(json, out));
    is_harmless(&in_event);
    let line = between("", "", |out| script::encode_json_line(json, out));
    is_one_line(&line);
    let printable = between("", "", |out| script::encode_json_printable(json, out));
    assert!(printable.is_ascii() && !printable.contains('\x7f'));
    let value = serde_json::from_str::<Value>(json).ok();
    for written in [in_script, in_event, line, printable] {
        assert_eq!(serde_json::from_str::<Value>(&written).ok(), value, "{written:?}");
    }
}

/// What was written between these two.
fn between(begin: &str, end: &str, write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    let written = String::from_utf8_lossy(&out);
    let inside = written.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    let Some(inside) = inside else { panic!("{written:?} is not between {begin:?} and {end:?}") };
    inside.to_owned()
}

fn is_one_line(text: &str) {
    assert!(!text.contains(['\n', '\r', '\u{2028}', '\u{2029}']), "{text:?}");
}

/// It ends no script, and no old engine takes it for more than one line.
fn is_harmless(text: &str) {
    is_one_line(text);
    assert!(!text.contains('<'), "{text:?}");
}

fn reads_as_text(literal: &str, text: &str) {
    assert_eq!(serde_json::from_str::<String>(literal).ok().as_deref(), Some(text));
}
