//! Whether every decoder keeps to the bounds it is given.

use super::Bounds;
use crate::wire::{
    engine::{self, Revision},
    envelope, form,
    frames::{self, Packet},
    packets::{self, Kind},
    payload,
    socket_io::{self, Form},
};
use bytes::Bytes;
use proptest::prelude::*;

/// How many packets a decoder makes of a payload, and whether it has read all of it.
type Read = fn(&str, &mut Bounds) -> (usize, bool);

/// How many packets are left of a payload with more than so many.
type Kept = fn(usize) -> usize;

fn read_frames(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let payload = frames::decode(text, bounds);
    (payload.packets.len(), payload.complete)
}

fn read_submitted_frames(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let payload = form::decode_jsonp_frames(text, bounds);
    (payload.packets.len(), payload.complete)
}

fn read_envelope(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let payload = envelope::decode(text, bounds);
    (payload.packets.len(), payload.complete)
}

fn read_packets(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let payload = payload::decode(text, bounds);
    (payload.packets.len(), payload.complete)
}

fn read_lengths(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let payload = engine::decode_payload(Revision::Three, text, bounds);
    (payload.pieces.len(), payload.complete)
}

fn read_separated(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let payload = engine::decode_payload(Revision::Four, text, bounds);
    (payload.pieces.len(), payload.complete)
}

/// `x` stands for the byte 255.
fn read_bytes(text: &str, bounds: &mut Bounds) -> (usize, bool) {
    let body: Bytes = text.bytes().map(|byte| if byte == b'x' { 255 } else { byte }).collect();
    let payload = engine::decode_binary_payload(&body, bounds);
    (payload.pieces.len(), payload.complete)
}

/// Decoders, and so many packets for each.
fn payloads(count: usize) -> Vec<(&'static str, Read, String, Kept)> {
    let (some, none): (Kept, Kept) = (|most| most, |_| 0);
    let marked = |packet: &str| packet.repeat(count);
    let separated = |packet: &str, separator| vec![packet; count].join(separator);
    vec![
        ("texts in frames", read_frames, marked("~m~1~m~a"), some),
        ("empty frames", read_frames, marked("~m~0~m~"), some),
        ("JSON in frames", read_frames, marked("~m~5~m~~j~{}"), some),
        ("heartbeats in frames", read_frames, marked("~m~4~m~~h~1"), some),
        ("frames of a form", read_submitted_frames, marked("~m~2~m~\r\n"), some),
        ("frames a form has rewritten", read_submitted_frames, marked("~m~1~m~\r\n"), some),
        ("messages of an envelope", read_envelope, format!("[{}]", separated("\"a\"", ",")), none),
        ("packets", read_packets, marked("\u{fffd}1\u{fffd}a"), some),
        ("empty packets", read_packets, marked("\u{fffd}0\u{fffd}"), some),
        ("packets of revision 3", read_lengths, marked("2:4a"), some),
        ("packets of revision 4", read_separated, separated("4a", "\u{1e}"), some),
        ("packets of revision 3 in bytes", read_bytes, marked("\0\u{2}x4a"), some),
        ("bytes of revision 3", read_bytes, marked("\u{1}\u{2}x\u{4}a"), some),
    ]
}

#[test]
fn as_many_packets_as_a_payload_may_have_are_read_and_no_more() {
    const MOST: usize = 7;
    for (what, read, text, _) in payloads(MOST) {
        let mut bounds = Bounds::new(MOST, 8);
        assert_eq!((read(&text, &mut bounds), bounds.has_too_many), ((MOST, true), false), "{what}");
    }
    for (what, read, text, kept) in payloads(MOST + 1) {
        let mut bounds = Bounds::new(MOST, 8);
        assert_eq!((read(&text, &mut bounds), bounds.has_too_many), ((kept(MOST), false), true), "{what}");
        assert_eq!(bounds.too_deep, 0, "{what}");
    }
}

/// What is too deep is malformed, or no JSON; what is not is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Whole,
    NoJson,
    Nothing,
}

fn made_of_frames(text: &str, bounds: &mut Bounds) -> Made {
    match frames::decode(text, bounds).packets.as_slice() {
        [Packet::Json(json)] if json.get() == "{}" => Made::NoJson,
        [Packet::Json(_)] => Made::Whole,
        _ => Made::Nothing,
    }
}

fn made_of_envelope(text: &str, bounds: &mut Bounds) -> Made {
    if envelope::decode(text, bounds).packets.is_empty() { Made::Nothing } else { Made::Whole }
}

