//! Why something was not sent.

use std::fmt;

/// Why a message or an event was not queued.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The client is gone, or not in the namespace.
    Closed,
    /// The client's queue is at one of its bounds; the message was dropped and counted.
    Full,
    /// A volatile message found no connection that takes it at once; it was dropped and counted.
    NotReady,
    /// The arguments have no JSON form; why.
    Json(String),
    /// The client's generation cannot say this: the frames generation has no acknowledgements.
    Unsupported,
    /// The event's name belongs to the protocol.
    Reserved(String),
}

impl fmt::Display for SendError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => formatter.write_str("the client is gone, or not in the namespace"),
            Self::Full => formatter.write_str("the client's queue is full"),
            Self::NotReady => formatter.write_str("the client has no connection that takes it at once"),
            Self::Json(reason) => write!(formatter, "the arguments have no JSON form: {reason}"),
            Self::Unsupported => formatter.write_str("the client's generation of the protocol has no acknowledgements"),
            Self::Reserved(name) => write!(formatter, "the event name {name:?} belongs to the protocol"),
        }
    }
}

impl std::error::Error for SendError {}
