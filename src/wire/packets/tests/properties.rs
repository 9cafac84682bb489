use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

/// The pattern of the original, tried at every place in turn: type, id, whether a plus follows it, endpoint and data.
fn slow_parts(text: &str) -> Option<(&str, &str, bool, &str, &str)> {
    text.char_indices().find_map(|(start, _)| {
        let (kind, rest) = text[start..].split_once(':').filter(|(kind, _)| !kind.is_empty())?;
        let (header, rest) = rest.split_once(':')?;
        let id = header.strip_suffix('+').unwrap_or(header);
        if !id.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (endpoint, data) = rest.split_once(':').unwrap_or((rest, ""));
        Some((kind, id, id != header, endpoint, data))
    })
}

/// What an event should be, by way of a tree of values.
fn slow_event(data: &str) -> Option<(String, Value)> {
    let value: Value = serde_json::from_str(data).ok()?;
    let arguments = match value.get("args") {
        None | Some(Value::Null) => json!([]),
        Some(Value::Array(list)) => json!(list),
        Some(other) => json!([other]),
    };
    Some((value.get("name")?.as_str()?.to_owned(), arguments))
}

fn any_text() -> impl Strategy<Value = String> {
    vec(prop_oneof![any::<char>(), proptest::char::range(' ', '~')], 0..20).prop_map(String::from_iter)
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(Value::Null), any::<i64>().prop_map(Value::from), any_text().prop_map(Value::from)];
    leaf.prop_recursive(3, 12, 4, |inner| {
        let key = prop_oneof![Just("name".to_owned()), Just("args".to_owned()), any_text()];
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Value::from),
            vec((key, inner), 0..4).prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

/// Text that comes close to being a packet, and often is one.
fn almost_packet() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => Just(":".to_owned()),
        3 => (0_u16..12).prop_map(|number| number.to_string()),
        1 => Just("+".to_owned()),
        1 => Just("/chat".to_owned()),
        1 => Just("?".to_owned()),
        1 => Just(r#"{"name":"a","args":[1]}"#.to_owned()),
        1 => any_json().prop_map(|json| json.to_string()),
        1 => any_json().prop_map(|json| format!("{json:#}")),
        1 => any_text(),
    ];
    let pieces = vec(piece.clone(), 0..10).prop_map(|pieces| pieces.concat());
    prop_oneof![
        pieces.clone(),
        (0_u8..10, vec(piece, 0..3)).prop_map(|(kind, pieces)| format!("{kind}::{}", pieces.concat())),
        any_json().prop_map(|json| format!("5:::{json}")),
        (0_u8..20, any_json()).prop_map(|(id, json)| format!("6:::{id}+{json}")),
    ]
}

fn any_acknowledge() -> impl Strategy<Value = Acknowledge> {
    let id = 0_u64..10_000_000_000;
    prop_oneof![
        Just(Acknowledge::None),
        id.clone().prop_map(Acknowledge::OnReceipt),
        id.prop_map(Acknowledge::WithData)
    ]
}

fn any_endpoint() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), "/[a-z]{0,9}", any_text().prop_map(|text| text.replace([':', '?'], ""))]
}

