use std::borrow::Cow;

use super::{event::Arguments, *};

mod properties;

fn decode(text: &str) -> Option<Packet<'_>> {
    super::decode(text, &mut Bounds::none())
}

/// JSON is equal when its text is.
impl PartialEq for Kind<'_> {
    fn eq(&self, other: &Self) -> bool {
        let text = |json: &Option<&RawValue>| json.map(|json| json.get().to_owned());
        match (self, other) {
            (Self::Connect { query: one }, Self::Connect { query: other }) => one == other,
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Json(one), Self::Json(other)) => text(one) == text(other),
            (Self::Event(one), Self::Event(other)) => one == other,
            (Self::Ack { id, arguments }, Self::Ack { id: other, arguments: others }) => {
                id == other && text(arguments) == text(others)
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl PartialEq for Packet<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.acknowledge, self.endpoint, &self.kind) == (other.acknowledge, other.endpoint, &other.kind)
    }
}

const CHAT: &str = "/chat";

fn packet<'a>(acknowledge: Acknowledge, endpoint: &'a str, kind: Kind<'a>) -> Packet<'a> {
    Packet { acknowledge, endpoint, kind }
}

/// A packet for the default namespace that asks for no acknowledgement.
fn plain(kind: Kind<'_>) -> Packet<'_> {
    packet(Acknowledge::None, "", kind)
}

fn raw(json: &str) -> &RawValue {
    serde_json::from_str(json).unwrap()
}

fn json(json: &str) -> Kind<'_> {
    Kind::Json(Some(raw(json)))
}

fn event<'a>(name: &'a str, arguments: &'a str) -> Kind<'a> {
    Kind::Event(Some(Event { name: name.into(), arguments: Arguments::of(arguments) }))
}

fn ack(id: u64, arguments: Option<&str>) -> Kind<'_> {
    Kind::Ack { id, arguments: arguments.map(raw) }
}

fn encoded(packet: &Packet<'_>) -> String {
    let Packet { acknowledge, endpoint, kind } = packet;
    let mut out = Vec::new();
    match kind {
        Kind::Disconnect => encode_disconnect(endpoint, &mut out),
        Kind::Connect { .. } => encode_connect(endpoint, &mut out),
        Kind::Text(text) => encode_text(*acknowledge, endpoint, text, &mut out),
        Kind::Json(json) => encode_json(*acknowledge, endpoint, json.unwrap().get(), &mut out),
        Kind::Event(event) => {
            let Event { name, arguments } = event.as_ref().unwrap();
            encode_event(*acknowledge, endpoint, name, arguments.json(), &mut out);
        }
        Kind::Ack { id, arguments } => encode_ack(endpoint, *id, arguments.map(RawValue::get), &mut out),
        Kind::Heartbeat | Kind::Error | Kind::Noop | Kind::Unknown => panic!("{kind:?} is not encoded like this"),
    }
    String::from_utf8(out).unwrap()
}

