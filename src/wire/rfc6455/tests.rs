use super::*;
use proptest::{collection::vec, prelude::*};
use std::io::{self, Read, Write};
use tokio_tungstenite::tungstenite::{
    Error as TheirError, Message as TheirMessage, WebSocket,
    error::ProtocolError,
    protocol::{Role, WebSocketConfig},
};

const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const MASK: [u8; 4] = [0x9a, 0x01, 0x00, 0xff];
const MAX: usize = 1000;

type Outcome = (Vec<Message<'static>>, Option<Error>);

fn decode_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, takes_unmasked: bool) -> Outcome {
    let mut decoder = Decoder::new(MAX, takes_unmasked);
    let mut messages = Vec::new();
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        loop {
            match decoder.decode(&mut input) {
                Ok(Some(message)) => {
                    messages.push(message.into_owned());
                    if matches!(messages.last(), Some(Message::Close(_))) {
                        return (messages, None);
                    }
                }
                Ok(None) => {
                    assert!(input.is_empty(), "nothing is left unread");
                    break;
                }
                Err(error) => return (messages, Some(error)),
            }
        }
    }
    (messages, None)
}

/// However it is cut.
fn decode(bytes: &[u8]) -> Outcome {
    let whole = decode_pieces([bytes], false);
    assert_eq!(decode_pieces(bytes.chunks(1), false), whole, "byte by byte");
    for cut in 0..bytes.len() {
        let (before, behind) = bytes.split_at(cut);
        assert_eq!(decode_pieces([before, behind], false), whole, "cut at {cut}");
    }
    whole
}

fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    masked(first, payload, Some(MASK))
}

