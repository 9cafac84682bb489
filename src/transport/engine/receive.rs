//! What comes in from clients of Engine.IO, and over a WebSocket that carries nothing but messages.

use crate::{
    client::{Assembly, AssemblyKind, Credentials, Engine, Event, Member, Message, acknowledged, handle_here},
    hub::{Reply, WireForm},
    listener::Count,
    session::DisconnectReason,
    transport::receive::count,
    wire::{
        engine::{self, Malformed, Packet, Piece, Revision},
        packets::Acknowledge,
        socket_io::{self, Form, Kind},
    },
};
use bytes::Bytes;
use std::{borrow::Cow, sync::Arc};

/// Hands on what came in a text frame.
pub(crate) fn text_frame(member: &Arc<Member>, text: &str) {
    let delivered = match (&member.host.engine, member.host.form.revision()) {
        (Some(engine), Some(revision)) => deliver_text(member, engine, revision, true, Cow::Borrowed(text)),
        _ => {
            bare(member, Message::Text(text.to_owned()));
            Ok(())
        }
    };
    finish(member, delivered);
}

/// Hands on what came in a binary frame.
pub(crate) fn binary_frame(member: &Arc<Member>, bytes: Bytes) {
    let delivered = match (&member.host.engine, member.host.form.revision()) {
        (Some(engine), Some(revision)) => {
            engine::decode_binary(revision, bytes).and_then(|packet| deliver(member, engine, revision, packet))
        }
        _ => {
            bare(member, Message::Binary(bytes));
            Ok(())
        }
    };
    finish(member, delivered);
}

/// The peer of a WebSocket has answered a ping of its protocol.
pub(crate) fn pong_frame(member: &Arc<Member>) {
    if member.host.form == WireForm::BareWebSocket {
        member.heartbeat(None);
    }
}

fn finish(member: &Arc<Member>, delivered: Result<(), Malformed>) {
    // What came before the mistake is handled.
    handle_here(member);
    if delivered.is_err() {
        malformed(member);
    }
}

/// The client broke the rules: its session is over.
pub(super) fn malformed(member: &Arc<Member>) {
    member.host.shared.counters.add(Count::Malformed, 1);
    log::debug!(target: "heirloom::session", "session {:?} sent what follows no rule of its protocol", member.id());
    member.abort(DisconnectReason::ProtocolError);
}

/// Hands on a packet from a payload; one of bytes has its texts as they are.
pub(super) fn piece(
    member: &Arc<Member>,
    engine: &Engine,
    revision: Revision,
    in_bytes: bool,
    piece: Piece<'_>,
) -> Result<(), Malformed> {
    match piece {
        Piece::Text(text) if in_bytes => deliver(member, engine, revision, engine::decode_text(revision, text)?),
        Piece::Text(text) => deliver_text(member, engine, revision, false, text),
        Piece::Binary(bytes) => deliver(member, engine, revision, Packet::Binary(bytes)),
    }
}

fn deliver_text(
    member: &Arc<Member>,
    engine: &Engine,
    revision: Revision,
    on_socket: bool,
    text: Cow<'_, str>,
) -> Result<(), Malformed> {
    let text = if revision == Revision::Three { engine.read(on_socket, text) } else { text };
    deliver(member, engine, revision, engine::decode_text(revision, text)?)
}

fn deliver(member: &Arc<Member>, engine: &Engine, revision: Revision, packet: Packet<'_>) -> Result<(), Malformed> {
    member.hear();
    let is_bare = member.host.form.has_only_texts();
    if !matches!(packet, Packet::Binary(_) | Packet::Close) && engine.is_overdue(member) {
        // Whoever has time for anything else has had time for the rest of a packet.
        member.host.shared.counters.add(Count::TooSlow, 1);
        return Err(Malformed);
    }
    match packet {
        Packet::Close => {
            // What came before it may still be answered.
            handle_here(member);
            member.end_by_client(DisconnectReason::TransportClosed);
        }
        Packet::Ping(_) if revision == Revision::Three => member.answer_heartbeat(),
        Packet::Ping(_) => return Err(Malformed),
        Packet::Pong(_) if revision == Revision::Four => member.heartbeat(None),
        Packet::Pong(_) | Packet::Open | Packet::Upgrade | Packet::Noop => {}
        Packet::Text(text) if is_bare => bare(member, Message::Text(text.into_owned())),
        Packet::Binary(bytes) if is_bare => bare(member, Message::Binary(bytes)),
        Packet::Text(text) => message(member, engine, revision, &text)?,
        Packet::Binary(bytes) => attachment(member, engine, bytes)?,
    }
    Ok(())
}

