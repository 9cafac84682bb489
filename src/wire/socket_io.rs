//! Socket.IO of 1.x to 4.x: one packet, `type[attachments-][namespace,][id][json]`, inside a message of Engine.IO
//! (`docs/wire/engine.md` §7).
//!
//! A packet with binary is followed by its attachments, each a message of its own. Where they belong, the JSON has
//! `{"_placeholder":true,"num":0}`.

use serde_json::value::RawValue;
use std::borrow::Cow;

use super::{bounds::Bounds, engine::Malformed};

mod encode;
mod event;
mod placeholders;

pub(crate) use encode::{Arguments, encode_ack, encode_connect, encode_connect_error, encode_disconnect, encode_event};
pub(crate) use event::EventArguments;

/// More digits than any number of 64 bits has.
const MAX_DIGITS: usize = 20;

/// What an acknowledgement without arguments stands for.
const NO_ARGUMENTS: &str = "[]";

/// The revisions of the protocol, which differ in what may be in a packet and in how JSON is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Form {
    /// 1.x and 2.x. JSON is written in ASCII, which clients that encode strings twice read as well.
    Ascii,
    /// 3.x and 4.x.
    Utf8,
}

/// A decoded packet. It borrows from the text it was decoded from.
#[derive(Debug, Clone)]
pub(crate) struct Packet<'a> {
    /// The namespace; empty for the root, however it was written.
    pub(crate) namespace: &'a str,
    /// The type, and what came with it.
    pub(crate) kind: Kind<'a>,
    /// How many binary messages follow that belong to this packet.
    pub(crate) attachments: usize,
}

/// The type of a packet and its data.
#[derive(Debug, Clone)]
pub(crate) enum Kind<'a> {
    /// `0`: joins the namespace.
    Connect {
        /// The query of the namespace, without its question mark, if it is not empty.
        query: Option<&'a str>,
        /// An object.
        payload: Option<&'a RawValue>,
    },
    /// `1`: leaves the namespace.
    Disconnect,
    /// `2`, or `5` if there may be attachments.
    Event {
        /// The name; of a number, its digits.
        name: Cow<'a, str>,
        /// What follows the name.
        arguments: EventArguments<'a>,
        /// The id of the acknowledgement that is asked for, if one is.
        id: Option<u64>,
    },
    /// `3`, or `6` if there may be attachments: answers the event of that id.
    Ack {
        /// The id of the event that is acknowledged.
        id: u64,
        /// A JSON array.
        arguments: &'a RawValue,
    },
    /// `4`: only servers send it. What it says is not looked at.
    ConnectError,
}

/// Decodes what a message says behind its `4`.
///
/// | text | the originals | here |
/// | --- | --- | --- |
/// | nothing at all | joins the root | malformed |
/// | no digit of a type in front | parse error | malformed |
/// | `0/chat`, a namespace without its comma | read to the end | same |
/// | `0/chat?a=b` | 1.x and 2.x: the query of `/chat`; later: another namespace | same |
/// | `0` with other JSON than an object, `1` with any | parse error; 1.x and 2.x ignore some | malformed |
/// | `05`, `15`: an id where none belongs | ignored | malformed |
/// | `2`: no list | an event without a name | malformed |
/// | `2{}`, `2[]`, `2[null]`: no name | parse error; 1.x and 2.x emit what there is | malformed |
/// | `2 ["a"]`: blanks in front of the list | an id of zero | no id |
/// | `2[5]`: a number for a name | its text | same |
/// | a reserved name: `connect`, `disconnect`, … | 3.x and 4.x: parse error | same |
/// | half a surrogate pair in a name | is kept | U+FFFD |
/// | `3["x"]`: no id | ignored | malformed |
/// | `37`: no arguments | none | same |
/// | an id beyond 64 bits, or with more than 20 digits | rounded | malformed |
/// | `5["a"]`, `61`: no number of attachments, or no `-` behind it | parse error | malformed |
/// | `6-7[]` | no attachments | malformed |
/// | `50-["a"]`: no attachments | an event | same of 1.x and 2.x, later malformed |
/// | `30-7[…]`, `31-7[…]`: as 1.0.0 to 1.0.2 acknowledge everything | parse error since 1.0.3 | same as `6` of 1.x and 2.x, later malformed |
/// | more attachments than allowed | waits for them; late in 4.x: parse error | malformed |
/// | a placeholder for an attachment there is none of, or with another `num` than an integer | parse error, or nothing | malformed |
/// | a placeholder in `2` or `3` | data | same |
/// | more arrays and objects in one another than allowed | as long as there is stack | malformed |
pub(crate) fn decode<'a>(
    form: Form,
    text: &'a str,
    max_attachments: usize,
    bounds: &mut Bounds,
) -> Result<Packet<'a>, Malformed> {
    let kind = *text.as_bytes().first().ok_or(Malformed)?;
    // There is no rest if this is only the first byte of a character, which is no type either.
    let rest = text.get(1..).ok_or(Malformed)?;
    let (attachments, rest) = split_attachments(form, kind, rest)?;
    if attachments.is_some_and(|attachments| attachments > max_attachments) {
        return Err(Malformed);
    }
    if (kind, form) == (b'0', Form::Ascii) {
        return connect_with_query(rest, bounds);
    }
    let (namespace, rest) = split_namespace(rest);
    let kind = match kind {
        b'0' => connect(None, rest, bounds)?,
        b'1' if rest.is_empty() => Kind::Disconnect,
        b'2' | b'5' => {
            let (id, json) = split_number(rest)?;
            let event = event::decode(bounds.shallow(json).ok_or(Malformed)?)?;
            if form == Form::Utf8 && event::is_reserved(&event) {
                return Err(Malformed);
            }
            if let EventArguments::List(list) = &event.arguments {
                check_placeholders(attachments, list.get())?;
            }
            Kind::Event { name: event.name, arguments: event.arguments, id }
        }
        b'3' | b'6' => {
            let (id, json) = split_number(rest)?;
            let json = if json.is_empty() { NO_ARGUMENTS } else { json };
            let arguments = bounds.json(json).filter(|json| json.get().starts_with('[')).ok_or(Malformed)?;
            check_placeholders(attachments, arguments.get())?;
            Kind::Ack { id: id.ok_or(Malformed)?, arguments }
        }
        b'4' => Kind::ConnectError,
        _ => return Err(Malformed),
    };
    Ok(Packet { namespace, kind, attachments: attachments.unwrap_or_default() })
}

