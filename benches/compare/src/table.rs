//! The tables of docs/performance.md.

use crate::compare::Outcome;
use crate::meter::Quantiles;
use crate::servers::{FLOOR, SERVERS};
use crate::workload::{Kind, Workload};
use std::fmt::Write;

/// A table for each workload, medians of its rounds.
pub fn render(outcomes: &[Outcome]) -> Result<String, String> {
    let mut workloads: Vec<&str> = Vec::new();
    for outcome in outcomes {
        if !workloads.contains(&outcome.workload.as_str()) {
            workloads.push(&outcome.workload);
        }
    }
    let mut text = String::new();
    for name in workloads {
        let workload: Workload = name.parse()?;
        let of_it: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.workload == name).collect();
        let columns = columns(&workload);
        let heads: Vec<&str> = columns.iter().map(|(head, _)| *head).collect();
        let _ = writeln!(text, "**{}** (`{name}`)\n", workload.title());
        let _ = writeln!(text, "| server | {} | lost / doubled / misordered |", heads.join(" | "));
        let _ = writeln!(text, "| --- |{} --- |", " ---: |".repeat(columns.len()));
        for server in &SERVERS {
            let runs: Vec<&Outcome> = of_it.iter().copied().filter(|outcome| outcome.server == server.name).collect();
            if runs.is_empty() {
                continue;
            }
            let title = if workload.mixed { "Heirloom, all generations" } else { server.title };
            let cells: Vec<String> = columns.iter().map(|(_, cell)| cell(&runs, &of_it)).collect();
            let _ = writeln!(text, "| {} | {} | {} |", title, cells.join(" | "), faults(&runs));
        }
        text.push('\n');
    }
    Ok(text)
}

type Cell = fn(&[&Outcome], &[&Outcome]) -> String;

fn columns(workload: &Workload) -> Vec<(&'static str, Cell)> {
    let rate: (_, Cell) = ("messages/s", |runs, _| number(runs, 0, |run| run.per_second));
    let cpu: (_, Cell) = ("CPU µs", |runs, _| number(runs, 2, |run| run.cpu));
    let pairs: (_, Cell) = ("pairs", |runs, _| number(runs, 2, in_pairs));
    let ratio: (_, Cell) = ("to the floor", |runs, all| to_floor(runs, all, in_pairs));
    let by_time: (_, Cell) = ("the same by CPU µs", |runs, all| to_floor(runs, all, |run| run.cpu));
    let spread: (_, Cell) = ("± %", |runs, _| spread(runs));
    let fresh: (_, Cell) = ("bytes, connected", |runs, _| number(runs, 0, |run| Some(run.idle?.0)));
    let used: (_, Cell) = ("bytes, after a message", |runs, _| number(runs, 0, |run| Some(run.idle?.1)));
    let latency: [(_, Cell); 3] = [
        ("p50 µs", |runs, _| quantile(runs, |run| Some(run.latency?.p50))),
        ("p99 µs", |runs, _| quantile(runs, |run| Some(run.latency?.p99))),
        ("p99.9 µs", |runs, _| quantile(runs, |run| Some(run.latency?.p999))),
    ];
    let late: (_, Cell) = ("generator late, p99 µs", |runs, _| quantile(runs, |run| Some(run.late?.p99)));
    let whole: (_, Cell) = ("broadcast to the last, ms", |runs, _| number(runs, 0, last_of_broadcast));
    match workload.kind {
        Kind::Idle => vec![fresh, used],
        Kind::Paced => [vec![cpu, by_time], latency.to_vec(), vec![late]].concat(),
        Kind::Stall => [latency.to_vec(), vec![whole, late]].concat(),
        Kind::Connect => vec![("sessions/s", rate.1), cpu, pairs, ratio, by_time, spread],
        Kind::FanOut | Kind::Rooms => vec![("deliveries/s", rate.1), cpu, pairs, ratio, by_time, spread],
        Kind::Echo => vec![rate, cpu, pairs, ratio, by_time, spread],
    }
}

fn last_of_broadcast(run: &Outcome) -> Option<f64> {
    let Quantiles { p50, .. } = run.broadcasts?;
    Some(p50 / 1000.0)
}

fn in_pairs(run: &Outcome) -> Option<f64> {
    Some(run.cpu? / run.pair?)
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values.get(values.len().checked_sub(1)? / 2)?, values.get(values.len() / 2)?);
    Some((low + high) / 2.0)
}

fn number(runs: &[&Outcome], digits: usize, of: impl Fn(&Outcome) -> Option<f64>) -> String {
    let median = median(runs.iter().filter_map(|run| of(run)).collect());
    median.map_or("–".to_owned(), |value| grouped(value, digits))
}

fn quantile(runs: &[&Outcome], of: impl Fn(&Outcome) -> Option<f64>) -> String {
    number(runs, 0, of)
}

/// Thousands are set apart.
fn grouped(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// Of each round the ratio to the floor in the same round; of these the median.
fn to_floor(runs: &[&Outcome], all: &[&Outcome], of: fn(&Outcome) -> Option<f64>) -> String {
    let ratios = runs.iter().filter_map(|run| {
        let floor = all.iter().find(|other| other.server == FLOOR && other.round == run.round)?;
        Some(of(run)? / of(floor)?)
    });
    median(ratios.collect()).map_or("–".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// How far rounds are from their median, at the median.
fn spread(runs: &[&Outcome]) -> String {
    let values: Vec<f64> = runs.iter().filter_map(|run| in_pairs(run)).collect();
    let Some(middle) = median(values.clone()) else { return "–".to_owned() };
    let away = median(values.iter().map(|value| (value - middle).abs()).collect());
    away.map_or("–".to_owned(), |away| format!("{:.1}", 100.0 * away / middle))
}

fn faults(runs: &[&Outcome]) -> String {
    let sum = |of: fn(&Outcome) -> u64| runs.iter().map(|run| of(run)).sum::<u64>() as f64;
    let counted = [sum(|run| run.lost), sum(|run| run.doubled), sum(|run| run.misordered)];
    let text = counted.map(|count| grouped(count, 0)).join(" / ");
    let failed: Vec<&str> = runs.iter().filter_map(|run| run.failure.as_deref()).collect();
    match failed.first() {
        Some(failure) => format!("{text}; {} of {} runs failed: {failure}", failed.len(), runs.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(server: &str, round: usize, cpu: f64) -> Outcome {
        let (workload, server) = ("echo".to_owned(), server.to_owned());
        Outcome { workload, server, round, cpu: Some(cpu), pair: Some(2.0), ..Outcome::default() }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let outcomes = [
            run(FLOOR, 0, 4.0),
            run("heirloom-4", 0, 8.0),
            run(FLOOR, 1, 8.0),
            run("heirloom-4", 1, 16.0),
            run(FLOOR, 2, 1.0),
            run("heirloom-4", 2, 1.0),
        ];
        let text = render(&outcomes).unwrap();
        assert!(text.contains("| Heirloom, 4.x | – | 8.00 | 4.00 | 2.00 | 2.00 | 87.5 | 0 / 0 / 0 |"), "{text}");
    }

    #[test]
    fn a_failure_is_printed() {
        let mut outcome = run(FLOOR, 0, 4.0);
        outcome.failure = Some("gone".to_owned());
        assert!(render(&[outcome]).unwrap().contains("1 of 1 runs failed: gone"));
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!([grouped(1_234_567.0, 0), grouped(999.0, 0), grouped(1234.5, 2)], ["1,234,567", "999", "1,234.50"]);
    }
}
