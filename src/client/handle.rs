//! The handle an application holds.

use super::{context::Member, handshake::Handshake, message::Message};
use crate::{
    hub::{Broadcast, Encoded, Target},
    listener::{Generation, Listener},
    session::{DisconnectReason, QueueError},
    transport::Transport,
};
use serde::Serialize;
use std::{
    any::Any,
    fmt,
    hash::{Hash, Hasher},
    sync::Arc,
};

/// One connected client. Cheap to clone; usable from any task or thread at any time, also after the client has gone.
#[derive(Clone)]
pub struct Client {
    member: Arc<Member>,
}

impl Client {
    pub(crate) fn new(member: Arc<Member>) -> Self {
        Self { member }
    }

    /// The session id: 32 hexadecimal digits. It is also the client's only credential, so keep it out of logs.
    #[must_use]
    pub fn id(&self) -> String {
        self.member.id().to_string()
    }

    /// The request that began the session.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.member.host.handshake
    }

    /// The transport that carries the client.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.member.host.transport()
    }

    /// The family of protocols the client speaks.
    #[must_use]
    pub fn generation(&self) -> Generation {
        Generation::Frames
    }

    /// The listener the client is connected to.
    #[must_use]
    pub fn listener(&self) -> Listener {
        Listener::from_shared(Arc::clone(&self.member.host.shared))
    }

    /// Whether messages for the client are still accepted.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.member.is_open()
    }

    /// Queues a message for the client. Never blocks and never waits.
    ///
    /// # Errors
    ///
    /// [`SendError::Closed`] when the client is gone, [`SendError::Full`] when its queue is at a bound.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        let bytes = self.member.host.shared.form().encode(&message);
        self.queue(&[bytes])
    }

    /// Queues several messages, all or none; they travel as one payload.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub fn send_all<M: Into<Message>>(&self, messages: impl IntoIterator<Item = M>) -> Result<(), SendError> {
        let form = self.member.host.shared.form();
        let encoded: Vec<_> = messages.into_iter().map(|message| form.encode(&message.into())).collect();
        if encoded.is_empty() { Ok(()) } else { self.queue(&encoded) }
    }

    /// Queues an event: for clients of the frames generation the JSON message `{"name":…,"args":[…]}`. A tuple, an
    /// array or a slice is the list of arguments, `()` is none, and anything else is one argument.
    ///
    /// # Errors
    ///
    /// As [`Client::send`], and [`SendError::Json`] when the arguments have no JSON form.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<(), SendError> {
        self.send(Message::event(name, arguments).map_err(|error| SendError::Json(error.to_string()))?)
    }

    /// Queues a message for every client but this one.
    pub fn broadcast(&self, message: impl Into<Message>) -> Broadcast {
        let message = message.into();
        self.member.host.shared.broadcast(&Encoded::new(&message), &[self.member.id()])
    }

    /// The other clients in a room.
    pub fn to(&self, room: &str) -> Target {
        Target::new(Arc::clone(&self.member.host.shared), room.into(), vec![self.member.id()])
    }

    /// Enters a room. A client that is gone enters nothing.
    pub fn join(&self, room: &str) {
        self.member.host.shared.rooms.join(&self.member, room);
    }

    /// Leaves a room.
    pub fn leave(&self, room: &str) {
        self.member.host.shared.rooms.leave(&self.member, room);
    }

    /// The rooms the client is in.
    #[must_use]
    pub fn rooms(&self) -> Vec<String> {
        self.member.host.shared.rooms.of(&self.member)
    }

    /// Ends the session. What is queued still leaves if the client is there to take it; `on_disconnect` is called
    /// at once, with [`DisconnectReason::ServerDisconnect`].
    ///
    /// Clients of the frames generation know no goodbye from the server: they see their connection end, and 0.6.18
    /// then connects anew.
    pub fn disconnect(&self) {
        self.member.end(DisconnectReason::ServerDisconnect);
    }

    /// Bytes and messages that wait for the client or are on their way to it.
    #[must_use]
    pub fn queued(&self) -> (usize, usize) {
        self.member.held()
    }

    /// Keeps a value of the application's own type with the client, in place of an earlier one of that type.
    pub fn set_state<T: Any + Send + Sync>(&self, value: T) {
        self.member.host.set_state(Arc::new(value));
    }

    /// The value of this type that was kept with the client.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        self.member.host.state()
    }

    fn queue(&self, messages: &[bytes::Bytes]) -> Result<(), SendError> {
        self.member.send(messages).map_err(|error| match error {
            QueueError::Closed => SendError::Closed,
            QueueError::Full => {
                self.member.host.shared.counters.add_dropped(messages.len());
                SendError::Full
            }
        })
    }
}

impl PartialEq for Client {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.member, &other.member)
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
            .field("transport", &self.transport())
            .finish_non_exhaustive()
    }
}

/// Why a message was not queued.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The client is gone.
    Closed,
    /// The client's queue is at one of its bounds; the message was dropped and counted.
    Full,
    /// The arguments have no JSON form; why.
    Json(String),
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("the client is gone"),
            Self::Full => formatter.write_str("the client's queue is full"),
            Self::Json(reason) => write!(formatter, "the arguments have no JSON form: {reason}"),
        }
    }
}

impl std::error::Error for SendError {}
