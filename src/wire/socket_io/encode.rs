//! Packets of Socket.IO as messages of Engine.IO, with the `4` of those in front.

use super::Form;
use crate::wire::{put, script};

/// The type of a message of Engine.IO.
const MESSAGE: u8 = b'4';

/// Appends the answer to a client that joined a namespace. `payload` is a JSON object.
pub(crate) fn encode_connect(form: Form, namespace: &str, payload: Option<&str>, out: &mut Vec<u8>) {
    let payload = payload.unwrap_or_default();
    put::reserve(out, header_length(0, namespace) + payload.len());
    encode_header(b'0', 0, namespace, out);
    encode_json(form, payload, out);
}

/// Appends the end of a namespace for its client.
pub(crate) fn encode_disconnect(namespace: &str, out: &mut Vec<u8>) {
    encode_header(b'1', 0, namespace, out);
}

/// Appends the refusal of a client that may not join a namespace, with JSON that says why.
pub(crate) fn encode_connect_error(form: Form, namespace: &str, json: &str, out: &mut Vec<u8>) {
    encode_header(b'4', 0, namespace, out);
    encode_json(form, json, out);
}

/// What an event says besides its name.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Arguments<'a> {
    /// A JSON array of all there is.
    List(&'a str),
    /// One argument, which is JSON.
    Json(&'a str),
    /// One argument, which is text.
    Text(&'a str),
}

/// Appends an event. `offset` is one more argument, a string, behind the others. The attachments are to
/// follow.
#[allow(clippy::too_many_arguments, reason = "a packet has as many parts")]
pub(crate) fn encode_event(
    form: Form,
    namespace: &str,
    id: Option<u64>,
    name: &str,
    arguments: Arguments<'_>,
    offset: Option<&str>,
    attachments: usize,
    out: &mut Vec<u8>,
) {
    let wanted = match arguments {
        Arguments::List(json) => json.len(),
        Arguments::Json(json) => json.len() + 2,
        Arguments::Text(text) => text.len() + 4,
    };
    let wanted = wanted + name.len() + 3 + id.map_or(0, put::digits) + offset.map_or(0, |offset| offset.len() + 3);
    put::reserve(out, header_length(attachments, namespace) + wanted);
    encode_header(if attachments > 0 { b'5' } else { b'2' }, attachments, namespace, out);
    if let Some(id) = id {
        put::decimal(id, out);
    }
    out.push(b'[');
    encode_string(form, name, out);
    match arguments {
        Arguments::Text(text) => {
            out.push(b',');
            encode_text(form, text, out);
        }
        Arguments::List(json) | Arguments::Json(json) => {
            let json = if let Arguments::List(list) = arguments { elements(list) } else { json };
            if !json.is_empty() {
                out.push(b',');
                encode_json(form, json, out);
            }
        }
    }
    if let Some(offset) = offset {
        out.push(b',');
        encode_string(form, offset, out);
    }
    out.push(b']');
}

/// Appends the acknowledgement of the event `id`. `arguments` is a JSON array. The attachments are to follow.
pub(crate) fn encode_ack(form: Form, namespace: &str, id: u64, arguments: &str, attachments: usize, out: &mut Vec<u8>) {
    put::reserve(out, header_length(attachments, namespace) + put::digits(id) + arguments.len());
    encode_header(if attachments > 0 { b'6' } else { b'3' }, attachments, namespace, out);
    put::decimal(id, out);
    encode_json(form, arguments, out);
}

/// How long [`encode_header`] is.
fn header_length(attachments: usize, namespace: &str) -> usize {
    let attachments = if attachments > 0 { put::digits(attachments as u64) + 1 } else { 0 };
    let namespace = if is_root(namespace) { 0 } else { namespace.len() + 1 };
    2 + attachments + namespace
}

fn is_root(namespace: &str) -> bool {
    matches!(namespace, "" | "/")
}

/// The comma behind a namespace is always there, as since 2.0; whoever leaves it out reads it too.
fn encode_header(kind: u8, attachments: usize, namespace: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(&[MESSAGE, kind]);
    if attachments > 0 {
        put::decimal(attachments as u64, out);
        out.push(b'-');
    }
    if !is_root(namespace) {
        out.extend_from_slice(namespace.as_bytes());
        out.push(b',');
    }
}

fn encode_json(form: Form, json: &str, out: &mut Vec<u8>) {
    match form {
        Form::Ascii => script::encode_json_printable(json, out),
        Form::Utf8 => out.extend_from_slice(json.as_bytes()),
    }
}

/// Text as a JSON string on one line.
fn encode_string(form: Form, text: &str, out: &mut Vec<u8>) {
    if text == "message" {
        // The name of most events.
        return out.extend_from_slice(b"\"message\"");
    }
    if script::is_literal(text, true) {
        return encode_literal(text, out);
    }
    match form {
        Form::Ascii => script::encode_json_string_printable(text, out),
        Form::Utf8 => script::encode_json_string(text, out),
    }
}

fn encode_literal(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// Text as a JSON string, as others write it too: only what has to be escaped is.
fn encode_text(form: Form, text: &str, out: &mut Vec<u8>) {
    if script::is_literal(text, form == Form::Ascii) {
        encode_literal(text, out);
    } else if form == Form::Utf8 {
        // Writing to a `Vec` does not fail.
        _ = serde_json::to_writer(out, text);
    } else {
        let json = serde_json::to_string(text).unwrap_or_default();
        script::encode_json_printable(&json, out);
    }
}

/// What stands in a JSON array, with the commas between.
fn elements(array: &str) -> &str {
    let array = array.trim();
    array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(array).trim()
}
