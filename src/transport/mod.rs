//! From a hyper request to a session and back: routes, the gate, and one file per way of moving bytes.

mod acknowledged;
mod body;
mod cors;
mod encode;
mod engine;
mod entering;
mod flash_policy;
mod flow;
mod flusher;
mod forwarded;
#[cfg(any(fuzzing, test))]
pub(crate) mod fuzzing;
mod goodbye;
mod handle;
mod handshake_limit;
mod hixie;
mod leaving;
mod name;
mod origin;
mod outlet;
mod packets;
mod patience;
mod plain;
mod polling;
mod receive;
mod receive_packets;
mod request_body;
mod rfc6455;
mod route;
mod settle;
mod sniff;
mod socket;
mod stream;
mod watch;
mod websocket;

pub use body::Body;
pub(crate) use flash_policy::{document as flash_policy, serve as serve_flash_policy};
pub(crate) use flusher::Flushers;
pub(crate) use forwarded::TrustedProxies;
pub(crate) use goodbye::close_gently;
pub use handle::PeerAddress;
pub(crate) use handle::{Answer, Peer, Routed, answer, handle, matches, sealed};
pub(crate) use handshake_limit::{
    HandshakeLimit, Rate as HandshakeRate, Turn as HandshakeTurn, Waiting as HandshakeWaiting, network,
};
pub(crate) use hixie::serve as serve_hixie;
pub use name::{Transport, UnknownTransport};
pub(crate) use origin::Origins;
pub(crate) use route::Mount;
pub(crate) use sniff::{Opening, sniff};
pub use watch::Socket;
pub(crate) use watch::{Observed, Watch};
