//! Counts the server's instructions for each message, and compares the counts with what is recorded.
//! `tests/instructions/run` says how it is called.

mod clients;
mod count;
mod record;
mod scene;
mod workloads;

use count::count_all;
use record::{Record, Verdict};
use scene::Outcome;
use std::{env, process::ExitCode};
use workloads::{WORKLOADS, Workload};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        [] => compare(""),
        ["--record"] => record(""),
        ["--record", part] => record(part),
        ["--profile", name] => find(name).and_then(count::profile),
        [count::PERFORM, name] => find(name).and_then(perform),
        [part] if !part.starts_with('-') => compare(part),
        _ => Err("it is called with nothing, --record, --profile and a name, or a part of a name".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Those with this in their names.
fn chosen(part: &str) -> Outcome<Vec<&'static Workload>> {
    let chosen: Vec<_> = WORKLOADS.iter().filter(|workload| workload.name.contains(part)).collect();
    if chosen.is_empty() { Err(format!("nothing that is counted has {part:?} in its name").into()) } else { Ok(chosen) }
}

fn find(name: &str) -> Outcome<&'static Workload> {
    let found = WORKLOADS.iter().find(|workload| workload.name == name);
    found.ok_or_else(|| format!("nothing that is counted is named {name:?}").into())
}

/// What is done under valgrind: it answers how many messages were delivered while it counted.
fn perform(workload: &Workload) -> Outcome<()> {
    let scene = scene::Scene::new()?;
    let mut round = (workload.prepare)(&scene)?;
    for _ in 0..workload.rounds / 4 {
        round()?;
    }
    scene.count();
    let mut delivered = 0;
    for _ in 0..workload.rounds {
        delivered += round()?;
    }
    println!("{delivered}");
    Ok(())
}

fn record(part: &str) -> Outcome<()> {
    let chosen = chosen(part)?;
    let old = Record::read()?;
    let circumstances = record::circumstances()?;
    if chosen.len() < WORKLOADS.len() && old.circumstances != circumstances {
        return Err(format!("what is recorded was counted with {}: record everything", old.circumstances).into());
    }
    let mut counts = Vec::new();
    count_all(&chosen, |workload, count| {
        let recorded = old.counts.get(workload.name).copied();
        println!("{}", record::line(workload.name, recorded, count, Verdict::Same));
        counts.push((workload.name, count));
        Ok(())
    })?;
    old.renew(circumstances, &counts).write()
}

fn compare(part: &str) -> Outcome<()> {
    let chosen = chosen(part)?;
    let record = Record::read()?;
    let comparison = record.comparison(&record::circumstances()?);
    println!("{comparison}");
    let (mut slower, mut faster) = (Vec::new(), false);
    count_all(&chosen, |workload, mut count| {
        let (name, recorded) = (workload.name, record.counts.get(workload.name).copied());
        let mut verdict = comparison.judge(recorded, count);
        if verdict == Verdict::Slower {
            // Once more, in case the machine was so busy that something took another way.
            count = count.min(count::count(workload)?);
            verdict = comparison.judge(recorded, count);
        }
        println!("{}", record::line(name, recorded, count, verdict));
        faster |= verdict == Verdict::Faster;
        if matches!(verdict, Verdict::Slower | Verdict::Unknown) {
            slower.push(name);
        }
        Ok(())
    })?;
    if !slower.is_empty() {
        return Err(format!(
            "these cost more instructions than is recorded, or nothing is recorded of them: {}. \
             `tests/instructions/run --profile NAME` shows where they go; if it has to be so, \
             `tests/instructions/run --record` records what is counted now",
            slower.join(", ")
        )
        .into());
    }
    if faster {
        println!("It got faster: `tests/instructions/run --record` records it, so that it stays so.");
    }
    Ok(())
}
