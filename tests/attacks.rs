//! The attacks that were found against servers of this family, each with the bytes it takes. Whatever becomes of the
//! attacker: the process goes on, clients of every generation lose nothing, and new ones are served. Those that are
//! after memory are in `attacks_memory.rs`. docs/security.md has the table.

#[path = "attacks/connections.rs"]
mod connections;
#[path = "attacks/decoders.rs"]
mod decoders;
#[path = "attacks/encoders.rs"]
mod encoders;
#[path = "attacks/frames.rs"]
mod frames;
#[path = "attacks/heads.rs"]
mod heads;
#[path = "attacks/ids.rs"]
mod ids;
#[path = "attacks/packets.rs"]
mod packets;
#[path = "attacks/payloads.rs"]
mod payloads;
#[path = "attacks/scene.rs"]
mod scene;
#[path = "attacks/scripts.rs"]
mod scripts;
#[path = "attacks/smuggling.rs"]
mod smuggling;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "attacks/upgrades.rs"]
mod upgrades;