/// The number of attachments, for types that have one; the others have `None`.
fn split_attachments(form: Form, kind: u8, rest: &str) -> Result<(Option<usize>, &str), Malformed> {
    if !matches!(kind, b'3' | b'5' | b'6') {
        return Ok((None, rest));
    }
    let (number, behind) = match split_number(rest) {
        Ok((number, behind)) => (number, behind.strip_prefix('-')),
        Err(Malformed) => (None, None),
    };
    match (kind, number, behind) {
        (b'3', Some(number), Some(behind)) if form == Form::Ascii => Ok((Some(attachments(number)?), behind)),
        (b'3', _, _) => Ok((None, rest)),
        (_, Some(0), _) if form == Form::Utf8 => Err(Malformed),
        (_, Some(number), Some(behind)) => Ok((Some(attachments(number)?), behind)),
        _ => Err(Malformed),
    }
}

fn attachments(number: u64) -> Result<usize, Malformed> {
    usize::try_from(number).map_err(|_| Malformed)
}

/// The number in front, if there is one.
fn split_number(text: &str) -> Result<(Option<u64>, &str), Malformed> {
    let digits = text.bytes().take(MAX_DIGITS + 1).take_while(u8::is_ascii_digit).count();
    let (number, rest) = text.split_at(digits);
    match digits {
        0 => Ok((None, rest)),
        1..=MAX_DIGITS => Ok((Some(number.parse().map_err(|_| Malformed)?), rest)),
        _ => Err(Malformed),
    }
}

/// The namespace in front, and what follows its comma. The root can be left out or be a slash.
fn split_namespace(text: &str) -> (&str, &str) {
    if !text.starts_with('/') {
        return ("", text);
    }
    let (namespace, rest) = text.split_once(',').unwrap_or((text, ""));
    (unless_root(namespace), rest)
}

fn unless_root(namespace: &str) -> &str {
    if namespace == "/" { "" } else { namespace }
}

/// A connect of 1.x or 2.x. The query runs to the end: clients of 1.x put that of the page's own URL there, commas and all. No payload
/// can follow one, there was none yet.
fn connect_with_query<'a>(text: &'a str, bounds: &mut Bounds) -> Result<Packet<'a>, Malformed> {
    let (namespace, query, rest) = match text.find(['?', ',']) {
        Some(at) if text.starts_with('/') && text[at..].starts_with('?') => {
            let query = &text[at + 1..];
            let query = query.strip_suffix(',').unwrap_or(query);
            (unless_root(&text[..at]), Some(query).filter(|query| !query.is_empty()), "")
        }
        _ => {
            let (namespace, rest) = split_namespace(text);
            (namespace, None, rest)
        }
    };
    Ok(Packet { namespace, kind: connect(query, rest, bounds)?, attachments: 0 })
}

fn connect<'a>(query: Option<&'a str>, payload: &'a str, bounds: &mut Bounds) -> Result<Kind<'a>, Malformed> {
    if payload.is_empty() {
        return Ok(Kind::Connect { query, payload: None });
    }
    let payload = bounds.json(payload).filter(|json| json.get().starts_with('{')).ok_or(Malformed)?;
    Ok(Kind::Connect { query, payload: Some(payload) })
}

/// Placeholders mean something only in packets that may have attachments.
fn check_placeholders(attachments: Option<usize>, json: &str) -> Result<(), Malformed> {
    match attachments {
        Some(attachments) if !placeholders::are_within(attachments, json) => Err(Malformed),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
