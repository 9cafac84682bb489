//! Where attachments belong in the JSON of a packet: objects that have `"_placeholder":true` and a `num`.

use crate::wire::form;

/// What is known of an object before its end. As in JavaScript, the last of several fields of one name holds.
#[derive(Default)]
struct Object {
    is_placeholder: bool,
    has_attachment: bool,
}

/// Whether every placeholder in this valid JSON stands for one of so many attachments.
///
/// Needs neither recursion nor a tree, so the JSON may be as deep as it likes.
pub(super) fn are_within(attachments: usize, json: &str) -> bool {
    let mut objects: Vec<Object> = Vec::new();
    let mut rest = json;
    while let Some(start) = rest.find(['{', '}', '"']) {
        let token = &rest[start..];
        rest = &token[1..];
        match token.as_bytes()[0] {
            b'{' => objects.push(Object::default()),
            b'}' => {
                if objects.pop().is_some_and(|object| object.is_placeholder && !object.has_attachment) {
                    return false;
                }
            }
            _ => {
                let (string, behind) = token.split_at(string_length(token));
                rest = behind;
                // Only a key has a colon behind it, and only objects have keys.
                let (Some(value), Some(object)) = (behind.trim_ascii_start().strip_prefix(':'), objects.last_mut())
                else {
                    continue;
                };
                let value = value.trim_ascii_start();
                if is(string, "_placeholder") {
                    object.is_placeholder = value.starts_with("true");
                } else if is(string, "num") {
                    object.has_attachment = integer(value).is_some_and(|number| number < attachments);
                }
            }
        }
    }
    true
}

/// The length of the string in front, with its quotes.
fn string_length(json: &str) -> usize {
    let mut is_escaped = false;
    let end = json.bytes().skip(1).position(|byte| {
        let is_end = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        is_end
    });
    end.map_or(json.len(), |end| end + 2)
}

/// Whether a string, given with its quotes, says this.
fn is(string: &str, text: &str) -> bool {
    if string.contains('\\') {
        return form::string_literal(string).is_some_and(|string| string == text);
    }
    string.trim_matches('"') == text
}

/// The number in front if it is written as an integer that is not negative.
fn integer(json: &str) -> Option<usize> {
    let digits = json.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = json.split_at(digits);
    if rest.starts_with(['.', 'e', 'E']) { None } else { number.parse().ok() }
}
