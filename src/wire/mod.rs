//! Pure codecs: bytes to packets and back, and the framings around them. No I/O, no clock.
//!
//! Two dialects share this room. *Frames* (0.5, 0.6) is in [`frames`], *JSON* (0.3, 0.4) in [`envelope`]; everything else is the
//! wrapping a transport puts around a payload of either.

pub(crate) mod envelope;
pub(crate) mod flash_policy;
pub(crate) mod form;
pub(crate) mod frames;
pub(crate) mod hixie;
pub(crate) mod multipart;
pub(crate) mod script;
pub(crate) mod server_events;
pub(crate) mod utf16;
