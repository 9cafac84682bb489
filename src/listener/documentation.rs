//! Whether docs/operations.md says what is so.

use super::{Listener, budget::Budget};
use crate::{DisconnectReason, session::Limits};
use std::{collections::HashMap, time::Duration};

const DOCUMENT: &str = include_str!("../../docs/operations.md");
const OPTIONS: &str = include_str!("builder/limits.rs");

/// The rows of all tables with so many columns, by the name in the first, without it.
fn rows(columns: usize) -> HashMap<&'static str, Vec<&'static str>> {
    let rows = DOCUMENT.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |")?.split_once("` | "));
    let rows = rows.map(|(name, rest)| (name, rest.split(" | ").collect::<Vec<_>>()));
    rows.filter(|(_, row)| row.len() + 1 == columns).collect()
}

#[test]
fn every_bound_has_a_row() {
    let rows = rows(4);
    let options = OPTIONS.lines().filter_map(|line| line.trim().strip_prefix("pub fn ")?.split_once('('));
    let mut count = 0;
    for (option, _) in options {
        assert!(rows.contains_key(option), "no row, or not of four columns: {option}");
        count += 1;
    }
    assert!(count > 20, "{count} options are not all of them");
}

#[test]
fn every_field_of_the_statistics_has_a_row() {
    let (rows, stats) = (rows(2), Listener::builder().build().unwrap().stats());
    for (field, _) in stats.iter() {
        assert!(rows.get(field).is_some_and(|row| !row[0].is_empty()), "no row: {field}");
    }
    for reason in DisconnectReason::ALL {
        assert!(DOCUMENT.contains(&format!("`{}`", reason.name())), "the reason {reason} is missing");
    }
}

#[test]
fn what_the_table_counts_is_counted() {
    let stats = Listener::builder().build().unwrap().stats();
    let counted = rows(4).into_values().flat_map(|row| row[2].split(", "));
    for name in counted.filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`')) {
        assert!(stats.iter().any(|(field, _)| field == name), "nothing is counted in {name}");
    }
}

#[test]
fn the_defaults_are_those_in_the_table() {
    let Budget {
        max_head_bytes,
        max_body_bytes,
        max_frame_bytes,
        max_payload_packets,
        max_json_depth,
        max_attachments,
        max_attachment_bytes,
        max_awaited_acks,
        max_rooms,
        max_namespaces,
        max_sessions,
        max_sessions_per_peer,
        handshakes,
        unused_handshakes,
        first_transport_timeout,
        queue: Limits { bytes: queue_bytes, messages: queue_messages },
        on_full,
        total_queue_bytes,
        total_received_bytes,
        header_timeout,
        body_timeout,
        frame_timeout,
        write_timeout,
        shutdown_rate,
    } = Budget::default();
    let bytes =
        |count: usize| if count < 1 << 20 { format!("{} KiB", count >> 10) } else { format!("{} MiB", count >> 20) };
    let time = |duration: Duration| format!("{} s", duration.as_secs());
    let rate = |rate: Option<crate::transport::HandshakeRate>| {
        rate.map(|rate| format!("{}, then {} a second", rate.burst, rate.per_second)).unwrap_or_default()
    };
    let defaults = [
        ("max_head_bytes", bytes(max_head_bytes)),
        ("max_body_bytes", bytes(max_body_bytes)),
        ("max_frame_bytes", bytes(max_frame_bytes)),
        ("max_payload_packets", max_payload_packets.to_string()),
        ("max_json_depth", max_json_depth.to_string()),
        ("max_attachments", max_attachments.to_string()),
        ("max_attachment_bytes", bytes(max_attachment_bytes)),
        ("max_awaited_acks", max_awaited_acks.to_string()),
        ("max_rooms", max_rooms.to_string()),
        ("max_namespaces", max_namespaces.to_string()),
        ("max_sessions", max_sessions.to_string()),
        ("max_sessions_per_peer", max_sessions_per_peer.to_string()),
        ("handshake_rate", rate(handshakes)),
        ("unused_handshakes", rate(unused_handshakes)),
        ("first_transport_timeout", time(first_transport_timeout)),
        ("queue_bytes", bytes(queue_bytes)),
        ("queue_messages", queue_messages.to_string()),
        ("on_full", format!("`{on_full:?}`")),
        ("total_queue_bytes", bytes(total_queue_bytes)),
        ("total_received_bytes", bytes(total_received_bytes)),
        ("header_timeout", time(header_timeout)),
        ("body_timeout", time(body_timeout)),
        ("frame_timeout", time(frame_timeout)),
        ("write_timeout", time(write_timeout)),
        ("shutdown_rate", format!("{shutdown_rate} a second")),
    ];
    for (option, default) in defaults {
        let told = DOCUMENT.lines().any(|line| line.starts_with(&format!("| `{option}` | {default} | ")));
        assert!(told, "the default of {option} is {default}");
    }
}
