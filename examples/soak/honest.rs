//! Clients that do nothing wrong: how long they wait for their answers.

use super::{
    http::{Place, broken, patiently},
    kinds::Kind,
    peer::Peer,
    report::Latency,
};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

#[derive(Debug)]
pub(crate) struct Honest {
    seen: Arc<Mutex<Seen>>,
    clients: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    answers: Vec<Duration>,
    total: usize,
    /// What somebody has published, as all of them heard it.
    published: u64,
    errors: Vec<String>,
    is_over: bool,
}

impl Seen {
    fn note(&mut self, took: Duration, answers: usize) {
        self.answers.push(took);
        self.total += answers;
    }
}

fn lock(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Honest {
    /// So many clients of all kinds, each of which asks so many questions at once at most, and the next so long after the
    /// last answer.
    pub(crate) async fn start(server: SocketAddr, clients: usize, pause: Duration, at_once: u64) -> io::Result<Self> {
        let kinds = Kind::all();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let mut all = JoinSet::new();
        for (number, kind) in kinds.iter().cycle().take(clients).enumerate() {
            let place = Place { source: [127, 0, 0, 1].into(), ..Place::of(server, 0, 1) };
            let peer = patiently(Peer::connect(*kind, place)).await.map_err(|error| about(*kind, &error))?;
            all.spawn(talk(peer, number, pause, at_once, Arc::clone(&seen)));
        }
        Ok(Self { seen, clients: all })
    }

    /// What they saw since they were asked the last time.
    pub(crate) fn latency(&self) -> Latency {
        Latency::of(std::mem::take(&mut lock(&self.seen).answers))
    }

    /// How much they have heard of what was published.
    pub(crate) fn published(&self) -> u64 {
        lock(&self.seen).published
    }

    /// Lets them leave; answers how many answers came in all, and what went wrong.
    pub(crate) async fn end(mut self) -> (usize, Vec<String>) {
        lock(&self.seen).is_over = true;
        while self.clients.join_next().await.is_some() {}
        let seen = lock(&self.seen);
        (seen.total, seen.errors.clone())
    }
}

fn about(kind: Kind, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{kind}: {error}"))
}

/// Every message has to come back once and in its turn.
async fn talk(mut peer: Peer, name: usize, pause: Duration, at_once: u64, seen: Arc<Mutex<Seen>>) {
    let mut number = 0;
    for round in 0_u64.. {
        if lock(&seen).is_over {
            break;
        }
        let questions = number..=number + round % at_once;
        number += 1 + round % at_once;
        let asked = Instant::now();
        if let Err(error) = patiently(ask(&mut peer, name, questions.clone(), &seen)).await {
            lock(&seen).errors.push(about(peer.kind, &error).to_string());
            return;
        }
        lock(&seen).note(asked.elapsed(), questions.count());
        if let Err(error) = listen(&mut peer, pause, &seen).await {
            lock(&seen).errors.push(about(peer.kind, &error).to_string());
            return;
        }
    }
    // It may be late for that.
    let _ = peer.leave().await;
}

async fn ask(peer: &mut Peer, name: usize, questions: RangeInclusive<u64>, seen: &Mutex<Seen>) -> io::Result<()> {
    for number in questions.clone() {
        peer.send(&format!("{name}-{number}")).await?;
    }
    for number in questions {
        let text = format!("{name}-{number}");
        loop {
            match peer.receive().await? {
                Some(answer) if answer == text => break,
                Some(published) if published.starts_with('x') => lock(seen).published += 1,
                Some(answer) => return Err(broken(format!("{answer:?} instead of {text:?}"))),
                None => return Err(io::Error::new(ErrorKind::UnexpectedEof, format!("ended before {text:?}"))),
            }
        }
    }
    Ok(())
}

/// Nothing else comes than what is published.
async fn listen(peer: &mut Peer, pause: Duration, seen: &Mutex<Seen>) -> io::Result<()> {
    let until = Instant::now() + pause;
    while Instant::now() < until {
        match peer.listen(until).await? {
            Some(published) if published.starts_with('x') => lock(seen).published += 1,
            Some(other) => return Err(broken(format!("{other:?}, which nobody has asked for"))),
            None => break,
        }
    }
    Ok(())
}
