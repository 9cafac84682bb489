//! What is on its way to clients, and its wire forms, each made at most once.

use crate::{
    client::{Message, event_message},
    wire::{
        envelope, frames,
        packets::{self, Acknowledge},
    },
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
    /// Packets of 0.7 to 0.9.
    Packets,
}

/// Room for what stands around a message: marks, lengths, ids.
const OVERHEAD: usize = 24;

impl WireForm {
    pub(crate) const ALL: [Self; 3] = [Self::Frames, Self::Envelope, Self::Packets];

    /// `endpoint` is the namespace as packets name it: nothing for the root.
    pub(crate) fn encode(self, endpoint: &str, outgoing: &Outgoing<'_>) -> Bytes {
        let mut out = Vec::with_capacity(outgoing.length() + endpoint.len() + OVERHEAD);
        match (self, outgoing) {
            (Self::Packets, outgoing) => encode_packet(endpoint, outgoing, &mut out),
            (Self::Frames, Outgoing::Message(Message::Text(text), _)) => frames::encode_text(text, &mut out),
            (Self::Frames, Outgoing::Message(Message::Json(json), _)) => frames::encode_json(json.get(), &mut out),
            (Self::Frames, Outgoing::Event { name, arguments, .. }) => {
                frames::encode_json(&event_message(name, arguments), &mut out);
            }
            (Self::Envelope, Outgoing::Message(Message::Text(text), _)) => envelope::encode_text(text, &mut out),
            (Self::Envelope, Outgoing::Message(Message::Json(json), _)) => envelope::encode_json(json.get(), &mut out),
            (Self::Envelope, Outgoing::Event { name, arguments, .. }) => {
                envelope::encode_json(&event_message(name, arguments), &mut out);
            }
            // Only packets have namespaces and acknowledgements.
            (Self::Frames | Self::Envelope, Outgoing::Reply(_)) => {}
        }
        out.into()
    }

    /// The place in [`WireForm::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

fn encode_packet(endpoint: &str, outgoing: &Outgoing<'_>, out: &mut Vec<u8>) {
    match outgoing {
        Outgoing::Message(Message::Text(text), acknowledge) => packets::encode_text(*acknowledge, endpoint, text, out),
        Outgoing::Message(Message::Json(json), acknowledge) => {
            packets::encode_json(*acknowledge, endpoint, json.get(), out);
        }
        Outgoing::Event { name, arguments, acknowledge } => {
            packets::encode_event(*acknowledge, endpoint, name, arguments, out);
        }
        Outgoing::Reply(Reply::Connected) => packets::encode_connect(endpoint, out),
        Outgoing::Reply(Reply::Disconnected) => packets::encode_disconnect(endpoint, out),
        Outgoing::Reply(Reply::Unauthorized) => packets::encode_unauthorized(endpoint, out),
        Outgoing::Reply(Reply::Failed) => packets::encode_refused(endpoint, out),
        Outgoing::Reply(Reply::Acknowledged { id, arguments }) => packets::encode_ack(endpoint, *id, *arguments, out),
    }
}

/// What there is to say, before it has a wire form.
#[derive(Debug)]
pub(crate) enum Outgoing<'a> {
    Message(&'a Message, Acknowledge),
    Event {
        name: &'a str,
        /// A JSON array.
        arguments: &'a str,
        acknowledge: Acknowledge,
    },
    Reply(Reply<'a>),
}

/// What a namespace answers by itself, where the protocol has namespaces.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply<'a> {
    /// The client is in.
    Connected,
    /// The client is out.
    Disconnected,
    /// The client is not let in.
    Unauthorized,
    /// The client is not let in, because the question could not be answered.
    Failed,
    /// What the client sent has arrived; `arguments` is a JSON array.
    Acknowledged { id: u64, arguments: Option<&'a str> },
}

impl<'a> Outgoing<'a> {
    pub(crate) fn message(message: &'a Message) -> Self {
        Self::Message(message, Acknowledge::None)
    }

    pub(crate) fn event(name: &'a str, arguments: &'a str) -> Self {
        Self::Event { name, arguments, acknowledge: Acknowledge::None }
    }

    fn length(&self) -> usize {
        match self {
            Self::Message(Message::Text(text), _) => text.len(),
            Self::Message(Message::Json(json), _) => json.get().len(),
            Self::Event { name, arguments, .. } => name.len() + arguments.len() + OVERHEAD,
            Self::Reply(Reply::Acknowledged { arguments, .. }) => arguments.map_or(0, str::len),
            Self::Reply(_) => 0,
        }
    }
}

/// One thing said to many clients of one namespace.
#[derive(Debug)]
pub(crate) struct Encoded<'a> {
    endpoint: &'a str,
    outgoing: Outgoing<'a>,
    forms: [OnceCell<Bytes>; WireForm::ALL.len()],
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(endpoint: &'a str, outgoing: Outgoing<'a>) -> Self {
        Self { endpoint, outgoing, forms: Default::default() }
    }

    /// The bytes in this form, shared by everybody who needs them.
    pub(crate) fn bytes(&self, form: WireForm) -> Bytes {
        match self.forms.get(form.index()) {
            Some(cell) => cell.get_or_init(|| form.encode(self.endpoint, &self.outgoing)).clone(),
            None => form.encode(self.endpoint, &self.outgoing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_receiver_shares_one_encoding() {
        let message = Message::from("é漢😀");
        let encoded = Encoded::new("/chat", Outgoing::message(&message));
        let (one, other) = (encoded.bytes(WireForm::Frames), encoded.bytes(WireForm::Frames));
        assert_eq!(one.as_ptr(), other.as_ptr());
        assert_eq!(one, "~m~4~m~é漢😀");
        assert_eq!(encoded.bytes(WireForm::Envelope), "\"é漢😀\"");
        assert_eq!(encoded.bytes(WireForm::Packets), "3::/chat:é漢😀");
    }

    #[test]
    fn an_event_is_said_in_the_tongue_of_each_generation() {
        let encoded = Encoded::new("", Outgoing::event("move", "[1,\"a\"]"));
        assert_eq!(encoded.bytes(WireForm::Packets), r#"5:::{"name":"move","args":[1,"a"]}"#);
        assert_eq!(encoded.bytes(WireForm::Frames), r#"~m~33~m~~j~{"name":"move","args":[1,"a"]}"#);
        assert_eq!(encoded.bytes(WireForm::Envelope), r#"{"name":"move","args":[1,"a"]}"#);
    }
}
