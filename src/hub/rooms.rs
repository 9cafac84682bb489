//! Rooms: named sets of clients within one namespace, on the server's side only, so they serve every generation.

use crate::{
    client::Member,
    session::{Registry, SessionId},
};
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Default)]
pub(crate) struct Rooms {
    by_name: Mutex<HashMap<Arc<str>, Arc<Registry<Member>>>>,
}

impl Rooms {
    /// Answers the room's name as it is kept, to be remembered with the client; nothing when the client is in it.
    pub(crate) fn join(&self, member: &Arc<Member>, name: &str) -> Option<Arc<str>> {
        let mut by_name = self.lock();
        let name: Arc<str> = match by_name.get_key_value(name) {
            Some((_, room)) if room.get(member.id()).is_some() => return None,
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        let room = by_name.entry(Arc::clone(&name)).or_insert_with(|| Arc::new(Registry::new()));
        room.insert(member.id(), Arc::clone(member));
        Some(name)
    }

    /// An empty room is no room.
    pub(crate) fn leave(&self, member: &Member, name: &str) {
        let mut by_name = self.lock();
        if let Some(room) = by_name.get(name) {
            room.remove(member.id());
            if room.len() == 0 {
                by_name.remove(name);
            }
        }
    }

    /// Everybody in any of these rooms, each once.
    pub(crate) fn members(&self, names: &[Arc<str>]) -> Arc<[Arc<Member>]> {
        let by_name = self.lock();
        let rooms: Vec<_> = names.iter().filter_map(|name| by_name.get(name).cloned()).collect();
        drop(by_name);
        match rooms.as_slice() {
            [] => Arc::new([]),
            [room] => room.snapshot(),
            rooms => {
                let mut seen: HashSet<SessionId> = HashSet::new();
                let everybody = rooms.iter().flat_map(|room| room.snapshot().to_vec());
                everybody.filter(|member| seen.insert(member.id())).collect()
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<Registry<Member>>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
