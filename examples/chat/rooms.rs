//! The rooms of the chat: who hears what, and what a newcomer is shown.

use crate::presence::{Person, Presence};
use heirloom::{Broadcast, Client, Listener, SendError};
use serde::Serialize;
use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

/// Where people are who name no room. What was said there is kept when everybody has left.
const LOBBY: &str = "lobby";
/// How many rooms there may be. Whoever wants into one more is shown to the lobby.
const ROOMS: usize = 200;
/// How many rooms a newcomer is told of: those with the most people.
const ROOMS_TOLD: usize = 50;
/// How many messages a newcomer is shown.
const HISTORY: usize = 50;
/// How many messages are remembered by their keys.
const KEYS: usize = 1000;
const LONGEST_NAME: usize = 30;
const LONGEST_KEY: usize = 40;
const LONGEST_TEXT: usize = 1000;

/// What everybody in a room hears.
#[derive(Serialize)]
struct Heard {
    /// When it was said, in milliseconds; no two messages have the same.
    at: u64,
    /// What its author chose to know it by.
    key: Option<String>,
    from: u64,
    nick: String,
    text: String,
    transport: &'static str,
}

/// What a newcomer is told.
#[derive(Serialize)]
struct Entered<'a> {
    room: &'a str,
    you: u64,
    count: usize,
    people: Vec<&'a Person>,
    heard: &'a VecDeque<Heard>,
}

/// What is kept with a client.
#[derive(Clone)]
struct Guest {
    number: u64,
    nick: String,
    /// What its page calls itself, a secret. Over a new connection it is who it was.
    page: Option<String>,
    /// Everybody is in one room at a time; in none before the first.
    room: Option<String>,
}

#[derive(Default)]
struct Room {
    presence: Presence,
    history: VecDeque<Heard>,
}

#[derive(Default)]
struct House {
    rooms: HashMap<String, Room>,
    pages: HashMap<String, Client>,
    guests: u64,
    /// The keys of the last messages: who has missed an acknowledgement says the same again.
    keys: VecDeque<String>,
    said_last: u64,
}

/// Locked while something is said, too, so that a newcomer hears each message once: in the history or by itself.
#[derive(Default)]
pub(crate) struct Chat(Mutex<House>);

impl Chat {
    pub(crate) fn greet(&self, client: &Client) {
        let mut house = self.lock();
        // Who has only lost its connection for a while (clients since 4.6) is still the same, and missed nothing.
        match client.state::<Guest>().filter(|_| client.is_recovered()) {
            Some(guest) => house.place(client, &guest),
            None => {
                house.guests += 1;
                let guest = Guest { number: house.guests, nick: String::new(), page: None, room: None };
                client.set_state(guest);
            }
        }
        if let Err(error) = client.emit("rooms", &(house.largest_rooms(),)) {
            log::info!("a guest is not told of the rooms: {error}");
        }
    }

    /// Brings a guest into a room, out of the one it was in. Answers which room it is, and how many are there.
    pub(crate) fn enter(
        &self,
        client: &Client,
        room: Option<&str>,
        nick: Option<&str>,
        page: Option<String>,
    ) -> (String, usize) {
        let mut house = self.lock();
        let Some(mut guest) = guest(client) else { return Default::default() };
        if let Some(nick) = nick {
            guest.nick = shortened(nick, LONGEST_NAME);
        }
        if let Some(page) = page.filter(|page| guest.page.is_none() && page.len() <= LONGEST_KEY) {
            if let Some(old) = house.pages.insert(page.clone(), client.clone()) {
                guest.number = house.supersede(&old).unwrap_or(guest.number);
            }
            guest.page = Some(page);
        }
        house.bring(client, guest, room.unwrap_or_default())
    }

    pub(crate) fn rename(&self, client: &Client, nick: &str) {
        let mut house = self.lock();
        let Some(mut guest) = guest(client) else { return };
        guest.nick = shortened(nick, LONGEST_NAME);
        house.place(client, &guest);
        client.set_state(guest);
    }

    /// A guest says something, in the room it names or else in the one it is in. Answers whether it is said now, or was
    /// before.
    pub(crate) fn say(&self, client: &Client, text: &str, room: Option<&str>, key: Option<String>) -> bool {
        let mut house = self.lock();
        let Some(mut guest) = guest(client) else { return false };
        if guest.room.is_none() {
            house.bring(client, guest.clone(), "");
            guest.room = Some(LOBBY.into());
        }
        house.place(client, &guest);
        let room = room.map(room_name).or(guest.room.clone()).unwrap_or_default();
        let text = shortened(text, LONGEST_TEXT);
        let key = key.filter(|key| key.len() <= LONGEST_KEY);
        if key.as_ref().is_some_and(|key| house.keys.contains(key)) {
            return true;
        }
        let at = house.time();
        let Some(Room { history, .. }) = house.rooms.get_mut(&room).filter(|_| !text.is_empty()) else { return false };
        let transport = client.transport().name();
        let heard = Heard { at, key: key.clone(), from: guest.number, nick: guest.nick(), text, transport };
        report(client.listener().to(&room).emit("heard", &heard));
        remember(history, heard, HISTORY);
        if let Some(key) = key {
            remember(&mut house.keys, key, KEYS);
        }
        true
    }

