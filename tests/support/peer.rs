//! A client that speaks any transport.

use super::{Connection, Server, Stream, get, patiently, payload, post};
use futures_util::{SinkExt, StreamExt};
use heirloom::{Dialect, Transport};
use std::{collections::VecDeque, net::SocketAddr};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: String,
    pub(crate) transport: Transport,
    dialect: Dialect,
    address: SocketAddr,
    carrier: Carrier,
    received: VecDeque<String>,
}

#[derive(Debug)]
enum Carrier {
    Socket(Box<WebSocketStream<TcpStream>>),
    Stream(Stream),
    /// The connection whose poll is parked, if one is.
    Poll(Option<Connection>),
}

impl Peer {
    /// Begins a session and reads its id.
    pub(crate) async fn open(server: &Server, transport: Transport) -> Self {
        let carrier = match transport {
            Transport::WebSocket | Transport::FlashSocket => {
                Carrier::Socket(Box::new(socket(server, transport, "").await))
            }
            Transport::XhrPolling | Transport::JsonpPolling => Carrier::Poll(None),
            _ => Carrier::Stream(server.ask(get(&url(transport, "", ""))).await.stream().await),
        };
        let (dialect, address) = (server.dialect, server.address);
        let mut peer = Self { id: String::new(), transport, dialect, address, carrier, received: VecDeque::new() };
        let message = peer.receive().await;
        peer.id = payload::session_id(dialect, &message);
        peer
    }

    /// Goes on with a session on a new connection.
    pub(crate) async fn reattach(server: &Server, transport: Transport, id: &str) -> Self {
        let (dialect, address) = (server.dialect, server.address);
        let carrier = match transport {
            Transport::WebSocket | Transport::FlashSocket => {
                Carrier::Socket(Box::new(socket(server, transport, id).await))
            }
            Transport::XhrPolling | Transport::JsonpPolling => Carrier::Poll(None),
            _ => Carrier::Stream(server.ask(get(&url(transport, id, "1"))).await.stream().await),
        };
        Self { id: id.to_owned(), transport, dialect, address, carrier, received: VecDeque::new() }
    }

    /// The next message, whichever payload it is in.
    pub(crate) async fn receive(&mut self) -> String {
        loop {
            if let Some(message) = self.received.pop_front() {
                return message;
            }
            match self.payload().await {
                Some(messages) => self.received.extend(messages),
                None => panic!("{} {}: ended while a message was awaited", self.transport, self.id),
            }
        }
    }

    pub(crate) async fn receive_all(&mut self, count: usize) -> Vec<String> {
        let mut messages = Vec::new();
        while messages.len() < count {
            messages.push(self.receive().await);
        }
        messages
    }

    /// The messages of the next payload; nothing when the server has ended the session.
    pub(crate) async fn payload(&mut self) -> Option<Vec<String>> {
        let text = match &mut self.carrier {
            Carrier::Socket(socket) => next_text(socket).await?,
            Carrier::Stream(stream) => next_part(self.transport, self.dialect, stream).await?,
            Carrier::Poll(_) => {
                self.park().await;
                let Carrier::Poll(Some(connection)) = &mut self.carrier else { unreachable!() };
                let answer = connection.try_answer().await;
                self.carrier = Carrier::Poll(None);
                poll_text(self.transport, &answer?)
            }
        };
        Some(if text.is_empty() { Vec::new() } else { payload::read(self.dialect, &text) })
    }

    /// Sends the next poll, unless one is under way.
    pub(crate) async fn park(&mut self) {
        let request = get(&url(self.transport, &self.id, "1"));
        if let Carrier::Poll(parked @ None) = &mut self.carrier {
            let mut connection = Connection::new(TcpStream::connect(self.address).await.unwrap());
            connection.send(request).await;
            *parked = Some(connection);
        }
    }

    /// Sends messages as one payload.
    pub(crate) async fn send(&mut self, texts: &[&str]) {
        let payload = payload::payload(self.dialect, texts);
        self.send_payload(&payload).await;
    }

