//! Pure codecs: bytes to packets and back, and the framings around them. No I/O, no clock.
//!
//! Three generations share this room. Of 0.3 to 0.6, *frames* (0.5, 0.6) are in [`frames`], *JSON* (0.3, 0.4) in [`envelope`]. Of 0.7 to
//! 0.9, a packet is in [`packets`], several in one body in [`payload`]. Of 1.x to 4.x, the packets of Engine.IO and bodies of them are in
//! [`engine`], those of Socket.IO inside their messages in [`socket_io`]. Everything else is the wrapping a transport puts around them.

use std::borrow::Cow;

pub(crate) mod bounds;
pub(crate) mod double_utf8;
pub(crate) mod engine;
pub(crate) mod envelope;
pub(crate) mod flash_policy;
pub(crate) mod form;
pub(crate) mod frames;
pub(crate) mod hixie;
pub(crate) mod multipart;
pub(crate) mod packets;
pub(crate) mod payload;
mod put;
pub(crate) mod rfc6455;
pub(crate) mod script;
pub(crate) mod server_events;
pub(crate) mod socket_io;
pub(crate) mod utf16;

/// What came as text. What is not UTF-8 becomes U+FFFD; nearly all is, which is quicker to see.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}
