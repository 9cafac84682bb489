//! What it costs to read and to write each generation's wire form: one packet, and a body of many.
//!
//! The codecs are no part of the public interface, so their source is compiled into this program as it is. The frames of
//! RFC 6455 are written straight into a socket's buffer, which `fan_out` measures; here they are only read.

#[allow(dead_code, unused_imports, unreachable_pub, reason = "only a part of it is measured")]
#[path = "../src/wire/mod.rs"]
mod wire;

use bytes::Bytes;
use criterion::{Criterion, Throughput};
use std::{borrow::Cow, hint::black_box, time::Duration};
use wire::{
    bounds::Bounds,
    double_utf8::Strings,
    engine::{self, Outgoing, Revision},
    envelope, form, frames, hixie,
    packets::{self, Acknowledge},
    payload, rfc6455, script,
    socket_io::{self, Arguments, Form},
};

const TEXT: &str = "the quick brown fox jumps over the lazy dog 1234";
/// As long, and not ASCII.
const FOREIGN: &str = "Zwölf Boxkämpfer jagen Viktor über den Sylter 🦊";
const ARGUMENTS: &str = r#"[{"user":"anna","text":"the quick brown fox","at":[1,2,3]}]"#;
const PACKETS: usize = 100;

/// Measures `work`, which reads or writes so many bytes.
fn measure<T>(criterion: &mut Criterion, name: &str, bytes: usize, mut work: impl FnMut() -> T) {
    let mut group = criterion.benchmark_group("codecs");
    group.throughput(Throughput::Bytes(bytes as u64));
    group.bench_function(name, |bencher| bencher.iter(&mut work));
}

/// Measures `encode`, which appends to a buffer that is large enough.
fn measure_encoding(criterion: &mut Criterion, name: &str, mut encode: impl FnMut(&mut Vec<u8>)) {
    let length = written(&mut encode).len();
    let mut out = Vec::with_capacity(2 * length);
    measure(criterion, name, length, || {
        out.clear();
        encode(black_box(&mut out));
    });
}

fn written(encode: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut out = Vec::new();
    encode(&mut out);
    out
}

fn text_of(encode: impl FnOnce(&mut Vec<u8>)) -> String {
    String::from_utf8(written(encode)).expect("what is written is UTF-8")
}

/// What clients may send.
fn bounds() -> Bounds {
    Bounds::new(10_000, 128)
}

fn old_frames(criterion: &mut Criterion) {
    for (what, text) in [("text", TEXT), ("foreign text", FOREIGN)] {
        measure_encoding(criterion, &format!("0.6 encode {what}"), |out| frames::encode_text(black_box(text), out));
        let one = text_of(|out| frames::encode_text(text, out));
        measure(criterion, &format!("0.6 decode {what}"), one.len(), || frames::decode(black_box(&one), &mut bounds()));
        let many = one.repeat(PACKETS);
        let name = format!("0.6 decode {PACKETS} x {what}");
        measure(criterion, &name, many.len(), || frames::decode(black_box(&many), &mut bounds()));
    }
    measure_encoding(criterion, "0.6 encode json", |out| frames::encode_json(black_box(ARGUMENTS), out));
    let json = text_of(|out| frames::encode_json(ARGUMENTS, out));
    measure(criterion, "0.6 decode json", json.len(), || frames::decode(black_box(&json), &mut bounds()));

    measure_encoding(criterion, "0.4 encode text", |out| envelope::encode_text(black_box(TEXT), out));
    let list = format!("[{}]", vec![format!("{TEXT:?}"); PACKETS].join(","));
    let name = format!("0.4 decode {PACKETS} x text");
    measure(criterion, &name, list.len(), || envelope::decode(black_box(&list), &mut bounds()));
}

fn packets(criterion: &mut Criterion) {
    let text = |out: &mut Vec<u8>| packets::encode_text(Acknowledge::None, "", black_box(TEXT), out);
    let event = |out: &mut Vec<u8>| packets::encode_event(Acknowledge::None, "", "said", black_box(ARGUMENTS), out);
    measure_encoding(criterion, "0.9 encode text", text);
    measure_encoding(criterion, "0.9 encode event", event);
    for (what, one) in [("text", text_of(text)), ("event", text_of(event))] {
        let name = format!("0.9 decode {what}");
        measure(criterion, &name, one.len(), || packets::decode(black_box(&one), &mut bounds()).is_some());
    }
    let one = written(text);
    let many = |out: &mut Vec<u8>| payload::encode(vec![one.as_slice(); PACKETS].into_iter(), out);
    measure_encoding(criterion, &format!("0.9 encode a body of {PACKETS}"), many);
    let body = text_of(many);
    let name = format!("0.9 decode a body of {PACKETS}");
    measure(criterion, &name, body.len(), || payload::decode(black_box(&body), &mut bounds()));
}

