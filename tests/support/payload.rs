//! The payloads of both dialects, made and read by rules written down a second time.

use heirloom::Dialect;
use serde_json::{Value, json, value::RawValue};
use std::collections::HashMap;

/// A message of dialect `Frames`.
pub(crate) fn frame(text: &str) -> String {
    format!("~m~{}~m~{text}", text.encode_utf16().count())
}

/// A payload of dialect `Frames`.
pub(crate) fn frames(texts: &[&str]) -> String {
    texts.iter().map(|text| frame(text)).collect()
}

/// A client's payload.
pub(crate) fn payload(dialect: Dialect, texts: &[&str]) -> String {
    match dialect {
        Dialect::Json => json!(texts).to_string(),
        _ => frames(texts),
    }
}

/// A payload as a form body.
pub(crate) fn form(payload: &str) -> String {
    form_urlencoded::Serializer::new(String::new()).append_pair("data", payload).finish()
}

/// The messages of a server's payload of dialect `Frames`; one that is not made by the rules fails the test.
pub(crate) fn messages(payload: &str) -> Vec<String> {
    let mut units: Vec<u16> = payload.encode_utf16().collect();
    let marker: Vec<u16> = "~m~".encode_utf16().collect();
    let mut messages = Vec::new();
    while !units.is_empty() {
        assert!(units.starts_with(&marker), "{payload:?}");
        let end = units[3..].windows(3).position(|window| window == marker).unwrap() + 3;
        let length: usize = String::from_utf16(&units[3..end]).unwrap().parse().unwrap();
        let rest = units.split_off(end + 3 + length);
        messages.push(String::from_utf16(&units[end + 3..]).unwrap());
        units = rest;
    }
    messages
}

/// The messages of a server's payload; what is no text is its JSON.
pub(crate) fn read(dialect: Dialect, payload: &str) -> Vec<String> {
    if dialect != Dialect::Json {
        return messages(payload);
    }
    let envelope: HashMap<String, Box<RawValue>> = serde_json::from_str(payload).unwrap();
    let Some(list) = envelope.get("messages") else { return Vec::new() };
    let list: Vec<Box<RawValue>> = serde_json::from_str(list.get()).unwrap();
    let text = |element: &RawValue| serde_json::from_str(element.get()).unwrap_or_else(|_| element.get().to_owned());
    list.iter().map(|element| text(element)).collect()
}

/// The id in the first message of a session.
pub(crate) fn session_id(dialect: Dialect, message: &str) -> String {
    if dialect != Dialect::Json {
        return message.to_owned();
    }
    let object: Value = serde_json::from_str(message).unwrap();
    object["sessionid"].as_str().unwrap().to_owned()
}
