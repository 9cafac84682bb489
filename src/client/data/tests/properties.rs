use super::*;
use crate::client::message::list_of_arguments;
use proptest::{collection, option, prelude::*};
use serde::de::{self, SeqAccess};
use std::collections::BTreeMap;

/// Any JSON with binary, as the data decides.
#[derive(Debug, Clone, PartialEq)]
enum Any {
    Null,
    Bool(bool),
    Number(i64),
    Float(f64),
    Text(String),
    Binary(Bytes),
    List(Vec<Any>),
    Map(BTreeMap<String, Any>),
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => value.serialize(serializer),
            Self::Number(value) => value.serialize(serializer),
            Self::Float(value) => value.serialize(serializer),
            Self::Text(value) => value.serialize(serializer),
            Self::Binary(value) => value.serialize(serializer),
            Self::List(value) => value.serialize(serializer),
            Self::Map(value) => value.serialize(serializer),
        }
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Any;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Any, E> {
        Ok(Any::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Any, E> {
        Ok(Any::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Any, E> {
        Ok(Any::Number(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Any, E> {
        i64::try_from(value).map(Any::Number).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Any, E> {
        Ok(Any::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Any, E> {
        Ok(Any::Text(value.to_owned()))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Any, E> {
        Ok(Any::Binary(Bytes::copy_from_slice(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Any, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element()? {
            values.push(value);
        }
        Ok(Any::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Any, A::Error> {
        let mut values = BTreeMap::new();
        while let Some((key, value)) = map.next_entry()? {
            values.insert(key, value);
        }
        Ok(Any::Map(values))
    }
}

impl<'de> Deserialize<'de> for Any {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

/// The same with every kind of type that knows what it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Typed {
    Unit,
    Number(i32),
    Text(String),
    Binary(Bytes),
    Wrapped(Wrapped),
    Pair(Option<Bytes>, Box<Typed>),
    List(Vec<Typed>),
    Struct { bytes: Bytes, inner: Option<Box<Typed>>, by_number: BTreeMap<i8, Typed> },
    Tuple((u8, Bytes, [bool; 2])),
    Data(Data),
}

fn bytes() -> impl Strategy<Value = Bytes> {
    collection::vec(any::<u8>(), 0..5).prop_map(Bytes::from)
}

fn any_value() -> impl Strategy<Value = Any> {
    let leaf = prop_oneof![
        Just(Any::Null),
        any::<bool>().prop_map(Any::Bool),
        any::<i64>().prop_map(Any::Number),
        any::<i16>().prop_map(|number| Any::Float(f64::from(number) / 4.0)),
        any::<String>().prop_map(Any::Text),
        bytes().prop_map(Any::Binary),
    ];
    // Names that are part of a placeholder, but never those of one.
    let name = prop_oneof![any::<String>(), Just("num".to_owned()), Just("\"_placeholder".to_owned())];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..6).prop_map(Any::List),
            collection::btree_map(name.clone(), inner, 0..6).prop_map(Any::Map),
        ]
    })
}

fn typed_value() -> impl Strategy<Value = Typed> {
    let leaf = prop_oneof![
        Just(Typed::Unit),
        any::<i32>().prop_map(Typed::Number),
        any::<String>().prop_map(Typed::Text),
        bytes().prop_map(Typed::Binary),
        bytes().prop_map(|bytes| Typed::Wrapped(Wrapped(bytes))),
        (any::<u8>(), bytes(), any::<[bool; 2]>()).prop_map(Typed::Tuple),
        any_value().prop_map(|value| Typed::Data(Data::of(&value).unwrap())),
    ];
    leaf.prop_recursive(5, 40, 5, |inner| {
        let some = option::of(inner.clone().prop_map(Box::new));
        prop_oneof![
            (option::of(bytes()), inner.clone()).prop_map(|(bytes, inner)| Typed::Pair(bytes, Box::new(inner))),
            collection::vec(inner.clone(), 0..5).prop_map(Typed::List),
            (bytes(), some, collection::btree_map(any::<i8>(), inner, 0..5))
                .prop_map(|(bytes, inner, by_number)| Typed::Struct { bytes, inner, by_number }),
        ]
    })
}

/// `json` with white space wherever it may be, and placeholders the other way round.
fn spaced(json: &str, attachments: usize) -> String {
    let mut json = json.to_owned();
    for number in 0..attachments {
        let placeholder = format!(r#"{{"_placeholder":true,"num":{number}}}"#);
        json = json.replace(&placeholder, &format!(r#"{{"num":{number},"_placeholder":true}}"#));
    }
    let (mut out, mut in_text, mut escaped) = (String::new(), false, false);
    for character in json.chars() {
        let around = !in_text && matches!(character, '{' | '}' | '[' | ']' | ',' | ':');
        if around {
            out.push_str("\n ");
        }
        out.push(character);
        if around {
            out.push_str(" \t");
        }
        (in_text, escaped) = match character {
            '"' if !escaped => (!in_text, false),
            '\\' if !escaped => (in_text, true),
            _ => (in_text, false),
        };
    }
    out.trim().to_owned()
}

/// The numbers of the placeholders in `value`, found the slow way.
fn numbers(value: &Value, attachments: usize, found: &mut Vec<usize>) {
    match value {
        Value::Array(list) => list.iter().for_each(|value| numbers(value, attachments, found)),
        Value::Object(map) => {
            let number = map.get("num").and_then(Value::as_u64).and_then(|number| usize::try_from(number).ok());
            match number.filter(|&number| map.get("_placeholder") == Some(&Value::Bool(true)) && number < attachments) {
                Some(number) => found.push(number),
                None => map.values().for_each(|value| numbers(value, attachments, found)),
            }
        }
        _ => {}
    }
}

/// JSON where many things look like placeholders.
fn suspicious() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!(true)),
        Just(json!(null)),
        (0..4_u8).prop_map(Value::from),
        Just(json!(0.5)),
        Just(json!("\"}{[\\")),
        (0..3_u8).prop_map(|number| json!({"_placeholder": true, "num": number})),
    ];
    let name = prop_oneof![Just("_placeholder"), Just("num"), Just("a\\\""), Just("")];
    leaf.prop_recursive(5, 40, 4, move |inner| {
        prop_oneof![
            collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            (inner.clone(), 0..3_u8).prop_map(|(more, num)| json!({"_placeholder": true, "a": more, "num": num})),
            collection::btree_map(name.clone(), inner, 0..4)
                .prop_map(|map| map.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

proptest! {
    #[test]
    fn whatever_the_data_decides_comes_back(value in any_value()) {
        let data = Data::of(&value).unwrap();
        prop_assert_eq!(&data.parse::<Any>().unwrap(), &value);
        let spaced = data.clone().with_json(RawValue::from_string(spaced(data.json().get(), data.attachments().len())).unwrap());
        prop_assert_eq!(&spaced.parse::<Any>().unwrap(), &value);
    }

    #[test]
    fn whatever_is_typed_comes_back(value in typed_value()) {
        let data = Data::of(&value).unwrap();
        prop_assert_eq!(data.parse::<Typed>().unwrap(), value);
        prop_assert_eq!(Data::of(&data).unwrap(), data);
    }

    #[test]
    fn data_among_others_stay_what_they_were(one in any_value(), other in any_value(), more in bytes()) {
        let (one, other) = (Data::of(&one).unwrap(), Data::of(&other).unwrap());
        let list = list_of_arguments(&(&one, &more, &other)).unwrap();
        prop_assert_eq!(crate::client::arguments::parse::<(Data, Bytes, Data)>(&list).unwrap(), (one, more, other));
    }

    #[test]
    fn json_beside_an_attachment_is_read_as_by_serde_json(value in suspicious(), pretty: bool) {
        let json = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let mut expected = Vec::new();
        numbers(&value, 2, &mut expected);
        let found: Vec<_> = placeholders::find(&json, 2).iter().map(|found| found.number).collect();
        prop_assert_eq!(&found, &expected, "{}", json);
        expected.sort_unstable();
        expected.dedup();
        if expected.len() == found.len() {
            prop_assert_eq!(data(&json, &["one", "two"]).parse::<Value>().unwrap(), value);
        }
    }

    #[test]
    fn any_text_is_searched(text in "[\\[\\]{},:\"\\\\a0é ]{0,20}") {
        placeholders::find(&text, 1);
    }
}
