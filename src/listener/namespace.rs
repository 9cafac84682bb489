//! What an application does with a namespace, and with the listener's root namespace.

use super::{Handle, Listener, Shared};
use crate::{
    client::{Ack, Attempt, Client, Message, Refusal, SendError, is_reserved_event_name},
    hub::{self, Broadcast, Target},
    session::DisconnectReason,
    transport::Transport,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, future::Future, sync::Arc};

/// A namespace: handlers, rooms and clients of its own, over the same connections. Made by [`Listener::of`]; cheap to
/// clone.
///
/// Events of one session are handled in order, one at a time, over all its namespaces.
#[derive(Clone)]
pub struct Namespace {
    shared: Arc<Shared>,
    core: Arc<hub::Namespace>,
    _handle: Arc<Handle>,
}

impl Namespace {
    pub(super) fn new(listener: &Listener, core: Arc<hub::Namespace>) -> Self {
        Self { shared: Arc::clone(&listener.shared), core, _handle: Arc::clone(&listener.handle) }
    }

    /// The name: `/`, or one such as `/chat`.
    #[must_use]
    pub fn name(&self) -> &str {
        self.core.name()
    }

    /// Sets who is let in. It is asked when a client wants to enter, and what that client sends to the namespace
    /// meanwhile waits. In the root namespace it is asked with the handshake where there is no other entry: of clients of
    /// 0.3 to 0.9 and of the bare protocols; of one of 1.x or 2.x, as soon as it is connected. A client that comes back
    /// ([`Builder::recovery`](crate::Builder::recovery)) is not asked for again. An answer that takes longer than 30 s,
    /// or a panic, is a failure.
    ///
    /// Namespaces are independent for clients since 3.0: whoever is refused at the root may still enter another, so guard
    /// each, or use [`Listener::authorize_handshake`]. Clients before that are refused everywhere with the root.
    ///
    /// Clients since 3.0 hear of it in their `connect_error`, with the reason and the data of the [`Refusal`], those of
    /// 1.x and 2.x in `error`. Clients of 0.7 to 0.9 hear `handshake unauthorized` or `handshake error`, and of a
    /// namespace the packet `7::/name:2`, or `7::/name:` of a failure; clients of the frames generation get status 403.
    pub fn authorize<F, R>(&self, authorize: F) -> &Self
    where
        F: Fn(Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.core.change_handlers(|handlers| handlers.set_authorize(authorize));
        self
    }

    /// Sets what happens when a client has connected. It is called once for each client, before its first message.
    pub fn on_connect<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.core.change_handlers(|handlers| handlers.set_connect(handler));
        self
    }

    /// Sets what happens with a client's message. Messages of one client are handled in order, one at a time; while a
    /// handler waits, further messages of that client wait too, and in the end its connection is read no further. An
    /// acknowledgement the client asks for is given before the handler runs.
    pub fn on_message<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Message) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.on_message_with_ack(move |client, message, ack| {
            if let Some(ack) = ack {
                // Nobody else could give it. A full queue is counted.
                let _ = ack.send(&());
            }
            handler(client, message)
        })
    }

    /// [`Namespace::on_message`], with the acknowledgement that a client of 0.7 to 0.9 may ask the application for. It
    /// takes the place of that handler. (What such clients usually ask for is acknowledged on receipt, before the
    /// handler runs.)
    pub fn on_message_with_ack<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Message, Option<Ack>) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.core.change_handlers(|handlers| handlers.set_message(handler));
        self
    }

    /// Sets what happens with a client's events of this name. The arguments are read as `T`: `()` takes none, a tuple
    /// takes as many as it has (further ones are ignored, missing ones are null), a `Vec` or a `serde_json::Value`
    /// takes the whole list, anything else the first. An event whose arguments do not fit is ignored, and counted in
    /// [`Stats::ignored_events`](crate::Stats::ignored_events).
    ///
    /// From clients of the frames generation an event is the JSON message `{"name":…,"args":[…]}`; without a handler
    /// of that name it is a message like any other. From others, an event named `message` without a handler of that
    /// name goes to [`Namespace::on_message`], its first argument as the message. Events whose names belong to the
    /// protocol (`connect`, `disconnect`, `error` and the like) are ignored.
    pub fn on<T, F, R>(&self, event: &str, handler: F) -> &Self
    where
        T: DeserializeOwned + 'static,
        F: Fn(Client, T, Option<Ack>) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        if is_reserved_event_name(event) {
            log::error!(target: "heirloom::handler", "the event name {event:?} belongs to the protocol; its handler is never called");
        }
        self.core.change_handlers(|handlers| handlers.set_event(event, handler));
        self
    }

    /// Sets what happens when a client has gone. It is called once for each client, after its last message.
    pub fn on_disconnect<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, DisconnectReason) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.core.change_handlers(|handlers| handlers.set_disconnect(handler));
        self
    }

    /// Sets what happens when another transport carries a client from now on: one since 1.0 has gone over from polling
    /// to a WebSocket.
    pub fn on_upgrade<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Transport) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.core.change_handlers(|handlers| handlers.set_upgrade(handler));
        self
    }

    /// Queues a message for every client.
    pub fn broadcast(&self, message: impl Into<Message>) -> Broadcast {
        self.everybody().send(message)
    }

    /// Queues a message for every client but those with these ids.
    pub fn broadcast_except<I>(&self, message: impl Into<Message>, ids: I) -> Broadcast
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        ids.into_iter().fold(self.everybody(), |target, id| target.except(id.as_ref())).send(message)
    }

    /// Queues an event for every client. See [`Client::emit`] for the arguments.
    ///
    /// # Errors
    ///
    /// [`SendError::Reserved`] and [`SendError::Json`].
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<Broadcast, SendError> {
        self.everybody().emit(name, arguments)
    }

    /// Every client, for what [`Target`] can do.
    pub fn everybody(&self) -> Target {
        Target::everybody(Arc::clone(&self.shared), Arc::clone(&self.core))
    }

    /// The clients in a room.
    pub fn to(&self, room: &str) -> Target {
        self.everybody().to(room)
    }

    /// The clients that are connected now.
    #[must_use]
    pub fn clients(&self) -> Vec<Client> {
        self.everybody().clients()
    }

    /// The client with this id, while it is connected.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<Client> {
        let member = self.core.member(id).filter(|member| member.is_open())?;
        Some(Client::new(member, Arc::clone(&self.core)))
    }
}

