use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A packet to send, as what can be borrowed from.
#[derive(Debug, Clone)]
enum Sent {
    Text(String),
    Binary(Vec<u8>),
}

impl Sent {
    fn outgoing(&self) -> Outgoing<'_> {
        match self {
            Self::Text(text) => Outgoing::Text(text.as_bytes()),
            Self::Binary(bytes) => Outgoing::Binary(bytes),
        }
    }

    fn packet(&self) -> Packet<'_> {
        match self {
            Self::Text(text) => Packet::Text(Cow::Borrowed(&text[1..])),
            Self::Binary(bytes) => Packet::Binary(Bytes::copy_from_slice(bytes)),
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    let character =
        prop_oneof![any::<char>(), proptest::char::range(' ', '~'), proptest::char::range('\u{80}', '\u{ff}')];
    vec(character, 0..12).prop_map(|text| String::from_iter(text).replace('\u{1e}', ""))
}

fn any_packet() -> impl Strategy<Value = Sent> {
    prop_oneof![
        any_text().prop_map(|text| Sent::Text(format!("4{text}"))),
        vec(any::<u8>(), 0..12).prop_map(Sent::Binary)
    ]
}

/// Text that comes close to being a payload, and often is one.
fn almost_payload() -> impl Strategy<Value = String> {
    let packet = prop_oneof![any_text(), Just("4😀".to_owned()), Just("b4AQ==".to_owned()), Just("bAQ==".to_owned())];
    let piece = prop_oneof![
        6 => packet.clone().prop_map(|packet| format!("{}:{packet}", packet.encode_utf16().count())),
        2 => (0_usize..6, packet.clone()).prop_map(|(length, packet)| format!("{length}:{packet}")),
        1 => packet.clone(),
        2 => packet.prop_map(|packet| packet + "\u{1e}"),
        1 => Just("00".to_owned()),
        1 => Just(":".to_owned()),
        1 => Just("-1:".to_owned()),
    ];
    vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

/// The rules of revision 3, as a list of code units.
fn slow_split(body: &str) -> (Vec<String>, bool) {
    let mut units: Vec<u16> = body.encode_utf16().collect();
    let mut packets = Vec::new();
    let mut complete = !units.is_empty();
    while !units.is_empty() {
        complete = false;
        let Some(colon) = units.iter().position(|unit| *unit == u16::from(b':')) else { break };
        let digits = String::from_utf16_lossy(&units[..colon]);
        if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
            break;
        }
        let end = colon + 1 + digits.parse::<usize>().unwrap();
        let Some(Ok(packet)) = units.get(colon + 1..end).map(String::from_utf16) else { break };
        if !packet.is_empty() {
            packets.push(packet);
        }
        units.drain(..end);
        complete = true;
    }
    (packets, complete)
}

fn texts(payload: &Payload<'_>) -> Vec<String> {
    let text = |piece: &Piece<'_>| match piece {
        Piece::Text(text) => text.clone().into_owned(),
        Piece::Binary(_) => panic!("{piece:?} is no text"),
    };
    payload.pieces.iter().map(text).collect()
}

proptest! {
    #[test]
    fn a_payload_reads_back_as_it_was_written(packets in vec(any_packet(), 1..6), is_double: bool) {
        for revision in BOTH {
            let mut strings = if is_double && revision == Three { Strings::Double } else { Strings::Plain };
            let mut out = Vec::new();
            encode_payload(revision, strings, packets.iter().map(Sent::outgoing), &mut out);
            let body = String::from_utf8(out).unwrap();
            let payload = decode_payload(revision, &body);
            prop_assert!(payload.complete);
            let texts = texts(&payload);
            let read: Vec<_> = texts.iter().map(|text| decode_text(revision, strings.read(text.into())).unwrap()).collect();
            prop_assert_eq!(read, packets.iter().map(Sent::packet).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_binary_payload_reads_back_as_it_was_written(packets in vec(any_packet(), 0..6)) {
        let mut out = Vec::new();
        encode_binary_payload(packets.iter().map(Sent::outgoing), &mut out);
        let body = Bytes::from(out);
        let payload = decode_binary_payload(&body);
        prop_assert!(payload.complete);
        let read = payload.pieces.into_iter().map(|piece| match piece {
            Piece::Text(text) => decode_text(Three, text).unwrap(),
            Piece::Binary(binary) => Packet::Binary(binary),
        });
        prop_assert_eq!(read.collect::<Vec<_>>(), packets.iter().map(Sent::packet).collect::<Vec<_>>());
    }

    #[test]
    fn lengths_are_read_as_a_slow_decoder_reads_them(body in almost_payload()) {
        let payload = decode_payload(Three, &body);
        prop_assert_eq!((texts(&payload), payload.complete), slow_split(&body));
    }

    #[test]
    fn separators_are_read_as_they_stand(body in almost_payload()) {
        let payload = decode_payload(Four, &body);
        let texts = texts(&payload);
        let is_start = body.starts_with(&texts.join("\u{1e}"));
        prop_assert!(is_start);
        let has_empty_packet = body.split('\u{1e}').any(str::is_empty);
        prop_assert_eq!(payload.complete, !has_empty_packet);
    }

    #[test]
    fn a_binary_payload_that_is_cut_loses_its_last_packet_only(packets in vec(any_packet(), 1..6), cut in 1_usize..4) {
        let mut out = Vec::new();
        encode_binary_payload(packets.iter().map(Sent::outgoing), &mut out);
        out.truncate(out.len() - cut.min(out.len() - 1));
        let body = Bytes::from(out);
        let payload = decode_binary_payload(&body);
        prop_assert!(payload.pieces.len() < packets.len());
    }

    #[test]
    fn any_body_is_bearable(start in "[\\x00-\\x0a]{0,3}", body in vec(any::<u8>(), 0..40)) {
        let body = Bytes::from([start.as_bytes(), &body].concat());
        decode_binary_payload(&body);
        let text = String::from_utf8_lossy(&body);
        for revision in BOTH {
            decode_payload(revision, &text);
            _ = decode_text(revision, text.clone());
            _ = decode_binary(revision, body.clone());
        }
    }
}
