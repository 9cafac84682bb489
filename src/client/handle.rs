//! The handle an application holds.

use super::{
    acknowledgement::AckError,
    arguments,
    context::Member,
    data::Data,
    event_names,
    handshake::Handshake,
    inbox::{Event, handle_elsewhere},
    message::{Message, ParseError, list_of_arguments},
    sending::{Conflated, Transient, Volatile},
};
use crate::{
    hub::{Audience, Broadcast, Encoding, Namespace, Outgoing, Reply, Target, WireForm},
    listener::{Count, Generation, Listener},
    session::{DisconnectReason, Elements, Key, Manner, QueueError, SessionId},
    transport::Transport,
    wire::packets::Acknowledge,
};
use serde::{Serialize, de::DeserializeOwned};
use std::{
    any::Any,
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, PoisonError},
    time::Duration,
};

pub use super::send_error::SendError;

/// One connected client in one namespace. Cheap to clone; usable from any task or thread at any time, also after the
/// client has gone.
#[derive(Clone)]
pub struct Client {
    member: Arc<Member>,
    namespace: Arc<Namespace>,
    /// The one it is known by.
    id: SessionId,
}

impl Client {
    pub(crate) fn new(member: Arc<Member>, namespace: Arc<Namespace>) -> Self {
        let own = if member.host.form.has_own_ids() { member.host.seats.id(&namespace) } else { None };
        let id = own.unwrap_or_else(|| member.id());
        Self { member, namespace, id }
    }

    /// One that is known by this id.
    pub(super) fn known(member: Arc<Member>, namespace: Arc<Namespace>, id: SessionId) -> Self {
        Self { member, namespace, id }
    }

    /// The id the client is known by, on both ends: 32 hexadecimal digits.
    ///
    /// | clients | id |
    /// | --- | --- |
    /// | 0.3 to 0.9, Engine.IO and WebSocket alone | the session id, the same in every namespace |
    /// | 1.x, 2.x | the session id; in another namespace than the root behind its name: `/chat#0123…` |
    /// | since 3.0 | one of its own in each namespace |
    ///
    /// A session id is also the client's only credential, so keep it out of logs; ids since 3.0 may be told to others.
    #[must_use]
    pub fn id(&self) -> String {
        if self.member.host.form == WireForm::Engine3 && !self.namespace.is_root() {
            return format!("{}#{}", self.namespace(), self.id);
        }
        self.id.to_string()
    }

