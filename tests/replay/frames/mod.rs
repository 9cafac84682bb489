//! The frames generation: exchanges recorded from 0.3 to 0.6 (`docs/wire/frames.md`).

mod app;
mod messages;
mod origins;
mod routing;
mod sockets;
mod table;

use crate::{generation::Generation, recording::Exchange};

pub(crate) static FRAMES: Generation = Generation {
    name: "frames",
    table: table::TABLE,
    listener: app::listener,
    not_found: "app 404",
    explained: &[400, 403, 405, 413, 426],
    announcement,
    announced: |exchange, text| announced(exchange, text).into_iter().collect(),
    prepare: |_, _| {},
};

fn announcement(exchange: &Exchange, sid: &str) -> String {
    if exchange.is_json_dialect() { format!(r#"sessionid\":\"{sid}\""#) } else { format!("~m~{}~m~{sid}", sid.len()) }
}

/// The id in the first payload of a connection.
fn announced(exchange: &Exchange, text: &str) -> Option<String> {
    if exchange.is_json_dialect() {
        let (_, id) = text.split_once(r#"sessionid\":\""#)?;
        return id.split_once('\\').map(|(id, _)| id.to_owned());
    }
    let (_, frame) = text.split_once("~m~")?;
    let (length, id) = frame.split_once("~m~")?;
    id.get(..length.parse().ok()?).map(str::to_owned)
}
