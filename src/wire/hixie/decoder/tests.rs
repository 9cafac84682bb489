use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::wire::hixie::{CLOSE, encode_text};

type Outcome = (Vec<Frame>, Option<Error>);

/// Takes every frame there is to take now.
fn drain(decoder: &mut Decoder, frames: &mut Vec<Frame>) -> Option<Error> {
    loop {
        match decoder.next_frame() {
            Ok(Some(frame)) => frames.push(frame),
            Ok(None) => return None,
            Err(error) => return Some(error),
        }
    }
}

fn decode_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, max_frame_bytes: usize) -> Outcome {
    let mut decoder = Decoder::new(max_frame_bytes);
    let mut frames = Vec::new();
    let mut error = None;
    for piece in pieces {
        decoder.feed(piece);
        error = drain(&mut decoder, &mut frames);
    }
    (frames, error)
}

fn decode(bytes: &[u8]) -> Outcome {
    decode_pieces([bytes], 1000)
}

fn text(text: &str) -> Frame {
    Frame::Text(text.to_owned())
}

#[test]
fn reads_several_frames_of_one_segment() {
    let (frames, error) =
        decode(b"\x00~m~1~m~a~m~1~m~b\xff\x00\xff\x00~m~4~m~\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\xff");
    assert_eq!(frames, [text("~m~1~m~a~m~1~m~b"), text(""), text("~m~4~m~é漢😀")]);
    assert_eq!(error, None);
}

#[test]
fn a_frame_ends_at_the_byte_ff_and_at_no_replacement_character() {
    let (frames, _) = decode("\0a\u{FFFD}b".as_bytes());
    assert_eq!(frames, []);
    let (frames, error) = decode(b"\x00a\xef\xbf\xbdb\xff\x00c\xff");
    assert_eq!(frames, [text("a\u{FFFD}b"), text("c")]);
    assert_eq!(error, None);
}

#[test]
fn text_that_is_not_utf_8_is_replaced() {
    assert_eq!(decode(b"\x00a\x80b\xff").0, [text("a\u{FFFD}b")]);
}

#[test]
fn a_close_frame_is_the_last_there_is() {
    let (frames, error) = decode(b"\x00a\xff\xff\x00\x00b\xff\x01");
    assert_eq!(frames, [text("a"), Frame::Close]);
    assert_eq!(error, None);
}

#[test]
fn frames_of_other_types_are_refused_and_stay_refused() {
    for bytes in [&b"\x01a\xff"[..], b"hello", b"\x80\x01a", b"\xfe\x00", b"\xff\x01a", b"\xff\xff"] {
        assert_eq!(decode(bytes), (vec![], Some(Error::BadFrame)), "{bytes:?}");

        let pieces = [b"\x00before\xff", bytes, b"\x00behind\xff"];
        assert_eq!(decode_pieces(pieces, 1000), (vec![text("before")], Some(Error::BadFrame)), "{bytes:?}");
    }
}

#[test]
fn a_frame_may_be_as_long_as_allowed_and_no_longer() {
    let fits = decode_pieces([&b"\x00abc\xff\x00abc\xff"[..]], 3);
    assert_eq!(fits, (vec![text("abc"), text("abc")], None));
    for bytes in [&b"\x00a\xff\x00abcd\xff"[..], b"\x00a\xff\x00abcd"] {
        let refused = decode_pieces([bytes], 3);
        assert_eq!(refused, (vec![text("a")], Some(Error::TooLarge)), "{bytes:?}");
    }
}

#[test]
fn holds_no_memory_between_frames_nor_after_the_end() {
    let mut decoder = Decoder::new(1000);
    let mut frames = Vec::new();
    decoder.feed(b"\x00hel");
    drain(&mut decoder, &mut frames);
    assert_ne!(decoder.held_bytes(), 0);
    decoder.feed(b"lo\xff");
    drain(&mut decoder, &mut frames);
    assert_eq!(decoder.held_bytes(), 0);

    decoder.feed(&CLOSE);
    drain(&mut decoder, &mut frames);
    decoder.feed(b"\x00more\xff");
    assert_eq!(decoder.held_bytes(), 0);
    assert_eq!(frames, [text("hello"), Frame::Close]);
}

/// Searching from the start of the frame for every byte would take days here.
#[test]
fn a_long_frame_in_single_bytes_is_searched_once() {
    let length = 2_000_000;
    let mut decoder = Decoder::new(length);
    decoder.feed(&[START_OF_TEXT]);
    for _ in 0..length {
        decoder.feed(b"x");
        assert_eq!(decoder.next_frame(), Ok(None));
    }
    decoder.feed(&[END_OF_TEXT]);
    assert_eq!(decoder.next_frame(), Ok(Some(Frame::Text("x".repeat(length)))));
}

/// Moving the rest to the front for every frame taken would take minutes here.
#[test]
fn many_frames_of_one_segment_are_moved_once() {
    let count = 1_200_000;
    let mut decoder = Decoder::new(10);
    decoder.feed(&b"\x00x\xff".repeat(count));
    for _ in 0..count {
        assert_eq!(decoder.next_frame(), Ok(Some(text("x"))));
        decoder.feed(b"");
    }
    assert_eq!(decoder.next_frame(), Ok(None));
}

/// A stream of frames, sometimes with something unreadable among them.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let frame = prop_oneof![
        8 => vec(any::<char>(), 0..12).prop_map(|text| {
            let mut bytes = Vec::new();
            encode_text(text.into_iter().collect::<String>().as_bytes(), &mut bytes);
            bytes
        }),
        1 => Just(CLOSE.to_vec()),
        1 => vec(any::<u8>(), 0..4),
    ];
    vec(frame, 0..8).prop_map(|frames| frames.concat())
}

proptest! {
    #[test]
    fn every_text_survives(texts in vec(vec(any::<char>(), 0..30), 0..6)) {
        let texts: Vec<String> = texts.iter().map(|text| text.iter().collect()).collect();
        let mut bytes = Vec::new();
        for text in &texts {
            encode_text(text.as_bytes(), &mut bytes);
        }
        let frames = texts.into_iter().map(Frame::Text).collect();
        prop_assert_eq!(decode(&bytes), (frames, None));
    }

    #[test]
    fn any_split_gives_the_same_frames(bytes in stream(), sizes in vec(1_usize..9, 1..20), max in 0_usize..40) {
        let whole = decode_pieces([&bytes[..]], max);
        prop_assert_eq!(&decode_pieces(bytes.chunks(1), max), &whole);

        let mut pieces = Vec::new();
        let mut rest = &bytes[..];
        for size in sizes.iter().cycle() {
            if rest.is_empty() {
                break;
            }
            let (piece, behind) = rest.split_at(rest.len().min(*size));
            pieces.push(piece);
            rest = behind;
        }
        prop_assert_eq!(&decode_pieces(pieces, max), &whole);
    }

    #[test]
    fn any_bytes_are_bearable(bytes in vec(any::<u8>(), 0..200)) {
        decode(&bytes);
    }
}
