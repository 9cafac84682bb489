//! What clients of a namespace may have missed: the last events, and who may come back for them
//! (docs/wire/engine.md §7.7).
//!
//! The events are kept once for the whole namespace, not for each client, so a client that only listens owns nothing
//! here. Everything is bounded; whoever asks for more than is kept is told that it was not recovered.

use crate::{
    client::{Member, State},
    session::{Element, Key, Limits, SessionId},
};
use std::{
    collections::{HashMap, HashSet, VecDeque},
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// How many departed clients are remembered.
const DEPARTED: usize = 1 << 16;

/// Whom an event was for.
#[derive(Debug, Clone)]
pub(crate) enum Audience {
    /// The client with this public id.
    One(SessionId),
    /// Everybody, or those in some rooms, without some sessions.
    Many { rooms: Vec<Arc<str>>, except: Vec<SessionId> },
}

#[derive(Debug)]
struct Entry {
    at: Instant,
    audience: Audience,
    key: Option<Key>,
    elements: Arc<[Element]>,
    bytes: usize,
}

/// A client that may come back.
#[derive(Debug)]
pub(crate) struct Kept {
    /// The session it had.
    pub(crate) session: SessionId,
    /// The id it is known by.
    pub(crate) id: SessionId,
    pub(crate) rooms: Vec<Arc<str>>,
    pub(crate) state: State,
    /// The number of the first event it can have missed.
    pub(crate) since: u64,
    /// What else it may take for an offset.
    pub(crate) tails: Tails,
}

/// Texts at the end of events that have no offset: the client takes them for one. Each with the number of the first
/// event behind it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tails(VecDeque<(u64, u64)>);

/// How many of them are remembered.
const TAILS: usize = 8;

impl Tails {
    pub(crate) fn add(&mut self, tail: &str, number: u64) {
        let entry = (Self::hash(tail), number);
        if self.0.back() != Some(&entry) {
            if self.0.len() >= TAILS {
                self.0.pop_front();
            }
            self.0.push_back(entry);
        }
    }

    /// The number behind this text, if there is only one.
    fn number(&self, tail: &str) -> Option<u64> {
        let hash = Self::hash(tail);
        let mut numbers = self.0.iter().filter(|(other, _)| *other == hash).map(|(_, number)| *number);
        let number = numbers.next()?;
        numbers.all(|other| other == number).then_some(number)
    }

    fn hash(tail: &str) -> u64 {
        let mut hasher = DefaultHasher::new();
        tail.hash(&mut hasher);
        hasher.finish()
    }
}

/// What a client finds that has come back.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) kept: Kept,
    /// Everything it has missed, in order.
    pub(crate) missed: Vec<Element>,
}

#[derive(Default)]
struct Inner {
    /// The number of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    bytes: usize,
    departed: HashMap<SessionId, (Instant, Kept)>,
    /// Those of the departed in the order of their going.
    order: VecDeque<(Instant, SessionId)>,
    /// Clients that are here, by the id they would come back with.
    present: HashMap<SessionId, Weak<Member>>,
    /// Somebody sweeps.
    swept: bool,
}

/// The events of one namespace that somebody may have missed.
pub(crate) struct Recovery {
    /// Held while something is sent: what a client gets is in the order of the offsets. Locked before `inner`.
    order: Mutex<()>,
    inner: Mutex<Inner>,
    /// How many clients are here, or may come back.
    interested: AtomicUsize,
    /// Begins every offset: no text of an application's looks like one by accident.
    mark: String,
    window: Duration,
    limits: Limits,
}

impl Recovery {
    /// Events are kept for this long, and within these bounds.
    pub(crate) fn new(window: Duration, limits: Limits) -> Self {
        let random = SessionId::random().map_or_else(String::new, |id| id.to_string());
        let mark = random.get(..6).unwrap_or("offset").to_owned();
        Self { order: Mutex::default(), inner: Mutex::default(), interested: AtomicUsize::new(0), mark, window, limits }
    }

    /// Whether anybody would ask for an event later.
    pub(crate) fn is_active(&self) -> bool {
        self.interested.load(Ordering::Relaxed) > 0
    }

