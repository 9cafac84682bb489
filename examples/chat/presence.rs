//! Who is in a room, and what has become of them since the others were told last.

use serde::Serialize;
use std::collections::BTreeMap;

/// How many people a newcomer is named, and how many changes are told at once. A room may hold more.
pub(crate) const PEOPLE: usize = 100;

/// Somebody in a room, as the others see it. `number` is of the chat's own: a session id is a credential.
#[derive(Clone, PartialEq, Serialize)]
pub(crate) struct Person {
    pub(crate) number: u64,
    pub(crate) nick: String,
    pub(crate) transport: &'static str,
}

/// What has become of somebody.
#[derive(Serialize)]
#[serde(tag = "what", rename_all = "lowercase")]
pub(crate) enum Change {
    Came(Person),
    /// Has another name or another transport.
    Changed(Person),
    Left(Person),
}

/// The people of a room. Changes are gathered and told together, so that a thousand people who come at once cause a few
/// events for each of them, and not a thousand; who leaves and is back at once has not been away.
#[derive(Default)]
pub(crate) struct Presence {
    people: BTreeMap<u64, Person>,
    /// Those who may have changed, as the others know them.
    known: BTreeMap<u64, Option<Person>>,
    known_count: usize,
}

impl Presence {
    pub(crate) fn len(&self) -> usize {
        self.people.len()
    }

    /// How many the others know of.
    pub(crate) fn known_count(&self) -> usize {
        self.known_count
    }

    /// The first of them.
    pub(crate) fn list(&self) -> Vec<&Person> {
        self.people.values().take(PEOPLE).collect()
    }

    /// Somebody is here, with this name and this transport.
    pub(crate) fn put(&mut self, person: Person) {
        let number = person.number;
        let known = self.people.insert(number, person);
        self.known.entry(number).or_insert(known);
    }

    pub(crate) fn remove(&mut self, number: u64) {
        let known = self.people.remove(&number);
        self.known.entry(number).or_insert(known);
    }

    /// What the others do not know yet, or the first part of it; from now on they do.
    pub(crate) fn take_changes(&mut self) -> Vec<Change> {
        let mut changes = Vec::new();
        while changes.len() < PEOPLE {
            let Some((number, before)) = self.known.pop_first() else { break };
            match (before, self.people.get(&number)) {
                (None, Some(now)) => changes.push(Change::Came(now.clone())),
                (Some(before), Some(now)) if before != *now => changes.push(Change::Changed(now.clone())),
                (Some(before), None) => changes.push(Change::Left(before)),
                _ => {}
            }
        }
        changes
    }

    /// How many there are, if that is not what the others know; from now on they do.
    pub(crate) fn take_count(&mut self) -> Option<usize> {
        let count = self.len();
        (std::mem::replace(&mut self.known_count, count) != count).then_some(count)
    }
}
