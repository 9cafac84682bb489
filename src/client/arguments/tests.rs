use bytes::Bytes;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{json, value::RawValue};
use std::{collections::HashMap, fmt::Debug};

use super::*;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Point {
    x: i32,
    y: i32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Name(String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Names(Vec<String>);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Pair(u8, String);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Colour {
    Red,
    Mixed(u8, u8),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Numbers(Vec<u8>),
    Text(String),
    Point(Point),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    At(Point),
    Nowhere,
}

/// The arguments of a client that sends no binary with them.
fn of<T: DeserializeOwned>(arguments: &str) -> Result<T, Error> {
    with_binary(arguments, &[])
}

/// The same where there is some, which has nothing to do with what is read.
fn beside_binary<T: DeserializeOwned>(arguments: &str) -> Result<T, Error> {
    with_binary(arguments, &["elsewhere"])
}

fn with_binary<T: DeserializeOwned>(arguments: &str, attachments: &[&'static str]) -> Result<T, Error> {
    let attachments = attachments.iter().map(|text| Bytes::from_static(text.as_bytes())).collect();
    parse(&Data::new(RawValue::from_string(arguments.to_owned())?, attachments))
}

#[track_caller]
fn reads<T: DeserializeOwned + PartialEq + Debug>(arguments: &str, expected: T) {
    assert_eq!(of::<T>(arguments).unwrap(), expected, "{arguments}");
    assert_eq!(beside_binary::<T>(arguments).unwrap(), expected, "{arguments}");
}

#[track_caller]
fn reads_binary<T: DeserializeOwned + PartialEq + Debug>(arguments: &str, attachments: &[&'static str], expected: T) {
    assert_eq!(with_binary::<T>(arguments, attachments).unwrap(), expected, "{arguments}");
}

#[track_caller]
fn fails<T: DeserializeOwned + Debug>(arguments: &str, why: &str) {
    for error in [of::<T>(arguments).unwrap_err(), beside_binary::<T>(arguments).unwrap_err()] {
        assert!(error.to_string().contains(why), "{error}");
    }
}

#[test]
fn a_tuple_takes_as_many_as_it_has() {
    reads(r#"[1,"a"]"#, (1_u8, "a".to_owned()));
    reads(r#"[1,"a",true,{}]"#, (1_u8, "a".to_owned()));
    reads("[1,2,3]", [1_u8, 2]);
    reads(r#"[1,"a"]"#, Pair(1, "a".to_owned()));
    reads("[[1,2],3]", (vec![1_u8, 2], 3_u8));
    reads("[1]", (1_u8,));
    reads("[[]]", (Vec::<u8>::new(),));
    reads("[ 1 , 2 ]", (1_u8, 2_u8));
}

#[test]
fn what_a_tuple_lacks_is_null() {
    reads("[1]", (1_u8, None::<u8>));
    reads("[1,null]", (1_u8, None::<u8>));
    reads("[]", (None::<u8>, (), json!(null)));
    reads("[]", [None::<u8>; 2]);
    fails::<(u8, u8)>("[1]", "null");
    fails::<(u8,)>("[]", "null");
    let (raw,): (Box<RawValue>,) = of("[]").unwrap();
    assert_eq!(raw.get(), "null");
}

#[test]
fn a_list_takes_them_all() {
    reads("[1,2,3]", vec![1_u8, 2, 3]);
    reads("[]", Vec::<u8>::new());
    reads("[[1],[2]]", vec![vec![1_u8], vec![2]]);
    reads(r#"[1,"a"]"#, json!([1, "a"]));
    reads("[]", json!([]));
    reads(r#"["a","b"]"#, Names(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn raw_json_is_kept_to_the_letter() {
    for read in [of::<Vec<Box<RawValue>>>, beside_binary] {
        let list = read("[1, {\"b\": 1.0,\"a\":2}]").unwrap();
        assert_eq!(list.iter().map(|json| json.get()).collect::<Vec<_>>(), ["1", "{\"b\": 1.0,\"a\":2}"]);
    }
    for read in [of::<(Box<RawValue>,)>, beside_binary] {
        assert_eq!(read("[ [1, 2], 3]").unwrap().0.get(), "[1, 2]");
    }
    for read in [of::<Box<RawValue>>, beside_binary] {
        assert_eq!(read("[1, 2]").unwrap().get(), "[1, 2]");
    }
}

#[test]
fn nothing_takes_none() {
    reads("[]", ());
    reads("[1,2]", ());
    reads("[1]", Nothing);
}

#[test]
fn anything_else_takes_the_first() {
    reads(r#"["a","b"]"#, "a".to_owned());
    reads("[1,2]", 1_u8);
    reads("[-1]", -1_i64);
    reads("[1.5]", 1.5_f64);
    reads("[true]", true);
    reads(r#"["é"]"#, 'é');
    reads(r#"[{"x":1,"y":2},3]"#, Point { x: 1, y: 2 });
    reads(r#"[{"a":1}]"#, HashMap::from([("a".to_owned(), 1_u8)]));
    reads(r#"["a"]"#, Name("a".to_owned()));
    reads(r#"["Red"]"#, Colour::Red);
    reads(r#"[{"Mixed":[1,2]}]"#, Colour::Mixed(1, 2));
    reads("[1]", Some(1_u8));
    reads("[ \n1\t, 2]", 1_u8);
    reads("[1]", Box::new(1_u8));
}

#[test]
fn the_first_of_none_is_null() {
    reads("[]", None::<u8>);
    reads(" [ ] ", None::<u8>);
    reads("[null]", None::<u8>);
    fails::<String>("[]", "null");
    fails::<Point>("[]", "null");
}

#[test]
fn a_type_the_data_decides_on_takes_them_all_or_the_first() {
    reads("[1,2]", Untagged::Numbers(vec![1, 2]));
    reads(r#"["a"]"#, Untagged::Text("a".to_owned()));
    reads(r#"[{"x":1,"y":2}]"#, Untagged::Point(Point { x: 1, y: 2 }));
    reads(r#"[{"type":"At","x":1,"y":2}]"#, Tagged::At(Point { x: 1, y: 2 }));
    reads(r#"[{"type":"Nowhere"}]"#, Tagged::Nowhere);
    fails::<Untagged>("[true]", "Untagged");
}

#[test]
fn what_does_not_fit_is_an_error_that_says_why() {
    fails::<(u8,)>("[256]", "256");
    fails::<u8>(r#"["a"]"#, "invalid type: string");
    fails::<(u8, u8)>(r#"[1,"a"]"#, "invalid type: string");
    fails::<Vec<u8>>(r#"[1,"a"]"#, "invalid type: string");
    fails::<Point>(r#"[{"x":1}]"#, "missing field");
    fails::<u8>("{}", "no list");
    fails::<(u8,)>("{}", "expected");
    for broken in ["", "[", "[1", "1", "\"", "[1,"] {
        assert!(of::<(u8, u8, u8)>(broken).is_err(), "{broken}");
        assert!(of::<Vec<String>>(broken).is_err(), "{broken}");
        assert!(of::<Point>(broken).is_err(), "{broken}");
    }
}

#[test]
fn deep_json_is_an_error_and_no_crash() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(of::<serde_json::Value>(&deep).is_err());
    assert!(of::<(serde_json::Value,)>(&deep).is_err());
    reads(&format!("[{deep}]"), ());
}

const FIRST: &str = r#"{"_placeholder":true,"num":0}"#;
const SECOND: &str = r#"{"num":1, "_placeholder":true}"#;

#[derive(Debug, PartialEq, Deserialize)]
struct Upload {
    name: String,
    bytes: Bytes,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(untagged)]
enum Any {
    Upload(Upload),
    Number(u8),
    Binary(Bytes),
}

fn binary(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

#[test]
fn binary_is_an_argument_like_any_other() {
    reads_binary(&format!("[{FIRST}]"), &["one"], binary("one"));
    reads_binary(&format!("[ {FIRST} , 1]"), &["one"], binary("one"));
    reads_binary(&format!("[{FIRST}]"), &["one"], Some(binary("one")));
    reads_binary(&format!("[{FIRST}]"), &["one"], (binary("one"), None::<Bytes>));
    reads_binary(&format!("[{SECOND},{FIRST}]"), &["one", "two"], (binary("two"), binary("one")));
    reads_binary(&format!("[{FIRST},{SECOND}]"), &["one", "two"], vec![binary("one"), binary("two")]);
    reads_binary(&format!("[{FIRST},{SECOND}]"), &["one", "two"], [binary("one"), binary("two")]);
    reads_binary(&format!("[{FIRST},{SECOND}]"), &["one", "two"], ());
    reads_binary(&format!("[1,{FIRST}]"), &["one"], (1_u8,));
    let upload = || Upload { name: "a".to_owned(), bytes: binary("one") };
    reads_binary(&format!(r#"[{{"name":"a","bytes":{FIRST}}}]"#), &["one"], upload());
    reads_binary(&format!(r#"[2,{{"bytes":{FIRST},"name":"a"}}]"#), &["one"], (2_u8, upload()));
    fails::<Bytes>("[]", "null");
    fails::<(Bytes,)>("[]", "null");
}

#[test]
fn binary_decides_what_a_type_becomes() {
    reads_binary(&format!("[{FIRST}]"), &["one"], Any::Binary(binary("one")));
    reads_binary(
        &format!(r#"[{{"name":"a","bytes":{FIRST}}}]"#),
        &["one"],
        Any::Upload(Upload { name: "a".to_owned(), bytes: binary("one") }),
    );
    reads_binary(&format!("[7,{FIRST}]"), &["one"], (Any::Number(7), Any::Binary(binary("one"))));
}

#[test]
fn bytes_come_as_numbers_and_text_too() {
    reads("[[1,2]]", Bytes::from_static(&[1, 2]));
    reads(r#"["a"]"#, binary("a"));
    reads_binary(&format!("[{FIRST}]"), &["one"], (b"one".to_vec(),));
}

#[test]
fn data_takes_all_the_arguments_or_one_with_what_is_its_own() {
    let whole: Data = with_binary(&format!("[ 1.0,{SECOND},{FIRST}]"), &["one", "two"]).unwrap();
    assert_eq!(whole.json().get(), format!("[ 1.0,{SECOND},{FIRST}]"));
    assert_eq!(whole.attachments(), [binary("one"), binary("two")]);

    let (_, one): (Bytes, Data) = with_binary(&format!("[{FIRST},[ {SECOND} ]]"), &["one", "two"]).unwrap();
    assert_eq!(one.json().get(), r#"[ {"num":0, "_placeholder":true} ]"#);
    assert_eq!(one.attachments(), [binary("two")]);

    for plain in [of::<(u8, Data)>, beside_binary] {
        assert_eq!(plain("[1,{ \"a\":1.0}]").unwrap().1.json().get(), "{ \"a\":1.0}");
        assert_eq!(plain("[1]").unwrap().1.json().get(), "null");
    }
}

#[test]
fn a_placeholder_without_an_attachment_is_an_object() {
    let json = r#"[{"_placeholder":true,"num":2}]"#;
    reads_binary(json, &["one", "two"], (json!({"_placeholder": true, "num": 2}),));
    assert!(with_binary::<Bytes>(json, &["one", "two"]).is_err());
    assert!(of::<Bytes>(&format!("[{FIRST}]")).is_err());
}

#[test]
fn deep_json_beside_binary_is_an_error_and_no_crash() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = open.repeat(100_000) + "1" + &close.repeat(100_000);
        let list = format!("[{deep},{FIRST}]");
        assert!(with_binary::<(serde_json::Value, Bytes)>(&list, &["one"]).is_err());
        assert!(with_binary::<serde_json::Value>(&list, &["one"]).is_err());
        assert!(with_binary::<Any>(&list, &["one"]).is_err());
        let (deep, first): (Data, Bytes) = with_binary(&list, &["one"]).unwrap();
        assert!(deep.parse::<serde_json::Value>().is_err());
        assert_eq!(first, binary("one"));
        reads_binary(&list, &["one"], ());
    }
}

/// The arguments as they are sent, when `value` is what is sent.
fn sent<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value).unwrap() {
        serde_json::Value::Array(list) => json!(list),
        other => json!([other]),
    }
    .to_string()
}

/// Reads what may be no JSON, and whether there is binary elsewhere makes no difference to JSON.
fn same<T: DeserializeOwned + PartialEq + Debug>(text: &str) {
    let plain = of::<T>(text);
    if RawValue::from_string(text.to_owned()).is_ok() {
        assert_eq!(beside_binary::<T>(text).ok(), plain.ok(), "{text}");
    }
}

proptest! {
    #[test]
    fn arguments_arrive_as_the_type_they_were_sent_as(number: u32, text: String, list: Vec<i16>, option: Option<bool>) {
        reads(&sent(&(number, &text, &list, option)), (number, text.clone(), list.clone(), option));
        reads(&sent(&number), number);
        reads(&sent(&text), text.clone());
        reads(&sent(&list), list.clone());
        reads(&sent(&option), option);
        reads(&sent(&(&list,)), (list,));
        reads(&sent(&Name(text.clone())), Name(text));
    }

    #[test]
    fn any_text_is_bearable(text in "[\\[\\]{},:0-9\"a ]{0,12}") {
        same::<(u8, Option<String>)>(&text);
        same::<Untagged>(&text);
        same::<Tagged>(&text);
        same::<serde_json::Value>(&text);
        same::<String>(&text);
        same::<HashMap<u8, Vec<i8>>>(&text);
    }
}