    /// Keeps events, and lets nobody else keep or send any meanwhile: what is queued before this is dropped is queued in
    /// the order of the offsets, and a client that comes back finds every event exactly once, here or in its queue.
    pub(crate) fn begin(&self, now: Instant) -> Recording<'_> {
        let order = self.turn();
        Recording { recovery: self, inner: self.lock(), order, now }
    }

    /// Lets `then` send what is not kept; it is told the number of the next event that is.
    pub(crate) fn pass<T>(&self, then: impl FnOnce(u64) -> T) -> T {
        let _order = self.turn();
        let number = self.lock().next();
        then(number)
    }

    /// A client is here that may come back with this id. Answers the number of the first event it can miss, and whether
    /// somebody has to begin to sweep.
    pub(crate) fn enter(&self, id: SessionId, member: Weak<Member>) -> (u64, bool) {
        let mut inner = self.lock();
        if inner.present.insert(id, member).is_none() {
            self.interested.fetch_add(1, Ordering::Relaxed);
        }
        let begins = !std::mem::replace(&mut inner.swept, true);
        (inner.next(), begins)
    }

    /// The client with this id has gone, for good or to come back. What the application kept with it is dropped without
    /// a lock.
    pub(crate) fn leave(&self, now: Instant, id: SessionId, kept: Option<Kept>) {
        let mut inner = self.lock();
        if inner.present.remove(&id).is_some() {
            self.interested.fetch_sub(1, Ordering::Relaxed);
        }
        let mut dropped = self.expire(&mut inner, now);
        if let Some(kept) = kept {
            while inner.order.len() >= DEPARTED {
                let oldest = inner.order.pop_front();
                dropped.extend(oldest.and_then(|(_, oldest)| inner.departed.remove(&oldest)));
            }
            self.interested.fetch_add(1, Ordering::Relaxed);
            inner.order.push_back((now, id));
            inner.departed.insert(id, (now, kept));
        }
        drop(inner);
        self.interested.fetch_sub(dropped.len(), Ordering::Relaxed);
        drop(dropped);
    }

    /// The session of the client that is still here with this id: its connection broke and nobody has noticed.
    pub(crate) fn present(&self, id: SessionId) -> Option<Arc<Member>> {
        self.lock().present.get(&id)?.upgrade()
    }

    /// The client that left with this id, if everything it has missed is still here: it is here again as `member`, and
    /// `then` is called before anything more can be missed. `offset` is that of the last event it has heard, if it has
    /// heard any. What cannot be recovered is forgotten.
    pub(crate) fn take<T>(
        &self,
        now: Instant,
        id: SessionId,
        offset: Option<&str>,
        member: Weak<Member>,
        then: impl FnOnce(Found) -> T,
    ) -> Option<T> {
        let mut inner = self.lock();
        let mut dropped = self.expire(&mut inner, now);
        let departed = inner.departed.remove(&id);
        if departed.is_some() {
            inner.order.retain(|(_, other)| *other != id);
        }
        let found = departed.and_then(|(at, kept)| {
            let behind =
                |offset: &str| self.number(offset).map(|number| number + 1).or_else(|| kept.tails.number(offset));
            let since = offset.map_or(Some(kept.since), behind);
            match since.and_then(|since| inner.since(since.max(kept.since), &kept)) {
                Some(missed) => Some(Found { kept, missed }),
                None => {
                    dropped.push((at, kept));
                    None
                }
            }
        });
        self.interested.fetch_sub(dropped.len(), Ordering::Relaxed);
        let answer = found.map(|found| {
            inner.present.insert(id, member);
            then(found)
        });
        drop(inner);
        drop(dropped);
        answer
    }

    /// Forgets what is too old. Answers whether there is more that will be.
    pub(crate) fn sweep(&self, now: Instant) -> bool {
        let mut inner = self.lock();
        let dropped = self.expire(&mut inner, now);
        self.interested.fetch_sub(dropped.len(), Ordering::Relaxed);
        let is_done = inner.entries.is_empty() && inner.departed.is_empty() && inner.present.is_empty();
        inner.swept = !is_done;
        drop(inner);
        drop(dropped);
        !is_done
    }

    /// How long to wait before the first, and between two sweeps.
    pub(crate) fn window(&self) -> Duration {
        self.window
    }

    /// Answers what is to be dropped without the lock.
    fn expire(&self, inner: &mut Inner, now: Instant) -> Vec<(Instant, Kept)> {
        let is_old = |at: Instant| now.saturating_duration_since(at) > self.window;
        while inner.entries.front().is_some_and(|entry| is_old(entry.at)) {
            inner.drop_first();
        }
        let mut dropped = Vec::new();
        while inner.order.front().is_some_and(|(at, _)| is_old(*at)) {
            if let Some((_, id)) = inner.order.pop_front() {
                dropped.extend(inner.departed.remove(&id));
            }
        }
        dropped
    }

    fn offset(&self, number: u64) -> String {
        format!("{}{number:x}", self.mark)
    }

    fn number(&self, offset: &str) -> Option<u64> {
        let number = offset.strip_prefix(self.mark.as_str())?;
        let number = u64::from_str_radix(number, 16).ok()?;
        // Only what would be written again was written.
        (self.offset(number) == offset && number < u64::MAX).then_some(number)
    }

    fn turn(&self) -> MutexGuard<'_, ()> {
        self.order.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Events being kept.
