//! A server that goes in good order: `cargo run --example shutdown`, some clients, and then Ctrl-C or `kill -TERM`.
//!
//! It stops taking connections, sends its clients away at a pace at which the next server can take them, waits until what
//! was queued for them has left and their handlers are done, and says who was left.

use heirloom::Listener;
use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use std::{convert::Infallible, env, error::Error, time::Duration};
use tokio::{net::TcpListener, signal};

/// Somewhat less than what sent the signal waits before it kills: Kubernetes waits 30 s, systemd 90 s, Docker 10 s.
const DEADLINE: Duration = Duration::from_secs(9);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    // With more clients than are told in four fifths of the deadline at this rate, it goes faster.
    let listener = Listener::builder().shutdown_rate(1000).build()?;
    listener.on_message(|client, message| async move {
        // Everybody but the sender. Who does not hear it is counted.
        let _ = client.broadcast(message);
    });
    listener.on_disconnect(|client, reason| async move {
        log::debug!("{:?} has gone: {reason}", client.handshake().peer());
    });

    let port = env::var("PORT").ok().map(|port| port.parse()).transpose()?.unwrap_or(3000);
    let socket = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("listening on http://{}", socket.local_addr()?);
    tokio::select! {
        () = accept(&listener, &socket) => {}
        asked = asked_to_end() => asked?,
    }
    // A balancer that sees the port closed asks another server. Connections that are there are served on.
    drop(socket);

    log::info!("{} clients are sent away", listener.stats().sessions);
    // A second signal is a second word: whoever cannot wait, need not.
    let left = tokio::select! {
        left = listener.shutdown(DEADLINE) => left,
        asked = asked_to_end() => { asked?; listener.stats().sessions }
    };
    log::info!("{left} were left; {}", listener.stats());
    Ok(())
}

async fn accept(listener: &Listener, socket: &TcpListener) {
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                let listener = listener.clone();
                tokio::spawn(async move {
                    if let Err(error) = listener.serve(stream, service_fn(page)).await {
                        log::debug!("{error}");
                    }
                });
            }
            Err(error) => {
                // Out of file descriptors, usually: that passes.
                log::warn!("accept: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Resolves when the system, or somebody at the terminal, wants the program to end.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let mut terminate = signal::unix::signal(signal::unix::SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    signal::ctrl_c().await
}

async fn page(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let text = "<script src=/socket.io/socket.io.js></script><script>var s = new io.Socket(); \
                s.on('message', function (m) { document.body.append(m) }); s.connect(); s.send('hello')</script><body>";
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert("content-type", hyper::header::HeaderValue::from_static("text/html"));
    Ok(response)
}
