//! The application's handlers of one namespace, as the house calls them.

use super::{
    acknowledgement::Ack, arguments, authorization::Attempt, authorization::Authorize, authorization::Refusal,
    data::Data, handle::Client, message::Message,
};
use crate::{session::DisconnectReason, transport::Transport};
use serde::de::DeserializeOwned;
use std::{collections::BTreeMap, fmt, future::Future, pin::Pin, sync::Arc};

/// A handler at work.
pub(crate) type Handling = Pin<Box<dyn Future<Output = ()> + Send>>;

type Handler<T> = Arc<dyn Fn(Client, T) -> Handling + Send + Sync>;
type EventHandler = Arc<dyn Fn(Client, &Data, Option<Ack>) -> Result<Handling, serde_json::Error> + Send + Sync>;

#[derive(Clone, Default)]
pub(crate) struct Handlers {
    pub(crate) connect: Option<Handler<()>>,
    pub(crate) message: Option<Handler<(Message, Option<Ack>)>>,
    pub(crate) disconnect: Option<Handler<DisconnectReason>>,
    pub(crate) upgrade: Option<Handler<Transport>>,
    pub(crate) authorize: Option<Authorize>,
    /// Of the root namespace: asked before a session begins.
    pub(crate) authorize_handshake: Option<Authorize>,
    /// A tree, as their names are the application's and few.
    events: BTreeMap<String, EventHandler>,
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
        F: Fn(Client, Message, Option<Ack>) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.message = Some(Arc::new(move |client, (message, ack)| Box::pin(handler(client, message, ack))));
    }

    pub(crate) fn set_disconnect<F, R>(&mut self, handler: F)
    where
        F: Fn(Client, DisconnectReason) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.disconnect = Some(Arc::new(move |client, reason| Box::pin(handler(client, reason))));
    }

    pub(crate) fn set_upgrade<F, R>(&mut self, handler: F)
    where
        F: Fn(Client, Transport) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.upgrade = Some(Arc::new(move |client, transport| Box::pin(handler(client, transport))));
    }

    pub(crate) fn set_authorize_handshake<F, R>(&mut self, authorize: F)
    where
        F: Fn(Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.authorize_handshake = Some(Arc::new(move |attempt| Box::pin(authorize(attempt))));
    }

    pub(crate) fn set_authorize<F, R>(&mut self, authorize: F)
    where
        F: Fn(Attempt) -> R + Send + Sync + 'static,
        R: Future<Output = Result<(), Refusal>> + Send + 'static,
    {
        self.authorize = Some(Arc::new(move |attempt| Box::pin(authorize(attempt))));
    }

    pub(crate) fn set_event<T, F, R>(&mut self, name: &str, handler: F)
    where
        T: DeserializeOwned,
        F: Fn(Client, T, Option<Ack>) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let handler = move |client: Client, arguments: &Data, ack| {
            let arguments = arguments::parse::<T>(arguments)?;
            Ok(Box::pin(handler(client, arguments, ack)) as Handling)
        };
        self.events.insert(name.to_owned(), Arc::new(handler));
    }

    pub(crate) fn has_events(&self) -> bool {
        !self.events.is_empty()
    }

    pub(crate) fn event(&self, name: &str) -> Option<&EventHandler> {
        self.events.get(name)
    }
}

impl fmt::Debug for Handlers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Handlers")
            .field("connect", &self.connect.is_some())
            .field("message", &self.message.is_some())
            .field("disconnect", &self.disconnect.is_some())
            .field("upgrade", &self.upgrade.is_some())
            .field("authorize", &self.authorize.is_some())
            .field("authorize_handshake", &self.authorize_handshake.is_some())
            .field("events", &self.events.keys())
            .finish()
    }
}
