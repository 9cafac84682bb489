//! The engine generation: bodies and packets of Engine.IO, and the packets of Socket.IO in their messages.

use super::same_json;
use crate::wire::{
    bounds::Bounds,
    double_utf8::{self, Strings},
    engine::{self, Outgoing, Packet, Payload, Piece, Revision},
    form, script,
    socket_io::{self, Form, Kind},
};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// Bodies of all framings, the form of a JSONP client, single packets, strings that are encoded twice, and the script around what goes
/// out.
pub fn engine(bytes: &[u8]) {
    let body = Bytes::copy_from_slice(bytes);
    let text = String::from_utf8_lossy(bytes);
    for revision in [Revision::Three, Revision::Four] {
        if let Some(field) = form::engine_field(bytes) {
            payload_reads_back(revision, &engine::decode_payload(revision, &field, &mut Bounds::none()));
        }
        payload_reads_back(revision, &engine::decode_payload(revision, &text, &mut Bounds::none()));
        packet_reads_back(revision, engine::decode_text(revision, Cow::Borrowed(&text)).ok());
        packet_reads_back(revision, engine::decode_binary(revision, body.clone()).ok());
    }
    let payload = engine::decode_binary_payload(&body, &mut Bounds::none());
    binary_payload_reads_back(&payload);
    payload_reads_back(Revision::Three, &payload);

    assert_eq!(double_utf8::decode(&double_utf8::encode(&text)).as_deref(), Some(&*text));
    Strings::Unknown.read(Cow::Borrowed(&text));

    let mut out = Vec::new();
    script::engine_jsonp("0", &text, &mut out);
    let written = String::from_utf8_lossy(&out);
    let literal = written.strip_prefix("___eio[0](").and_then(|rest| rest.strip_suffix(");"));
    let Some(literal) = literal.filter(|literal| literal.is_ascii() && !literal.contains(['<', '\n', '\r'])) else {
        panic!("{written:?} is no script")
    };
    assert_eq!(serde_json::from_str::<String>(literal).ok().as_deref(), Some(&*text));
}

/// A packet of Socket.IO in both of its forms.
pub fn socket_io(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    for form in [Form::Ascii, Form::Utf8] {
        if let Ok(packet) = socket_io::decode(form, &text, 10, &mut Bounds::none()) {
            message_reads_back(form, &packet);
        }
    }
}

fn outgoing<'a>(piece: &'a Piece<'_>) -> Outgoing<'a> {
    match piece {
        Piece::Text(text) => Outgoing::Text(text.as_bytes()),
        Piece::Binary(binary) => Outgoing::Binary(binary),
    }
}

/// What was found in a body can be written as a body again, whatever it is.
fn payload_reads_back(revision: Revision, payload: &Payload<'_>) {
    for strings in [Strings::Plain, Strings::Double] {
        let mut reading = if revision == Revision::Three { strings } else { Strings::Plain };
        let mut out = Vec::new();
        engine::encode_payload(revision, strings, payload.pieces.iter().map(outgoing), &mut out);
        let text = String::from_utf8_lossy(&out);
        let again = engine::decode_payload(revision, &text, &mut Bounds::none());
        assert_eq!(again.complete, !payload.pieces.is_empty());
        assert_eq!(again.pieces.len(), payload.pieces.len());
        for (piece, again) in payload.pieces.iter().zip(again.pieces) {
            match (piece, again) {
                (Piece::Text(piece), Piece::Text(again)) => assert_eq!(*piece, reading.read(again)),
                (Piece::Binary(binary), Piece::Text(again)) => {
                    assert_eq!(engine::decode_text(revision, again), Ok(Packet::Binary(binary.clone())));
                }
                (piece, Piece::Binary(again)) => panic!("{piece:?} became {again:?}"),
            }
        }
    }
    for piece in &payload.pieces {
        if let Piece::Text(text) = piece {
            packet_reads_back(revision, engine::decode_text(revision, text.clone()).ok());
        }
    }
}

fn binary_payload_reads_back(payload: &Payload<'_>) {
    let mut out = Vec::new();
    engine::encode_binary_payload(payload.pieces.iter().map(outgoing), &mut out);
    let body = Bytes::from(out);
    let again = engine::decode_binary_payload(&body, &mut Bounds::none());
    assert!(again.complete);
    assert_eq!(again.pieces, payload.pieces);
}

/// Binary goes through base64, and in revision 3 through its own framing.
fn packet_reads_back(revision: Revision, packet: Option<Packet<'_>>) {
    let Some(Packet::Binary(binary)) = packet else { return };
    let payload = Payload { pieces: vec![Piece::Binary(binary.clone())], complete: true };
    binary_payload_reads_back(&payload);
    let mut out = Vec::new();
    engine::encode_payload(revision, Strings::Plain, payload.pieces.iter().map(outgoing), &mut out);
    let text = String::from_utf8_lossy(&out);
    let mut pieces = engine::decode_payload(revision, &text, &mut Bounds::none()).pieces;
    let Some(Piece::Text(text)) = pieces.pop() else { panic!("{pieces:?} is no text") };
    assert_eq!(engine::decode_text(revision, text), Ok(Packet::Binary(binary)));
}

/// A packet that can be written reads back as what it was.
fn message_reads_back(form: Form, packet: &socket_io::Packet<'_>) {
    let socket_io::Packet { namespace, kind, attachments } = packet;
    let mut out = Vec::new();
    match kind {
        Kind::Connect { payload, .. } => {
            socket_io::encode_connect(form, namespace, payload.map(RawValue::get), &mut out);
        }
        Kind::Disconnect => socket_io::encode_disconnect(namespace, &mut out),
        Kind::Event { name, arguments, id } => {
            let list = arguments.clone().into_list();
            let list = socket_io::Arguments::List(list.get());
            socket_io::encode_event(form, namespace, *id, name, list, None, *attachments, &mut out);
        }
        Kind::Ack { id, arguments } => {
            socket_io::encode_ack(form, namespace, *id, arguments.get(), *attachments, &mut out);
        }
        Kind::ConnectError => return,
    }
    let text = String::from_utf8_lossy(&out);
    let again = text.strip_prefix('4').map(|text| socket_io::decode(form, text, 10, &mut Bounds::none()));
    let Some(Ok(again)) = again else { panic!("{text:?} is no packet any more") };
    assert_eq!((again.namespace, again.attachments), (*namespace, *attachments));
    match (kind, &again.kind) {
        (Kind::Connect { payload: one, .. }, Kind::Connect { payload: other, .. }) => {
            assert_eq!(one.is_some(), other.is_some());
            same_json(one.map_or("", RawValue::get), other.map_or("", RawValue::get));
        }
        (
            Kind::Event { name, arguments: list, id },
            Kind::Event { name: other_name, arguments: others, id: other_id },
        ) => {
            assert_eq!((name, id), (other_name, other_id));
            same_json(list.clone().into_list().get(), others.clone().into_list().get());
        }
        (Kind::Ack { id: one, arguments: list }, Kind::Ack { id: other, arguments: others }) => {
            assert_eq!(one, other);
            same_json(list.get(), others.get());
        }
        (one, other) => assert_eq!(std::mem::discriminant(one), std::mem::discriminant(other)),
    }
}
