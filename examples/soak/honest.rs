//! Clients that do nothing wrong: how long they wait for their answers.

use super::{
    http::{Place, broken, patiently},
    kinds::Kind,
    peer::Peer,
    report::Latency,
};
use std::{
    io,
    net::SocketAddr,
    ops::RangeInclusive,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

/// Longer than an answer takes, however much there is to do.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(crate) struct Honest {
    seen: Arc<Mutex<Seen>>,
    clients: JoinSet<()>,
}

#[derive(Debug, Default)]
struct Seen {
    answers: Vec<Duration>,
    total: usize,
    heard: Heard,
    errors: Vec<String>,
    is_over: bool,
}

/// What was published, as they heard it, and the answers that did not come between two polls.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Heard {
    /// By those with a socket or a stream, once for each.
    pub(crate) by_streams: u64,
    /// By those that poll.
    pub(crate) by_polls: u64,
    pub(crate) unanswered_polls: u64,
}

impl Seen {
    fn note(&mut self, took: Duration, answers: usize) {
        self.answers.push(took);
        self.total += answers;
    }

    fn hear(&mut self, kind: Kind) {
        let heard = if kind.carrier.is_poll() { &mut self.heard.by_polls } else { &mut self.heard.by_streams };
        *heard += 1;
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

    pub(crate) fn heard(&self) -> Heard {
        lock(&self.seen).heard
    }

    /// How many of so many poll.
    pub(crate) fn polling(clients: usize) -> usize {
        Kind::all().iter().cycle().take(clients).filter(|kind| kind.carrier.is_poll()).count()
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
        let talked = async {
            ask(&mut peer, name, questions, &seen).await?;
            listen(&mut peer, pause, &seen).await
        };
        if let Err(error) = talked.await {
            lock(&seen).errors.push(about(peer.kind, &error).to_string());
            return;
        }
    }
    // It may be late for that.
    let _ = peer.leave().await;
}

async fn ask(peer: &mut Peer, name: usize, questions: RangeInclusive<u64>, seen: &Mutex<Seen>) -> io::Result<()> {
    let asked = Instant::now();
    for number in questions.clone() {
        patiently(peer.send(&format!("{name}-{number}"))).await?;
    }
    let mut answers = 0;
    for number in questions {
        let text = format!("{name}-{number}");
        loop {
            match patiently(peer.listen(asked + PATIENCE)).await? {
                Some(answer) if answer == text => break answers += 1,
                Some(published) if published.starts_with('x') => lock(seen).hear(peer.kind),
                Some(answer) => return Err(broken(format!("{answer:?} instead of {text:?}"))),
                // Nobody else than a publisher leaves a server without room.
                None if lock(seen).heard.by_polls > 0 && peer.kind.carrier.is_poll() => {
                    lock(seen).heard.unanswered_polls += 1;
                    return Ok(());
                }
                None => {
                    // Whatever comes for it after this is a fault.
                    lock(seen).errors.push(format!("{}: no answer to {text:?}", peer.kind));
                    return Ok(());
                }
            }
        }
    }
    lock(seen).note(asked.elapsed(), answers);
    Ok(())
}

/// Nothing else comes than what is published.
async fn listen(peer: &mut Peer, pause: Duration, seen: &Mutex<Seen>) -> io::Result<()> {
    let until = Instant::now() + pause;
    while Instant::now() < until {
        match peer.listen(until).await? {
            Some(published) if published.starts_with('x') => lock(seen).hear(peer.kind),
            Some(other) => return Err(broken(format!("{other:?}, which nobody has asked for"))),
            None => break,
        }
    }
    Ok(())
}
