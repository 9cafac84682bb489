//! One TCP connection of a recorded client.

use std::{
    io,
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};

use crate::{
    journal::Journal,
    wire::{Atom, Parser, atoms},
};

/// How the bytes of a message reach the server.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// In one segment.
    Whole,
    /// Each byte in its own segment.
    Bytewise,
    /// In two segments.
    Split(usize),
}

#[derive(Debug)]
pub(crate) struct Connection {
    writer: Option<OwnedWriteHalf>,
    received: Arc<Mutex<Received>>,
    /// The client has closed it.
    pub(crate) finished: bool,
}

#[derive(Debug)]
struct Received {
    parser: Parser,
    atoms: Vec<Atom>,
    closed: bool,
}

impl Connection {
    /// `explained`: see [`Generation`](crate::generation::Generation).
    pub(crate) async fn open(
        address: SocketAddr,
        journal: &Arc<Journal>,
        explained: &'static [u16],
    ) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        let received = Received { parser: Parser::new(false, explained), atoms: Vec::new(), closed: false };
        let received = Arc::new(Mutex::new(received));
        tokio::spawn(read(reader, Arc::clone(&received), Arc::clone(journal)));
        Ok(Self { writer: Some(writer), received, finished: false })
    }

    /// Sends as much as the server takes: it may answer or close before it has read everything.
    pub(crate) async fn send(&mut self, bytes: &[u8], pace: Pace) {
        self.received.lock().expect("the connection").parser.request(bytes);
        let _closed_early = self.write(bytes, pace).await;
    }

    async fn write(&mut self, bytes: &[u8], pace: Pace) -> io::Result<()> {
        let Some(writer) = &mut self.writer else { return Ok(()) };
        match pace {
            Pace::Whole => writer.write_all(bytes).await,
            Pace::Split(at) => {
                writer.write_all(&bytes[..at]).await?;
                let_the_server_read().await;
                writer.write_all(&bytes[at..]).await
            }
            Pace::Bytewise => {
                for byte in bytes {
                    writer.write_all(&[*byte]).await?;
                    let_the_server_read().await;
                }
                Ok(())
            }
        }
    }

    /// Closes the sending side; the server is expected to close the rest.
    pub(crate) async fn finish(&mut self) {
        self.finished = true;
        if let Some(mut writer) = self.writer.take() {
            let _already_gone = writer.shutdown().await;
        }
    }

    pub(crate) fn with_atoms<R>(&self, look: impl FnOnce(&[Atom]) -> R) -> R {
        look(&self.received.lock().expect("the connection").atoms)
    }

    pub(crate) fn answers(&self) -> usize {
        self.received.lock().expect("the connection").atoms.iter().filter(|atom| **atom == Atom::End).count()
    }

    /// The server has closed it.
    pub(crate) fn is_closed(&self) -> bool {
        self.received.lock().expect("the connection").closed
    }
}

/// Client and server share one thread: each of these turns polls its sockets once, so that the server sees the bytes
/// before there are more.
async fn let_the_server_read() {
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}

async fn read(mut reader: OwnedReadHalf, received: Arc<Mutex<Received>>, journal: Arc<Journal>) {
    let mut buffer = [0; 4096];
    loop {
        let count = reader.read(&mut buffer).await.unwrap_or(0);
        {
            let mut received = received.lock().expect("the connection");
            let units = received.parser.feed(&buffer[..count]);
            received.atoms.extend(atoms(&units));
            received.closed = count == 0;
        }
        journal.changed.notify_waiters();
        if count == 0 {
            return;
        }
    }
}
