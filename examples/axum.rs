//! A listener in an axum router: `cargo run --example axum --features axum`.

use axum::{Router, routing::get};
use heirloom::Listener;
use std::{env, error::Error, net::SocketAddr};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = Listener::builder().build()?;
    listener.on_connect(|client| async move {
        println!("{:?} over {}", client.handshake().peer(), client.transport());
    });
    listener.on_message(|client, message| async move {
        // A client that is gone, or too slow, misses the answer.
        let _ = client.send(message);
    });

    let router = Router::new().route("/", get(|| async { "hello from axum" })).layer(listener.layer());

    let port = env::var("PORT").ok().map(|port| port.parse()).transpose()?.unwrap_or(3000);
    let socket = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", socket.local_addr()?);
    axum::serve(socket, router.into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}
