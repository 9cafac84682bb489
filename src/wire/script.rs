//! JavaScript around payloads: string literals, JSONP calls and the script elements of htmlfile.
//!
//! All of it is free of `<`, so no user text can end a script element, and the line separators U+2028 and U+2029, which old engines
//! refuse inside a string literal, never appear raw. For the frames generation it is ASCII as well, so no charset can garble it. The
//! packets generation has always declared UTF-8 and keeps the rest of it raw.

/// What an idle htmlfile stream is fed in the JSON dialect.
pub(crate) const HTMLFILE_HEARTBEAT: &str = "<!-- heartbeat -->";

/// The first chunk of an htmlfile stream, 256 bytes in all: Internet Explorer shows nothing of a document before that much is there.
pub(crate) const HTMLFILE_PRELUDE_FRAMES: &[u8] = &htmlfile_prelude::<256>();

/// The same in the JSON dialect, whose servers sent 255 bytes.
pub(crate) const HTMLFILE_PRELUDE_JSON: &[u8] = &htmlfile_prelude::<255>();

/// The same for the packets generation, with a function that is called for each packet.
pub(crate) const HTMLFILE_PRELUDE_PACKETS: &[u8] =
    &padded::<256>(b"<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>");

/// Appends `text` as a string literal that both JavaScript and JSON read back as `text`.
pub(crate) fn encode_literal(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    escape(text, out, literal_escape);
    out.push(b'"');
}

/// Appends valid JSON text so that it may stand in an inline script: everything outside ASCII, and `<`, only occurs inside strings
/// and is escaped there; line breaks only occur between tokens and become blanks.
pub(crate) fn encode_json_ascii(json: &str, out: &mut Vec<u8>) {
    out.reserve(json.len());
    escape(json, out, json_escape);
}

/// Appends the script that answers a JSONP request. `index` must be digits.
pub(crate) fn jsonp(index: &str, payload: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"io.JSONP[");
    out.extend_from_slice(index.as_bytes());
    out.extend_from_slice(b"]._(");
    encode_literal(payload, out);
    out.extend_from_slice(b");");
}

/// Appends the script element that hands a payload to an htmlfile client as a string.
pub(crate) fn htmlfile_literal(payload: &str, out: &mut Vec<u8>) {
    htmlfile(out, |out| encode_literal(payload, out));
}

/// Appends the script element that hands a payload to an htmlfile client as an object, as the JSON dialect does.
pub(crate) fn htmlfile_object(json: &str, out: &mut Vec<u8>) {
    htmlfile(out, |out| encode_json_ascii(json, out));
}

/// Appends the script that hands a payload of packets to a JSONP client; the answer to its handshake has the same form. `index` must
/// be digits.
pub(crate) fn packets_jsonp(index: &str, payload: &str, out: &mut Vec<u8>) {
    begin_packets_jsonp(index, out);
    encode_literal_utf8(payload, out, literal_escape);
    out.extend_from_slice(b");");
}

/// Appends the script that tells a JSONP client why its handshake failed. `index` must be digits.
pub(crate) fn handshake_jsonp_error(index: &str, reason: &str, out: &mut Vec<u8>) {
    begin_packets_jsonp(index, out);
    out.extend_from_slice(b"new Error(");
    encode_literal_utf8(reason, out, literal_escape);
    out.extend_from_slice(b"));");
}

/// Appends the script that hands a payload of Engine.IO to a JSONP client. `index` must be digits.
pub(crate) fn engine_jsonp(index: &str, payload: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"___eio[");
    out.extend_from_slice(index.as_bytes());
    out.extend_from_slice(b"](");
    encode_literal(payload, out);
    out.extend_from_slice(b");");
}

/// Appends the script element that hands one packet to an htmlfile client.
pub(crate) fn htmlfile_packet(packet: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"<script>_(");
    encode_literal_utf8(packet, out, |byte| if byte == b'/' { Some("\\/") } else { literal_escape(byte) });
    out.extend_from_slice(b");</script>");
}

/// Whether `text` stands in a JSON string as it is; with `printable`, in one of printable ASCII.
pub(crate) fn is_literal(text: &str, printable: bool) -> bool {
    // All of it is looked at, which goes by many bytes at a time.
    let (mut special, mut above) = (false, false);
    for &byte in text.as_bytes() {
        special |= (byte < b' ') | (byte == b'"') | (byte == b'\\');
        above |= byte > b'~';
    }
    !(special || printable && above)
}

/// Appends `text` as a JSON string on one line.
pub(crate) fn encode_json_string(text: &str, out: &mut Vec<u8>) {
    if is_literal(text, true) {
        out.reserve(text.len() + 2);
        out.push(b'"');
        out.extend_from_slice(text.as_bytes());
        return out.push(b'"');
    }
    encode_literal_utf8(text, out, |byte| literal_escape(byte).filter(|_| byte != b'<'));
}

/// Appends `text` as a JSON string of printable ASCII.
pub(crate) fn encode_json_string_printable(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    escape(text, out, |byte| delete_escape(byte).or_else(|| literal_escape(byte).filter(|_| byte != b'<')));
    out.push(b'"');
}

