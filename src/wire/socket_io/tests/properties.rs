use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn any_text() -> impl Strategy<Value = String> {
    vec(prop_oneof![any::<char>(), proptest::char::range(' ', '~')], 0..20).prop_map(String::from_iter)
}

fn any_placeholder() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        4 => (0_u8..3).prop_map(Value::from),
        1 => Just(json!(-1)),
        1 => Just(json!(0.5)),
        1 => Just(Value::Null),
    ];
    (prop_oneof![3 => Just(json!(true)), 1 => Just(json!(1))], number)
        .prop_map(|(is, num)| json!({ "_placeholder": is, "num": num }))
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<i64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
        any_placeholder()
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![Just("num".to_owned()), Just("_placeholder".to_owned()), any_text()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// What the placeholders should be, by way of a tree of values.
fn slow_are_within(attachments: u64, value: &Value) -> bool {
    match value {
        Value::Array(list) => list.iter().all(|value| slow_are_within(attachments, value)),
        Value::Object(fields) => {
            let is_within = fields.get("num").and_then(Value::as_u64).is_some_and(|number| number < attachments);
            (is_within || fields.get("_placeholder") != Some(&json!(true)))
                && fields.values().all(|value| slow_are_within(attachments, value))
        }
        _ => true,
    }
}

fn any_namespace() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "/[a-z]{1,9}",
        any_text().prop_map(|text| format!("/x{}", text.replace([',', '?'], "")))
    ]
}

/// Text that comes close to being a packet, and often is one.
fn almost_packet() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        2 => Just(",".to_owned()),
        2 => Just("-".to_owned()),
        2 => Just("/chat".to_owned()),
        1 => Just("/".to_owned()),
        1 => Just("?".to_owned()),
        3 => (0_u16..12).prop_map(|number| number.to_string()),
        2 => Just(r#"["a",1]"#.to_owned()),
        1 => Just("[]".to_owned()),
        2 => any_json().prop_map(|json| json.to_string()),
        1 => any_json().prop_map(|json| format!("{json:#}")),
        1 => any_text(),
    ];
    let header = ("[0-7]", "([0-2]-)?", "(/[a-z]{0,2},?)?", "[0-9]{0,2}");
    let close = (header, vec(any_json(), 0..3)).prop_map(|((kind, attachments, namespace, id), list)| {
        let list: Vec<_> = [json!("a")].into_iter().chain(list).collect();
        format!("{kind}{attachments}{namespace}{id}{}", Value::from(list))
    });
    prop_oneof![vec(piece, 0..8).prop_map(|pieces| pieces.concat()), close]
}

fn value(json: &RawValue) -> Value {
    serde_json::from_str(json.get()).unwrap()
}

fn event(form: Form, argument: Arguments<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    encode_event(form, "/chat", Some(7), "message", argument, None, 0, &mut out);
    out
}

#[test]
fn an_event_alone_takes_no_more_room_than_it_needs() {
    for form in BOTH {
        for argument in [Arguments::Text(""), Arguments::Text("a~"), Arguments::Json("{}"), List("[]"), List("[1,2]")] {
            let out = event(form, argument);
            // An empty list leaves its brackets.
            assert!(out.capacity() - out.len() <= 2, "{argument:?}");
            assert!(matches!(argument, List(_)) || out.capacity() == out.len(), "{argument:?}");
        }
    }
}

