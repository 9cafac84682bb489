//! A websocket that carries packets of Engine.IO, or asks to.

use super::codec::{
    Packet,
    Revision::{self, Four, Three},
};
use crate::support::{Server, patiently};
use futures_util::{SinkExt, StreamExt};
use http::HeaderValue;
use tokio::net::TcpStream;
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest},
};

#[derive(Debug)]
pub(crate) struct Socket {
    stream: Box<WebSocketStream<TcpStream>>,
    revision: Revision,
    close_code: Option<u16>,
}

impl Socket {
    pub(crate) async fn open(server: &Server, revision: Revision, path: &str) -> Self {
        Self::open_with(server, revision, path, &[]).await
    }

    pub(crate) async fn open_with(
        server: &Server,
        revision: Revision,
        path: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let mut request = format!("ws://own.example{path}").into_client_request().unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(*name, HeaderValue::from_static(value));
        }
        let opened = client_async(request, stream);
        let (stream, _) = patiently("a websocket to open", opened).await.unwrap();
        Self { stream: Box::new(stream), revision, close_code: None }
    }

    pub(crate) async fn send(&mut self, packet: Packet) {
        let message = self.message(packet);
        patiently("sending", self.stream.send(message)).await.unwrap();
    }

    /// Sends to a server that may have closed.
    pub(crate) async fn try_send(&mut self, packet: Packet) {
        let message = self.message(packet);
        let _ = patiently("sending", self.stream.send(message)).await;
    }

    /// Sends several in one piece.
    pub(crate) async fn send_at_once(&mut self, packets: &[Packet]) {
        for packet in packets {
            let message = self.message(packet.clone());
            patiently("sending", self.stream.feed(message)).await.unwrap();
        }
        patiently("sending", self.stream.flush()).await.unwrap();
    }

    fn message(&self, packet: Packet) -> Message {
        match packet {
            Packet::Text(text) => Message::text(text),
            Packet::Binary(bytes) if self.revision == Three => Message::binary([&[4], bytes.as_slice()].concat()),
            Packet::Binary(bytes) => Message::binary(bytes),
        }
    }

    /// The next packet; nothing when the socket is closed.
    pub(crate) async fn next(&mut self) -> Option<Packet> {
        loop {
            match patiently("a websocket message", self.stream.next()).await {
                Some(Ok(Message::Text(text))) => return Some(text.as_str().into()),
                Some(Ok(Message::Binary(bytes))) if self.revision == Four => {
                    return Some(Packet::Binary(bytes.to_vec()));
                }
                Some(Ok(Message::Binary(bytes))) => {
                    assert_eq!(bytes.first(), Some(&4), "the type of a binary message");
                    return Some(Packet::Binary(bytes[1..].to_vec()));
                }
                Some(Ok(Message::Close(frame))) => self.close_code = frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                None | Some(Err(_)) => return None,
            }
        }
    }

    /// Waits for the end; answers what came before it.
    pub(crate) async fn rest(&mut self) -> Vec<Packet> {
        let mut packets = Vec::new();
        while let Some(packet) = self.next().await {
            packets.push(packet);
        }
        packets
    }

    /// Waits for the end, before which nothing comes; answers the code of the close frame, if there was one with a code.
    pub(crate) async fn closed(&mut self) -> Option<u16> {
        assert_eq!(self.rest().await, []);
        self.close_code
    }

    /// Says goodbye as a browser does, and waits until the server has done so.
    pub(crate) async fn leave(mut self) {
        // The server may have gone first.
        let _ = SinkExt::close(&mut self.stream).await;
        while let Some(Ok(_)) = patiently("the answer to a close", self.stream.next()).await {}
    }

    /// The connection ends without a word.
    pub(crate) fn cut(self) {
        drop(self);
    }
}
