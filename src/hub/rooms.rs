//! Rooms: named sets of clients within one namespace, on the server's side only, so they serve every generation.

use super::crowd::Crowd;
use crate::{client::Member, session::SessionId};
use std::{
    collections::{HashMap, HashSet},
    ops::Deref,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// With fewer rooms than this the memory of those that are no more is not worth giving back.
const FEW: usize = 64;

#[derive(Debug, Default)]
pub(crate) struct Rooms {
    by_name: Mutex<HashMap<Arc<str>, Crowd<Member>>>,
}

/// Clients as of one moment. Walking them holds no lock.
pub(crate) enum Members {
    /// Those of the namespace.
    All(Arc<[Arc<Member>]>),
    /// Those of one room.
    Room(Arc<Vec<Arc<Member>>>),
    /// Those of several.
    Rooms(Vec<Arc<Member>>),
}

impl Deref for Members {
    type Target = [Arc<Member>];

    fn deref(&self) -> &Self::Target {
        match self {
            Self::All(members) => members,
            Self::Room(members) => members,
            Self::Rooms(members) => members,
        }
    }
}

impl Rooms {
    /// Answers the room's name as it is kept, to be remembered with the client; nothing when the client is in it.
    pub(crate) fn join(&self, member: &Arc<Member>, name: &str) -> Option<Arc<str>> {
        let mut by_name = self.lock();
        let name: Arc<str> = match by_name.get_key_value(name) {
            Some((_, room)) if room.contains(member) => return None,
            Some((name, _)) => Arc::clone(name),
            None => name.into(),
        };
        by_name.entry(Arc::clone(&name)).or_default().insert(member);
        Some(name)
    }

    /// An empty room is no room.
    pub(crate) fn leave(&self, member: &Member, name: &str) {
        let mut by_name = self.lock();
        let Some(room) = by_name.get_mut(name) else { return };
        room.remove(member);
        if room.len() == 0 {
            by_name.remove(name);
            if by_name.capacity() / 4 > by_name.len().max(FEW) {
                let rooms = by_name.len();
                by_name.shrink_to(2 * rooms);
            }
        }
    }

    /// Everybody in any of these rooms, each once.
    pub(crate) fn members(&self, names: &[Arc<str>]) -> Members {
        let by_name = self.lock();
        let mut rooms: Vec<_> = names.iter().filter_map(|name| Some(by_name.get(name)?.view())).collect();
        drop(by_name);
        if rooms.len() < 2 {
            return rooms.pop().map_or_else(|| Members::Rooms(Vec::new()), Members::Room);
        }
        let mut seen: HashSet<SessionId> = HashSet::new();
        let everybody = rooms.iter().flat_map(|room| room.iter());
        Members::Rooms(everybody.filter(|member| seen.insert(member.id())).cloned().collect())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Crowd<Member>>> {
        self.by_name.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
