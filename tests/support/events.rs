//! What the application heard, in order.

use super::PATIENCE;
use heirloom::{DisconnectReason, Listener, Message};
use std::sync::Arc;
use tokio::sync::watch;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    Connect(String),
    Message(String, Message),
    Disconnect(String, DisconnectReason),
}

impl Event {
    fn id(&self) -> &str {
        match self {
            Self::Connect(id) | Self::Message(id, _) | Self::Disconnect(id, _) => id,
        }
    }
}

/// A log that is shared by the handlers and the test.
#[derive(Debug, Clone)]
pub(crate) struct Events(Arc<watch::Sender<Vec<Event>>>);

impl Events {
    /// Listens to everything the listener tells. A test may set a handler of its own afterwards.
    pub(crate) fn of(listener: &Listener) -> Self {
        let events = Self(Arc::new(watch::Sender::new(Vec::new())));
        let (connects, messages, disconnects) = (events.clone(), events.clone(), events.clone());
        listener
            .on_connect(move |client| {
                connects.push(Event::Connect(client.id()));
                async {}
            })
            .on_message(move |client, message| {
                messages.push(Event::Message(client.id(), message));
                async {}
            })
            .on_disconnect(move |client, reason| {
                disconnects.push(Event::Disconnect(client.id(), reason));
                async {}
            });
        events
    }

    pub(crate) fn push(&self, event: Event) {
        self.0.send_modify(|events| events.push(event));
    }

    pub(crate) fn all(&self) -> Vec<Event> {
        self.0.borrow().clone()
    }

    /// The events of one client.
    pub(crate) fn about(&self, id: &str) -> Vec<Event> {
        self.0.borrow().iter().filter(|event| event.id() == id).cloned().collect()
    }

    /// The messages of one client, JSON as its text after `json:`.
    pub(crate) fn texts(&self, id: &str) -> Vec<String> {
        texts(&self.0.borrow(), id)
    }

    /// The messages of one client, once there are so many.
    pub(crate) async fn texts_until(&self, id: &str, count: usize) -> Vec<String> {
        self.until("messages", |events| texts(events, id).len() >= count).await;
        self.texts(id)
    }

    /// Why the client is gone, once it is.
    pub(crate) async fn disconnected(&self, id: &str) -> DisconnectReason {
        let mut found = None;
        self.until("a disconnect", |events| {
            found = events.iter().find_map(|event| match event {
                Event::Disconnect(other, reason) if other == id => Some(*reason),
                _ => None,
            });
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    pub(crate) async fn until(&self, what: &str, mut condition: impl FnMut(&[Event]) -> bool) {
        let mut receiver = self.0.subscribe();
        let waited = tokio::time::timeout(PATIENCE, receiver.wait_for(|events| condition(events))).await;
        assert!(waited.is_ok(), "waited in vain for {what}; heard: {:?}", self.all());
    }
}

fn texts(events: &[Event], id: &str) -> Vec<String> {
    let mut texts = Vec::new();
    for event in events {
        match event {
            Event::Message(other, message) if other == id => texts.push(text(message)),
            _ => {}
        }
    }
    texts
}

/// A message as one string.
pub(crate) fn text(message: &Message) -> String {
    match message {
        Message::Text(text) => text.clone(),
        Message::Json(json) => format!("json:{}", json.get()),
        other => format!("{other:?}"),
    }
}
