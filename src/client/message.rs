//! What an application and its clients say to each other.

use super::{
    arguments,
    data::{Data, collect},
};
use crate::wire::script;
use bytes::Bytes;
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
    /// Binary. Clients of Socket.IO before 1.0 have none.
    Binary(Bytes),
    /// A JSON value with binary inside.
    Data(Data),
}

impl Message {
    /// A JSON message of any serialisable value, with binary inside where it serialises as bytes.
    ///
    /// # Errors
    ///
    /// When the value has no JSON form (a map with keys that are no strings, or a failing `Serialize`).
    pub fn json<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        collect(value).map(Self::from)
    }

    /// The text, when it is one.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Json(_) | Self::Binary(_) | Self::Data(_) => None,
        }
    }

    /// The binary, when it is nothing else.
    #[must_use]
    pub fn as_binary(&self) -> Option<&Bytes> {
        match self {
            Self::Binary(binary) => Some(binary),
            Self::Text(_) | Self::Json(_) | Self::Data(_) => None,
        }
    }

    /// Reads a JSON message as a value of the application's own type.
    ///
    /// # Errors
    ///
    /// When the message is text or binary, or its JSON does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        match self {
            Self::Text(_) => Err(ParseError(Mistaken::Text)),
            Self::Binary(_) => Err(ParseError(Mistaken::Binary)),
            Self::Json(json) => serde_json::from_str(json.get()).map_err(ParseError::json),
            Self::Data(data) => data.parse(),
        }
    }
}

/// A list of arguments: a tuple, an array or a slice is the list, `()` is none, anything else is one.
pub(crate) fn list_of_arguments<T: Serialize + ?Sized>(arguments: &T) -> Result<Data, serde_json::Error> {
    let data = collect(arguments)?;
    let json = data.json().get();
    let list = match json.trim_start().as_bytes().first() {
        Some(b'[') => return Ok(data),
        // A unit, not an absent value, which is an argument like any other.
        Some(b'n') if size_of_val(arguments) == 0 => "[]".to_owned(),
        _ => format!("[{json}]"),
    };
    Ok(data.with_json(RawValue::from_string(list)?))
}

/// What an event named `message` says: its first argument, if it has one.
pub(crate) fn first_argument(arguments: Data) -> Option<Message> {
    let list = arguments.json().get();
    let inner = list.trim_ascii_start().strip_prefix('[')?.trim_ascii_start();
    if inner.starts_with(']') {
        return None;
    }
    let text = inner.strip_prefix('"').and_then(|rest| rest.strip_suffix("\"]"));
    if let Some(text) = text.filter(|text| script::is_literal(text, false)) {
        // Mostly it is a text, there is nothing behind it, and nothing in it has to be undone.
        let end = list.len() - 2;
        let start = end - text.len();
        let mut text = String::from(Box::<str>::from(arguments.into_json()));
        text.truncate(end);
        text.drain(..start);
        return Some(Message::Text(text));
    }
    let (first,): (Data,) = arguments::parse(&arguments).ok()?;
    if let Some(binary) = first.as_binary() {
        return Some(Message::Binary(binary.clone()));
    }
    Some(match serde_json::from_str::<String>(first.json().get()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::from(first),
    })
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
            (Self::Binary(one), Self::Binary(other)) => one == other,
            (Self::Data(one), Self::Data(other)) => one == other,
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

impl From<Bytes> for Message {
    fn from(binary: Bytes) -> Self {
        Self::Binary(binary)
    }
}

impl From<Vec<u8>> for Message {
    fn from(binary: Vec<u8>) -> Self {
        Self::Binary(binary.into())
    }
}

/// JSON, when there is no binary in it.
impl From<Data> for Message {
    fn from(data: Data) -> Self {
        if data.is_plain() { Self::Json(data.into_json()) } else { Self::Data(data) }
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
pub struct ParseError(Mistaken);

#[derive(Debug)]
enum Mistaken {
    Text,
    Binary,
    Json(serde_json::Error),
}

impl ParseError {
    /// Reads JSON as a value of the application's own type.
    pub(super) fn read<T: DeserializeOwned>(json: &str) -> Result<T, Self> {
        serde_json::from_str(json).map_err(Self::json)
    }

    pub(super) fn json(source: serde_json::Error) -> Self {
        Self(Mistaken::Json(source))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Mistaken::Text => formatter.write_str("the message is text, not JSON"),
            Mistaken::Binary => formatter.write_str("the message is binary, not JSON"),
            Mistaken::Json(source) => write!(formatter, "the message's JSON does not fit: {source}"),
        }
    }
}

impl std::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Mistaken::Text | Mistaken::Binary => None,
            Mistaken::Json(source) => Some(source),
        }
    }
}

#[cfg(test)]
mod tests;
