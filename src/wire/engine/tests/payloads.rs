//! Bodies as the originals write and read them.

use super::*;

fn pieces<'a>(texts: &[&'a str]) -> Vec<Piece<'a>> {
    texts.iter().map(|text| Piece::Text(Cow::Borrowed(*text))).collect()
}

fn complete<'a>(texts: &[&'a str]) -> Payload<'a> {
    Payload { pieces: pieces(texts), complete: true }
}

fn broken<'a>(texts: &[&'a str]) -> Payload<'a> {
    Payload { pieces: pieces(texts), complete: false }
}

fn encoded(revision: Revision, strings: Strings, packets: &[Outgoing<'_>]) -> String {
    let mut out = Vec::new();
    encode_payload(revision, strings, packets.iter().copied(), &mut out);
    String::from_utf8(out).unwrap()
}

fn encoded_binary(packets: &[Outgoing<'_>]) -> Vec<u8> {
    let mut out = Vec::new();
    encode_binary_payload(packets.iter().copied(), &mut out);
    out
}

/// `4hello`, `4é€😀` and the bytes 1 to 4.
const BATCH: [Outgoing<'_>; 3] =
    [Outgoing::Text(b"4hello"), Outgoing::Text("4é€😀".as_bytes()), Outgoing::Binary(&[1, 2, 3, 4])];

#[test]
fn a_batch_is_written_as_2x_writes_it() {
    assert_eq!(encoded(Three, Strings::Plain, &BATCH), "6:4hello5:4é€😀10:b4AQIDBA==");
    assert_eq!(encoded(Three, Strings::Unknown, &BATCH), encoded(Three, Strings::Plain, &BATCH));
}

#[test]
fn a_batch_is_written_as_1x_writes_it() {
    assert_eq!(encoded(Three, Strings::Double, &BATCH), "6:4hello10:4Ã©â\u{82}¬ð\u{9f}\u{98}\u{80}10:b4AQIDBA==");
}

#[test]
fn a_batch_is_written_as_4x_writes_it() {
    assert_eq!(encoded(Four, Strings::Unknown, &BATCH), "4hello\u{1e}4é€😀\u{1e}bAQIDBA==");
    assert_eq!(encoded(Four, Strings::Unknown, &BATCH[2..]), "bAQIDBA==");
}

#[test]
fn a_binary_batch_is_written_as_1x_and_2x_write_it() {
    let bytes =
        b"\x00\x06\xff4hello\x00\x01\x00\xff4\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\x01\x05\xff\x04\x01\x02\x03\x04";
    assert_eq!(encoded_binary(&BATCH), bytes);
    let body = Bytes::from_static(bytes);
    assert_eq!(
        decode_binary_payload(&body).pieces,
        [Piece::Text("4hello".into()), Piece::Text("4é€😀".into()), Piece::Binary(Bytes::from_static(&[1, 2, 3, 4]))]
    );
}

#[test]
fn no_text_can_pass_for_two_packets() {
    let batch = [Outgoing::Text(b"4a\x1e1"), Outgoing::Text(b"4\x1e\x1e")];
    let written = encoded(Four, Strings::Unknown, &batch);
    assert_eq!(decode_payload(Four, &written), complete(&["4a\u{FFFD}1", "4\u{FFFD}\u{FFFD}"]));

    let batch = [Outgoing::Text(b"46:4hello"), Outgoing::Text(b"41:1")];
    let written = encoded(Three, Strings::Unknown, &batch);
    assert_eq!(decode_payload(Three, &written), complete(&["46:4hello", "41:1"]));
}

#[test]
fn lengths_cut_a_body_of_revision_three() {
    for (body, packets) in [
        ("6:4hello", &["4hello"][..]),
        ("1:2", &["2"]),
        ("6:4hello10:b4AQIDBA==", &["4hello", "b4AQIDBA=="]),
        ("5:4é€😀1:1", &["4é€😀", "1"]),
        ("10:4Ã©â\u{82}¬ð\u{9f}\u{98}\u{80}1:1", &["4Ã©â\u{82}¬ð\u{9f}\u{98}\u{80}", "1"]),
        // Half a surrogate pair has become U+FFFD on the way.
        ("2:4\u{FFFD}1:1", &["4\u{FFFD}", "1"]),
        ("3:4::2::1", &["4::", ":1"]),
        ("0000000006:4hello", &["4hello"]),
        ("0:", &[]),
        ("0:0:1:20:", &["2"]),
        ("6:4hello0:", &["4hello"]),
    ] {
        assert_eq!(decode_payload(Three, body), complete(packets), "{body:?}");
    }
}

#[test]
fn a_body_of_revision_three_is_read_up_to_what_is_broken() {
    for (body, packets) in [
        ("", &[][..]),
        (":", &[]),
        (":4", &[]),
        ("4hello", &[]),
        ("abc", &[]),
        ("6", &[]),
        ("6 4hello", &[]),
        (" 6:4hello", &[]),
        ("+6:4hello", &[]),
        ("0x6:4hello", &[]),
        ("6.0:4hello", &[]),
        ("-1:4", &[]),
        ("-6:4hello", &[]),
        ("NaN:4", &[]),
        ("٦:4hello", &[]),
        ("6:4he", &[]),
        ("6:", &[]),
        ("9999999999:4hello", &[]),
        ("00000000006:4hello", &[]),
        ("18446744073709551616:4", &[]),
        ("6:4hello1", &["4hello"]),
        ("6:4hello1:", &["4hello"]),
        ("6:4hello:", &["4hello"]),
        ("6:4hello\n", &["4hello"]),
        ("6:4helloé", &["4hello"]),
        // Inside a surrogate pair.
        ("2:4😀", &[]),
        ("1:22:4😀", &["2"]),
        // In bytes.
        ("3:4é", &[]),
        ("3:4é1:2", &["4é1"]),
    ] {
        assert_eq!(decode_payload(Three, body), broken(packets), "{body:?}");
    }
}

#[test]
fn separators_cut_a_body_of_revision_four() {
    for (body, packets) in [
        ("4hello", &["4hello"][..]),
        ("4hello\u{1e}bAQIDBA==\u{1e}2", &["4hello", "bAQIDBA==", "2"]),
        ("6:4hello", &["6:4hello"]),
        ("x", &["x"]),
    ] {
        assert_eq!(decode_payload(Four, body), complete(packets), "{body:?}");
    }
    for (body, packets) in
        [("", &[][..]), ("\u{1e}", &[]), ("\u{1e}4a", &[]), ("4a\u{1e}", &["4a"]), ("4a\u{1e}\u{1e}4b", &["4a"])]
    {
        assert_eq!(decode_payload(Four, body), broken(packets), "{body:?}");
    }
}

#[test]
fn a_binary_body_is_read_up_to_what_is_broken() {
    for (body, packets) in [
        (&b"\x00\xff4"[..], 0),
        (b"\x00\x01", 0),
        (b"\x00\x01\xff", 0),
        (b"\x00\x014", 0),
        (b"\x00", 0),
        (b"\x00\x00\xff", 0),
        (b"\x01\x00\xff", 0),
        (b"\x02\x01\xff4", 0),
        (b"6:4hello", 0),
        (b"\x006\xff4hello", 0),
        (b"\x00\x0a\xff4hello1234", 0),
        (b"\x00\x07\xff4hello", 0),
        (b"\x00\x09\x09\x09\x09\x09\x09\x09\x09\x09\x09\xff4hello", 0),
        (b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\xff4", 0),
        (b"\x01\x01\xff4", 0),
        (b"\x01\x02\xff\x02\x00", 0),
        (b"\x00\x03\xff4\xffa", 0),
        (b"\x00\x01\xff2\x00\x01\xff", 1),
        (b"\x00\x01\xff2\x01\x02\xff\x04a\x01", 2),
    ] {
        let body = Bytes::from_static(body);
        let payload = decode_binary_payload(&body);
        assert!(!payload.complete, "{body:?}");
        assert_eq!(payload.pieces.len(), packets, "{body:?}");
    }
}

#[test]
fn a_binary_body_may_be_empty_and_have_half_a_surrogate_pair_in_it() {
    assert_eq!(decode_binary_payload(&Bytes::new()), complete(&[]));
    let body = Bytes::from_static(b"\x00\x05\xff4\xed\xa0\xbda\x01\x01\xff\x04");
    let pieces = vec![Piece::Text("4\u{FFFD}a".into()), Piece::Binary(Bytes::new())];
    assert_eq!(decode_binary_payload(&body), Payload { pieces, complete: true });
}

#[test]
fn binaries_are_not_copied_out_of_a_body() {
    let body = Bytes::from_static(b"\x01\x03\xff\x04ab");
    let payload = decode_binary_payload(&body);
    let [Piece::Binary(binary)] = payload.pieces.as_slice() else { panic!("{payload:?}") };
    assert_eq!(binary.as_ptr(), body[4..].as_ptr());
}

/// A megabyte each; what is not linear takes longer than anybody waits.
#[test]
fn long_nonsense_is_read_in_no_time() {
    let million = 1 << 20;
    for body in ["9".repeat(million), "0:".repeat(million / 2), "1:".repeat(million / 2), "😀".repeat(million / 4)] {
        let payload = decode_payload(Three, &body);
        assert!(payload.pieces.len() <= million / 2);
    }
    let packets = decode_payload(Three, &"1:6".repeat(million / 3)).pieces.len();
    assert_eq!(packets, million / 3);
    let length_of_all = format!("{million}:{}", "é".repeat(million / 2));
    assert!(!decode_payload(Three, &length_of_all).complete);
    assert_eq!(decode_payload(Four, &"\u{1e}".repeat(million)).pieces, []);
    assert_eq!(decode_payload(Four, &"6\u{1e}".repeat(million / 2)).pieces.len(), million / 2);
    assert_eq!(decode_binary_payload(&vec![0; million].into()).pieces, []);
    assert_eq!(decode_binary_payload(&b"\x00\x01\xff6".repeat(million / 4).into()).pieces.len(), million / 4);
}
