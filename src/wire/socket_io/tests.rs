use super::*;
use Arguments::List;
use Form::{Ascii, Utf8};

mod malformed;
mod properties;

fn decode(form: Form, text: &str, max_attachments: usize) -> Result<Packet<'_>, Malformed> {
    super::decode(form, text, max_attachments, &mut Bounds::none())
}

const BOTH: [Form; 2] = [Ascii, Utf8];

fn list(arguments: &EventArguments<'_>) -> String {
    arguments.clone().into_list().get().to_owned()
}

/// JSON is equal when its text is.
impl PartialEq for Kind<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Connect { query, payload }, Self::Connect { query: other, payload: others }) => {
                query == other && payload.map(RawValue::get) == others.map(RawValue::get)
            }
            (
                Self::Event { name, arguments, id },
                Self::Event { name: other_name, arguments: others, id: other_id },
            ) => (name, list(arguments), id) == (other_name, list(others), other_id),
            (Self::Ack { id, arguments }, Self::Ack { id: other, arguments: others }) => {
                (id, arguments.get()) == (other, others.get())
            }
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

impl PartialEq for Packet<'_> {
    fn eq(&self, other: &Self) -> bool {
        (self.namespace, &self.kind, self.attachments) == (other.namespace, &other.kind, other.attachments)
    }
}

fn packet<'a>(namespace: &'a str, kind: Kind<'a>, attachments: usize) -> Packet<'a> {
    Packet { namespace, kind, attachments }
}

fn connect<'a>(namespace: &'a str, query: Option<&'a str>, payload: Option<&'a str>) -> Packet<'a> {
    let payload = payload.map(|json| serde_json::from_str(json).unwrap());
    packet(namespace, Kind::Connect { query, payload }, 0)
}

fn event<'a>(id: Option<u64>, name: &'a str, arguments: &str) -> Kind<'a> {
    let arguments = EventArguments::List(RawValue::from_string(arguments.to_owned()).unwrap());
    Kind::Event { name: name.into(), arguments, id }
}

fn ack(id: u64, arguments: &str) -> Kind<'_> {
    Kind::Ack { id, arguments: serde_json::from_str(arguments).unwrap() }
}

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).unwrap()
}

/// What the encoders make of a packet, without the `4`.
fn encoded(form: Form, packet: &Packet<'_>) -> String {
    let namespace = packet.namespace;
    let text = written(|out| match &packet.kind {
        Kind::Connect { payload, .. } => encode_connect(form, namespace, payload.map(RawValue::get), out),
        Kind::Disconnect => encode_disconnect(namespace, out),
        Kind::Event { name, arguments, id } => {
            encode_event(form, namespace, *id, name, List(&list(arguments)), None, packet.attachments, out);
        }
        Kind::Ack { id, arguments } => {
            encode_ack(form, namespace, *id, arguments.get(), packet.attachments, out);
        }
        Kind::ConnectError => encode_connect_error(form, namespace, "\"\"", out),
    });
    text.strip_prefix('4').unwrap().to_owned()
}

