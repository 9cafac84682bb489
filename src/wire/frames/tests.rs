use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn decode(payload: &str) -> Payload {
    super::decode(payload, &mut Bounds::none())
}

fn text(text: &str) -> Packet {
    Packet::Text(text.to_owned())
}

fn json(json: &str) -> Packet {
    Packet::Json(RawValue::from_string(json.to_owned()).unwrap())
}

fn encoded(packet: &Packet) -> String {
    let mut out = Vec::new();
    match packet {
        Packet::Text(text) => encode_text(text, &mut out),
        Packet::Json(json) => encode_json(json.get(), &mut out),
        Packet::Heartbeat(counter) => encode_heartbeat(*counter, &mut out),
    }
    String::from_utf8(out).unwrap()
}

fn complete(packets: Vec<Packet>) -> Payload {
    Payload { packets, complete: true }
}

fn incomplete(packets: Vec<Packet>) -> Payload {
    Payload { packets, complete: false }
}

#[test]
fn lengths_count_utf_16_code_units() {
    for (packet, frame) in [
        (text("hello"), "~m~5~m~hello"),
        (text(""), "~m~0~m~"),
        (text("é漢😀"), "~m~4~m~é漢😀"),
        (text("12345678901"), "~m~11~m~12345678901"),
        (json(r#"{"a":"é"}"#), r#"~m~12~m~~j~{"a":"é"}"#),
        (json(r#"{"a":true}"#), r#"~m~13~m~~j~{"a":true}"#),
        (Packet::Heartbeat(1), "~m~4~m~~h~1"),
        (Packet::Heartbeat(u64::MAX), "~m~23~m~~h~18446744073709551615"),
    ] {
        assert_eq!(encoded(&packet), frame);
        assert_eq!(decode(frame), complete(vec![packet]));
    }
}

#[test]
fn a_payload_is_any_number_of_frames() {
    assert_eq!(decode(""), complete(vec![]));
    assert_eq!(decode("~m~2~m~m1~m~2~m~m2~m~2~m~m3"), complete(vec![text("m1"), text("m2"), text("m3")]));
    assert_eq!(
        decode(r#"~m~1~m~1~m~4~m~true~m~0~m~~m~10~m~~j~{"a":1}~m~0~m~"#),
        complete(vec![text("1"), text("true"), text(""), json(r#"{"a":1}"#), text("")])
    );
}

#[test]
fn messages_behind_a_heartbeat_are_delivered() {
    assert_eq!(decode("~m~2~m~m1~m~4~m~~h~1~m~2~m~m3"), complete(vec![text("m1"), Packet::Heartbeat(1), text("m3")]));
}

#[test]
fn a_heartbeat_without_a_plain_number_is_ignored() {
    for counter in ["", "x", "1x", " 1", "+1", "-1", "1.0", "٣", "18446744073709551616"] {
        let payload = encoded(&Packet::Text(format!("~h~{counter}"))) + "~m~1~m~a";
        assert_eq!(decode(&payload), complete(vec![text("a")]), "{counter:?}");
    }
}

#[test]
fn text_that_looks_like_json_is_json() {
    assert_eq!(decode(&encoded(&text(r#"~j~{"a":true}"#))), complete(vec![json(r#"{"a":true}"#)]));
    assert_eq!(decode("~m~8~m~~j~ [1] "), complete(vec![json("[1]")]));
    assert_eq!(decode("~m~6~m~a~j~{}"), complete(vec![text("a~j~{}")]));
}

#[test]
fn invalid_json_reads_as_an_empty_object() {
    for bad in ["{x}", "", "{", "nul", "1 2", "\"\u{1}\"", "{\"a\":1,}"] {
        let payload = encoded(&Packet::Text(format!("~j~{bad}"))) + "~m~1~m~a";
        assert_eq!(decode(&payload), complete(vec![json("{}"), text("a")]), "{bad:?}");
    }
}

#[test]
fn json_may_be_as_deep_as_it_likes() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(decode(&encoded(&json(&deep))), complete(vec![json(&deep)]));
    let unclosed = "[{\"a\":".repeat(100_000);
    assert_eq!(decode(&encoded(&Packet::Text(format!("~j~{unclosed}")))), complete(vec![json("{}")]));
}

#[test]
fn malformed_payloads_keep_what_was_read_before() {
    for (payload, packets) in [
        // As the original.
        ("hello", vec![]),
        ("~m~5~m~hel", vec![text("hel")]),
        ("~m~5~m~helloJUNK", vec![text("hello")]),
        ("~m~5~m~hello~", vec![text("hello")]),
        ("~m~5~m~", vec![text("")]),
        ("~m~9999999999~m~hel", vec![text("hel")]),
        // Where the original made messages up.
        ("~m~5~m~hello~m~", vec![text("hello")]),
        ("~m~5", vec![]),
        ("~m~~m~x", vec![]),
        ("~m~-1~m~x", vec![]),
        ("~m~+1~m~x", vec![]),
        ("~m~5XYZhello", vec![]),
        ("~m~ 5~m~hello", vec![]),
        ("~m~٥~m~hello", vec![]),
        ("~m~00000000005~m~hello", vec![]),
        ("~m~18446744073709551621~m~hello", vec![]),
        ("~m~5~M~hello", vec![]),
    ] {
        assert_eq!(decode(payload), incomplete(packets), "{payload:?}");
    }
}

#[test]
fn a_frame_cut_short_is_text_or_valid_json_or_nothing() {
    for (payload, packets) in [
        (r#"~m~13~m~~j~{"a":"é"}"#, vec![json(r#"{"a":"é"}"#)]),
        (r#"~m~13~m~~j~{"a":tr"#, vec![]),
        ("~m~5~m~~h~1", vec![]),
        ("~m~9~m~~m~1~m~", vec![text("~m~1~m~")]),
    ] {
        assert_eq!(decode(payload), incomplete(packets), "{payload:?}");
    }
}

#[test]
fn a_length_inside_a_surrogate_pair_ends_the_reading() {
    assert_eq!(decode("~m~1~m~a~m~1~m~😀~m~1~m~b"), incomplete(vec![text("a")]));
    assert_eq!(decode("~m~3~m~é漢😀"), incomplete(vec![]));
    assert_eq!(decode("~m~2~m~😀"), complete(vec![text("😀")]));
}

/// Looking at everything that is left for each frame would take hours here.
#[test]
fn the_cost_of_decoding_grows_with_the_payload_only() {
    for message in ["", "x", "é", "😀"] {
        let count = 300_000;
        let payload = encoded(&text(message)).repeat(count) + "~m~9999999999~m~é";
        let decoded = decode(&payload);
        assert_eq!(decoded.packets.len(), count + 1);
        assert!(!decoded.complete);
    }
}

#[test]
fn a_frame_alone_takes_no_more_room_than_it_needs() {
    for data in ["", "123456789", "1234567890", &"x".repeat(100_000), &"é".repeat(100_000)] {
        for encode in [encode_text, encode_json] {
            let mut out = Vec::new();
            encode(data, &mut out);
            assert_eq!(out.capacity(), out.len());
        }
    }
    for counter in [0, 9, 10, u64::MAX] {
        let mut out = Vec::new();
        encode_heartbeat(counter, &mut out);
        assert_eq!(out.capacity(), out.len());
    }
}

fn any_text() -> impl Strategy<Value = String> {
    vec(any::<char>(), 0..30).prop_map(String::from_iter)
}

/// Text made of what the framing is made of, so that it comes close to being a payload.
fn almost_payload() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => Just("~m~".to_owned()),
        1 => Just("~h~".to_owned()),
        1 => Just("~j~".to_owned()),
        1 => Just("😀".to_owned()),
        1 => Just("\u{FFFD}\r\n".to_owned()),
        3 => (0_u8..12).prop_map(|number| number.to_string()),
        1 => vec(any::<char>(), 0..4).prop_map(String::from_iter),
    ];
    vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn any_packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        prop_oneof![any_text(), almost_payload()]
            .prop_filter("reads as a control frame", |text| { !text.starts_with(HEARTBEAT) && !text.starts_with(JSON) })
            .prop_map(Packet::Text),
        any_text().prop_map(|text| json(&serde_json::json!({ "text": text }).to_string())),
        any::<u64>().prop_map(Packet::Heartbeat),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(packets in vec(any_packet(), 0..8)) {
        let payload: String = packets.iter().map(encoded).collect();
        prop_assert_eq!(decode(&payload), complete(packets));
    }

    #[test]
    fn a_cut_payload_yields_the_packets_before_the_cut(packets in vec(any_packet(), 1..5)) {
        let frames: Vec<String> = packets.iter().map(encoded).collect();
        let payload = frames.concat();
        for (cut, _) in payload.char_indices() {
            let decoded = decode(&payload[..cut]);
            let mut whole = 0;
            let mut end = 0;
            while end + frames[whole].len() <= cut {
                end += frames[whole].len();
                whole += 1;
            }
            prop_assert_eq!(decoded.complete, end == cut);
            prop_assert_eq!(&decoded.packets[..whole], &packets[..whole]);
            match &decoded.packets[whole..] {
                [] => {}
                [Packet::Text(start)] => {
                    // What there is of the data of the frame that was cut.
                    prop_assert!(end < cut && payload[end..cut].ends_with(start.as_str()));
                }
                others => prop_assert!(false, "{others:?} were never sent"),
            }
        }
    }

    #[test]
    fn any_payload_is_bearable(payload in prop_oneof![any_text(), almost_payload()]) {
        // The packets are no more than what was there.
        let again: String = decode(&payload).packets.iter().map(encoded).collect();
        prop_assert!(decode(&again).complete);
    }
}
