//! One client: a WebSocket, or a poll and a connection for its posts.

mod reading;

use crate::{dialect::Dialect, frame, http, link::Link, tally::Note};
use mio::Registry;
use std::net::{Ipv4Addr, SocketAddr};

/// What a client tells whoever runs the workload.
#[derive(Debug, PartialEq)]
pub enum Heard {
    Open,
    Note(Note),
    /// A text that is no note, as the answer to `!join`.
    Other,
    /// The connection has ended, and was meant to.
    Closed,
    Failed(String),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Stage {
    Away,
    /// The request of 0.7 to 0.9 that every session begins with.
    Handshake,
    Upgrading,
    /// Who polls says its greeting on the connection it will poll on, so that it needs only one until it sends.
    Greeting,
    Open,
    Closing,
}

/// Where everybody connects to.
pub struct Net<'a> {
    pub registry: &'a Registry,
    pub to: SocketAddr,
    pub scratch: &'a mut [u8],
}

pub struct Client {
    pub dialect: Dialect,
    pub polling: bool,
    index: usize,
    from: Ipv4Addr,
    stage: Stage,
    /// The WebSocket, or what polls.
    main: Option<Link>,
    post: Option<Link>,
    paths: (String, String),
    waiting: Vec<String>,
    posting: bool,
}

impl Client {
    pub fn new(index: usize, dialect: Dialect, polling: bool) -> Self {
        let (stage, paths) = (Stage::Away, Default::default());
        let from = Ipv4Addr::LOCALHOST;
        Self {
            dialect,
            polling,
            index,
            from,
            stage,
            main: None,
            post: None,
            paths,
            waiting: Vec::new(),
            posting: false,
        }
    }

    pub fn open(&mut self, net: &Net, from: Ipv4Addr) -> Result<(), String> {
        (self.from, self.waiting, self.posting, self.post) = (from, Vec::new(), false, None);
        self.connect(net)?;
        let path = self.dialect.entrance(self.polling);
        let Some(link) = &mut self.main else { return Ok(()) };
        self.stage = Stage::Upgrading;
        match (self.polling, self.dialect) {
            (_, Dialect::Packets) => {
                self.stage = Stage::Handshake;
                http::get(&mut link.output, path);
            }
            (true, _) => http::get(&mut link.output, path),
            (false, Dialect::Draft) => http::upgrade_draft(&mut link.output, path),
            (false, _) => http::upgrade(&mut link.output, path),
        }
        Ok(())
    }

    fn connect(&mut self, net: &Net) -> Result<(), String> {
        let link = Link::open(net.registry, 2 * self.index, self.from, net.to);
        self.main = Some(link.map_err(|error| format!("connect: {error}"))?);
        Ok(())
    }

    /// Says goodbye; it is over when the server has answered. Who polls, or has a draft's socket, just goes; tells
    /// whether it is over already.
    pub fn close(&mut self) -> bool {
        match &mut self.main {
            Some(link) if !self.polling && self.dialect != Dialect::Draft => {
                self.stage = Stage::Closing;
                frame::close(&mut link.output);
                false
            }
            _ => {
                self.leave();
                true
            }
        }
    }

    pub fn leave(&mut self) {
        (self.main, self.post, self.stage) = (None, None, Stage::Away);
    }

    /// Goes out with the next `write`.
    pub fn send(&mut self, text: &str) {
        let packet = self.dialect.packet(text);
        match &mut self.main {
            _ if self.polling => self.waiting.push(packet),
            Some(link) if self.dialect == Dialect::Draft => frame::draft_text(&mut link.output, &packet),
            Some(link) => frame::text(&mut link.output, &packet),
            None => {}
        }
    }

    pub fn write(&mut self, net: &Net) -> Result<(), String> {
        if !self.posting && !self.waiting.is_empty() {
            let body = self.dialect.body(&self.waiting);
            self.waiting.clear();
            self.posting = true;
            if self.post.is_none() {
                let link = Link::open(net.registry, 2 * self.index + 1, self.from, net.to);
                self.post = Some(link.map_err(|error| format!("connect: {error}"))?);
            }
            if let Some(link) = &mut self.post {
                http::post(&mut link.output, &self.paths.1, self.dialect.content_type(), &body);
            }
        }
        for link in [&mut self.main, &mut self.post].into_iter().flatten() {
            link.write().map_err(|error| format!("write: {error}"))?;
        }
        Ok(())
    }

    /// A packet of the client's own, no text of the application.
    fn say(&mut self, packet: &str) {
        match &mut self.main {
            _ if self.polling => self.waiting.push(packet.to_owned()),
            Some(link) if self.dialect == Dialect::Draft => frame::draft_text(&mut link.output, packet),
            Some(link) => frame::text(&mut link.output, packet),
            None => {}
        }
    }
}
