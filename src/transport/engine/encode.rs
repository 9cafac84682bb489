//! A batch of a session of Engine.IO, as polls and sockets carry it.

use crate::{
    client::{Engine, Member, PollForm},
    session::{Batch, Element},
    transport::{Transport, socket::Frame},
    wire::{
        double_utf8::{self, Strings},
        engine::{self, Outgoing, Revision},
        script,
    },
};
use bytes::Bytes;
use http::HeaderValue;

/// The body of a poll's answer, and what it is.
#[derive(Debug)]
pub(super) struct PollAnswer {
    pub(super) bytes: Bytes,
    pub(super) kind: &'static HeaderValue,
}

/// Browsers of 1.5 to 1.7 cannot read much more text than 64 KiB in one answer, but bytes they can.
const LARGE_TEXT: usize = 16 << 10;
/// Room for what stands around a packet in a payload.
const FRAMING: usize = 12;

static TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=UTF-8");
static BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
static SCRIPT: HeaderValue = HeaderValue::from_static("text/javascript; charset=UTF-8");

/// `index` is the callback of a JSONP client.
pub(super) fn poll_body(member: &Member, engine: &Engine, batch: &Batch, index: Option<&str>) -> PollAnswer {
    let opening = opening(member, batch);
    let packets = || batch.0.iter().map(|entry| outgoing(member, &entry.element, &opening));
    answer(member, engine, packets, index)
}

/// The body of a poll's answer that is one packet of the protocol's own.
pub(super) fn poll_word(member: &Member, engine: &Engine, word: &'static str, index: Option<&str>) -> PollAnswer {
    answer(member, engine, || std::iter::once(Outgoing::Text(word.as_bytes())), index)
}

fn answer<'a, P: Iterator<Item = Outgoing<'a>>>(
    member: &Member,
    engine: &Engine,
    packets: impl Fn() -> P,
    index: Option<&str>,
) -> PollAnswer {
    // A payload may be as large as a queue: it is not to be copied again and again while it grows.
    let lengths = packets().map(|packet| match packet {
        Outgoing::Text(text) => text.len() + FRAMING,
        // In a text it is base64.
        Outgoing::Binary(bytes) => bytes.len().div_ceil(3) * 4 + FRAMING,
    });
    let mut out = Vec::with_capacity(lengths.sum());
    let revision = member.host.form.revision().unwrap_or(Revision::Four);
    let in_bytes = match engine.poll_form {
        _ if revision == Revision::Four || index.is_some() => false,
        PollForm::Text => false,
        PollForm::Bytes => true,
        // Bytes tell what text is as well, whatever the client makes of texts.
        PollForm::Adaptive => {
            let mut length = 0;
            packets().any(|packet| match packet {
                Outgoing::Binary(_) => true,
                Outgoing::Text(text) => {
                    length += text.len();
                    length > LARGE_TEXT || !text.is_ascii()
                }
            })
        }
    };
    if in_bytes {
        engine::encode_binary_payload(packets(), &mut out);
        return PollAnswer { bytes: out.into(), kind: &BYTES };
    }
    engine::encode_payload(revision, engine.strings().payload, packets(), &mut out);
    let Some(index) = index else { return PollAnswer { bytes: out.into(), kind: &TEXT } };
    let mut call = Vec::with_capacity(out.len() + 32);
    // Payloads are made of text, so nothing is replaced here.
    script::engine_jsonp(index, &String::from_utf8_lossy(&out), &mut call);
    PollAnswer { bytes: call.into(), kind: &SCRIPT }
}

fn outgoing<'a>(member: &Member, element: &'a Element, opening: &'a [u8]) -> Outgoing<'a> {
    match element {
        Element::Opening => Outgoing::Text(opening),
        Element::Goodbye => Outgoing::Text(engine::CLOSE.as_bytes()),
        Element::Heartbeat(_) => Outgoing::Text(heartbeat(member).as_bytes()),
        Element::Message(text) => Outgoing::Text(text),
        Element::Binary(bytes) | Element::Attachment(bytes) => Outgoing::Binary(bytes),
    }
}

/// A batch as WebSocket frames, a packet each.
pub(crate) fn socket_frames(member: &Member, engine: &Engine, batch: &Batch, mut each: impl FnMut(Frame<'_>)) {
    let revision = member.host.form.revision();
    for entry in &batch.0 {
        match &entry.element {
            Element::Opening => each(Frame::Text(&opening(member, batch).into())),
            // The end of the connection says it.
            Element::Goodbye => {}
            Element::Heartbeat(_) => each(Frame::Text(&Bytes::from_static(heartbeat(member).as_bytes()))),
            Element::Message(text) if revision == Some(Revision::Three) && needs_encoding(engine, text) => {
                each(Frame::Text(&double_utf8::encode(&String::from_utf8_lossy(text)).into()));
            }
            Element::Message(text) => each(Frame::Text(text)),
            Element::Binary(bytes) | Element::Attachment(bytes) => match revision {
                Some(revision) if engine.has_texts_only() => {
                    let mut out = Vec::new();
                    engine::encode_base64_message(revision, bytes, &mut out);
                    each(Frame::Text(&out.into()));
                }
                Some(Revision::Three) => each(Frame::Binary { kind: Some(engine::MESSAGE), bytes }),
                _ => each(Frame::Binary { kind: None, bytes }),
            },
        }
    }
}

/// Whether the client decodes a text as if it were encoded twice, and that makes a difference.
fn needs_encoding(engine: &Engine, text: &Bytes) -> bool {
    !text.is_ascii() && engine.strings().socket == Strings::Double
}

fn heartbeat(member: &Member) -> &'static str {
    // Before revision 4 the client begins.
    if member.host.form.revision() == Some(Revision::Three) { engine::PONG } else { engine::PING }
}

/// The first packet of a session, if it is in this batch.
fn opening(member: &Member, batch: &Batch) -> Vec<u8> {
    let mut out = Vec::new();
    if !batch.0.iter().any(|entry| entry.element == Element::Opening) {
        return out;
    }
    let options = &member.host.shared.options;
    let may_upgrade = member.host.transport().is_polling() && options.transports.contains(&Transport::WebSocket);
    let upgrades: &[&str] = if may_upgrade { &["websocket"] } else { &[] };
    let milliseconds = |duration: std::time::Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    engine::encode_open(
        &member.id().to_string(),
        upgrades,
        milliseconds(options.engine.ping_interval),
        milliseconds(options.engine.ping_timeout),
        options.budget.max_payload(),
        &mut out,
    );
    out
}
