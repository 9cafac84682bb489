//! The public face: options, mounting, broadcasts, shutdown.

mod builder;
mod counters;
mod options;
mod serve;
mod shared;
mod static_files;
mod wrap;

pub use crate::hub::Broadcast;
use crate::{
    client::{Client, Message},
    hub::{Encoded, Target},
    session::{DisconnectReason, SessionId},
    transport,
};
pub use builder::{BuildError, Builder};
pub use counters::Stats;
use http::{Request, Response};
use http_body::Body as HttpBody;
pub(crate) use options::Options;
pub use options::{Dialect, Generation};
pub use serve::{ServeError, Socket};
pub(crate) use shared::{Busy, Shared};
pub use static_files::ClientScript;
pub(crate) use static_files::answer as answer_script;
use std::{fmt, future::Future, sync::Arc, time::Duration};
#[cfg(feature = "tower")]
pub use wrap::ListenerLayer;
pub use wrap::{Wrapped, WrappedBody, WrappedFuture};

/// A realtime listener: options, handlers and every live session. Cheap to clone; all clones are one listener.
///
/// Set the handlers once, before serving; a handler set later serves the events that come after.
#[derive(Clone)]
pub struct Listener {
    shared: Arc<Shared>,
}

impl Listener {
    /// The options, all at their defaults.
    pub fn builder() -> Builder {
        Builder::default()
    }

    fn new(options: Options) -> Self {
        Self::from_shared(Arc::new(Shared::new(options)))
    }

    pub(crate) fn from_shared(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    /// Sets what happens when a client has connected. It is called once for each client, before its first message.
    pub fn on_connect<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.shared.change_handlers(|handlers| handlers.set_connect(handler));
        self
    }

    /// Sets what happens with a client's message. Messages of one client are handled in order, one at a time; while a
    /// handler waits, further messages of that client wait too, and in the end its connection is read no further.
    pub fn on_message<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, Message) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.shared.change_handlers(|handlers| handlers.set_message(handler));
        self
    }

    /// Sets what happens when a client has gone. It is called once for each client, after its last message.
    pub fn on_disconnect<F, R>(&self, handler: F) -> &Self
    where
        F: Fn(Client, DisconnectReason) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        self.shared.change_handlers(|handlers| handlers.set_disconnect(handler));
        self
    }

    /// Queues a message for every client.
    pub fn broadcast(&self, message: impl Into<Message>) -> Broadcast {
        self.broadcast_except(message, [] as [&str; 0])
    }

    /// Queues a message for every client but those with these ids.
    pub fn broadcast_except<I>(&self, message: impl Into<Message>, ids: I) -> Broadcast
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let message = message.into();
        let except: Vec<_> = ids.into_iter().filter_map(|id| SessionId::parse(id.as_ref())).collect();
        self.shared.broadcast(&Encoded::new(&message), &except)
    }

    /// The clients in a room.
    pub fn to(&self, room: &str) -> Target {
        Target::new(Arc::clone(&self.shared), room.into(), Vec::new())
    }

    /// The clients that are connected now.
    #[must_use]
    pub fn clients(&self) -> Vec<Client> {
        let members = self.shared.members();
        members.iter().filter(|member| member.is_open()).map(|member| Client::new(Arc::clone(member))).collect()
    }

    /// The client with this id, while it is connected.
    #[must_use]
    pub fn client(&self, id: &str) -> Option<Client> {
        self.shared.find(id).filter(|member| member.is_open()).map(Client::new)
    }

    /// What was counted since the listener was built.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.counters.read(self.shared.session_count())
    }

    /// Ends every session and refuses new ones. What is queued still leaves where the client is there to take it.
    /// Resolves when the last session has gone and its handlers are done, or at the deadline, with the number of
    /// sessions that were left. A handler must not wait for it: it would wait for itself.
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        match tokio::time::timeout(deadline, self.shared.end_all()).await {
            Ok(()) => 0,
            Err(_) => self.shared.session_count(),
        }
    }

    /// Whether the request is for the listener: its path names the client script or an accepted transport under the
    /// resource, whole segments compared.
    #[must_use]
    pub fn matches<B>(&self, request: &Request<B>) -> bool {
        transport::matches(&self.shared, request.uri().path())
    }

    /// Answers a request for which [`Listener::matches`] is true; any other is answered 404. For routers made by
    /// hand: [`Listener::wrap`] does both. Has to be called on a tokio runtime.
    pub async fn handle<B>(&self, request: Request<B>) -> Response<crate::Body>
    where
        B: HttpBody + Send,
        B::Data: Send,
        B::Error: fmt::Display,
    {
        transport::handle(&self.shared, request).await
    }

    /// The Flash policy document for this listener's origins.
    #[must_use]
    pub fn flash_policy(&self) -> String {
        transport::flash_policy(&self.shared)
    }

    /// Answers every connection with the Flash policy document, as the original does on port 843. Runs until it is
    /// dropped.
    pub async fn serve_flash_policy(&self, socket: tokio::net::TcpListener) {
        transport::serve_flash_policy(&self.shared, socket).await;
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Listener")
            .field("resource", &self.shared.options.resource)
            .field("sessions", &self.shared.session_count())
            .finish_non_exhaustive()
    }
}
