//! Processes full of clients are killed at random; the clients of others live through it.

use super::{
    crowd::{Crowd, Leader},
    honest::Honest,
    http::patiently,
    kinds::Kind,
    peer::Peer,
    process::Process,
    report::Report,
    settings::Settings,
    states::{Fate, Way},
};
use serde::Deserialize;
use std::{error::Error, time::Duration};
use tokio::time::Instant;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// How long processes are killed.
    seconds: f64,
    /// Processes that are there at once, and clients of each.
    processes: usize,
    clients: usize,
    /// Those that live through it.
    survivors: usize,
    /// The longest time between two kills, in seconds; the shortest is none.
    pause: f64,
    timeout: f64,
    /// Bytes of live heap that may stay, for what grows and does not shrink.
    tolerance: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { seconds: 12.0, processes: 4, clients: 150, survivors: 58, pause: 1.0, timeout: 2.0, tolerance: 64 << 10 }
    }
}

pub(crate) async fn run(options: Options) -> Result<bool, Box<dyn Error>> {
    let settings = Settings { timeout: Some(options.timeout), ..Settings::default() };
    let mut report = Report::begin(&settings).await?;
    let patience = Duration::from_secs_f64(options.timeout * 2.0 + 6.0);
    let fresh = report.row("before", None).await?;
    // Once as many as there will ever be, so that what grows is as large as it gets.
    let warm = Crowd { offset: 0, ..Crowd::of(report.address, options.clients * options.processes * 4) };
    let (crowd, _) = warm.gather("mortal").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    crowd.kill().await?;
    let warmed = report.until_empty(&fresh, patience).await?;
    let baseline = report.row("after one kill", None).await?;
    report.promise(warmed.is_some(), "no session and no connection is left of those that were killed");

    let survivors = Honest::start(report.address, options.survivors, Duration::from_millis(5), 4).await?;
    let mut crowds = Vec::new();
    for number in 0..options.processes {
        crowds.push(begin(&report, &options, number).await?);
    }
    let end = Instant::now() + Duration::from_secs_f64(options.seconds);
    let mut next_row = Instant::now();
    let mut kills = 0;
    while Instant::now() < end {
        if Instant::now() >= next_row {
            report.row(&format!("{kills} killed"), Some(survivors.latency())).await?;
            next_row += Duration::from_secs_f64(options.seconds / 10.0);
        }
        tokio::time::sleep(Duration::from_secs_f64(options.pause * random(1000)? as f64 / 1000.0)).await;
        let victim = random(crowds.len())?;
        let fresh_one = begin(&report, &options, kills).await?;
        let killed: Process = std::mem::replace(crowds.get_mut(victim).ok_or("nobody to kill")?, fresh_one);
        killed.kill().await?;
        kills += 1;
    }
    for crowd in crowds {
        crowd.kill().await?;
        kills += 1;
    }
    report.row("the last killed", Some(survivors.latency())).await?;
    let (answers, errors) = survivors.end().await;
    let empty = report.until_empty(&fresh, patience).await?;
    let after = report.row("after", None).await?;
    println!("        {}", after.counted());
    let killed = kills * options.clients;
    let what = format!("{answers} messages of the living came back once and in order, {killed} clients were killed");
    report.promise(errors.is_empty() && answers > 0, what);
    errors.iter().for_each(|error| println!("        {error}"));
    report.promise(after.unanswered == 0, "the server had room for every answer");
    report.promise(empty.is_some(), "no session and no connection is left");
    let difference = i128::from(after.heap) - i128::from(baseline.heap);
    let what = format!("live heap is back at the baseline ({difference:+} bytes)");
    report.promise(after.heap <= baseline.heap + options.tolerance, what);
    Ok(report.end())
}

fn random(bound: usize) -> Result<usize, Box<dyn Error>> {
    Ok(getrandom::u32()? as usize % bound.max(1))
}

async fn begin(report: &Report, options: &Options, number: usize) -> Result<Process, Box<dyn Error>> {
    let crowd = Crowd { offset: number * options.clients, ..Crowd::of(report.address, options.clients) };
    Ok(crowd.gather("mortal").await?.0)
}

/// The clients that are killed: half of them talk, half go from one state to the next.
pub(crate) async fn mortal(crowd: Crowd) -> Result<(), Box<dyn Error>> {
    let (kinds, fates) = (Kind::all(), Fate::all());
    for number in 0..crowd.clients {
        let place = crowd.place(number);
        if number % 2 == 0 {
            let kind = kinds.get(number / 2 % kinds.len()).copied().ok_or("no kind")?;
            tokio::spawn(async move {
                let Ok(mut peer) = patiently(Peer::connect(kind, place)).await else { return };
                while peer.send("until the end").await.is_ok() && matches!(peer.receive().await, Ok(Some(_))) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
            continue;
        }
        let step = random(fates.len())?;
        let mut mine = fates.clone();
        mine.rotate_left(step);
        tokio::spawn(async move {
            for fate in mine.into_iter().cycle() {
                // The last state is the one it is killed in.
                let held = Fate { way: Way::Silent, ..fate }.meet(place).await;
                tokio::time::sleep(Duration::from_millis(500)).await;
                if let (Ok(connections), Way::Reset) = (held, fate.way) {
                    connections.into_iter().for_each(super::http::Connection::reset);
                }
            }
        });
    }
    let mut leader = Leader::new();
    leader.tell_connected(crowd.clients, &Default::default());
    while leader.command().await?.is_some() {}
    Ok(())
}
