//! Handshakes that nobody follows up, of many addresses, or of one that does nothing else.

use super::{
    crowd::{Crowd, Leader},
    honest::Honest,
    http::patiently,
    kinds::{Kind, Wire},
    peer::Peer,
    report::Report,
    settings::Settings,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::BTreeMap,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Handshakes never followed up that one address may make, by the library's defaults: at once, and then each second.
const BURST: f64 = 100.0;
const PER_SECOND: f64 = 20.0;

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Options {
    handshakes: usize,
    /// How many addresses they come from.
    addresses: usize,
    at_once: usize,
    honest: usize,
    /// The option `first_transport_timeout`, in seconds.
    first_transport_timeout: f64,
    /// What 99 of 100 answers to the honest may take, in milliseconds.
    latency: f64,
}

impl Default for Options {
    fn default() -> Self {
        let (handshakes, addresses, at_once, honest) = (10_000, 125, 200, 29);
        Self { handshakes, addresses, at_once, honest, first_transport_timeout: 10.0, latency: 1000.0 }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct FloodOptions {
    seconds: f64,
    /// Connections of the one address that make handshakes.
    at_once: usize,
    honest: usize,
    first_transport_timeout: f64,
    /// What 99 of 100 answers to the honest may take, in milliseconds.
    latency: f64,
}

impl Default for FloodOptions {
    fn default() -> Self {
        Self { seconds: 8.0, at_once: 500, honest: 29, first_transport_timeout: 5.0, latency: 1000.0 }
    }
}

/// What became of them.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
struct Outcome {
    opened: usize,
    failed: BTreeMap<String, usize>,
    seconds: f64,
}

pub(crate) async fn run(options: Options) -> Result<bool, Box<dyn Error>> {
    let crowd = |server| Crowd {
        addresses: options.addresses,
        at_once: options.at_once,
        ..Crowd::of(server, options.handshakes)
    };
    let expected = |_: f64| options.handshakes as f64;
    let times = (options.first_transport_timeout, options.latency);
    play(crowd, options.honest, times, expected).await
}

pub(crate) async fn flood(options: FloodOptions) -> Result<bool, Box<dyn Error>> {
    let crowd = |server| Crowd {
        addresses: 1,
        at_once: options.at_once,
        seconds: options.seconds,
        ..Crowd::of(server, usize::MAX)
    };
    let expected = |seconds: f64| BURST + PER_SECOND * (seconds + 1.0);
    let times = (options.first_transport_timeout, options.latency);
    play(crowd, options.honest, times, expected).await
}

async fn play(
    crowd: impl Fn(std::net::SocketAddr) -> Crowd,
    honest: usize,
    (first_transport_timeout, allowed): (f64, f64),
    expected: impl Fn(f64) -> f64,
) -> Result<bool, Box<dyn Error>> {
    let settings = Settings {
        handshakes_are_limited: true,
        first_transport_timeout: Some(first_transport_timeout),
        ..Settings::default()
    };
    let mut report = Report::begin(&settings).await?;
    let honest = Honest::start(report.address, honest, Duration::from_millis(50), 1).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let before = report.row("before", Some(honest.latency())).await?;
    let crowd = crowd(report.address);
    let is_flood = crowd.addresses == 1;
    let step = Duration::from_secs_f64((crowd.seconds / 8.0).max(1.0));
    let (mut crowd, _) = crowd.gather("handshake").await?;
    let mut said = tokio::spawn(async move { crowd.answer().await.map_err(|error| error.to_string()) });
    let (mut worst, mut most) = (0.0_f64, 0);
    let outcome = loop {
        let outcome = tokio::time::timeout(step, &mut said).await;
        let latency = honest.latency();
        worst = worst.max(latency.most);
        let now = report.row("handshakes, and no more", Some(latency)).await?;
        most = most.max(now.sessions);
        if let Ok(outcome) = outcome {
            break serde_json::from_value::<Outcome>(outcome??)?;
        }
    };
    let empty = report.until_empty(&before, Duration::from_secs_f64(first_transport_timeout + 6.0)).await?;
    honest.latency();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = report.row("after", Some(honest.latency())).await?;
    println!("        {}", after.counted());
    let opened = outcome.opened as f64;
    println!("        {opened} handshakes in {:.1} s; the others: {:?}", outcome.seconds, outcome.failed);
    let expected = expected(outcome.seconds);
    if is_flood {
        report.promise(opened <= expected, format!("one address has made {opened} sessions, {expected:.0} may be"));
    } else {
        report.promise(opened == expected, format!("every address had its handshakes, {opened} of {expected}"));
    }
    let took = empty.map_or("never".to_owned(), |took| format!("after {:.1} s", took.as_secs_f64()));
    report.promise(empty.is_some(), format!("of {most} sessions none is left ({took})"));
    report.promise(worst <= allowed, format!("99 of 100 answers came within {worst:.1} ms"));
    let (answers, errors) = honest.end().await;
    report.promise(errors.is_empty(), format!("the honest were answered {answers} times {errors:?}"));
    Ok(report.end())
}

/// Makes handshakes, so many or so long, and tells what became of them. Only those count whose session does not end with
/// its connection.
pub(crate) async fn handshake(crowd: Crowd) -> Result<(), Box<dyn Error>> {
    let mut kinds = Kind::all();
    kinds.retain(|kind| kind.carrier.is_poll() || kind.wire == Wire::Packets);
    let began = Instant::now();
    let end = (crowd.seconds > 0.0).then(|| began + Duration::from_secs_f64(crowd.seconds));
    let outcome = Arc::new(Mutex::new(Outcome::default()));
    let next = Arc::new(Mutex::new(0));
    let leader = Leader::new();
    leader.tell(&json!(null));
    let makers: Vec<_> = (0..crowd.at_once)
        .map(|_| tokio::spawn(make(crowd.clone(), kinds.clone(), end, Arc::clone(&next), Arc::clone(&outcome))))
        .collect();
    for maker in makers {
        maker.await?;
    }
    let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner).clone();
    outcome.seconds = began.elapsed().as_secs_f64();
    leader.tell(&json!(outcome));
    Ok(())
}

async fn make(
    crowd: Crowd,
    kinds: Vec<Kind>,
    end: Option<Instant>,
    next: Arc<Mutex<usize>>,
    outcome: Arc<Mutex<Outcome>>,
) {
    while end.is_none_or(|end| Instant::now() < end) {
        let number = {
            let mut next = next.lock().unwrap_or_else(PoisonError::into_inner);
            *next += 1;
            *next - 1
        };
        let Some(kind) = kinds.get(number % kinds.len()).filter(|_| number < crowd.clients) else { return };
        let begun = patiently(Peer::begin(*kind, crowd.place(number))).await;
        let mut outcome = outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match begun {
            Ok(_) => outcome.opened += 1,
            Err(error) => *outcome.failed.entry(error.to_string()).or_default() += 1,
        }
    }
}
