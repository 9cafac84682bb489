//! Clients of every kind that come, and vanish in every state and in every way.

use super::{
    http::{Connection, Place},
    report::{Figures, Report},
    settings::Settings,
    states::Fate,
};
use serde::Deserialize;
use std::{collections::BTreeMap, error::Error, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{sync::Semaphore, task::JoinSet};

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// Of each round.
    clients: usize,
    rounds: usize,
    /// How long a client may be silent, in seconds, whatever it was about to do.
    timeout: f64,
    /// Clients that are under way at once.
    at_once: usize,
    /// Only those whose fate has this in its name, such as `Silent` or `0.7 to 0.9`.
    only: String,
    /// Bytes of live heap that may stay per client of a round, for what grows and does not shrink.
    tolerance: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { clients: 3000, rounds: 2, timeout: 2.0, at_once: 200, only: String::new(), tolerance: 4 }
    }
}

pub(crate) async fn run(options: Options) -> Result<bool, Box<dyn Error>> {
    let settings = Settings { timeout: Some(options.timeout), ..Settings::default() };
    let mut report = Report::begin(&settings).await?;
    let mut fates = Fate::all();
    fates.retain(|fate| fate.to_string().contains(&options.only));
    println!("{} clients a round; {} ways to vanish", options.clients, fates.len());
    let fresh = report.row("before", None).await?;
    // The first round makes what grows as large as it gets.
    let mut baseline: Option<Figures> = None;
    for round in 0..=options.rounds {
        let name = if round == 0 { "warming up".to_owned() } else { format!("round {round}") };
        let (silent, failed) = vanish(report.address, &fates, &options).await;
        report.row(&format!("{name}: vanished"), None).await?;
        for (what, times) in &failed {
            report.promise(false, format!("{times} clients failed before they vanished: {what}"));
        }
        let patience = Duration::from_secs_f64(options.timeout * 2.0 + 2.0);
        let empty = report.until_empty(&fresh, patience).await?;
        let after = report.row(&format!("{name}: a timeout later"), None).await?;
        let took = empty.map_or("never".to_owned(), |took| format!("after {:.1} s", took.as_secs_f64()));
        report.promise(empty.is_some(), format!("no session and no connection is left ({took})"));
        drop(silent);
        // Those that were silent are gone for the kernel as well now.
        if let Some(baseline) = &baseline {
            let allowed = baseline.heap + options.tolerance * options.clients as u64;
            let difference = i128::from(after.heap) - i128::from(baseline.heap);
            report.promise(after.heap <= allowed, format!("live heap is back at the baseline ({difference:+} bytes)"));
        } else {
            let grown = after.heap.saturating_sub(fresh.heap);
            println!("        kept for the next clients: {grown} bytes, {} a client", grown / options.clients as u64);
            baseline = Some(after);
        }
    }
    println!("        {}", report.figures().await?.counted());
    Ok(report.end())
}

/// Answers the connections of those that are silent, and what went wrong how often.
async fn vanish(server: SocketAddr, fates: &[Fate], options: &Options) -> (Vec<Connection>, BTreeMap<String, usize>) {
    let turns = Arc::new(Semaphore::new(options.at_once));
    let mut clients = JoinSet::new();
    for (number, fate) in fates.iter().copied().cycle().take(options.clients).enumerate() {
        let turns = Arc::clone(&turns);
        clients.spawn(async move {
            let _turn = turns.acquire().await;
            fate.meet(Place::of(server, number, 250)).await.map_err(|error| format!("{fate}: {error}"))
        });
    }
    let (mut silent, mut failed) = (Vec::new(), BTreeMap::new());
    while let Some(met) = clients.join_next().await {
        match met {
            Ok(Ok(connections)) => silent.extend(connections),
            Ok(Err(error)) => *failed.entry(error).or_default() += 1,
            Err(error) => *failed.entry(error.to_string()).or_default() += 1,
        }
    }
    (silent, failed)
}