fn bare(member: &Arc<Member>, message: Message) {
    member.host.shared.counters.add(Count::ReceivedMessages, 1);
    let namespace = Arc::clone(member.host.shared.namespaces.root());
    member.host.inbox.push(Event::Message { namespace, message, acknowledge: Acknowledge::None });
}

/// A packet of Socket.IO.
fn message(member: &Arc<Member>, engine: &Engine, revision: Revision, text: &str) -> Result<(), Malformed> {
    if engine.assembly().is_some() {
        // Attachments come right behind their packet.
        return Err(Malformed);
    }
    let form = if revision == Revision::Three { Form::Ascii } else { Form::Utf8 };
    let shared = &member.host.shared;
    let budget = &shared.options.budget;
    let mut bounds = budget.bounds();
    let packet = socket_io::decode(form, text, budget.max_attachments, &mut bounds);
    // Whoever ends the session counts that it was malformed.
    count(&shared.counters, &bounds, true);
    let packet = packet?;
    let namespace = shared.namespaces.find(packet.namespace);
    let (kind, list) = match packet.kind {
        Kind::Connect { query, payload } => {
            let Some(namespace) = namespace else {
                member.send_reply(packet.namespace, Reply::Unknown);
                return Ok(());
            };
            let credentials =
                Credentials { query: query.map(str::to_owned), auth: payload.map(|auth| Arc::from(auth.to_owned())) };
            member.host.inbox.push(Event::Enter { namespace, credentials });
            return Ok(());
        }
        Kind::Disconnect => {
            if let Some(namespace) = namespace {
                member.host.inbox.push(Event::Leave(namespace));
            }
            return Ok(());
        }
        Kind::ConnectError if form == Form::Utf8 => return Err(Malformed),
        Kind::ConnectError => return Ok(()),
        Kind::Event { name, arguments, id } => {
            let acknowledge = id.map_or(Acknowledge::None, Acknowledge::WithData);
            (AssemblyKind::Event { name: name.into_owned(), acknowledge }, arguments)
        }
        Kind::Ack { id, arguments } => (AssemblyKind::Ack { id }, arguments.to_owned()),
    };
    if namespace.is_none() && form == Form::Utf8 {
        return Err(Malformed);
    }
    let assembly =
        Assembly { namespace, kind, list, missing: packet.attachments, attachments: Vec::new(), waiting: None };
    if assembly.missing == 0 {
        complete(member, assembly);
        return Ok(());
    }
    let mut assembly = Box::new(assembly);
    if !assembly.waits(&shared.received, shared.now()) {
        shared.counters.add(Count::RefusedBody, 1);
        return Err(Malformed);
    }
    *engine.assembly() = Some(assembly);
    Ok(())
}

/// Bytes that belong to the packet before.
fn attachment(member: &Arc<Member>, engine: &Engine, bytes: Bytes) -> Result<(), Malformed> {
    let mut waiting = engine.assembly();
    let assembly = waiting.as_mut().ok_or(Malformed)?;
    assembly.attachments.push(bytes);
    assembly.missing -= 1;
    let (shared, length) = (&member.host.shared, assembly.length());
    let broken = if length > shared.options.budget.max_attachment_bytes {
        Some(Count::TooLarge)
    } else if !assembly.waits(&shared.received, shared.now()) {
        Some(Count::RefusedBody)
    } else {
        None
    };
    if let Some(count) = broken {
        *waiting = None;
        shared.counters.add(count, 1);
        return Err(Malformed);
    }
    let is_whole = assembly.missing == 0;
    let assembly = waiting.take_if(|_| is_whole);
    drop(waiting);
    if let Some(assembly) = assembly {
        complete(member, *assembly);
    }
    Ok(())
}

fn complete(member: &Arc<Member>, assembly: Assembly) {
    let (namespace, kind, data) = assembly.into_data();
    let Some(namespace) = namespace else {
        // One that the application has not made.
        member.host.shared.counters.add(Count::Ignored, 1);
        return;
    };
    match kind {
        AssemblyKind::Event { name, acknowledge } => {
            member.host.shared.counters.add(Count::ReceivedMessages, 1);
            member.host.inbox.push(Event::Named { namespace, name, arguments: data, acknowledge });
        }
        AssemblyKind::Ack { id } => acknowledged(member, &namespace, id, Some(data)),
    }
}