fn made_of_packet(text: &str, bounds: &mut Bounds) -> Made {
    match packets::decode(text, bounds).map(|packet| packet.kind) {
        Some(Kind::Json(None) | Kind::Event(None)) => Made::NoJson,
        Some(_) => Made::Whole,
        None => Made::Nothing,
    }
}

fn made_of_message(form: Form, text: &str, bounds: &mut Bounds) -> Made {
    if socket_io::decode(form, text, 9, bounds).is_ok() { Made::Whole } else { Made::Nothing }
}

type Make = fn(&str, &mut Bounds) -> Made;

/// Packets with JSON so deep, with the arrays and objects in one another that belong to the packet.
fn deep_ones(depth: usize) -> Vec<(String, Make, Made)> {
    let json = |around: usize| "[".repeat(depth - around) + &"]".repeat(depth - around);
    let object = format!("{{\"a\":{}}}", json(1));
    let framed = |data: String| format!("~m~{}~m~{data}", data.len());
    let mut all: Vec<(String, Make, Made)> = vec![
        (framed(format!("~j~{}", json(0))), made_of_frames, Made::NoJson),
        (framed(format!("~j~{object}")), made_of_frames, Made::NoJson),
        (format!("[{}]", json(1)), made_of_envelope, Made::Nothing),
        (format!("4:::{}", json(0)), made_of_packet, Made::NoJson),
        (format!(r#"5:::{{"name":"a","args":{}}}"#, json(1)), made_of_packet, Made::NoJson),
        (format!(r#"5:::{{"other":{},"name":"a"}}"#, json(1)), made_of_packet, Made::NoJson),
        (format!("6:::1+{}", json(0)), made_of_packet, Made::Nothing),
    ];
    let third: Make = |text, bounds| made_of_message(Form::Ascii, text, bounds);
    let fourth: Make = |text, bounds| made_of_message(Form::Utf8, text, bounds);
    for make in [third, fourth] {
        all.push((format!("2[\"a\",{}]", json(1)), make, Made::Nothing));
        all.push((format!("2/chat,7[\"a\",{}]", json(1)), make, Made::Nothing));
        all.push((format!("51-[\"a\",{{\"_placeholder\":true,\"num\":0}},{}]", json(1)), make, Made::Nothing));
        all.push((format!("37{}", json(0)), make, Made::Nothing));
        all.push((format!("61-7{}", json(0)), make, Made::Nothing));
    }
    all.push((format!("0{object}"), fourth, Made::Nothing));
    all.push((format!("0/chat,{object}"), fourth, Made::Nothing));
    all
}

#[test]
fn as_deep_as_json_may_be_it_is_read_and_no_deeper() {
    for depth in [2, 3, 128, 1000] {
        for (text, make, _) in deep_ones(depth) {
            let mut bounds = Bounds::new(9, depth);
            assert_eq!((make(&text, &mut bounds), bounds.too_deep), (Made::Whole, 0), "{depth}: {text:.80}");
        }
        for (text, make, expected) in deep_ones(depth + 1) {
            let mut bounds = Bounds::new(9, depth);
            assert_eq!((make(&text, &mut bounds), bounds.too_deep), (expected, 1), "{depth}: {text:.80}");
        }
    }
}

#[test]
fn what_has_no_end_is_no_deeper_for_that() {
    for (text, make, expected) in deep_ones(100_000) {
        let text = text.trim_end_matches([']', '}']);
        let mut bounds = Bounds::new(9, 8);
        let made = make(text, &mut bounds);
        assert!(made == expected || text.starts_with("~m~"), "{text:.80}");
        assert_eq!(bounds.too_deep, 1, "{text:.80}");
    }
}

proptest! {
    /// Bounds that nothing reaches change nothing; those that something reaches take the end away.
    #[test]
    fn what_is_read_within_bounds_is_the_beginning_of_what_is_read_without(
        which in 0_usize..13,
        count in 1_usize..20,
        most in 0_usize..20,
    ) {
        let (what, read, text, kept) = payloads(count).swap_remove(which);
        let mut bounds = Bounds::new(most, usize::MAX);
        let found = read(&text, &mut bounds);
        let expected = if count <= most { (count, true) } else { (kept(most), false) };
        prop_assert_eq!(found, expected, "{}", what);
        prop_assert_eq!(bounds.has_too_many, count > most);
    }
}
