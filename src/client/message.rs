//! What an application and its clients say to each other.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// A message of any generation.
///
/// JSON is kept as the text that was received: it is parsed when the application asks, and goes out again unchanged.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Message {
    /// Plain text.
    Text(String),
    /// A JSON value.
    Json(Box<RawValue>),
}

impl Message {
    /// A JSON message of any serialisable value.
    ///
    /// # Errors
    ///
    /// When the value has no JSON form (a map with keys that are no strings, or a failing `Serialize`).
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::value::to_raw_value(value).map(Self::Json)
    }

    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(_) => None,
        }
    }

    /// Reads a JSON message as a value of the application's own type.
    ///
    /// # Errors
    ///
    /// When the message is text, or its JSON does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        match self {
            Self::Text(_) => Err(ParseError { source: None }),
            Self::Json(json) => serde_json::from_str(json.get()).map_err(|source| ParseError { source: Some(source) }),
        }
    }
}

/// Arguments as a JSON array: a tuple, an array or a slice is the list, `()` is none, anything else is one.
pub(crate) fn list_of_arguments<T: Serialize + ?Sized>(arguments: &T) -> Result<Box<RawValue>, serde_json::Error> {
    let json = serde_json::value::to_raw_value(arguments)?;
    match json.get().trim_start().as_bytes().first() {
        Some(b'[') => Ok(json),
        // A unit, not an absent value, which is an argument like any other.
        Some(b'n') if size_of_val(arguments) == 0 => RawValue::from_string("[]".to_owned()),
        _ => RawValue::from_string(format!("[{}]", json.get())),
    }
}

/// The message `{"name": …, "args": […]}`: how an event is said to clients that know none.
pub(crate) fn event_message(name: &str, arguments: &str) -> String {
    let name = serde_json::Value::from(name);
    format!(r#"{{"name":{name},"args":{arguments}}}"#)
}

/// Reads such a message: a name and a list, and nothing else.
pub(crate) fn read_event_message(json: &RawValue) -> Option<(String, &RawValue)> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Event<'a> {
        name: String,
        #[serde(borrow)]
        args: &'a RawValue,
    }
    let event: Event<'_> = serde_json::from_str(json.get()).ok()?;
    event.args.get().starts_with('[').then_some((event.name, event.args))
}

impl Eq for Message {}

/// Messages are equal when they say the same on the wire.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => one == other,
            (Self::Json(one), Self::Json(other)) => one.get() == other.get(),
            _ => false,
        }
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Message {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Cow<'_, str>> for Message {
    fn from(text: Cow<'_, str>) -> Self {
        Self::Text(text.into_owned())
    }
}

impl From<&Message> for Message {
    fn from(message: &Message) -> Self {
        message.clone()
    }
}

impl From<Box<RawValue>> for Message {
    fn from(json: Box<RawValue>) -> Self {
        Self::Json(json)
    }
}

impl From<serde_json::Value> for Message {
    fn from(value: serde_json::Value) -> Self {
        // A `Value` always has a JSON form; the text of one is never refused.
        match RawValue::from_string(value.to_string()) {
            Ok(json) => Self::Json(json),
            Err(_) => Self::Text(value.to_string()),
        }
    }
}

/// A message was not what the application took it for.
#[derive(Debug)]
pub struct ParseError {
    source: Option<serde_json::Error>,
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            None => formatter.write_str("the message is text, not JSON"),
            Some(source) => write!(formatter, "the message's JSON does not fit: {source}"),
        }
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event<T: Serialize>(arguments: T) -> String {
        event_message("move", list_of_arguments(&arguments).unwrap().get())
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

    #[test]
    fn json_reads_as_the_applications_own_type() {
        let message = Message::from(serde_json::json!({"x": 1}));
        let value: std::collections::HashMap<String, u8> = message.parse().unwrap();
        assert_eq!(value["x"], 1);
        assert!(message.parse::<String>().is_err());
        assert!(Message::from("text").parse::<String>().unwrap_err().to_string().contains("not JSON"));
    }
}
