//! Who hears a message: namespaces, rooms, broadcasts, and what is encoded once.

mod broadcast;
mod crowd;
mod elements;
mod encoded;
mod form;
mod namespace;
mod recovery;
mod rooms;

pub use broadcast::{Broadcast, Target};
pub(crate) use encoded::{Encoding, Outgoing, Reply};
pub(crate) use form::WireForm;
pub(crate) use namespace::{Keeping, Namespace, Namespaces};
pub(crate) use recovery::{Audience, Found, Kept, Tails};
