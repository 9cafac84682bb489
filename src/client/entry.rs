//! The way into a namespace: by the application's leave, or back after a connection broke.

use super::{
    authorization::{Attempt, Credentials, Refusal, admit},
    context::Member,
    handle::Client,
    handlers::{Handlers, Handling},
    seats::{Entry, Recovery},
    state::State,
};
use crate::{
    hub::{Found, Namespace, Outgoing, Reply, WireForm},
    listener::Count,
    session::{DisconnectReason, Manner, QueueError, SessionId},
};
use futures_util::future::{Either, select};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

/// Lets the client into a namespace, if it may. It hears of that before its handler runs.
pub(super) fn enter(member: &Arc<Member>, namespace: &Arc<Namespace>, credentials: Credentials) -> Option<Handling> {
    if member.host.seats.holds(namespace) {
        if member.host.form == WireForm::Packets {
            member.send_reply(namespace.endpoint(), Reply::Connected { id: member.id(), recovery: None });
        }
        // Clients since 1.0 that ask twice know the answer.
        return None;
    }
    let shared = &member.host.shared;
    if member.host.seats.len() >= shared.options.budget.max_namespaces {
        shared.counters.add(Count::RefusedNamespace, 1);
        let refusal = Refusal::unauthorized("too many namespaces");
        member.send_reply(namespace.endpoint(), Reply::Refused(&refusal));
        return None;
    }
    let said = credentials.auth.as_ref().map_or(0, |auth| auth.get().len());
    if said > 0 && member.host.seats.auth_bytes() + said > shared.options.budget.max_head_bytes {
        // It is kept as long as the client is here, like the head of its first request.
        shared.counters.add(Count::TooLarge, 1);
        member.send_reply(namespace.endpoint(), Reply::Refused(&Refusal::unauthorized("auth too large")));
        return None;
    }
    let handlers = namespace.handlers();
    if recover(member, namespace, &credentials) {
        return connected(member, namespace, &handlers);
    }
    if let Some(refusal) = member.host.seats.refusal().filter(|_| member.host.form == WireForm::Engine3) {
        // Before 3.0 whoever is refused at the root is refused everywhere.
        refuse(member, namespace, &refusal);
        return None;
    }
    let Some(authorize) = handlers.authorize.clone() else {
        return welcome(member, namespace, &handlers, Arc::default(), credentials.auth);
    };
    let (member, namespace) = (Arc::clone(member), Arc::clone(namespace));
    Some(Box::pin(async move {
        let (handshake, generation) = (Arc::clone(&member.host.handshake), member.host.generation());
        let auth = credentials.auth.clone();
        let attempt = if namespace.is_root() {
            Attempt::root(handshake, generation, credentials.auth, Some(Arc::clone(&member.host.state)))
        } else {
            Attempt::entry(handshake, generation, namespace.name(), credentials, Arc::clone(&member.host.state))
        };
        // Who has gone meanwhile waits for no verdict.
        let (verdict, over) = (admit(&authorize, attempt), member.host.shared.until_over(&member));
        let Either::Left((verdict, _)) = select(pin!(verdict), pin!(over)).await else { return };
        match verdict {
            Ok(state) => {
                if let Some(handling) = welcome(&member, &namespace, &handlers, state, auth) {
                    handling.await;
                }
            }
            Err(refusal) => {
                refuse(&member, &namespace, &refusal);
                if namespace.is_root() {
                    member.host.seats.refuse(refusal);
                }
            }
        }
    }))
}

fn refuse(member: &Arc<Member>, namespace: &Arc<Namespace>, refusal: &Refusal) {
    member.host.shared.counters.add(Count::RefusedClient, 1);
    member.send_reply(namespace.endpoint(), Reply::Refused(refusal));
}

fn welcome(
    member: &Arc<Member>,
    namespace: &Arc<Namespace>,
    handlers: &Handlers,
    state: Arc<Mutex<State>>,
    auth: Option<Arc<RawValue>>,
) -> Option<Handling> {
    let (form, state) = (member.host.form, seated(member, namespace, state));
    let id = if form.has_own_ids() { SessionId::random() } else { Some(member.id()) };
    let Some(id) = id else {
        let refusal = Refusal::failed("the system's random generator failed");
        refuse(member, namespace, &refusal);
        return None;
    };
    let recovery = (form == WireForm::Recoverable).then(SessionId::random).flatten();
    let recovery = recovery.map(|id| {
        let (since, begins) = namespace.recovery.enter(id, Arc::downgrade(member));
        if begins {
            member.host.shared.sweep(namespace);
        }
        Recovery { id, since, recovered: false }
    });
    let connected_as = Reply::Connected { id, recovery: recovery.map(|recovery| recovery.id) };
    // A client that does not hear of its entry asks again.
    let tell = || member.send_reply(namespace.endpoint(), connected_as);
    // Its handler runs here, so nobody else has to be told.
    if !member.host.seats.enter(member, namespace, Entry { state, id, recovery, auth }, tell) {
        if let Some(recovery) = recovery {
            namespace.recovery.leave(member.host.shared.now(), recovery.id, None);
        }
        return None;
    }
    connected(member, namespace, handlers)
}