    /// A guest is writing: whoever has no connection to hear it at once need not know.
    pub(crate) fn write(&self, client: &Client) {
        if let Some(Guest { number, room: Some(room), .. }) = guest(client) {
            report(client.to(&room).volatile().emit("writing", &number));
        }
    }

    /// A guest has been heard of: another transport may carry it now.
    pub(crate) fn notice(&self, client: &Client) {
        if let Some(guest) = guest(client) {
            self.lock().place(client, &guest);
        }
    }

    /// The client has gone. Its state stays with it: it may come back.
    pub(crate) fn leave(&self, client: &Client) {
        let mut house = self.lock();
        let Some(guest) = guest(client) else { return };
        house.displace(&guest);
        if let Some(page) = &guest.page {
            house.pages.remove(page);
        }
    }

    /// Tells everybody in a room who came, changed and left, and everybody which rooms have more people now or fewer.
    pub(crate) fn tell(&self, listener: &Listener) {
        let mut house = self.lock();
        let mut counts = Vec::new();
        for (name, room) in &mut house.rooms {
            let changes = room.presence.take_changes();
            if !changes.is_empty() {
                report(listener.to(name).emit("people", &(room.presence.len(), changes)));
            }
            counts.extend(room.presence.take_count().map(|count| (name.clone(), count)));
        }
        house.rooms.retain(|name, room| name == LOBBY || room.presence.len() > 0);
        if !counts.is_empty() {
            report(listener.emit("rooms", &(counts,)));
        }
    }

    fn lock(&self) -> MutexGuard<'_, House> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl House {
    fn bring(&mut self, client: &Client, mut guest: Guest, wanted: &str) -> (String, usize) {
        let mut name = room_name(wanted);
        if self.rooms.len() >= ROOMS && !self.rooms.contains_key(&name) {
            name = LOBBY.into();
        }
        let is_new = guest.room.as_ref() != Some(&name);
        if is_new {
            self.displace(&guest);
            for old in client.rooms() {
                client.leave(&old);
            }
            client.join(&name);
            guest.room = Some(name.clone());
        }
        self.place(client, &guest);
        let you = guest.number;
        client.set_state(guest);
        let Room { presence, history } = self.rooms.entry(name.clone()).or_default();
        if is_new {
            let told = Entered { room: &name, you, count: presence.len(), people: presence.list(), heard: history };
            if let Err(error) = client.emit("entered", &told) {
                log::info!("a guest misses the history: {error}");
            }
        }
        (name, presence.len())
    }

    /// Puts a guest into its room, or says what has changed about it there.
    fn place(&mut self, client: &Client, guest: &Guest) {
        if let Some(room) = &guest.room {
            let person = Person { number: guest.number, nick: guest.nick(), transport: client.transport().name() };
            self.rooms.entry(room.clone()).or_default().presence.put(person);
        }
    }

    fn displace(&mut self, guest: &Guest) {
        if let Some(room) = guest.room.as_ref().and_then(|room| self.rooms.get_mut(room)) {
            room.presence.remove(guest.number);
        }
    }

    /// A page is here over a new connection: the old one is at its end, and what still comes over it is not heard.
    fn supersede(&mut self, old: &Client) -> Option<u64> {
        let guest = guest(old)?;
        self.displace(&guest);
        old.set_state(Superseded);
        old.disconnect();
        Some(guest.number)
    }

    fn largest_rooms(&self) -> Vec<(&str, usize)> {
        // As the others know them: of what has changed since, everybody is told, newcomers too.
        let known = self.rooms.iter().map(|(name, room)| (name.as_str(), room.presence.known_count()));
        let mut rooms: Vec<_> = known.filter(|(_, people)| *people > 0).collect();
        rooms.sort_unstable_by_key(|(name, people)| (std::cmp::Reverse(*people), *name));
        rooms.truncate(ROOMS_TOLD);
        rooms
    }

    /// The time in milliseconds, later than any before: so it grows also over a restart of the server.
    fn time(&mut self) -> u64 {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_millis() as u64);
        self.said_last = now.max(self.said_last + 1);
        self.said_last
    }
}

impl Guest {
    fn nick(&self) -> String {
        if self.nick.is_empty() { format!("Guest {}", self.number) } else { self.nick.clone() }
    }
}

/// In the state of a client whose page has connected anew.
struct Superseded;

fn guest(client: &Client) -> Option<Guest> {
    if client.state::<Superseded>().is_some() {
        return None;
    }
    client.state::<Guest>().as_deref().cloned()
}

fn room_name(wanted: &str) -> String {
    let name = shortened(wanted, LONGEST_NAME);
    if name.is_empty() { LOBBY.into() } else { name }
}

/// Without the blanks around it and what cannot be seen in it, and no longer than that many characters.
fn shortened(text: &str, longest: usize) -> String {
    let visible = text.trim().chars().filter(|character| *character == '\n' || !character.is_control());
    visible.take(longest).collect()
}

fn remember<T>(all: &mut VecDeque<T>, one: T, most: usize) {
    all.push_back(one);
    if all.len() > most {
        all.pop_front();
    }
}

fn report(outcome: Result<Broadcast, SendError>) {
    match outcome {
        Ok(outcome) if outcome.dropped > 0 => {
            log::debug!("{} guests miss something: they read too slowly", outcome.dropped);
        }
        Ok(_) => {}
        Err(error) => log::warn!("not said: {error}"),
    }
}
