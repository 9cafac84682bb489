//! A client of any kind. What it does beyond the rules, its scenario does with its connections.

use super::{
    codec::Heard,
    http::{CLOSE, Connection, Place, TEXT, broken, draft_frame, draft_upgrade, frame, request, upgrade},
    kinds::{Carrier, Kind, Wire},
};
use std::{
    collections::VecDeque,
    io::{Error, ErrorKind, Result},
    time::Instant,
};
use tokio::time::timeout_at;

#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) kind: Kind,
    pub(crate) id: String,
    /// What carries its session: a socket, a stream, or its polls.
    pub(crate) down: Connection,
    /// What it sends goes here, if that is not the same.
    up: Option<Connection>,
    place: Place,
    is_socket: bool,
    is_parked: bool,
    /// The beginning of a piece of a stream.
    text: String,
    heard: VecDeque<Heard>,
    is_over: bool,
}

impl Peer {
    /// Begins a session and goes as far as its id.
    pub(crate) async fn begin(kind: Kind, place: Place) -> Result<Self> {
        let down = Connection::open(place).await?;
        let mut peer = Self {
            kind,
            id: String::new(),
            down,
            up: None,
            place,
            is_socket: false,
            is_parked: false,
            text: String::new(),
            heard: VecDeque::new(),
            is_over: false,
        };
        if kind.wire == Wire::Packets {
            peer.down.send(request("GET", &kind.path(""), "", "")).await?;
            let (status, body) = peer.down.answer().await?;
            peer.id = session_of(status, &body)?;
            return Ok(peer);
        }
        peer.attach().await?;
        if kind.wire != Wire::BareWebSocket {
            peer.id = loop {
                if let Heard::Opened(id) = peer.hear().await?.ok_or_else(|| broken("refused"))? {
                    break id;
                }
            };
        }
        Ok(peer)
    }

    /// The same, and is connected when it is over.
    pub(crate) async fn connect(kind: Kind, place: Place) -> Result<Self> {
        let mut peer = Self::begin(kind, place).await?;
        peer.enter().await?;
        Ok(peer)
    }

    /// Goes from the id to the end of the handshake.
    pub(crate) async fn enter(&mut self) -> Result<()> {
        match self.kind.wire {
            Wire::Packets => self.attach().await?,
            Wire::Four => self.post("40").await?,
            _ => {}
        }
        if matches!(self.kind.wire, Wire::Packets | Wire::Three | Wire::Four) {
            while self.hear().await?.ok_or_else(|| broken("turned away"))? != Heard::Welcome {}
        }
        if self.kind.carrier == Carrier::Upgraded {
            self.probe().await?;
            self.post("5").await?;
        }
        Ok(())
    }

    /// A WebSocket that has asked to take the session over and was answered.
    pub(crate) async fn probe(&mut self) -> Result<()> {
        let mut socket = Connection::open(self.place).await?;
        socket.send(upgrade(&self.kind.upgrade_path(&self.id))).await?;
        expect(101, socket.head().await?.status)?;
        self.down = socket;
        self.is_socket = true;
        self.post("2probe").await?;
        while self.hear().await?.ok_or_else(|| broken("no probe"))? != Heard::Probed {}
        Ok(())
    }

    /// Opens what carries the session.
    async fn attach(&mut self) -> Result<()> {
        let path = self.kind.path(&self.id);
        if self.kind.wire == Wire::Packets {
            // A draft is only spoken on a connection that has carried nothing else.
            self.down = Connection::open(self.place).await?;
        }
        match self.kind.carrier {
            Carrier::WebSocket => {
                self.down.send(upgrade(&path)).await?;
                expect(101, self.down.head().await?.status)?;
                self.is_socket = true;
            }
            Carrier::Draft => {
                self.down.send(draft_upgrade(&path)).await?;
                expect(101, self.down.head().await?.status)?;
                self.is_socket = true;
            }
            Carrier::Polling | Carrier::Jsonp | Carrier::Upgraded => {}
            Carrier::HtmlFile | Carrier::Multipart | Carrier::ServerEvents => {
                self.down.send(request("GET", &path, "", "")).await?;
                expect(200, self.down.head().await?.status)?;
            }
        }
        Ok(())
    }

    pub(crate) async fn send(&mut self, text: &str) -> Result<()> {
        self.post(&self.kind.message(text)).await
    }

    /// Sends a payload as its carrier does, and waits for the answer of a POST.
    pub(crate) async fn post(&mut self, payload: &str) -> Result<()> {
        if self.is_socket {
            let bytes = match self.kind.carrier {
                Carrier::Draft => draft_frame(payload),
                _ => frame(TEXT, payload.as_bytes()),
            };
            return self.down.send(bytes).await;
        }
        let post = self.kind.post(&self.id, payload);
        let up = self.up().await?;
        up.send(post).await?;
        expect(200, up.answer().await?.0)
    }

