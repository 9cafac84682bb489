use super::*;

const OPENING: Opening<'_> = Opening {
    host: "chat.example:8080",
    target: "/socket.io/websocket",
    origin: Some("http://chat.example:8080"),
    secure: false,
    protocol: None,
};

#[test]
fn a_key_is_its_digits_divided_by_its_blanks() {
    assert_eq!(key_number("4 @1  46546xW%0l 1 5"), Some(829_309_203));
    assert_eq!(key_number("12998 5 Y3 1  .P00"), Some(259_970_620));
    assert_eq!(key_number("1 2 "), Some(6));
    assert_eq!(key_number(" 0"), Some(0));
    assert_eq!(key_number(" 4294967295"), Some(u32::MAX));
}

#[test]
fn an_invalid_key_has_no_number() {
    for (key, why) in [
        ("", "empty"),
        ("12345", "no blanks"),
        ("  abc  ", "no digits"),
        ("1 1 ", "11 cannot be divided by 2"),
        (" 4294967296", "one more than 32 bits hold"),
        (" 99999999999999999999999999", "more than any integer holds"),
        ("\u{a0}5", "not U+0020"),
    ] {
        assert_eq!(key_number(key), None, "{key:?}: {why}");
    }
}

#[test]
fn the_proof_matches_the_recorded_one() {
    let key1 = "4 @1  46546xW%0l 1 5";
    let key2 = "12998 5 Y3 1  .P00";
    assert_eq!(proof(key1, key2, b"^n:ds[4U").as_ref(), Some(b"8jKS'y:G*Co,Wxa-"));
    assert_eq!(proof(key1, "12345", b"^n:ds[4U"), None);
    assert_eq!(proof("12345", key2, b"^n:ds[4U"), None);
}

#[test]
fn response_heads_are_exact_to_the_byte() {
    assert_eq!(
        response_75(&OPENING).as_deref(),
        Some(
            "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
             WebSocket-Origin: http://chat.example:8080\r\n\
             WebSocket-Location: ws://chat.example:8080/socket.io/websocket\r\n\r\n"
        )
    );
    assert_eq!(
        response_76(&OPENING).as_deref(),
        Some(
            "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Origin: http://chat.example:8080\r\n\
             Sec-WebSocket-Location: ws://chat.example:8080/socket.io/websocket\r\n\r\n"
        )
    );
}

#[test]
fn a_subprotocol_is_confirmed_by_draft_76_only() {
    let opening = Opening { protocol: Some("sample, other"), ..OPENING };
    assert!(response_76(&opening).is_some_and(|head| {
        head.ends_with("/socket.io/websocket\r\nSec-WebSocket-Protocol: sample, other\r\n\r\n")
    }));
    assert_eq!(response_75(&opening), response_75(&OPENING));
}

#[test]
fn a_secure_location_says_so_and_a_missing_origin_is_null() {
    let opening = Opening { origin: None, secure: true, ..OPENING };
    for head in [response_75(&opening), response_76(&opening)] {
        assert!(head.is_some_and(|head| {
            head.contains("WebSocket-Origin: null\r\n")
                && head.contains("Location: wss://chat.example:8080/socket.io/websocket\r\n")
        }));
    }
}

#[test]
fn no_field_can_add_a_line_to_the_head() {
    for bad in ["a\r\nSet-Cookie: b", "a\nb", "a\rb", "a\0b", "a\tb", "a\x7fb", "a\u{85}b"] {
        let openings = [
            Opening { host: bad, ..OPENING },
            Opening { target: bad, ..OPENING },
            Opening { origin: Some(bad), ..OPENING },
        ];
        for opening in openings {
            assert_eq!(response_75(&opening), None, "{opening:?}");
            assert_eq!(response_76(&opening), None, "{opening:?}");
        }
        let opening = Opening { protocol: Some(bad), ..OPENING };
        assert_eq!(response_76(&opening), None, "{opening:?}");
    }
}
