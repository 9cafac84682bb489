//! Rooms: named sets of clients, on the server's side only, so they serve clients of every generation.

use crate::{client::Member, session::Registry};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
pub(crate) struct Rooms {
    by_name: Mutex<HashMap<Arc<str>, Arc<Registry<Member>>>>,
}

impl Rooms {
    pub(crate) fn join(&self, member: &Arc<Member>, name: &str) {
        let mut by_name = self.lock();
        // Checked under the lock that `leave_all` takes after the session has closed: nobody is left behind.
        if !member.is_open() {
            return;
        }
        let mut mine = member.host.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        if mine.iter().any(|room| **room == *name) {
            return;
        }
        let name: Arc<str> = match by_name.get_key_value(name) {
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        mine.push(Arc::clone(&name));
        drop(mine);
        let room = by_name.entry(name).or_insert_with(|| Arc::new(Registry::new()));
        room.insert(member.id(), Arc::clone(member));
    }

    pub(crate) fn leave(&self, member: &Arc<Member>, name: &str) {
        let mut by_name = self.lock();
        member.host.rooms.lock().unwrap_or_else(PoisonError::into_inner).retain(|room| **room != *name);
        remove(&mut by_name, member, name);
    }

    /// The client has gone, and its handlers know.
    pub(crate) fn leave_all(&self, member: &Arc<Member>) {
        let mut by_name = self.lock();
        let mine = std::mem::take(&mut *member.host.rooms.lock().unwrap_or_else(PoisonError::into_inner));
        for name in mine {
            remove(&mut by_name, member, &name);
        }
    }

    pub(crate) fn of(&self, member: &Member) -> Vec<String> {
        let mine = member.host.rooms.lock().unwrap_or_else(PoisonError::into_inner);
        mine.iter().map(|name| name.to_string()).collect()
    }

    pub(crate) fn members(&self, name: &str) -> Arc<[Arc<Member>]> {
        let room = self.lock().get(name).cloned();
        room.map_or_else(|| Arc::new([]) as _, |room| room.snapshot())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Registry<Member>>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An empty room is no room.
fn remove(by_name: &mut HashMap<Arc<str>, Arc<Registry<Member>>>, member: &Member, name: &str) {
    if let Some(room) = by_name.get(name) {
        room.remove(member.id());
        if room.len() == 0 {
            by_name.remove(name);
        }
    }
}