fn masked(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let mut bytes = vec![first];
    let flag = if mask.is_some() { 0x80 } else { 0 };
    match payload.len() {
        length @ 0..126 => bytes.push(flag | length as u8),
        length @ 126..0x1_0000 => {
            bytes.push(flag | 126);
            bytes.extend((length as u16).to_be_bytes());
        }
        length => {
            bytes.push(flag | 127);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(mask.iter().flatten());
    let mask = mask.unwrap_or_default();
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

fn text(text: &str) -> Message<'_> {
    Message::Text(text.to_owned().into())
}

fn last(opcode: u8, payload: &[u8]) -> Vec<u8> {
    frame(0x80 | opcode, payload)
}

#[test]
fn a_short_text_may_be_as_long_as_allowed_and_no_longer() {
    for (length, is_allowed) in [(10, true), (11, false)] {
        let mut bytes = masked(0x80 | TEXT, &vec![b'x'; length], Some(MASK));
        let decoded =
            Decoder::new(10, false).decode(&mut &mut bytes[..]).map(|message| message.map(Message::into_owned));
        let expected = Message::Text("x".repeat(length).into());
        assert_eq!(decoded, if is_allowed { Ok(Some(expected)) } else { Err(Error::TooLarge) });
    }
}

#[test]
fn one_frame_is_one_message() {
    let bytes = [last(TEXT, "é漢😀".as_bytes()), last(BINARY, &[0, 255]), last(TEXT, b""), last(PONG, b"x")].concat();
    let messages = vec![text("é漢😀"), Message::Binary(vec![0, 255].into()), text(""), Message::Pong];
    assert_eq!(decode(&bytes), (messages, None));
}

#[test]
fn fragments_are_one_message_and_what_is_between_them_comes_first() {
    let whole = "aé漢😀b".as_bytes();
    for cut in 0..=whole.len() {
        let (first, second) = whole.split_at(cut);
        let bytes = [frame(TEXT, first), last(PING, b"now"), frame(0, b""), last(0, second)].concat();
        assert_eq!(decode(&bytes), (vec![Message::Ping(b"now".to_vec()), text("aé漢😀b")], None), "cut at {cut}");
    }
}

#[test]
fn a_message_may_be_as_long_as_allowed_and_no_longer() {
    for length in [125, 126, 127, MAX] {
        let payload = vec![b'x'; length];
        assert_eq!(decode(&last(BINARY, &payload)), (vec![Message::Binary(payload.into())], None), "{length}");
    }
    let (half, more) = (vec![b'x'; MAX / 2], vec![b'x'; MAX / 2 + 1]);
    let halves = [frame(TEXT, &half), last(0, &half)].concat();
    assert_eq!(decode(&halves), (vec![text(&"x".repeat(MAX))], None));
    for bytes in [
        last(TEXT, &[b'x'; MAX + 1]),
        [frame(TEXT, &half), last(0, &more)].concat(),
        [frame(BINARY, &half), last(0, &more)].concat(),
        // A character that has not come to its end counts as well.
        [frame(TEXT, &[b'x'; MAX - 1]), frame(0, &[0xc3]), last(0, &[0xa9])].concat(),
        vec![0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0],
    ] {
        assert_eq!(decode(&bytes), (vec![], Some(Error::TooLarge)));
    }
}

#[test]
fn what_is_wrong_with_a_frame_is_told_before_it_has_come() {
    for (what, begun) in [
        ("a reserved bit", &[0xc1][..]),
        ("another", &[0x91]),
        ("a reserved opcode", &[0x83]),
        ("a reserved control opcode", &[0x8b]),
        ("a fragment of a ping", &[0x09]),
        ("a ping that is too long", &[0x89, 0xfe]),
        ("no mask", &[0x81, 0x05]),
        ("a continuation of nothing", &[0x80, 0x85, 0, 0, 0, 0]),
    ] {
        assert_eq!(decode(begun), (vec![], Some(Error::Protocol)), "{what}");
    }
    let twice = [frame(TEXT, b"a"), frame(BINARY, b"b")].concat();
    assert_eq!(decode(&twice), (vec![], Some(Error::Protocol)), "a message within another");
}

#[test]
fn the_first_byte_that_makes_no_text_is_refused() {
    for bad in
        [&[0x80][..], &[0xc0], &[0xff], &[0xc3, b'a'], &[0xe0, 0x80], &[0xed, 0xa0], &[0xf4, 0x90], &[0xf0, 0x9f, b'x']]
    {
        let payload = [b"good", bad].concat();
        // More is announced than comes.
        let mut bytes = last(TEXT, &[&payload[..], &[b'x'; 40]].concat());
        bytes.truncate(bytes.len() - 40);
        assert_eq!(decode(&bytes), (vec![], Some(Error::NotUtf8)), "{bad:?}");
        assert_eq!(decode(&bytes[..bytes.len() - 1]), (vec![], None), "{bad:?}: not earlier");
        assert_eq!(decode(&[frame(TEXT, &payload)].concat()), (vec![], Some(Error::NotUtf8)), "{bad:?}");
    }
    for broken_off in [&[0xc3][..], &[0xe2, 0x82], &[0xf0, 0x9f, 0x98]] {
        assert_eq!(decode(&last(TEXT, broken_off)), (vec![], Some(Error::NotUtf8)), "{broken_off:?}");
        let bytes = [frame(TEXT, broken_off), last(0, b"")].concat();
        assert_eq!(decode(&bytes), (vec![], Some(Error::NotUtf8)), "{broken_off:?}");
    }
    assert_eq!(decode(&last(BINARY, &[0xff])).1, None, "bytes are no text");
}

#[test]
fn a_goodbye_is_answered_with_its_code_or_with_what_is_wrong() {
    let close = |payload: &[u8]| decode(&[last(CLOSE, payload), last(TEXT, b"from beyond")].concat());
    let with = |code: u16, reason: &[u8]| close(&[&code.to_be_bytes(), reason].concat());
    assert_eq!(close(b""), (vec![Message::Close(None)], None));
    for code in [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999] {
        assert_eq!(with(code, "é".as_bytes()), (vec![Message::Close(Some(code))], None));
    }
    for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535] {
        assert_eq!(with(code, b""), (vec![Message::Close(Some(1002))], None), "{code} says nothing");
    }
    assert_eq!(close(&[3]), (vec![], Some(Error::Protocol)));
    assert_eq!(with(1000, &[0xc3]), (vec![], Some(Error::NotUtf8)));
}

#[test]
fn frames_without_a_mask_are_taken_where_they_may_be() {
    let bytes = [masked(0x81, b"open", None), masked(0x01, b"a", None), last(0, b"b")].concat();
    assert_eq!(decode_pieces([&bytes[..]], true), (vec![text("open"), text("ab")], None));
    assert_eq!(decode_pieces([&bytes[..]], false), (vec![], Some(Error::Protocol)));
}

/// What is held at most while these bytes come in such pieces, for each byte that has come.
fn most_held(bytes: &[u8], piece: usize) -> f64 {
    let mut decoder = Decoder::new(1 << 30, false);
    let (mut came, mut most) = (0, 0.0_f64);
    for piece in bytes.chunks(piece) {
        came += piece.len();
        let mut piece = piece.to_vec();
        let mut input = &mut piece[..];
        while decoder.decode(&mut input).unwrap().is_some() {}
        most = most.max(decoder.held_bytes() as f64 / came.max(16) as f64);
    }
    assert!(decoder.is_idle());
    assert_eq!(decoder.held_bytes(), 0, "nothing between messages");
    most
}

#[test]
fn memory_is_held_for_what_has_come_and_not_for_what_is_announced() {
    let mut announced = frame(0x82, &vec![7; 1 << 20]);
    announced.truncate(15);
    let mut decoder = Decoder::new(1 << 20, false);
    assert_eq!(decoder.decode(&mut &mut announced[..]), Ok(None));
    assert!(decoder.held_bytes() <= 2, "{}", decoder.held_bytes());
    assert!(!decoder.is_idle());

    let long = vec![b'x'; 1 << 16];
    let fragments = long.chunks(100).fold(frame(TEXT, b""), |bytes, piece| [bytes, frame(0, piece)].concat());
    for bytes in [last(TEXT, &long), last(BINARY, &long), [fragments, last(0, b"")].concat()] {
        for piece in [1, 1000, 8192] {
            let most = most_held(&bytes, piece);
            assert!(most <= 2.0, "{most} in pieces of {piece}");
        }
    }
}

#[test]
fn a_long_message_of_many_pieces_is_copied_seldom() {
    let length = 1 << 20;
    let mut decoder = Decoder::new(length, false);
    let (mut held, mut moves) = (0, 0);
    for number in 0..length {
        let first = if number == 0 { TEXT } else { 0 };
        let fragment = &mut [first, 0x81, 0, 0, 0, 0, b'x'];
        assert_eq!(decoder.decode(&mut &mut fragment[..]), Ok(None));
        moves += usize::from(decoder.held_bytes() != held);
        held = decoder.held_bytes();
    }
    assert!(moves < 50, "{moves}");
    let end = &mut last(0, b"")[..];
    let end = decoder.decode(&mut &mut *end);
    assert_eq!(end, Ok(Some(Message::Text("x".repeat(length).into()))));
}

/// A stream that says these bytes and swallows answers.
struct Peer<'a>(&'a [u8]);

