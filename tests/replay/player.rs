//! Plays an exchange against a Heirloom listener and compares what comes back.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    future::Future,
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::service::service_fn;
use tokio::net::TcpListener;

use crate::{
    compare::{compare, describe},
    connection::{Connection, Pace},
    journal::Journal,
    recording::{Exchange, Step, What},
    sids::Sids,
    wire::{Atom, Unit, atoms},
};

/// How long anything that is expected may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A recorded wait that is long enough to come from a timer, milliseconds.
const TIMER: u64 = 180;

const TOO_LATE: &str = "did not happen";

const NOT_OURS: &[u8] = b"GET /elsewhere HTTP/1.1\r\nHost: chat.example:8080\r\n\r\n";

/// How the client's messages reach the server: `message` counts the steps that send.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cut {
    pub(crate) message: usize,
    pub(crate) at: usize,
}

/// One performance of an exchange.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Manner {
    pub(crate) pace: Pace,
    /// One message that is cut.
    pub(crate) cut: Option<Cut>,
    /// How much slower than recorded every timer runs, so that a busy machine does not miss one.
    pub(crate) slowness: u32,
}

/// Plays `exchange` and says what was different. The runtime has to be a single thread.
pub(crate) async fn play(exchange: &Exchange, manner: Manner) -> Result<(), String> {
    let mut player = Player::start(exchange, manner).await;
    let played = player.run().await;
    player.acceptor.abort();
    let (scenario, transport, version) = exchange.key();
    played.map_err(|problem| format!("{scenario} | {transport} | {version}: {problem}"))
}

struct Player<'a> {
    exchange: &'a Exchange,
    manner: Manner,
    journal: Arc<Journal>,
    address: SocketAddr,
    /// The socket that takes the place of port 843.
    policy: SocketAddr,
    acceptor: tokio::task::JoinHandle<()>,
    connections: BTreeMap<String, Connection>,
    /// Asks the application for something outside the resource, to know that the server has seen all before it.
    bystander: Connection,
    sids: Sids<'a>,
}

impl<'a> Player<'a> {
    async fn start(exchange: &'a Exchange, manner: Manner) -> Self {
        let journal = Arc::new(Journal::default());
        let generation = exchange.generation;
        let listener = (generation.listener)(exchange, &journal, manner.slowness);
        let socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = socket.local_addr().expect("an address");
        let policy_socket = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let policy = policy_socket.local_addr().expect("an address");
        let acceptor = tokio::spawn(async move {
            let policies = listener.serve_flash_policy(policy_socket);
            let connections = async {
                while let Ok((stream, _)) = socket.accept().await {
                    let listener = listener.clone();
                    let application = service_fn(|_| not_found(generation.not_found));
                    tokio::spawn(async move { listener.serve(stream, application).await });
                }
            };
            tokio::join!(policies, connections);
        });
        let bystander = Connection::open(address, &journal, generation.explained).await.expect("a connection");
        let sids = Sids::new(exchange);
        Self { exchange, manner, journal, address, policy, acceptor, connections: BTreeMap::new(), bystander, sids }
    }

    async fn run(&mut self) -> Result<(), String> {
        let Manner { pace, cut, .. } = self.manner;
        let mut sent = 0;
        for conn in &self.exchange.policy_connections {
            let opened = self.open(self.policy).await.expect("a connection");
            self.connections.insert(conn.clone(), opened);
        }
        let mut acted = (Instant::now(), None);
        for (index, step) in self.exchange.steps.iter().enumerate() {
            if matches!(step.what, What::Expect { .. } | What::Eof { .. } | What::App(_)) {
                self.until_met(index + 1).await?;
                self.check_wait(step, acted)?;
                continue;
            }
            if !self.is_idle(step) {
                acted = (Instant::now(), step.at);
            }
            match &step.what {
                What::Send { conn, bytes } => {
                    self.journal.release();
                    let pace = match cut {
                        Some(cut) if cut.message == sent => Pace::Split(cut.at),
                        _ => pace,
                    };
                    sent += 1;
                    self.send(conn, bytes, pace).await?;
                }
                What::Finish { conn } => self.finish(conn).await?,
                _ => self.connections.clear(),
            }
            self.settle().await?;
        }
        self.settle().await?;
        self.nothing_else()
    }

    async fn open(&self, address: SocketAddr) -> io::Result<Connection> {
        Connection::open(address, &self.journal, self.exchange.generation.explained).await
    }