pub(crate) struct Recording<'a> {
    recovery: &'a Recovery,
    inner: MutexGuard<'a, Inner>,
    order: MutexGuard<'a, ()>,
    now: Instant,
}

impl Recording<'_> {
    /// Keeps an event that `encode` makes with the offset it is given. With a key, it is missed in place of earlier ones
    /// that have the same.
    pub(crate) fn keep(
        &mut self,
        audience: Audience,
        key: Option<Key>,
        encode: impl FnOnce(&str) -> Option<Arc<[Element]>>,
    ) -> Option<Arc<[Element]>> {
        let inner = &mut *self.inner;
        let number = inner.next();
        let elements = encode(&self.recovery.offset(number))?;
        let bytes = elements.iter().map(Element::length).sum();
        inner.bytes += bytes;
        inner.entries.push_back(Entry { at: self.now, audience, key, elements: Arc::clone(&elements), bytes });
        let limits = &self.recovery.limits;
        while inner.bytes > limits.bytes || inner.entries.len() > limits.messages {
            inner.drop_first();
        }
        Some(elements)
    }
}

impl<'a> Recording<'a> {
    /// What was kept stays, and is now sent to those who were here. Others may come and go meanwhile: who comes back finds
    /// it among what it has missed. Nobody sends anything else before what comes out is dropped.
    pub(crate) fn kept(self) -> MutexGuard<'a, ()> {
        self.order
    }

    /// Nobody was sent the last of them: they are as if they had never been.
    pub(crate) fn take_back(&mut self, count: usize) {
        for _ in 0..count {
            if let Some(entry) = self.inner.entries.pop_back() {
                self.inner.bytes -= entry.bytes;
            }
        }
    }
}

impl Inner {
    /// The number of the next event that is kept.
    fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    fn drop_first(&mut self) {
        if let Some(entry) = self.entries.pop_front() {
            self.first += 1;
            self.bytes -= entry.bytes;
        }
        if self.entries.is_empty() {
            self.entries = VecDeque::new();
        }
    }

    /// What this client has missed since an event; nothing when that is not known any more, or was never.
    fn since(&self, number: u64, kept: &Kept) -> Option<Vec<Element>> {
        let skipped = usize::try_from(number.checked_sub(self.first)?).ok()?;
        if skipped > self.entries.len() {
            return None;
        }
        let mut missed: Vec<_> =
            self.entries.iter().skip(skipped).filter(|entry| entry.audience.includes(kept)).collect();
        if missed.iter().any(|entry| entry.key.is_some()) {
            let mut newer = HashSet::new();
            missed.reverse();
            missed.retain(|entry| entry.key.is_none_or(|key| newer.insert(key)));
            missed.reverse();
        }
        Some(missed.into_iter().flat_map(|entry| entry.elements.iter().cloned()).collect())
    }
}

impl Audience {
    fn includes(&self, kept: &Kept) -> bool {
        match self {
            Self::One(id) => *id == kept.id,
            Self::Many { rooms, except } => {
                let is_in = || rooms.iter().any(|room| kept.rooms.contains(room));
                let is_out = except.contains(&kept.session) || except.contains(&kept.id);
                !is_out && (rooms.is_empty() || is_in())
            }
        }
    }
}

impl fmt::Debug for Recovery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Recovery").field("interested", &self.interested).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
