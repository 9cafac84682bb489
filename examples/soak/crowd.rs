//! Many clients in a process of their own, so that they can be killed, and take nothing from those that are measured.

use super::{
    http::{Place, patiently},
    kinds::Kind,
    peer::Peer,
    process::Process,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{collections::BTreeMap, error::Error, io, net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines, Stdin},
    sync::Semaphore,
    task::JoinSet,
};

/// What a crowd is told when it begins.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Crowd {
    pub(crate) server: SocketAddr,
    pub(crate) clients: usize,
    /// How many addresses they have, together.
    pub(crate) addresses: usize,
    /// The number of the first.
    pub(crate) offset: usize,
    /// Clients that connect at once.
    pub(crate) at_once: usize,
    /// Bytes of the kernel's buffer for what comes.
    pub(crate) receive_buffer: Option<u32>,
    /// How long it does what it does, in seconds.
    pub(crate) seconds: f64,
    /// Only those whose kind has this in its name.
    pub(crate) only: String,
}

impl Crowd {
    pub(crate) fn of(server: SocketAddr, clients: usize) -> Self {
        let (addresses, at_once, only) = (250, 100, String::new());
        Self { server, clients, addresses, offset: 0, at_once, receive_buffer: None, seconds: 0.0, only }
    }

    /// Begins it, and waits for what it says when it is complete.
    pub(crate) async fn gather(&self, role: &str) -> Result<(Process, Value), Box<dyn Error>> {
        let mut process = Process::spawn(role, self)?;
        let said = process.answer().await?;
        Ok((process, said))
    }

    pub(crate) fn place(&self, number: usize) -> Place {
        let place = Place::of(self.server, self.offset + number, self.addresses);
        self.receive_buffer.map_or(place, |bytes| place.narrow(bytes))
    }

    /// Connects all of them; answers those that are, each with its number, and what went wrong how often.
    pub(crate) async fn connect(&self) -> (Vec<(usize, Peer)>, BTreeMap<String, usize>) {
        let turns = Arc::new(Semaphore::new(self.at_once));
        let mut connecting = JoinSet::new();
        for (number, kind) in Kind::all().into_iter().cycle().take(self.clients).enumerate() {
            let (turns, place) = (Arc::clone(&turns), self.place(number));
            connecting.spawn(async move {
                let _turn = turns.acquire().await;
                let peer = patiently(Peer::connect(kind, place)).await;
                peer.map(|peer| (number, peer)).map_err(|error| format!("{kind}: {error}"))
            });
        }
        let (mut peers, mut failed) = (Vec::new(), BTreeMap::new());
        while let Some(connected) = connecting.join_next().await {
            match connected.map_err(io::Error::from) {
                Ok(Ok(peer)) => peers.push(peer),
                Ok(Err(error)) => *failed.entry(error).or_default() += 1,
                Err(error) => *failed.entry(error.to_string()).or_default() += 1,
            }
        }
        (peers, failed)
    }
}

/// What a crowd hears from the process that began it, and what it says to it.
#[derive(Debug)]
pub(crate) struct Leader(Lines<BufReader<Stdin>>);

impl Leader {
    pub(crate) fn new() -> Self {
        Self(BufReader::new(tokio::io::stdin()).lines())
    }

    pub(crate) fn tell(&self, what: &Value) {
        println!("{what}");
    }

    pub(crate) fn tell_connected(&self, peers: usize, failed: &BTreeMap<String, usize>) {
        self.tell(&json!({ "connected": peers, "failed": failed }));
    }

    /// Waits for a command; there is none when the other process has ended.
    pub(crate) async fn command(&mut self) -> io::Result<Option<String>> {
        self.0.next_line().await
    }
}
