//! HTTP/1.1 and both framings of WebSockets as bytes on a connection: nothing is hidden, nothing is corrected.

use std::{
    io::{Error, ErrorKind, Result},
    net::{IpAddr, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

pub(crate) const TEXT: u8 = 1;
pub(crate) const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FINAL: u8 = 0x80;
const MASKED: u8 = 0x80;
const MASK: [u8; 4] = [0x12, 0x34, 0x56, 0x78];
const PATIENCE: Duration = Duration::from_secs(30);
/// More than any answer of the server's has.
const LONGEST_LINE: usize = 64 * 1024;

/// Where a client connects to, and from which address of the loopback network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) server: SocketAddr,
    pub(crate) source: IpAddr,
    /// Bytes of the kernel's buffer for what comes; nothing leaves it to the kernel.
    pub(crate) receive_buffer: Option<u32>,
}

impl Place {
    /// Client number so and so of many has one of so many addresses.
    pub(crate) fn of(server: SocketAddr, number: usize, addresses: usize) -> Self {
        let host = u8::try_from(2 + number % addresses.clamp(1, 250)).unwrap_or(2);
        Self { server, source: [127, 0, 1, host].into(), receive_buffer: None }
    }

    pub(crate) fn narrow(self, receive_buffer: u32) -> Self {
        Self { receive_buffer: Some(receive_buffer), ..self }
    }
}

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// What the head of a response says.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    chunked: bool,
    length: usize,
}

pub(crate) fn broken(what: impl Into<String>) -> Error {
    Error::new(ErrorKind::InvalidData, what.into())
}

/// Nobody waits for an answer for ever.
pub(crate) async fn patiently<T>(answer: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(PATIENCE, answer).await?
}

/// The bytes of a request. `headers` are whole lines with their ends.
pub(crate) fn request(method: &str, path: &str, headers: &str, body: &str) -> String {
    let length = if method == "POST" { format!("Content-Length: {}\r\n", body.len()) } else { String::new() };
    format!("{method} {path} HTTP/1.1\r\nHost: own.example\r\n{headers}{length}\r\n{body}")
}

/// The request that asks for a WebSocket by RFC 6455.
pub(crate) fn upgrade(path: &str) -> String {
    let headers = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    request("GET", path, headers, "")
}

/// The same by the draft hixie-75.
pub(crate) fn draft_upgrade(path: &str) -> String {
    request("GET", path, "Upgrade: WebSocket\r\nConnection: Upgrade\r\nOrigin: http://own.example\r\n", "")
}

