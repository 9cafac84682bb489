//! The rooms of the chat: who hears what, and what a newcomer is shown.

use heirloom::{Broadcast, Client, SendError};
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

/// Where people are who name no room. What was said there is kept when everybody has left.
const LOBBY: &str = "lobby";
/// How many messages a newcomer is shown.
const HISTORY: usize = 50;
/// How many rooms have a history; people meet in others all the same.
const ROOMS: usize = 200;
const LONGEST_NAME: usize = 30;
const LONGEST_TEXT: usize = 1000;

/// What everybody in a room hears. `from` is a number of the chat's own: a session id is a credential.
#[derive(Serialize)]
struct Heard {
    from: usize,
    nick: String,
    text: String,
    transport: &'static str,
}

/// The number of a guest, kept with its client.
struct Guest(usize);

/// What was said in a room, the oldest first.
type History = VecDeque<Heard>;

/// Everybody is in one room at a time.
#[derive(Default)]
pub(crate) struct Chat {
    guests: AtomicUsize,
    /// Locked while something is said, too, so that a newcomer hears each message once: in the history or by itself.
    histories: Mutex<HashMap<String, History>>,
}

impl Chat {
    pub(crate) fn greet(&self, client: &Client) {
        // Who has only lost its connection for a while is still the same, in the same room, and missed nothing.
        let Some(guest) = client.state::<Guest>().filter(|_| client.is_recovered()) else {
            client.set_state(Guest(self.guests.fetch_add(1, Ordering::Relaxed) + 1));
            return;
        };
        if let Some(room) = room_of(client) {
            let text = format!("Guest {} is back", guest.0);
            report(client.to(&room).emit("announcement", &(text, people(client, &room))));
        }
    }

    /// Brings a guest into a room, out of the one it was in. Answers how many are there then.
    pub(crate) fn enter(&self, client: &Client, room: Option<&str>) -> usize {
        let room = shortened(room.unwrap_or_default(), LONGEST_NAME);
        let room = if room.is_empty() { LOBBY } else { &room };
        let Some(guest) = client.state::<Guest>() else { return 0 };
        if room_of(client).as_deref() != Some(room) {
            let mut histories = self.lock();
            leave(&mut histories, client, &guest);
            client.join(room);
            let nothing = History::new();
            let said = histories.get(room).unwrap_or(&nothing);
            if let Err(error) = client.emit("history", &(room, guest.0, said)) {
                log::info!("a guest misses the history: {error}");
            }
            let text = format!("Guest {} came, over {}", guest.0, client.transport());
            report(client.listener().to(room).emit("announcement", &(text, people(client, room))));
        }
        people(client, room)
    }

    /// The client has gone.
    pub(crate) fn leave(&self, client: &Client) {
        if let Some(guest) = client.state::<Guest>() {
            leave(&mut self.lock(), client, &guest);
        }
    }

    /// A guest says something, in the room it names or else in the one it is in.
    pub(crate) fn hear(&self, client: &Client, nick: &str, text: &str, room: Option<&str>) {
        let (nick, text) = (shortened(nick, LONGEST_NAME), shortened(text, LONGEST_TEXT));
        let Some(guest) = client.state::<Guest>().filter(|_| !text.is_empty()) else { return };
        if room.is_some() || room_of(client).is_none() {
            self.enter(client, room);
        }
        // A client that has gone meanwhile is in none.
        let Some(room) = room_of(client) else { return };
        let nick = if nick.is_empty() { format!("Guest {}", guest.0) } else { nick };
        let heard = Heard { from: guest.0, nick, text, transport: client.transport().name() };
        let mut histories = self.lock();
        report(client.listener().to(&room).emit("heard", &heard));
        if histories.len() < ROOMS || histories.contains_key(&room) {
            let history = histories.entry(room).or_default();
            history.push_back(heard);
            if history.len() > HISTORY {
                history.pop_front();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, History>> {
        self.histories.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes a guest out of its room, and forgets the room when it was the last one there.
fn leave(histories: &mut HashMap<String, History>, client: &Client, guest: &Guest) {
    let Some(room) = room_of(client) else { return };
    client.leave(&room);
    let left = people(client, &room);
    report(client.to(&room).emit("announcement", &(format!("Guest {} left", guest.0), left)));
    if left == 0 && room != LOBBY {
        histories.remove(&room);
    }
}

/// The room a guest is in, or was in when it went away.
fn room_of(client: &Client) -> Option<String> {
    client.rooms().into_iter().next()
}

fn people(client: &Client, room: &str) -> usize {
    client.listener().to(room).clients().len()
}

/// Without the blanks around it, and no longer than that many characters.
fn shortened(text: &str, longest: usize) -> String {
    text.trim().chars().take(longest).collect()
}

fn report(outcome: Result<Broadcast, SendError>) {
    match outcome {
        Ok(outcome) if outcome.dropped > 0 => {
            log::info!("{} guests miss something: they read too slowly", outcome.dropped);
        }
        Ok(_) => {}
        Err(error) => log::warn!("not said: {error}"),
    }
}
