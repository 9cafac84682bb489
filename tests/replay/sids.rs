//! Session ids: the recorded one on one side, the one Heirloom gave on the other.

use crate::{
    recording::{Event, Exchange},
    wire::{Atom, Unit},
};

#[derive(Debug, Clone)]
pub(crate) struct Sids<'a> {
    exchange: &'a Exchange,
    /// Recorded and ours.
    known: Vec<(String, String)>,
}

impl<'a> Sids<'a> {
    pub(crate) fn new(exchange: &'a Exchange) -> Self {
        Self { exchange, known: Vec::new() }
    }

    /// If an id was expected on a connection and has arrived, it is known from now on.
    pub(crate) fn learn(&mut self, expected: &[Unit], actual: &[Atom]) {
        let announces = |sid: &&String| {
            let known = self.known.iter().any(|(recorded, _)| recorded == *sid);
            !known && contains(expected, &self.announcement(sid))
        };
        let Some(recorded) = self.exchange.sids.iter().find(announces).cloned() else { return };
        if let Some(ours) = self.announced(actual) {
            self.known.push((recorded, ours));
        }
    }

    /// A request as it was recorded, with our ids.
    pub(crate) fn with_our_ids(&self, bytes: &[u8]) -> Vec<u8> {
        self.known
            .iter()
            .fold(bytes.to_vec(), |bytes, (recorded, ours)| replace(&bytes, recorded.as_bytes(), ours.as_bytes()))
    }

    /// What was recorded of the server, with our ids and their lengths.
    pub(crate) fn in_units(&self, units: &[Unit]) -> Vec<Unit> {
        let ours = |unit: &Unit| match unit {
            Unit::Bytes(bytes) => Unit::Bytes(self.in_bytes(bytes)),
            other => other.clone(),
        };
        units.iter().map(ours).collect()
    }

    /// What the application should hear of, with our ids; without one as long as no answer announced it.
    pub(crate) fn in_events(&self, events: &[&Event]) -> Vec<Event> {
        let ours = |sid: &String| self.known.iter().find(|(recorded, _)| recorded == sid).map(|(_, ours)| ours.clone());
        events.iter().map(|event| Event { sid: event.sid.as_ref().and_then(ours), ..(*event).clone() }).collect()
    }

    fn in_bytes(&self, bytes: &[u8]) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        for (recorded, ours) in &self.known {
            let (from, to) = (self.announcement(recorded), self.announcement(ours));
            bytes = replace(&bytes, from.as_bytes(), to.as_bytes());
            bytes = replace(&bytes, recorded.as_bytes(), ours.as_bytes());
        }
        bytes
    }

    fn announced(&self, actual: &[Atom]) -> Option<String> {
        let bytes: Vec<u8> =
            actual.iter().filter_map(|atom| if let Atom::Byte(byte) = atom { Some(*byte) } else { None }).collect();
        (self.exchange.generation.announced)(self.exchange, &String::from_utf8_lossy(&bytes))
    }

    fn announcement(&self, sid: &str) -> String {
        (self.exchange.generation.announcement)(self.exchange, sid)
    }
}

fn contains(units: &[Unit], text: &str) -> bool {
    units.iter().any(|unit| matches!(unit, Unit::Bytes(bytes) if position(bytes, text.as_bytes()).is_some()))
}

pub(crate) fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = position(rest, from) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(to);
        rest = &rest[at + from.len()..];
    }
    replaced.extend_from_slice(rest);
    replaced
}

fn position(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}
