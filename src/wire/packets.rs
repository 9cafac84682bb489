//! One packet of Socket.IO 0.7, 0.8 and 0.9: `type:id+:endpoint:data`, where nothing is ever escaped.
//!
//! JSON goes out on one line: peers of 0.7 take no packet with a line break in it. In a text message nothing can be done about one.

use serde_json::value::RawValue;

use super::{bounds::Bounds, put, script};

mod event;

pub(crate) use event::Event;

/// The default namespace is joined: the server says so as soon as a transport opens.
pub(crate) const CONNECTED: &str = "1::";
/// The whole session is over.
pub(crate) const DISCONNECTED: &str = "0::";
/// A heartbeat, and the answer to one.
pub(crate) const HEARTBEAT: &str = "2::";
/// Nothing: what a poll ends with that has waited long enough.
pub(crate) const NOOP: &str = "8::";
/// The session id is unknown; the client is to start over with a handshake.
pub(crate) const NOT_HANDSHAKEN: &str = "7:::1+0";

/// What stands in front of the name and the arguments of an event.
const NAME: &[u8] = b":{\"name\":";
const ARGUMENTS: &[u8] = b",\"args\":";

/// More digits than any id needs; a packet with a longer one is none.
const MAX_ID_DIGITS: usize = 10;

/// The acknowledgement a packet asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acknowledge {
    /// None.
    None,
    /// One as soon as the packet was received.
    OnReceipt(u64),
    /// One the application gives, with arguments of its own.
    WithData(u64),
}

/// A decoded packet. It borrows from the text it was decoded from.
#[derive(Debug, Clone)]
pub(crate) struct Packet<'a> {
    /// What the sender wants to hear back.
    pub(crate) acknowledge: Acknowledge,
    /// The namespace; empty for the default one.
    pub(crate) endpoint: &'a str,
    /// The type, and what was made of the data.
    pub(crate) kind: Kind<'a>,
}

/// The type of a packet and its data.
#[derive(Debug, Clone)]
pub(crate) enum Kind<'a> {
    /// `0`: leaves the namespace; the default one takes the session with it.
    Disconnect,
    /// `1`: joins the namespace.
    Connect {
        /// The query of the namespace, without its question mark, if it is not empty.
        query: Option<&'a str>,
    },
    /// `2`
    Heartbeat,
    /// `3`
    Text(&'a str),
    /// `4`, with `None` for what is not JSON, or too deep.
    Json(Option<&'a RawValue>),
    /// `5`, with `None` for what is no event: bad JSON, or too deep, no object, no name that is a string.
    Event(Option<Event<'a>>),
    /// `6`: answers the packet of that id.
    Ack {
        /// The id of the packet that is acknowledged.
        id: u64,
        /// A JSON array, if there was one.
        arguments: Option<&'a RawValue>,
    },
    /// `7`
    Error,
    /// `8`
    Noop,
    /// Whatever else stood there for a type.
    Unknown,
}

/// Decodes one packet; `None` is to be ignored.
///
/// | text | the original 0.9.19 | here |
/// | --- | --- | --- |
/// | `5`, `5:`, `x`, nothing at all | ignored | same |
/// | `0` | ignored | a disconnect, as its written specification has it |
/// | `::3:::a`: colons in front | skipped | same |
/// | `9:7::`, `length:5::`: no such type | ignored, but acknowledged | same |
/// | `3:abc:5::`: no id where one should be | looks for a packet further on, finds one of the type `abc` | ignored |
/// | `3:+::a`: no id to acknowledge | a message | same |
/// | an id of more than ten digits | as good as any | ignored |
/// | `1::/chat?a=b`: the query in the endpoint | another namespace | the query of `/chat` |
/// | JSON that is none | `false` | `None` |
/// | an event whose arguments are no array | one argument; none if it is false, zero or empty | one argument; none if it is `null` |
/// | an acknowledgement with other data than an array | crash | ignored |
pub(crate) fn decode<'a>(text: &'a str, bounds: &mut Bounds) -> Option<Packet<'a>> {
    if text == "0" {
        return Some(Packet { acknowledge: Acknowledge::None, endpoint: "", kind: Kind::Disconnect });
    }
    let (kind, rest) = text.trim_start_matches(':').split_once(':')?;
    let (id, rest) = split_id(rest)?;
    let (with_data, rest) = match rest.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.strip_prefix(':')?;
    let acknowledge = match (id, with_data) {
        (None, _) => Acknowledge::None,
        (Some(id), false) => Acknowledge::OnReceipt(id),
        (Some(id), true) => Acknowledge::WithData(id),
    };
    if kind == "1" {
        let (endpoint, query) = split_query(rest);
        return Some(Packet { acknowledge, endpoint, kind: Kind::Connect { query } });
    }
    let (endpoint, data) = rest.split_once(':').unwrap_or((rest, ""));
    let kind = match kind {
        "0" => Kind::Disconnect,
        "2" => Kind::Heartbeat,
        "3" => Kind::Text(data),
        "4" => Kind::Json(bounds.json(data)),
        "5" => Kind::Event(bounds.shallow(data).and_then(event::decode)),
        "6" => ack(data, bounds)?,
        "7" => Kind::Error,
        "8" => Kind::Noop,
        _ => Kind::Unknown,
    };
    Some(Packet { acknowledge, endpoint, kind })
}

/// Appends the answer to a client that joined a namespace.
pub(crate) fn encode_connect(endpoint: &str, out: &mut Vec<u8>) {
    encode_header(b'1', Acknowledge::None, endpoint, out);
}