impl fmt::Debug for Namespace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Namespace")
            .field("name", &self.name())
            .field("clients", &self.core.members.len())
            .finish_non_exhaustive()
    }
}

/// The root namespace.
impl Listener {
    /// The root namespace, where every client of every generation is.
    fn root(&self) -> Namespace {
        Namespace::new(self, Arc::clone(self.shared.namespaces.root()))
    }

    /// [`Namespace::authorize`] of the root namespace: who may begin a session.
    pub fn authorize<F, R>(&self, authorize: F) -> &Self
    where
        F: Fn(Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.root().authorize(authorize);
        self
    }

    /// [`Namespace::on_connect`] of the root namespace.
    pub fn on_connect<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.root().on_connect(handler);
        self
    }

    /// [`Namespace::on_message`] of the root namespace.
    pub fn on_message<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Message) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.root().on_message(handler);
        self
    }

    /// [`Namespace::on_message_with_ack`] of the root namespace.
    pub fn on_message_with_ack<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Message, Option<Ack>) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.root().on_message_with_ack(handler);
        self
    }

    /// [`Namespace::on`] of the root namespace.
    pub fn on<T, F, R>(&self, event: &str, handler: F) -> &Self
    where
        T: DeserializeOwned + 'static,
        F: Fn(Client, T, Option<Ack>) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.root().on(event, handler);
        self
    }

    /// Sets who may begin a session, whatever it speaks; asked before [`Listener::authorize`], with nothing but the
    /// request. A client of Engine.IO, and any WebSocket, is answered 403, others as there. Clients since 1.0 take that
    /// for a failure of the network and try again, so use it to keep strangers out, and `authorize` to tell users why.
    pub fn authorize_handshake<F, R>(&self, authorize: F) -> &Self
    where
        F: Fn(Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.shared.namespaces.root().change_handlers(|handlers| handlers.set_authorize_handshake(authorize));
        self
    }

    /// [`Namespace::on_upgrade`] of the root namespace.
    pub fn on_upgrade<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Transport) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.root().on_upgrade(handler);
        self
    }

    /// [`Namespace::on_disconnect`] of the root namespace.
    pub fn on_disconnect<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, DisconnectReason) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.root().on_disconnect(handler);
        self
    }

    /// Queues a message for every client.
    pub fn broadcast(&self, message: impl Into<Message>) -> Broadcast {
        self.root().broadcast(message)
    }

    /// Queues a message for every client but those with these ids.
    pub fn broadcast_except<I>(&self, message: impl Into<Message>, ids: I) -> Broadcast
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        self.root().broadcast_except(message, ids)
    }

    /// Queues an event for every client. See [`Client::emit`] for the arguments.
    ///
    /// # Errors
    ///
    /// [`SendError::Reserved`] and [`SendError::Json`].
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<Broadcast, SendError> {
        self.root().emit(name, arguments)
    }

    /// Every client, for what [`Target`] can do.
    pub fn everybody(&self) -> Target {
        self.root().everybody()
    }

    /// The clients in a room of the root namespace.
    pub fn to(&self, room: &str) -> Target {
        self.root().to(room)
    }

    /// The clients that are connected now.
    #[must_use]
    pub fn clients(&self) -> Vec<Client> {
        self.root().clients()
    }

    /// The client with this id, while it is connected.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<Client> {
        self.root().client(id)
    }
}
