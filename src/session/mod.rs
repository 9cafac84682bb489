//! One client's life, as a deterministic state machine, and what keeps all of them: the registry and the reaper.
//!
//! Nothing here knows hyper, sockets or handlers. Time comes in as an argument; what has to be written, delivered
//! or waited for comes out as a value.

mod allowance;
#[cfg(not(loom))]
mod deadlines;
mod delivery;
#[cfg(all(any(fuzzing, test), not(loom)))]
pub(crate) mod fuzzing;
mod id;
mod live;
mod machine;
mod on_full;
mod profile;
mod queue;
mod reason;
mod registry;
#[cfg(test)]
mod simulator;
mod sync;
mod tally;

pub(crate) use allowance::{Allowance, Limits};
#[cfg(not(loom))]
pub(crate) use deadlines::{Appointment, Deadlines, Expire};
pub(crate) use delivery::{Delivery, Outcome};
pub(crate) use id::SessionId;
pub(crate) use live::{Host, Session};
pub(crate) use machine::{Mode, Taken};
pub use on_full::OnFull;
pub(crate) use profile::{Beater, Goodbye, Heartbeat, Polls, Profile};
pub(crate) use queue::{Batch, Element, Elements, Entry, Key, Manner, SendError as QueueError};
pub use reason::DisconnectReason;
pub(crate) use registry::Registry;
pub(crate) use tally::{Sent, Tally};
