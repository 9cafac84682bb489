//! The application's side of a session: the handle, messages, handshake data, authorization, and the handlers' inbox.

mod acknowledgement;
mod arguments;
mod authorization;
mod burst;
mod context;
mod data;
mod dispatch;
mod engine;
mod entry;
mod event_names;
mod handle;
mod handlers;
mod handshake;
mod inbox;
mod message;
mod received;
mod said;
mod seats;
mod send_error;
mod sending;
mod speaker;
mod state;

pub use acknowledgement::{Ack, AckError};
#[cfg(any(fuzzing, test))]
pub(crate) use arguments::parse as parse_arguments;
pub use authorization::{Attempt, Refusal};
pub(crate) use authorization::{Credentials, admit};
pub(crate) use burst::Burst;
pub(crate) use context::{Context, Member};
pub use data::Data;
pub(crate) use dispatch::{acknowledge_receipt, acknowledged};
pub(crate) use engine::{Assembly, AssemblyKind, Engine, PollForm, Probe, StringsOfBoth};
pub(crate) use event_names::{check as check_event_name, is_reserved as is_reserved_event_name};
pub use handle::{Client, SendError};
pub(crate) use handlers::Handlers;
pub use handshake::Handshake;
pub(crate) use inbox::{Event, handle_elsewhere, handle_here};
pub use message::{Message, ParseError};
pub(crate) use message::{event_message, list_of_arguments};
pub(crate) use received::{Held, Received};
pub(crate) use said::Said;
pub use sending::{Conflated, Transient, Volatile};
pub(crate) use state::State;
