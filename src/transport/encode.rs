//! A batch of one session, wrapped as its transport wants it.

use super::{name::Transport, socket::Frame};
use crate::{
    hub::WireForm,
    session::{Batch, Element, Entry, SessionId},
    wire::{bounds::Bounds, envelope, frames, multipart, packets, payload as packets_payload, script, server_events},
};
use bytes::Bytes;
use std::collections::VecDeque;

/// Appends one payload: everything in it, encoded together, without a transport's wrapping.
pub(crate) fn payload(form: WireForm, id: SessionId, entries: &[Entry], out: &mut Vec<u8>) {
    match form {
        WireForm::Frames => {
            for entry in entries {
                match &entry.element {
                    Element::Opening => frames::encode_text(&id.to_string(), out),
                    Element::Message(bytes) => out.extend_from_slice(bytes),
                    Element::Heartbeat(counter) => frames::encode_heartbeat(*counter, out),
                    Element::Goodbye | Element::Binary(_) | Element::Attachment(_) => {}
                }
            }
        }
        // What carries these is not made of one text.
        WireForm::Engine3
        | WireForm::Engine4
        | WireForm::Recoverable
        | WireForm::BareEngine3
        | WireForm::BareEngine4
        | WireForm::BareWebSocket => {}
        WireForm::Packets => packets_payload::encode(entries.iter().map(|entry| packet(&entry.element)), out),
        WireForm::Envelope => {
            envelope::begin(out);
            for (position, entry) in entries.iter().filter(|entry| !is_heartbeat(entry)).enumerate() {
                if position > 0 {
                    envelope::separate(out);
                }
                match &entry.element {
                    Element::Opening => envelope::encode_session_id(&id.to_string(), out),
                    Element::Message(bytes) => out.extend_from_slice(bytes),
                    Element::Heartbeat(_) | Element::Goodbye | Element::Binary(_) | Element::Attachment(_) => {}
                }
            }
            envelope::end(out);
        }
    }
}

/// Room for a payload, which may be as large as a queue: it is not to be copied again and again while it grows.
fn room(entries: &[Entry]) -> usize {
    /// For what stands around a message, or for a word of the protocol's own.
    const FRAMING: usize = 16;
    entries.iter().map(|entry| entry.element.length() + FRAMING).sum::<usize>() + 2 * FRAMING
}

/// A packet of the packets generation.
fn packet(element: &Element) -> &[u8] {
    match element {
        Element::Opening => packets::CONNECTED.as_bytes(),
        Element::Goodbye => packets::DISCONNECTED.as_bytes(),
        Element::Heartbeat(_) => packets::HEARTBEAT.as_bytes(),
        Element::Message(bytes) | Element::Binary(bytes) | Element::Attachment(bytes) => bytes,
    }
}

