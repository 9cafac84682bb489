//! The data of an event packet: `{"name":…,"args":[…]}`.

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::{borrow::Cow, fmt};

/// The data of an event packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event<'a> {
    /// The name, which may be empty.
    pub(crate) name: Cow<'a, str>,
    /// The arguments.
    pub(crate) arguments: Arguments<'a>,
}

/// The arguments of an event, always a JSON array.
#[derive(Debug, Clone)]
pub(crate) struct Arguments<'a>(Cow<'a, RawValue>);

impl Arguments<'_> {
    /// The array as JSON text.
    pub(crate) fn json(&self) -> &str {
        self.0.get()
    }

    pub(crate) fn into_owned(self) -> Box<RawValue> {
        self.0.into_owned()
    }
}

#[cfg(test)]
impl Arguments<'static> {
    pub(super) fn of(json: &str) -> Self {
        Self(Cow::Owned(RawValue::from_string(json.to_owned()).unwrap()))
    }
}

#[cfg(test)]
impl Arguments<'_> {
    pub(super) fn is_borrowed(&self) -> bool {
        matches!(self.0, Cow::Borrowed(_))
    }
}

impl Eq for Arguments<'_> {}

impl PartialEq for Arguments<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.json() == other.json()
    }
}

/// Reads the data of an event packet.
pub(super) fn decode(data: &str) -> Option<Event<'_>> {
    let fields: EventFields<'_> = serde_json::from_str(data).ok()?;
    let list = |text: String| RawValue::from_string(text).map(Cow::Owned).ok();
    let arguments = match fields.arguments.filter(|json| json.get() != "null") {
        None => list("[]".to_owned())?,
        Some(json) if super::is_array(json) => Cow::Borrowed(json),
        Some(json) => list(format!("[{}]", json.get()))?,
    };
    Some(Event { name: string(fields.name?)?, arguments: Arguments(arguments) })
}

/// The text of a JSON string; only one with escapes in it is copied. `None` for any other value, and for half a surrogate pair.
fn string(json: &RawValue) -> Option<Cow<'_, str>> {
    let inner = json.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str(json.get()).ok().map(Cow::Owned)
}

/// What counts in the object of an event. As in JavaScript, the last of several fields of one name holds.
#[derive(Default)]
struct EventFields<'a> {
    name: Option<&'a RawValue>,
    arguments: Option<&'a RawValue>,
}

impl<'de> Deserialize<'de> for EventFields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = EventFields<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("the object of an event")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = EventFields::default();
                while let Some(key) = map.next_key()? {
                    match key {
                        Key::Name => fields.name = Some(map.next_value()?),
                        Key::Arguments => fields.arguments = Some(map.next_value()?),
                        Key::Other => _ = map.next_value::<IgnoredAny>()?,
                    }
                }
                Ok(fields)
            }
        }

        deserializer.deserialize_map(Object)
    }
}

enum Key {
    Name,
    Arguments,
    Other,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Key;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a key")
            }

            fn visit_bytes<E>(self, key: &[u8]) -> Result<Key, E> {
                Ok(match key {
                    b"name" => Key::Name,
                    b"args" => Key::Arguments,
                    _ => Key::Other,
                })
            }
        }

        // As bytes, so that half a surrogate pair in a key nobody reads does no harm.
        deserializer.deserialize_bytes(Bytes)
    }
}
