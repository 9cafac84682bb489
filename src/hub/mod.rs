//! Who hears a message: namespaces, rooms, broadcasts, and what is encoded once.

mod broadcast;
mod encoded;
mod namespace;
mod rooms;

pub use broadcast::{Broadcast, Target};
pub(crate) use encoded::{Outgoing, Reply, WireForm};
pub(crate) use namespace::{Namespace, Namespaces};