    /// What a client of 3.0 or later sent with its CONNECT packet (`auth` in its options), read as `T`: an empty object
    /// when it sent nothing, or is older.
    ///
    /// # Errors
    ///
    /// When it does not fit the type.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        let auth = self.member.host.seats.auth(&self.namespace);
        ParseError::read(auth.as_ref().map_or("{}", |auth| auth.get()))
    }

    /// Whether the client has come back after its connection broke, with its id, its rooms, its state and everything it
    /// has missed (clients since 4.6, see [`Builder::recovery`](crate::Builder::recovery)).
    #[must_use]
    pub fn is_recovered(&self) -> bool {
        self.member.host.seats.recovery(&self.namespace).is_some_and(|recovery| recovery.recovered)
    }

    /// The request that began the session.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.member.host.handshake
    }

    /// The transport that carries the client now, or did last.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.member.host.transport()
    }

    /// The family of protocols the client speaks.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.member.host.generation()
    }

    /// The namespace: `/`, or a name such as `/chat`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.name()
    }

    /// The listener the client is connected to.
    #[must_use]
    pub fn listener(&self) -> Listener {
        Listener::from_shared(Arc::clone(&self.member.host.shared))
    }

    /// Whether messages for the client are still accepted.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.member.is_open() && self.is_here()
    }

    /// Queues a message for the client. Never blocks and never waits.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] when the client is gone, [`SendError::Full`] when its queue is at a bound.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.deliver(&[Outgoing::message(&message.into())], None)
    }

    /// Queues several messages, all or none; they travel as one payload.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub fn send_all<M: Into<Message>>(&self, messages: impl IntoIterator<Item = M>) -> Result<(), SendError> {
        let messages: Vec<Message> = messages.into_iter().map(Into::into).collect();
        let outgoing: Vec<_> = messages.iter().map(Outgoing::message).collect();
        self.deliver(&outgoing, None)
    }

    /// Queues an event. A tuple, an array or a slice is the list of arguments, `()` is none, and anything else is one
    /// argument. Clients of the frames generation get it as the JSON message `{"name":…,"args":[…]}`.
    ///
    /// # Errors
    ///
    /// As [`Client::send`], and [`SendError::Json`] when the arguments have no JSON form, [`SendError::Reserved`] for a
    /// name that belongs to the protocol, such as `disconnect`.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<(), SendError> {
        event_names::check(name)?;
        self.deliver(&[Outgoing::event(name, &list(arguments)?)], None)
    }

    /// Emits an event and waits for the client's acknowledgement, read as `R`: `()` takes no argument, a tuple as many
    /// as it has, a `Vec` or a `serde_json::Value` the whole list, anything else the first. Has to be awaited on a
    /// tokio runtime. A handler may await it from its own client.
    ///
    /// # Errors
    ///
    /// [`AckError`]; clients of the frames generation have no acknowledgements: [`SendError::Unsupported`].
    pub async fn emit_with_ack<R: DeserializeOwned>(
        &self,
        name: &str,
        arguments: &(impl Serialize + ?Sized),
        timeout: Duration,
    ) -> Result<R, AckError> {
        event_names::check(name).map_err(AckError::Send)?;
        let arguments = list(arguments).map_err(AckError::Send)?;
        let event = |id| Outgoing::Event { name, arguments: &arguments, acknowledge: Acknowledge::WithData(id) };
        let answer = self.acknowledged(event, timeout).await?;
        let answer = match answer {
            Some(answer) => arguments::parse(&answer),
            None => list_of_arguments(&()).and_then(|none| arguments::parse(&none)),
        };
        answer.map_err(|error| AckError::Arguments(error.to_string()))
    }

    /// Sends a message and waits until the client's library has acknowledged its receipt.
    ///
    /// # Errors
    ///
    /// As [`Client::emit_with_ack`].
    pub async fn send_with_ack(&self, message: impl Into<Message>, timeout: Duration) -> Result<(), AckError> {
        let message = message.into();
        let outgoing = |id| Outgoing::Message(&message, Acknowledge::OnReceipt(id));
        self.acknowledged(outgoing, timeout).await.map(drop)
    }

    /// What is sent through it is dropped, and counted, unless a connection is there to take it at once; or later, as
    /// long as it still waits, when the queue is full and something else needs its room.
    #[must_use = "`send` and `emit` send"]
    pub fn volatile(&self) -> Volatile<'_> {
        Volatile::new(self)
    }

    /// What is sent through it is not kept for a client that comes back after its connection broke
    /// ([`Builder::recovery`](crate::Builder::recovery)), as an answer to what the connection has asked need not be. So
    /// its arguments are exact: nothing is put behind them.
    #[must_use = "`send` and `emit` send"]
    pub fn transient(&self) -> Transient<'_> {
        Transient::new(self)
    }

    /// What is sent through it takes the place of what was sent before with the same key, as long as that still waits
    /// and no connection has had hold of it: of prices or positions only the newest matters. The older message is
    /// dropped, and counted; the new one comes last, so between messages with one key all others keep their order. A
    /// key is the application's, and means nothing in other namespaces.
    ///
    /// A client that comes back after its connection broke ([`Builder::recovery`](crate::Builder::recovery)) gets of the
    /// messages with one key that it has missed the newest.
    #[must_use = "`send` and `emit` send"]
    pub fn conflate(&self, key: &str) -> Conflated<'_> {
        Conflated::new(self, Key::new(self.namespace.endpoint(), key))
    }

    /// Queues a message for every client of the namespace but this one.
    pub fn broadcast(&self, message: impl Into<Message>) -> Broadcast {
        self.others().send(message)
    }

    /// Every client of the namespace but this one.
    pub fn others(&self) -> Target {
        let everybody = Target::everybody(Arc::clone(&self.member.host.shared), Arc::clone(&self.namespace));
        // By the id it keeps when it comes back as well.
        everybody.without(self.member.id()).without(self.id)
    }

    /// The other clients in a room.
    pub fn to(&self, room: &str) -> Target {
        self.others().to(room)
    }

    /// Enters a room of the namespace; answers whether the client is in it now. One that is gone enters nothing, nor does
    /// one that is in as many rooms already as it may ([`Builder::max_rooms`](crate::Builder::max_rooms)).
    pub fn join(&self, room: &str) -> bool {
        self.member.host.seats.join(&self.member, &self.namespace, room)
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        self.member.host.seats.leave_room(&self.member, &self.namespace, room);
    }

    /// The rooms the client is in.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.member.host.seats.rooms(&self.namespace)
    }

    /// Ends the client's stay in this namespace; in the root namespace, the session. What is queued still leaves if the
    /// client is there to take it; `on_disconnect` is called with [`DisconnectReason::ServerDisconnect`].
    ///
    /// Clients of 0.7 to 0.9 are told, also by a poll that comes later, and do not connect again by themselves. Clients
    /// of the frames generation know no goodbye: they see their connection end, and 0.6.18 then connects anew. Those
    /// since 1.0 are told in every namespace they are in, and do not connect again by themselves.
    pub fn disconnect(&self) {
        if self.namespace.is_root() {
            if self.member.host.form.enters_root() {
                for namespace in self.member.host.seats.namespaces() {
                    Self::new(Arc::clone(&self.member), namespace).say_goodbye();
                }
            }
            return self.member.end(DisconnectReason::ServerDisconnect);
        }
        let tell = || {
            let namespace = Arc::clone(&self.namespace);
            let reason = DisconnectReason::ServerDisconnect;
            self.member.host.inbox.push(Event::Disconnect { namespace, reason });
        };
        if self.member.host.seats.leave(&self.member, &self.namespace, tell) {
            self.say_goodbye();
            handle_elsewhere(&self.member);
        }
    }

    /// Bytes and messages that wait for the client or are on their way to it, in all its namespaces.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.member.held()
    }

    /// Acknowledgements that are waited for, in all the client's namespaces.
    #[must_use]
    pub fn awaited_acks(&self) -> usize {
        self.member.host.seats.awaited()
    }

    /// Keeps a value of the application's own type with the client, in place of an earlier one of that type. Values of
    /// the root namespace are seen in all. They are dropped when the client has gone and its `on_disconnect` is done; of
    /// one that may come back, when it can no longer ([`Builder::recovery`](crate::Builder::recovery)).
    pub fn set_state<T: Any + Send + Sync>(&self, value: T) {
        let Some(state) = self.member.host.seats.state(&self.namespace) else { return };
        let replaced = state.lock().unwrap_or_else(PoisonError::into_inner).set(Arc::new(value));
        drop(replaced);
    }

    /// The value of this type that was kept with the client, here or in the root namespace.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let here = self.member.host.seats.state(&self.namespace);
        let own = here.and_then(|state| state.lock().unwrap_or_else(PoisonError::into_inner).get());
        own.or_else(|| self.member.host.state.lock().unwrap_or_else(PoisonError::into_inner).get())
    }

    /// Answers for the namespace, if the client is in it.
    pub(crate) fn reply(&self, reply: Reply<'_>) -> Result<(), SendError> {
        self.queue(self.encode(&Outgoing::Reply(reply), None)?, 1, Manner::WORD)
    }

    /// Tells the client that it is out. A full queue does not keep that from it: it would come back.
    fn say_goodbye(&self) {
        let word = self.form().encode(self.namespace.endpoint(), &Outgoing::Reply(Reply::Disconnected), None);
        for word in word.elements().unwrap_or_default() {
            self.member.say(word);
        }
    }

    /// Sends what carries the id of a new acknowledgement, and waits for it.
    async fn acknowledged<'a>(
        &self,
        outgoing: impl FnOnce(u64) -> Outgoing<'a>,
        timeout: Duration,
    ) -> Result<Option<Data>, AckError> {
        /// Nobody waits any longer, however the waiting ended.
        struct Forget<'a>(&'a Client, u64);
        impl Drop for Forget<'_> {
            fn drop(&mut self) {
                let Self(client, id) = self;
                drop(client.member.host.seats.take_ack(&client.namespace, *id));
            }
        }
        if !self.member.host.form.acknowledges() {
            return Err(AckError::Send(SendError::Unsupported));
        }
        let shared = &self.member.host.shared;
        let awaited = self.member.host.seats.await_ack(&self.namespace, shared.options.budget.max_awaited_acks);
        shared.counters.add(Count::RefusedAck, usize::from(matches!(awaited, Err(AckError::TooMany))));
        let (id, receiver) = awaited?;
        let _forget = Forget(self, id);
        // What is acknowledged is not missed in silence, so it is not kept for who comes back.
        let encoding = self.encode(&outgoing(id), None).map_err(AckError::Send)?;
        self.queue(encoding, 1, Manner::PLAIN).map_err(AckError::Send)?;
        self.member.host.inbox.wake_readers();
        match tokio::time::timeout(timeout, receiver).await {
            Ok(Ok(list)) => Ok(list),
            Ok(Err(_)) => Err(AckError::Disconnected),
            Err(_) => Err(AckError::Timeout),
        }
    }

    fn form(&self) -> WireForm {
        self.member.host.form
    }

    fn encode(&self, outgoing: &Outgoing<'_>, offset: Option<&str>) -> Result<Encoding, SendError> {
        let encoding = self.form().encode(self.namespace.endpoint(), outgoing, offset);
        let counters = &self.member.host.shared.counters;
        if let Encoding::Unsupported = encoding {
            counters.add(Count::Unsupported, 1);
            return Err(SendError::Unsupported);
        }
        counters.add(Count::Encoded, usize::from(!matches!(outgoing, Outgoing::Reply(_))));
        Ok(encoding)
    }

    /// Queues messages or events, kept for a client that may come back.
    pub(super) fn deliver(&self, outgoing: &[Outgoing<'_>], key: Option<Key>) -> Result<(), SendError> {
        let manner = Manner { key, ..Manner::PLAIN };
        if let [outgoing] = outgoing {
            if self.form() != WireForm::Recoverable {
                return self.queue(self.encode(outgoing, None)?, 1, manner);
            }
        }
        if outgoing.is_empty() {
            return Ok(());
        }
        let may_return = self.form() == WireForm::Recoverable && self.is_here();
        let recovery = &self.namespace.recovery;
        // Dropped when all is queued.
        let mut recording = may_return.then(|| recovery.begin(self.member.host.shared.now()));
        let mut all = Vec::new();
        for outgoing in outgoing {
            let Some(recording) = &mut recording else {
                self.encode(outgoing, None)?.for_each(|element| all.push(element));
                continue;
            };
            let encode = |offset: &str| self.encode(outgoing, Some(offset)).ok()?.elements().map(Arc::from);
            let elements = recording.keep(Audience::One(self.id), key, encode).ok_or(SendError::Unsupported)?;
            all.extend_from_slice(&elements);
        }
        let queued = self.queue(all, outgoing.len(), manner);
        if let (Err(_), Some(recording)) = (&queued, &mut recording) {
            recording.take_back(outgoing.len());
        }
        queued
    }

    /// Sends what is not kept for a client that may come back. It may end with a text that the client takes for a place
    /// among what is kept.
    pub(super) fn pass(
        &self,
        outgoing: &Outgoing<'_>,
        then: impl FnOnce(Encoding) -> Result<(), SendError>,
    ) -> Result<(), SendError> {
        let encoding = self.encode(outgoing, None)?;
        let tail = if self.form() == WireForm::Recoverable { outgoing.tail() } else { None };
        let Some(tail) = tail else { return then(encoding) };
        self.namespace.recovery.pass(|number| {
            self.member.host.seats.note_tail(&self.namespace, &tail, number);
            then(encoding)
        })
    }

    /// Everybody whose session is open is in the root namespace, where nobody has to ask to come in.
    fn is_here(&self) -> bool {
        let host = &self.member.host;
        if self.namespace.is_root() {
            return !host.form.enters_root() || host.seats.is_in_root();
        }
        host.seats.holds(&self.namespace)
    }

    /// `count` is the number of messages.
    pub(super) fn queue(&self, elements: impl Elements, count: usize, manner: Manner) -> Result<(), SendError> {
        if !self.is_here() {
            return Err(SendError::Closed);
        }
        self.member.send(elements, manner).map_err(|error| self.count(error, count))
    }

    fn count(&self, error: QueueError, messages: usize) -> SendError {
        let counters = &self.member.host.shared.counters;
        match error {
            QueueError::Closed => SendError::Closed,
            QueueError::Full => {
                counters.add(Count::Dropped, messages);
                SendError::Full
            }
            QueueError::NotReady => {
                counters.add(Count::VolatileDropped, messages);
                SendError::NotReady
            }
        }
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.member, &other.member) && Arc::ptr_eq(&self.namespace, &other.namespace)
    }
}

impl Eq for Client {}

impl Hash for Client {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.member.id().hash(state);
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Client")
            .field("id", &self.member.id())
            .field("namespace", &self.namespace())
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

pub(super) fn list<T: Serialize + ?Sized>(arguments: &T) -> Result<Data, SendError> {
    list_of_arguments(arguments).map_err(|error| SendError::Json(error.to_string()))
}
