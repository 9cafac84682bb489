//! Other ways of sending than to wait for the client as long as it takes.

use super::{
    event_names,
    handle::{Client, SendError, list},
    message::Message,
};
use crate::{
    hub::Outgoing,
    session::{Key, Manner},
};
use serde::Serialize;

/// A client to which only what can leave at once is sent. Made by [`Client::volatile`].
#[derive(Debug)]
pub struct Volatile<'a> {
    client: &'a Client,
}

impl<'a> Volatile<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Queues a message if a connection is there to take it.
    ///
    /// # Errors
    ///
    /// As [`Client::send`], and [`SendError::NotReady`] when it was dropped.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.queue(&Outgoing::message(&message.into()))
    }

    /// Queues an event if a connection is there to take it.
    ///
    /// # Errors
    ///
    /// As [`Client::emit`], and [`SendError::NotReady`] when it was dropped.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<(), SendError> {
        event_names::check(name)?;
        self.queue(&Outgoing::event(name, &list(arguments)?))
    }

    fn queue(&self, outgoing: &Outgoing<'_>) -> Result<(), SendError> {
        self.client.pass(outgoing, |encoding| self.client.queue(encoding, 1, Manner::VOLATILE))
    }
}

/// A client to which what is sent is not kept for its coming back. Made by [`Client::transient`].
#[derive(Debug)]
pub struct Transient<'a> {
    client: &'a Client,
}

impl<'a> Transient<'a> {
    pub(super) fn new(client: &'a Client) -> Self {
        Self { client }
    }

    /// Queues a message.
    ///
    /// # Errors
    ///
    /// As [`Client::send`].
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        let message = message.into();
        self.client.pass(&Outgoing::message(&message), |encoding| self.client.queue(encoding, 1, Manner::PLAIN))
    }

    /// Queues an event.
    ///
    /// # Errors
    ///
    /// As [`Client::emit`].
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<(), SendError> {
        event_names::check(name)?;
        let arguments = list(arguments)?;
        self.client.pass(&Outgoing::event(name, &arguments), |encoding| self.client.queue(encoding, 1, Manner::PLAIN))
    }
}

/// A client to which of all that waits with one key only the newest is sent. Made by [`Client::conflate`].
#[derive(Debug)]
pub struct Conflated<'a> {
    client: &'a Client,
    key: Key,
}

impl<'a> Conflated<'a> {
    pub(super) fn new(client: &'a Client, key: Key) -> Self {
        Self { client, key }
    }

    /// Queues a message in place of the one that waits with this key.
    ///
    /// # Errors
    ///
    /// As [`Client::send`]; the one that waits then stays.
    pub fn send(&self, message: impl Into<Message>) -> Result<(), SendError> {
        self.client.deliver(&[Outgoing::message(&message.into())], Some(self.key))
    }

    /// Queues an event in place of what waits with this key.
    ///
    /// # Errors
    ///
    /// As [`Client::emit`]; what waits then stays.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<(), SendError> {
        event_names::check(name)?;
        self.client.deliver(&[Outgoing::event(name, &list(arguments)?)], Some(self.key))
    }
}
