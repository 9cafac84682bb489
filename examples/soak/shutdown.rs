//! Clients of every kind, with messages that wait for them, and a server that shuts down.

use super::{
    crowd::{Crowd, Leader},
    report::Report,
    settings::Settings,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    error::Error,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    clients: usize,
    /// Messages that are queued for each, and their bytes.
    messages: usize,
    bytes: usize,
    /// The option `shutdown_rate`.
    per_second: u32,
    /// The deadline of the shutdown, in seconds.
    deadline: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { clients: 2000, messages: 20, bytes: 200, per_second: 400, deadline: 15 }
    }
}

/// What the clients saw.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Seen {
    /// Clients that heard everything once and in order.
    complete: usize,
    /// Messages that did not come, or came twice or out of their turn.
    lost: usize,
    wrong: usize,
    failed: BTreeMap<String, usize>,
    /// In which second after the first how many went.
    went: Vec<usize>,
}

pub(crate) async fn run(options: Options) -> Result<bool, Box<dyn Error>> {
    let settings = Settings { shutdown_rate: Some(options.per_second), ..Settings::default() };
    let mut report = Report::begin(&settings).await?;
    let fresh = report.row("before", None).await?;
    let crowd = Crowd { seconds: options.messages as f64, ..Crowd::of(report.address, options.clients) };
    let (mut crowd, said) = crowd.gather("mixed").await?;
    report.promise(said["connected"] == options.clients, format!("all came: {said}"));
    report.row("all are there", None).await?;
    let queued = report.ask(&format!("queue {} {}", options.messages, options.bytes)).await?;
    report.row("messages wait", None).await?;
    let due = options.clients * options.messages;
    report.promise(queued["queued"] == due, format!("messages are queued for all: {queued}"));
    let ended = report.ask(&format!("shutdown {}", options.deadline)).await?;
    report.row("shut down", None).await?;
    let seen: Seen = serde_json::from_value(crowd.ask("tell").await?)?;
    crowd.kill().await?;
    report.until_empty(&fresh, Duration::from_secs(20)).await?;
    let after = report.row("after", None).await?;
    println!("        {}", after.counted());
    println!("        clients that went, second by second: {:?}", seen.went);
    let seconds = ended["seconds"].as_f64().unwrap_or_default();
    report.promise(ended["left"] == 0, format!("none was left after {seconds:.1} s of {} s", options.deadline));
    let Seen { complete, lost, wrong, ref failed, .. } = seen;
    let what = format!("{complete} clients heard all their messages; lost {lost}, doubled or late {wrong} {failed:?}");
    report.promise(lost + wrong == 0 && complete == options.clients && failed.is_empty(), what);
    let most = seen.went.iter().max().copied().unwrap_or_default();
    let per_second = options.per_second as usize;
    let what = format!("no second saw many more go than the rate of {per_second}: {most}");
    report.promise(most <= per_second * 5 / 4 + 10, what);
    Ok(report.end())
}

/// Reads until the server sends it away.
pub(crate) async fn mixed(crowd: Crowd) -> Result<(), Box<dyn Error>> {
    let (peers, failed) = crowd.connect().await;
    let due = crowd.seconds as usize;
    let mut leader = Leader::new();
    leader.tell_connected(peers.len(), &failed);
    let mut seen = Seen { failed, ..Seen::default() };
    let mut clients = JoinSet::new();
    for (_, mut peer) in peers {
        clients.spawn(async move {
            let (mut heard, mut wrong) = (0, 0);
            let error = loop {
                match peer.receive().await {
                    Ok(Some(text)) if text.trim_end_matches('.').parse() == Ok(heard) => heard += 1,
                    Ok(Some(_)) => wrong += 1,
                    Ok(None) => break None,
                    Err(error) => break Some(format!("{}: {error}", peer.kind)),
                }
            };
            let lost = if heard < due { Some(format!("{}: lost", peer.kind)) } else { None };
            (heard, wrong, error.or(lost), Instant::now())
        });
    }
    let mut ends = Vec::new();
    while let Some(client) = clients.join_next().await {
        let (heard, wrong, error, end) = client?;
        seen.complete += usize::from(heard == due && wrong == 0);
        seen.lost += due.saturating_sub(heard);
        seen.wrong += wrong;
        if let Some(error) = error {
            *seen.failed.entry(error).or_default() += 1;
        }
        ends.push(end);
    }
    let first = ends.iter().min().copied().unwrap_or_else(Instant::now);
    for end in ends {
        let second = (end - first).as_secs() as usize;
        seen.went.resize(seen.went.len().max(second + 1), 0);
        if let Some(went) = seen.went.get_mut(second) {
            *went += 1;
        }
    }
    while leader.command().await?.is_some() {
        leader.tell(&json!(seen));
    }
    Ok(())
}