/// A batch as WebSocket frames: one for each payload, or for each packet where there are packets.
pub(crate) fn socket_frames(form: WireForm, id: SessionId, batch: &Batch, mut each: impl FnMut(Frame<'_>)) {
    if !matches!(form, WireForm::Packets | WireForm::BareWebSocket) {
        for entries in batch.payloads() {
            match (form, entries) {
                // A single message is not copied.
                (WireForm::Frames, [Entry { element: Element::Message(bytes), .. }]) => each(Frame::Text(bytes)),
                _ => each(Frame::Text(&frame(form, id, entries))),
            }
        }
        return;
    }
    for entry in &batch.0 {
        match &entry.element {
            Element::Message(bytes) => each(Frame::Text(bytes)),
            Element::Binary(bytes) => each(Frame::Binary { kind: None, bytes }),
            Element::Heartbeat(_) if form == WireForm::BareWebSocket => each(Frame::Ping),
            _ if form == WireForm::BareWebSocket => {}
            control => each(Frame::Text(&Bytes::copy_from_slice(packet(control)))),
        }
    }
}

/// One payload as the text of a WebSocket frame.
fn frame(form: WireForm, id: SessionId, entries: &[Entry]) -> Bytes {
    match (form, entries) {
        (WireForm::Envelope, [entry]) if is_heartbeat(entry) => {
            Bytes::from_static(envelope::WEBSOCKET_HEARTBEAT.as_bytes())
        }
        _ => {
            let mut out = Vec::with_capacity(room(entries));
            payload(form, id, entries, &mut out);
            out.into()
        }
    }
}

/// A batch as the body of a poll's response. `index` is the callback of a JSONP poll.
pub(crate) fn poll_body(form: WireForm, id: SessionId, batch: &Batch, index: Option<&str>) -> Bytes {
    let mut text = Vec::with_capacity(room(&batch.0));
    payload(form, id, &batch.0, &mut text);
    match index {
        None => text.into(),
        Some(index) => jsonp(form, index, &text),
    }
}

/// The body of a poll's response that carries nothing.
pub(crate) fn idle_poll_body(form: WireForm, index: Option<&str>) -> Bytes {
    match (form, index) {
        (WireForm::Packets, _) => poll_word(packets::NOOP, index),
        (_, None) => Bytes::new(),
        (_, Some(index)) => jsonp(form, index, b""),
    }
}

/// The body of a poll's response that is one packet of the protocol's own.
pub(crate) fn poll_word(word: &'static str, index: Option<&str>) -> Bytes {
    match index {
        None => Bytes::from_static(word.as_bytes()),
        Some(index) => jsonp(WireForm::Packets, index, word.as_bytes()),
    }
}

/// A payload as a call of the page's callback.
fn jsonp(form: WireForm, index: &str, payload: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(payload.len() + 32);
    match form {
        WireForm::Packets => script::packets_jsonp(index, &text(payload), &mut out),
        _ => script::jsonp(index, &text(payload), &mut out),
    }
    out.into()
}

/// What a stream begins with.
pub(crate) fn prelude(form: WireForm, transport: Transport) -> &'static [u8] {
    match transport {
        Transport::HtmlFile if form == WireForm::Packets => script::HTMLFILE_PRELUDE_PACKETS,
        Transport::HtmlFile if form == WireForm::Envelope => script::HTMLFILE_PRELUDE_JSON,
        Transport::HtmlFile => script::HTMLFILE_PRELUDE_FRAMES,
        Transport::XhrMultipart => multipart::PRELUDE.as_bytes(),
        Transport::ServerEvents => server_events::PRELUDE.as_bytes(),
        _ => b"",
    }
}

/// A batch as the chunks of a stream.
pub(crate) fn stream(form: WireForm, transport: Transport, id: SessionId, batch: &Batch) -> VecDeque<Bytes> {
    if form == WireForm::Packets {
        // One each, as the original sent the script elements of its htmlfile.
        return batch.0.iter().map(|entry| stream_packet(transport, packet(&entry.element))).collect();
    }
    let mut out = Vec::new();
    stream_payloads(form, transport, id, batch, &mut out);
    VecDeque::from([out.into()])
}

/// A packet as the chunk of a stream of the packets generation.
fn stream_packet(transport: Transport, packet: &[u8]) -> Bytes {
    let (packet, mut out) = (text(packet), Vec::with_capacity(packet.len() + 48));
    match transport {
        Transport::XhrMultipart => multipart::literal_part(&packet, &mut out),
        Transport::ServerEvents => server_events::literal_event(&packet, &mut out),
        _ => script::htmlfile_packet(&packet, &mut out),
    }
    out.into()
}

/// A packet of the protocol's own as the chunk of a stream.
pub(crate) fn stream_word(transport: Transport, word: &'static str) -> Bytes {
    stream_packet(transport, word.as_bytes())
}

/// Appends a batch as a stream of the frames generation carries it, payload by payload.
fn stream_payloads(form: WireForm, transport: Transport, id: SessionId, batch: &Batch, out: &mut Vec<u8>) {
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
    for packet in frames::decode(&text(payload), &mut Bounds::none()).packets {
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
        let encoding = form.encode("", &crate::hub::Outgoing::message(message), None);
        let entry = Entry::new(encoding.elements().unwrap()[0].clone());
        let id = SessionId::random().unwrap();
        let chunks = stream(form, Transport::XhrMultipart, id, &Batch(vec![entry]));
        chunks.into_iter().map(|chunk| String::from_utf8(chunk.to_vec()).unwrap()).collect()
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
        let [frames::Packet::Json(json)] = &frames::decode(payload, &mut Bounds::none()).packets[..] else {
            panic!("{payload}")
        };
        assert_eq!(serde_json::from_str::<String>(json.get()).unwrap(), forged);
    }

    #[test]
    fn a_single_message_is_framed_without_a_copy() {
        let element = Bytes::from_static(b"~m~1~m~x");
        let batch = Batch(vec![Entry::new(Element::Message(element.clone()))]);
        let mut framed = Vec::new();
        socket_frames(WireForm::Frames, SessionId::random().unwrap(), &batch, |frame| {
            let Frame::Text(text) = frame else { panic!("{frame:?}") };
            framed.push(text.as_ptr());
        });
        assert_eq!(framed, [element.as_ptr()]);
    }
}