    pub(crate) async fn send_payload(&mut self, payload: &str) {
        if let Carrier::Socket(socket) = &mut self.carrier {
            patiently("sending", socket.send(Message::text(payload))).await.unwrap();
            return;
        }
        let mut connection = self.begin_post(payload).await;
        let answer = connection.answer().await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
    }

    /// Sends a POST and does not wait for its answer.
    pub(crate) async fn begin_post(&self, payload: &str) -> Connection {
        let mut connection = Connection::new(TcpStream::connect(self.address).await.unwrap());
        connection.send(post(&url(self.transport, &self.id, "send"), payload)).await;
        connection
    }

    /// Waits until the server has ended the session; answers what still came before.
    pub(crate) async fn ended(mut self) -> Vec<String> {
        let mut messages: Vec<_> = self.received.drain(..).collect();
        while let Some(more) = self.payload().await {
            messages.extend(more);
        }
        messages
    }

    /// Leaves as a page does that is closed. On sockets and streams the server has noticed when this is over.
    pub(crate) async fn leave(self) {
        match self.carrier {
            Carrier::Socket(mut socket) => {
                // The server may have gone first.
                let _ = socket.close().await;
                while let Some(Ok(_)) = patiently("the answer to a close", socket.next()).await {}
            }
            Carrier::Stream(stream) => stream.leave().await,
            Carrier::Poll(_) => {}
        }
    }
}

pub(crate) fn is_socket(transport: Transport) -> bool {
    matches!(transport, Transport::WebSocket | Transport::FlashSocket)
}

/// The path of a request as the clients make them.
pub(crate) fn url(transport: Transport, id: &str, tail: &str) -> String {
    match transport {
        Transport::JsonpPolling => format!("/socket.io/jsonp-polling/{id}/1290000000/0"),
        _ => format!("/socket.io/{transport}/{id}/{tail}"),
    }
}

async fn socket(server: &Server, transport: Transport, id: &str) -> WebSocketStream<TcpStream> {
    let url = format!("ws://own.example/socket.io/{transport}/{id}");
    let stream = TcpStream::connect(server.address).await.unwrap();
    let opened = client_async(url.into_client_request().unwrap(), stream);
    patiently("a websocket to open", opened).await.unwrap().0
}

async fn next_text(socket: &mut WebSocketStream<TcpStream>) -> Option<String> {
    loop {
        match patiently("a websocket message", socket.next()).await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(_)) => {}
            None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed | Error::Io(_) | Error::Protocol(_))) => {
                return None;
            }
            Some(Err(error)) => panic!("{error}"),
        }
    }
}

/// The next payload of a stream.
async fn next_part(transport: Transport, dialect: Dialect, stream: &mut Stream) -> Option<String> {
    let argument = match transport {
        Transport::HtmlFile => {
            let script = stream.next("</script>").await?;
            let argument = script.split_once("<script>parent.s._(").unwrap().1;
            argument.strip_suffix(", document);</script>").unwrap().to_owned()
        }
        Transport::ServerEvents => {
            let event = loop {
                let event = stream.next("\n\n").await?;
                if event != ":\n\n" {
                    break event;
                }
            };
            event.strip_prefix("data: ").unwrap().trim_end().to_owned()
        }
        _ => {
            let part = loop {
                let part = stream.next("--socketio\n").await?;
                if part != "--socketio\n" {
                    break part;
                }
            };
            let payload = part.strip_prefix("Content-Type: text/plain\n\n").unwrap();
            return Some(payload.strip_suffix("\n--socketio\n").unwrap().to_owned());
        }
    };
    Some(if dialect == Dialect::Json { argument } else { serde_json::from_str(&argument).unwrap() })
}

/// The payload in the answer of a poll.
fn poll_text(transport: Transport, body: &[u8]) -> String {
    let text = std::str::from_utf8(body).unwrap();
    if transport != Transport::JsonpPolling || text.is_empty() {
        return text.to_owned();
    }
    let literal = text.strip_prefix("io.JSONP[0]._(").and_then(|text| text.strip_suffix(");")).unwrap();
    serde_json::from_str(literal).unwrap()
}
