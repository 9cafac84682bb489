//! Session ids: the recorded one on one side, the one Heirloom gave on the other.

use crate::{
    recording::{Event, Exchange},
    wire::{Atom, Head, Unit},
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

    /// Ids that were expected on a connection and have arrived are known from now on.
    pub(crate) fn learn(&mut self, expected: &[Unit], actual: &[Atom]) {
        let mut recorded: Vec<(usize, &String)> = self
            .exchange
            .sids
            .iter()
            .filter_map(|sid| Some((first(expected, &self.announcement(sid))?, sid)))
            .collect();
        recorded.sort_unstable();
        let is_known = |sid: &String| self.known.iter().any(|(known, _)| known == sid);
        if recorded.iter().all(|(_, sid)| is_known(sid)) {
            return;
        }
        let pairs = recorded.into_iter().zip(self.announced(actual));
        let new: Vec<_> =
            pairs.filter(|((_, sid), _)| !is_known(sid)).map(|((_, sid), ours)| (sid.clone(), ours)).collect();
        self.known.extend(new);
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
            Unit::Head(head) => Unit::Head(self.in_head(head)),
            Unit::End => Unit::End,
        };
        units.iter().map(ours).collect()
    }

    /// What the application should hear of, with our ids; without one as long as no answer announced it.
    pub(crate) fn in_events(&self, events: &[&Event]) -> Vec<Event> {
        // Outside the root namespace an id may have a name in front.
        let is = |sid: &str, recorded: &str| sid.rsplit('#').next() == Some(recorded);
        let ours = |sid: &String| {
            let known = self.known.iter().find(|(recorded, _)| is(sid, recorded));
            known.map(|(recorded, ours)| sid.replace(recorded, ours))
        };
        events.iter().map(|event| Event { sid: event.sid.as_ref().and_then(ours), ..(*event).clone() }).collect()
    }

    /// A cookie may hold an id.
    fn in_head(&self, head: &Head) -> Head {
        let mut head = head.clone();
        for (name, value) in &mut head.headers {
            if name == "set-cookie" {
                *value = String::from_utf8_lossy(&self.with_our_ids(value.as_bytes())).into_owned();
            }
        }
        head
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

    fn announced(&self, actual: &[Atom]) -> Vec<String> {
        let bytes: Vec<u8> =
            actual.iter().filter_map(|atom| if let Atom::Byte(byte) = atom { Some(*byte) } else { None }).collect();
        (self.exchange.generation.announced)(self.exchange, &String::from_utf8_lossy(&bytes))
    }

    fn announcement(&self, sid: &str) -> String {
        (self.exchange.generation.announcement)(self.exchange, sid)
    }
}

/// Where a text comes first in what is expected.
fn first(units: &[Unit], text: &str) -> Option<usize> {
    let mut before = 0;
    for unit in units {
        if let Unit::Bytes(bytes) = unit {
            if let Some(at) = position(bytes, text.as_bytes()) {
                return Some(before + at);
            }
            before += bytes.len();
        }
    }
    None
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
