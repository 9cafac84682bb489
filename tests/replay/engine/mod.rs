//! The engine generation: exchanges recorded from 1.7, 2.5 and 4.8 (`docs/wire/engine.md`).

mod answers;
mod app;
mod lives;
mod payload;
mod table;
mod words;

use serde_json::Value;

use crate::{generation::Generation, recording::Exchange};

pub(crate) static ENGINE: Generation = Generation {
    name: "engine",
    table: table::TABLE,
    listener: app::listener,
    not_found: "app: not found",
    explained: &[413],
    announcement: |_, sid| sid.to_owned(),
    announced: |_, text| announced(text),
    prepare,
};

/// Every id the server tells: of the session, of a client in a namespace. In a script its quotes are escaped.
fn announced(text: &str) -> Vec<String> {
    let ids = text.split("sid").skip(1).filter_map(|rest| {
        let rest = rest.strip_prefix("\\\":\\\"").or_else(|| rest.strip_prefix("\":\""))?;
        let end = rest.find(['"', '\\'])?;
        Some(rest[..end].to_owned())
    });
    ids.collect()
}

/// Puts the reasons of disconnects into Heirloom's words, and slows announced times down with the timers. Both sides of
/// the recordings have ids of the same length, and announced times keep their number of digits up to a slowness of 3.
fn prepare(exchange: &mut Exchange, slowness: u32) {
    exchange.edit_events(|event| {
        if !event.name.starts_with("disconnect") {
            return;
        }
        event.message = event.message.as_ref().and_then(Value::as_str).map(|reason| {
            Value::from(match reason {
                "transport close" => "transport closed",
                "client namespace disconnect" => "client disconnect",
                "server namespace disconnect" => "server disconnect",
                "ping timeout" => "heartbeat timeout",
                "transport error" | "parse error" | "forced close" => "protocol error",
                other => other,
            })
        });
    });
    for (name, time) in [("pingInterval", 300), ("pingTimeout", 200)] {
        if exchange.options[name].as_u64() == Some(time) {
            let slow = time * u64::from(slowness);
            exchange.replace_in_bodies(&format!("\"{name}\":{time}"), &format!("\"{name}\":{slow}"));
        }
    }
}
