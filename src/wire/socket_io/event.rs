//! The data of an event packet: a JSON array that begins with the name.

use serde_json::value::RawValue;
use std::borrow::Cow;

use crate::wire::{engine::Malformed, form, script};

/// The data of an event packet.
pub(super) struct Event<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) arguments: EventArguments<'a>,
}

/// What follows the name of an event.
#[derive(Debug, Clone)]
pub(crate) enum EventArguments<'a> {
    /// One text, which is the same in JSON and by itself.
    Text(&'a str),
    /// A JSON array.
    List(Box<RawValue>),
}

impl EventArguments<'_> {
    /// The JSON array.
    pub(crate) fn into_list(self) -> Box<RawValue> {
        match self {
            // The text is never refused.
            Self::Text(text) => copied(&["[\"", text, "\"]"]).unwrap_or_else(|_| RawValue::NULL.to_owned()),
            Self::List(list) => list,
        }
    }
}

/// Reads the data of an event packet. Most say one text; other arguments are copied, as their array is none in the packet.
pub(super) fn decode(json: &str) -> Result<Event<'_>, Malformed> {
    let list = without_blanks(json).strip_prefix('[').ok_or(Malformed)?;
    let (name, rest) = split_name(list)?;
    let rest = without_blanks(rest);
    let rest = match rest.strip_prefix(',') {
        // Without the comma in front, the one that follows nothing would be gone.
        Some(rest) if !without_blanks(rest).starts_with(']') => rest,
        None if rest.starts_with(']') => rest,
        _ => return Err(Malformed),
    };
    let text = rest.strip_prefix('"').and_then(|rest| rest.strip_suffix("\"]"));
    let arguments = match text.filter(|text| script::is_literal(text, false)) {
        Some(text) => EventArguments::Text(text),
        None => EventArguments::List(copied(&["[", rest])?),
    };
    Ok(Event { name, arguments })
}

/// JSON of these pieces.
fn copied(pieces: &[&str]) -> Result<Box<RawValue>, Malformed> {
    RawValue::from_string(pieces.concat()).map_err(|_| Malformed)
}

/// The name, which is the first value in the list, and what follows it.
fn split_name(list: &str) -> Result<(Cow<'_, str>, &str), Malformed> {
    if let Some(rest) = list.strip_prefix('"') {
        // Most names have nothing in them that needs a second look.
        let is_special = |byte: &u8| matches!(byte, b'"' | b'\\' | ..b' ');
        let end = rest.as_bytes().iter().position(is_special).ok_or(Malformed)?;
        if let Some(behind) = rest[end..].strip_prefix('"') {
            return Ok((Cow::Borrowed(&rest[..end]), behind));
        }
    }
    let mut values = serde_json::Deserializer::from_str(list).into_iter::<&RawValue>();
    let value = values.next().and_then(Result::ok).ok_or(Malformed)?;
    Ok((name(value)?, &list[values.byte_offset()..]))
}

/// Whether the name is one that 3.x and 4.x let no client use, because applications hear of other things by it.
pub(super) fn is_reserved(event: &Event<'_>) -> bool {
    matches!(
        &*event.name,
        "connect" | "connect_error" | "disconnect" | "disconnecting" | "newListener" | "removeListener"
    )
}

/// The text of a string or number; only a string with escapes in it is copied.
fn name(json: &RawValue) -> Result<Cow<'_, str>, Malformed> {
    let json = json.get();
    match json.as_bytes().first() {
        Some(b'"') if json.contains('\\') => form::string_literal(json).map(Cow::Owned).ok_or(Malformed),
        Some(b'"') => Ok(Cow::Borrowed(&json[1..json.len() - 1])),
        Some(b'-' | b'0'..=b'9') => Ok(Cow::Borrowed(json)),
        _ => Err(Malformed),
    }
}

/// The text behind what JSON has for blanks.
fn without_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t', '\n', '\r'])
}
