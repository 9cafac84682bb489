//! A client of 0.7 to 0.9 that speaks any of its transports. It sends and receives packets as they are written.

use super::{
    Connection, Server, Stream, get,
    packets::{
        CONNECTED, NOT_HANDSHAKEN, handshake_with, path, payload, poll_text, post, prelude, read, stream_text, wrapping,
    },
    patiently,
};
use futures_util::{SinkExt, StreamExt};
use heirloom::{Client, Transport};
use std::{collections::VecDeque, net::SocketAddr};
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

#[derive(Debug)]
pub(crate) struct PacketPeer {
    pub(crate) id: String,
    pub(crate) transport: Transport,
    address: SocketAddr,
    carrier: Carrier,
    received: VecDeque<String>,
    receipts: u32,
}

#[derive(Debug)]
enum Carrier {
    Socket(Box<WebSocketStream<TcpStream>>),
    Stream(Stream),
    /// The connection whose poll is parked, if one is.
    Poll(Option<Connection>),
}

impl PacketPeer {
    /// Begins a session and connects.
    pub(crate) async fn open(server: &Server, transport: Transport) -> Self {
        Self::open_with(server, transport, "t=1290000000").await
    }

    /// The same, with this query in the handshake.
    pub(crate) async fn open_with(server: &Server, transport: Transport, query: &str) -> Self {
        let id = handshake_with(server, query).await;
        let mut peer = Self::attach(server, transport, &id).await;
        assert_eq!(peer.receive().await, CONNECTED);
        peer
    }

    /// Connects with a session that is there.
    pub(crate) async fn attach(server: &Server, transport: Transport, id: &str) -> Self {
        let path = path(transport, id);
        let carrier = match transport {
            Transport::WebSocket | Transport::FlashSocket => {
                let stream = TcpStream::connect(server.address).await.unwrap();
                let url = format!("ws://own.example{path}");
                let opened = client_async(url.into_client_request().unwrap(), stream);
                Carrier::Socket(Box::new(patiently("a websocket to open", opened).await.unwrap().0))
            }
            Transport::XhrPolling | Transport::JsonpPolling => Carrier::Poll(None),
            _ => {
                let mut stream = server.ask(get(&path)).await.stream().await;
                assert_eq!(stream.until(&prelude(transport)).await, prelude(transport));
                Carrier::Stream(stream)
            }
        };
        let (id, address) = (id.to_owned(), server.address);
        Self { id, transport, address, carrier, received: VecDeque::new(), receipts: 9000 }
    }

    /// The client as the application knows it.
    pub(crate) fn client(&self, server: &Server) -> Client {
        server.listener.client(&self.id).unwrap()
    }

    /// The same in a namespace it is in.
    pub(crate) fn client_of(&self, server: &Server, namespace: &str) -> Client {
        server.listener.of(namespace).client(&self.id).unwrap()
    }

    /// The next packet, whichever payload it is in.
    pub(crate) async fn receive(&mut self) -> String {
        loop {
            if let Some(packet) = self.received.pop_front() {
                return packet;
            }
            match self.payload().await {
                Some(packets) => self.received.extend(packets),
                None => panic!("{} {}: ended while a packet was awaited", self.transport, self.id),
            }
        }
    }

    pub(crate) async fn receive_all(&mut self, count: usize) -> Vec<String> {
        let mut packets = Vec::new();
        while packets.len() < count {
            packets.push(self.receive().await);
        }
        packets
    }

    /// The packets of the next payload; nothing when the connection, or the session of a poll, is over.
    pub(crate) async fn payload(&mut self) -> Option<Vec<String>> {
        let text = match &mut self.carrier {
            Carrier::Socket(socket) => return next_text(socket).await.map(|packet| vec![packet]),
            Carrier::Stream(stream) => {
                let piece = stream.next(wrapping(self.transport).1).await?;
                return Some(vec![stream_text(self.transport, &piece)]);
            }
            Carrier::Poll(_) => {
                self.park().await;
                let Carrier::Poll(Some(connection)) = &mut self.carrier else { unreachable!() };
                let answer = connection.answer().await;
                self.carrier = Carrier::Poll(None);
                poll_text(self.transport, &answer)
            }
        };
        (text != NOT_HANDSHAKEN).then(|| read(&text))
    }

    /// Sends the next poll, unless one is under way.
    pub(crate) async fn park(&mut self) {
        let request = get(&path(self.transport, &self.id));
        if let Carrier::Poll(parked @ None) = &mut self.carrier {
            let mut connection = Connection::new(TcpStream::connect(self.address).await.unwrap());
            connection.send(request).await;
            *parked = Some(connection);
        }
    }

    /// Sends packets: in one body, or a frame each.
    pub(crate) async fn send(&mut self, packets: &[&str]) {
        if let Carrier::Socket(socket) = &mut self.carrier {
            for packet in packets {
                patiently("sending", socket.send(Message::text(*packet))).await.unwrap();
            }
            return;
        }
        self.post(&payload(packets)).await;
    }

    /// Sends a body or a frame as it is.
    pub(crate) async fn send_payload(&mut self, payload: &str) {
        if let Carrier::Socket(socket) = &mut self.carrier {
            patiently("sending", socket.send(Message::text(payload))).await.unwrap();
            return;
        }
        self.post(payload).await;
    }

    async fn post(&mut self, payload: &str) {
        let answer = self.begin_post(payload).await.answer().await;
        assert_eq!((answer.status, answer.text()), (200, "1"));
    }

    /// Sends a POST and does not wait for its answer.
    pub(crate) async fn begin_post(&self, payload: &str) -> Connection {
        let mut connection = Connection::new(TcpStream::connect(self.address).await.unwrap());
        connection.send(post(self.transport, &self.id, payload)).await;
        connection
    }

    /// Everything that was sent before has been dealt with, and so much has come for it. Answers what has come.
    pub(crate) async fn settled(&mut self) -> Vec<String> {
        // Who connects once more is answered in his turn, and what means nothing is acknowledged at once: so the second
        // word also finds an answer to the first that came before its time.
        self.receipts += 1;
        let mut before = Vec::new();
        for (word, answer) in [
            (CONNECTED.to_owned(), CONNECTED.to_owned()),
            (format!("8:{}::", self.receipts), format!("6:::{}", self.receipts)),
        ] {
            self.send(&[&word]).await;
            loop {
                match self.receive().await {
                    packet if packet == answer => break,
                    packet => before.push(packet),
                }
            }
        }
        before
    }

    /// Nothing came that was not read.
    pub(crate) async fn heard_nothing(&mut self, what: &str) {
        let heard = self.settled().await;
        assert!(heard.is_empty(), "{} {what}: {heard:?}", self.transport);
    }

    /// Enters a namespace.
    pub(crate) async fn enter(&mut self, namespace: &str) {
        self.send(&[&format!("1::{namespace}")]).await;
        assert_eq!(self.receive().await, format!("1::{namespace}"), "{}", self.transport);
    }

    /// Waits until the server has ended the session; answers what still came before.
    pub(crate) async fn ended(mut self) -> Vec<String> {
        let mut packets: Vec<_> = self.received.drain(..).collect();
        while let Some(more) = self.payload().await {
            packets.extend(more);
        }
        packets
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

async fn next_text(socket: &mut WebSocketStream<TcpStream>) -> Option<String> {
    loop {
        match patiently("a websocket message", socket.next()).await {
            Some(Ok(Message::Text(text))) => return Some(text.to_string()),
            Some(Ok(_)) => {}
            None | Some(Err(_)) => return None,
        }
    }
}
