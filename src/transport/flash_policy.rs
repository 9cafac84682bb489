//! The permission a Flash film wants before it opens a socket (docs/wire/frames.md §4.7).

use super::goodbye::close_gently;
use crate::{listener::Shared, wire::flash_policy};
use std::{sync::Arc, time::Duration};
use tokio::{io::AsyncWriteExt, net::TcpListener};

/// How long a connection may take to read the document.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait after a failing accept.
const PAUSE: Duration = Duration::from_millis(100);

/// The document for the listener's origins.
pub(crate) fn document(shared: &Shared) -> String {
    let entries: Vec<_> = shared.options.origins.policy_entries().collect();
    flash_policy::document(entries.iter().map(|(domain, ports)| (*domain, ports.as_str())))
}

/// Sends the document to every connection, without waiting for a request.
pub(crate) async fn serve(shared: &Arc<Shared>, socket: TcpListener) {
    loop {
        let mut stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // Of one connection, or for want of descriptors: either passes.
                log::warn!(target: "heirloom::transport", "the Flash policy socket could not accept: {error}");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let document = document(shared);
        tokio::spawn(async move {
            let sent = async {
                stream.write_all(document.as_bytes()).await?;
                close_gently(&mut stream).await;
                Ok::<_, std::io::Error>(())
            };
            // The client may be gone already; it asks again if it wants the document.
            let _ = tokio::time::timeout(PATIENCE, sent).await;
        });
    }
}
