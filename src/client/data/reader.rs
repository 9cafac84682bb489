//! Deserialising JSON with attachments: where a placeholder stands a type finds bytes.

use super::{
    Data, NAME, Source, handed_over,
    placeholders::{end_of_scalar, end_of_string, skip_space},
};
use bytes::Bytes;
use members::Members;
use serde::de::{Deserializer, Error as _, Unexpected, Visitor, value::SeqDeserializer};
use serde_json::{Error, value::RawValue};
use std::ops::Range;

mod key;
mod members;

/// As deep as serde_json goes.
const DEEPEST: usize = 127;

type Leaf<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

/// Reads a text from one place in it to the next.
pub(in crate::client) struct Reader<'de> {
    source: &'de Source<'de>,
    json: &'de str,
    at: usize,
    depth: usize,
}

impl<'de> Reader<'de> {
    pub(super) fn new(source: &'de Source<'de>, json: &'de str) -> Self {
        Self { source, json, at: 0, depth: 0 }
    }

    /// Goes to the first element of the list it is at, or where there is none to a `null`.
    pub(in crate::client) fn first(mut self) -> Result<Self, Error> {
        if self.peek() != Some(b'[') {
            return Err(Error::custom("the arguments are no list"));
        }
        self.at += 1;
        if self.peek() == Some(b']') {
            (self.json, self.at) = ("null", 0);
        }
        Ok(self)
    }

    /// The first byte of what comes next.
    fn peek(&mut self) -> Option<u8> {
        self.at = skip_space(self.json.as_bytes(), self.at);
        self.json.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, expected: u8) -> Result<(), Error> {
        match self.peek() {
            Some(byte) if byte == expected => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(Error::custom(format_args!("trailing characters, expected `{}`", char::from(expected)))),
            None => Err(Error::custom("EOF while parsing a value")),
        }
    }

    /// Goes past the value that comes next, and says where it stood.
    fn skip(&mut self) -> Range<usize> {
        self.peek();
        let (json, start) = (self.json.as_bytes(), self.at);
        let mut depth = 0_usize;
        while let Some(byte) = json.get(self.at) {
            match byte {
                b'"' => self.at = end_of_string(json, self.at),
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                }
                b']' | b'}' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | b'\n' | b',' | b':' => self.at += 1,
                _ => self.at = end_of_scalar(json, self.at),
            }
            if depth == 0 {
                break;
            }
        }
        start..self.at
    }

    /// The value that comes next for serde_json to read, where there is no binary in it.
    fn leaf(&mut self) -> Leaf<'de> {
        let span = self.skip();
        Leaf::from_str(&self.json[span])
    }

    /// The binary that comes next, if there is some.
    fn binary(&mut self) -> Option<&'de Bytes> {
        if self.peek() != Some(b'{') {
            return None;
        }
        let (binary, end) = self.source.binary(self.at)?;
        self.at = end;
        Some(binary)
    }

    /// Reads what is between two brackets.
    fn within<T>(&mut self, end: u8, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == DEEPEST {
            return Err(Error::custom("recursion limit exceeded"));
        }
        self.at += 1;
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        self.expect(end)?;
        Ok(value)
    }

    fn list<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.within(b']', |reader| visitor.visit_seq(Members::of(reader)))
    }

    fn map<V: Visitor<'de>>(&mut self, visitor: V) -> Result<V::Value, Error> {
        self.within(b'}', |reader| visitor.visit_map(Members::of(reader)))
    }
}

macro_rules! leaves {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            match (self.binary(), self.peek()) {
                (Some(_), _) => Err(Error::invalid_type(Unexpected::Other("binary"), &visitor)),
                (None, Some(b'[' | b'{')) => self.deserialize_any(visitor),
                (None, _) => self.leaf().$method($($name,)* visitor),
            }
        })*
    };
}

impl<'de> Deserializer<'de> for &mut Reader<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if !self.source.as_objects {
            if let Some(binary) = self.binary() {
                self.source.has_given.set(true);
                return visitor.visit_borrowed_bytes(binary);
            }
        }
        match self.peek() {
            Some(b'[') => self.list(visitor),
            Some(b'{') => self.map(visitor),
            _ => self.leaf().deserialize_any(visitor),
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.binary(), self.peek()) {
            (Some(binary), _) => visitor.visit_borrowed_bytes(binary),
            (None, Some(b'[' | b'{')) => self.deserialize_any(visitor),
            (None, _) => self.leaf().deserialize_bytes(visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.binary() {
            Some(binary) => visitor.visit_byte_buf(binary.to_vec()),
            None => self.deserialize_bytes(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'n') => self.leaf().deserialize_option(visitor),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        if name == NAME {
            let span = self.skip();
            let part = match std::ptr::eq(self.json, self.source.json) {
                true => self.source.part(span)?,
                false => Data::new(RawValue::from_string(self.json.to_owned())?, Vec::new()),
            };
            return handed_over::offer(part, || visitor.visit_unit());
        }
        // By such a name serde_json knows its `RawValue`.
        if name.starts_with('$') {
            return self.leaf().deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    /// A list of numbers may come as binary.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match (self.binary(), self.peek()) {
            (Some(binary), _) => {
                let mut list = SeqDeserializer::new(binary.iter().copied());
                let value = visitor.visit_seq(&mut list)?;
                list.end().map(|()| value)
            }
            (None, Some(b'[')) => self.list(visitor),
            (None, _) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'{') => self.map(visitor),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.peek() {
            Some(b'{') => self.within(b'}', |reader| visitor.visit_enum(Members::of(reader))),
            _ => self.leaf().deserialize_enum(name, variants, visitor),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.skip();
        visitor.visit_unit()
    }

    leaves! {
        deserialize_bool();
        deserialize_i8();
        deserialize_i16();
        deserialize_i32();
        deserialize_i64();
        deserialize_i128();
        deserialize_u8();
        deserialize_u16();
        deserialize_u32();
        deserialize_u64();
        deserialize_u128();
        deserialize_f32();
        deserialize_f64();
        deserialize_char();
        deserialize_str();
        deserialize_string();
        deserialize_unit();
        deserialize_unit_struct(name: &'static str);
        deserialize_identifier();
    }
}
