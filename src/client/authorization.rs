//! Who is let in: the application's word on a handshake, and on the entry to a namespace.

use super::{
    handshake::{Handshake, query_value},
    message::ParseError,
    state::State,
};
use crate::listener::Generation;
use futures_util::FutureExt;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use std::{
    any::Any,
    fmt,
    future::{Future, poll_fn},
    panic::AssertUnwindSafe,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Poll,
    time::Duration,
};

/// How long an authorization may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

type Verdict = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// The application's hook.
pub(crate) type Authorize = Arc<dyn Fn(Attempt) -> Verdict + Send + Sync>;

/// A client that wants in: with a handshake, or into a namespace.
pub struct Attempt {
    handshake: Arc<Handshake>,
    /// Nothing for the root.
    namespace: Option<Box<str>>,
    generation: Generation,
    /// What was said at the door of a namespace; at the root it is the handshake's.
    query: Option<String>,
    auth: Option<Arc<RawValue>>,
    /// What the handshake's authorization has kept.
    earlier: Option<Arc<Mutex<State>>>,
    state: Arc<Mutex<State>>,
}

/// What a client brings to the door of a namespace.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) query: Option<String>,
    pub(crate) auth: Option<Arc<RawValue>>,
}

impl Attempt {
    /// A handshake, or the entry to the root namespace after one that has kept something.
    pub(crate) fn root(
        handshake: Arc<Handshake>,
        generation: Generation,
        auth: Option<Arc<RawValue>>,
        earlier: Option<Arc<Mutex<State>>>,
    ) -> Self {
        Self { handshake, namespace: None, generation, query: None, auth, earlier, state: Arc::default() }
    }

    /// The entry to another namespace.
    pub(crate) fn entry(
        handshake: Arc<Handshake>,
        generation: Generation,
        namespace: &str,
        credentials: Credentials,
        earlier: Arc<Mutex<State>>,
    ) -> Self {
        let Credentials { query, auth } = credentials;
        let (earlier, state) = (Some(earlier), Arc::default());
        Self { handshake, namespace: Some(namespace.into()), generation, query, auth, earlier, state }
    }

    /// The request that began, or is to begin, the session: its query, headers, cookies and peer address.
    #[must_use]
    pub fn handshake(&self) -> &Handshake {
        &self.handshake
    }

    /// The namespace: `/` for a handshake.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or("/")
    }

    /// The family of protocols the client speaks.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.generation
    }

    /// What a client of 3.0 or later sent with its CONNECT packet (`auth` in its options), read as `T`: an empty object
    /// when it sent nothing, or is older.
    ///
    /// # Errors
    ///
    /// When it does not fit the type.
    pub fn auth<T: DeserializeOwned>(&self) -> Result<T, ParseError> {
        ParseError::read(self.auth.as_ref().map_or("{}", |auth| auth.get()))
    }

    /// The query the client sent for this namespace, without its `?`; that of the handshake for a handshake.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        if self.namespace.is_none() { self.handshake.query() } else { self.query.as_deref() }
    }

    /// The first value of one field of that query, decoded.
    #[must_use]
    pub fn query_value(&self, name: &str) -> Option<String> {
        query_value(self.query()?, name)
    }

    /// Keeps a value of the application's own type for the client, as
    /// [`Client::set_state`](crate::Client::set_state) does, if it is let in. What a handshake's authorization keeps
    /// is seen in every namespace.
    pub fn set_state<T: Any + Send + Sync>(&self, value: T) {
        let replaced = lock(&self.state).set(Arc::new(value));
        drop(replaced);
    }

    /// The value of this type that was kept before, here or by the handshake's authorization.
    #[must_use]
    pub fn state<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let own = lock(&self.state).get();
        own.or_else(|| lock(self.earlier.as_ref()?).get())
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Attempt")
            .field("namespace", &self.namespace())
            .field("handshake", &self.handshake)
            .finish_non_exhaustive()
    }
}

/// Why a client is not let in. The reason goes to the log. Clients of 0.3 to 0.9 are told no reasons; clients since 1.0
/// are told that of [`Refusal::unauthorized`] when they want into a namespace.
#[derive(Debug, Clone)]
pub struct Refusal {
    reason: String,
    failed: bool,
    data: Option<Box<RawValue>>,
}

impl PartialEq for Refusal {
    fn eq(&self, other: &Self) -> bool {
        let data = |refusal: &Self| refusal.data.as_ref().map(|data| data.get().to_owned());
        (&self.reason, self.failed, data(self)) == (&other.reason, other.failed, data(other))
    }
}

impl Eq for Refusal {}

impl Refusal {
    /// The client has no right to come in.
    pub fn unauthorized(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), failed: false, data: None }
    }

    /// Whether the client has the right could not be found out.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self { reason: reason.into(), failed: true, data: None }
    }

    /// Adds what a client since 1.0 finds beside the reason (`error.data` in its `connect_error`; before 3.0 it gets it
    /// in place of the reason). Data that have no JSON form are left out, and logged.
    pub fn with_data<T: Serialize + ?Sized>(mut self, data: &T) -> Self {
        match serde_json::value::to_raw_value(data) {
            Ok(data) => self.data = Some(data),
            Err(error) => log::error!(target: "heirloom::handler", "the data of a refusal have no JSON form: {error}"),
        }
        self
    }

    /// What clients are told.
    pub(crate) fn told(&self) -> &str {
        if self.failed { "authorization failed" } else { &self.reason }
    }

    pub(crate) fn data(&self) -> Option<&RawValue> {
        self.data.as_deref()
    }

    /// The reason given.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Whether the question could not be answered.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.failed
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.failed { "authorization failed" } else { "unauthorized" };
        write!(formatter, "{kind}: {}", self.reason)
    }
}

impl std::error::Error for Refusal {}

/// Asks the hook; answers what it has kept for the client.
pub(crate) async fn admit(authorize: &Authorize, attempt: Attempt) -> Result<Arc<Mutex<State>>, Refusal> {
    let (state, namespace) = (Arc::clone(&attempt.state), attempt.namespace.clone());
    // The hook itself may panic before it answers a future.
    let mut verdict = pin!(AssertUnwindSafe(async { authorize(attempt).await }).catch_unwind());
    // Most know at once, and need no timer.
    let verdict = match poll_fn(|context| Poll::Ready(verdict.as_mut().poll(context))).await {
        Poll::Ready(verdict) => Ok(verdict),
        Poll::Pending => tokio::time::timeout(PATIENCE, verdict).await,
    };
    let verdict = match verdict {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => Err(Refusal::failed("the authorization panicked")),
        Err(_) => Err(Refusal::failed(format!("no answer within {} s", PATIENCE.as_secs()))),
    };
    match verdict {
        Ok(()) => Ok(state),
        Err(refusal) => {
            let level = if refusal.failed { log::Level::Error } else { log::Level::Debug };
            let namespace = namespace.as_deref().unwrap_or("/");
            log::log!(target: "heirloom::handshake", level, "a client was refused at {namespace}: {refusal}");
            Err(refusal)
        }
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
