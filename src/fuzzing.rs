//! What fuzz targets call: every codec that reads bytes of strangers, each with what must hold whatever the bytes are.
//!
//! Only there under `--cfg fuzzing`, which cargo-fuzz sets, and in unit tests, which run what is in `fuzz/seeds`; no part
//! of the public interface.

use crate::{
    client::{Data, parse_arguments},
    wire::{
        bounds::Bounds,
        envelope, form, frames,
        hixie::Decoder,
        packets::{self, Acknowledge, Kind, Packet},
        payload, script,
    },
};
use bytes::Bytes;
use serde_json::{Value, value::RawValue};
use std::collections::HashMap;

mod engine;
mod scripts;
#[cfg(test)]
mod seeds;
mod server;
mod websocket;

pub use crate::{
    session::fuzzing::session,
    transport::fuzzing::{opening, origin, route},
};
pub use engine::{engine, socket_io};
pub use scripts::scripts;
pub use server::server;
pub use websocket::websocket;

/// The packets generation: a body of several packets, the form of a JSONP client, and the scripts around what goes out.
pub fn packets(bytes: &[u8]) {
    if let Some(payload) = form::packets_field(bytes) {
        read_payload(&payload);
    }
    let text = String::from_utf8_lossy(bytes);
    read_payload(&text);
    script_reads_back(&text);
}

/// The frames generation, in both of its dialects, with its form and its WebSocket frames before the RFC.
pub fn frames(bytes: &[u8]) {
    if let Some(payload) = form::data_field(bytes) {
        form::decode_jsonp_frames(&payload, &mut Bounds::none());
    }
    let text = String::from_utf8_lossy(bytes);
    envelope::decode(&text, &mut Bounds::none());
    for packet in frames::decode(&text, &mut Bounds::none()).packets {
        let mut out = Vec::new();
        match &packet {
            // This one has no way to be written: as a text it is a heartbeat or JSON again.
            frames::Packet::Text(text) if text.starts_with("~h~") || text.starts_with("~j~") => continue,
            frames::Packet::Text(text) => frames::encode_text(text, &mut out),
            frames::Packet::Json(json) => frames::encode_json(json.get(), &mut out),
            frames::Packet::Heartbeat(counter) => frames::encode_heartbeat(*counter, &mut out),
        }
        let again = frames::decode(&String::from_utf8_lossy(&out), &mut Bounds::none());
        assert!(again.complete);
        assert_eq!(again.packets, [packet]);
    }

    // It makes no difference where the stream is cut.
    let mut whole = Decoder::new(1000);
    whole.feed(bytes);
    let mut pieces = Decoder::new(1000);
    for piece in bytes.chunks(3) {
        pieces.feed(piece);
        while let Ok(Some(frame)) = pieces.next_frame() {
            assert_eq!(whole.next_frame(), Ok(Some(frame)));
        }
    }
    assert_eq!(whole.next_frame(), pieces.next_frame());
}

/// Arguments as types of several shapes, with binary and without.
pub fn arguments(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(json) = RawValue::from_string(text.into_owned()) else { return };
    for attachments in 0..3 {
        let data = Data::new(json.clone(), vec![Bytes::from_static(b"\xffbinary"); attachments]);
        let _ = parse_arguments::<()>(&data);
        let _ = parse_arguments::<String>(&data);
        let _ = parse_arguments::<Bytes>(&data);
        let _ = parse_arguments::<Option<u8>>(&data);
        let _ = parse_arguments::<HashMap<String, f64>>(&data);
        let _ = parse_arguments::<(Value, Data)>(&data);
        let again = Data::of(&data);
        assert_eq!(again.ok().as_ref().map(|data| data.json().get()), Some(json.get()));
    }
    let plain = Data::new(json.clone(), Vec::new());
    let pair = parse_arguments::<(Box<RawValue>, Option<Value>)>(&plain);
    if let Ok(list) = serde_json::from_str::<Vec<Box<RawValue>>>(json.get()) {
        let all = parse_arguments::<Vec<Box<RawValue>>>(&plain).unwrap_or_default();
        assert_eq!(all.len(), list.len());
        if let (Ok((first, _)), Some(expected)) = (pair, list.first()) {
            assert_eq!(first.get(), expected.get());
        }
    }
}

