use super::*;
use serde_json::{Value, json};
use std::{collections::HashMap, fmt::Debug};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Picture {
    name: String,
    bytes: Bytes,
    preview: Option<Bytes>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(Bytes);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Part {
    Nothing,
    One(Bytes),
    Two(Bytes, u8),
    Named { bytes: Bytes },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Number(u8),
    Picture(Picture),
    Binary(Bytes),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type")]
enum Tagged {
    Picture(Picture),
    Any { what: Data },
}

fn binary(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

fn data(json: &str, attachments: &[&'static str]) -> Data {
    Data::new(RawValue::from_string(json.to_owned()).unwrap(), attachments.iter().map(|text| binary(text)).collect())
}

fn picture() -> Picture {
    Picture { name: "a".to_owned(), bytes: binary("one"), preview: Some(binary("two")) }
}

const FIRST: &str = r#"{"_placeholder":true,"num":0}"#;

#[track_caller]
fn round_trips<T: Serialize + DeserializeOwned + PartialEq + Debug>(
    value: &T,
    json: &str,
    attachments: &[&'static str],
) {
    let there = Data::of(value).unwrap();
    assert_eq!(there, data(json, attachments));
    assert_eq!(there.parse::<T>().unwrap(), *value, "{json}");
}

#[test]
fn what_serialises_as_bytes_is_an_attachment() {
    round_trips(&binary("one"), FIRST, &["one"]);
    round_trips(&Wrapped(binary("one")), FIRST, &["one"]);
    round_trips(&Some(binary("one")), FIRST, &["one"]);
    round_trips(&None::<Bytes>, "null", &[]);
    round_trips(
        &vec![binary("one"), binary("")],
        &format!(r#"[{FIRST},{{"_placeholder":true,"num":1}}]"#),
        &["one", ""],
    );
    round_trips(
        &picture(),
        &format!(r#"{{"name":"a","bytes":{FIRST},"preview":{{"_placeholder":true,"num":1}}}}"#),
        &["one", "two"],
    );
    round_trips(&HashMap::from([("a".to_owned(), binary("one"))]), &format!(r#"{{"a":{FIRST}}}"#), &["one"]);
    round_trips(&HashMap::from([(7_i8, binary("one"))]), &format!(r#"{{"7":{FIRST}}}"#), &["one"]);
    round_trips(&Part::Nothing, r#""Nothing""#, &[]);
    round_trips(&Part::One(binary("one")), &format!(r#"{{"One":{FIRST}}}"#), &["one"]);
    round_trips(&Part::Two(binary("one"), 2), &format!(r#"{{"Two":[{FIRST},2]}}"#), &["one"]);
    round_trips(&Part::Named { bytes: binary("one") }, &format!(r#"{{"Named":{{"bytes":{FIRST}}}}}"#), &["one"]);
    round_trips(&(vec![1_u8], binary("one"), Some(Part::Nothing)), &format!(r#"[[1],{FIRST},"Nothing"]"#), &["one"]);
}

#[test]
fn enums_the_data_decides_on_find_bytes() {
    for value in [Untagged::Number(1), Untagged::Picture(picture()), Untagged::Binary(binary("\u{e9}"))] {
        assert_eq!(Data::of(&value).unwrap().parse::<Untagged>().unwrap(), value);
    }
    let tagged = Tagged::Picture(picture());
    assert_eq!(Data::of(&tagged).unwrap().parse::<Tagged>().unwrap(), tagged);
}

#[test]
fn a_placeholder_may_be_written_in_any_way() {
    for json in [
        r#"{"num":0,"_placeholder":true}"#,
        "{ \"_placeholder\" :\ttrue,\n\"num\" : 0 }",
        r#"{"_placeholder":true,"more":[{"num":1}],"num":0}"#,
        r#"{"_placeholder":true,"more":[{"_placeholder":true,"num":0}],"num":0}"#,
        r#"{"\u005fplaceholder":true,"n\u0075m":0}"#,
        r#"{"num":7,"_placeholder":false,"_placeholder":true,"num":0}"#,
    ] {
        assert_eq!(data(json, &["one"]).parse::<Bytes>().unwrap(), "one", "{json}");
        assert_eq!(data(&format!("[{json}]"), &["one"]).parse::<Vec<Bytes>>().unwrap(), ["one"], "{json}");
    }
}

#[test]
fn what_only_looks_like_a_placeholder_is_an_object() {
    for json in [
        r#"{"_placeholder":true,"num":1}"#,
        r#"{"_placeholder":true,"num":-1}"#,
        r#"{"_placeholder":true,"num":0.5}"#,
        r#"{"_placeholder":true,"num":0e1}"#,
        r#"{"_placeholder":true,"num":"0"}"#,
        r#"{"_placeholder":true,"num":99999999999999999999999}"#,
        r#"{"_placeholder":true}"#,
        r#"{"_placeholder":"true","num":0}"#,
        r#"{"_placeholder":1,"num":0}"#,
        r#"{"_placeholder":true,"_placeholder":false,"num":0}"#,
        r#"{"_placeholder":{"_placeholder":true},"num":0}"#,
        r#"{"num":0}"#,
        r#"{"placeholder":true,"num":0}"#,
        r#"{"_placeholder":[true],"num":[0]}"#,
    ] {
        let value = data(json, &["one"]);
        assert!(value.parse::<Bytes>().is_err(), "{json}");
        assert_eq!(value.parse::<Value>().unwrap(), serde_json::from_str::<Value>(json).unwrap());
    }
    assert_eq!(data(r#"["{\"_placeholder\":true,\"num\":0}"]"#, &["one"]).parse::<(String,)>().unwrap().0.len(), 29);
}

#[test]
fn a_type_that_takes_no_bytes_gets_the_placeholder() {
    let list = format!("[{FIRST},1]");
    let value = json!([{"_placeholder": true, "num": 0}, 1]);
    assert_eq!(data(&list, &["one"]).parse::<Value>().unwrap(), value);
    assert_eq!(data(&list, &["one"]).parse::<(HashMap<String, Value>, u8)>().unwrap().0["num"], 0);
    let raw: Vec<Box<RawValue>> = data(&list, &["one"]).parse().unwrap();
    assert_eq!(raw[0].get(), FIRST);

    #[derive(Deserialize)]
    struct Flattened {
        bytes: Bytes,
        #[serde(flatten)]
        rest: HashMap<String, Value>,
    }
    let json = format!(r#"{{"bytes":{FIRST},"other":{{"_placeholder":true,"num":1}}}}"#);
    let flattened: Flattened = data(&json, &["one", "two"]).parse().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!((flattened.bytes, flattened.rest["other"]["num"].clone()), (binary("one"), json!(1)));
}

#[test]
fn binary_is_no_text_and_no_number() {
    let one = data(FIRST, &["one"]);
    assert!(one.parse::<String>().unwrap_err().to_string().contains("invalid type: binary"));
    assert!(one.parse::<u8>().is_err());
    assert!(one.parse::<Option<bool>>().is_err());
    assert!(one.parse::<()>().is_err());
    assert_eq!(one.parse::<Vec<u8>>().unwrap(), b"one");
    assert_eq!(one.parse::<[u8; 3]>().unwrap(), *b"one");
    assert!(one.parse::<[u8; 2]>().is_err());
}

#[test]
fn names_of_members_are_read_as_what_they_are_to_the_type() {
    #[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
    enum Side {
        Left,
    }
    fn keys<K: DeserializeOwned + std::hash::Hash + Eq>(key: &str) -> Option<K> {
        let data = data(&format!("{{{key}:{FIRST}}}"), &["one"]);
        let map: HashMap<K, Bytes> = data.parse().ok()?;
        map.into_keys().next()
    }
    assert_eq!(keys(r#""a\n""#), Some("a\n".to_owned()));
    assert_eq!(keys(r#""-3""#), Some(-3_i64));
    assert_eq!(keys(r#""18446744073709551615""#), Some(u64::MAX));
    assert_eq!(keys(r#""true""#), Some(true));
    assert_eq!(keys(r#""Left""#), Some(Side::Left));
    assert_eq!(keys(r#""x""#), Some(Some('x')));
    assert_eq!(keys::<u8>(r#""256""#), None);
    assert_eq!(keys::<u8>(r#""1 ""#), None);
    assert_eq!(keys::<u8>(r#"" 1""#), None);
    assert_eq!(keys::<bool>(r#""1""#), None);
    assert_eq!(keys::<Side>(r#""Right""#), None);
}

#[test]
fn an_attachment_stands_in_one_place() {
    let twice = data(&format!("[{FIRST},{FIRST}]"), &["one"]);
    assert!(twice.parse::<Vec<Bytes>>().unwrap_err().to_string().contains("two placeholders"));
    assert!(twice.parse::<Data>().is_err());
    assert!(serde_json::to_string(&twice).is_err());
}

#[test]
fn data_goes_out_again_to_the_letter() {
    let json = "{ \"b\": 1.0, \"a\" : [{\"num\":1,\"_placeholder\":true}, 10000000000000000000000000000.50],\
                \"\\u0061\":{ \"_placeholder\" : true, \"num\": 0 } }";
    let original = data(json, &["one", "two"]);
    assert_eq!(Data::of(&original).unwrap(), original);
    assert_eq!(Data::of(&Some(&original)).unwrap(), original);

    let both = Data::of(&(binary("zero"), &original, &original)).unwrap();
    let numbered = |first: usize, second: usize| {
        json.replace("\"num\":1", &format!("\"num\":{second}")).replace("\"num\": 0", &format!("\"num\": {first}"))
    };
    assert_eq!(both.json().get(), format!("[{FIRST},{},{}]", numbered(1, 2), numbered(3, 4)));
    assert_eq!(both.attachments(), ["zero", "one", "two", "one", "two"]);

    let (zero, one, two): (Bytes, Data, Data) = both.parse().unwrap();
    assert_eq!((zero, &one, &two), (binary("zero"), &original, &original));
}

#[test]
fn plain_data_goes_out_again_to_the_letter() {
    let plain = data(" {\"b\": 1.0, \"a\" : 1e400} ".trim(), &[]);
    assert_eq!(Data::of(&(binary("one"), &plain)).unwrap().json().get(), format!("[{FIRST},{}]", plain.json()));
    assert_eq!(serde_json::from_str::<Data>(plain.json().get()).unwrap(), plain);
    assert_eq!(plain.parse::<Data>().unwrap(), plain);
    assert_eq!(data(r#"{"a":1}"#, &[]).parse::<Value>().unwrap(), json!({"a": 1}));
}

#[test]
fn attachments_are_handed_over_and_not_copied() {
    let original = data(&format!("[{FIRST}]"), &["one"]);
    let address = original.attachments()[0].as_ptr();
    assert_eq!(original.parse::<Data>().unwrap().attachments()[0].as_ptr(), address);
    assert_eq!(Data::of(&(1, &original)).unwrap().attachments()[0].as_ptr(), address);
}

#[test]
fn data_may_stand_anywhere() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Flattened {
        name: String,
        #[serde(flatten)]
        rest: Data,
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u8),
        Data(Data),
    }
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(tag = "type")]
    enum Inside {
        Data(Data),
    }
    let part = || data(&format!(r#"{{"bytes":{FIRST}}}"#), &["one"]);
    let twice = format!(r#"{{"a":{FIRST},"b":{{"_placeholder":true,"num":1}}}}"#);
    round_trips(
        &HashMap::from([("c".to_owned(), data(&twice, &["one", "two"]))]),
        &format!(r#"{{"c":{twice}}}"#),
        &["one", "two"],
    );
    round_trips(&Some(part()), part().json().get(), &["one"]);
    round_trips(&None::<Data>, "null", &[]);
    round_trips(&Tagged::Any { what: part() }, &format!(r#"{{"type":"Any","what":{}}}"#, part().json()), &["one"]);
    round_trips(&Inside::Data(part()), &format!(r#"{{"type":"Data","bytes":{FIRST}}}"#), &["one"]);
    round_trips(&Either::Data(part()), part().json().get(), &["one"]);
    round_trips(
        &Flattened { name: "a".to_owned(), rest: part() },
        &format!(r#"{{"name":"a","bytes":{FIRST}}}"#),
        &["one"],
    );
}

#[test]
fn other_serializers_see_the_value() {
    let value = data(&format!(r#"{{"b":{FIRST},"a":[null,true,-1,1.5,"\u00e9",{{}}]}}"#), &["\u{1}\u{2}"]);
    let json = r#"{"b":[1,2],"a":[null,true,-1,1.5,"é",{}]}"#;
    assert_eq!(serde_json::to_string(&value).unwrap(), json);
    assert_eq!(serde_json::to_value(&value).unwrap(), serde_json::from_str::<Value>(json).unwrap());
    assert_eq!(serde_json::from_str::<Data>(json).unwrap().json().get(), json);
    let read: Data = serde_json::from_value(json!({"a": 1})).unwrap();
    assert_eq!(read, data(r#"{"a":1}"#, &[]));
}

#[test]
fn another_serializer_inside_this_one_is_no_concern_of_ours() {
    struct Quoted(Data);
    impl Serialize for Quoted {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.serialize_str(&serde_json::to_string(&self.0).unwrap())
        }
    }
    let quoted = Quoted(data(FIRST, &["\u{1}"]));
    assert_eq!(Data::of(&(&quoted, binary("one"))).unwrap(), data(&format!(r#"["[1]",{FIRST}]"#), &["one"]));
}

#[test]
fn what_has_no_json_form_is_an_error() {
    assert!(Data::of(&HashMap::from([(binary("a"), 1)])).is_err());
    assert!(Data::of(&HashMap::from([(vec![1], binary("a"))])).is_err());
}

#[test]
fn depth_is_an_error_and_no_crash() {
    for depth in [200, 10_000, 100_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let json = open.repeat(depth) + FIRST + &close.repeat(depth);
            let deep = data(&json, &["one"]);
            assert!(deep.parse::<Value>().is_err());
            assert!(deep.parse::<Untagged>().is_err());
            assert!(serde_json::to_string(&deep).is_err());
            assert_eq!(deep.parse::<Data>().unwrap(), deep);
            assert_eq!(Data::of(&deep).unwrap(), deep);
            let beside = Data::of(&(binary("zero"), &deep)).unwrap();
            assert_eq!(beside.parse::<(Bytes, Data)>().unwrap().1, deep);
            deep.parse::<serde::de::IgnoredAny>().unwrap();
        }
    }
    let just = "[".repeat(127) + &"]".repeat(127);
    assert!(data(&just, &["one"]).parse::<Value>().is_ok() && data(&just, &[]).parse::<Value>().is_ok());
    let too = format!("[{just}]");
    assert!(data(&too, &["one"]).parse::<Value>().is_err() && data(&too, &[]).parse::<Value>().is_err());
}

mod properties;