    /// The connection of its POSTs.
    pub(crate) async fn up(&mut self) -> Result<&mut Connection> {
        match &mut self.up {
            Some(up) => Ok(up),
            none => Ok(none.insert(Connection::open(self.place).await?)),
        }
    }

    /// The next message; nothing when the session is over.
    pub(crate) async fn receive(&mut self) -> Result<Option<String>> {
        loop {
            match self.hear().await? {
                Some(Heard::Message(text)) => return Ok(Some(text)),
                Some(heard) => self.obey(heard).await?,
                None => return Ok(None),
            }
        }
    }

    /// The next message, if it begins to come before this time. Who listens polls.
    pub(crate) async fn listen(&mut self, until: Instant) -> Result<Option<String>> {
        loop {
            match self.heard.pop_front() {
                Some(Heard::Message(text)) => return Ok(Some(text)),
                Some(heard) => self.obey(heard).await?,
                None if self.is_over => return Err(ErrorKind::UnexpectedEof.into()),
                None => {
                    if self.by_poll() {
                        self.park().await?;
                    }
                    let is_there = self.text.contains(self.kind.end_of_piece()) || self.down.has_bytes();
                    if !is_there {
                        let Ok(came) = timeout_at(until.into(), self.down.fill()).await else { return Ok(None) };
                        came?;
                    }
                    self.take().await?;
                }
            }
        }
    }

    async fn obey(&mut self, heard: Heard) -> Result<()> {
        match heard {
            Heard::Heartbeat(answer) => self.post(&answer).await?,
            Heard::Goodbye => self.is_over = true,
            Heard::Message(_) | Heard::Opened(_) | Heard::Welcome | Heard::Probed => {}
        }
        Ok(())
    }

    /// What the server says next; nothing when the session is over, also by an end of the connection between two
    /// payloads, or by a poll that is refused.
    async fn hear(&mut self) -> Result<Option<Heard>> {
        loop {
            if let Some(heard) = self.heard.pop_front() {
                return Ok(Some(heard));
            }
            if self.is_over {
                return Ok(None);
            }
            self.take().await?;
        }
    }

    /// Takes what the next payload says.
    async fn take(&mut self) -> Result<()> {
        match self.payload().await {
            Ok(Some(payload)) => self.heard = self.kind.read(&payload, !self.id.is_empty(), self.by_poll())?,
            Ok(None) => self.is_over = true,
            Err(error) if is_end(&error) => self.is_over = true,
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn by_poll(&self) -> bool {
        !self.is_socket && (self.kind.carrier.is_poll() || self.kind.carrier == Carrier::Upgraded)
    }

    async fn payload(&mut self) -> Result<Option<String>> {
        match self.kind.carrier {
            Carrier::Draft => self.down.draft_text().await,
            _ if self.is_socket => self.down.text().await,
            _ if self.by_poll() => {
                self.park().await?;
                let (status, body) = self.down.answer().await?;
                self.is_parked = false;
                match status {
                    200 => Ok(Some(self.kind.unwrap(&body)?.unwrap_or_default())),
                    400 if !self.id.is_empty() => Ok(None),
                    _ => expect(200, status).map(|()| None),
                }
            }
            _ => {
                let marker = self.kind.end_of_piece();
                loop {
                    if let Some(position) = self.text.find(marker) {
                        let piece: String = self.text.drain(..position + marker.len()).collect();
                        return Ok(Some(self.kind.unwrap(&piece)?.unwrap_or_default()));
                    }
                    let Some(chunk) = self.down.chunk().await? else { return Ok(None) };
                    self.text += &String::from_utf8_lossy(&chunk);
                }
            }
        }
    }

    /// Sends the next poll, unless one is under way.
    pub(crate) async fn park(&mut self) -> Result<()> {
        if !self.is_parked {
            self.is_parked = true;
            self.down.send(request("GET", &self.kind.path(&self.id), "", "")).await?;
        }
        Ok(())
    }

    /// Leaves in the client's own words, where it has some.
    pub(crate) async fn leave(mut self) -> Result<()> {
        match (self.kind.carrier, self.kind.goodbye()) {
            (Carrier::Draft, _) => self.down.send([0xff, 0]).await,
            _ if self.is_socket => self.down.send(frame(CLOSE, &[])).await,
            (_, Some(goodbye)) => self.post(goodbye).await,
            (_, None) => Ok(()),
        }
    }

    /// All its connections.
    pub(crate) fn into_connections(self) -> impl Iterator<Item = Connection> {
        std::iter::once(self.down).chain(self.up)
    }
}

fn expect(wanted: u16, status: u16) -> Result<()> {
    if status == wanted { Ok(()) } else { Err(Error::new(ErrorKind::ConnectionRefused, format!("status {status}"))) }
}

/// Whether the connection ended, and did not break a rule.
fn is_end(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

fn session_of(status: u16, body: &str) -> Result<String> {
    expect(200, status)?;
    body.split_once(':').map(|(id, _)| id.to_owned()).ok_or_else(|| broken("no handshake"))
}
