//! The public face: options, mounting, broadcasts, shutdown.

mod admission;
mod budget;
mod builder;
mod counters;
#[cfg(test)]
mod documentation;
mod gauges;
mod head_timer;
#[cfg(feature = "metrics")]
mod metrics;
mod namespace;
mod options;
mod serve;
mod shared;
mod shutdown;
mod static_files;
mod wrap;

use crate::transport;
pub(crate) use admission::{Full, Place};
pub(crate) use budget::Budget;
pub(crate) use builder::whole_seconds;
pub use builder::{BuildError, Builder};
pub use counters::Stats;
pub(crate) use counters::{Count, Counters};
use http::{Request, Response};
use http_body::Body as HttpBody;
pub use namespace::Namespace;
pub(crate) use options::Options;
pub use options::{Dialect, Generation};
pub use serve::{ServeError, Socket};
pub(crate) use shared::{Busy, Shared};
pub(crate) use shutdown::Handle;
pub use static_files::ClientScript;
pub(crate) use static_files::FileName;
use std::{fmt, sync::Arc, time::Duration};
#[cfg(feature = "tower")]
pub use wrap::ListenerLayer;
pub use wrap::{Wrapped, WrappedBody, WrappedFuture};

/// A realtime listener: options, handlers and every live session. Cheap to clone; all clones are one listener, and when the
/// last is dropped its clients are sent away ([`Listener::shutdown`]).
///
/// What it does for its clients, it does in its root namespace `/`, where every client of every generation is;
/// [`Listener::of`] names others. Set the handlers once, before serving; a handler set later serves the events that
/// come after.
#[derive(Clone)]
pub struct Listener {
    shared: Arc<Shared>,
    handle: Arc<Handle>,
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
        Self { handle: shared.handle(), shared }
    }

    /// For tests of what lies below.
    #[cfg(test)]
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The namespace of this name, made now if it is new: clients since 0.7 may enter it from now on. `/` is the
    /// root.
    pub fn of(&self, name: &str) -> Namespace {
        Namespace::new(self, self.shared.namespaces.make(name))
    }

    /// What was counted since the listener was built, and what lives now.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Refuses new sessions at once and sends those that are there away, in random order, so many a second
    /// ([`Builder::shutdown_rate`]) that they do not all come back to the next server together; faster if the deadline is
    /// near, so that all are told when four fifths of it have passed. Each client is told in its generation's own way, what
    /// is queued still leaves where the client is there to take it, polls that wait are answered, and
    /// [`Listener::on_disconnect`] hears [`DisconnectReason::Shutdown`](crate::DisconnectReason::Shutdown) of each.
    ///
    /// Resolves when the last session has gone and its handlers are done, or at the deadline, with the number of sessions
    /// that are left; these have been told, too, and end by themselves. Handlers are dropped with the last session.
    ///
    /// It may be called again; the nearest deadline counts. Once begun, it goes on when nobody waits for it any more. A
    /// handler that waits for it waits for itself, and hears at the deadline.
    ///
    /// When the last handle is dropped ([`Listener`], [`Namespace`], and what [`Listener::wrap`] and `layer` make), the
    /// same happens without a deadline. A handler that holds one keeps the listener alive; it finds one at
    /// [`Client::listener`](crate::Client::listener).
    pub async fn shutdown(&self, deadline: Duration) -> usize {
        self.shared.shut_down(deadline).await
    }

    /// Whether the request is for the listener: its path is a resource, or names the client script, an accepted transport
    /// or a number under one, whole segments compared, or it is under one and its query is one of Engine.IO.
    #[must_use]
    pub fn matches<B>(&self, request: &Request<B>) -> bool {
        transport::matches(&self.shared, request.uri())
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
            .field("resources", &self.shared.options.resources)
            .field("sessions", &self.shared.session_count())
            .finish_non_exhaustive()
    }
}
