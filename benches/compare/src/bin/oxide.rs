//! socketioxide on hyper: the event `message` comes back to its sender, or goes to everybody if it begins with `b:`.

use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use socketioxide::SocketIo;
use socketioxide::extract::{Data, SocketRef};
use std::error::Error;

#[path = "../peer.rs"]
mod peer;

fn main() -> Result<(), Box<dyn Error>> {
    peer::run(|listener| async move {
        let (service, io) = SocketIo::new_svc();
        io.ns("/", async |socket: SocketRef| socket.on("message", answer));
        loop {
            let stream = peer::accept(&listener).await;
            let service = service.clone();
            tokio::spawn(async move {
                // Whoever hangs up early is no failure of the server's.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
            });
        }
    })
}

async fn answer(socket: SocketRef, io: SocketIo, Data(text): Data<String>) {
    // What is not sent is lost, and counted where it does not arrive.
    if text.starts_with("b:") {
        let _ = io.emit("message", &text).await;
    } else {
        let _ = socket.emit("message", &text);
    }
}