proptest! {
    #[test]
    fn one_argument_is_a_list_of_it(text in any_text()) {
        let json = serde_json::to_string(&text).unwrap();
        let list = format!("[{json}]");
        for form in BOTH {
            prop_assert_eq!(event(form, Arguments::Text(&text)), event(form, List(&list)));
            prop_assert_eq!(event(form, Arguments::Json(&json)), event(form, List(&list)));
        }
    }

    #[test]
    fn what_is_written_reads_back(
        namespace in any_namespace(), name in any_text(), id: u64, asks: bool, list in vec(any_json(), 0..4),
        attachments in 0_usize..4, pretty: bool, offset in proptest::option::of(any_text()),
    ) {
        let list = Value::from(list);
        let json = if pretty { format!("{list:#}") } else { list.to_string() };
        let is_good = attachments == 0 || slow_are_within(attachments as u64, &list);
        for form in BOTH {
            let event = written(|out| {
                encode_event(form, &namespace, asks.then_some(id), &name, List(&json), offset.as_deref(), attachments, out);
            });
            let ack = written(|out| encode_ack(form, &namespace, id, &json, attachments, out));
            if form == Ascii {
                prop_assert!(event.replacen(&namespace, "", 1).bytes().all(|byte| byte < 0x7F));
                prop_assert!(ack.replacen(&namespace, "", 1).bytes().all(|byte| byte < 0x7F));
            }

            let (event, ack) = (decode(form, &event[1..], 3), decode(form, &ack[1..], 3));
            prop_assert_eq!((event.is_ok(), ack.is_ok()), (is_good, is_good));
            let (Ok(event), Ok(ack)) = (event, ack) else { continue };

            prop_assert_eq!((event.namespace, event.attachments), (&*namespace, attachments));
            let Kind::Event { name: read, arguments, id: asked } = event.kind else { panic!("{event:?}") };
            prop_assert_eq!((&*read, asked), (&*name, asks.then_some(id)));
            let mut expected = list.as_array().unwrap().clone();
            expected.extend(offset.as_deref().map(Value::from));
            prop_assert_eq!(value(&arguments.into_list()), Value::from(expected));

            prop_assert_eq!((ack.namespace, ack.attachments), (&*namespace, attachments));
            let Kind::Ack { id: answered, arguments } = ack.kind else { panic!("{ack:?}") };
            prop_assert_eq!((answered, value(arguments)), (id, list.clone()));
        }
    }

    #[test]
    fn namespaces_are_joined_and_left_as_they_are_called(namespace in any_namespace(), text in any_text()) {
        let payload = json!({ "auth": text }).to_string();
        for form in BOTH {
            for payload in [None, Some(&*payload)] {
                let join = written(|out| encode_connect(form, &namespace, payload, out));
                let Ok(packet) = decode(form, &join[1..], 0) else { panic!("{join:?}") };
                let Kind::Connect { query: None, payload: read } = packet.kind else { panic!("{packet:?}") };
                prop_assert_eq!((packet.namespace, read.map(value)), (&*namespace, payload.map(|json| serde_json::from_str(json).unwrap())));
            }
            let leave = written(|out| encode_disconnect(&namespace, out));
            prop_assert_eq!(decode(form, &leave[1..], 0), Ok(packet(&namespace, Kind::Disconnect, 0)));
        }
    }

    #[test]
    fn placeholders_are_found_as_in_a_tree(json in any_json(), attachments in 0_usize..4, pretty: bool) {
        let text = if pretty { format!("{json:#}") } else { json.to_string() };
        prop_assert_eq!(placeholders::are_within(attachments, &text), slow_are_within(attachments as u64, &json));
    }

    #[test]
    fn what_is_read_is_written_the_same(text in almost_packet()) {
        for form in BOTH {
            let Ok(packet) = decode(form, &text, 2) else { continue };
            if matches!(packet.kind, Kind::ConnectError | Kind::Connect { query: Some(_), .. }) {
                continue;
            }
            let again = encoded(form, &packet);
            let Ok(read) = decode(form, &again, 2) else { panic!("{again:?}") };
            prop_assert_eq!((read.namespace, read.attachments), (packet.namespace, packet.attachments));
            match (packet.kind, read.kind) {
                (Kind::Event { name, arguments, id }, Kind::Event { name: other, arguments: others, id: other_id }) => {
                    let (arguments, others) = (arguments.into_list(), others.into_list());
                    prop_assert_eq!((name, value(&arguments), id), (other, value(&others), other_id));
                }
                (Kind::Ack { id, arguments }, Kind::Ack { id: other, arguments: others }) => {
                    prop_assert_eq!((id, value(arguments)), (other, value(others)));
                }
                (Kind::Connect { payload, .. }, Kind::Connect { payload: other, .. }) => {
                    prop_assert_eq!(payload.map(value), other.map(value));
                }
                (one, other) => prop_assert_eq!(one, other),
            }
        }
    }

    #[test]
    fn any_text_is_bearable(text in prop_oneof![any_text(), almost_packet()]) {
        for form in BOTH {
            _ = decode(form, &text, 10);
        }
    }
}
