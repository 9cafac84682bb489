//! Clients of Engine.IO, and of Socket.IO 1.0 and later upon it, from the first byte to the last.

#[path = "engine/acknowledgements.rs"]
mod acknowledgements;
#[path = "engine/bare.rs"]
mod bare;
#[path = "engine/binary.rs"]
mod binary;
#[path = "engine/bursts.rs"]
mod bursts;
#[path = "engine/closing.rs"]
mod closing;
#[path = "engine/cookies.rs"]
mod cookies;
#[path = "engine/cors.rs"]
mod cors;
#[path = "engine/floods.rs"]
mod floods;
#[path = "engine/heartbeats.rs"]
mod heartbeats;
#[path = "engine/jsonp.rs"]
mod jsonp;
#[path = "engine/limits.rs"]
mod limits;
#[path = "engine/malformed.rs"]
mod malformed;
#[path = "engine/namespaces.rs"]
mod namespaces;
#[path = "engine/overlaps.rs"]
mod overlaps;
#[path = "engine/polling.rs"]
mod polling;
#[path = "engine/recovery.rs"]
mod recovery;
#[path = "engine/refusals.rs"]
mod refusals;
#[path = "engine/routes.rs"]
mod routes;
#[path = "engine/strings.rs"]
mod strings;
#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;
#[path = "engine/upgrade_races.rs"]
mod upgrade_races;
#[path = "engine/upgrades.rs"]
mod upgrades;

use heirloom::{Ack, Builder, Client, Data, Dialect, Generation, Listener};
use support::{Mounting, Server, milliseconds};

/// The resource of clients that speak Engine.IO and nothing upon it.
const BARE: &str = "engine.io";

/// Clients are not given what they need to recover, so that what they get is the same whoever they are.
fn builder() -> Builder {
    Listener::builder().also_mount(BARE, Dialect::BareEngine).without_recovery()
}

/// A listener that misses its clients soon.
fn impatient() -> Builder {
    builder().ping_interval(milliseconds(250)).ping_timeout(milliseconds(150))
}

/// Every message of a bare client, and every event `echo`, goes back to where it came from; with an acknowledgement if
/// one is wanted.
async fn echoing(mounting: Mounting, builder: Builder) -> Server {
    let server = Server::mounted(mounting, builder).await;
    server.listener.of("/chat");
    for name in ["/", "/chat"] {
        server.listener.of(name).on("echo", |client: Client, arguments: Data, ack: Option<Ack>| async move {
            // Who has gone meanwhile, or reads nothing, misses it.
            let _ = match ack {
                Some(ack) => ack.send(&arguments),
                None => client.emit("echo", &arguments),
            };
        });
    }
    let events = server.events.clone();
    server.listener.on_message(move |client, message| {
        events.push(support::Event::Message(client.id(), message.clone()));
        async move {
            if client.generation() == Generation::BareEngine {
                let _ = client.send(message);
            }
        }
    });
    server
}

async fn echo(builder: Builder) -> Server {
    echoing(Mounting::Serve, builder).await
}
