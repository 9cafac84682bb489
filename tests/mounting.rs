//! The ways to put a listener beside an application, and what the application notices: nothing.

#[cfg(feature = "axum")]
#[path = "mounting/axum.rs"]
mod axum_router;
#[path = "mounting/beside.rs"]
mod beside;
#[path = "mounting/http2.rs"]
mod http2;
#[path = "mounting/over.rs"]
mod over;
#[path = "mounting/packets.rs"]
mod packets;
#[path = "mounting/resources.rs"]
mod resources;
#[path = "mounting/router.rs"]
mod router;
#[path = "mounting/script.rs"]
mod script;
#[path = "mounting/script_caches.rs"]
mod script_caches;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "mounting/upgrades.rs"]
mod upgrades;
