//! A server and its clients on one thread. What is counted is the server's turns and nothing else: between them the
//! clients write and read outside the runtime.

use heirloom::{Ack, Client, Data, Listener, Message, Transport};
use http_body_util::Empty;
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use std::{
    cell::Cell,
    convert::Infallible,
    error::Error,
    io::{self, ErrorKind, Write},
    net::{self, SocketAddr},
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    runtime::{self, Runtime},
};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// No heartbeat is due while anything is counted.
const LONG: Duration = Duration::from_secs(3600);

pub(crate) struct Scene {
    runtime: Runtime,
    address: SocketAddr,
    counting: Cell<bool>,
    turns: Cell<u64>,
}

impl Scene {
    pub(crate) fn new() -> Outcome<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
        let socket = runtime.block_on(TcpListener::bind(("127.0.0.1", 0)))?;
        let address = socket.local_addr()?;
        let listener = listener()?;
        runtime.spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                let listener = listener.clone();
                tokio::spawn(async move { listener.serve(stream, service_fn(nothing)).await });
            }
        });
        Ok(Self { runtime, address, counting: Cell::new(false), turns: Cell::new(0) })
    }

    /// From now on the server's turns count.
    pub(crate) fn count(&self) {
        self.counting.set(true);
    }

    pub(crate) fn connect(&self) -> Outcome<Connection<'_>> {
        let stream = net::TcpStream::connect(self.address)?;
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let _context = self.runtime.enter();
        let writer = stream.try_clone()?;
        Ok(Connection { scene: self, stream: TcpStream::from_std(stream)?, writer, heard: Vec::new() })
    }

    fn turn(&self, stream: &TcpStream) -> io::Result<()> {
        if self.counting.get() { self.counted_turn(stream) } else { self.plain_turn(stream) }
    }

    /// Callgrind collects what is done in here; it knows this function by its name.
    #[inline(never)]
    fn counted_turn(&self, stream: &TcpStream) -> io::Result<()> {
        let outcome = self.plain_turn(stream);
        // Something has to come last, or the call above becomes a jump.
        self.turns.set(self.turns.get() + 1);
        outcome
    }

    /// The server does whatever it has to do, until this client has something to read.
    #[inline(never)]
    fn plain_turn(&self, stream: &TcpStream) -> io::Result<()> {
        self.runtime.block_on(stream.readable())
    }
}

fn listener() -> Outcome<Listener> {
    let listener = Listener::builder()
        .unlimited_handshakes()
        .allow_unsafe_timings()
        .ping_interval(LONG)
        .heartbeat_interval(Transport::WebSocket, LONG)
        .poll_duration(Transport::XhrPolling, LONG)
        .build()?;
    let root = listener.of("/");
    root.on_message(|client: Client, message: Message| async move {
        if message.as_text().is_some_and(|text| text.starts_with("b:")) {
            let _ = client.listener().of(client.namespace()).broadcast(message);
        } else {
            let _ = client.transient().send(message);
        }
    })
    .on("echo", |client: Client, arguments: Data, _: Option<Ack>| async move {
        let _ = client.transient().emit("echo", &arguments);
    });
    Ok(listener)
}

async fn nothing(_: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    Ok(Response::new(Empty::new()))
}

/// A client's connection.
pub(crate) struct Connection<'a> {
    scene: &'a Scene,
    stream: TcpStream,
    /// The same, which needs no runtime.
    writer: net::TcpStream,
    heard: Vec<u8>,
}

impl Connection<'_> {
    pub(crate) fn say(&mut self, bytes: impl AsRef<[u8]>) -> Outcome<()> {
        Ok(self.writer.write_all(bytes.as_ref())?)
    }

    /// The text of the frame of a websocket that comes next.
    pub(crate) fn hear_frame(&mut self) -> Outcome<String> {
        loop {
            if let Some((text, end)) = frame(&self.heard) {
                self.heard.drain(..end);
                return Ok(text);
            }
            self.hear_more()?;
        }
    }

    /// The head of an answer.
    pub(crate) fn hear_head(&mut self) -> Outcome<String> {
        const END: &[u8] = b"\r\n\r\n";
        loop {
            if let Some(start) = self.heard.windows(END.len()).position(|window| window == END) {
                let head = self.heard.drain(..start + END.len());
                return Ok(String::from_utf8_lossy(head.as_slice()).into_owned());
            }
            self.hear_more()?;
        }
    }

    /// The body of an answer, whose length stands in its head.
    pub(crate) fn hear_answer(&mut self) -> Outcome<String> {
        let head = self.hear_head()?;
        let length = head
            .to_ascii_lowercase()
            .split_once("content-length: ")
            .and_then(|(_, rest)| rest.split_once("\r\n").and_then(|(length, _)| length.parse::<usize>().ok()));
        let length = length.ok_or_else(|| format!("an answer without a length: {head}"))?;
        while self.heard.len() < length {
            self.hear_more()?;
        }
        Ok(String::from_utf8_lossy(self.heard.drain(..length).as_slice()).into_owned())
    }

    /// The server closes the connection.
    pub(crate) fn hear_the_end(&mut self) -> Outcome<()> {
        while self.read()? {
            self.scene.turn(&self.stream)?;
        }
        Ok(())
    }

    fn hear_more(&mut self) -> Outcome<()> {
        let before = self.heard.len();
        loop {
            let open = self.read()?;
            if self.heard.len() > before {
                return Ok(());
            }
            if !open {
                return Err("the server closed the connection".into());
            }
            self.scene.turn(&self.stream)?;
        }
    }

    /// Takes all that is there. Is there more to come?
    fn read(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 4096];
        loop {
            match self.stream.try_read(&mut buffer) {
                Ok(0) => return Ok(false),
                Ok(count) => self.heard.extend_from_slice(&buffer[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }
}

/// The text of the frame at the front, and where it ends.
fn frame(bytes: &[u8]) -> Option<(String, usize)> {
    let (start, length) = match bytes {
        [_, 126, high, low, ..] => (4, usize::from(u16::from_be_bytes([*high, *low]))),
        [_, 126, ..] => return None,
        [_, length, ..] => (2, usize::from(*length)),
        _ => return None,
    };
    let text = bytes.get(start..start + length)?;
    Some((String::from_utf8_lossy(text).into_owned(), start + length))
}
