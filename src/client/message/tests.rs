use super::*;

fn event<T: Serialize>(arguments: T) -> String {
    event_message("move", list_of_arguments(&arguments).unwrap().json().get())
}

#[test]
fn a_tuple_or_list_is_the_arguments_and_anything_else_is_one() {
    assert_eq!(event((1, "a")), r#"{"name":"move","args":[1,"a"]}"#);
    assert_eq!(event(["x"]), r#"{"name":"move","args":["x"]}"#);
    assert_eq!(event("x"), r#"{"name":"move","args":["x"]}"#);
    assert_eq!(event(()), r#"{"name":"move","args":[]}"#);
    assert_eq!(event(None::<u8>), r#"{"name":"move","args":[null]}"#);
    assert_eq!(event(([1, 2],)), r#"{"name":"move","args":[[1,2]]}"#);
}

#[test]
fn an_event_message_is_read_back_and_nothing_else_is_one() {
    let raw = |json: &str| RawValue::from_string(json.to_owned()).unwrap();
    let json = raw(&event_message("a \"b\"", "[1, {\"x\": 2}]"));
    let (name, arguments) = read_event_message(&json).unwrap();
    assert_eq!((name.as_str(), arguments.get()), ("a \"b\"", "[1, {\"x\": 2}]"));
    for other in [
        "1",
        "[]",
        r#"{"name":"a"}"#,
        r#"{"args":[]}"#,
        r#"{"name":1,"args":[]}"#,
        r#"{"name":"a","args":{}}"#,
        r#"{"name":"a","args":[],"at":1}"#,
    ] {
        assert!(read_event_message(&raw(other)).is_none(), "{other}");
    }
}

const FIRST: &str = r#"{"_placeholder":true,"num":0}"#;

fn data(json: &str) -> Data {
    Data::new(RawValue::from_string(json.to_owned()).unwrap(), vec![Bytes::from_static(b"one")])
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Upload {
    bytes: Bytes,
}

#[test]
fn binary_is_one_argument_and_may_be_in_others() {
    let one = Bytes::from_static(b"one");
    assert_eq!(list_of_arguments(&one).unwrap(), data(&format!("[{FIRST}]")));
    assert_eq!(list_of_arguments(&(&one,)).unwrap(), data(&format!("[{FIRST}]")));
    assert_eq!(list_of_arguments(&[&one]).unwrap(), data(&format!("[{FIRST}]")));
    assert_eq!(list_of_arguments(&(1, &one)).unwrap(), data(&format!("[1,{FIRST}]")));
    assert_eq!(list_of_arguments(&Upload { bytes: one }).unwrap(), data(&format!(r#"[{{"bytes":{FIRST}}}]"#)));
    assert_eq!(list_of_arguments(&data("[1,2]")).unwrap(), data("[1,2]"));
    assert_eq!(list_of_arguments(&data(FIRST)).unwrap(), data(&format!("[{FIRST}]")));
}

#[test]
fn the_first_argument_is_a_message_of_its_kind() {
    let one = Bytes::from_static(b"one");
    assert_eq!(first_argument(data("[]")), None);
    assert_eq!(first_argument(data(" [ ]")), None);
    assert_eq!(first_argument(data("[null]")), Some(Message::from(serde_json::Value::Null)));
    assert_eq!(first_argument(data(r#"["a\n",1]"#)), Some(Message::from("a\n")));
    let plain = RawValue::from_string("[{ \"a\":1.0},1]".to_owned()).unwrap();
    let json = RawValue::from_string("{ \"a\":1.0}".to_owned()).unwrap();
    assert_eq!(first_argument(Data::new(plain, Vec::new())), Some(Message::Json(json.clone())));
    assert_eq!(first_argument(data(&format!("[{{ \"a\":1.0}},{FIRST}]"))), Some(Message::Json(json)));
    assert_eq!(first_argument(data(&format!("[ {FIRST}, 1]"))), Some(Message::Binary(one)));
    assert_eq!(first_argument(data(&format!("[[{FIRST}]]"))), Some(Message::Data(data(&format!("[{FIRST}]")))));
}

#[test]
fn a_text_is_the_same_message_however_it_is_written() {
    let plain = |json: &str| Data::new(RawValue::from_string(json.to_owned()).unwrap(), Vec::new());
    for (list, text) in [
        (r#"["a"]"#, "a"),
        (r#"[""]"#, ""),
        ("[ \t\"a\"]", "a"),
        (r#"["a" ]"#, "a"),
        (r#"["a","b"]"#, "a"),
        (r#"["a]","b"]"#, "a]"),
        (r#"["a",["b"]]"#, "a"),
        (r#"["a\"]"]"#, "a\"]"),
        (r#"["\\"]"#, "\\"),
        (r#"["\u00e9"]"#, "é"),
        ("[\"é漢😀\u{2028}\u{7f}\"]", "é漢😀\u{2028}\u{7f}"),
    ] {
        assert_eq!(first_argument(plain(list)), Some(Message::from(text)), "{list}");
    }
}

#[test]
fn json_with_binary_inside_is_data() {
    let upload = || Upload { bytes: Bytes::from_static(b"one") };
    let message = Message::json(&upload()).unwrap();
    assert_eq!(message, Message::Data(data(&format!(r#"{{"bytes":{FIRST}}}"#))));
    assert_eq!(message.parse::<Upload>().unwrap(), upload());
    assert_eq!((message.as_text(), message.as_binary()), (None, None));
    assert!(matches!(Message::json(&[1]).unwrap(), Message::Json(json) if json.get() == "[1]"));
    assert!(matches!(Message::from(Data::of(&[1]).unwrap()), Message::Json(json) if json.get() == "[1]"));
}

#[test]
fn binary_is_binary() {
    let message = Message::from(vec![1, 2]);
    assert_eq!(message, Message::from(Bytes::from_static(&[1, 2])));
    assert_ne!(message, Message::from(vec![1]));
    assert_ne!(message, Message::json(&Bytes::from_static(&[1, 2])).unwrap());
    assert_eq!(message.as_binary().unwrap(), &[1, 2][..]);
    assert_eq!((message.as_text(), Message::from("a").as_binary()), (None, None));
    assert!(message.parse::<Vec<u8>>().unwrap_err().to_string().contains("not JSON"));
}

#[test]
fn json_reads_as_the_applications_own_type() {
    let message = Message::from(serde_json::json!({"x": 1}));
    let value: std::collections::HashMap<String, u8> = message.parse().unwrap();
    assert_eq!(value["x"], 1);
    assert!(message.parse::<String>().is_err());
    assert!(Message::from("text").parse::<String>().unwrap_err().to_string().contains("not JSON"));
}
