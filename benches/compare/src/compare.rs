//! Every workload, in rounds that go through the servers there and back, so that what the machine does meanwhile falls on
//! all of them alike.

use crate::meter::Quantiles;
use crate::servers::{Programs, SERVERS, Server};
use crate::work::{self, Findings, Target};
use crate::{process, workload::Workload};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

/// One run of one workload against one server, as it is kept.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Outcome {
    pub workload: String,
    pub server: String,
    pub round: usize,
    pub per_second: Option<f64>,
    /// Microseconds of the server's CPU a message, of the generator's, and of a write and a read on loopback.
    pub cpu: Option<f64>,
    pub generator: Option<f64>,
    pub pair: Option<f64>,
    pub latency: Option<Quantiles>,
    pub late: Option<Quantiles>,
    pub broadcasts: Option<Quantiles>,
    /// Bytes a connection, before and after its first message.
    pub idle: Option<(f64, f64)>,
    pub lost: u64,
    pub doubled: u64,
    pub misordered: u64,
    pub failure: Option<String>,
}

impl Outcome {
    fn of(workload: &Workload, server: &str, round: usize, found: Result<Findings, String>) -> Self {
        let outcome = Self { workload: workload.to_string(), server: server.to_owned(), round, ..Self::default() };
        let found = match found {
            Ok(found) => found,
            Err(error) => return Self { failure: Some(error), ..outcome },
        };
        let reading = found.reading.as_ref();
        Self {
            per_second: reading.map(|reading| reading.per_second),
            cpu: reading.map(|reading| reading.server),
            generator: reading.map(|reading| reading.generator),
            pair: reading.and_then(|reading| reading.pair),
            latency: reading.map(|reading| reading.latency),
            late: reading.map(|reading| reading.late),
            broadcasts: found.broadcasts,
            idle: found.idle,
            lost: found.faults.lost,
            doubled: found.faults.doubled,
            misordered: found.faults.misordered,
            ..outcome
        }
    }

    fn line(&self) -> String {
        let mut line = format!("{:13} {} #{}:", self.server, self.workload, self.round + 1);
        if let Some(failure) = &self.failure {
            return line + " FAILED: " + failure;
        }
        if let (Some(rate), Some(cpu), Some(generator)) = (self.per_second, self.cpu, self.generator) {
            line += &format!(" {rate:.0}/s, {cpu:.2} us, generator {generator:.2} us");
        }
        if let (Some(cpu), Some(pair)) = (self.cpu, self.pair) {
            line += &format!(", {:.3} pairs of {pair:.2} us", cpu / pair);
        }
        for (name, quantiles) in [("p", self.latency), ("late p", self.late), ("broadcast p", self.broadcasts)] {
            if let Some(Quantiles { p50, p99, p999 }) = quantiles.filter(|quantiles| quantiles.p999 > 0.0) {
                line += &format!(", {name}50/99/99.9 {p50:.0}/{p99:.0}/{p999:.0} us");
            }
        }
        if let Some((fresh, used)) = self.idle {
            line += &format!(" {fresh:.0} bytes idle, {used:.0} after a message");
        }
        line + &format!(", lost {} doubled {} misordered {}", self.lost, self.doubled, self.misordered)
    }
}

#[derive(Debug, clap::Args)]
pub struct Comparison {
    /// What to measure, as `echo,conns=64,depth=8`; more than once.
    #[arg(short, long = "workload", required = true)]
    workloads: Vec<Workload>,
    /// Of which servers, separated by commas; all if not said.
    #[arg(short, long, value_delimiter = ',')]
    servers: Vec<String>,
    #[arg(short, long, default_value_t = 5, overrides_with = "rounds")]
    rounds: usize,
    /// Overrides the seconds of every workload.
    #[arg(long, overrides_with = "seconds")]
    seconds: Option<f64>,
    /// Leaves it to the system where generator and servers run.
    #[arg(long)]
    no_pinning: bool,
    /// Keeps every run, a line of JSON each; the file is added to.
    #[arg(long)]
    keep: Option<PathBuf>,
    #[command(flatten)]
    programs: Programs,
}

impl Comparison {
    pub fn run(mut self) -> Result<Vec<Outcome>, String> {
        let descriptors = process::raise_descriptors()?;
        for workload in &mut self.workloads {
            workload.secs = self.seconds.unwrap_or(workload.secs);
            if workload.conns as u64 + 200 > descriptors {
                return Err(format!("{workload}: only {descriptors} descriptors are allowed (ulimit -Hn)"));
            }
        }
        let servers = self.chosen()?;
        let mut file = self.keep.as_deref().map(open).transpose()?;
        let mut outcomes = Vec::new();
        for workload in &self.workloads {
            for round in 0..self.rounds {
                let mut order: Vec<&Server> = servers.iter().filter(|server| server.can(workload)).collect();
                if round % 2 == 1 {
                    order.reverse();
                }
                for server in order {
                    let outcome = Outcome::of(workload, server.name, round, self.one(workload, server));
                    eprintln!("{}", outcome.line());
                    if let Some(file) = &mut file {
                        let line = serde_json::to_string(&outcome).map_err(|error| error.to_string())?;
                        writeln!(file, "{line}").map_err(|error| error.to_string())?;
                    }
                    outcomes.push(outcome);
                }
            }
        }
        Ok(outcomes)
    }

    fn chosen(&self) -> Result<Vec<Server>, String> {
        for name in &self.servers {
            if !SERVERS.iter().any(|server| server.name == name) {
                let names: Vec<&str> = SERVERS.iter().map(|server| server.name).collect();
                return Err(format!("no server {name:?}; there are {}", names.join(", ")));
            }
        }
        let mut servers: Vec<Server> = SERVERS.to_vec();
        servers.retain(|server| self.servers.is_empty() || self.servers.iter().any(|name| name == server.name));
        servers.retain(|server| match server.missing(&self.programs) {
            Some(path) => {
                eprintln!("{} is left out: there is no {}", server.name, path.display());
                false
            }
            None => true,
        });
        Ok(servers)
    }

    /// A server of its own for each run. One thread of it has a processor to itself, and so has the generator.
    fn one(&self, workload: &Workload, server: &Server) -> Result<Findings, String> {
        let all = process::processors();
        let pinned = !self.no_pinning && workload.threads == 0 && all.len() > 1;
        let (generator, rest) = if pinned { all.split_at(1) } else { (&[][..], &all[..]) };
        let running =
            server.start(&self.programs, workload.threads, pinned.then_some(rest.get(..1).unwrap_or(rest)))?;
        if pinned {
            process::run_on(generator)?;
        }
        let found = work::run(workload, running.target());
        process::run_on(&all)?;
        found
    }
}

fn open(path: &Path) -> Result<File, String> {
    let file = OpenOptions::new().append(true).create(true).open(path);
    file.map_err(|error| format!("{}: {error}", path.display()))
}

/// A server that runs already.
pub fn one(workload: &Workload, target: Target) -> String {
    let found = process::raise_descriptors().and_then(|_| work::run(workload, target));
    Outcome::of(workload, "it", 0, found).line()
}

/// What was kept in files before.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Outcome>, String> {
    let mut outcomes = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        for line in text.lines() {
            outcomes.push(serde_json::from_str(line).map_err(|error| format!("{}: {error}", path.display()))?);
        }
    }
    Ok(outcomes)
}
