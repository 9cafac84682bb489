//! Models of the hand-off between those who send and the connection that writes. Each is run with every interleaving
//! of its threads, up to a number of preemptions; a wake-up that is missed shows as a deadlock.

// Of the sources that are included, the models use what two threads can meet in.
#![allow(dead_code, unused_imports)]

#[path = "../../../src/session/mod.rs"]
mod session;

mod endings;
mod handovers;
mod house;
mod sending;
mod sharing;

use std::{env, process::ExitCode, time::Instant};

const MODELS: &[(&str, fn())] = &[
    ("two senders and a stream", sending::two_senders_and_a_stream),
    ("two senders and a task at work", sending::two_senders_and_a_task_at_work),
    ("two senders and one poll after another", sending::two_senders_and_polls),
    ("a waker that is replaced while a sender wakes", sending::a_waker_is_replaced),
    ("a newer connection takes over from a stream that writes", handovers::a_newer_connection_takes_over),
    ("a newer task takes over from one at work", handovers::a_newer_task_at_work_takes_over),
    ("a newer connection takes over from one that cannot write", handovers::a_stream_that_cannot_write_is_displaced),
    ("a connection that breaks, and one after it", handovers::a_connection_breaks),
    ("two ends while the connection takes", endings::two_ends_while_the_connection_takes),
    ("a deadline while a connection comes", endings::a_deadline_while_a_connection_comes),
    ("a poll expires while somebody sends", endings::a_poll_expires_while_somebody_sends),
    ("two sessions share an allowance", sharing::two_sessions_share_an_allowance),
];

/// Runs the models whose names contain the argument, or all.
fn main() -> ExitCode {
    let wanted = env::args().nth(1).unwrap_or_default();
    let mut found = false;
    for (name, model) in MODELS.iter().filter(|(name, _)| name.contains(&wanted)) {
        found = true;
        let begun = Instant::now();
        let interleavings = house::check(*model);
        println!("{name}: {interleavings} interleavings, {:.1} s", begun.elapsed().as_secs_f32());
    }
    if found { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
