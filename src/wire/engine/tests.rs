use super::*;
use crate::wire::{bounds::Bounds, double_utf8::Strings};
use Revision::{Four, Three};

mod payloads;
mod properties;

const BOTH: [Revision; 2] = [Three, Four];

fn decode_payload(revision: Revision, body: &str) -> Payload<'_> {
    super::decode_payload(revision, body, &mut Bounds::none())
}

fn decode_binary_payload(body: &Bytes) -> Payload<'_> {
    super::decode_binary_payload(body, &mut Bounds::none())
}

fn text(revision: Revision, text: &str) -> Result<Packet<'_>, Malformed> {
    decode_text(revision, Cow::Borrowed(text))
}

fn message(text: &str) -> Packet<'_> {
    Packet::Text(Cow::Borrowed(text))
}

#[test]
fn every_type_is_known_by_its_digit() {
    for revision in BOTH {
        for (packet, expected) in [
            ("0{\"sid\":\"a\"}", Packet::Open),
            (CLOSE, Packet::Close),
            (PING, Packet::Ping("".into())),
            (PROBE, Packet::Ping("probe".into())),
            (PONG, Packet::Pong("".into())),
            (PROBE_ANSWER, Packet::Pong("probe".into())),
            ("4", message("")),
            ("42[\"é\"]", message("2[\"é\"]")),
            ("4b4AQ==", message("b4AQ==")),
            (UPGRADE, Packet::Upgrade),
            (NOOP, Packet::Noop),
            // Data where there should be none.
            ("1x", Packet::Close),
            ("5x", Packet::Upgrade),
            ("6x", Packet::Noop),
        ] {
            assert_eq!(text(revision, packet), Ok(expected.clone()), "{packet:?}");
            assert_eq!(decode_text(revision, Cow::Owned(packet.to_owned())), Ok(expected), "{packet:?}");
        }
    }
}

#[test]
fn what_begins_with_no_type_is_malformed() {
    for revision in BOTH {
        for packet in ["", "7", "9", "a", "é4", "\u{1e}", " 4", "-1", "B4AQ==", "\u{FFFD}"] {
            assert_eq!(text(revision, packet), Err(Malformed), "{packet:?}");
        }
    }
}

#[test]
fn binary_comes_as_base64_where_only_text_can_go() {
    for (data, bytes) in [("", &b""[..]), ("AQIDBA==", &[1, 2, 3, 4]), ("AQID", &[1, 2, 3]), ("+/8=", &[0xFB, 0xFF])] {
        let bytes = Packet::Binary(Bytes::copy_from_slice(bytes));
        for data in [data, data.trim_end_matches('=')] {
            assert_eq!(text(Three, &format!("b4{data}")), Ok(bytes.clone()), "{data}");
            assert_eq!(text(Four, &format!("b{data}")), Ok(bytes.clone()), "{data}");
        }
    }
}

#[test]
fn broken_base64_is_malformed() {
    for data in
        ["A", "AQIDBA=", "AQID=", "AQ=D", "====", "=", "A===", "AQ===", "AQ-_", "AQ ID", "A*==", "é=", "AQI=AQI="]
    {
        assert_eq!(text(Three, &format!("b4{data}")), Err(Malformed), "{data}");
        assert_eq!(text(Four, &format!("b{data}")), Err(Malformed), "{data}");
    }
}

#[test]
fn only_messages_are_binary_in_revision_three() {
    for packet in ["b", "b2AQ==", "bé"] {
        assert_eq!(text(Three, packet), Err(Malformed), "{packet}");
    }
}

#[test]
fn a_binary_frame_has_the_number_of_its_type_in_revision_three_only() {
    let frame = Bytes::from_static(&[4, 1, 2]);
    assert_eq!(decode_binary(Three, frame.clone()), Ok(Packet::Binary(Bytes::from_static(&[1, 2]))));
    assert_eq!(decode_binary(Four, frame.clone()), Ok(Packet::Binary(frame)));
    assert_eq!(decode_binary(Three, Bytes::from_static(&[4])), Ok(Packet::Binary(Bytes::new())));
    assert_eq!(decode_binary(Four, Bytes::new()), Ok(Packet::Binary(Bytes::new())));
    for frame in [&b""[..], b"4a", &[2], &[0xFF]] {
        assert_eq!(decode_binary(Three, Bytes::from_static(frame)), Err(Malformed), "{frame:?}");
    }
}

#[test]
fn the_open_packet_says_what_a_client_needs_in_the_usual_order() {
    let mut out = Vec::new();
    encode_open("Ab-_1", &["websocket"], 25_000, 20_000, 1_000_000, &mut out);
    encode_open("\"", &[], 300, 200, 0, &mut out);
    encode_open("", &["websocket", "webtransport"], 1, u64::MAX, 1, &mut out);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        concat!(
            r#"0{"sid":"Ab-_1","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}"#,
            r#"0{"sid":"\"","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":0}"#,
            r#"0{"sid":"","upgrades":["websocket","webtransport"],"#,
            r#""pingInterval":1,"pingTimeout":18446744073709551615,"maxPayload":1}"#,
        )
    );
}