#[test]
fn packets_are_written_as_they_were_recorded_and_read_the_same() {
    use Acknowledge::{None as Nothing, OnReceipt, WithData};
    for (text, packet) in [
        ("0::", plain(Kind::Disconnect)),
        ("0::/chat", packet(Nothing, CHAT, Kind::Disconnect)),
        ("1::", plain(Kind::Connect { query: None })),
        ("1::/chat", packet(Nothing, CHAT, Kind::Connect { query: None })),
        ("3::", plain(Kind::Text(""))),
        ("3:::hello", plain(Kind::Text("hello"))),
        ("3:::a:b::c", plain(Kind::Text("a:b::c"))),
        ("3::::", plain(Kind::Text(":"))),
        ("3:::a\nb\u{2028}c:d", plain(Kind::Text("a\nb\u{2028}c:d"))),
        ("3:::é漢😀\n:+", plain(Kind::Text("é漢😀\n:+"))),
        ("3:::a\u{FFFD}b", plain(Kind::Text("a\u{FFFD}b"))),
        ("3::/chat", packet(Nothing, CHAT, Kind::Text(""))),
        ("3::/chat:hi", packet(Nothing, CHAT, Kind::Text("hi"))),
        ("3:1::hi", packet(OnReceipt(1), "", Kind::Text("hi"))),
        ("3:1+::hi", packet(WithData(1), "", Kind::Text("hi"))),
        ("3:12+:/chat:hi", packet(WithData(12), CHAT, Kind::Text("hi"))),
        ("3:0:", packet(OnReceipt(0), "", Kind::Text(""))),
        ("3:9999999999:", packet(OnReceipt(9_999_999_999), "", Kind::Text(""))),
        ("4:::[3]", plain(json("[3]"))),
        (r#"4:8::{"x":1}"#, packet(OnReceipt(8), "", json(r#"{"x":1}"#))),
        ("4:::null", plain(json("null"))),
        (r#"4::/chat:"a:b""#, packet(Nothing, CHAT, json(r#""a:b""#))),
        (r#"5:::{"name":"echo"}"#, plain(event("echo", "[]"))),
        (r#"5:::{"name":"u","args":["é"]}"#, plain(event("u", r#"["é"]"#))),
        (r#"5:1+:/chat:{"name":"question","args":["x"]}"#, packet(WithData(1), CHAT, event("question", r#"["x"]"#))),
        (r#"5:::{"name":"a","args":[null]}"#, plain(event("a", "[null]"))),
        (r#"5:::{"name":"a","args":[[]]}"#, plain(event("a", "[[]]"))),
        ("6:::8", plain(ack(8, None))),
        ("6::/chat:7", packet(Nothing, CHAT, ack(7, None))),
        (r#"6:::1+["got",""]"#, plain(ack(1, Some(r#"["got",""]"#)))),
        (r#"6::/chat:1+["chat"]"#, packet(Nothing, CHAT, ack(1, Some(r#"["chat"]"#)))),
    ] {
        assert_eq!(encoded(&packet), text);
        assert_eq!(decode(text), Some(packet), "{text:?}");
    }
}

#[test]
fn fixed_packets_are_what_they_are_called() {
    for (text, kind) in [
        (CONNECTED, Kind::Connect { query: None }),
        (DISCONNECTED, Kind::Disconnect),
        (HEARTBEAT, Kind::Heartbeat),
        (NOOP, Kind::Noop),
        (NOT_HANDSHAKEN, Kind::Error),
    ] {
        assert_eq!(decode(text), Some(plain(kind)), "{text:?}");
    }
}

#[test]
fn refusals_carry_a_reason_only_if_there_is_a_number_for_it() {
    let mut out = Vec::new();
    encode_unauthorized("/private", &mut out);
    assert_eq!(out, b"7::/private:2");
    out.clear();
    encode_refused("/err", &mut out);
    assert_eq!(out, b"7::/err:");
}

#[test]
fn what_peers_may_leave_out_or_add_is_understood() {
    use Acknowledge::{None as Nothing, OnReceipt, WithData};
    for (text, packet) in [
        // Data where none belongs.
        ("0::/chat:bye", packet(Nothing, CHAT, Kind::Disconnect)),
        ("0", plain(Kind::Disconnect)),
        ("2:::5", plain(Kind::Heartbeat)),
        ("7:::1+0", plain(Kind::Error)),
        ("7::", plain(Kind::Error)),
        ("8:::", plain(Kind::Noop)),
        // A colon and no data.
        ("1:::", plain(Kind::Connect { query: None })),
        ("3:::", plain(Kind::Text(""))),
        ("3::/chat:", packet(Nothing, CHAT, Kind::Text(""))),
        ("4:::", plain(Kind::Json(None))),
        ("5:::", plain(Kind::Event(None))),
        ("5::", plain(Kind::Event(None))),
        // Acknowledgements of what cannot be delivered, and by the application of what has no id.
        ("5:1:", packet(OnReceipt(1), "", Kind::Event(None))),
        ("5:9+:/chat:x", packet(WithData(9), CHAT, Kind::Event(None))),
        ("4:3::{bad", packet(OnReceipt(3), "", Kind::Json(None))),
        ("3:+::a", plain(Kind::Text("a"))),
        ("3:007::a", packet(OnReceipt(7), "", Kind::Text("a"))),
        // Types that do not exist.
        ("9::", plain(Kind::Unknown)),
        ("9:7::", packet(OnReceipt(7), "", Kind::Unknown)),
        ("10:::", plain(Kind::Unknown)),
        ("-1:::", plain(Kind::Unknown)),
        ("é:::", plain(Kind::Unknown)),
        ("length:5::", packet(OnReceipt(5), "", Kind::Unknown)),
        // Colons in front.
        (":3:::a", plain(Kind::Text("a"))),
        (":::::3:1:/chat:a", packet(OnReceipt(1), CHAT, Kind::Text("a"))),
        // An endpoint may be anything.
        ("3::constructor:a", packet(Nothing, "constructor", Kind::Text("a"))),
        ("3::a\nb:c", packet(Nothing, "a\nb", Kind::Text("c"))),
    ] {
        assert_eq!(decode(text), Some(packet), "{text:?}");
    }
}

#[test]
fn what_is_no_packet_is_ignored() {
    for text in [
        "",
        "x",
        "5",
        "5:",
        "3",
        "00",
        "0 ",
        ":",
        ":::",
        "::::",
        "3:abc::x",
        "3:-1::x",
        "3: 1::x",
        "3:1 ::x",
        "3:1++::x",
        "3:+1::x",
        "3:1",
        "3:1+",
        "3:٣::x",
        "3:12345678901::x",
        "3:00000000001::x",
        "3:99999999999999999999999999::x",
    ] {
        assert_eq!(decode(text), None, "{text:?}");
    }
}

#[test]
fn a_namespace_is_joined_with_its_query_in_either_spelling() {
    for (text, endpoint, query) in [
        ("1::/chat:?a=b", CHAT, Some("a=b")),
        ("1::/chat?a=b", CHAT, Some("a=b")),
        ("1::/chat:a=b", CHAT, Some("a=b")),
        ("1::/chat?", CHAT, None),
        ("1::/chat:?", CHAT, None),
        ("1::/chat:", CHAT, None),
        ("1:::?a=b", "", Some("a=b")),
        ("1::?a=b", "", Some("a=b")),
        ("1::/chat?a=1:2?&b", CHAT, Some("a=1:2?&b")),
        ("1::/chat:?a=1:2?&b", CHAT, Some("a=1:2?&b")),
    ] {
        assert_eq!(decode(text), Some(packet(Acknowledge::None, endpoint, Kind::Connect { query })), "{text:?}");
    }
    // Only there: elsewhere a question mark is as good as any character.
    assert_eq!(decode("3::/a?b:c"), Some(packet(Acknowledge::None, "/a?b", Kind::Text("c"))));
}

#[test]
fn an_event_has_a_name_that_is_a_string() {
    for data in [
        "{bad",
        "null",
        "[]",
        "1",
        r#""echo""#,
        r#"["echo",[1]]"#,
        "{}",
        r#"{"args":[1]}"#,
        r#"{"name":1}"#,
        r#"{"name":null}"#,
        r#"{"name":["a"]}"#,
        r#"{"name":{"a":1},"args":[]}"#,
        r#"{"Name":"a"}"#,
        r#"{"name":"\ud800"}"#,
        r#"{"name":"a","args":[1}"#,
        r#"{"name":"a","args":[1,]}"#,
        r#"{"name":"a"} x"#,
        r#"{"name":"a"}{"name":"b"}"#,
        "{\"name\":\"a\nb\"}",
    ] {
        assert_eq!(decode(&format!("5:::{data}")), Some(plain(Kind::Event(None))), "{data:?}");
    }
}

#[test]
fn the_arguments_of_an_event_are_a_list() {
    for (data, name, arguments) in [
        (r#"{"name":"a","args":[1, "b"]}"#, "a", r#"[1, "b"]"#),
        (r#"{"name":"a","args":"notarray"}"#, "a", r#"["notarray"]"#),
        (r#"{"name":"a","args":{"a":1}}"#, "a", r#"[{"a":1}]"#),
        (r#"{"name":"a","args":0}"#, "a", "[0]"),
        (r#"{"name":"a","args":null}"#, "a", "[]"),
        (r#"{"name":"a","args":[]}"#, "a", "[]"),
        (r#"{"name":""}"#, "", "[]"),
        (r#" { "args" : [ 1 ] , "name" : "a" } "#, "a", "[ 1 ]"),
        ("{\n\"name\":\"a\",\r\n\"args\":[\n1]}", "a", "[\n1]"),
        (r#"{"name":"\u0061\n\ud83d\ude00"}"#, "a\n😀", "[]"),
        (r#"{"\u006eame":"a"}"#, "a", "[]"),
        // The last one holds.
        (r#"{"name":"a","args":[1],"name":"b","args":[2]}"#, "b", "[2]"),
        (r#"{"name":1,"name":"b"}"#, "b", "[]"),
        // What nobody reads does no harm.
        (r#"{"name":"a","x":["\ud800"],"\ud800":1,"args":["\ud800"]}"#, "a", r#"["\ud800"]"#),
        (r#"{"__proto__":{"name":"x"},"name":"a","constructor":1}"#, "a", "[]"),
    ] {
        assert_eq!(decode(&format!("5:::{data}")), Some(plain(event(name, arguments))), "{data:?}");
    }
}

#[test]
fn a_name_and_arguments_borrow_from_what_arrived() {
    let text = r#"5:::{"name":"echo","args":["x"]}"#;
    let Some(Packet { kind: Kind::Event(Some(event)), .. }) = decode(text) else { panic!("no event") };
    assert!(matches!(event.name, Cow::Borrowed("echo")));
    assert!(event.arguments.is_borrowed());
}

#[test]
fn an_acknowledgement_has_an_id_and_may_have_a_list() {
    for (text, id, arguments) in [
        ("6:::1+", 1, None),
        ("6:::1+[]", 1, Some("[]")),
        ("6:::1+ [1] ", 1, Some("[1]")),
        ("6:::1+[\n1]", 1, Some("[\n1]")),
        ("6:::0", 0, None),
        (r#"6:::99+["z"]"#, 99, Some(r#"["z"]"#)),
    ] {
        assert_eq!(decode(text), Some(plain(ack(id, arguments))), "{text:?}");
    }
    for data in [
        "",
        "x",
        "+[1]",
        "-1",
        "1x",
        "1 ",
        "1[1]",
        "1+bad",
        "1+1",
        r#"1+"text""#,
        "1+null",
        r#"1+{"length":10000000}"#,
        "1+[1",
        "1+[1]x",
        "12345678901",
    ] {
        assert_eq!(decode(&format!("6:::{data}")), None, "{data:?}");
    }
}

#[test]
fn an_empty_list_is_left_out() {
    for arguments in ["[]", "[ ]", " [\n\t] "] {
        let mut out = Vec::new();
        encode_event(Acknowledge::OnReceipt(2), CHAT, "a", arguments, &mut out);
        assert_eq!(out, br#"5:2:/chat:{"name":"a"}"#);
        out.clear();
        encode_ack(CHAT, 2, Some(arguments), &mut out);
        assert_eq!(out, b"6::/chat:2");
    }
}

#[test]
fn names_are_escaped_as_javascript_does() {
    for (name, escaped) in
        [("\"\\\n\u{8}", r#"\"\\\n\b"#), ("</a>é😀", "</a>é😀"), ("\u{2028}", r"\u2028"), ("\0", r"\u0000")]
    {
        assert_eq!(encoded(&plain(event(name, "[]"))), format!(r#"5:::{{"name":"{escaped}"}}"#));
    }
}

#[test]
fn json_goes_out_on_one_line() {
    let pretty = "[\r\n  1,\n  \"a\\nb\u{2028}é\"\n]";
    let line = r#"[    1,   "a\nb\u2028é" ]"#;
    assert_eq!(encoded(&plain(json(pretty))), format!("4:::{line}"));
    assert_eq!(encoded(&plain(event("a", pretty))), format!(r#"5:::{{"name":"a","args":{line}}}"#));
    assert_eq!(encoded(&plain(ack(1, Some(pretty)))), format!("6:::1+{line}"));
}

#[test]
fn json_may_be_as_deep_as_it_likes() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert_eq!(decode(&format!("4:::{deep}")), Some(plain(json(&deep))));
    assert_eq!(decode(&format!("6:::1+{deep}")), Some(plain(ack(1, Some(&deep)))));
    let data = format!(r#"{{"x":{deep},"name":"a","args":{deep}}}"#);
    assert_eq!(decode(&format!("5:::{data}")), Some(plain(event("a", &deep))));
    assert_eq!(decode(&format!("5:::{}", r#"{"name":"#.repeat(100_000))), Some(plain(Kind::Event(None))));
}