/// Appends the end of a namespace, or of the whole session.
pub(crate) fn encode_disconnect(endpoint: &str, out: &mut Vec<u8>) {
    encode_header(b'0', Acknowledge::None, endpoint, out);
}

/// Appends a text message.
pub(crate) fn encode_text(acknowledge: Acknowledge, endpoint: &str, text: &str, out: &mut Vec<u8>) {
    put::reserve(out, header_length(acknowledge, endpoint) + text.len() + usize::from(!text.is_empty()));
    encode_header(b'3', acknowledge, endpoint, out);
    if !text.is_empty() {
        out.push(b':');
        out.extend_from_slice(text.as_bytes());
    }
}

/// Appends a message that is a JSON value, given as JSON text.
pub(crate) fn encode_json(acknowledge: Acknowledge, endpoint: &str, json: &str, out: &mut Vec<u8>) {
    put::reserve(out, header_length(acknowledge, endpoint) + 1 + json.len());
    encode_header(b'4', acknowledge, endpoint, out);
    out.push(b':');
    script::encode_json_line(json, out);
}

/// Appends an event. `arguments` is a JSON array; an empty one is left out, as the original does.
pub(crate) fn encode_event(acknowledge: Acknowledge, endpoint: &str, name: &str, arguments: &str, out: &mut Vec<u8>) {
    let arguments = Some(arguments).filter(|arguments| !is_empty_array(arguments));
    let wanted = header_length(acknowledge, endpoint) + NAME.len() + name.len() + 3;
    put::reserve(out, wanted + arguments.map_or(0, |arguments| ARGUMENTS.len() + arguments.len()));
    encode_header(b'5', acknowledge, endpoint, out);
    out.extend_from_slice(NAME);
    script::encode_json_string(name, out);
    if let Some(arguments) = arguments {
        out.extend_from_slice(ARGUMENTS);
        script::encode_json_line(arguments, out);
    }
    out.push(b'}');
}

/// Appends the acknowledgement of the packet `id`. `arguments` is a JSON array; none and an empty one are the same.
pub(crate) fn encode_ack(endpoint: &str, id: u64, arguments: Option<&str>, out: &mut Vec<u8>) {
    let arguments = arguments.filter(|arguments| !is_empty_array(arguments));
    let wanted = header_length(Acknowledge::None, endpoint) + 1 + put::digits(id);
    put::reserve(out, wanted + arguments.map_or(0, |arguments| 1 + arguments.len()));
    encode_header(b'6', Acknowledge::None, endpoint, out);
    out.push(b':');
    put::decimal(id, out);
    if let Some(arguments) = arguments {
        out.push(b'+');
        script::encode_json_line(arguments, out);
    }
}

/// Appends the refusal of a client that may not join a namespace.
pub(crate) fn encode_unauthorized(endpoint: &str, out: &mut Vec<u8>) {
    encode_header(b'7', Acknowledge::None, endpoint, out);
    out.extend_from_slice(b":2");
}

/// Appends the refusal of a client when it could not be found out whether it may join. There is no number for that reason.
pub(crate) fn encode_refused(endpoint: &str, out: &mut Vec<u8>) {
    encode_header(b'7', Acknowledge::None, endpoint, out);
    out.push(b':');
}

/// The id in front, if there is one. `None` when it is too long.
fn split_id(text: &str) -> Option<(Option<u64>, &str)> {
    let digits = text.bytes().take(MAX_ID_DIGITS + 1).take_while(u8::is_ascii_digit).count();
    let (id, rest) = text.split_at(digits);
    match digits {
        0 => Some((None, rest)),
        1..=MAX_ID_DIGITS => Some((Some(id.parse().ok()?), rest)),
        _ => None,
    }
}

/// Clients send the query as data, the written specification has it in the endpoint: `/chat:?a=b` and `/chat?a=b`.
fn split_query(text: &str) -> (&str, Option<&str>) {
    let (endpoint, query) = text.split_at(text.find([':', '?']).unwrap_or(text.len()));
    let query = query.strip_prefix(':').unwrap_or(query);
    let query = query.strip_prefix('?').unwrap_or(query);
    (endpoint, Some(query).filter(|query| !query.is_empty()))
}

fn ack<'a>(data: &'a str, bounds: &mut Bounds) -> Option<Kind<'a>> {
    let (id, rest) = split_id(data)?;
    let arguments = match rest.strip_prefix('+') {
        None if rest.is_empty() => None,
        None => return None,
        Some("") => None,
        Some(json) => Some(bounds.json(json).filter(|json| is_array(json))?),
    };
    Some(Kind::Ack { id: id?, arguments })
}

fn is_array(json: &RawValue) -> bool {
    json.get().starts_with('[')
}

fn is_empty_array(json: &str) -> bool {
    let inner = json.trim().strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inner.is_some_and(|inner| inner.trim().is_empty())
}

/// How long [`encode_header`] is.
fn header_length(acknowledge: Acknowledge, endpoint: &str) -> usize {
    let id = match acknowledge {
        Acknowledge::None => 0,
        Acknowledge::OnReceipt(id) => put::digits(id),
        Acknowledge::WithData(id) => put::digits(id) + 1,
    };
    3 + id + endpoint.len()
}

fn encode_header(kind: u8, acknowledge: Acknowledge, endpoint: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&[kind, b':']);
    match acknowledge {
        Acknowledge::None => {}
        Acknowledge::OnReceipt(id) => put::decimal(id, out),
        Acknowledge::WithData(id) => {
            put::decimal(id, out);
            out.push(b'+');
        }
    }
    out.push(b':');
    out.extend_from_slice(endpoint.as_bytes());
}

#[cfg(test)]
mod tests;