/// Where the client's values are in this namespace: those of the root are seen in all.
fn seated(member: &Arc<Member>, namespace: &Namespace, state: Arc<Mutex<State>>) -> Arc<Mutex<State>> {
    if !namespace.is_root() {
        return state;
    }
    let values = std::mem::take(&mut *state.lock().unwrap_or_else(PoisonError::into_inner));
    let replaced = member.host.state.lock().unwrap_or_else(PoisonError::into_inner).restore(values);
    drop(replaced);
    Arc::clone(&member.host.state)
}

/// The client is in.
fn connected(member: &Arc<Member>, namespace: &Arc<Namespace>, handlers: &Handlers) -> Option<Handling> {
    if member.host.form.enters_root() {
        member.entered();
    }
    let client = Client::new(Arc::clone(member), Arc::clone(namespace));
    handlers.connect.as_ref().map(|handler| handler(client, ()))
}

/// What a client says that wants to come back.
#[derive(Deserialize)]
struct Claim {
    #[serde(default)]
    pid: Option<String>,
    #[serde(default)]
    offset: Option<String>,
}

/// Lets a client in that comes back after its connection broke, with its id, its rooms, what was kept with it, and
/// everything it has missed. Answers whether it did: if anything is missing the client comes in as a new one.
fn recover(member: &Arc<Member>, namespace: &Arc<Namespace>, credentials: &Credentials) -> bool {
    let Some(auth) = credentials.auth.as_ref().filter(|_| member.host.form == WireForm::Recoverable) else {
        return false;
    };
    let Ok(Claim { pid: Some(pid), offset }) = serde_json::from_str(auth.get()) else { return false };
    let Some(pid) = SessionId::parse(&pid) else { return false };
    if let Some(earlier) = namespace.recovery.present(pid) {
        if earlier.id() == member.id() {
            return false;
        }
        // Its connection broke, and only the client has noticed.
        earlier.end(DisconnectReason::TransportClosed);
    }
    let come_back = |found: Found| {
        let Found { kept, missed } = found;
        let recovery = Recovery { id: pid, since: kept.since, recovered: true };
        let reply = Outgoing::Reply(Reply::Connected { id: kept.id, recovery: Some(pid) });
        let reply = member.host.form.encode(namespace.endpoint(), &reply, None);
        let elements: Vec<_> = reply.elements().unwrap_or_default().iter().cloned().chain(missed).collect();
        let state = if namespace.is_root() { Arc::clone(&member.host.state) } else { Arc::default() };
        // What it replaces is the application's, and dropped when no lock is held.
        let replaced = state.lock().unwrap_or_else(PoisonError::into_inner).restore(kept.state);
        let kept_alive = Arc::clone(&state);
        let entry = Entry { state, id: kept.id, recovery: Some(recovery), auth: credentials.auth.clone() };
        let mut is_told = false;
        // What the client has missed begins behind the answer, and is worth no other message.
        let manner = Manner { words: 1, only_if_it_fits: true, ..Manner::PLAIN };
        let tell = || is_told = member.send(&elements, manner).is_ok();
        let is_in = member.host.seats.enter(member, namespace, entry, tell);
        if is_in && is_told {
            for room in &kept.rooms {
                member.host.seats.join(member, namespace, room);
            }
        }
        (is_in, is_told, (replaced, kept_alive))
    };
    let now = member.host.shared.now();
    match namespace.recovery.take(now, pid, offset.as_deref(), Arc::downgrade(member), come_back) {
        Some((true, true, _)) => {
            member.host.shared.counters.add(Count::Recovered, 1);
            true
        }
        Some((true, false, _)) => {
            // More than its queue holds: it is to begin anew.
            member.host.seats.leave(member, namespace, || {});
            member.host.seats.depart(namespace);
            false
        }
        Some((false, _, _)) => {
            namespace.recovery.leave(now, pid, None);
            false
        }
        None => false,
    }
}

impl Member {
    /// Answers for a namespace, whether the client is in it or not, and whether there is one. A full queue is counted.
    pub(crate) fn send_reply(self: &Arc<Self>, endpoint: &str, reply: Reply<'_>) {
        let encoding = self.host.form.encode(endpoint, &Outgoing::Reply(reply), None);
        if let Some(Err(QueueError::Full)) = encoding.elements().map(|elements| self.send(elements, Manner::WORD)) {
            self.host.shared.counters.add(Count::Dropped, 1);
        }
    }
}
