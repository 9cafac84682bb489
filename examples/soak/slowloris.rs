//! Clients that take their time: for a head, for a body, and to read.

use super::{
    crowd::{Crowd, Leader},
    honest::Honest,
    http::{Connection, Place, patiently, request},
    kinds::Kind,
    peer::Peer,
    report::{Report, mebibytes},
    settings::Settings,
};
use serde::Deserialize;
use serde_json::json;
use std::{
    error::Error,
    io::Result,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// A byte so often.
const PACE: Duration = Duration::from_millis(250);
/// What those that read slowly have asked for, each.
const ASKED: usize = 256 * 1024;
const TIMES: usize = 4;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// A third of them each.
    clients: usize,
    honest: usize,
    /// How long they go on, in seconds.
    seconds: f64,
    /// The options `header_timeout` and `body_timeout`, in seconds.
    header_timeout: f64,
    body_timeout: f64,
    total_queue_bytes: usize,
    /// Only clients of this kind read slowly, such as `0.5 to 0.6 over htmlfile`; of every kind when it is empty.
    only: String,
    /// What 99 of 100 answers to the honest may take, in milliseconds.
    latency: f64,
}

impl Default for Options {
    fn default() -> Self {
        let (header_timeout, body_timeout, total_queue_bytes) = (5.0, 5.0, 32 << 20);
        Self {
            clients: 900,
            honest: 29,
            seconds: 10.0,
            header_timeout,
            body_timeout,
            total_queue_bytes,
            only: String::new(),
            latency: 1000.0,
        }
    }
}

pub(crate) async fn run(options: Options) -> std::result::Result<bool, Box<dyn Error>> {
    let settings = Settings {
        header_timeout: Some(options.header_timeout),
        body_timeout: Some(options.body_timeout),
        total_queue_bytes: Some(options.total_queue_bytes),
        // They answer no heartbeat before they have read it.
        heartbeats: Some(options.seconds / 2.0),
        close_timeout: Some(options.seconds / 2.0),
        send_buffer: Some(16 << 10),
        ..Settings::default()
    };
    let mut report = Report::begin(&settings).await?;
    let honest = Honest::start(report.address, options.honest, Duration::from_millis(50), 1).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = report.row("before", Some(honest.latency())).await?;
    let crowd = Crowd {
        receive_buffer: Some(4096),
        seconds: options.seconds,
        at_once: 500,
        only: options.only.clone(),
        ..Crowd::of(report.address, options.clients)
    };
    let (mut crowd, said) = crowd.gather("dribble").await?;
    println!("        {said}");
    let step = Duration::from_secs_f64(options.seconds / 5.0);
    let mut worst: f64 = 0.0;
    for _ in 0..5 {
        tokio::time::sleep(step).await;
        let latency = honest.latency();
        worst = worst.max(latency.most);
        report.row("they take their time", Some(latency)).await?;
    }
    let seen = crowd.ask("tell").await?;
    crowd.kill().await?;
    let empty = report.until_empty(&before, Duration::from_secs(30)).await?;
    honest.latency();
    tokio::time::sleep(Duration::from_secs(3)).await;
    let after = report.row("after", Some(honest.latency())).await?;
    println!("        {}", after.counted());
    let longest = |what: &str| seen[what].as_f64().unwrap_or(f64::INFINITY);
    for (what, allowed) in [("head", options.header_timeout), ("body", options.body_timeout)] {
        let longest = longest(what);
        let is_kept = longest <= allowed + 1.0 && options.seconds > allowed + 1.0;
        report.promise(is_kept, format!("nobody was given more than {allowed} s for a {what}: {longest:.1} s"));
    }
    let grown = after.peak.saturating_sub(before.heap);
    // A message is counted as it was given. Under way it is there four times at most: for the case that it has to go out
    // again, as its client reads it, and in two buffers. The rest are sessions and connections.
    let allowed = options.total_queue_bytes as u64 * 4 + options.clients as u64 * 32 * 1024;
    let (total, grown_by) = (mebibytes(options.total_queue_bytes as u64), mebibytes(grown));
    let what =
        format!("memory grew by {grown_by:.1} MiB, {:.1} are allowed with {total:.1} to wait", mebibytes(allowed));
    report.promise(grown <= allowed, what);
    report.promise(worst <= options.latency, format!("99 of 100 answers came within {worst:.1} ms"));
    report.promise(empty.is_some(), "no session and no connection of theirs is left");
    let (answers, errors) = honest.end().await;
    report.promise(errors.is_empty(), format!("the honest were answered {answers} times {errors:?}"));
    Ok(report.end())
}

