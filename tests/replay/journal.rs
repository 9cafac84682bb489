//! What one listener and its application have done so far.

use std::{fmt, sync::Mutex};

use heirloom::Client;
use serde_json::Value;
use tokio::sync::Notify;

use crate::recording::Event;

#[derive(Default)]
pub(crate) struct Journal {
    pub(crate) events: Mutex<Vec<Event>>,
    held: Mutex<Vec<Box<dyn FnOnce() + Send>>>,
    /// Something in here, or on a connection, changed.
    pub(crate) changed: Notify,
}

impl Journal {
    pub(crate) fn note(&self, name: &str, client: &Client, message: Option<Value>) {
        let event = Event { name: name.to_owned(), sid: Some(client.id().to_string()), message };
        self.events.lock().expect("the journal").push(event);
        self.changed.notify_waiters();
    }

    /// The originals' application did this a while after it was asked to; here it is done when the player says so.
    pub(crate) fn hold(&self, act: impl FnOnce() + Send + 'static) {
        self.held.lock().expect("the journal").push(Box::new(act));
    }

    pub(crate) fn release(&self) {
        let held: Vec<_> = self.held.lock().expect("the journal").drain(..).collect();
        held.into_iter().for_each(|act| act());
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Journal").field("events", &self.events).finish_non_exhaustive()
    }
}
