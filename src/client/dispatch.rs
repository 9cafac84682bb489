//! From an event to the handler it is for.

use super::{
    acknowledgement::Ack,
    context::Member,
    data::Data,
    entry::enter,
    event_names,
    handle::Client,
    handlers::{Handlers, Handling},
    inbox::Event,
    message::{Message, read_event_message},
    said::Said,
    speaker::Speaker,
};
use crate::{
    hub::{Namespace, Reply},
    listener::Count,
    session::DisconnectReason,
    wire::packets::Acknowledge,
};
use std::sync::Arc;

/// Begins to handle an event; nothing when there is nothing to do, or it is done.
pub(crate) fn begin(member: &Arc<Member>, event: Event) -> Option<Handling> {
    match event {
        Event::Connect(namespace) => {
            let handlers = namespace.handlers();
            handlers.connect.as_ref().map(|handler| handler(client(member, &namespace), ()))
        }
        Event::Enter { namespace, credentials } => enter(member, &namespace, credentials),
        Event::Message { namespace, message, acknowledge } => {
            self::message(member, &Speaker::new(member, &namespace), message, acknowledge)
        }
        Event::Named { namespace, name, arguments, acknowledge } => {
            named(member, &Speaker::new(member, &namespace), &name, arguments.into(), acknowledge)
        }
        Event::Disconnect { namespace, reason } => {
            let handlers = namespace.handlers();
            handlers.disconnect.as_ref().map(|handler| handler(client(member, &namespace), reason))
        }
        Event::Upgrade { namespace, transport } => {
            let handlers = namespace.handlers();
            handlers.upgrade.as_ref().map(|handler| handler(client(member, &namespace), transport))
        }
        Event::Receipt { namespace, acknowledge } => {
            acknowledge_receipt(member, &namespace, acknowledge);
            None
        }
        // The inbox makes farewells of these.
        Event::Leave(_) => None,
    }
}

fn client(member: &Arc<Member>, namespace: &Arc<Namespace>) -> Client {
    Client::new(Arc::clone(member), Arc::clone(namespace))
}

/// Acknowledges what nobody handles, if the client is in the namespace.
pub(crate) fn acknowledge_receipt(member: &Arc<Member>, namespace: &Arc<Namespace>, acknowledge: Acknowledge) {
    if let Acknowledge::OnReceipt(id) = acknowledge {
        if !member.host.seats.hears(namespace) {
            member.host.shared.counters.add(Count::Ignored, 1);
            return;
        }
        // A full queue is counted.
        let _ = client(member, namespace).reply(Reply::Acknowledged { id, arguments: None });
    }
}

/// Hands an acknowledgement to whoever waits for it. One that nobody asked for, or a second one, is ignored.
pub(crate) fn acknowledged(member: &Member, namespace: &Arc<Namespace>, id: u64, arguments: Option<Data>) {
    match member.host.seats.take_ack(namespace, id) {
        // Who no longer waits does not mind.
        Some(waiting) => drop(waiting.send(arguments)),
        None => member.host.shared.counters.add(Count::Ignored, 1),
    }
}

/// Who has sent something, and the acknowledgement the application is to give: one of a receipt is given here. Nothing
/// when the client is not in the namespace: then what it sent is ignored.
fn sender(member: &Arc<Member>, speaker: &Speaker, acknowledge: Acknowledge) -> Option<(Client, Option<Ack>)> {
    let namespace = speaker.namespace();
    let Some(id) = speaker.id() else {
        member.host.shared.counters.add(Count::Ignored, 1);
        // Since 3.0 a client waits until it is let in; what it sent before it heard of its going is no mistake.
        if member.host.form.has_own_ids() && !member.host.seats.knows(namespace) {
            member.abort(DisconnectReason::ProtocolError);
        }
        return None;
    };
    if let Acknowledge::OnReceipt(_) = acknowledge {
        acknowledge_receipt(member, namespace, acknowledge);
    }
    let client = Client::known(Arc::clone(member), Arc::clone(namespace), id);
    let ack = match acknowledge {
        Acknowledge::WithData(id) => Some(Ack::new(client.clone(), id)),
        Acknowledge::None | Acknowledge::OnReceipt(_) => None,
    };
    Some((client, ack))
}

/// Begins to handle a message.
pub(super) fn message(
    member: &Arc<Member>,
    speaker: &Speaker,
    message: Message,
    acknowledge: Acknowledge,
) -> Option<Handling> {
    let handlers = speaker.handlers();
    let (client, ack) = sender(member, speaker, acknowledge)?;
    // Where there are no events, JSON may be one.
    if member.host.form.has_event_messages() && handlers.has_events() {
        let parsed = match &message {
            // A text, where there is nothing but texts.
            Message::Text(text) if member.host.form.has_only_texts() && text.starts_with('{') => {
                let shared = &member.host.shared;
                let mut bounds = shared.options.budget.bounds();
                let json = bounds.json(text);
                shared.counters.add(Count::TooDeep, bounds.too_deep);
                json
            }
            Message::Json(json) => Some(&**json),
            _ => None,
        };
        let event = parsed.and_then(read_event_message).filter(|(name, _)| handlers.event(name).is_some());
        if let Some((name, arguments)) = event {
            let arguments = Data::new(arguments.to_owned(), Vec::new());
            return hand_over(member, handlers, client, &name, arguments.into(), ack);
        }
    }
    if handlers.message.is_none() {
        member.host.shared.counters.add(Count::Ignored, 1);
    }
    handlers.message.as_ref().map(|handler| handler(client, (message, ack)))
}

/// Begins to handle an event.
pub(super) fn named(
    member: &Arc<Member>,
    speaker: &Speaker,
    name: &str,
    arguments: Said<'_>,
    acknowledge: Acknowledge,
) -> Option<Handling> {
    let (client, ack) = sender(member, speaker, acknowledge)?;
    hand_over(member, speaker.handlers(), client, name, arguments, ack)
}

fn hand_over(
    member: &Arc<Member>,
    handlers: &Handlers,
    client: Client,
    name: &str,
    arguments: Said<'_>,
    ack: Option<Ack>,
) -> Option<Handling> {
    let counters = &member.host.shared.counters;
    if let Some(handler) = handlers.event(name).filter(|_| !event_names::is_reserved(name)) {
        return match handler(client, &arguments.into_data(), ack) {
            Ok(handling) => Some(handling),
            Err(error) => {
                counters.add(Count::Ignored, 1);
                log::debug!(target: "heirloom::handler", "the arguments of an event {name:?} do not fit its handler: {error}");
                None
            }
        };
    }
    if let (event_names::MESSAGE, Some(handler)) = (name, &handlers.message) {
        if let Some(message) = arguments.into_message() {
            return Some(handler(client, (message, ack)));
        }
    }
    counters.add(Count::Ignored, 1);
    None
}