fn engine(criterion: &mut Criterion) {
    for (version, form, revision) in [("2.x", Form::Ascii, Revision::Three), ("4.x", Form::Utf8, Revision::Four)] {
        let event = |out: &mut Vec<u8>| {
            socket_io::encode_event(form, "", None, "said", Arguments::List(black_box(ARGUMENTS)), None, 0, out);
        };
        measure_encoding(criterion, &format!("{version} encode event"), event);
        let one = text_of(event);
        measure(criterion, &format!("{version} decode event"), one.len(), || {
            let message = engine::decode_text(revision, Cow::Borrowed(black_box(&one)));
            let Ok(engine::Packet::Text(text)) = message else { panic!("{one:?} is a message") };
            socket_io::decode(form, &text, 10, &mut bounds()).is_ok()
        });
        let many = |out: &mut Vec<u8>| {
            engine::encode_payload(
                revision,
                Strings::Plain,
                vec![Outgoing::Text(one.as_bytes()); PACKETS].into_iter(),
                out,
            );
        };
        measure_encoding(criterion, &format!("{version} encode a body of {PACKETS}"), many);
        let body = text_of(many);
        let name = format!("{version} decode a body of {PACKETS}");
        measure(criterion, &name, body.len(), || engine::decode_payload(revision, black_box(&body), &mut bounds()));
    }
    let binary = [0xA5; 1000];
    let body = |out: &mut Vec<u8>| {
        engine::encode_binary_payload(vec![Outgoing::Binary(black_box(&binary)); PACKETS].into_iter(), out);
    };
    measure_encoding(criterion, &format!("2.x encode a binary body of {PACKETS}"), body);
    let body = Bytes::from(written(body));
    let name = format!("2.x decode a binary body of {PACKETS}");
    measure(criterion, &name, body.len(), || engine::decode_binary_payload(black_box(&body), &mut bounds()));
}

/// What transports put around it.
fn wrappings(criterion: &mut Criterion) {
    for length in [48, 1000, 100_000] {
        let text = TEXT.repeat(length / TEXT.len() + 1);
        let frame = masked(&text.as_bytes()[..length]);
        let mut decoder = rfc6455::Decoder::new(1 << 20, false);
        let mut room = frame.clone();
        measure(criterion, &format!("RFC 6455 decode {length} bytes"), frame.len(), || {
            // It is unmasked where it lies.
            room.copy_from_slice(black_box(&frame));
            decoder.decode(&mut room.as_mut_slice()).is_ok_and(|message| message.is_some())
        });
    }
    measure_encoding(criterion, "hixie encode", |out| hixie::encode_text(black_box(TEXT.as_bytes()), out));
    let frame = written(|out| hixie::encode_text(TEXT.as_bytes(), out));
    let mut decoder = hixie::Decoder::new(1 << 20);
    measure(criterion, "hixie decode", frame.len(), || {
        decoder.feed(black_box(&frame));
        decoder.next_frame().is_ok_and(|frame| frame.is_some())
    });
    measure_encoding(criterion, "JSONP encode", |out| script::jsonp("0", black_box(FOREIGN), out));
    let posted: String = form_urlencoded::Serializer::new(String::new()).append_pair("data", FOREIGN).finish();
    measure(criterion, "form decode", posted.len(), || form::data_field(black_box(posted.as_bytes())).is_some());
}

/// A text as a client sends it.
fn masked(text: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
    let mut frame = vec![0x81];
    match text.len() {
        length @ 0..126 => frame.push(0x80 | length as u8),
        length @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((length as u16).to_be_bytes());
        }
        length => {
            frame.push(0x80 | 127);
            frame.extend((length as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(text.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

fn main() {
    let criterion =
        Criterion::default().warm_up_time(Duration::from_millis(300)).measurement_time(Duration::from_secs(1));
    let mut criterion = criterion.configure_from_args();
    old_frames(&mut criterion);
    packets(&mut criterion);
    engine(&mut criterion);
    wrappings(&mut criterion);
    criterion.final_summary();
}
