//! Every exchange recorded from the original servers, played against Heirloom on a real socket.
//!
//! `tests/recordings/README.md` says where the recordings come from, `docs/frames-recordings.md`,
//! `docs/packets-recordings.md` and `docs/engine-recordings.md` list each of them and how Heirloom differs.

#[path = "replay/compare.rs"]
mod compare;
#[path = "replay/connection.rs"]
mod connection;
#[path = "replay/differences.rs"]
mod differences;
#[path = "replay/edit.rs"]
mod edit;
#[path = "replay/engine/mod.rs"]
mod engine;
#[path = "replay/frames/mod.rs"]
mod frames;
#[path = "replay/generation.rs"]
mod generation;
#[path = "replay/journal.rs"]
mod journal;
#[path = "replay/packets/mod.rs"]
mod packets;
#[path = "replay/player.rs"]
mod player;
#[path = "replay/recording.rs"]
mod recording;
#[path = "replay/sids.rs"]
mod sids;
#[path = "replay/wire.rs"]
mod wire;

use std::{
    collections::BTreeSet,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use connection::Pace;
use differences::expectation;
use engine::ENGINE;
use frames::FRAMES;
use generation::Generation;
use packets::PACKETS;
use player::{Cut, Manner, play};
use recording::{Exchange, What, load};

const GENERATIONS: [&Generation; 3] = [&FRAMES, &PACKETS, &ENGINE];

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
fn every_exchange_of_frames_goes_as_recorded_or_better() {
    play_each(&FRAMES, Manner { pace: Pace::Whole, cut: None, slowness: 4 });
}

#[test]
fn every_exchange_of_packets_goes_as_recorded_or_better() {
    play_each(&PACKETS, Manner { pace: Pace::Whole, cut: None, slowness: 3 });
}

#[test]
fn every_exchange_of_engine_goes_as_recorded_or_better() {
    play_each(&ENGINE, Manner { pace: Pace::Whole, cut: None, slowness: 3 });
}

#[test]
fn every_exchange_of_frames_survives_each_byte_in_its_own_segment() {
    play_each(&FRAMES, Manner { pace: Pace::Bytewise, cut: None, slowness: 6 });
}

#[test]
fn every_exchange_of_packets_survives_each_byte_in_its_own_segment() {
    play_each(&PACKETS, Manner { pace: Pace::Bytewise, cut: None, slowness: 5 });
}

#[test]
fn every_exchange_of_engine_survives_each_byte_in_its_own_segment() {
    play_each(&ENGINE, Manner { pace: Pace::Bytewise, cut: None, slowness: 3 });
}

#[test]
fn one_exchange_of_each_transport_of_frames_survives_a_cut_at_every_position() {
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
    cut_everywhere(&FRAMES, &chosen, 1);
}

#[test]
fn one_exchange_of_each_transport_of_packets_survives_a_cut_at_every_position() {
    let chosen = [
        ("jsonp-basics", "jsonp-polling", "0.8.7"),
        ("htmlfile-basics", "htmlfile", "0.8.7"),
        ("xhr-disconnect-query", "xhr-polling", "0.9.19"),
        ("ws-fragmented", "websocket", "0.9.19"),
        ("ws-hixie75", "websocket", "0.9.19"),
        ("ws-hixie76", "websocket", "0.9.19"),
    ];
    cut_everywhere(&PACKETS, &chosen, 8);
}

#[test]
fn one_exchange_of_each_transport_of_engine_survives_a_cut_at_every_position() {
    let chosen = [
        ("join a namespace, EIO=4", "polling", "4.8.4"),
        ("binary events, binary payloads, EIO=3", "polling", "4.8.4"),
        ("open, EIO=3", "jsonp", "4.8.4"),
        ("binary events and acknowledgements, EIO=4", "websocket", "4.8.4"),
        ("binary events and acknowledgements, EIO=3", "websocket", "4.8.4"),
        ("upgrade, probe and upgrade at once, EIO=4", "upgrade", "4.8.4"),
        ("a message in fragments, EIO=4", "frames", "4.8.4"),
        ("a chunked body, EIO=4", "routing", "4.8.4"),
    ];
    cut_everywhere(&ENGINE, &chosen, 3);
}

#[test]
fn the_table_has_every_recorded_exchange_once() {
    for generation in GENERATIONS {
        let recorded: Vec<Exchange> = load(generation);
        let keys: BTreeSet<_> = recorded.iter().map(Exchange::key).collect();
        let rows: Vec<_> = generation
            .table
            .iter()
            .flat_map(|row| row.versions.iter().map(|version| (row.scenario, row.transport, *version)))
            .collect();
        assert_eq!(rows.iter().copied().collect::<BTreeSet<_>>(), keys);
        assert_eq!(rows.len(), keys.len(), "an exchange of {generation:?} stands in two rows");
        assert_eq!(recorded.len(), keys.len(), "an exchange of {generation:?} was recorded twice");
    }
}

#[test]
fn every_difference_changes_what_is_expected() {
    for generation in GENERATIONS {
        let pairs = expectations(generation, 1).into_iter().zip(prepared(generation, 1));
        let differing = pairs.filter(|(expected, recorded)| expected != recorded).count();
        let rows = generation.table.iter().filter(|row| !row.differences.is_empty()).map(|row| row.versions.len());
        assert_eq!(differing, rows.sum::<usize>());
    }
}

#[test]
fn the_documentation_has_the_same_table() {
    for generation in GENERATIONS {
        let document = generation.document();
        let documented: Vec<&str> =
            document.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| scenario")).collect();
        let lines: Vec<String> = load(generation).iter().map(line).collect();
        let missing: Vec<&String> = lines.iter().filter(|line| !documented.contains(&line.as_str())).collect();
        let surplus: Vec<&&str> = documented.iter().filter(|line| !lines.iter().any(|known| known == *line)).collect();
        assert!(
            missing.is_empty() && surplus.is_empty(),
            "docs/{generation:?}-recordings.md lacks:\n{}\nand has what the table has not:\n{}",
            join(&missing),
            join(&surplus)
        );
        assert_eq!(documented.len(), lines.len());
    }
}

fn join<T: std::fmt::Display>(lines: &[T]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// The line of an exchange in the documentation.
fn line(exchange: &Exchange) -> String {
    let (scenario, transport, version) = exchange.key();
    let row = exchange.generation.row_of(exchange.key()).expect("a row of the table");
    let reasons: Vec<&str> = row.differences.iter().map(|difference| difference.reason).collect();
    let verdict = if reasons.is_empty() { "same".to_owned() } else { format!("differs: {}", reasons.join("; ")) };
    format!("| {scenario} | {transport} | {version} | {verdict} |")
}

/// What was recorded, in our words.
fn prepared(generation: &'static Generation, slowness: u32) -> Vec<Exchange> {
    let mut exchanges = load(generation);
    exchanges.iter_mut().for_each(|exchange| (generation.prepare)(exchange, slowness));
    exchanges
}

/// What is expected of Heirloom.
fn expectations(generation: &'static Generation, slowness: u32) -> Vec<Exchange> {
    let row = |exchange: &Exchange| generation.row_of(exchange.key()).expect("a row of the table");
    prepared(generation, slowness).iter().map(|exchange| expectation(exchange, row(exchange))).collect()
}

fn play_each(generation: &'static Generation, manner: Manner) {
    let exchanges = expectations(generation, manner.slowness);
    let runs = (0..exchanges.len()).map(|exchange| Run { exchange, manner });
    play_all(&exchanges, runs.collect());
}

fn cut_everywhere(generation: &'static Generation, chosen: &[(&str, &str, &str)], slowness: u32) {
    let exchanges: Vec<Exchange> =
        expectations(generation, slowness).into_iter().filter(|exchange| chosen.contains(&exchange.key())).collect();
    assert_eq!(exchanges.len(), chosen.len());
    let runs = exchanges.iter().enumerate().flat_map(|(index, exchange)| {
        let cuts = lengths_of_sends(exchange)
            .into_iter()
            .enumerate()
            .flat_map(|(message, length)| (1..length).map(move |at| Cut { message, at }));
        let run = move |cut| Run { exchange: index, manner: Manner { pace: Pace::Whole, cut: Some(cut), slowness } };
        cuts.map(run).collect::<Vec<_>>()
    });
    let runs = runs.collect();
    play_all(&exchanges, runs);
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
