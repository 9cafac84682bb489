//! Heartbeats of a session, whoever begins them.

use super::{Machine, Mode, Phase};
use crate::session::{
    profile::{Beater, Heartbeat, Profile},
    queue::Element,
    reason::DisconnectReason,
};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub(super) struct Pulse {
    counter: u64,
    pub(super) next: Option<Instant>,
    pub(super) reply_by: Option<Instant>,
    /// The reply was put off because something else came in.
    extended: bool,
}

impl Pulse {
    /// That of a new session.
    pub(super) fn begin(now: Instant, profile: &Profile) -> Self {
        let mut pulse = Self::default();
        match profile.heartbeat {
            Some(Heartbeat { by: Beater::Session, interval, .. }) => pulse.next = Some(now + interval),
            Some(heartbeat) if heartbeat.by == Beater::Client => pulse.reply_by = Some(now + heartbeat.patience()),
            _ => {}
        }
        pulse
    }
}

impl Heartbeat {
    /// How long a client that begins the heartbeats may be silent.
    fn patience(&self) -> Duration {
        self.interval + self.timeout.unwrap_or_default()
    }
}

impl Machine {
    /// The client answered the heartbeat with this number, or any if the protocol has no numbers.
    pub(crate) fn heartbeat(&mut self, now: Instant, counter: Option<u64>) {
        let Some(heartbeat) = self.profile.heartbeat.filter(|heartbeat| heartbeat.by != Beater::Client) else { return };
        let is_ours = counter.is_none_or(|counter| counter == self.pulse.counter);
        if is_ours && self.pulse.reply_by.take().is_some() {
            self.pulse.next = Some(now + heartbeat.interval);
        }
    }

    /// The client has sent something, whatever it is.
    pub(crate) fn hear(&mut self, now: impl FnOnce() -> Instant) {
        let Some(heartbeat) = self.profile.heartbeat.filter(|_| self.phase == Phase::Open) else { return };
        match heartbeat.by {
            Beater::Connection => {}
            Beater::Client => self.pulse.reply_by = Some(now() + heartbeat.patience()),
            // Once for each heartbeat: a client that is busy sending answers late.
            Beater::Session if self.pulse.reply_by.is_some() && !self.pulse.extended => {
                self.pulse.extended = true;
                self.pulse.reply_by = heartbeat.timeout.map(|timeout| now() + timeout);
            }
            Beater::Session => {}
        }
    }

    /// The client polls, so it is there, however long its heartbeat waits behind what it has to send, or ours behind
    /// what it has to read.
    pub(crate) fn polled(&mut self, now: Instant) {
        if self.queue.has_heartbeat() {
            // It cannot answer what it has not been given.
            self.put_off_reply(now);
        } else {
            self.hear(|| now);
        }
    }

    /// Answers a heartbeat of the client's. Of several that were not taken yet one answer is enough.
    pub(crate) fn answer_heartbeat(&mut self) {
        if self.phase == Phase::Open && !self.queue.has_heartbeat() {
            self.pulse.counter += 1;
            self.push_heartbeat();
        }
    }

    /// This connection is not read because the application is behind, or is read again. Of one that was displaced
    /// nobody is judged.
    pub(crate) fn pause_reading(&mut self, now: Instant, number: u64, paused: bool) {
        let connection = self.connection.as_mut().filter(|connection| connection.number == number);
        if let Some(connection) = connection {
            connection.paused = paused;
            self.put_off_reply(now);
        }
    }

    /// A request waits because the application is behind, or goes on.
    pub(crate) fn pause_request(&mut self, now: Instant, paused: bool) {
        self.requests_paused = if paused { self.requests_paused + 1 } else { self.requests_paused.saturating_sub(1) };
        self.put_off_reply(now);
    }

    /// A connection was attached.
    pub(super) fn begin_pulse(&mut self, now: Instant, mode: Mode) {
        if self.profile.beats_for_session() {
            return;
        }
        self.queue.drop_heartbeats();
        self.pulse.reply_by = None;
        self.pulse.next = match (mode, self.profile.heartbeat) {
            (Mode::Stream, Some(heartbeat)) => Some(now + heartbeat.interval),
            _ => None,
        };
    }

    /// A connection is over.
    pub(super) fn end_pulse(&mut self) {
        if !self.profile.beats_for_session() {
            self.pulse.next = None;
            self.pulse.reply_by = None;
            self.queue.drop_heartbeats();
        }
    }

    pub(super) fn tick_pulse(&mut self, now: Instant) {
        if self.requests_paused > 0 || self.connection.as_ref().is_some_and(|connection| connection.paused) {
            self.put_off_reply(now);
        }
        if self.pulse.reply_by.is_some_and(|reply_by| reply_by <= now) {
            self.effects.wake = true;
            if self.profile.beats_for_session() {
                self.close(DisconnectReason::HeartbeatTimeout);
            } else {
                self.leave(now, DisconnectReason::HeartbeatTimeout);
            }
        }
        if let Some(due) = self.pulse.next.filter(|next| *next <= now) {
            if self.phase == Phase::Open {
                self.beat(now, due);
            } else {
                // The last word is the last.
                self.pulse.next = None;
            }
        }
        // A session that nobody looked at in time: the reply is overdue as well.
        if self.profile.beats_for_session() && self.pulse.reply_by.is_some_and(|reply_by| reply_by <= now) {
            self.close(DisconnectReason::HeartbeatTimeout);
        }
    }

    fn beat(&mut self, now: Instant, due: Instant) {
        let Some(heartbeat) = self.profile.heartbeat else { return };
        // A stream that is not read collects no heartbeats.
        if !self.queue.has_heartbeat() {
            self.pulse.counter += 1;
            self.push_heartbeat();
        }
        self.pulse.extended = false;
        match heartbeat.timeout {
            Some(timeout) => {
                self.pulse.next = None;
                // The client counts from when it was due, and nobody is blamed for a server that slept.
                let begun = if now - due < timeout { due } else { now };
                self.pulse.reply_by = Some(begun + timeout);
            }
            None => self.pulse.next = Some(now + heartbeat.interval),
        }
    }

    fn push_heartbeat(&mut self) {
        let idle = self.queue.is_empty();
        self.queue.push(Element::Heartbeat(self.pulse.counter));
        self.seal(idle);
    }

    fn put_off_reply(&mut self, now: Instant) {
        let Some(heartbeat) = self.profile.heartbeat else { return };
        let patience = match heartbeat.by {
            Beater::Client => Some(heartbeat.patience()),
            Beater::Connection | Beater::Session => heartbeat.timeout,
        };
        if let (Some(reply_by), Some(patience)) = (&mut self.pulse.reply_by, patience) {
            *reply_by = now + patience;
        }
    }
}
