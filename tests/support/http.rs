//! HTTP/1.1 as bytes on a socket: nothing is hidden, nothing is corrected.

use super::patiently;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// The bytes of a request. `headers` are whole lines without their ends.
pub(crate) fn request(method: &str, path: &str, headers: &[&str], body: &str) -> String {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: own.example\r\n");
    for line in headers {
        text += line;
        text += "\r\n";
    }
    if !body.is_empty() {
        text += &format!("Content-Length: {}\r\n", body.len());
    }
    text + "\r\n" + body
}

pub(crate) fn get(path: &str) -> String {
    request("GET", path, &[], "")
}

/// A POST as the clients send it; `payload` is encoded as a form here.
pub(crate) fn post(path: &str, payload: &str) -> String {
    request("POST", path, &["Content-Type: application/x-www-form-urlencoded"], &super::form(payload))
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// The value of a header, empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// One TCP connection.
#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        stream.set_nodelay(true).unwrap();
        Self { stream, buffer: Vec::new() }
    }

    pub(crate) fn local_address(&self) -> SocketAddr {
        self.stream.local_addr().unwrap()
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        patiently("sending", self.stream.write_all(bytes.as_ref())).await.unwrap();
    }

    /// Sends what a server may refuse to read.
    pub(crate) async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        patiently("sending", self.stream.write_all(bytes.as_ref())).await
    }

    /// Sends to a server that may let us wait for longer than anybody has patience.
    pub(crate) async fn send_slowly(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    /// Sends byte by byte.
    pub(crate) async fn dribble(&mut self, bytes: impl AsRef<[u8]>) {
        for byte in bytes.as_ref() {
            self.send([*byte]).await;
            tokio::task::yield_now().await;
        }
    }

    pub(crate) async fn end_sending(&mut self) {
        self.stream.shutdown().await.unwrap();
    }

    /// Reads more; answers whether there was any before the end. A reset is an end.
    async fn fill(&mut self) -> bool {
        let read = patiently("bytes of the server", self.stream.read_buf(&mut self.buffer)).await;
        matches!(read, Ok(1..))
    }

    /// Everything up to the marker and the marker.
    pub(crate) async fn until(&mut self, marker: impl AsRef<[u8]>) -> Vec<u8> {
        let marker = marker.as_ref();
        loop {
            let found = self.buffer.windows(marker.len()).position(|window| window == marker);
            if let Some(position) = found {
                return self.buffer.drain(..position + marker.len()).collect();
            }
            let wanted = String::from_utf8_lossy(marker);
            assert!(self.fill().await, "end before {wanted:?}: {:?}", String::from_utf8_lossy(&self.buffer));
        }
    }

    pub(crate) async fn exactly(&mut self, count: usize) -> Vec<u8> {
        while self.buffer.len() < count {
            assert!(self.fill().await, "end before {count} bytes: {:?}", String::from_utf8_lossy(&self.buffer));
        }
        self.buffer.drain(..count).collect()
    }

    /// Everything up to the end.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.fill().await {}
        std::mem::take(&mut self.buffer)
    }

    /// The server has closed, and not a byte of an answer came.
    pub(crate) async fn is_closed_in_silence(&mut self, what: &str) {
        let rest = self.rest().await;
        assert!(rest.is_empty(), "{what}: {:?}", String::from_utf8_lossy(&rest));
    }

    /// The head of a response.
    pub(crate) async fn head(&mut self) -> Answer {
        let bytes = self.until("\r\n\r\n").await;
        let mut fields = [httparse::EMPTY_HEADER; 32];
        let mut head = httparse::Response::new(&mut fields);
        assert!(head.parse(&bytes).unwrap().is_complete());
        let mut headers = HeaderMap::new();
        for field in head.headers.iter() {
            let name = HeaderName::from_bytes(field.name.as_bytes()).unwrap();
            headers.append(name, HeaderValue::from_bytes(field.value).unwrap());
        }
        Answer { status: head.code.unwrap(), headers, body: Vec::new() }
    }

    /// A whole response.
    pub(crate) async fn answer(&mut self) -> Answer {
        let mut answer = self.head().await;
        if answer.header("transfer-encoding") == "chunked" {
            while let Some(chunk) = self.chunk().await {
                answer.body.extend(chunk);
            }
        } else if let Ok(length) = answer.header("content-length").parse() {
            answer.body = self.exactly(length).await;
        }
        answer
    }

    /// The body of a 200; nothing when the server has closed in silence.
    pub(crate) async fn try_answer(&mut self) -> Option<Vec<u8>> {
        if self.buffer.is_empty() && !self.fill().await {
            return None;
        }
        let answer = self.answer().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        Some(answer.body)
    }

    /// The next chunk of a chunked body; nothing at its end, orderly or not.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        if self.buffer.is_empty() && !self.fill().await {
            return None;
        }
        let line = self.until("\r\n").await;
        let size = std::str::from_utf8(&line).unwrap().trim();
        let size = usize::from_str_radix(size, 16).unwrap_or_else(|_| panic!("chunk of size {size:?}"));
        let chunk = self.exactly(size).await;
        assert_eq!(self.exactly(2).await, b"\r\n");
        (size > 0).then_some(chunk)
    }

    /// The response whose body does not end, its head read and checked.
    pub(crate) async fn stream(mut self) -> Stream {
        let head = self.head().await;
        assert_eq!((head.status, head.header("transfer-encoding")), (200, "chunked"), "{head:?}");
        Stream { connection: self, head, text: String::new() }
    }
}

/// A body that does not end.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) head: Answer,
    connection: Connection,
    text: String,
}

impl Stream {
    /// Everything up to the marker and the marker; nothing when the body ended before.
    pub(crate) async fn next(&mut self, marker: &str) -> Option<String> {
        loop {
            if let Some(position) = self.text.find(marker) {
                return Some(self.text.drain(..position + marker.len()).collect());
            }
            self.text += std::str::from_utf8(&self.connection.chunk().await?).unwrap();
        }
    }

    pub(crate) async fn until(&mut self, marker: &str) -> String {
        match self.next(marker).await {
            Some(text) => text,
            None => panic!("the body ended before {marker:?}: {:?}", self.text),
        }
    }

    /// Hangs up, and waits until the server does.
    pub(crate) async fn leave(mut self) {
        self.connection.end_sending().await;
        self.connection.rest().await;
    }

    /// The rest of the body. The connection ends with it.
    pub(crate) async fn rest(&mut self) -> String {
        while let Some(chunk) = self.connection.chunk().await {
            self.text += std::str::from_utf8(&chunk).unwrap();
        }
        assert!(self.connection.rest().await.is_empty());
        std::mem::take(&mut self.text)
    }
}
