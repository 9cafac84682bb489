#![doc = include_str!("../README.md")]

mod client;
#[cfg(any(fuzzing, test))]
#[doc(hidden)]
pub mod fuzzing;
mod hub;
mod listener;
mod session;
mod transport;
mod wire;

pub use client::{
    Ack, AckError, Attempt, Client, Conflated, Data, Handshake, Message, ParseError, Refusal, SendError, Transient,
    Volatile,
};
pub use hub::{Broadcast, Target};
#[cfg(feature = "tower")]
pub use listener::ListenerLayer;
pub use listener::{
    BuildError, Builder, ClientScript, Dialect, Generation, Listener, Namespace, ServeError, Socket, Stats, Wrapped,
    WrappedBody, WrappedFuture,
};
pub use session::{DisconnectReason, OnFull};
pub use transport::{Body, PeerAddress, Transport, UnknownTransport};
