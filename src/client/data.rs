//! JSON with binary inside.

use super::message::ParseError;
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, Error as _, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::value::RawValue;
use std::fmt;
use transcode::Transcode;

mod collect;
mod handed_over;
mod placeholders;
mod reader;
mod source;
mod transcode;

pub(super) use collect::collect;
pub(super) use handed_over::offer;
pub(super) use reader::Reader;
pub(super) use source::Source;

/// The name of a newtype that no type of an application has: how [`Data`] makes itself known to the serializer and the
/// deserializer of this crate.
pub(super) const NAME: &str = "$heirloom::private::Data";

/// By this name serde_json knows its `RawValue`. Where it does not, JSON is read value by value.
const RAW_VALUE: &str = "$serde_json::private::RawValue";

/// A JSON value with binary inside, as clients of Socket.IO 1.0 and later send it: where binary stands, the JSON has
/// the placeholder `{"_placeholder":true,"num":N}`, and the binary itself is the attachment of that number.
///
/// It is kept as it was received: it is parsed when the application asks, and goes out again unchanged. A type with
/// `Data` in a field, or a handler that takes it for the whole list of arguments, has what it need not understand.
///
/// Other serializers than those of this crate see the value with bytes where binary stands.
///
/// A type that is either text or bytes, such as an untagged enum of `String` and [`Bytes`], cannot tell binary that is
/// UTF-8 from text: both types take both.
#[derive(Clone)]
pub struct Data {
    json: Box<RawValue>,
    attachments: Vec<Bytes>,
}

impl Data {
    pub(crate) fn new(json: Box<RawValue>, attachments: Vec<Bytes>) -> Self {
        Self { json, attachments }
    }

    /// The data of any serialisable value. What it serialises as bytes, as [`Bytes`] does, is an attachment.
    ///
    /// # Errors
    ///
    /// When the value has no JSON form (a map with keys that are no strings, or a failing `Serialize`).
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        collect(value)
    }

    /// The JSON, with placeholders where binary stands.
    #[must_use]
    pub fn json(&self) -> &RawValue {
        &self.json
    }

    /// The binary, by the numbers in the placeholders.
    #[must_use]
    pub fn attachments(&self) -> &[Bytes] {
        &self.attachments
    }

    /// Reads it as a value of the application's own type, which finds bytes where binary stands.
    ///
    /// # Errors
    ///
    /// When it does not fit the type.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        let value = match self.is_plain() {
            true => serde_json::from_str(self.json.get()),
            false => Source::read(self, |source| T::deserialize(&mut source.reader())),
        };
        value.map_err(ParseError::json)
    }

    /// The bytes it takes.
    pub(crate) fn length(&self) -> usize {
        self.json.get().len() + self.attachments.iter().map(Bytes::len).sum::<usize>()
    }

    /// Whether there is no binary in it.
    pub(crate) fn is_plain(&self) -> bool {
        self.attachments.is_empty()
    }

    /// The same attachments in other JSON.
    pub(super) fn with_json(self, json: Box<RawValue>) -> Self {
        Self { json, ..self }
    }

    /// The JSON.
    pub(super) fn into_json(self) -> Box<RawValue> {
        self.json
    }

    /// The one attachment this is, when there is nothing around it.
    pub(super) fn as_binary(&self) -> Option<&Bytes> {
        if self.is_plain() {
            return None;
        }
        let json = self.json.get();
        match placeholders::find(json, self.attachments.len()).as_slice() {
            [placeholder] if placeholder.span == (0..json.len()) => self.attachments.get(placeholder.number),
            _ => None,
        }
    }
}

impl Eq for Data {}

/// Data are equal when they say the same on the wire.
impl PartialEq for Data {
    fn eq(&self, other: &Self) -> bool {
        self.json.get() == other.json.get() && self.attachments == other.attachments
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<_> = self.attachments.iter().map(Bytes::len).collect();
        formatter.debug_struct("Data").field("json", &self.json.get()).field("attachments", &lengths).finish()
    }
}

impl Serialize for Data {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_newtype_struct(NAME, &Inner(self))
    }
}

/// What is inside the newtype: itself when it is asked for, and to others a value like any other.
struct Inner<'a>(&'a Data);

impl Serialize for Inner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if handed_over::answer(self.0) {
            return serializer.serialize_unit();
        }
        let source = Source::new(self.0).map_err(serde::ser::Error::custom)?;
        Transcode::new(&mut source.reader()).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Data {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(NAME, Whole)
    }
}

/// Takes what the deserializer of this crate hands over; any other passes itself on.
struct Whole;

impl<'de> Visitor<'de> for Whole {
    type Value = Data;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Data, E> {
        handed_over::take().map_or_else(|| collect(&()).map_err(E::custom), Ok)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        deserializer.deserialize_newtype_struct(RAW_VALUE, Json)
    }
}

/// Takes JSON to the letter from serde_json, and from others the value.
struct Json;

impl<'de> Visitor<'de> for Json {
    type Value = Data;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Data, A::Error> {
        let json = Box::<RawValue>::deserialize(MapAccessDeserializer::new(map))?;
        Ok(Data::new(json, Vec::new()))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Data, D::Error> {
        collect(&Transcode::new(deserializer)).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
