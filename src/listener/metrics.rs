//! The statistics as metrics of the `metrics` facade: read now and then, so that nothing of it is on the way of a message.

use super::{
    Listener,
    counters::{MEANINGS, Stats},
    shared::Shared,
};
use crate::{DisconnectReason, Generation, Transport};
use metrics::{Label, Unit};
use std::{
    mem,
    sync::{Mutex, PoisonError, Weak},
    time::Duration,
};

/// How often the listener records by itself.
const PERIOD: Duration = Duration::from_secs(5);

const SESSIONS: &str = "heirloom_sessions";
const ENDED: &str = "heirloom_ended_sessions_total";
const DROPPED: &str = "heirloom_dropped_messages_total";
const REFUSED: &str = "heirloom_refusals_total";
const VIOLATIONS: &str = "heirloom_violations_total";

/// What the metrics are about that have their parts told apart.
const DESCRIPTIONS: [(&str, &str); 5] = [
    (SESSIONS, "Sessions that live now, by generation and transport."),
    (ENDED, "Sessions that have ended, by reason."),
    (DROPPED, "Messages that did not reach a client, by cause."),
    (REFUSED, "What clients asked for and did not get, by cause."),
    (VIOLATIONS, "What clients sent that is more, longer or other than it may be, by cause."),
];

/// What is shown by all listeners together, in the order of [`read`]; nothing of what was not shown yet.
static TOTALS: Mutex<Vec<Option<u64>>> = Mutex::new(Vec::new());

/// One number, and what tells it apart from others of its name.
#[derive(Debug)]
#[cfg_attr(test, derive(PartialEq, Eq, Hash))]
struct Series {
    name: String,
    labels: [Option<(&'static str, &'static str)>; 2],
}

impl Series {
    /// What is counted in this field of the statistics. What belongs together has one name, and a label for the cause.
    fn counter(field: &str) -> Self {
        let (name, cause) = match field {
            "dropped_messages" => (DROPPED, "queue-full"),
            "dropped_oldest" => (DROPPED, "oldest"),
            "displaced_volatile" => (DROPPED, "displaced-volatile"),
            "volatile_dropped" => (DROPPED, "volatile"),
            "conflated_messages" => (DROPPED, "conflated"),
            "undelivered_messages" => (DROPPED, "undelivered"),
            "unsupported_messages" => (DROPPED, "unsupported"),
            "refused_origins" => (REFUSED, "origin"),
            "refused_by_rate" => (REFUSED, "rate"),
            "refused_sessions" => (REFUSED, "sessions"),
            "refused_by_peer" => (REFUSED, "sessions-of-peer"),
            "refused_clients" => (REFUSED, "authorization"),
            "refused_heads" => (REFUSED, "heads"),
            "refused_rooms" => (REFUSED, "rooms"),
            "refused_namespaces" => (REFUSED, "namespaces"),
            "refused_acks" => (REFUSED, "acknowledgements"),
            "refused_bodies" => (REFUSED, "received-bytes"),
            "too_large" => (VIOLATIONS, "too-large"),
            "too_slow" => (VIOLATIONS, "too-slow"),
            "too_many_packets" => (VIOLATIONS, "too-many-packets"),
            "too_deep" => (VIOLATIONS, "too-deep"),
            "malformed" => (VIOLATIONS, "malformed"),
            field => return Self { name: format!("heirloom_{field}_total"), labels: [None, None] },
        };
        Self::labelled(name, "cause", cause)
    }

    fn gauge(field: &str) -> Self {
        Self { name: format!("heirloom_{field}"), labels: [None, None] }
    }

    fn labelled(name: &str, label: &'static str, value: &'static str) -> Self {
        Self { name: name.to_owned(), labels: [Some((label, value)), None] }
    }

    fn labels(&self) -> Vec<Label> {
        self.labels.iter().flatten().map(|(label, value)| Label::from_static_parts(label, value)).collect()
    }

    fn is_counter(&self) -> bool {
        self.name.ends_with("_total")
    }

    fn describe(&self, meaning: String) {
        let unit = if self.name.contains("_bytes") { Unit::Bytes } else { Unit::Count };
        if self.is_counter() {
            metrics::describe_counter!(self.name.clone(), unit, meaning);
        } else {
            metrics::describe_gauge!(self.name.clone(), unit, meaning);
        }
    }

    fn show(&self, number: u64) {
        if self.is_counter() {
            metrics::counter!(self.name.clone(), self.labels()).absolute(number);
        } else {
            metrics::gauge!(self.name.clone(), self.labels()).set(number as f64);
        }
    }
}

/// What one listener has added to the totals, in the same order.
#[derive(Debug, Default)]
pub(super) struct Recorded(Mutex<Vec<u64>>);

