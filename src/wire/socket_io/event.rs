//! The data of an event packet: a JSON array that begins with the name.

use serde_json::value::RawValue;
use std::borrow::Cow;

use crate::wire::{engine::Malformed, form};

/// Names a client must not use, because applications of the originals hear of other things by them.
const RESERVED: [&str; 6] =
    ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"];

/// The data of an event packet.
pub(super) struct Event<'a> {
    pub(super) name: Cow<'a, str>,
    /// A JSON array.
    pub(super) arguments: Box<RawValue>,
}

/// Reads the data of an event packet. The arguments are copied, as their array is none in the packet.
pub(super) fn decode(json: &str) -> Result<Event<'_>, Malformed> {
    let list = json.trim_start_matches(is_blank).strip_prefix('[').ok_or(Malformed)?;
    let mut values = serde_json::Deserializer::from_str(list).into_iter::<&RawValue>();
    let name = values.next().and_then(Result::ok).ok_or(Malformed)?;
    let rest = list[values.byte_offset()..].trim_start_matches(is_blank);
    let rest = match rest.strip_prefix(',') {
        // Without the comma in front, the one that follows nothing would be gone.
        Some(rest) if !rest.trim_start_matches(is_blank).starts_with(']') => rest,
        None if rest.starts_with(']') => rest,
        _ => return Err(Malformed),
    };
    let arguments = RawValue::from_string(format!("[{rest}")).map_err(|_| Malformed)?;
    Ok(Event { name: self::name(name)?, arguments })
}

/// Whether the name is one that 3.x and 4.x let no client use.
pub(super) fn is_reserved(event: &Event<'_>) -> bool {
    RESERVED.contains(&&*event.name)
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

/// What JSON has for a blank.
fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r')
}
