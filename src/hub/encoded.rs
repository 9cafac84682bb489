//! A message and its wire forms, each made at most once.

use crate::{
    client::Message,
    wire::{envelope, frames},
};
use bytes::Bytes;
use std::cell::OnceCell;

/// How a generation writes one message of a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireForm {
    /// `~m~` frames of 0.5 and 0.6.
    Frames,
    /// Elements of the JSON envelope of 0.3 and 0.4.
    Envelope,
}

impl WireForm {
    const COUNT: usize = 2;

    pub(crate) fn encode(self, message: &Message) -> Bytes {
        let length = match message {
            Message::Text(text) => text.len(),
            Message::Json(json) => json.get().len(),
        };
        let mut out = Vec::with_capacity(length + frames::OVERHEAD);
        match (self, message) {
            (Self::Frames, Message::Text(text)) => frames::encode_text(text, &mut out),
            (Self::Frames, Message::Json(json)) => frames::encode_json(json.get(), &mut out),
            (Self::Envelope, Message::Text(text)) => envelope::encode_text(text, &mut out),
            (Self::Envelope, Message::Json(json)) => envelope::encode_json(json.get(), &mut out),
        }
        out.into()
    }
}

/// A message on its way to many clients.
#[derive(Debug)]
pub(crate) struct Encoded<'a> {
    message: &'a Message,
    forms: [OnceCell<Bytes>; WireForm::COUNT],
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(message: &'a Message) -> Self {
        Self { message, forms: Default::default() }
    }

    /// The bytes in this form, shared by everybody who needs them.
    pub(crate) fn bytes(&self, form: WireForm) -> Bytes {
        let cell = match form {
            WireForm::Frames => &self.forms[0],
            WireForm::Envelope => &self.forms[1],
        };
        cell.get_or_init(|| form.encode(self.message)).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_receiver_shares_one_encoding() {
        let message = Message::from("é漢😀");
        let encoded = Encoded::new(&message);
        let (one, other) = (encoded.bytes(WireForm::Frames), encoded.bytes(WireForm::Frames));
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert_eq!(one, "~m~4~m~é漢😀");
        assert_eq!(encoded.bytes(WireForm::Envelope), "\"é漢😀\"");
    }
}
