//! The application's handlers, as the house calls them.

use super::{Client, inbox::Event, message::Message};
use crate::session::DisconnectReason;
use std::{fmt, future::Future, pin::Pin, sync::Arc};

/// A handler at work.
pub(crate) type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

type Handler<T> = Arc<dyn Fn(Client, T) -> Handling + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Handlers {
    connect: Option<Handler<()>>,
    message: Option<Handler<Message>>,
    disconnect: Option<Handler<DisconnectReason>>,
}

impl Handlers {
    pub(crate) fn set_connect<F, R>(&mut self, handler: F)
    where
        F: Fn(Client) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.connect = Some(Arc::new(move |client, ()| Box::pin(handler(client))));
    }

    pub(crate) fn set_message<F, R>(&mut self, handler: F)
    where
        F: Fn(Client, Message) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.message = Some(Arc::new(move |client, message| Box::pin(handler(client, message))));
    }

    pub(crate) fn set_disconnect<F, R>(&mut self, handler: F)
    where
        F: Fn(Client, DisconnectReason) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.disconnect = Some(Arc::new(move |client, reason| Box::pin(handler(client, reason))));
    }

    /// Calls the handler of this event, when there is one.
    pub(crate) fn begin(&self, client: Client, event: Event) -> Option<Handling> {
        match event {
            Event::Connect => self.connect.as_ref().map(|handler| handler(client, ())),
            Event::Message(message) => self.message.as_ref().map(|handler| handler(client, message)),
            Event::Disconnect(reason) => self.disconnect.as_ref().map(|handler| handler(client, reason)),
        }
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handlers")
            .field("connect", &self.connect.is_some())
            .field("message", &self.message.is_some())
            .field("disconnect", &self.disconnect.is_some())
            .finish()
    }
}