fn read_payload(text: &str) {
    let payload = payload::decode(text, &mut Bounds::none());
    let covered: usize = payload.packets.iter().map(|packet| packet.len()).sum();
    assert!(covered <= text.len());
    if payload.packets.len() > 1 {
        let mut out = Vec::new();
        payload::encode(payload.packets.iter().map(|packet| packet.as_bytes()), &mut out);
        let again = String::from_utf8_lossy(&out);
        let again = payload::decode(&again, &mut Bounds::none());
        assert!(again.complete);
        assert_eq!(again.packets, payload.packets);
    }
    for packet in payload.packets.into_iter().filter_map(|text| packets::decode(text, &mut Bounds::none())) {
        packet_reads_back(&packet);
    }
}

/// A packet that can be written reads back as what it was.
fn packet_reads_back(packet: &Packet<'_>) {
    let Packet { acknowledge, endpoint, kind } = packet;
    let mut out = Vec::new();
    let mut expected = *acknowledge;
    match kind {
        Kind::Disconnect => packets::encode_disconnect(endpoint, &mut out),
        Kind::Connect { .. } => packets::encode_connect(endpoint, &mut out),
        Kind::Text(text) => packets::encode_text(*acknowledge, endpoint, text, &mut out),
        Kind::Json(Some(json)) => packets::encode_json(*acknowledge, endpoint, json.get(), &mut out),
        Kind::Event(Some(event)) => {
            packets::encode_event(*acknowledge, endpoint, &event.name, event.arguments.json(), &mut out);
        }
        Kind::Ack { id, arguments } => packets::encode_ack(endpoint, *id, arguments.map(RawValue::get), &mut out),
        _ => return,
    }
    if matches!(kind, Kind::Disconnect | Kind::Connect { .. } | Kind::Ack { .. }) {
        expected = Acknowledge::None;
    }
    let text = String::from_utf8_lossy(&out);
    let Some(again) = packets::decode(&text, &mut Bounds::none()) else { panic!("{text:?} is no packet any more") };
    assert_eq!((again.acknowledge, again.endpoint), (expected, *endpoint));
    match (kind, &again.kind) {
        (Kind::Text(one), Kind::Text(other)) => assert_eq!(one, other),
        (Kind::Json(Some(one)), Kind::Json(Some(other))) => same_json(one.get(), other.get()),
        (Kind::Event(Some(one)), Kind::Event(Some(other))) => {
            assert_eq!(one.name, other.name);
            same_json(one.arguments.json(), other.arguments.json());
        }
        (Kind::Ack { id: one, arguments: list }, Kind::Ack { id: other, arguments: others }) => {
            assert_eq!(one, other);
            same_json(list.map_or("[]", RawValue::get), others.map_or("[]", RawValue::get));
        }
        (one, other) => assert_eq!(std::mem::discriminant(one), std::mem::discriminant(other)),
    }
}

/// The same but for blanks and escapes, as far as it can be told: JSON that is too deep or has half a surrogate pair has no value.
fn same_json(one: &str, other: &str) {
    let value = |json| serde_json::from_str::<Value>(json).ok();
    assert_eq!(value(one), value(other));
}

/// What stands in a script is the text, and nothing in it can end the script.
fn script_reads_back(text: &str) {
    let mut out = Vec::new();
    script::htmlfile_packet(text, &mut out);
    script::packets_jsonp("0", text, &mut out);
    let written = String::from_utf8_lossy(&out);
    let parts = written
        .strip_prefix("<script>_(")
        .and_then(|rest| rest.strip_suffix(");"))
        .and_then(|rest| rest.split_once(");</script>io.j[0]("));
    let Some((element, call)) = parts else { panic!("{written:?} is no script") };
    for literal in [element, call] {
        assert!(!literal.contains(['<', '\n', '\r', '\u{2028}', '\u{2029}']), "{literal:?}");
        assert_eq!(serde_json::from_str::<String>(literal).ok().as_deref(), Some(text));
    }
}