impl Recorded {
    pub(super) fn record(&self, stats: &Stats) {
        describe();
        // One lock for the totals and what they are told, so that an older reading never comes behind a newer one.
        let mut totals = TOTALS.lock().unwrap_or_else(PoisonError::into_inner);
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all = read(stats);
        totals.resize(all.len(), None);
        recorded.resize(all.len(), 0);
        for ((series, number), (total, before)) in all.iter().zip(totals.iter_mut().zip(recorded.iter_mut())) {
            let before = mem::replace(before, *number);
            if *number == 0 && !series.is_counter() && total.is_none() {
                continue;
            }
            let sum = total.unwrap_or_default().wrapping_add(*number).wrapping_sub(before);
            *total = Some(sum);
            series.show(sum);
        }
    }
}

/// Said again with every record: nobody tells when a recorder is installed.
fn describe() {
    for (name, meaning) in DESCRIPTIONS {
        Series { name: name.to_owned(), labels: [None, None] }.describe(meaning.to_owned());
    }
    for (field, meaning) in MEANINGS {
        let series = Series::counter(field);
        if series.labels().is_empty() {
            series.describe(meaning.trim().to_owned());
        }
    }
}

/// Everything there is, also what is zero, and always in the same order.
fn read(stats: &Stats) -> Vec<(Series, u64)> {
    let places =
        Generation::ALL.into_iter().flat_map(|generation| Transport::ALL.map(|transport| (generation, transport)));
    let sessions = places.map(|(generation, transport)| {
        let labels = [Some(("generation", generation.name())), Some(("transport", transport.name()))];
        (Series { name: SESSIONS.to_owned(), labels }, stats.sessions_of(generation, transport) as u64)
    });
    let ended = DisconnectReason::ALL.into_iter();
    let ended = ended.map(|reason| (Series::labelled(ENDED, "reason", reason.name()), stats.ended(reason)));
    // That of all sessions is the sum of those by generation and transport.
    let gauges = stats.gauges().filter(|(field, _)| *field != "sessions");
    let gauges = gauges.map(|(field, number)| (Series::gauge(field), number));
    let counters = stats.counters().map(|(field, number)| (Series::counter(field), number));
    sessions.chain(ended).chain(gauges).chain(counters).collect()
}

/// Records every few seconds, until the listener is no more.
pub(super) async fn record_now_and_then(shared: Weak<Shared>) {
    loop {
        let Some(listener) = shared.upgrade() else { return };
        listener.record_metrics();
        // Not to be kept alive by being looked at.
        drop(listener);
        tokio::time::sleep(PERIOD).await;
    }
}

impl Listener {
    /// Hands [`Listener::stats`] to the installed recorder of the `metrics` crate now. The listener does it by itself every
    /// 5 s from its first request on, and when it is dropped; docs/operations.md has the names. Several listeners of a
    /// process are added up.
    pub fn record_metrics(&self) {
        self.shared.record_metrics();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::listener::Count;
    use metrics_util::debugging::{DebugValue, DebuggingRecorder};
    use std::sync::Arc;

    #[tokio::test(start_paused = true)]
    async fn a_listener_records_by_itself_until_it_is_no_more() {
        let recorder = DebuggingRecorder::new();
        let snapshotter = recorder.snapshotter();
        let _installed = metrics::set_default_local_recorder(&recorder);
        let count = || {
            let all = snapshotter.snapshot().into_vec();
            let ours = all.into_iter().find(|(key, ..)| key.key().name() == "heirloom_opened_sessions_total");
            match ours {
                Some((_, _, _, DebugValue::Counter(value))) => value,
                other => panic!("{other:?}"),
            }
        };
        let listener = Listener::builder().build().unwrap();
        let task = tokio::spawn(record_now_and_then(Arc::downgrade(&listener.shared)));
        tokio::time::sleep(PERIOD / 2).await;
        let before = count();
        listener.shared.counters.add(Count::Opened, 3);
        tokio::time::sleep(PERIOD).await;
        // Listeners of other tests are added up with this one.
        assert!(count() >= before + 3);
        drop(listener);
        task.await.unwrap();
    }

    #[test]
    fn every_metric_is_in_the_documentation() {
        let document = include_str!("../../docs/operations.md");
        let listener = Listener::builder().build().unwrap();
        for (series, _) in read(&listener.stats()) {
            assert!(document.contains(&format!("`{}`", series.name)), "{} is missing", series.name);
            for (label, value) in series.labels.into_iter().flatten() {
                assert!(document.contains(&format!("`{label}`")), "the label {label} of {} is missing", series.name);
                assert!(label != "cause" || document.contains(&format!("`{value}`")), "the cause {value} is missing");
            }
        }
    }

    #[test]
    fn no_two_counters_are_one_series() {
        let listener = Listener::builder().build().unwrap();
        let all = read(&listener.stats());
        let different: std::collections::HashSet<_> = all.iter().map(|(series, _)| series).collect();
        assert_eq!(different.len(), all.len());
    }
}
