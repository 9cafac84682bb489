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

#[track_caller]
fn reads<T: DeserializeOwned + PartialEq + Debug>(arguments: &str, expected: T) {
    assert_eq!(parse::<T>(arguments).unwrap(), expected, "{arguments}");
}

#[track_caller]
fn fails<T: DeserializeOwned + Debug>(arguments: &str, why: &str) {
    let error = parse::<T>(arguments).unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
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
    let (raw,): (Box<RawValue>,) = parse("[]").unwrap();
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
    let list: Vec<Box<RawValue>> = parse("[1, {\"b\": 1.0,\"a\":2}]").unwrap();
    assert_eq!(list.iter().map(|json| json.get()).collect::<Vec<_>>(), ["1", "{\"b\": 1.0,\"a\":2}"]);
    let (first,): (Box<RawValue>,) = parse("[ [1, 2], 3]").unwrap();
    assert_eq!(first.get(), "[1, 2]");
    let whole: Box<RawValue> = parse("[1, 2]").unwrap();
    assert_eq!(whole.get(), "[1, 2]");
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
        assert!(parse::<(u8, u8, u8)>(broken).is_err(), "{broken}");
        assert!(parse::<Vec<String>>(broken).is_err(), "{broken}");
        assert!(parse::<Point>(broken).is_err(), "{broken}");
    }
}

#[test]
fn deep_json_is_an_error_and_no_crash() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(parse::<serde_json::Value>(&deep).is_err());
    assert!(parse::<(serde_json::Value,)>(&deep).is_err());
    reads(&format!("[{deep}]"), ());
}

/// The arguments as they are sent, when `value` is what is sent.
fn sent<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value).unwrap() {
        serde_json::Value::Array(list) => json!(list),
        other => json!([other]),
    }
    .to_string()
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
        _ = parse::<(u8, Option<String>)>(&text);
        _ = parse::<Untagged>(&text);
        _ = parse::<Tagged>(&text);
        _ = parse::<Box<RawValue>>(&text);
        _ = parse::<String>(&text);
    }
}
