//! What the public, implementation-independent suites of Engine.IO and Socket.IO expect to find on port 3000: at
//! `/engine.io/` everything is sent back, at `/socket.io/` the namespaces `/` and `/custom` answer a few events.
//!
//! `HOST` (127.0.0.1) and `PORT` (3000) say where it listens.

use heirloom::{Ack, Client, Data, Dialect, Generation, Listener, Message, SendError, Transport};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, service::service_fn};
use std::{convert::Infallible, env, error::Error, time::Duration};
use tokio::net::TcpListener;

const LIMIT: usize = 1_000_000;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    env_logger::init();
    let listener = Listener::builder()
        .also_mount("engine.io", Dialect::BareEngine)
        .ping_interval(Duration::from_millis(300))
        .ping_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_secs(1))
        .max_body_bytes(LIMIT)
        .max_frame_bytes(LIMIT)
        .without_recovery()
        .build()?;
    for name in ["/", "/custom"] {
        listener
            .of(name)
            .on_connect(|client| async move { greet(&client).await })
            .on("message", |client: Client, arguments: Data, _: Option<Ack>| async move {
                report(client.emit("message-back", &arguments));
            })
            .on("message-with-ack", |_: Client, arguments: Data, ack: Option<Ack>| async move {
                if let Some(ack) = ack {
                    report(ack.send(&arguments));
                }
            });
    }
    // Only the clients of `/engine.io/` send what is no event.
    listener.on_message(|client: Client, message: Message| async move { report(client.send(message)) });

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".to_owned());
    let port = env::var("PORT").ok().map(|port| port.parse()).transpose()?.unwrap_or(3000_u16);
    let socket = TcpListener::bind((host, port)).await?;
    println!("listening on http://{}", socket.local_addr()?);
    loop {
        let (stream, _) = socket.accept().await?;
        let listener = listener.clone();
        tokio::spawn(async move {
            if let Err(error) = listener.serve(stream, service_fn(nothing_else)).await {
                log::debug!("{error}");
            }
        });
    }
}

/// Tells a client of Socket.IO what it said when it connected. A bare one connects without a word.
async fn greet(client: &Client) {
    if client.generation() == Generation::BareEngine {
        return;
    }
    if client.transport() == Transport::WebSocket {
        // The suites listen for one message after the other, and miss the second of two that come in one piece.
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let said: serde_json::Value = client.auth().unwrap_or_default();
    report(client.emit("auth", &said));
}

fn report(sent: Result<(), SendError>) {
    if let Err(error) = sent {
        log::info!("{error}");
    }
}

async fn nothing_else(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from("not here"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
