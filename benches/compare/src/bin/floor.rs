//! The floor: what hyper and tokio-tungstenite cost with nothing but an application on top of them. Texts come back to
//! their sender, those that begin with `b:` go to everybody; each answer is a write of its own.

use futures_util::{SinkExt, StreamExt};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE};
use hyper::{Request, Response, StatusCode, server::conn::http1, service::service_fn, upgrade::Upgraded};
use hyper_util::rt::TokioIo;
use std::{collections::HashMap, error::Error, io, sync::Arc, sync::Mutex};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Utf8Bytes};

#[path = "../peer.rs"]
mod peer;

type Mailbox = mpsc::UnboundedSender<Utf8Bytes>;

#[derive(Default)]
struct Everybody {
    mailboxes: Mutex<HashMap<u64, Mailbox>>,
}

impl Everybody {
    fn mailboxes(&self) -> std::sync::MutexGuard<'_, HashMap<u64, Mailbox>> {
        self.mailboxes.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    peer::run(|listener| async move {
        let everybody = Arc::new(Everybody::default());
        for number in 0.. {
            let stream = peer::accept(&listener).await;
            let everybody = everybody.clone();
            tokio::spawn(async move {
                let service = service_fn(move |request| upgrade(request, everybody.clone(), number));
                // Whoever hangs up early is no failure of the server's.
                let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).with_upgrades().await;
            });
        }
    })
}

async fn upgrade(
    mut request: Request<Incoming>,
    everybody: Arc<Everybody>,
    number: u64,
) -> Result<Response<Empty<Bytes>>, hyper::http::Error> {
    let Some(key) = request.headers().get(SEC_WEBSOCKET_KEY) else {
        return Response::builder().status(StatusCode::BAD_REQUEST).body(Empty::new());
    };
    let accept = derive_accept_key(key.as_bytes());
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let Ok(upgraded) = upgrade.await else { return };
        let Ok(socket) = open(upgraded).await else { return };
        let (mailbox, mail) = mpsc::unbounded_channel();
        everybody.mailboxes().insert(number, mailbox);
        let _ = converse(socket, mail, &everybody).await;
        everybody.mailboxes().remove(&number);
    });
    Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Empty::new())
}

/// The plain stream below hyper's, with buffers that fit messages of this size.
async fn open(upgraded: Upgraded) -> io::Result<WebSocketStream<TcpStream>> {
    let parts = upgraded.downcast::<TokioIo<TcpStream>>().map_err(|_| io::Error::other("a foreign stream"))?;
    let config = WebSocketConfig::default().read_buffer_size(4096).write_buffer_size(16 * 1024);
    let read = parts.read_buf.to_vec();
    Ok(WebSocketStream::from_partially_read(parts.io.into_inner(), read, Role::Server, Some(config)).await)
}

async fn converse(
    mut socket: WebSocketStream<TcpStream>,
    mut mail: mpsc::UnboundedReceiver<Utf8Bytes>,
    everybody: &Everybody,
) -> Result<(), tungstenite::Error> {
    loop {
        tokio::select! {
            biased;
            message = socket.next() => match message.transpose()? {
                Some(Message::Text(text)) if text.starts_with("b:") => {
                    for mailbox in everybody.mailboxes().values() {
                        let _ = mailbox.send(text.clone());
                    }
                }
                Some(Message::Text(text)) => socket.send(Message::Text(text)).await?,
                Some(Message::Close(_)) | None => return socket.flush().await,
                Some(_) => {}
            },
            Some(text) = mail.recv() => {
                socket.feed(Message::Text(text)).await?;
                while let Ok(text) = mail.try_recv() {
                    socket.feed(Message::Text(text)).await?;
                }
                socket.flush().await?;
            }
        }
    }
}
