//! Packets of Socket.IO as messages of Engine.IO, with the `4` of those in front.

use std::io::Write;

use super::Form;
use crate::wire::script;

/// The type of a message of Engine.IO.
const MESSAGE: u8 = b'4';

/// Appends the answer to a client that joined a namespace. `payload` is a JSON object.
pub(crate) fn encode_connect(form: Form, namespace: &str, payload: Option<&str>, out: &mut Vec<u8>) {
    encode_header(b'0', 0, namespace, out);
    encode_json(form, payload.unwrap_or_default(), out);
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

/// Appends an event. `arguments` is a JSON array; `offset` is one more argument, a string, behind the others. The attachments are to
/// follow.
#[allow(clippy::too_many_arguments, reason = "a packet has as many parts")]
pub(crate) fn encode_event(
    form: Form,
    namespace: &str,
    id: Option<u64>,
    name: &str,
    arguments: &str,
    offset: Option<&str>,
    attachments: usize,
    out: &mut Vec<u8>,
) {
    encode_header(if attachments > 0 { b'5' } else { b'2' }, attachments, namespace, out);
    if let Some(id) = id {
        push_decimal(id, out);
    }
    out.push(b'[');
    encode_string(form, name, out);
    let arguments = elements(arguments);
    if !arguments.is_empty() {
        out.push(b',');
        encode_json(form, arguments, out);
    }
    if let Some(offset) = offset {
        out.push(b',');
        encode_string(form, offset, out);
    }
    out.push(b']');
}

/// Appends the acknowledgement of the event `id`. `arguments` is a JSON array. The attachments are to follow.
pub(crate) fn encode_ack(form: Form, namespace: &str, id: u64, arguments: &str, attachments: usize, out: &mut Vec<u8>) {
    encode_header(if attachments > 0 { b'6' } else { b'3' }, attachments, namespace, out);
    push_decimal(id, out);
    encode_json(form, arguments, out);
}

/// The comma behind a namespace is always there, as since 2.0; whoever leaves it out reads it too.
fn encode_header(kind: u8, attachments: usize, namespace: &str, out: &mut Vec<u8>) {
    out.extend([MESSAGE, kind]);
    if attachments > 0 {
        push_decimal(attachments as u64, out);
        out.push(b'-');
    }
    if !matches!(namespace, "" | "/") {
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

fn encode_string(form: Form, text: &str, out: &mut Vec<u8>) {
    match form {
        Form::Ascii => script::encode_json_string_printable(text, out),
        Form::Utf8 => script::encode_json_string(text, out),
    }
}

/// What stands in a JSON array, with the commas between.
fn elements(array: &str) -> &str {
    let array = array.trim();
    array.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(array).trim()
}

fn push_decimal(number: u64, out: &mut Vec<u8>) {
    // Writing to a `Vec` does not fail.
    _ = write!(out, "{number}");
}
