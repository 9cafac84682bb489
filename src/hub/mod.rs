//! Who hears a message: rooms, broadcasts, and the message that is encoded once.

mod broadcast;
mod encoded;
mod rooms;

pub(crate) use broadcast::deliver;
pub use broadcast::{Broadcast, Target};
pub(crate) use encoded::{Encoded, WireForm};
pub(crate) use rooms::Rooms;
