//! Names that mean something to a client's own library (docs/wire/packets.md §4.5).

use super::handle::SendError;

/// What a client gives and gets as a plain message may also have this name.
pub(crate) const MESSAGE: &str = "message";

/// The life of a connection, as the clients tell it to their pages, and what an emitter tells of itself. An event of
/// such a name would look like something that happened to the connection.
const RESERVED: [&str; 10] = [
    "connect",
    "connecting",
    "connect_failed",
    "disconnect",
    "error",
    "reconnect",
    "reconnecting",
    "reconnect_failed",
    "newListener",
    "removeListener",
];

pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}

/// Whether the application may send an event of this name.
pub(crate) fn check(name: &str) -> Result<(), SendError> {
    if is_reserved(name) { Err(SendError::Reserved(name.to_owned())) } else { Ok(()) }
}
