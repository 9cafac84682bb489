//! Acknowledgements in both directions: what a client waits for, and what the application waits for.

use super::{
    data::Data,
    handle::{Client, SendError},
    message::list_of_arguments,
};
use crate::hub::Reply;
use serde::Serialize;
use std::{collections::HashMap, fmt};
use tokio::sync::oneshot;

/// The acknowledgement a client asked for. It is sent at most once; dropped unsent, the client hears nothing.
#[must_use = "the client waits for it"]
pub struct Ack {
    client: Client,
    id: u64,
}

impl Ack {
    pub(crate) fn new(client: Client, id: u64) -> Self {
        Self { client, id }
    }

    /// Queues the acknowledgement. The arguments are as those of [`Client::emit`].
    ///
    /// # Errors
    ///
    /// As [`Client::emit`].
    pub fn send<T: Serialize + ?Sized>(self, arguments: &T) -> Result<(), SendError> {
        let arguments = list_of_arguments(arguments).map_err(|error| SendError::Json(error.to_string()))?;
        self.client.reply(Reply::Acknowledged { id: self.id, arguments: Some(&arguments) })
    }
}

impl fmt::Debug for Ack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Ack").field("id", &self.id).finish_non_exhaustive()
    }
}

/// Why an acknowledgement did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AckError {
    /// What was to be acknowledged could not be sent.
    Send(SendError),
    /// It did not come in time. If it comes later it is ignored.
    Timeout,
    /// The client owes as many already as it may ([`Builder::max_awaited_acks`](crate::Builder::max_awaited_acks));
    /// nothing was sent.
    TooMany,
    /// The client went away first.
    Disconnected,
    /// It came, but its arguments do not fit the type; why.
    Arguments(String),
}

impl fmt::Display for AckError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Send(error) => write!(formatter, "not sent: {error}"),
            Self::Timeout => formatter.write_str("not acknowledged in time"),
            Self::TooMany => formatter.write_str("not sent: the client owes too many acknowledgements"),
            Self::Disconnected => formatter.write_str("the client is gone"),
            Self::Arguments(reason) => write!(formatter, "the acknowledgement's arguments do not fit: {reason}"),
        }
    }
}

impl std::error::Error for AckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Send(error) => Some(error),
            _ => None,
        }
    }
}

/// The acknowledgements one namespace of one session waits for.
#[derive(Debug, Default)]
pub(crate) struct Awaited {
    last: u64,
    by_id: HashMap<u64, oneshot::Sender<Option<Data>>>,
}

impl Awaited {
    /// Ids begin at 1, as those of the original, and go on where earlier stays ended: a late answer is none to a later
    /// question.
    pub(crate) fn after(last: u64) -> Self {
        Self { last, by_id: HashMap::new() }
    }

    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    pub(crate) fn begin(&mut self) -> (u64, oneshot::Receiver<Option<Data>>) {
        self.last += 1;
        let (sender, receiver) = oneshot::channel();
        self.by_id.insert(self.last, sender);
        (self.last, receiver)
    }

    /// It came, or nobody waits any longer. The first one counts.
    pub(crate) fn end(&mut self, id: u64) -> Option<oneshot::Sender<Option<Data>>> {
        let sender = self.by_id.remove(&id);
        if self.by_id.is_empty() {
            self.by_id = HashMap::new();
        }
        sender
    }

    /// None of them will come: whoever waits learns of it.
    pub(crate) fn give_up(&mut self) {
        self.by_id = HashMap::new();
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_acknowledgement_is_taken_once_and_then_forgotten() {
        let mut awaited = Awaited::default();
        assert!(awaited.end(1).is_none());
        let (first, mut receiver) = awaited.begin();
        let (second, _) = awaited.begin();
        assert_eq!((first, second, awaited.len()), (1, 2, 2));
        awaited.end(1).unwrap().send(Some(Data::of(&[1]).unwrap())).unwrap();
        assert_eq!(receiver.try_recv().unwrap().unwrap().json().get(), "[1]");
        assert!(awaited.end(1).is_none());
        awaited.end(2);
        assert_eq!(awaited.len(), 0);
        assert_eq!(awaited.begin().0, 3, "an id is never used again");
        assert_eq!(Awaited::after(awaited.last()).begin().0, 4, "nor in a later stay");
    }
}
