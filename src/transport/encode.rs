//! A batch of one session, wrapped as its transport wants it.

use super::name::Transport;
use crate::{
    hub::WireForm,
    session::{Batch, Element, Entry, SessionId},
    wire::{envelope, frames, multipart, script, server_events},
};
use bytes::Bytes;

/// Appends one payload: everything in it, encoded together, without a transport's wrapping.
pub(crate) fn payload(form: WireForm, id: SessionId, entries: &[Entry], out: &mut Vec<u8>) {
    match form {
        WireForm::Frames => {
            for entry in entries {
                match &entry.element {
                    Element::Opening => frames::encode_text(&id.to_string(), out),
                    Element::Message(bytes) => out.extend_from_slice(bytes),
                    Element::Heartbeat(counter) => frames::encode_heartbeat(*counter, out),
                }
            }
        }
        WireForm::Envelope => {
            envelope::begin(out);
            for (position, entry) in entries.iter().filter(|entry| !is_heartbeat(entry)).enumerate() {
                if position > 0 {
                    envelope::separate(out);
                }
                match &entry.element {
                    Element::Opening => envelope::encode_session_id(&id.to_string(), out),
                    Element::Message(bytes) => out.extend_from_slice(bytes),
                    Element::Heartbeat(_) => {}
                }
            }
            envelope::end(out);
        }
    }
}

/// One payload as the text of a WebSocket frame. A single message is not copied.
pub(crate) fn frame(form: WireForm, id: SessionId, entries: &[Entry]) -> Bytes {
    match (form, entries) {
        (WireForm::Frames, [Entry { element: Element::Message(bytes), .. }]) => bytes.clone(),
        (WireForm::Envelope, [entry]) if is_heartbeat(entry) => {
            Bytes::from_static(envelope::WEBSOCKET_HEARTBEAT.as_bytes())
        }
        _ => {
            let mut out = Vec::new();
            payload(form, id, entries, &mut out);
            out.into()
        }
    }
}

/// A batch as the body of a poll's response. `index` is the callback of a JSONP poll.
pub(crate) fn poll_body(form: WireForm, id: SessionId, batch: &Batch, index: Option<&str>) -> Bytes {
    let mut text = Vec::new();
    payload(form, id, &batch.0, &mut text);
    match index {
        None => text.into(),
        Some(index) => jsonp(index, &text),
    }
}

/// A payload as a call of the page's callback.
pub(crate) fn jsonp(index: &str, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 32);
    script::jsonp(index, &text(payload), &mut out);
    out.into()
}

/// What a stream begins with.
pub(crate) fn prelude(form: WireForm, transport: Transport) -> &'static [u8] {
    match transport {
        Transport::HtmlFile if form == WireForm::Envelope => script::HTMLFILE_PRELUDE_JSON,
        Transport::HtmlFile => script::HTMLFILE_PRELUDE_FRAMES,
        Transport::XhrMultipart => multipart::PRELUDE.as_bytes(),
        Transport::ServerEvents => server_events::PRELUDE.as_bytes(),
        _ => b"",
    }
}

/// Appends a batch as a stream carries it, payload by payload.
pub(crate) fn stream(form: WireForm, transport: Transport, id: SessionId, batch: &Batch, out: &mut Vec<u8>) {
    let mut bytes = Vec::new();
    for entries in batch.payloads() {
        if let (WireForm::Envelope, [entry]) = (form, entries) {
            if is_heartbeat(entry) {
                out.extend_from_slice(one_way_heartbeat(transport));
                continue;
            }
        }
        bytes.clear();
        payload(form, id, entries, &mut bytes);
        match (transport, form) {
            (Transport::HtmlFile, WireForm::Frames) => script::htmlfile_literal(&text(&bytes), out),
            (Transport::HtmlFile, WireForm::Envelope) => script::htmlfile_object(&text(&bytes), out),
            (Transport::ServerEvents, WireForm::Frames) => server_events::literal_event(&text(&bytes), out),
            (Transport::ServerEvents, WireForm::Envelope) => server_events::object_event(&text(&bytes), out),
            _ => {
                if multipart::would_end_early(&bytes) {
                    bytes = without_boundary(&bytes);
                }
                multipart::part(&bytes, out);
            }
        }
    }
}

/// The same messages with no boundary in them: a text that holds one goes as a JSON string, which clients of 0.6 hand
/// to their page as the same text. Without this, whoever gets a text broadcast could forge messages to others.
fn without_boundary(payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.len() + 32);
    for packet in frames::decode(&text(payload)).packets {
        match packet {
            frames::Packet::Text(text) if multipart::would_end_early(text.as_bytes()) => {
                frames::encode_json(&serde_json::Value::String(text).to_string(), &mut out);
            }
            frames::Packet::Text(text) => frames::encode_text(&text, &mut out),
            frames::Packet::Json(json) => frames::encode_json(json.get(), &mut out),
            frames::Packet::Heartbeat(counter) => frames::encode_heartbeat(counter, &mut out),
        }
    }
    out
}

/// The heartbeats of 0.3 and 0.4 carry no number and want no answer.
fn one_way_heartbeat(transport: Transport) -> &'static [u8] {
    match transport {
        Transport::HtmlFile => script::HTMLFILE_HEARTBEAT.as_bytes(),
        Transport::ServerEvents => server_events::PRELUDE.as_bytes(),
        _ => multipart::HEARTBEAT_PART,
    }
}

fn is_heartbeat(entry: &Entry) -> bool {
    matches!(entry.element, Element::Heartbeat(_))
}

/// Payloads are made of text, so nothing is replaced here.
fn text(payload: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(payload)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn part(form: WireForm, message: &crate::client::Message) -> String {
        let entry = Entry { element: Element::Message(form.encode(message)), joined: false };
        let id = SessionId::random().unwrap();
        let mut out = Vec::new();
        stream(form, Transport::XhrMultipart, id, &Batch(vec![entry]), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_text_cannot_end_its_part_and_forge_another() {
        let forged = "hi\n--socketio\nContent-Type: text/plain\n\n~m~6~m~forged";
        for form in [WireForm::Frames, WireForm::Envelope] {
            let part = part(form, &forged.into());
            assert_eq!(part.matches("\n--socketio").count(), 1, "the one that ends it: {part}");
        }
        let frames = part(WireForm::Frames, &forged.into());
        let payload =
            frames.strip_prefix("Content-Type: text/plain\n\n").unwrap().strip_suffix("\n--socketio\n").unwrap();
        let [frames::Packet::Json(json)] = &frames::decode(payload).packets[..] else { panic!("{payload}") };
        assert_eq!(serde_json::from_str::<String>(json.get()).unwrap(), forged);
    }

    #[test]
    fn a_single_message_is_framed_without_a_copy() {
        let element = Bytes::from_static(b"~m~1~m~x");
        let entry = Entry { element: Element::Message(element.clone()), joined: false };
        let frame = frame(WireForm::Frames, SessionId::random().unwrap(), &[entry]);
        assert_eq!(frame.as_ptr(), element.as_ptr());
    }
}
