//! Sessions by what carries them, and by why they ended.

use super::Generation;
use crate::{session::DisconnectReason, transport::Transport};
use std::{
    fmt,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
};

const GENERATIONS: usize = Generation::ALL.len();
const TRANSPORTS: usize = Transport::ALL.len();
const REASONS: usize = DisconnectReason::ALL.len();

/// How many sessions of each generation each transport carries.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Living(pub(super) [[usize; TRANSPORTS]; GENERATIONS]);

/// How many sessions ended for each reason.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended(pub(super) [u64; REASONS]);

impl Living {
    /// All but none.
    pub(super) fn iter(self) -> impl Iterator<Item = (Generation, Transport, usize)> {
        let rows = Generation::ALL.into_iter().zip(self.0);
        let all = rows.flat_map(|(generation, row)| {
            Transport::ALL.into_iter().zip(row).map(move |(transport, count)| (generation, transport, count))
        });
        all.filter(|(_, _, count)| *count > 0)
    }
}

impl Ended {
    /// All but none.
    pub(super) fn iter(self) -> impl Iterator<Item = (DisconnectReason, u64)> {
        DisconnectReason::ALL.into_iter().zip(self.0).filter(|(_, count)| *count > 0)
    }
}

impl fmt::Debug for Living {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.iter().map(|(generation, transport, count)| (Key(generation.name(), transport.name()), count));
        formatter.debug_map().entries(all).finish()
    }
}

struct Key(&'static str, &'static str);

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.0, self.1)
    }
}

impl fmt::Debug for Ended {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_map().entries(self.iter()).finish()
    }
}

#[derive(Debug, Default)]
pub(crate) struct Gauges {
    sessions: [[AtomicUsize; TRANSPORTS]; GENERATIONS],
    ended: [AtomicU64; REASONS],
}

impl Gauges {
    pub(crate) fn opened(&self, generation: Generation, transport: Transport) {
        self.of(generation, transport).fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn closed(&self, generation: Generation, transport: Transport) {
        self.of(generation, transport).fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn moved(&self, generation: Generation, from: Transport, to: Transport) {
        self.opened(generation, to);
        self.closed(generation, from);
    }

    pub(crate) fn ended(&self, reason: DisconnectReason) {
        self.ended[reason.index()].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn living(&self) -> Living {
        Living(self.sessions.each_ref().map(|row| row.each_ref().map(|count| count.load(Ordering::Relaxed))))
    }

    pub(super) fn ended_so_far(&self) -> Ended {
        Ended(self.ended.each_ref().map(|count| count.load(Ordering::Relaxed)))
    }

    fn of(&self, generation: Generation, transport: Transport) -> &AtomicUsize {
        &self.sessions[generation.index()][transport.index()]
    }
}