#[test]
fn packets_are_written_as_2x_and_4x_write_them_and_read_the_same() {
    let two = r#"[{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}}]"#;
    let one = r#"[{"_placeholder":true,"num":0}]"#;
    for (text, packet) in [
        ("0", connect("", None, None)),
        ("0/chat,", connect("/chat", None, None)),
        (r#"0{"sid":"a"}"#, connect("", None, Some(r#"{"sid":"a"}"#))),
        (r#"0/chat,{"sid":"a"}"#, connect("/chat", None, Some(r#"{"sid":"a"}"#))),
        ("1", packet("", Kind::Disconnect, 0)),
        ("1/chat,", packet("/chat", Kind::Disconnect, 0)),
        (r#"2["a",1]"#, packet("", event(None, "a", "[1]"), 0)),
        (r#"2["a"]"#, packet("", event(None, "a", "[]"), 0)),
        (r#"2[""]"#, packet("", event(None, "", "[]"), 0)),
        (r#"27["a"]"#, packet("", event(Some(7), "a", "[]"), 0)),
        (r#"2/chat,0["a",[],{}]"#, packet("/chat", event(Some(0), "a", "[[],{}]"), 0)),
        (r#"218446744073709551615["a"]"#, packet("", event(Some(u64::MAX), "a", "[]"), 0)),
        ("3/chat,7[]", packet("/chat", ack(7, "[]"), 0)),
        (r#"30["x",null]"#, packet("", ack(0, r#"["x",null]"#), 0)),
        (
            r#"52-/chat,3["a",{"_placeholder":true,"num":0},{"x":{"_placeholder":true,"num":1}}]"#,
            packet("/chat", event(Some(3), "a", two), 2),
        ),
        (r#"61-3[{"_placeholder":true,"num":0}]"#, packet("", ack(3, one), 1)),
        (r#"61-/chat,3[{"_placeholder":true,"num":0}]"#, packet("/chat", ack(3, one), 1)),
        // Only the content tells.
        (
            r#"2["a",{"_placeholder":true,"num":5}]"#,
            packet("", event(None, "a", r#"[{"_placeholder":true,"num":5}]"#), 0),
        ),
        (r#"37[{"_placeholder":true,"num":-1}]"#, packet("", ack(7, r#"[{"_placeholder":true,"num":-1}]"#), 0)),
    ] {
        for form in BOTH {
            assert_eq!(encoded(form, &packet), text);
            assert_eq!(decode(form, text, 10).as_ref(), Ok(&packet), "{text}");
        }
    }
}

#[test]
fn a_refusal_says_why() {
    for (namespace, json, text) in [
        ("", r#""reason""#, r#"44"reason""#),
        ("/chat", r#""reason""#, r#"44/chat,"reason""#),
        ("/random", r#"{"message":"Invalid namespace"}"#, r#"44/random,{"message":"Invalid namespace"}"#),
    ] {
        for form in BOTH {
            assert_eq!(written(|out| encode_connect_error(form, namespace, json, out)), text);
        }
    }
}

#[test]
fn an_offset_is_one_more_argument() {
    for (arguments, attachments, text) in [
        ("[]", 0, r#"42["a","o\"1"]"#),
        (" [ ] ", 0, r#"42["a","o\"1"]"#),
        ("[1,2]", 0, r#"42["a",1,2,"o\"1"]"#),
        ("[ 1 ]\n", 0, r#"42["a",1,"o\"1"]"#),
        (r#"[{"_placeholder":true,"num":0}]"#, 1, r#"451-["a",{"_placeholder":true,"num":0},"o\"1"]"#),
    ] {
        let event =
            |out: &mut Vec<u8>| encode_event(Utf8, "/", None, "a", List(arguments), Some("o\"1"), attachments, out);
        assert_eq!(written(event), text);
    }
}

#[test]
fn clients_of_1x_and_2x_are_written_ascii() {
    let event = |form, name, arguments| {
        written(|out| encode_event(form, "/chat", Some(7), name, List(arguments), Some("é"), 0, out))
    };
    assert_eq!(
        event(Ascii, "é<\n", "[\"€😀\u{7f}~<\\n\"]"),
        r#"42/chat,7["\u00E9<\n","\u20AC\uD83D\uDE00\u007F~<\n","\u00E9"]"#
    );
    assert_eq!(event(Utf8, "é<\n", "[\"€😀\u{7f}~<\\n\"]"), "42/chat,7[\"é<\\n\",\"€😀\u{7f}~<\\n\",\"é\"]");
    assert_eq!(written(|out| encode_ack(Ascii, "", 7, "[\"é\"]", 0, out)), r#"437["\u00E9"]"#);
    assert_eq!(written(|out| encode_ack(Utf8, "", 7, "[\"é\"]", 0, out)), r#"437["é"]"#);
    assert_eq!(written(|out| encode_connect_error(Ascii, "", "\"é\"", out)), r#"44"\u00E9""#);
    assert_eq!(written(|out| encode_connect(Ascii, "/", Some("{\"é\":1}"), out)), r#"40{"\u00E9":1}"#);
}

#[test]
fn packets_are_read_as_old_clients_write_them() {
    for (text, packet) in [
        // 1.x leaves a comma out that nothing follows.
        ("0/chat", connect("/chat", None, None)),
        ("1/chat", packet("/chat", Kind::Disconnect, 0)),
        ("0/", connect("", None, None)),
        ("0/,", connect("", None, None)),
        (r#"2/,7["a"]"#, packet("", event(Some(7), "a", "[]"), 0)),
        ("1/,", packet("", Kind::Disconnect, 0)),
        ("4", packet("", Kind::ConnectError, 0)),
        (r#"4/chat,"what"#, packet("/chat", Kind::ConnectError, 0)),
        (r#"2[5,"a"]"#, packet("", event(None, "5", r#"["a"]"#), 0)),
        ("2[-1.5e3]", packet("", event(None, "-1.5e3", "[]"), 0)),
        (r#"2["\u00e9\n\"",1]"#, packet("", event(None, "é\n\"", "[1]"), 0)),
        (r#"2["\ud83d\ude00"]"#, packet("", event(None, "😀", "[]"), 0)),
        (r#"2["\ud83d"]"#, packet("", event(None, "\u{FFFD}", "[]"), 0)),
        ("2 [ \"a\" , 1 ] ", packet("", event(None, "a", "[ 1 ]"), 0)),
        ("2[\n\"a\"\t]\r", packet("", event(None, "a", "[]"), 0)),
        (r#"2/é,["a"]"#, packet("/é", event(None, "a", "[]"), 0)),
        ("37", packet("", ack(7, "[]"), 0)),
        ("3/chat,007", packet("/chat", ack(7, "[]"), 0)),
        (r#"5001-["a"]"#, packet("", event(None, "a", "[]"), 1)),
    ] {
        for form in BOTH {
            assert_eq!(decode(form, text, 10).as_ref(), Ok(&packet), "{text}");
        }
    }
}

#[test]
fn a_namespace_has_a_query_in_1x_and_2x() {
    for (text, namespace, query) in [
        ("0/chat?a=b", "/chat", Some("a=b")),
        ("0/chat?a=b,", "/chat", Some("a=b")),
        ("0/chat?a=b&c=%2C,", "/chat", Some("a=b&c=%2C")),
        // The URL's own, commas and all.
        ("0/chat?a=1,2", "/chat", Some("a=1,2")),
        ("0/chat?a=?", "/chat", Some("a=?")),
        ("0/chat?", "/chat", None),
        ("0/chat?,", "/chat", None),
        ("0/?a=b", "", Some("a=b")),
    ] {
        assert_eq!(decode(Ascii, text, 10), Ok(connect(namespace, query, None)), "{text}");
    }
    assert_eq!(decode(Utf8, "0/chat?a=b", 10), Ok(connect("/chat?a=b", None, None)));
    assert_eq!(decode(Utf8, "0/chat?a=b,{}", 10), Ok(connect("/chat?a=b", None, Some("{}"))));
    let payload = r#"{"a":"?"}"#;
    for form in BOTH {
        assert_eq!(decode(form, r#"0/chat,{"a":"?"}"#, 10), Ok(connect("/chat", None, Some(payload))));
        assert_eq!(decode(form, r#"0{"a":"?"}"#, 10), Ok(connect("", None, Some(payload))));
        assert_eq!(decode(form, r#"2/chat?a=b,["a"]"#, 10), Ok(packet("/chat?a=b", event(None, "a", "[]"), 0)));
    }
}

#[test]
fn a_packet_of_1x_and_2x_may_have_no_attachments_where_some_could_be() {
    let one = r#"[{"_placeholder":true,"num":0}]"#;
    for (text, packet) in [
        (r#"50-["a"]"#, packet("", event(None, "a", "[]"), 0)),
        (r#"50-/chat,7["a"]"#, packet("/chat", event(Some(7), "a", "[]"), 0)),
        (r#"60-7["x"]"#, packet("", ack(7, r#"["x"]"#), 0)),
        // Every acknowledgement of 1.0.0 to 1.0.2.
        (r#"30-7["x"]"#, packet("", ack(7, r#"["x"]"#), 0)),
        (r#"30-/chat,7["x"]"#, packet("/chat", ack(7, r#"["x"]"#), 0)),
        (r#"31-7[{"_placeholder":true,"num":0}]"#, packet("", ack(7, one), 1)),
    ] {
        assert_eq!(decode(Ascii, text, 10), Ok(packet), "{text}");
        assert_eq!(decode(Utf8, text, 10), Err(Malformed), "{text}");
    }
}

#[test]
fn reserved_names_are_refused_since_3x() {
    for name in ["connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener"] {
        for text in [format!("2[\"{name}\"]"), format!("27[\"\\u00{:x}{}\",1]", name.as_bytes()[0], &name[1..])] {
            assert_eq!(decode(Utf8, &text, 10), Err(Malformed), "{text}");
            assert!(decode(Ascii, &text, 10).is_ok(), "{text}");
        }
    }
    for text in [r#"2["Connect"]"#, r#"2["error"]"#, r#"2["connect "]"#, r#"2["a","connect"]"#] {
        assert!(decode(Utf8, text, 10).is_ok(), "{text}");
    }
}