proptest! {
    #[test]
    fn messages_read_back_as_they_were_sent(acknowledge in any_acknowledge(), endpoint in any_endpoint(), text in any_text()) {
        let sent = packet(acknowledge, &endpoint, Kind::Text(&text));
        let text = encoded(&sent);
        prop_assert_eq!(decode(&text), Some(sent));
        for kind in [Kind::Disconnect, Kind::Connect { query: None }] {
            let sent = packet(Acknowledge::None, &endpoint, kind);
            let text = encoded(&sent);
            prop_assert_eq!(decode(&text), Some(sent));
        }
    }

    #[test]
    fn json_reads_back_as_it_was_sent(
        acknowledge in any_acknowledge(), endpoint in any_endpoint(), name in any_text(), value in any_json(), pretty: bool,
    ) {
        let write = |value: &Value| if pretty { format!("{value:#}") } else { value.to_string() };
        let list = match &value {
            Value::Array(_) => value.clone(),
            other => json!([other]),
        };
        let (one, many) = (write(&value), write(&list));

        let lines = [
            encoded(&packet(acknowledge, &endpoint, json(&one))),
            encoded(&packet(acknowledge, &endpoint, event(&name, &many))),
            encoded(&packet(Acknowledge::None, &endpoint, ack(7, Some(&many)))),
        ];
        let read: Vec<_> = lines.iter().map(|line| decode(line).unwrap()).collect();
        for (line, packet) in lines.iter().zip(&read) {
            prop_assert_eq!(packet.endpoint, &endpoint);
            let breaks = |text: &str| text.matches(['\n', '\r', '\u{2028}', '\u{2029}']).count();
            prop_assert_eq!(breaks(line), breaks(&endpoint));
        }

        let parsed = |json: &str| serde_json::from_str::<Value>(json).unwrap();
        let Kind::Json(Some(json)) = &read[0].kind else { panic!("{:?}", read[0]) };
        prop_assert_eq!((read[0].acknowledge, parsed(json.get())), (acknowledge, value));
        let Kind::Event(Some(event)) = &read[1].kind else { panic!("{:?}", read[1]) };
        prop_assert_eq!((read[1].acknowledge, &*event.name), (acknowledge, &*name));
        prop_assert_eq!(parsed(event.arguments.json()), list.clone());
        let Kind::Ack { id: 7, arguments } = &read[2].kind else { panic!("{:?}", read[2]) };
        prop_assert_eq!(arguments.map_or_else(|| json!([]), |json| parsed(json.get())), list);
    }

    #[test]
    fn agrees_with_a_slow_decoder(text in almost_packet()) {
        let read = decode(&text);
        let Some((kind, id, plus, endpoint, data)) = slow_parts(&text) else {
            prop_assert_eq!(read.is_some(), text == "0");
            return Ok(());
        };
        if id.len() > 10 {
            return Ok(());
        }
        let acknowledge = match (id.parse(), plus) {
            (Err(_), _) => Acknowledge::None,
            (Ok(id), false) => Acknowledge::OnReceipt(id),
            (Ok(id), true) => Acknowledge::WithData(id),
        };
        let Some(read) = read else {
            // Types that do not exist are found in the midst of anything by the pattern; an acknowledgement is checked below.
            prop_assert!(!matches!(kind, "0" | "1" | "2" | "3" | "4" | "5" | "7" | "8"), "{:?}", kind);
            if kind == "6" {
                let (id, list) = data.split_once('+').unwrap_or((data, "[]"));
                let list = if list.is_empty() { "[]" } else { list };
                let is_number = !id.is_empty() && id.len() <= 10 && id.bytes().all(|byte| byte.is_ascii_digit());
                prop_assert!(!is_number || serde_json::from_str::<Vec<Value>>(list).is_err());
            }
            return Ok(());
        };
        prop_assert_eq!(read.acknowledge, acknowledge);
        match read.kind {
            Kind::Connect { query } => {
                prop_assert_eq!(kind, "1");
                let whole = format!("{endpoint}:{data}");
                let query = query.unwrap_or_default().trim_end_matches(':');
                prop_assert!(whole.starts_with(read.endpoint) && whole.trim_end_matches(':').ends_with(query));
                prop_assert_eq!(read.endpoint.len(), whole.find([':', '?']).unwrap());
                return Ok(());
            }
            Kind::Disconnect => prop_assert_eq!(kind, "0"),
            Kind::Heartbeat => prop_assert_eq!(kind, "2"),
            Kind::Text(text) => prop_assert_eq!((kind, data), ("3", text)),
            Kind::Json(json) => {
                prop_assert_eq!(kind, "4");
                let value = |text: &str| serde_json::from_str::<Value>(text).ok();
                prop_assert_eq!(json.map(|json| value(json.get()).unwrap()), value(data));
            }
            Kind::Event(event) => {
                prop_assert_eq!(kind, "5");
                let event = event.map(|event| {
                    let arguments = serde_json::from_str(event.arguments.json()).unwrap();
                    (event.name.into_owned(), arguments)
                });
                prop_assert_eq!(event, slow_event(data));
            }
            Kind::Ack { id, arguments } => {
                prop_assert_eq!(kind, "6");
                let (slow_id, list) = data.split_once('+').unwrap_or((data, ""));
                prop_assert_eq!(Ok(id), slow_id.parse());
                let value = |text: &str| serde_json::from_str::<Vec<Value>>(text).ok();
                prop_assert_eq!(arguments.map(|json| value(json.get()).unwrap()), value(list));
            }
            Kind::Error => prop_assert_eq!(kind, "7"),
            Kind::Noop => prop_assert_eq!(kind, "8"),
            Kind::Unknown => prop_assert!(!matches!(kind, "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8")),
        }
        prop_assert_eq!(read.endpoint, endpoint);
    }

    #[test]
    fn any_text_is_bearable(text in prop_oneof![any_text(), almost_packet()]) {
        decode(&text);
    }
}
