//! What a scenario saw, and whether the promises were kept.

use super::{process::Process, settings::Settings};
use serde::Deserialize;
use serde_json::Value;
use std::{
    error::Error,
    net::SocketAddr,
    time::{Duration, Instant},
};

/// A server, and what is said of it.
#[derive(Debug)]
pub(crate) struct Report {
    server: Process,
    pub(crate) address: SocketAddr,
    began: Instant,
    is_headed: bool,
    broken: usize,
}

/// What a server says of itself.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Figures {
    pub(crate) sessions: u64,
    pub(crate) heap: u64,
    pub(crate) peak: u64,
    pub(crate) resident: u64,
    pub(crate) descriptors: u64,
    pub(crate) queued: u64,
    pub(crate) dropped: u64,
    pub(crate) closed: u64,
    pub(crate) unsupported: u64,
    pub(crate) unanswered: u64,
    pub(crate) stats: Value,
}

impl Figures {
    pub(crate) fn count(&self, name: &str) -> u64 {
        self.stats[name].as_u64().unwrap_or_default()
    }

    /// The counters that are not zero.
    pub(crate) fn counted(&self) -> String {
        let counted = self.stats.as_object().into_iter().flatten().filter(|(_, value)| value.as_u64() != Some(0));
        counted.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
    }
}

/// How long answers took, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Latency {
    pub(crate) half: f64,
    pub(crate) most: f64,
    pub(crate) worst: f64,
}

impl Latency {
    pub(crate) fn of(mut samples: Vec<Duration>) -> Self {
        samples.sort_unstable();
        let at = |share: f64| {
            let place = ((samples.len() as f64 - 1.0) * share).round().max(0.0) as usize;
            samples.get(place).map_or(0.0, |sample| sample.as_secs_f64() * 1000.0)
        };
        Self { half: at(0.5), most: at(0.99), worst: at(1.0) }
    }
}

pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

impl Report {
    pub(crate) async fn begin(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let mut server = Process::spawn("server", settings)?;
        let address = server.answer().await?["address"].as_str().ok_or("no address")?.parse()?;
        Ok(Self { server, address, began: Instant::now(), is_headed: false, broken: 0 })
    }

    pub(crate) async fn ask(&mut self, command: &str) -> Result<Value, Box<dyn Error>> {
        self.server.ask(command).await
    }

    pub(crate) async fn figures(&mut self) -> Result<Figures, Box<dyn Error>> {
        Ok(serde_json::from_value(self.ask("figures").await?)?)
    }

    /// Prints how things stand.
    pub(crate) async fn row(&mut self, phase: &str, latency: Option<Latency>) -> Result<Figures, Box<dyn Error>> {
        let figures = self.figures().await?;
        if !self.is_headed {
            self.is_headed = true;
            let columns = "time      sessions  descriptors  heap MiB  peak MiB   RSS MiB    p50 ms    p99 ms    max ms";
            println!("{:<32}{columns}", "");
        }
        let time = self.began.elapsed().as_secs_f64();
        let Figures { sessions, descriptors, .. } = figures;
        let [heap, peak, resident] = [figures.heap, figures.peak, figures.resident].map(mebibytes);
        print!("{phase:<28}{time:>6.1} s{sessions:>14}{descriptors:>13}{heap:>10.2}{peak:>10.2}{resident:>10.1}");
        match latency {
            Some(Latency { half, most, worst, .. }) => println!("{half:>10.2}{most:>10.2}{worst:>10.2}"),
            None => println!(),
        }
        Ok(figures)
    }

    /// Waits until the server remembers nobody and has no more descriptors than it had; answers how long that took,
    /// or nothing when it took too long.
    pub(crate) async fn until_empty(
        &mut self,
        before: &Figures,
        patience: Duration,
    ) -> Result<Option<Duration>, Box<dyn Error>> {
        self.until(patience, |now| now.sessions == before.sessions && now.descriptors <= before.descriptors).await
    }

    /// The same for whatever can be seen in the figures.
    pub(crate) async fn until(
        &mut self,
        patience: Duration,
        wanted: impl Fn(&Figures) -> bool,
    ) -> Result<Option<Duration>, Box<dyn Error>> {
        let began = Instant::now();
        while began.elapsed() < patience {
            if wanted(&self.figures().await?) {
                return Ok(Some(began.elapsed()));
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(None)
    }

    pub(crate) fn promise(&mut self, is_kept: bool, what: impl AsRef<str>) {
        println!("{} {}", if is_kept { "kept:  " } else { "BROKEN:" }, what.as_ref());
        self.broken += usize::from(!is_kept);
    }

    /// Whether every promise was kept.
    pub(crate) fn end(self) -> bool {
        self.broken == 0
    }
}
