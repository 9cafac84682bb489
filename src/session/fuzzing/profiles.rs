//! The timing of four generations, about that of the originals.

use crate::session::{
    machine::Mode,
    profile::{Beater, Goodbye, Heartbeat, Polls, Profile},
};
use std::time::Duration;

pub(super) const GENERATIONS: usize = 5;
pub(super) const PACKETS: usize = 2;

const PACKETS_OF_A_POLL: usize = 4;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn heartbeat(by: Beater, interval: u64, timeout: Option<u64>) -> Option<Heartbeat> {
    Some(Heartbeat { by, interval: seconds(interval), timeout: timeout.map(seconds) })
}

pub(super) fn profile(generation: usize, mode: Mode) -> Profile {
    let is_poll = mode == Mode::Poll;
    let sealed = Polls::Sealed { duration: seconds(20) };
    let drained = Polls::Drained { packets: PACKETS_OF_A_POLL };
    match generation {
        // Frames, with heartbeats that are answered and with such as are not.
        0 | 1 => Profile {
            heartbeat: if is_poll { None } else { heartbeat(Beater::Connection, 10, (generation == 0).then_some(8)) },
            close_timeout: if is_poll { seconds(8) } else { Duration::ZERO },
            polls: sealed,
            goodbye: Goodbye::Never,
        },
        PACKETS => Profile {
            heartbeat: if is_poll { None } else { heartbeat(Beater::Connection, 25, Some(60)) },
            close_timeout: if is_poll { seconds(60) } else { Duration::ZERO },
            polls: sealed,
            goodbye: Goodbye::ToStayAway,
        },
        // Engine of either revision.
        revision => Profile {
            heartbeat: heartbeat(if revision == 3 { Beater::Client } else { Beater::Session }, 25, Some(20)),
            close_timeout: if is_poll { seconds(5) } else { Duration::ZERO },
            polls: drained,
            goodbye: Goodbye::Always,
        },
    }
}

/// How many elements one batch of a poll has at most, where that is bounded.
pub(super) fn packets_of_a_poll(generation: usize) -> Option<usize> {
    (generation > 2).then_some(PACKETS_OF_A_POLL)
}
