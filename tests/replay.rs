//! Every exchange recorded from the original servers, played against Heirloom on a real socket.
//!
//! `tests/recordings/README.md` says where the recordings come from, `docs/frames-recordings.md` lists each of them and
//! how Heirloom differs.

#[path = "replay/app.rs"]
mod app;
#[path = "replay/compare.rs"]
mod compare;
#[path = "replay/connection.rs"]
mod connection;
#[path = "replay/differences.rs"]
mod differences;
#[path = "replay/edit.rs"]
mod edit;
#[path = "replay/messages.rs"]
mod messages;
#[path = "replay/origins.rs"]
mod origins;
#[path = "replay/player.rs"]
mod player;
#[path = "replay/recording.rs"]
mod recording;
#[path = "replay/routing.rs"]
mod routing;
#[path = "replay/sids.rs"]
mod sids;
#[path = "replay/sockets.rs"]
mod sockets;
#[path = "replay/table.rs"]
mod table;
#[path = "replay/wire.rs"]
mod wire;

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use connection::Pace;
use differences::expectation;
use player::{Cut, Manner, play};
use recording::{Exchange, What, load};
use table::{TABLE, row_of};

/// Exchanges played at a time. Most of them wait for timers.
const PLAYERS: usize = 16;

/// The performances share a machine and have deadlines to meet: one after the other.
static STAGE: Mutex<()> = Mutex::new(());

#[derive(Debug, Clone, Copy)]
struct Run {
    exchange: usize,
    manner: Manner,
}

#[test]
fn every_exchange_goes_as_recorded_or_better() {
    let exchanges = expectations();
    let manner = Manner { pace: Pace::Whole, cut: None, slowness: 4 };
    let runs = (0..exchanges.len()).map(|exchange| Run { exchange, manner });
    play_all(&exchanges, runs.collect());
}

#[test]
fn every_exchange_survives_each_byte_in_its_own_segment() {
    let exchanges = expectations();
    let manner = Manner { pace: Pace::Bytewise, cut: None, slowness: 6 };
    let runs = (0..exchanges.len()).map(|exchange| Run { exchange, manner });
    play_all(&exchanges, runs.collect());
}

#[test]
fn one_exchange_of_each_transport_survives_a_cut_at_every_position() {
    let chosen = [
        ("handshake+echo", "xhr-polling", "0.6.18"),
        ("handshake+echo", "xhr-polling", "0.4.1"),
        ("batch, json, non-ASCII", "jsonp-polling", "0.6.18"),
        ("json, non-ASCII", "htmlfile", "0.6.18"),
        ("json object", "xhr-multipart", "0.6.18"),
        ("hixie-75 handshake+echo", "websocket", "0.6.18"),
        ("hixie-76 handshake+echo", "websocket", "0.6.18"),
        ("hixie-76 handshake+echo", "flashsocket", "0.6.18"),
        ("RFC 6455 client", "websocket", "0.6.18"),
        ("inline policy", "flashsocket", "0.6.18"),
        ("unknown transport", "none", "0.6.18"),
    ];
    let exchanges: Vec<Exchange> =
        expectations().into_iter().filter(|exchange| chosen.contains(&exchange.key())).collect();
    assert_eq!(exchanges.len(), chosen.len());
    let runs = exchanges.iter().enumerate().flat_map(|(index, exchange)| {
        let cuts = lengths_of_sends(exchange)
            .into_iter()
            .enumerate()
            .flat_map(|(message, length)| (1..length).map(move |at| Cut { message, at }));
        let run = move |cut| Run { exchange: index, manner: Manner { pace: Pace::Whole, cut: Some(cut), slowness: 1 } };
        cuts.map(run).collect::<Vec<_>>()
    });
    let runs = runs.collect();
    play_all(&exchanges, runs);
}

#[test]
fn the_table_has_every_recorded_exchange_once() {
    let recorded: Vec<Exchange> = load();
    let keys: BTreeSet<_> = recorded.iter().map(Exchange::key).collect();
    let rows: Vec<_> = TABLE
        .iter()
        .flat_map(|row| row.versions.iter().map(|version| (row.scenario, row.transport, *version)))
        .collect();
    assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), keys);
    assert_eq!(rows.len(), keys.len(), "an exchange stands in two rows");
    assert_eq!(recorded.len(), keys.len(), "an exchange was recorded twice");
}

#[test]
fn every_difference_changes_what_is_expected() {
    let differing = expectations().iter().zip(load()).filter(|(expected, recorded)| *expected != recorded).count();
    let rows = TABLE.iter().filter(|row| !row.differences.is_empty()).map(|row| row.versions.len());
    assert_eq!(differing, rows.sum::<usize>());
}

#[test]
fn the_documentation_has_the_same_table() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/frames-recordings.md");
    let document = fs::read_to_string(path).expect("docs/frames-recordings.md");
    let documented: Vec<&str> =
        document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| scenario")).collect();
    let exchanges = load();
    let lines: Vec<String> = exchanges.iter().map(line).collect();
    let missing: Vec<&String> = lines.iter().filter(|line| !documented.contains(&line.as_str())).collect();
    let surplus: Vec<&&str> = documented.iter().filter(|line| !lines.iter().any(|known| known == *line)).collect();
    assert!(
        missing.is_empty() && surplus.is_empty(),
        "docs/frames-recordings.md lacks:\n{}\nand has what the table has not:\n{}",
        join(&missing),
        join(&surplus)
    );
    assert_eq!(documented.len(), lines.len());
}

fn join<T: std::fmt::Display>(lines: &[T]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The line of an exchange in the documentation.
fn line(exchange: &Exchange) -> String {
    let (scenario, transport, version) = exchange.key();
    let row = row_of(exchange.key()).expect("a row of the table");
    let reasons: Vec<&str> = row.differences.iter().map(|difference| difference.reason).collect();
    let verdict = if reasons.is_empty() { "same".to_owned() } else { format!("differs: {}", reasons.join("; ")) };
    format!("| {scenario} | {transport} | {version} | {verdict} |")
}

fn expectations() -> Vec<Exchange> {
    let expect = |recorded: &Exchange| expectation(recorded, row_of(recorded.key()).expect("a row of the table"));
    load().iter().map(expect).collect()
}

fn lengths_of_sends(exchange: &Exchange) -> Vec<usize> {
    let sends = exchange.steps.iter().filter_map(|step| match &step.what {
        What::Send { bytes, .. } => Some(bytes.len()),
        _ => None,
    });
    sends.collect()
}

/// Plays everything, several at a time, each on a thread of its own, and reports all that went wrong together.
fn play_all(exchanges: &[Exchange], runs: Vec<Run>) {
    let _stage = STAGE.lock().unwrap_or_else(PoisonError::into_inner);
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..PLAYERS {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
                while let Some(run) = runs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let played = runtime.block_on(play(&exchanges[run.exchange], run.manner));
                    if let Err(problem) = played {
                        let problem = format!("{problem}\n  ({:?})", run.manner);
                        problems.lock().expect("the problems").push(problem);
                    }
                }
            });
        }
    });
    let problems = problems.into_inner().expect("the problems");
    let shown = problems.iter().take(40).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(problems.is_empty(), "{} of {} went wrong:\n\n{shown}", problems.len(), runs.len());
}
