//! Data to be read, with what is known of its placeholders.

use super::{
    Data,
    collect::renumbered,
    placeholders::{self, Placeholder},
    reader::Reader,
};
use bytes::Bytes;
use serde::de::Error as _;
use serde_json::{Error, value::RawValue};
use std::{cell::Cell, ops::Range};

/// What is read: data whose placeholders are known.
pub(in crate::client) struct Source<'de> {
    pub(super) json: &'de str,
    attachments: &'de [Bytes],
    placeholders: Vec<Placeholder>,
    /// Whether a type that takes what there is gets placeholders as the objects they are, and no bytes.
    pub(super) as_objects: bool,
    /// Whether such a type was given bytes.
    pub(super) has_given: Cell<bool>,
}

impl<'de> Source<'de> {
    pub(super) fn new(data: &'de Data) -> Result<Self, Error> {
        let (json, attachments) = (data.json.get(), data.attachments.as_slice());
        let placeholders = placeholders::find(json, attachments.len());
        // No client says a thing twice by one attachment, and a few bytes of JSON would stand for many in memory.
        let mut used = vec![false; attachments.len()];
        for placeholder in &placeholders {
            if std::mem::replace(&mut used[placeholder.number], true) {
                return Err(Error::custom("two placeholders for one attachment"));
            }
        }
        Ok(Self { json, attachments, placeholders, as_objects: false, has_given: Cell::new(false) })
    }

    /// Reads `data` by `read`. When a type takes what there is but no bytes, as a `serde_json::Value` does, all such
    /// types get the placeholders.
    pub(in crate::client) fn read<T>(
        data: &Data,
        read: impl for<'a> Fn(&'a Source<'a>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let source = Source::new(data)?;
        match read(&source) {
            Err(error) if source.has_given.get() => {
                let source = Source { as_objects: true, ..source };
                read(&source).map_err(|_| error)
            }
            other => other,
        }
    }

    pub(in crate::client) fn reader(&'de self) -> Reader<'de> {
        Reader::new(self, self.json)
    }

    /// The attachment for which the object stands that begins at `start`, and where the object ends.
    pub(super) fn binary(&self, start: usize) -> Option<(&'de Bytes, usize)> {
        let index = self.placeholders.binary_search_by_key(&start, |placeholder| placeholder.span.start).ok()?;
        let placeholder = &self.placeholders[index];
        Some((self.attachments.get(placeholder.number)?, placeholder.span.end))
    }

    /// A part of it, with no attachments but its own.
    pub(super) fn part(&self, span: Range<usize>) -> Result<Data, Error> {
        let first = self.placeholders.partition_point(|placeholder| placeholder.span.start < span.start);
        let inside = self.placeholders[first..].iter().take_while(|placeholder| placeholder.span.end <= span.end);
        let mut numbers: Vec<usize> = inside.map(|placeholder| placeholder.number).collect();
        numbers.sort_unstable();
        let number = |number| numbers.binary_search(&number).unwrap_or_default();
        let json = renumbered(&self.json[span], self.attachments.len(), number).into_owned();
        let attachments = numbers.iter().map(|&number| self.attachments[number].clone()).collect();
        Ok(Data::new(RawValue::from_string(json)?, attachments))
    }
}
