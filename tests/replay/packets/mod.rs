//! The packets generation: exchanges recorded from 0.7, 0.8 and 0.9 (`docs/wire/packets.md`).

mod app;
mod frame;
mod meanings;
mod polling;
mod routing;
mod sockets;
mod table;
mod versions;

use serde_json::Value;

use crate::{
    generation::Generation,
    recording::{Exchange, What},
};

pub(crate) static PACKETS: Generation = Generation {
    name: "packets",
    table: table::TABLE,
    listener: app::listener,
    not_found: "app: not found",
    explained: &[400, 405, 413, 426],
    announcement: |_, sid| format!("{sid}:"),
    announced: |_, text| announced(text).into_iter().collect(),
    prepare,
};

/// What the application answers outside the resource.
const APPLICATION: &[u8] = b"HTTP/1.1 404 Not Found\r\nContent-Length: 14\r\n\r\napp: not found";
const EMPTY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
const UNACCEPTED: &[u8] =
    b"HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 20\r\n\r\nhandshake bad origin";

/// The id at the beginning of a handshake's answer, or at the beginning of its JSONP argument.
fn announced(text: &str) -> Option<String> {
    let (start, rest) = text.split_once(':')?;
    let id = start.rsplit('"').next().filter(|id| !id.is_empty())?;
    // An answer to a handshake goes on with the seconds of a timeout, or without.
    rest.starts_with(|next: char| next.is_ascii_digit() || next == ':').then(|| id.to_owned())
}

/// Puts the reasons of disconnects into Heirloom's words, and slows announced timeouts down with the timers. Where no
/// event was recorded, it was not recorded that there was none.
fn prepare(exchange: &mut Exchange, slowness: u32) {
    exchange.hears = exchange.steps.iter().any(|step| matches!(step.what, What::App(_)));
    let mut by_server = false;
    for step in &mut exchange.steps {
        match &mut step.what {
            What::Send { bytes, .. } => by_server |= says_bye(bytes),
            What::App(event) if event.name.starts_with("disconnect") => {
                let reason = event.message.as_ref().and_then(Value::as_str).unwrap_or("nothing");
                event.message = Some(Value::from(match reason {
                    "booted" | "nothing" if by_server => "server disconnect",
                    "booted" | "packet" => "client disconnect",
                    "nothing" | "socket end" | "socket close" | "socket error" => "transport closed",
                    timeout => timeout,
                }));
            }
            _ => {}
        }
    }
    let seconds = |name: &str| exchange.options[name].as_u64();
    if let Some((heartbeat, close)) = seconds("heartbeat timeout").zip(seconds("close timeout")) {
        let slow = |time: u64| time * u64::from(slowness);
        let (recorded, ours) = (format!(":{heartbeat}:{close}:"), format!(":{}:{}:", slow(heartbeat), slow(close)));
        exchange.replace_in_bodies(&recorded, &ours);
    }
}

/// Whether a message of a client, in a frame or not, has the application disconnect it.
fn says_bye(bytes: &[u8]) -> bool {
    let bye = r#""name":"bye""#;
    String::from_utf8_lossy(bytes).contains(bye) || frame::text(bytes).contains(bye)
}
