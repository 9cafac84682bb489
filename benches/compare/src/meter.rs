//! One measurement: a time to warm up, a window that counts, and what was seen in it.

use crate::process::{cpu_time, own_cpu_time};
use crate::{pairs::Yardstick, workload::Workload};
use hdrhistogram::Histogram;
use std::time::{Duration, Instant};

#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    server: Duration,
    own: Duration,
    received: u64,
}

pub struct Meter {
    pid: u32,
    yardstick: Yardstick,
    began: Instant,
    warmup: Duration,
    window: Duration,
    from: Option<Mark>,
    to: Option<Mark>,
    /// Messages that arrived, or whatever else is counted.
    pub received: u64,
    latency: Histogram<u64>,
    /// How late the generator itself was with what was due.
    late: Histogram<u64>,
}

/// What a window showed.
#[derive(Clone, Debug)]
pub struct Reading {
    pub per_second: f64,
    /// Microseconds of CPU a message, of the server and of the generator.
    pub server: f64,
    pub generator: f64,
    /// Microseconds of CPU a loopback write and read cost meanwhile.
    pub pair: Option<f64>,
    pub latency: Quantiles,
    pub late: Quantiles,
}

/// In microseconds: the median, 99 % and 99.9 %.
#[derive(Clone, Copy, Debug, Default, serde::Deserialize, serde::Serialize)]
pub struct Quantiles {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

impl From<&Histogram<u64>> for Quantiles {
    fn from(histogram: &Histogram<u64>) -> Self {
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|share| histogram.value_at_quantile(share) as f64 / 1000.0);
        Self { p50, p99, p999 }
    }
}

pub fn histogram() -> Result<Histogram<u64>, String> {
    // Up to a minute.
    Histogram::new_with_bounds(1, 60_000_000_000, 3).map_err(|error| error.to_string())
}

impl Meter {
    pub fn new(pid: u32, workload: &Workload) -> Result<Self, String> {
        let (warmup, window) = workload.span();
        Ok(Self {
            pid,
            yardstick: Yardstick::new()?,
            began: Instant::now(),
            warmup,
            window,
            from: None,
            to: None,
            received: 0,
            latency: histogram()?,
            late: histogram()?,
        })
    }

    /// The clients are in: time runs from now on.
    pub fn begin(&mut self) {
        self.began = Instant::now();
    }

    /// Whether the window is still open. To be called often.
    pub fn tick(&mut self) -> Result<bool, String> {
        if self.to.is_some() {
            return Ok(false);
        }
        let now = Instant::now();
        self.yardstick.measure_if_due(now)?;
        match self.from {
            None if now >= self.began + self.warmup => {
                self.from = Some(self.mark()?);
                self.yardstick.reset();
                self.latency.reset();
                self.late.reset();
            }
            Some(from) if now >= from.at + self.window => self.to = Some(self.mark()?),
            _ => {}
        }
        Ok(self.to.is_none())
    }

    fn mark(&self) -> Result<Mark, String> {
        let (server, own) = (cpu_time(self.pid)?, own_cpu_time()?);
        Ok(Mark { at: Instant::now(), server, own, received: self.received })
    }

    pub fn count(&mut self) {
        self.received += 1;
    }

    /// A message arrived so many nanoseconds after it was due.
    pub fn hear(&mut self, latency: u64) {
        self.received += 1;
        if self.to.is_none() {
            self.latency.saturating_record(latency);
        }
    }

    pub fn late(&mut self, nanoseconds: u64) {
        self.late.saturating_record(nanoseconds);
    }

    pub fn reading(&self) -> Result<Reading, String> {
        let (Some(from), Some(to)) = (self.from, self.to) else { return Err("the window never closed".to_owned()) };
        let count = (to.received - from.received) as f64;
        if count == 0.0 {
            return Err("nothing came back".to_owned());
        }
        Ok(Reading {
            per_second: count / (to.at - from.at).as_secs_f64(),
            server: (to.server - from.server).as_secs_f64() * 1e6 / count,
            generator: (to.own - from.own).as_secs_f64() * 1e6 / count,
            pair: self.yardstick.cost(),
            latency: (&self.latency).into(),
            late: (&self.late).into(),
        })
    }
}
