//! A server that is attacked, and the clients that have nothing to do with it.

use crate::support::{
    Event, Mounting, PacketPeer, Peer, Server,
    engine::{EnginePeer, Four, Packet, Three},
    events::text,
    eventually, get,
};
use heirloom::{Ack, Builder, Client, Data, Listener, Transport};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

/// What bystanders say begins with this, and is said back to them.
const WORD: &str = "bystander";
/// How many messages a bystander sends before it reads.
const ROUND: u64 = 3;
const PAUSE: Duration = Duration::from_millis(2);

/// A server and its bystanders, one of each generation, who exchange messages until the end of the scene.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) server: Server,
    bystanders: Vec<Bystander>,
    /// What the server has heard from each bystander.
    heard: Arc<Mutex<HashMap<String, u64>>>,
    is_over: Arc<AtomicBool>,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        Self::of(Mounting::Serve, Listener::builder()).await
    }

    pub(crate) async fn with(builder: Builder) -> Self {
        Self::of(Mounting::Serve, builder).await
    }

    /// The application answers bystanders, acknowledges the event `echo`, and notes all other messages.
    pub(crate) async fn of(mounting: Mounting, builder: Builder) -> Self {
        let server = Server::mounted(mounting, builder).await;
        let heard: Arc<Mutex<HashMap<String, u64>>> = Arc::default();
        let (events, noted) = (server.events.clone(), Arc::clone(&heard));
        server.listener.on_message(move |client, message| {
            let said = text(&message);
            let number = said.strip_prefix(WORD).map(str::to_owned);
            match &number {
                Some(number) => in_order(&noted, &client.id(), number),
                None => events.push(Event::Message(client.id(), message)),
            }
            async move {
                if number.is_some() {
                    client.send(said).expect("room for the answer to a bystander");
                }
            }
        });
        server.listener.on("echo", |_: Client, arguments: Data, ack: Option<Ack>| async move {
            let _ = ack.map(|ack| ack.send(&arguments));
        });
        let is_over = Arc::new(AtomicBool::new(false));
        let mut bystanders = Vec::new();
        for client in Bystanding::every(&server).await {
            bystanders.push(Bystander::begin(client, Arc::clone(&is_over)));
        }
        Self { server, bystanders, heard, is_over }
    }

    /// How many sessions there are beside those of the bystanders.
    pub(crate) fn strangers(&self) -> usize {
        self.server.listener.stats().sessions - self.bystanders.len()
    }

    /// Waits until only the bystanders have sessions.
    pub(crate) async fn is_left_alone(&self) {
        eventually("the attacker's sessions to be gone", || self.strangers() == 0).await;
    }

    /// The bystanders still exchange messages and have lost none, and the server takes new clients.
    pub(crate) async fn ends_well(self) {
        for bystander in &self.bystanders {
            bystander.goes_on().await;
        }
        assert_eq!(self.server.answer(get("/")).await.text(), "hello from the app");
        for mut client in Bystanding::every(&self.server).await {
            client.round(0).await;
            client.leave().await;
        }
        self.is_over.store(true, Ordering::SeqCst);
        for Bystander { name, exchanging, .. } in self.bystanders {
            let (id, said) = exchanging.await.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(self.heard.lock().unwrap().get(&id), Some(&said), "{name}: every message was heard");
        }
    }
}

/// Panics, in the task of the session, when a message is missing or comes twice; then the bystander waits in vain.
fn in_order(heard: &Mutex<HashMap<String, u64>>, id: &str, number: &str) {
    let mut heard = heard.lock().unwrap();
    let last = heard.entry(id.to_owned()).or_default();
    assert_eq!(number.trim().parse(), Ok(*last + 1), "the next message of {id}");
    *last += 1;
}

#[derive(Debug)]
struct Bystander {
    name: String,
    rounds: Arc<AtomicU64>,
    exchanging: JoinHandle<(String, u64)>,
}

