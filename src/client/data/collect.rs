//! Serialising into JSON and attachments.

use super::{Data, NAME, handed_over, placeholders};
use bytes::Bytes;
use serde::{
    Serialize, Serializer,
    ser::{
        Error as _, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
        SerializeTupleStruct, SerializeTupleVariant,
    },
};
use serde_json::value::{RawValue, to_raw_value};
use std::{borrow::Cow, cell::RefCell, fmt::Display};

/// The JSON serde_json would write for `value`, with placeholders where it has bytes.
pub(in crate::client) fn collect<T: Serialize + ?Sized>(value: &T) -> Result<Data, serde_json::Error> {
    let attachments = Attachments::default();
    let json = to_raw_value(&Inside { value, attachments: &attachments })?;
    Ok(Data::new(json, attachments.into_inner()))
}

type Attachments = RefCell<Vec<Bytes>>;

/// A value whose bytes are collected.
struct Inside<'a, T: ?Sized> {
    value: &'a T,
    attachments: &'a Attachments,
}

impl<T: Serialize + ?Sized> Serialize for Inside<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Collecting { inner: serializer, attachments: self.attachments })
    }
}

/// A serializer, or what it makes of a list or a map, around which bytes are collected.
struct Collecting<'a, S> {
    inner: S,
    attachments: &'a Attachments,
}

#[derive(Serialize)]
struct Placeholder {
    _placeholder: bool,
    num: usize,
}

impl<'a, S> Collecting<'a, S> {
    fn inside<'v, T: ?Sized>(&self, value: &'v T) -> Inside<'v, T>
    where
        'a: 'v,
    {
        Inside { value, attachments: self.attachments }
    }
}

impl<S: Serializer> Collecting<'_, S> {
    /// Writes `data` to the letter, but for the numbers in its placeholders.
    fn write(self, data: Data) -> Result<S::Ok, S::Error> {
        let count = data.attachments.len();
        let first = {
            let mut attachments = self.attachments.borrow_mut();
            let first = attachments.len();
            attachments.extend(data.attachments);
            first
        };
        if first == 0 || count == 0 {
            return data.json.serialize(self.inner);
        }
        let json = renumbered(data.json.get(), count, |number| first + number);
        RawValue::from_string(json.into_owned()).map_err(S::Error::custom)?.serialize(self.inner)
    }
}

/// `json` with other numbers in its placeholders.
pub(super) fn renumbered(json: &str, attachments: usize, number: impl Fn(usize) -> usize) -> Cow<'_, str> {
    let mut out = String::new();
    let mut done = 0;
    for placeholder in placeholders::find(json, attachments) {
        out.push_str(&json[done..placeholder.digits.start]);
        out.push_str(&number(placeholder.number).to_string());
        done = placeholder.digits.end;
    }
    if done == 0 {
        return json.into();
    }
    out.push_str(&json[done..]);
    out.into()
}

macro_rules! as_it_is {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(fn $method(self, $($name: $type),*) -> Result<S::Ok, S::Error> {
            self.inner.$method($($name),*)
        })*
    };
}

macro_rules! list_or_map {
    ($($method:ident($($name:ident: $type:ty),*) -> $compound:ident;)*) => {
        $(fn $method(self, $($name: $type),*) -> Result<Self::$compound, S::Error> {
            let attachments = self.attachments;
            Ok(Collecting { inner: self.inner.$method($($name),*)?, attachments })
        })*
    };
}

impl<'a, S: Serializer> Serializer for Collecting<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Collecting<'a, S::SerializeSeq>;
    type SerializeTuple = Collecting<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Collecting<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = Collecting<'a, S::SerializeTupleVariant>;
    type SerializeMap = Collecting<'a, S::SerializeMap>;
    type SerializeStruct = Collecting<'a, S::SerializeStruct>;
    type SerializeStructVariant = Collecting<'a, S::SerializeStructVariant>;

    fn serialize_bytes(self, bytes: &[u8]) -> Result<S::Ok, S::Error> {
        let num = {
            let mut attachments = self.attachments.borrow_mut();
            attachments.push(Bytes::copy_from_slice(bytes));
            attachments.len() - 1
        };
        Placeholder { _placeholder: true, num }.serialize(self.inner)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, name: &'static str, value: &T) -> Result<S::Ok, S::Error> {
        if name == NAME {
            if let Some(data) = handed_over::ask(|| value.serialize(serde_json::value::Serializer)) {
                return self.write(data);
            }
        }
        let value = self.inside(value);
        self.inner.serialize_newtype_struct(name, &value)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        let value = self.inside(value);
        self.inner.serialize_some(&value)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        let value = self.inside(value);
        self.inner.serialize_newtype_variant(name, index, variant, &value)
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.inner.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.inner.is_human_readable()
    }

    as_it_is! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_i128(value: i128);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_u128(value: u128);
        serialize_f32(value: f32);
        serialize_f64(value: f64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    list_or_map! {
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> SerializeTupleVariant;
        serialize_map(length: Option<usize>) -> SerializeMap;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize) -> SerializeStructVariant;
    }
}

macro_rules! elements {
    ($($trait:ident::$method:ident;)*) => {
        $(impl<S: $trait> $trait for Collecting<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
                let value = self.inside(value);
                self.inner.$method(&value)
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })*
    };
}

elements! {
    SerializeSeq::serialize_element;
    SerializeTuple::serialize_element;
    SerializeTupleStruct::serialize_field;
    SerializeTupleVariant::serialize_field;
}

macro_rules! fields {
    ($($trait:ident),*) => {
        $(impl<S: $trait> $trait for Collecting<'_, S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), S::Error> {
                let value = self.inside(value);
                self.inner.serialize_field(key, &value)
            }

            fn skip_field(&mut self, key: &'static str) -> Result<(), S::Error> {
                self.inner.skip_field(key)
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.inner.end()
            }
        })*
    };
}

fields!(SerializeStruct, SerializeStructVariant);

impl<S: SerializeMap> SerializeMap for Collecting<'_, S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        self.inner.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        let value = self.inside(value);
        self.inner.serialize_value(&value)
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.inner.end()
    }
}
