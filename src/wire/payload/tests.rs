use proptest::{collection::vec, prelude::*};

use super::*;

fn decode(payload: &str) -> Payload<'_> {
    super::decode(payload, &mut Bounds::none())
}

fn encoded(packets: &[&str]) -> String {
    let mut out = Vec::new();
    encode(packets.iter().map(|packet| packet.as_bytes()), &mut out);
    String::from_utf8(out).unwrap()
}

fn complete(packets: Vec<&str>) -> Payload<'_> {
    Payload { packets, complete: true }
}

fn incomplete(packets: Vec<&str>) -> Payload<'_> {
    Payload { packets, complete: false }
}

#[test]
fn a_packet_alone_goes_as_it_is() {
    for packet in ["1::", "3:::a\u{FFFD}b", "5:::{\"name\":\"é\"}", "x"] {
        assert_eq!(encoded(&[packet]), packet);
        assert_eq!(decode(packet), complete(vec![packet]));
    }
    assert_eq!(encoded(&[]), "");
    assert_eq!(decode(""), complete(vec![]));
}

#[test]
fn lengths_count_utf_16_code_units() {
    for (packets, payload) in [
        (
            &[r#"5:::{"name":"a","args":[1]}"#, "3:::two", "4:::[3]"][..],
            "�27�5:::{\"name\":\"a\",\"args\":[1]}�7�3:::two�7�4:::[3]",
        ),
        (
            &[r#"5:::{"name":"u","args":["é"]}"#, "3:::漢", "3:::😀"],
            "�29�5:::{\"name\":\"u\",\"args\":[\"é\"]}�5�3:::漢�6�3:::😀",
        ),
        (&["3:::a�b", "3:::c"], "�7�3:::a�b�5�3:::c"),
        (&["3:::a\nb", "2::"], "�7�3:::a\nb�3�2::"),
    ] {
        assert_eq!(encoded(packets), payload);
        assert_eq!(decode(payload), complete(packets.to_vec()));
    }
}

#[test]
fn a_framed_payload_may_hold_one_packet() {
    assert_eq!(decode("�5�3:::x"), complete(vec!["3:::x"]));
    assert_eq!(decode("�0�"), complete(vec![""]));
}

#[test]
fn malformed_payloads_keep_what_was_read_before() {
    for (payload, packets) in [
        // As the original.
        ("�", vec![]),
        ("�x�3:::a", vec![]),
        ("�99�3:::a", vec!["3:::a"]),
        ("�5�3:::a�9999999999�3:::b", vec!["3:::a", "3:::b"]),
        ("�5�3:::a�5�", vec!["3:::a", ""]),
        ("�5�3:::a�5", vec!["3:::a"]),
        ("�5", vec![]),
        // Where the original went on, or never came to an end.
        ("�-4�", vec![]),
        ("�5�3:::a�-4�3:::b", vec!["3:::a"]),
        ("��3:::a", vec![]),
        ("�+5�3:::a", vec![]),
        ("� 5�3:::a", vec![]),
        ("�5.0�3:::a", vec![]),
        ("�0x5�3:::a", vec![]),
        ("�٥�3:::a", vec![]),
        ("�00000000005�3:::a", vec![]),
        ("�18446744073709551621�3:::a", vec![]),
        ("�5�3:::aJUNK", vec!["3:::a"]),
        ("�5�3:::a3:::b", vec!["3:::a"]),
    ] {
        assert_eq!(decode(payload), incomplete(packets), "{payload:?}");
    }
}

#[test]
fn a_length_inside_a_surrogate_pair_ends_the_reading() {
    assert_eq!(decode("�3�2::�5�3:::😀�3�2::"), incomplete(vec!["2::"]));
    assert_eq!(decode("�3�2::�6�3:::😀�3�2::"), complete(vec!["2::", "3:::😀", "2::"]));
}

/// Looking at everything that is left for each packet would take hours here.
#[test]
fn the_cost_of_decoding_grows_with_the_payload_only() {
    for packet in ["", "x", "é", "😀"] {
        let count = 300_000;
        let payload = encoded(&vec![packet; count]) + "�9999999999�é";
        let decoded = decode(&payload);
        assert_eq!(decoded.packets.len(), count + 1);
        assert!(!decoded.complete);
    }
}

/// As the original goes about it, on an array of UTF-16 code units, with the rules of the table above.
fn slow(payload: &str) -> (Vec<String>, bool) {
    let units: Vec<u16> = payload.encode_utf16().collect();
    let mark = 0xFFFD;
    if units.first() != Some(&mark) {
        return (Vec::from_iter((!payload.is_empty()).then(|| payload.to_owned())), true);
    }
    let mut packets = Vec::new();
    let mut at = 0;
    while at < units.len() {
        let Some(end) = units[at + 1..].iter().position(|unit| *unit == mark).map(|end| at + 1 + end) else {
            return (packets, false);
        };
        let digits = String::from_utf16_lossy(&units[at + 1..end]);
        if units[at] != mark || digits.len() > 10 || digits.is_empty() || digits.contains(|c: char| !c.is_ascii_digit())
        {
            return (packets, false);
        }
        let next = end + 1 + digits.parse::<usize>().unwrap();
        let Ok(packet) = String::from_utf16(&units[end + 1..next.min(units.len())]) else {
            return (packets, false);
        };
        packets.push(packet);
        if next > units.len() {
            return (packets, false);
        }
        at = next;
    }
    (packets, true)
}

fn any_packet() -> impl Strategy<Value = String> {
    // No packet begins with U+FFFD.
    ("[0-9]:", vec(prop_oneof![any::<char>(), Just('\u{FFFD}'), proptest::char::range('0', '9')], 0..12))
        .prop_map(|(start, rest)| start + &String::from_iter(rest))
}

fn almost_payload() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => Just("\u{FFFD}".to_owned()),
        4 => (0_u8..12).prop_map(|number| number.to_string()),
        1 => Just("😀".to_owned()),
        1 => Just("-".to_owned()),
        1 => any_packet(),
        2 => vec(any_packet(), 2..4).prop_map(|packets| {
            encoded(&packets.iter().map(String::as_str).collect::<Vec<_>>())
        }),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(packets in vec(any_packet(), 0..6)) {
        let packets: Vec<&str> = packets.iter().map(String::as_str).collect();
        let payload = encoded(&packets);
        prop_assert_eq!(decode(&payload), complete(packets));
    }

    #[test]
    fn agrees_with_a_slow_decoder(payload in almost_payload()) {
        let decoded = decode(&payload);
        let (packets, complete) = slow(&payload);
        prop_assert_eq!(decoded.packets, packets);
        prop_assert_eq!(decoded.complete, complete);
    }

    #[test]
    fn any_payload_is_bearable(payload in vec(any::<char>(), 0..40).prop_map(String::from_iter)) {
        decode(&payload);
        decode(&format!("\u{FFFD}{payload}"));
    }
}
