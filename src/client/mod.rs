//! The application's side of a session: the handle, messages, handshake data, and the handlers' inbox.

mod context;
mod handle;
mod handlers;
mod handshake;
mod inbox;
mod message;

pub(crate) use context::{Context, Member};
pub use handle::{Client, SendError};
pub(crate) use handlers::Handlers;
pub use handshake::Handshake;
pub(crate) use inbox::{Event, handle_here};
pub use message::{Message, ParseError};
