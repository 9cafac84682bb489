//! Arguments of events and acknowledgements as the application's own types.

use super::data::{Data, NAME, Reader, Source, offer};
use serde::{
    Deserialize,
    de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor},
    forward_to_deserialize_any,
};
use serde_json::{Error, Value};
use std::{cell::Cell, fmt};

/// Reads a list of arguments as `T`, the mirror of how they are sent:
///
/// | type | takes |
/// | --- | --- |
/// | `()` and other unit types | nothing |
/// | a tuple, an array, a tuple struct | as many as it has: more are ignored, missing ones are `null` |
/// | a `Vec` and other sequences, `serde_json::Value`, `RawValue`, `Data` | the whole list |
/// | anything else: `String`, a number, a struct, a map, an `Option`, `Bytes` | the first, `null` if there is none |
///
/// A type that leaves it to the data what it becomes (an untagged enum, say) is tried with the whole list, then with the first.
///
/// Where binary stands a type finds bytes.
pub(crate) fn parse<T: DeserializeOwned>(arguments: &Data) -> Result<T, Error> {
    if arguments.is_plain() {
        parse_list(Plain(arguments))
    } else {
        Source::read(arguments, |source| parse_list(source))
    }
}

fn parse_list<'de, T: Deserialize<'de>, L: List<'de>>(list: L) -> Result<T, Error>
where
    for<'r> &'r mut L::Reader: Deserializer<'de, Error = Error>,
{
    let arguments = Arguments { list, left_open: &Cell::new(false) };
    match T::deserialize(arguments) {
        Err(error) if arguments.left_open.get() => T::deserialize(&mut list.first()?).map_err(|_| error),
        other => other,
    }
}

/// What reads a list of arguments: serde_json where there is no binary in it.
trait List<'de>: Copy {
    type Reader;

    fn whole(self) -> Self::Reader;

    /// The first argument, with the others left unread behind it: `null` if there is none.
    fn first(self) -> Result<Self::Reader, Error>;

    /// The list unread, where its reader does not hand it over by itself.
    fn data(self) -> Option<&'de Data>;
}

/// A list without binary in it.
#[derive(Clone, Copy)]
struct Plain<'de>(&'de Data);

type Json<'de> = serde_json::Deserializer<serde_json::de::StrRead<'de>>;

impl<'de> List<'de> for Plain<'de> {
    type Reader = Json<'de>;

    fn whole(self) -> Json<'de> {
        Json::from_str(self.0.json().get())
    }

    fn first(self) -> Result<Json<'de>, Error> {
        let Some(inner) = self.0.json().get().trim_ascii_start().strip_prefix('[') else {
            return Err(Error::custom("the arguments are no list"));
        };
        let inner = inner.trim_ascii_start();
        Ok(Json::from_str(if inner.starts_with(']') { "null" } else { inner }))
    }

    fn data(self) -> Option<&'de Data> {
        Some(self.0)
    }
}

impl<'de> List<'de> for &'de Source<'de> {
    type Reader = Reader<'de>;

    fn whole(self) -> Reader<'de> {
        self.reader()
    }

    fn first(self) -> Result<Reader<'de>, Error> {
        self.reader().first()
    }

    fn data(self) -> Option<&'de Data> {
        None
    }
}

/// The list of arguments, which gives a type what it asks for.
#[derive(Clone, Copy)]
struct Arguments<'a, L> {
    list: L,
    left_open: &'a Cell<bool>,
}

macro_rules! from_the_first {
    ($($method:ident($($name:ident: $type:ty),*);)*) => {
        $(fn $method<V: Visitor<'de>>(self, $($name: $type,)* visitor: V) -> Result<V::Value, Error> {
            self.list.first()?.$method($($name,)* visitor)
        })*
    };
}

impl<'de, L: List<'de>> Deserializer<'de> for Arguments<'_, L>
where
    for<'r> &'r mut L::Reader: Deserializer<'de, Error = Error>,
{
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.left_open.set(true);
        self.list.whole().deserialize_any(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.list.whole().deserialize_seq(visitor)
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Error> {
        self.list.whole().deserialize_seq(Exactly { length, visitor })
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        length: usize,
        v: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_tuple(length, v)
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_unit()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Error> {
        // By a name no type can have, serde_json asks itself for a `RawValue`, and `Data` ask for themselves.
        if name.starts_with('$') {
            if let Some(data) = self.list.data().filter(|_| name == NAME) {
                return offer(data.clone(), || visitor.visit_unit());
            }
            return self.list.whole().deserialize_newtype_struct(name, visitor);
        }
        visitor.visit_newtype_struct(self)
    }

    from_the_first! {
        deserialize_option();
        deserialize_map();
        deserialize_struct(name: &'static str, fields: &'static [&'static str]);
        deserialize_enum(name: &'static str, variants: &'static [&'static str]);
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
        deserialize_bytes();
        deserialize_byte_buf();
    }

    forward_to_deserialize_any! { identifier ignored_any }
}

/// Gives `visitor` a list of `length` elements, whatever the length of the one there is.
struct Exactly<V> {
    length: usize,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Exactly<V> {
    type Value = V::Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.visitor.expecting(formatter)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let value = self.visitor.visit_seq(Padded { list: &mut list, left: self.length })?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(value)
    }
}

/// The first `left` elements of a list, with `null` for those that are missing.
struct Padded<'a, A> {
    list: &'a mut A,
    left: usize,
}

impl<'de, A: SeqAccess<'de>> SeqAccess<'de> for Padded<'_, A> {
    type Error = A::Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, A::Error> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let mut seed = Some(seed);
        if let Some(Some(value)) = self.list.next_element_seed(Lent(&mut seed))? {
            return Ok(Some(value));
        }
        // Only a list that has ended leaves the seed unused.
        seed.map(|seed| seed.deserialize(Value::Null).map_err(A::Error::custom)).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left)
    }
}

/// A seed that is still there after a list had no element for it.
struct Lent<'a, S>(&'a mut Option<S>);

impl<'de, S: DeserializeSeed<'de>> DeserializeSeed<'de> for Lent<'_, S> {
    type Value = Option<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        self.0.take().map(|seed| seed.deserialize(deserializer)).transpose()
    }
}

#[cfg(test)]
mod tests;
