//! The opening handshake: the challenge of draft 76, and the response heads of both.

use md5::{Digest, Md5};

/// The number hidden in a key: its digits read as one number, divided by its blanks.
///
/// `None` when the key has no digits or no blanks, or the number cannot be divided or does not fit.
pub(crate) fn key_number(key: &str) -> Option<u32> {
    let mut number: Option<u64> = None;
    let mut spaces: u64 = 0;
    for byte in key.bytes() {
        match byte {
            b'0'..=b'9' => {
                let shifted = number.unwrap_or(0).checked_mul(10)?;
                number = Some(shifted.checked_add(u64::from(byte - b'0'))?);
            }
            b' ' => spaces += 1,
            _ => {}
        }
    }
    let number = number?;
    if number.checked_rem(spaces)? != 0 {
        return None;
    }
    u32::try_from(number / spaces).ok()
}

/// The answer to the challenge of draft 76; `None` when a key is invalid.
pub(crate) fn proof(key1: &str, key2: &str, nonce: &[u8; 8]) -> Option<[u8; 16]> {
    let digest = Md5::new()
        .chain_update(key_number(key1)?.to_be_bytes())
        .chain_update(key_number(key2)?.to_be_bytes())
        .chain_update(nonce);
    Some(digest.finalize().into())
}

/// What a handshake response is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opening<'a> {
    /// The `Host` header.
    pub(crate) host: &'a str,
    /// The request target, query included.
    pub(crate) target: &'a str,
    /// The `Origin` header.
    pub(crate) origin: Option<&'a str>,
    /// Whether the client came over TLS: it compares the location with its own.
    pub(crate) secure: bool,
    /// The subprotocol to confirm; draft 75 knows none.
    pub(crate) protocol: Option<&'a str>,
}

/// The response head of draft 75; `None` when a field holds a control character.
///
/// Clients of the time compare the first lines byte by byte, so neither order nor case may change.
pub(crate) fn response_75(opening: &Opening<'_>) -> Option<String> {
    let (origin, location) = opening.origin_and_location()?;
    Some(format!(
        "HTTP/1.1 101 Web Socket Protocol Handshake\r\n\
         Upgrade: WebSocket\r\n\
         Connection: Upgrade\r\n\
         WebSocket-Origin: {origin}\r\n\
         WebSocket-Location: {location}\r\n\
         \r\n"
    ))
}

/// The response head of draft 76, which the [`proof`] must follow; `None` when a field holds a control character.
pub(crate) fn response_76(opening: &Opening<'_>) -> Option<String> {
    let (origin, location) = opening.origin_and_location()?;
    let protocol = match opening.protocol {
        Some(protocol) => format!("Sec-WebSocket-Protocol: {}\r\n", clean(protocol)?),
        None => String::new(),
    };
    Some(format!(
        "HTTP/1.1 101 WebSocket Protocol Handshake\r\n\
         Upgrade: WebSocket\r\n\
         Connection: Upgrade\r\n\
         Sec-WebSocket-Origin: {origin}\r\n\
         Sec-WebSocket-Location: {location}\r\n\
         {protocol}\
         \r\n"
    ))
}

impl Opening<'_> {
    fn origin_and_location(&self) -> Option<(&str, String)> {
        let scheme = if self.secure { "wss" } else { "ws" };
        let location = format!("{scheme}://{}{}", clean(self.host)?, clean(self.target)?);
        Some((clean(self.origin.unwrap_or("null"))?, location))
    }
}

/// Refuses what could end a header line.
fn clean(field: &str) -> Option<&str> {
    (!field.contains(char::is_control)).then_some(field)
}

#[cfg(test)]
mod tests;