/// How long they were suffered, in seconds.
#[derive(Debug, Default)]
struct Longest {
    head: f64,
    body: f64,
    failed: Vec<String>,
}

pub(crate) async fn dribble(crowd: Crowd) -> std::result::Result<(), Box<dyn Error>> {
    let longest = Arc::new(Mutex::new(Longest::default()));
    let mut readers = Kind::all();
    readers.retain(|kind| kind.to_string().contains(&crowd.only));
    for number in 0..crowd.clients {
        let (longest, place, seconds) = (Arc::clone(&longest), crowd.place(number), crowd.seconds);
        let readers = readers.clone();
        tokio::spawn(async move {
            let suffered = match number % 3 {
                0 => dribble_head(place, seconds).await,
                1 => dribble_body(place, number, seconds).await,
                _ => read_slowly(place, &readers, number, seconds).await,
            };
            let mut longest = longest.lock().unwrap_or_else(PoisonError::into_inner);
            match (number % 3, suffered) {
                (0, Ok(suffered)) => longest.head = longest.head.max(suffered),
                (1, Ok(suffered)) => longest.body = longest.body.max(suffered),
                (_, Ok(_)) => {}
                (_, Err(error)) => longest.failed.push(error.to_string()),
            }
        });
    }
    let mut leader = Leader::new();
    leader.tell(&json!({ "begun": crowd.clients }));
    while leader.command().await?.is_some() {
        let longest = longest.lock().unwrap_or_else(PoisonError::into_inner);
        leader.tell(&json!({ "head": longest.head, "body": longest.body, "failed": longest.failed }));
    }
    Ok(())
}

async fn dribble_head(place: Place, seconds: f64) -> Result<f64> {
    let mut connection = patiently(Connection::open(place)).await?;
    let began = Instant::now();
    connection.send("GET /socket.io/1/?t=").await?;
    Ok(until_cut(&mut connection, began, seconds).await)
}

async fn dribble_body(place: Place, number: usize, seconds: f64) -> Result<f64> {
    let kinds: Vec<_> = Kind::all().into_iter().filter(|kind| !kind.carrier.is_socket()).collect();
    let Some(kind) = kinds.get(number / 3 % kinds.len()) else { return Ok(0.0) };
    let mut peer = patiently(Peer::connect(*kind, place)).await?;
    let post = request("POST", &kind.post_path(&peer.id), "Content-Type: text/plain\r\n", &"x".repeat(4096));
    let up = peer.up().await?;
    let began = Instant::now();
    up.send(post.get(..post.len() - 4096).unwrap_or_default()).await?;
    Ok(until_cut(up, began, seconds).await)
}

/// A byte now and then, until the server has had enough or the time is over.
async fn until_cut(connection: &mut Connection, began: Instant, seconds: f64) -> f64 {
    while began.elapsed().as_secs_f64() < seconds {
        // An answer is an end as well.
        let ended = tokio::time::timeout(PACE, connection.sip(64)).await.is_ok();
        if ended || connection.send("x").await.is_err() {
            break;
        }
    }
    began.elapsed().as_secs_f64()
}

/// Asks for much, and takes it byte by byte.
async fn read_slowly(place: Place, kinds: &[Kind], number: usize, seconds: f64) -> Result<f64> {
    let Some(kind) = kinds.get(number / 3 % kinds.len()) else { return Ok(0.0) };
    let mut peer = patiently(Peer::connect(*kind, place)).await?;
    if kind.carrier.is_poll() {
        peer.park().await?;
    }
    for _ in 0..TIMES {
        peer.send(&format!("large {ASKED}")).await?;
    }
    let began = Instant::now();
    while began.elapsed().as_secs_f64() < seconds && peer.down.sip(1).await? > 0 {
        tokio::time::sleep(PACE).await;
    }
    Ok(began.elapsed().as_secs_f64())
}
