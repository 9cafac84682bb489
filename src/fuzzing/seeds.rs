//! Every seed through its target, as it is and changed a little: what fuzzing has found stays found.

use std::{fs, panic, path::Path};

type Target = fn(&[u8]);

const TARGETS: &[(&str, Target)] = &[
    ("arguments", super::arguments),
    ("engine", super::engine),
    ("frames", super::frames),
    ("opening", super::opening),
    ("origin", super::origin),
    ("packets", super::packets),
    ("route", super::route),
    ("scripts", super::scripts),
    ("server", super::server),
    ("session", super::session),
    ("socket_io", super::socket_io),
    ("websocket", super::websocket),
];

/// The bytes that mean something to one decoder or another.
const TELLING: &[u8] = b"\0\x01\x7f\x80\xff\n\r /\\\":;,+-~&=%[]{}<0149mb\xef\xbf\xbd\xe2\x80\xa8\xf0\x9f\x98\x80";

fn seeds_of(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    // A packaged crate comes without them.
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut seeds: Vec<_> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            (path.file_name().unwrap().to_string_lossy().into_owned(), fs::read(&path).unwrap())
        })
        .collect();
    seeds.sort();
    seeds
}

fn run(target: &str, seed: &str, bytes: &[u8]) {
    let run = TARGETS.iter().find(|(name, _)| *name == target).unwrap().1;
    if let Err(payload) = panic::catch_unwind(|| run(bytes)) {
        eprintln!("target {target}, from the seed {seed}: {:?}", bytes.escape_ascii().to_string());
        panic::resume_unwind(payload);
    }
}

#[test]
fn every_target_has_seeds_and_passes_them() {
    if !Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").exists() {
        return;
    }
    for (target, _) in TARGETS {
        let seeds = seeds_of(target);
        assert!(!seeds.is_empty(), "{target}");
        for (seed, bytes) in &seeds {
            run(target, seed, bytes);
        }
    }
}

#[test]
fn every_target_passes_seeds_that_are_changed_a_little() {
    // A debug build takes its time.
    const CHANGES: usize = 150;
    const CHANGES_OF_A_SERVER: usize = 30;
    for (target, _) in TARGETS {
        let seeds = seeds_of(target);
        let mut chance = Chance(0x2545_f491_4f6c_dd1d);
        let changes = if *target == "server" { CHANGES_OF_A_SERVER } else { CHANGES };
        for round in 0..changes {
            let Some((seed, bytes)) = seeds.get(round % seeds.len().max(1)) else { break };
            let other = &seeds[chance.below(seeds.len())].1;
            run(target, seed, &changed(bytes, other, &mut chance));
        }
    }
}

#[test]
fn the_seeds_of_the_server_speak_with_it() {
    let seeds = seeds_of("server");
    for (seed, bytes) in &seeds {
        let Some(stats) = super::server::serve(bytes) else { panic!("{seed} cannot run") };
        let is_empty = stats.opened_sessions == 0 || stats.sent_messages + stats.received_messages == 0;
        // These two are about requests that are none, or are not ours.
        assert!(!is_empty || ["half", "pipelined"].contains(&seed.as_str()), "{seed}: {stats}");
        assert!(stats.upgrades > 0 || seed != "engine-upgrade", "{stats}");
    }
}

#[test]
fn every_directory_of_seeds_has_a_target() {
    let Ok(entries) = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")) else { return };
    for entry in entries {
        let name = entry.unwrap().file_name();
        assert!(TARGETS.iter().any(|(target, _)| name == *target), "{name:?}");
    }
}

/// Numbers that look random and are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 16).unwrap() % bound.max(1)
    }

    fn byte(&mut self) -> u8 {
        if self.below(2) == 0 { TELLING[self.below(TELLING.len())] } else { u8::try_from(self.below(256)).unwrap() }
    }
}

/// One to four changes: bytes replaced, put in, cut out, repeated, or taken from another seed.
fn changed(seed: &[u8], other: &[u8], chance: &mut Chance) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=chance.below(4) {
        let at = chance.below(bytes.len() + 1);
        let end = (at + chance.below(8)).min(bytes.len());
        match chance.below(6) {
            0 if at < bytes.len() => bytes[at] = chance.byte(),
            1 => bytes.insert(at, chance.byte()),
            2 => drop(bytes.drain(at..end)),
            3 => {
                let piece = bytes[at..end].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            4 => bytes.truncate(at),
            _ => {
                let from = chance.below(other.len() + 1);
                let piece = other[from..(from + chance.below(16)).min(other.len())].to_vec();
                drop(bytes.splice(at..end, piece));
            }
        }
    }
    bytes
}