impl Read for Peer<'_> {
    fn read(&mut self, space: &mut [u8]) -> io::Result<usize> {
        self.0.read(space)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What tungstenite makes of the bytes, and whether it found something wrong with them.
fn theirs(bytes: &[u8], takes_unmasked: bool) -> (Vec<Message<'_>>, bool) {
    let config = WebSocketConfig::default()
        .accept_unmasked_frames(takes_unmasked)
        .max_message_size(Some(MAX))
        .max_frame_size(Some(MAX));
    let mut socket = WebSocket::from_raw_socket(Peer(bytes), Role::Server, Some(config));
    let mut messages = Vec::new();
    loop {
        messages.push(match socket.read() {
            Ok(TheirMessage::Text(text)) => Message::Text(text.as_str().to_owned().into()),
            Ok(TheirMessage::Binary(bytes)) => Message::Binary(bytes.to_vec().into()),
            Ok(TheirMessage::Ping(bytes)) => Message::Ping(bytes.to_vec()),
            Ok(TheirMessage::Pong(_)) => Message::Pong,
            Ok(TheirMessage::Close(frame)) => {
                messages.push(Message::Close(frame.map(|frame| frame.code.into())));
                return (messages, false);
            }
            Ok(TheirMessage::Frame(_)) => unreachable!("it is never read"),
            Err(TheirError::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => return (messages, false),
            Err(_) => return (messages, true),
        });
    }
}

/// Frames that mostly keep to the rules.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let mask = prop_oneof![9 => any::<[u8; 4]>().prop_map(Some), 1 => Just(None)];
    let payload = prop_oneof![
        6 => vec(any::<char>(), 0..40).prop_map(|text| String::from_iter(text).into_bytes()),
        1 => vec(any::<u8>(), 0..200),
        1 => (110_usize..140).prop_map(|length| vec![b'x'; length]),
    ];
    let message =
        (prop_oneof![3 => Just(TEXT), 1 => Just(BINARY)], payload, vec(any::<prop::sample::Index>(), 0..4), mask);
    let message = message.prop_map(|(opcode, payload, cuts, mask)| {
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(payload.len() + 1)).collect();
        cuts.sort_unstable();
        let (mut bytes, mut start) = (Vec::new(), 0);
        for (position, cut) in cuts.iter().copied().enumerate() {
            bytes.extend(masked(if position == 0 { opcode } else { 0 }, &payload[start..cut], mask));
            start = cut;
        }
        let opcode = if cuts.is_empty() { opcode } else { 0 };
        bytes.extend(masked(0x80 | opcode, &payload[start..], mask));
        bytes
    });
    let control = (prop_oneof![Just(PING), Just(PONG)], vec(any::<u8>(), 0..20))
        .prop_map(|(opcode, payload)| last(opcode, &payload));
    let close = vec(any::<u8>(), 0..5).prop_map(|payload| last(CLOSE, &payload));
    let wild = (any::<u8>(), vec(any::<u8>(), 0..5)).prop_map(|(first, payload)| frame(first, &payload));
    let frames = prop_oneof![20 => message, 6 => control, 1 => close, 2 => wild, 1 => vec(any::<u8>(), 0..6)];
    vec(frames, 0..8).prop_map(|frames| frames.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn agrees_with_tungstenite(bytes in stream(), takes_unmasked: bool) {
        let (messages, error) = decode_pieces([&bytes[..]], takes_unmasked);
        if error.is_none() {
            prop_assert_eq!((messages, false), theirs(&bytes, takes_unmasked));
        } else {
            // It looks at a frame when it has come to its end, and lets none of these zeros pass.
            let more = [&bytes[..], &[0; MAX + 20]].concat();
            prop_assert_eq!((messages, true), theirs(&more, takes_unmasked));
        }
    }

    #[test]
    fn any_split_gives_the_same(bytes in stream(), sizes in vec(1_usize..30, 1..20), takes_unmasked: bool) {
        let whole = decode_pieces([&bytes[..]], takes_unmasked);
        prop_assert_eq!(&decode_pieces(bytes.chunks(1), takes_unmasked), &whole);
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
        prop_assert_eq!(&decode_pieces(pieces, takes_unmasked), &whole);
    }
}
