#![doc = include_str!("../README.md")]

mod client;
mod hub;
mod listener;
mod session;
mod transport;
mod wire;

pub use client::{Client, Handshake, Message, ParseError, SendError};
pub use hub::Target;
#[cfg(feature = "tower")]
pub use listener::ListenerLayer;
pub use listener::{
    Broadcast, BuildError, Builder, ClientScript, Dialect, Generation, Listener, ServeError, Socket, Stats, Wrapped,
    WrappedBody, WrappedFuture,
};
pub use session::DisconnectReason;
pub use transport::{Body, PeerAddress, Transport, UnknownTransport};
