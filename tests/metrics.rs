//! The statistics as metrics. One test, since all listeners of a process are added up.
#![cfg(feature = "metrics")]

#[allow(dead_code, unused_imports, reason = "every test file uses a part of it")]
mod support;

use heirloom::{Listener, Transport};
use metrics::Unit;
use metrics_util::{
    MetricKind,
    debugging::{DebugValue, DebuggingRecorder, Snapshotter},
};
use std::collections::HashMap;
use support::{
    Peer, Server,
    engine::{EnginePeer, Four},
    eventually,
};

/// Everything that is shown, as `name{label=value,…}`.
fn shown(snapshotter: &Snapshotter) -> HashMap<String, (MetricKind, Option<Unit>, f64)> {
    let all = snapshotter.snapshot().into_vec().into_iter().map(|(key, unit, _, value)| {
        let (kind, key) = key.into_parts();
        let labels: Vec<_> = key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let number = match value {
            DebugValue::Counter(number) => number as f64,
            DebugValue::Gauge(number) => number.into_inner(),
            DebugValue::Histogram(_) => panic!("there is no histogram"),
        };
        (format!("{}{{{}}}", key.name(), labels.join(",")), (kind, unit, number))
    });
    all.collect()
}

#[tokio::test]
async fn what_listeners_count_is_recorded_for_all_of_them_together() {
    let recorder = DebuggingRecorder::new();
    let snapshotter = recorder.snapshotter();
    // As late as an application may install it.
    let first = Server::new(Listener::builder()).await;
    let socket = Peer::open(&first, Transport::WebSocket).await;
    let id = socket.id.clone();
    socket.leave().await;
    first.events.disconnected(&id).await;
    recorder.install().unwrap();

    let second = Server::new(Listener::builder().also_mount("old.io", heirloom::Dialect::Json)).await;
    let _poll = Peer::open(&first, Transport::XhrPolling).await;
    let mut upgraded = EnginePeer::connect(&second, Four, Transport::Polling).await;
    upgraded.upgrade(&second).await;
    let socket = EnginePeer::connect(&second, Four, Transport::WebSocket).await;
    let foreign = "GET /socket.io/xhr-polling//1 HTTP/1.1\r\nHost: here\r\nOrigin: http://elsewhere\r\n\r\n";
    assert_eq!(second.answer(foreign).await.status, 403);
    for server in [&first, &second] {
        // Twice: what was recorded is not added again.
        server.listener.record_metrics();
        server.listener.record_metrics();
    }
    let now = shown(&snapshotter);
    let is = |name: &str, kind: MetricKind, number: f64| {
        let (was, _, value) = now.get(name).unwrap_or_else(|| panic!("no {name} in {now:?}"));
        assert_eq!((*was, *value), (kind, number), "{name}");
    };
    is("heirloom_sessions{generation=frames,transport=xhr-polling}", MetricKind::Gauge, 1.0);
    is("heirloom_sessions{generation=engine,transport=websocket}", MetricKind::Gauge, 2.0);
    is("heirloom_ended_sessions_total{reason=transport-closed}", MetricKind::Counter, 1.0);
    is("heirloom_opened_sessions_total{}", MetricKind::Counter, 4.0);
    is("heirloom_upgrades_total{}", MetricKind::Counter, 1.0);
    is("heirloom_refusals_total{cause=origin}", MetricKind::Counter, 1.0);
    is("heirloom_dropped_messages_total{cause=queue-full}", MetricKind::Counter, 0.0);
    assert!(!now.contains_key("heirloom_sessions{generation=packets,transport=htmlfile}"), "there never was one");
    assert_eq!(now["heirloom_sent_bytes_total{}"].1, Some(Unit::Bytes));
    assert_eq!(now["heirloom_opened_sessions_total{}"].1, Some(Unit::Count));

    // What is so now goes back.
    drop((upgraded, socket));
    eventually("the sockets to be gone", || second.listener.stats().sessions == 0).await;
    second.listener.record_metrics();
    let after = shown(&snapshotter);
    let name = "heirloom_sessions{generation=engine,transport=websocket}";
    assert_eq!(after[name].2, 0.0);

    // A listener that is gone leaves nothing behind, without a word.
    let gone = Server::new(Listener::builder()).await;
    let peer = Peer::open(&gone, Transport::ServerEvents).await;
    gone.listener.record_metrics();
    let name = "heirloom_sessions{generation=frames,transport=server-events}";
    assert_eq!(shown(&snapshotter)[name].2, 1.0);
    drop((gone, peer));
    eventually("the listener to be gone", || shown(&snapshotter)[name].2 == 0.0).await;
}