/// A frame as a client sends it.
pub(crate) fn frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![opcode | FINAL];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => frame.push(MASKED | length),
        (_, Ok(length)) => {
            frame.push(MASKED | 126);
            frame.extend(length.to_be_bytes());
        }
        _ => {
            frame.push(MASKED | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend(MASK);
    frame.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    frame
}

/// A frame of the drafts.
pub(crate) fn draft_frame(text: &str) -> Vec<u8> {
    [&[0], text.as_bytes(), &[0xff]].concat()
}

impl Connection {
    pub(crate) async fn open(place: Place) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        // Ports that wait for late packets of an earlier connection are taken again.
        socket.set_reuseaddr(true)?;
        if let Some(bytes) = place.receive_buffer {
            socket.set_recv_buffer_size(bytes)?;
        }
        socket.bind(SocketAddr::new(place.source, 0))?;
        let stream = socket.connect(place.server).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::new() })
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.stream.write_all(bytes.as_ref()).await
    }

    /// Ends without a goodbye of TCP: what was not read on either side is thrown away.
    pub(crate) fn reset(self) {
        // Without it the connection ends as any other, which is no less of an end.
        let _ = self.stream.set_zero_linger();
    }

    /// Reads so many bytes at most, and answers how many there were: none at the end.
    pub(crate) async fn sip(&mut self, bytes: usize) -> Result<usize> {
        let mut place = vec![0; bytes];
        self.stream.read(&mut place).await
    }

    /// Whether bytes have come that nobody has looked at.
    pub(crate) fn has_bytes(&self) -> bool {
        !self.buffer.is_empty()
    }

    /// Waits for bytes. Who stops waiting has missed none.
    pub(crate) async fn fill(&mut self) -> Result<()> {
        match self.stream.read_buf(&mut self.buffer).await? {
            0 => Err(ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Everything up to the marker and the marker.
    pub(crate) async fn until(&mut self, marker: &[u8]) -> Result<Vec<u8>> {
        let mut looked_at = 0;
        loop {
            let rest = self.buffer.get(looked_at..).unwrap_or_default();
            if let Some(position) = rest.windows(marker.len()).position(|window| window == marker) {
                return Ok(self.buffer.drain(..looked_at + position + marker.len()).collect());
            }
            looked_at = self.buffer.len().saturating_sub(marker.len() - 1);
            self.fill().await?;
        }
    }

    pub(crate) async fn exactly(&mut self, count: usize) -> Result<Vec<u8>> {
        while self.buffer.len() < count {
            self.fill().await?;
        }
        Ok(self.buffer.drain(..count).collect())
    }

    pub(crate) async fn head(&mut self) -> Result<Head> {
        let bytes = self.until(b"\r\n\r\n").await?;
        if bytes.len() > LONGEST_LINE {
            return Err(broken("an endless head"));
        }
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        let mut lines = text.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        let status = status.ok_or_else(|| broken("no status line"))?;
        let mut head = Head { status, chunked: false, length: 0 };
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            match name {
                "transfer-encoding" => head.chunked = value.trim() == "chunked",
                "content-length" => head.length = value.trim().parse().map_err(|_| broken("no length"))?,
                _ => {}
            }
        }
        Ok(head)
    }

    /// A whole response: its status and its body.
    pub(crate) async fn answer(&mut self) -> Result<(u16, String)> {
        let head = self.head().await?;
        let mut body = Vec::new();
        if head.chunked {
            while let Some(chunk) = self.chunk().await? {
                body.extend(chunk);
            }
        } else {
            body = self.exactly(head.length).await?;
        }
        Ok((head.status, String::from_utf8(body).map_err(|_| broken("a body that is no text"))?))
    }

    /// The next chunk of a body; nothing at its end.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>> {
        let line = self.until(b"\r\n").await?;
        let size = std::str::from_utf8(&line).ok().and_then(|line| usize::from_str_radix(line.trim(), 16).ok());
        let size = size.ok_or_else(|| broken("no chunk"))?;
        let chunk = self.exactly(size).await?;
        self.exactly(2).await?;
        Ok((size > 0).then_some(chunk))
    }

    /// The next text of a WebSocket; nothing when the server says goodbye.
    pub(crate) async fn text(&mut self) -> Result<Option<String>> {
        loop {
            let start = self.exactly(2).await?;
            let &[first, second] = &start[..] else { return Err(broken("no frame")) };
            let length = match second {
                126 => self.exactly(2).await?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
                127 => self.exactly(8).await?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)),
                length => usize::from(length),
            };
            let payload = self.exactly(length).await?;
            match first & 0x0f {
                TEXT => return String::from_utf8(payload).map(Some).map_err(|_| broken("a frame that is no text")),
                CLOSE => return Ok(None),
                PING => {
                    // Who listens only for a while goes on with something else.
                    self.send(frame(PONG, &payload)).await?;
                    return Ok(Some(String::new()));
                }
                _ => {}
            }
        }
    }

    /// The next text of a WebSocket by a draft; nothing when the server says goodbye.
    pub(crate) async fn draft_text(&mut self) -> Result<Option<String>> {
        if self.exactly(1).await? != [0] {
            return Ok(None);
        }
        let mut text = self.until(&[0xff]).await?;
        text.pop();
        String::from_utf8(text).map(Some).map_err(|_| broken("a frame that is no text"))
    }
}