/// Appends valid JSON text with escapes for everything above `~`, which only occurs inside strings; the rest is as it was.
pub(crate) fn encode_json_printable(json: &str, out: &mut Vec<u8>) {
    out.reserve(json.len());
    if json.is_ascii() && !json.as_bytes().contains(&DELETE) {
        out.extend_from_slice(json.as_bytes());
    } else {
        escape(json, out, delete_escape);
    }
}

/// Appends valid JSON text as one line. Line breaks only occur between tokens and become blanks; the line separators of JavaScript
/// only occur inside strings and are escaped there.
pub(crate) fn encode_json_line(json: &str, out: &mut Vec<u8>) {
    out.reserve(json.len());
    escape_separators(json, out, |byte| matches!(byte, b'\n' | b'\r').then_some(" "));
}

fn begin_packets_jsonp(index: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b"io.j[");
    out.extend_from_slice(index.as_bytes());
    out.extend_from_slice(b"](");
}

fn encode_literal_utf8(text: &str, out: &mut Vec<u8>, ascii: impl Fn(u8) -> Option<&'static str>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    escape_separators(text, out, ascii);
    out.push(b'"');
}

const fn htmlfile_prelude<const LENGTH: usize>() -> [u8; LENGTH] {
    padded(b"<html><body>")
}

const fn padded<const LENGTH: usize>(start: &[u8]) -> [u8; LENGTH] {
    let mut bytes = [b' '; LENGTH];
    let mut index = 0;
    while index < start.len() {
        bytes[index] = start[index];
        index += 1;
    }
    bytes
}

fn htmlfile(out: &mut Vec<u8>, argument: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(b"<script>parent.s._(");
    argument(out);
    out.extend_from_slice(b", document);</script>");
}

/// How an ASCII character is written in a literal, if not as itself.
fn literal_escape(byte: u8) -> Option<&'static str> {
    const CONTROLS: [&str; 32] = [
        "\\u0000", "\\u0001", "\\u0002", "\\u0003", "\\u0004", "\\u0005", "\\u0006", "\\u0007", "\\b", "\\t", "\\n",
        "\\u000B", "\\f", "\\r", "\\u000E", "\\u000F", "\\u0010", "\\u0011", "\\u0012", "\\u0013", "\\u0014",
        "\\u0015", "\\u0016", "\\u0017", "\\u0018", "\\u0019", "\\u001A", "\\u001B", "\\u001C", "\\u001D", "\\u001E",
        "\\u001F",
    ];
    match byte {
        b'"' => Some("\\\""),
        b'\\' => Some("\\\\"),
        b'<' => Some("\\u003C"),
        _ => CONTROLS.get(usize::from(byte)).copied(),
    }
}

/// The one ASCII character behind `~`.
const DELETE: u8 = 0x7F;

fn delete_escape(byte: u8) -> Option<&'static str> {
    (byte == DELETE).then_some("\\u007F")
}

/// How an ASCII character of JSON text is written in a script, if not as itself.
fn json_escape(byte: u8) -> Option<&'static str> {
    match byte {
        b'<' => Some("\\u003C"),
        b'\n' | b'\r' => Some(" "),
        _ => None,
    }
}

/// Copies `text`, with `\u` escapes for the line separators of JavaScript and what `ascii` says for ASCII characters.
fn escape_separators(text: &str, out: &mut Vec<u8>, ascii: impl Fn(u8) -> Option<&'static str>) {
    let mut copied = 0;
    for (index, byte) in text.bytes().enumerate() {
        let (escape, length) = match ascii(byte) {
            Some(escape) => (escape, 1),
            None if byte == 0xE2 && text[index..].starts_with('\u{2028}') => ("\\u2028", 3),
            None if byte == 0xE2 && text[index..].starts_with('\u{2029}') => ("\\u2029", 3),
            None => continue,
        };
        out.extend_from_slice(&text.as_bytes()[copied..index]);
        out.extend_from_slice(escape.as_bytes());
        copied = index + length;
    }
    out.extend_from_slice(&text.as_bytes()[copied..]);
}

/// Copies `text`, with `\u` escapes for everything outside ASCII and what `ascii` says for the rest.
fn escape(text: &str, out: &mut Vec<u8>, ascii: impl Fn(u8) -> Option<&'static str>) {
    let mut rest = text;
    loop {
        let plain = rest.bytes().position(|byte| !byte.is_ascii() || ascii(byte).is_some()).unwrap_or(rest.len());
        let (before, special) = rest.split_at(plain);
        out.extend_from_slice(before.as_bytes());
        let mut characters = special.chars();
        let Some(character) = characters.next() else {
            return;
        };
        match u8::try_from(character).ok().and_then(&ascii) {
            Some(escape) => out.extend_from_slice(escape.as_bytes()),
            None => escape_units(character, out),
        }
        rest = characters.as_str();
    }
}

fn escape_units(character: char, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for unit in character.encode_utf16(&mut [0; 2]) {
        out.extend_from_slice(b"\\u");
        out.extend([12, 8, 4, 0].map(|shift| DIGITS[usize::from(*unit >> shift & 0xF)]));
    }
}

#[cfg(test)]
mod tests;
