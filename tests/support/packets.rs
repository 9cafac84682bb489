//! The packets, payloads and requests of 0.7 to 0.9, made and read by rules written down a second time.

use super::{Answer, Server, get, request};
use heirloom::Transport;

pub(crate) const CONNECTED: &str = "1::";
pub(crate) const DISCONNECTED: &str = "0::";
pub(crate) const NOOP: &str = "8::";
pub(crate) const NOT_HANDSHAKEN: &str = "7:::1+0";

/// The transports this generation knows, and the two streams that a handshake never names.
pub(crate) const ALL: [Transport; 7] = [
    Transport::WebSocket,
    Transport::FlashSocket,
    Transport::HtmlFile,
    Transport::XhrMultipart,
    Transport::ServerEvents,
    Transport::XhrPolling,
    Transport::JsonpPolling,
];

/// Those whose answer does not end.
pub(crate) const STREAMS: [Transport; 3] = [Transport::HtmlFile, Transport::XhrMultipart, Transport::ServerEvents];

const MARK: char = '\u{fffd}';

/// Begins a session and answers its id.
pub(crate) async fn handshake(server: &Server) -> String {
    handshake_with(server, "t=1290000000").await
}

pub(crate) async fn handshake_with(server: &Server, query: &str) -> String {
    let answer = server.answer(get(&format!("/socket.io/1/?{query}"))).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    session_id(&answer)
}

/// The id in the answer to a handshake.
pub(crate) fn session_id(answer: &Answer) -> String {
    answer.text().split(':').next().unwrap().to_owned()
}

/// The path of a request as the clients make them.
pub(crate) fn path(transport: Transport, id: &str) -> String {
    match transport {
        Transport::WebSocket | Transport::FlashSocket => format!("/socket.io/1/{transport}/{id}"),
        Transport::JsonpPolling => format!("/socket.io/1/{transport}/{id}?t=1290000000&i=0"),
        _ => format!("/socket.io/1/{transport}/{id}?t=1290000000"),
    }
}

/// One packet as it is; several, or none, each behind its length.
pub(crate) fn payload(packets: &[&str]) -> String {
    match packets {
        [packet] => (*packet).to_owned(),
        packets => packets.iter().map(|packet| framed(packet)).collect(),
    }
}

pub(crate) fn framed(packet: &str) -> String {
    format!("{MARK}{}{MARK}{packet}", packet.encode_utf16().count())
}

/// The packets of a server's payload; one that is not made by the rules fails the test.
pub(crate) fn read(payload: &str) -> Vec<String> {
    if !payload.starts_with(MARK) {
        return vec![payload.to_owned()];
    }
    let mut units: Vec<u16> = payload.encode_utf16().collect();
    let mut packets = Vec::new();
    while !units.is_empty() {
        assert_eq!(units[0], 0xfffd, "{payload:?}");
        let end = units[1..].iter().position(|unit| *unit == 0xfffd).unwrap() + 1;
        let length: usize = String::from_utf16(&units[1..end]).unwrap().parse().unwrap();
        let rest = units.split_off(end + 1 + length);
        packets.push(String::from_utf16(&units[end + 1..]).unwrap());
        units = rest;
    }
    assert_ne!(packets.len(), 1, "a single packet goes as it is");
    packets
}

/// A POST as the clients of this transport make it.
pub(crate) fn post(transport: Transport, id: &str, payload: &str) -> String {
    let (kind, body) = match transport {
        Transport::JsonpPolling => {
            let literal = serde_json::to_string(payload).unwrap();
            let form = form_urlencoded::Serializer::new(String::new()).append_pair("d", &literal).finish();
            ("Content-Type: application/x-www-form-urlencoded", form)
        }
        _ => ("Content-Type: text/plain;charset=UTF-8", payload.to_owned()),
    };
    request("POST", &path(transport, id), &[kind], &body)
}

/// The payload in the answer of a poll.
pub(crate) fn poll_text(transport: Transport, answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer:?}");
    if transport != Transport::JsonpPolling {
        return answer.text().to_owned();
    }
    let literal = answer.text().strip_prefix("io.j[0](").and_then(|text| text.strip_suffix(");"));
    serde_json::from_str(literal.unwrap()).unwrap()
}

/// What a stream begins with.
pub(crate) fn prelude(transport: Transport) -> String {
    match transport {
        Transport::HtmlFile => {
            let start = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>";
            format!("{start}{}", " ".repeat(256 - start.len()))
        }
        Transport::XhrMultipart => "--socketio\n".to_owned(),
        _ => ":\n\n".to_owned(),
    }
}

/// What stands before and after the literal of each packet on a stream.
pub(crate) fn wrapping(transport: Transport) -> (&'static str, &'static str) {
    match transport {
        Transport::HtmlFile => ("<script>_(", ");</script>"),
        Transport::XhrMultipart => ("Content-Type: text/plain\n\n", "\n--socketio\n"),
        _ => ("data: ", "\n\n"),
    }
}

/// The packet in one piece of a stream.
pub(crate) fn stream_text(transport: Transport, piece: &str) -> String {
    let (before, after) = wrapping(transport);
    let literal = piece.strip_prefix(before).and_then(|piece| piece.strip_suffix(after));
    let literal = literal.unwrap_or_else(|| panic!("{transport}: {piece:?}"));
    assert!(transport == Transport::HtmlFile || literal.is_ascii(), "{transport}: {piece:?}");
    serde_json::from_str(literal).unwrap()
}
