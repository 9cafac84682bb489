//! Clients that never read, and one that publishes to all.

use super::{
    crowd::{Crowd, Leader},
    honest::Honest,
    http::{Place, patiently},
    kinds::{Carrier, Kind, Wire},
    peer::Peer,
    report::{Report, mebibytes},
    settings::Settings,
};
use serde::Deserialize;
use std::{error::Error, time::Duration};

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    /// Those that never read.
    clients: usize,
    /// Those that do, and whose answers are timed.
    honest: usize,
    /// Messages of the publisher, how many a second, and their bytes.
    messages: usize,
    per_second: f64,
    bytes: usize,
    /// What may wait for all.
    total_queue_bytes: usize,
    on_full: Option<String>,
    /// Bytes the kernel keeps for each, on either side.
    kernel: u32,
    /// What 99 of 100 answers to the honest may take, in milliseconds.
    latency: f64,
    /// The share of messages that polling clients may miss between two polls.
    missed: f64,
    /// How long the honest are timed before and after, in seconds.
    rest: f64,
    /// The option `write_timeout`, in seconds.
    write_timeout: f64,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clients: 2000,
            honest: 29,
            messages: 300,
            per_second: 50.0,
            bytes: 4096,
            total_queue_bytes: 32 << 20,
            on_full: None,
            kernel: 16 << 10,
            latency: 1000.0,
            missed: 0.1,
            rest: 3.0,
            write_timeout: 3600.0,
        }
    }
}

pub(crate) async fn run(options: Options) -> Result<bool, Box<dyn Error>> {
    let settings = Settings {
        // Nothing but the bounds of memory protects the server from them.
        heartbeats: Some(3600.0),
        close_timeout: Some(3600.0),
        write_timeout: Some(options.write_timeout),
        total_queue_bytes: Some(options.total_queue_bytes),
        on_full: options.on_full.clone(),
        send_buffer: Some(options.kernel),
        ..Settings::default()
    };
    let mut report = Report::begin(&settings).await?;
    report.row("before", None).await?;
    let honest = Honest::start(report.address, options.honest, Duration::from_millis(50), 1).await?;
    let rest = Duration::from_secs_f64(options.rest);
    tokio::time::sleep(rest).await;
    report.row("the honest alone", Some(honest.latency())).await?;
    let crowd = Crowd { receive_buffer: Some(options.kernel), ..Crowd::of(report.address, options.clients) };
    let (mut crowd, said) = crowd.gather("slow").await?;
    report.promise(said["failed"].as_object().is_some_and(|failed| failed.is_empty()), format!("all came: {said}"));
    honest.latency();
    tokio::time::sleep(rest).await;
    let before = report.row("none reads, none sends", Some(honest.latency())).await?;
    report.ask("forget-peak").await?;

    let kind = Kind { wire: Wire::Four, carrier: Carrier::WebSocket };
    let mut publisher = patiently(Peer::connect(kind, Place::of(report.address, 0, 1))).await?;
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / options.per_second));
    for number in 0..options.messages {
        pace.tick().await;
        publisher.send(&format!("publish {}", options.bytes)).await?;
        patiently(publisher.receive()).await?.ok_or("the publisher was sent away")?;
        if number == options.messages / 2 {
            report.row("half is published", None).await?;
        }
    }
    let during = honest.latency();
    let full = report.row("all is published", Some(during)).await?;
    tokio::time::sleep(rest).await;
    let still = report.row("none reads, still", Some(honest.latency())).await?;
    println!("        {}", still.counted());
    let grown = full.peak.saturating_sub(before.heap);
    let (total, grown_by) = (mebibytes(options.total_queue_bytes as u64), mebibytes(grown));
    let what = format!("memory grew by {grown_by:.1} MiB at most, and {total:.1} MiB may wait");
    report.promise(grown <= options.total_queue_bytes as u64 * 11 / 10 + (1 << 20), what);
    let receivers = (options.clients + options.honest) as u64;
    let (published, each) = (options.messages as u64 * receivers, full.queued + full.dropped + full.closed);
    let what = format!(
        "every message is accounted for: {} queued, {} dropped, {} for clients that had gone, of {published}",
        full.queued, full.dropped, full.closed,
    );
    let is_exact = each + full.unsupported == published;
    // Those that were sent away meanwhile are no receivers any more.
    let some_went = full.count("overflowed_sessions") + full.count("unread_responses") > 0;
    let is_less = some_went && each < published;
    report.promise(is_exact || is_less, what);
    let counted = full.count("dropped_messages");
    report.promise(counted == full.dropped + full.unanswered, format!("dropped_messages says so, too: {counted}"));
    let what = format!("99 of 100 answers to the honest came within {:.0} ms: {:.1} ms", options.latency, during.most);
    report.promise(during.most <= options.latency, what);

    crowd.ask("leave").await?;
    crowd.kill().await?;
    // What only polled is remembered for an hour here.
    let most = (Honest::polling(options.clients) + options.honest + 1) as u64;
    let left = report.until(Duration::from_secs(30), |now| now.sessions <= most).await?;
    report.promise(left.is_some(), "those with a socket or a stream are gone when they have left");
    honest.latency();
    tokio::time::sleep(rest).await;
    report.row("they have left", Some(honest.latency())).await?;
    let heard = honest.heard();
    let (answers, errors) = honest.end().await;
    report.promise(errors.is_empty(), format!("the honest were answered {answers} times {errors:?}"));
    let (polling, messages) = (Honest::polling(options.honest), options.messages as u64);
    let due = messages * (options.honest - polling) as u64;
    let missed = due - heard.by_streams.min(due);
    let what = format!("who reads at once missed next to nothing: heard {} of {due}", heard.by_streams);
    // One that comes while the one before is written may find no room.
    report.promise(missed as f64 <= due as f64 * options.missed / 100.0, what);
    // A second message between two polls has no more room than one to those that never read.
    let due = messages * polling as u64;
    let missed = (due - heard.by_polls.min(due) + heard.unanswered_polls) as f64;
    let what = format!(
        "who polls at once missed little: heard {} of {due}, and waited for {} answers in vain",
        heard.by_polls, heard.unanswered_polls,
    );
    report.promise(missed <= due as f64 * options.missed, what);
    Ok(report.end())
}

/// Connects, asks for everything, and reads nothing.
pub(crate) async fn slow(crowd: Crowd) -> Result<(), Box<dyn Error>> {
    let (mut peers, failed) = crowd.connect().await;
    for (_, peer) in &mut peers {
        if peer.kind.carrier.is_poll() {
            peer.park().await?;
        }
    }
    let mut leader = Leader::new();
    leader.tell_connected(peers.len(), &failed);
    leader.command().await?;
    peers.clear();
    leader.tell(&serde_json::Value::Null);
    leader.command().await?;
    Ok(())
}