    async fn send(&mut self, conn: &str, bytes: &[u8], pace: Pace) -> Result<(), String> {
        if !self.connections.contains_key(conn) {
            let opened = self.open(self.address).await;
            self.connections.insert(conn.to_owned(), opened.map_err(|error| error.to_string())?);
        }
        let bytes = self.sids.with_our_ids(bytes);
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        let answers = connection.answers();
        let answered_first = bytes.starts_with(b"POST ") && self.exchange.is_of_a_browser();
        connection.send(&bytes, pace).await;
        if !answered_first {
            return Ok(());
        }
        // The browser sent concurrently what does not depend on each other; one after the other it is repeatable.
        let connection = &self.connections[conn];
        wait(&self.journal, || Ok(connection.answers() > answers))
            .await
            .map_err(|problem| format!("a POST on {conn}: {problem}"))
    }

    async fn finish(&mut self, conn: &str) -> Result<(), String> {
        let Some(connection) = self.connections.get_mut(conn) else { return Ok(()) };
        connection.finish().await;
        let closed = wait(&self.journal, || Ok(connection.is_closed())).await;
        closed.map_err(|problem| format!("closing {conn}, which the server should follow: {problem}"))
    }

    /// Waits until everything before the step `before` that the server and its application should do is done.
    async fn until_met(&mut self, before: usize) -> Result<(), String> {
        let (exchange, journal) = (self.exchange, Arc::clone(&self.journal));
        let Self { connections, sids, .. } = self;
        let met = wait(&journal, || compare(exchange, before, connections, sids, &journal)).await;
        met.map_err(|problem| match problem.as_str() {
            TOO_LATE => format!("step {before}: {TOO_LATE}\n{}", describe(exchange, connections, sids, &journal)),
            problem => format!("step {before}: {problem}"),
        })
    }

    /// Two answers from the application: by then the server has read what was sent before and done what follows at once.
    async fn settle(&mut self) -> Result<(), String> {
        for _ in 0..2 {
            let answers = self.bystander.answers();
            self.bystander.send(NOT_OURS, Pace::Whole).await;
            let bystander = &self.bystander;
            wait(&self.journal, || Ok(bystander.answers() > answers)).await?;
        }
        Ok(())
    }

    /// Closing a connection on which everything was answered starts no timer.
    fn is_idle(&self, step: &Step) -> bool {
        let What::Finish { conn } = &step.what else { return false };
        self.exchange.expected(conn, self.exchange.steps.len()).last() == Some(&Unit::End)
    }

    /// What a timer brought about must not come much earlier than recorded, counted from what the client did last.
    fn check_wait(&self, step: &Step, acted: (Instant, Option<u64>)) -> Result<(), String> {
        let (Some(at), Some(last)) = (step.at, acted.1) else { return Ok(()) };
        if matches!(self.manner.pace, Pace::Bytewise) {
            // What takes so long to send may have started a timer long before.
            return Ok(());
        }
        let recorded = at.saturating_sub(last);
        let (due, waited) = (Duration::from_millis(recorded) * self.manner.slowness, acted.0.elapsed());
        if recorded < TIMER || waited * 10 >= due * 8 {
            return Ok(());
        }
        Err(format!("{:?} came after {waited:?}, due was {due:?}", step.what))
    }

    /// After the last step: neither more bytes nor more events nor a closed connection that should be open.
    fn nothing_else(&mut self) -> Result<(), String> {
        let all = self.exchange.steps.len();
        compare(self.exchange, all, &self.connections, &mut self.sids, &self.journal)?;
        for (conn, connection) in &self.connections {
            let expected = atoms(&self.exchange.expected(conn, all));
            let eof = self.exchange.steps.iter().any(|step| matches!(&step.what, What::Eof { conn: on } if on == conn));
            let unanswered = !matches!(expected.last(), Some(Atom::End));
            if unanswered && !eof && !connection.finished && connection.is_closed() {
                return Err(format!("{conn} should still be open"));
            }
        }
        Ok(())
    }
}

/// What the application answers outside the resource.
async fn not_found(text: &'static str) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

/// Waits until `met`, looking whenever the journal changed.
async fn wait(journal: &Journal, mut met: impl FnMut() -> Result<bool, String>) -> Result<(), String> {
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let changed = journal.changed.notified();
        let mut changed = std::pin::pin!(changed);
        changed.as_mut().enable();
        if met()? {
            return Ok(());
        }
        if timeout(deadline, changed).await.is_err() {
            return Err(TOO_LATE.to_owned());
        }
    }
}

async fn timeout(
    deadline: tokio::time::Instant,
    changed: impl Future<Output = ()>,
) -> Result<(), tokio::time::error::Elapsed> {
    tokio::time::timeout_at(deadline, changed).await
}