impl Bystander {
    fn begin(mut client: Bystanding, is_over: Arc<AtomicBool>) -> Self {
        let (name, rounds) = (client.name(), Arc::new(AtomicU64::new(0)));
        let counted = Arc::clone(&rounds);
        let exchanging = tokio::spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                client.round(counted.load(Ordering::SeqCst)).await;
                counted.fetch_add(1, Ordering::SeqCst);
                // The attack is to have most of the processor.
                tokio::time::sleep(PAUSE).await;
            }
            let id = client.id().to_owned();
            client.leave().await;
            (id, counted.load(Ordering::SeqCst) * ROUND)
        });
        Self { name, rounds, exchanging }
    }

    /// Waits for two more rounds: one may have been under way.
    async fn goes_on(&self) {
        let before = self.rounds.load(Ordering::SeqCst);
        let goes_on = || self.exchanging.is_finished() || self.rounds.load(Ordering::SeqCst) >= before + 2;
        eventually(&self.name, goes_on).await;
    }
}

/// A client that speaks and listens.
#[derive(Debug)]
enum Bystanding {
    Frames(Peer),
    Packets(PacketPeer),
    Engine(EnginePeer),
}

impl Bystanding {
    async fn every(server: &Server) -> [Self; 4] {
        [
            Self::Frames(Peer::open(server, Transport::WebSocket).await),
            Self::Packets(PacketPeer::open(server, Transport::XhrPolling).await),
            Self::Engine(EnginePeer::connect(server, Three, Transport::Polling).await),
            Self::Engine(EnginePeer::connect(server, Four, Transport::WebSocket).await),
        ]
    }

    fn name(&self) -> String {
        match self {
            Self::Frames(peer) => format!("a bystander of 0.6 by {}", peer.transport),
            Self::Packets(peer) => format!("a bystander of 0.9 by {}", peer.transport),
            Self::Engine(peer) => format!("a bystander of revision {:?} by {}", peer.revision, peer.transport),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Frames(peer) => &peer.id,
            Self::Packets(peer) => &peer.id,
            Self::Engine(peer) => &peer.id,
        }
    }

    /// Says some messages, and hears them in this order and nothing else.
    async fn round(&mut self, number: u64) {
        let words: Vec<String> = (1..=ROUND).map(|place| format!("{WORD} {}", number * ROUND + place)).collect();
        let wrapped: Vec<String> = words.iter().map(|word| self.wrapped(word)).collect();
        let sent: Vec<&str> = wrapped.iter().map(String::as_str).collect();
        match self {
            Self::Frames(peer) => peer.send(&sent).await,
            Self::Packets(peer) => peer.send(&sent).await,
            Self::Engine(peer) => peer.send(&sent).await,
        }
        for word in &wrapped {
            assert_eq!(self.next().await, *word, "{}", self.name());
        }
    }

    fn wrapped(&self, word: &str) -> String {
        match self {
            Self::Frames(_) => word.to_owned(),
            Self::Packets(_) => format!("3:::{word}"),
            Self::Engine(_) => format!(r#"42["message","{word}"]"#),
        }
    }

    /// The next thing the server says that is no heartbeat.
    async fn next(&mut self) -> String {
        loop {
            let said = match self {
                Self::Frames(peer) => peer.receive().await,
                Self::Packets(peer) => peer.receive().await,
                Self::Engine(peer) => peer.receive().await,
            };
            match self {
                Self::Frames(peer) if said.starts_with("~h~") => peer.send(&[&said]).await,
                Self::Packets(peer) if said == "2::" => peer.send(&["2::"]).await,
                Self::Engine(peer) if said == "2" => peer.send_packets(&[Packet::from("3")]).await,
                _ => return said,
            }
        }
    }

    async fn leave(self) {
        match self {
            Self::Frames(peer) => peer.leave().await,
            Self::Packets(peer) => peer.leave().await,
            Self::Engine(peer) => peer.leave().await,
        }
    }
}
