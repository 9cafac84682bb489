//! From an event to the handler it is for.

use super::{
    acknowledgement::Ack,
    authorization::{Attempt, admit},
    context::Member,
    event_names,
    handle::Client,
    handlers::{Handlers, Handling},
    inbox::Event,
    message::{Message, read_event_message},
};
use crate::{
    hub::{Namespace, Reply},
    listener::Generation,
    wire::packets::Acknowledge,
};
use futures_util::future::{Either, select};
use serde_json::value::RawValue;
use std::{
    pin::pin,
    sync::{Arc, Mutex},
};

/// Begins to handle an event; nothing when there is nothing to do, or it is done.
pub(crate) fn begin(member: &Arc<Member>, event: Event) -> Option<Handling> {
    match event {
        Event::Connect(namespace) => {
            let handlers = namespace.handlers();
            handlers.connect.as_ref().map(|handler| handler(client(member, &namespace), ()))
        }
        Event::Enter { namespace, query } => enter(member, &namespace, query),
        Event::Message { namespace, message, acknowledge } => {
            let ack = receipt(member, &namespace, acknowledge)?;
            message_handler(member, &namespace, message, ack)
        }
        Event::Named { namespace, name, arguments, acknowledge } => {
            let ack = receipt(member, &namespace, acknowledge)?;
            named(member, &namespace, &name, &arguments, ack)
        }
        Event::Disconnect { namespace, reason } => {
            let handlers = namespace.handlers();
            handlers.disconnect.as_ref().map(|handler| handler(client(member, &namespace), reason))
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

/// Lets the client into a namespace, if it may. It hears of that before its handler runs.
fn enter(member: &Arc<Member>, namespace: &Arc<Namespace>, query: Option<String>) -> Option<Handling> {
    if member.host.seats.holds(namespace) {
        let _ = client(member, namespace).reply(Reply::Connected);
        return None;
    }
    let handlers = namespace.handlers();
    if handlers.authorize.is_none() {
        return welcome(member, namespace, &handlers, Arc::default());
    }
    let (member, namespace) = (Arc::clone(member), Arc::clone(namespace));
    Some(Box::pin(async move {
        let earlier = Arc::clone(&member.host.state);
        let attempt = Attempt::entry(Arc::clone(&member.host.handshake), namespace.name(), query, earlier);
        // Who has gone meanwhile waits for no verdict.
        let (verdict, over) = (admit(handlers.authorize.as_ref(), attempt), member.host.shared.until_over(&member));
        let Either::Left((verdict, _)) = select(pin!(verdict), pin!(over)).await else { return };
        match verdict {
            Ok(state) => {
                if let Some(handling) = welcome(&member, &namespace, &handlers, state) {
                    handling.await;
                }
            }
            Err(refusal) => {
                let reply = if refusal.is_failure() { Reply::Failed } else { Reply::Unauthorized };
                let _ = client(&member, &namespace).reply_unseated(reply);
            }
        }
    }))
}

fn welcome(
    member: &Arc<Member>,
    namespace: &Arc<Namespace>,
    handlers: &Handlers,
    state: Arc<Mutex<super::state::State>>,
) -> Option<Handling> {
    // Its handler runs here, so nobody has to be told.
    if !member.host.seats.enter(member, namespace, state, || {}) {
        return None;
    }
    let client = client(member, namespace);
    // A full queue is counted; the client that does not hear of its entry asks again.
    let _ = client.reply(Reply::Connected);
    handlers.connect.as_ref().map(|handler| handler(client, ()))
}

/// Acknowledges what nobody handles, if the client is in the namespace.
pub(crate) fn acknowledge_receipt(member: &Arc<Member>, namespace: &Arc<Namespace>, acknowledge: Acknowledge) {
    if let Acknowledge::OnReceipt(id) = acknowledge {
        if !member.host.seats.holds(namespace) {
            return member.host.shared.counters.add_ignored_event();
        }
        // A full queue is counted.
        let _ = client(member, namespace).reply(Reply::Acknowledged { id, arguments: None });
    }
}

/// Acknowledges a receipt, or prepares the acknowledgement the application is to give. Nothing when the client is not
/// in the namespace: then what it sent is ignored.
fn receipt(member: &Arc<Member>, namespace: &Arc<Namespace>, acknowledge: Acknowledge) -> Option<Option<Ack>> {
    if !namespace.is_root() && !member.host.seats.holds(namespace) {
        member.host.shared.counters.add_ignored_event();
        return None;
    }
    Some(match acknowledge {
        Acknowledge::None => None,
        Acknowledge::OnReceipt(_) => {
            acknowledge_receipt(member, namespace, acknowledge);
            None
        }
        Acknowledge::WithData(id) => Some(Ack::new(client(member, namespace), id)),
    })
}

fn message_handler(
    member: &Arc<Member>,
    namespace: &Arc<Namespace>,
    message: Message,
    ack: Option<Ack>,
) -> Option<Handling> {
    let handlers = namespace.handlers();
    if let Message::Json(json) = &message {
        // Clients of the frames generation know no events, so their JSON may be one.
        if member.host.generation() == Generation::Frames && handlers.has_events() {
            let event = read_event_message(json).filter(|(name, _)| handlers.event(name).is_some());
            if let Some((name, arguments)) = event {
                return named(member, namespace, &name, arguments.get(), ack);
            }
        }
    }
    if handlers.message.is_none() {
        member.host.shared.counters.add_ignored_event();
    }
    handlers.message.as_ref().map(|handler| handler(client(member, namespace), (message, ack)))
}

fn named(
    member: &Arc<Member>,
    namespace: &Arc<Namespace>,
    name: &str,
    arguments: &str,
    ack: Option<Ack>,
) -> Option<Handling> {
    let handlers = namespace.handlers();
    let counters = &member.host.shared.counters;
    if let Some(handler) = handlers.event(name).filter(|_| !event_names::is_reserved(name)) {
        return match handler(client(member, namespace), arguments, ack) {
            Ok(handling) => Some(handling),
            Err(error) => {
                counters.add_ignored_event();
                log::debug!(target: "heirloom", "the arguments of an event {name:?} do not fit its handler: {error}");
                None
            }
        };
    }
    if let (event_names::MESSAGE, Some(handler)) = (name, &handlers.message) {
        if let Some(message) = first_argument(arguments) {
            return Some(handler(client(member, namespace), (message, ack)));
        }
    }
    counters.add_ignored_event();
    None
}

/// What an event named `message` says.
fn first_argument(arguments: &str) -> Option<Message> {
    let (first,): (Option<Box<RawValue>>,) = super::arguments::parse(arguments).ok()?;
    let first = first?;
    Some(match serde_json::from_str::<String>(first.get()) {
        Ok(text) => Message::Text(text),
        Err(_) => Message::Json(first),
    })
}
