//! What comes in from clients of Engine.IO, and over a WebSocket that carries nothing but messages.

use crate::{
    client::{Assembly, AssemblyKind, Burst, Credentials, Data, Engine, Event, Member, Message, Said, acknowledged},
    hub::{Namespace, Reply, WireForm},
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
pub(crate) fn text_frame(burst: &mut Burst<'_>, text: &str) {
    let member = burst.member();
    match (&member.host.engine, member.host.form.revision()) {
        (Some(engine), Some(revision)) => {
            let delivered = deliver_text(burst, engine, revision, true, Cow::Borrowed(text));
            finish(burst, delivered);
        }
        _ => bare(burst, Message::Text(text.to_owned())),
    }
}

/// Hands on what came in a binary frame.
pub(crate) fn binary_frame(burst: &mut Burst<'_>, bytes: Bytes) {
    let member = burst.member();
    match (&member.host.engine, member.host.form.revision()) {
        (Some(engine), Some(revision)) => {
            let packet = engine::decode_binary(revision, bytes);
            let delivered = packet.and_then(|packet| deliver(burst, engine, revision, packet));
            finish(burst, delivered);
        }
        _ => bare(burst, Message::Binary(bytes)),
    }
}

/// The peer of a WebSocket has answered a ping of its protocol.
pub(crate) fn pong_frame(member: &Arc<Member>) {
    if member.host.form == WireForm::BareWebSocket {
        member.heartbeat(None);
    }
}

fn finish(burst: &mut Burst<'_>, delivered: Result<(), Malformed>) {
    if delivered.is_err() {
        // What came before the mistake is handled.
        burst.flush();
        malformed(burst.member());
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
    burst: &mut Burst<'_>,
    engine: &Engine,
    revision: Revision,
    in_bytes: bool,
    piece: Piece<'_>,
) -> Result<(), Malformed> {
    match piece {
        Piece::Text(text) if in_bytes => deliver(burst, engine, revision, engine::decode_text(revision, text)?),
        Piece::Text(text) => deliver_text(burst, engine, revision, false, text),
        Piece::Binary(bytes) => deliver(burst, engine, revision, Packet::Binary(bytes)),
    }
}

fn deliver_text(
    burst: &mut Burst<'_>,
    engine: &Engine,
    revision: Revision,
    on_socket: bool,
    text: Cow<'_, str>,
) -> Result<(), Malformed> {
    let text = if revision == Revision::Three { engine.read(on_socket, text) } else { text };
    deliver(burst, engine, revision, engine::decode_text(revision, text)?)
}

fn deliver(burst: &mut Burst<'_>, engine: &Engine, revision: Revision, packet: Packet<'_>) -> Result<(), Malformed> {
    let member = burst.member();
    burst.hear();
    let is_bare = member.host.form.has_only_texts();
    if engine.is_assembling() && !matches!(packet, Packet::Binary(_) | Packet::Close) && engine.is_overdue(member) {
        // Whoever has time for anything else has had time for the rest of a packet.
        member.host.shared.counters.add(Count::TooSlow, 1);
        return Err(Malformed);
    }
    match packet {
        Packet::Close => {
            // What came before it may still be answered.
            burst.flush();
            member.end_by_client(DisconnectReason::TransportClosed);
        }
        Packet::Ping(_) if revision == Revision::Three => member.answer_heartbeat(),
        Packet::Ping(_) => return Err(Malformed),
        Packet::Pong(_) if revision == Revision::Four => member.heartbeat(None),
        Packet::Pong(_) | Packet::Open | Packet::Upgrade | Packet::Noop => {}
        Packet::Text(text) if is_bare => bare(burst, Message::Text(text.into_owned())),
        Packet::Binary(bytes) if is_bare => bare(burst, Message::Binary(bytes)),
        Packet::Text(text) => message(burst, engine, revision, &text)?,
        Packet::Binary(bytes) => attachment(burst, engine, bytes)?,
    }
    Ok(())
}

fn bare(burst: &mut Burst<'_>, message: Message) {
    let root = burst.member().host.shared.namespaces.root();
    burst.message(root, message, Acknowledge::None);
}

/// A packet of Socket.IO.
fn message(burst: &mut Burst<'_>, engine: &Engine, revision: Revision, text: &str) -> Result<(), Malformed> {
    if engine.is_assembling() {
        // Attachments come right behind their packet.
        return Err(Malformed);
    }
    let form = if revision == Revision::Three { Form::Ascii } else { Form::Utf8 };
    let member = burst.member();
    let shared = &member.host.shared;
    let budget = &shared.options.budget;
    let mut bounds = budget.bounds();
    let packet = socket_io::decode(form, text, budget.max_attachments, &mut bounds);
    // Whoever ends the session counts that it was malformed.
    count(&shared.counters, &bounds, true);
    let packet = packet?;
    let namespace = shared.namespaces.find(packet.namespace);
    if namespace.is_none() && form == Form::Utf8 && matches!(packet.kind, Kind::Event { .. } | Kind::Ack { .. }) {
        return Err(Malformed);
    }
    let is_whole = packet.attachments == 0;
    let (kind, list) = match packet.kind {
        Kind::Connect { query, payload } => {
            let Some(namespace) = namespace else {
                member.send_reply(packet.namespace, Reply::Unknown);
                return Ok(());
            };
            let credentials =
                Credentials { query: query.map(str::to_owned), auth: payload.map(|auth| Arc::from(auth.to_owned())) };
            burst.queue(Event::Enter { namespace, credentials });
            return Ok(());
        }
        Kind::Disconnect => {
            if let Some(namespace) = namespace {
                burst.queue(Event::Leave(namespace));
            }
            return Ok(());
        }
        Kind::ConnectError if form == Form::Utf8 => return Err(Malformed),
        Kind::ConnectError => return Ok(()),
        Kind::Event { name, arguments, id } => {
            let acknowledge = id.map_or(Acknowledge::None, Acknowledge::WithData);
            if is_whole {
                event(burst, namespace, name, arguments.into(), acknowledge);
                return Ok(());
            }
            (AssemblyKind::Event { name: name.into_owned(), acknowledge }, arguments.into_list())
        }
        Kind::Ack { id, arguments } if is_whole => {
            acknowledgement(member, namespace, id, Data::new(arguments.to_owned(), Vec::new()));
            return Ok(());
        }
        Kind::Ack { id, arguments } => (AssemblyKind::Ack { id }, arguments.to_owned()),
    };
    let (missing, attachments) = (packet.attachments, Vec::new());
    let mut assembly = Box::new(Assembly { namespace, kind, list, missing, attachments, waiting: None });
    if !assembly.waits(&shared.received, shared.now()) {
        shared.counters.add(Count::RefusedBody, 1);
        return Err(Malformed);
    }
    engine.assemble(assembly);
    Ok(())
}

/// Bytes that belong to the packet before.
fn attachment(burst: &mut Burst<'_>, engine: &Engine, bytes: Bytes) -> Result<(), Malformed> {
    let member = burst.member();
    let mut assembly = engine.take_assembly().ok_or(Malformed)?;
    assembly.attachments.push(bytes);
    assembly.missing -= 1;
    let shared = &member.host.shared;
    if assembly.length() > shared.options.budget.max_attachment_bytes {
        shared.counters.add(Count::TooLarge, 1);
        return Err(Malformed);
    }
    if !assembly.waits(&shared.received, shared.now()) {
        shared.counters.add(Count::RefusedBody, 1);
        return Err(Malformed);
    }
    if assembly.missing > 0 {
        engine.assemble(assembly);
        return Ok(());
    }
    let (namespace, kind, data) = assembly.into_data();
    match kind {
        AssemblyKind::Event { name, acknowledge } => event(burst, namespace, name.into(), data.into(), acknowledge),
        AssemblyKind::Ack { id } => acknowledgement(member, namespace, id, data),
    }
    Ok(())
}

fn event(
    burst: &mut Burst<'_>,
    namespace: Option<Arc<Namespace>>,
    name: Cow<'_, str>,
    arguments: Said<'_>,
    acknowledge: Acknowledge,
) {
    match namespace {
        Some(namespace) => burst.named(&namespace, name, arguments, acknowledge),
        // One that the application has not made.
        None => burst.member().host.shared.counters.add(Count::Ignored, 1),
    }
}

fn acknowledgement(member: &Member, namespace: Option<Arc<Namespace>>, id: u64, arguments: Data) {
    match namespace {
        Some(namespace) => acknowledged(member, &namespace, id, Some(arguments)),
        None => member.host.shared.counters.add(Count::Ignored, 1),
    }
}
