//! What is on its way to clients, and its wire forms, each made at most once.

use super::form::WireForm;
use crate::{
    client::{Data, Message, Refusal, event_message},
    session::{Element, SessionId},
    wire::{
        envelope, frames,
        packets::{self, Acknowledge},
        socket_io::{self, Arguments, Form},
    },
};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::{cell::OnceCell, slice};

/// What there is to say, before it has a wire form.
#[derive(Debug)]
pub(crate) enum Outgoing<'a> {
    Message(&'a Message, Acknowledge),
    Event {
        name: &'a str,
        /// A list.
        arguments: &'a Data,
        acknowledge: Acknowledge,
    },
    Reply(Reply<'a>),
}

/// What a namespace answers by itself, where the protocol has namespaces.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Reply<'a> {
    /// The client is in, and is known by these ids: the one it may tell, and the one by which it may come back.
    Connected { id: SessionId, recovery: Option<SessionId> },
    /// The client is out.
    Disconnected,
    /// The client is not let in.
    Refused(&'a Refusal),
    /// There is no such namespace.
    Unknown,
    /// What the client sent has arrived; the arguments are a list.
    Acknowledged { id: u64, arguments: Option<&'a Data> },
}

/// What stands in the JSON of a message that is binary and nothing else.
const PLACEHOLDER: &str = r#"{"_placeholder":true,"num":0}"#;

/// Something in a wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Encoding {
    One(Element),
    /// A message and its attachments.
    Several(Vec<Element>),
    /// The generation has no way to say it.
    Unsupported,
}

impl Encoding {
    /// What is queued for a session; nothing when it cannot be said.
    pub(crate) fn elements(&self) -> Option<&[Element]> {
        match self {
            Self::One(element) => Some(slice::from_ref(element)),
            Self::Several(elements) => Some(elements),
            Self::Unsupported => None,
        }
    }

    fn text(text: Vec<u8>) -> Self {
        Self::One(Element::Message(text.into()))
    }

    fn with(text: Vec<u8>, attachments: &[Bytes]) -> Self {
        if attachments.is_empty() {
            return Self::text(text);
        }
        let attachments = attachments.iter().cloned().map(Element::Attachment);
        Self::Several(std::iter::once(Element::Message(text.into())).chain(attachments).collect())
    }
}

impl WireForm {
    /// `endpoint` is the namespace as packets name it: nothing for the root. `offset` is the event's place among what a
    /// client may have missed.
    pub(crate) fn encode(self, endpoint: &str, outgoing: &Outgoing<'_>, offset: Option<&str>) -> Encoding {
        // Every message takes the room it needs: what is shared is neither moved nor kept with more.
        let mut out = Vec::new();
        match self {
            Self::Packets => {
                encode_packet(endpoint, outgoing, &mut out).map_or(Encoding::Unsupported, |()| Encoding::text(out))
            }
            Self::Frames => {
                let encode = |text: Result<&str, &str>, out: &mut Vec<u8>| match text {
                    Ok(text) => frames::encode_text(text, out),
                    Err(json) => frames::encode_json(json, out),
                };
                encode_plain(outgoing, out, encode)
            }
            Self::Envelope => {
                let encode = |text: Result<&str, &str>, out: &mut Vec<u8>| match text {
                    Ok(text) => envelope::encode_text(text, out),
                    Err(json) => envelope::encode_json(json, out),
                };
                encode_plain(outgoing, out, encode)
            }
            Self::BareEngine3 | Self::BareEngine4 | Self::BareWebSocket => {
                if let Outgoing::Message(Message::Binary(bytes), _) = outgoing {
                    return Encoding::One(Element::Binary(bytes.clone()));
                }
                let mark: &[u8] = if self == Self::BareWebSocket { b"" } else { b"4" };
                let encode = |text: Result<&str, &str>, out: &mut Vec<u8>| {
                    let (Ok(text) | Err(text)) = text;
                    out.reserve_exact(mark.len() + text.len());
                    out.extend_from_slice(mark);
                    out.extend_from_slice(text.as_bytes());
                };
                encode_plain(outgoing, out, encode)
            }
            Self::Engine3 => encode_engine(Form::Ascii, endpoint, outgoing, None, out),
            Self::Engine4 => encode_engine(Form::Utf8, endpoint, outgoing, None, out),
            Self::Recoverable => encode_engine(Form::Utf8, endpoint, outgoing, offset, out),
        }
    }
}

/// A message of a generation that knows texts, or JSON (`Err`), and nothing else.
fn encode_plain(
    outgoing: &Outgoing<'_>,
    mut out: Vec<u8>,
    encode: impl Fn(Result<&str, &str>, &mut Vec<u8>),
) -> Encoding {
    match outgoing {
        Outgoing::Message(Message::Text(text), _) => encode(Ok(text), &mut out),
        Outgoing::Message(Message::Json(json), _) => encode(Err(json.get()), &mut out),
        Outgoing::Event { name, arguments, .. } if arguments.is_plain() => {
            encode(Err(&event_message(name, arguments.json().get())), &mut out);
        }
        // Neither binary nor namespaces nor acknowledgements.
        _ => return Encoding::Unsupported,
    }
    Encoding::text(out)
}

/// Nothing when packets have no way to say it.
fn encode_packet(endpoint: &str, outgoing: &Outgoing<'_>, out: &mut Vec<u8>) -> Option<()> {
    match outgoing {
        Outgoing::Message(Message::Text(text), acknowledge) => packets::encode_text(*acknowledge, endpoint, text, out),
        Outgoing::Message(Message::Json(json), acknowledge) => {
            packets::encode_json(*acknowledge, endpoint, json.get(), out);
        }
        Outgoing::Event { name, arguments, acknowledge } if arguments.is_plain() => {
            packets::encode_event(*acknowledge, endpoint, name, arguments.json().get(), out);
        }
        Outgoing::Message(..) | Outgoing::Event { .. } => return None,
        Outgoing::Reply(Reply::Connected { .. }) => packets::encode_connect(endpoint, out),
        Outgoing::Reply(Reply::Disconnected) => packets::encode_disconnect(endpoint, out),
        Outgoing::Reply(Reply::Refused(refusal)) if refusal.is_failure() => packets::encode_refused(endpoint, out),
        Outgoing::Reply(Reply::Refused(_)) => packets::encode_unauthorized(endpoint, out),
        // Silence is the answer there.
        Outgoing::Reply(Reply::Unknown) => return None,
        Outgoing::Reply(Reply::Acknowledged { id, arguments }) => {
            if arguments.is_some_and(|arguments| !arguments.is_plain()) {
                return None;
            }
            packets::encode_ack(endpoint, *id, arguments.map(|arguments| arguments.json().get()), out);
        }
    }
    Some(())
}

fn encode_engine(
    form: Form,
    endpoint: &str,
    outgoing: &Outgoing<'_>,
    offset: Option<&str>,
    mut out: Vec<u8>,
) -> Encoding {
    let id = |acknowledge: &Acknowledge| match acknowledge {
        Acknowledge::None => None,
        Acknowledge::OnReceipt(id) | Acknowledge::WithData(id) => Some(*id),
    };
    match outgoing {
        Outgoing::Message(message, acknowledge) => {
            let (argument, attachments) = match message {
                Message::Text(text) => (Arguments::Text(text), &[][..]),
                Message::Json(json) => (Arguments::Json(json.get()), &[][..]),
                Message::Data(data) => (Arguments::Json(data.json().get()), data.attachments()),
                Message::Binary(bytes) => (Arguments::Json(PLACEHOLDER), slice::from_ref(bytes)),
            };
            let count = attachments.len();
            socket_io::encode_event(form, endpoint, id(acknowledge), "message", argument, offset, count, &mut out);
            Encoding::with(out, attachments)
        }
        Outgoing::Event { name, arguments, acknowledge } => {
            let (list, attachments) = (Arguments::List(arguments.json().get()), arguments.attachments());
            let count = attachments.len();
            socket_io::encode_event(form, endpoint, id(acknowledge), name, list, offset, count, &mut out);
            Encoding::with(out, attachments)
        }
        Outgoing::Reply(Reply::Acknowledged { id, arguments }) => {
            let (list, attachments) =
                arguments.map_or(("[]", &[][..]), |arguments| (arguments.json().get(), arguments.attachments()));
            socket_io::encode_ack(form, endpoint, *id, list, attachments.len(), &mut out);
            Encoding::with(out, attachments)
        }
        Outgoing::Reply(reply) => {
            encode_reply(form, endpoint, reply, &mut out);
            Encoding::text(out)
        }
    }
}

fn encode_reply(form: Form, endpoint: &str, reply: &Reply<'_>, out: &mut Vec<u8>) {
    match reply {
        Reply::Connected { id, recovery } => {
            let payload = match (form, recovery) {
                // The client counts its id itself.
                (Form::Ascii, _) => None,
                (Form::Utf8, None) => Some(format!(r#"{{"sid":"{id}"}}"#)),
                (Form::Utf8, Some(recovery)) => Some(format!(r#"{{"sid":"{id}","pid":"{recovery}"}}"#)),
            };
            socket_io::encode_connect(form, endpoint, payload.as_deref(), out);
        }
        Reply::Disconnected => socket_io::encode_disconnect(endpoint, out),
        Reply::Refused(refusal) => {
            let reason = refusal_json(form, refusal);
            socket_io::encode_connect_error(form, endpoint, &reason, out);
        }
        Reply::Unknown => {
            socket_io::encode_connect_error(form, endpoint, r#"{"message":"Invalid namespace"}"#, out);
        }
        Reply::Acknowledged { .. } => {}
    }
}

/// The reason of a refusal as clients are told it: before 3.0 the data, if there are some, or the text.
fn refusal_json(form: Form, refusal: &Refusal) -> String {
    let message = serde_json::Value::from(refusal.told());
    match (form, refusal.data()) {
        (Form::Ascii, Some(data)) => data.get().to_owned(),
        (Form::Ascii, None) => message.to_string(),
        (Form::Utf8, Some(data)) => format!(r#"{{"message":{message},"data":{data}}}"#),
        (Form::Utf8, None) => format!(r#"{{"message":{message}}}"#),
    }
}

impl<'a> Outgoing<'a> {
    pub(crate) fn message(message: &'a Message) -> Self {
        Self::Message(message, Acknowledge::None)
    }

    /// The text it ends with.
    pub(crate) fn tail(&self) -> Option<String> {
        match self {
            Self::Message(Message::Text(text), Acknowledge::None) => Some(text.clone()),
            Self::Message(Message::Json(json), Acknowledge::None) => serde_json::from_str(json.get()).ok(),
            Self::Event { arguments, acknowledge: Acknowledge::None, name } => {
                let list: Vec<&RawValue> = serde_json::from_str(arguments.json().get()).ok()?;
                let Some(last) = list.last() else { return Some((*name).to_owned()) };
                serde_json::from_str(last.get()).ok()
            }
            _ => None,
        }
    }

    pub(crate) fn event(name: &'a str, arguments: &'a Data) -> Self {
        Self::Event { name, arguments, acknowledge: Acknowledge::None }
    }
}

/// One thing said to many clients of one namespace.
#[derive(Debug)]
pub(crate) struct Encoded<'a> {
    endpoint: &'a str,
    outgoing: Outgoing<'a>,
    forms: [OnceCell<Encoding>; WireForm::ALL.len()],
}

impl<'a> Encoded<'a> {
    pub(crate) fn new(endpoint: &'a str, outgoing: Outgoing<'a>) -> Self {
        Self { endpoint, outgoing, forms: Default::default() }
    }

    /// What is said.
    pub(crate) fn outgoing(&self) -> &Outgoing<'a> {
        &self.outgoing
    }

    /// The encoding in this form, shared by everybody who needs it.
    pub(crate) fn form(&self, form: WireForm) -> &Encoding {
        self.form_at(form, None)
    }

    /// The same, made now with this offset if it is not made yet.
    pub(crate) fn form_at(&self, form: WireForm, offset: Option<&str>) -> &Encoding {
        self.forms[form.index()].get_or_init(|| form.encode(self.endpoint, &self.outgoing, offset))
    }

    /// How many encodings were made.
    pub(crate) fn made(&self) -> usize {
        let made = self.forms.iter().filter_map(OnceCell::get);
        made.filter(|encoding| **encoding != Encoding::Unsupported).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(encoding: &Encoding) -> &str {
        let Encoding::One(Element::Message(bytes)) = encoding else { panic!("{encoding:?} is no text") };
        std::str::from_utf8(bytes).unwrap()
    }

    #[test]
    fn every_receiver_shares_one_encoding() {
        let message = Message::from("é漢😀");
        let encoded = Encoded::new("/chat", Outgoing::message(&message));
        let (one, other) = (encoded.form(WireForm::Frames), encoded.form(WireForm::Frames));
        assert_eq!(text(one).as_ptr(), text(other).as_ptr());
        assert_eq!(text(one), "~m~4~m~é漢😀");
        assert_eq!(text(encoded.form(WireForm::Envelope)), "\"é漢😀\"");
        assert_eq!(text(encoded.form(WireForm::Packets)), "3::/chat:é漢😀");
        assert_eq!(text(encoded.form(WireForm::Engine3)), r#"42/chat,["message","\u00E9\u6F22\uD83D\uDE00"]"#);
        assert_eq!(text(encoded.form(WireForm::Engine4)), r#"42/chat,["message","é漢😀"]"#);
        assert_eq!(text(encoded.form(WireForm::BareEngine4)), "4é漢😀");
        assert_eq!(text(encoded.form(WireForm::BareWebSocket)), "é漢😀");
    }

    #[test]
    fn an_event_is_said_in_the_tongue_of_each_generation() {
        let arguments = Data::of(&(1, "a")).unwrap();
        let encoded = Encoded::new("", Outgoing::event("move", &arguments));
        assert_eq!(text(encoded.form(WireForm::Packets)), r#"5:::{"name":"move","args":[1,"a"]}"#);
        assert_eq!(text(encoded.form(WireForm::Frames)), r#"~m~33~m~~j~{"name":"move","args":[1,"a"]}"#);
        assert_eq!(text(encoded.form(WireForm::Envelope)), r#"{"name":"move","args":[1,"a"]}"#);
        assert_eq!(text(encoded.form(WireForm::Engine4)), r#"42["move",1,"a"]"#);
        assert_eq!(text(encoded.form_at(WireForm::Recoverable, Some("o1"))), r#"42["move",1,"a","o1"]"#);
        assert_eq!(text(encoded.form(WireForm::BareEngine3)), r#"4{"name":"move","args":[1,"a"]}"#);
    }

    #[test]
    fn binary_goes_beside_the_message_or_not_at_all() {
        let message = Message::from(Bytes::from_static(b"\x01\x02"));
        let encoded = Encoded::new("", Outgoing::message(&message));
        let header = r#"451-["message",{"_placeholder":true,"num":0}]"#;
        let elements = [
            Element::Message(Bytes::from_static(header.as_bytes())),
            Element::Attachment(Bytes::from_static(b"\x01\x02")),
        ];
        assert_eq!(encoded.form(WireForm::Engine3).elements(), Some(&elements[..]));
        assert_eq!(encoded.form(WireForm::Engine4).elements(), Some(&elements[..]));
        let binary = [Element::Binary(Bytes::from_static(b"\x01\x02"))];
        assert_eq!(encoded.form(WireForm::BareWebSocket).elements(), Some(&binary[..]));
        for form in [WireForm::Frames, WireForm::Envelope, WireForm::Packets] {
            assert_eq!(encoded.form(form), &Encoding::Unsupported);
        }
    }
}
