//! Serialising what a deserializer reads.

use serde::{
    Deserializer, Serialize, Serializer,
    de::{DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
    ser::{Error as _, SerializeMap, SerializeSeq},
};
use std::{cell::Cell, fmt, marker::PhantomData};

/// What `D` reads, to be serialised once.
pub(super) struct Transcode<'de, D>(Cell<Option<D>>, PhantomData<&'de ()>);

impl<'de, D: Deserializer<'de>> Transcode<'de, D> {
    pub(super) fn new(deserializer: D) -> Self {
        Self(Cell::new(Some(deserializer)), PhantomData)
    }
}

impl<'de, D: Deserializer<'de>> Serialize for Transcode<'de, D> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let deserializer = self.0.take().ok_or_else(|| S::Error::custom("the value was serialised before"))?;
        deserializer.deserialize_any(To(serializer)).map_err(S::Error::custom)
    }
}

/// Serialises what it visits.
struct To<S>(S);

macro_rules! simple {
    ($($visit:ident($type:ty) => $serialize:ident;)*) => {
        $(fn $visit<E: serde::de::Error>(self, value: $type) -> Result<S::Ok, E> {
            self.0.$serialize(value).map_err(E::custom)
        })*
    };
}

impl<'de, S: Serializer> Visitor<'de> for To<S> {
    type Value = S::Ok;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("any value")
    }

    simple! {
        visit_bool(bool) => serialize_bool;
        visit_i8(i8) => serialize_i8;
        visit_i16(i16) => serialize_i16;
        visit_i32(i32) => serialize_i32;
        visit_i64(i64) => serialize_i64;
        visit_i128(i128) => serialize_i128;
        visit_u8(u8) => serialize_u8;
        visit_u16(u16) => serialize_u16;
        visit_u32(u32) => serialize_u32;
        visit_u64(u64) => serialize_u64;
        visit_u128(u128) => serialize_u128;
        visit_f32(f32) => serialize_f32;
        visit_f64(f64) => serialize_f64;
        visit_char(char) => serialize_char;
        visit_str(&str) => serialize_str;
        visit_bytes(&[u8]) => serialize_bytes;
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<S::Ok, E> {
        self.0.serialize_unit().map_err(E::custom)
    }

    fn visit_none<E: serde::de::Error>(self) -> Result<S::Ok, E> {
        self.0.serialize_none().map_err(E::custom)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Ok, D::Error> {
        self.0.serialize_some(&Transcode::new(deserializer)).map_err(D::Error::custom)
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<S::Ok, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<S::Ok, A::Error> {
        let mut out = self.0.serialize_seq(list.size_hint()).map_err(A::Error::custom)?;
        while list.next_element_seed(Element(&mut out))?.is_some() {}
        out.end().map_err(A::Error::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<S::Ok, A::Error> {
        let mut out = self.0.serialize_map(map.size_hint()).map_err(A::Error::custom)?;
        while map.next_key_seed(Key(&mut out))?.is_some() {
            map.next_value_seed(Value(&mut out))?;
        }
        out.end().map_err(A::Error::custom)
    }
}

macro_rules! part {
    ($($part:ident of $trait:ident: $serialize:ident;)*) => {
        $(struct $part<'a, S>(&'a mut S);

        impl<'de, S: $trait> DeserializeSeed<'de> for $part<'_, S> {
            type Value = ();

            fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                self.0.$serialize(&Transcode::new(deserializer)).map_err(D::Error::custom)
            }
        })*
    };
}

part! {
    Element of SerializeSeq: serialize_element;
    Key of SerializeMap: serialize_key;
    Value of SerializeMap: serialize_value;
}
