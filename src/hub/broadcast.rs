//! One message to many clients.

use super::{
    encoded::{Encoded, Outgoing},
    form::WireForm,
    namespace::Namespace,
    recovery::Audience,
    rooms::Members,
};
use crate::{
    client::{Client, Member, Message, SendError, check_event_name, list_of_arguments},
    listener::{Count, Shared},
    session::{Element, Key, Manner, QueueError, SessionId},
};
use serde::Serialize;
use std::{fmt, sync::Arc};

/// What became of a broadcast.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "tells how many clients the message did not reach"]
pub struct Broadcast {
    /// Clients the message was queued for.
    pub queued: usize,
    /// Clients whose queue was full, or, of a volatile message, those that had no connection to take it; the message
    /// was dropped for them.
    pub dropped: usize,
    /// Clients that went away meanwhile.
    pub closed: usize,
    /// Clients whose generation cannot say this: binary to those older than 1.0.
    pub unsupported: usize,
}

/// Clients of one namespace: all of them, or those in some rooms, perhaps without some.
#[derive(Clone)]
#[must_use = "names receivers; `send` and `emit` send"]
pub struct Target {
    shared: Arc<Shared>,
    namespace: Arc<Namespace>,
    /// None is everybody.
    rooms: Vec<Arc<str>>,
    except: Vec<SessionId>,
    manner: Manner,
}

impl Target {
    pub(crate) fn everybody(shared: Arc<Shared>, namespace: Arc<Namespace>) -> Self {
        Self { shared, namespace, rooms: Vec::new(), except: Vec::new(), manner: Manner::PLAIN }
    }

    pub(crate) fn without(mut self, id: SessionId) -> Self {
        if !self.except.contains(&id) {
            self.except.push(id);
        }
        self
    }

    /// The clients in this room as well; each is reached once, also when it is in several. The first call narrows
    /// the target from the whole namespace to the room.
    pub fn to(mut self, room: &str) -> Self {
        self.rooms.push(room.into());
        self
    }

    /// Leaves out the client with this id as well.
    pub fn except(mut self, id: &str) -> Self {
        // By the id it is known by as well: it may have gone and come back.
        self.except.extend(self.namespace.parse_id(id));
        self.except.extend(self.namespace.member(id).map(|member| member.id()));
        self
    }

    /// Drops the message for every client that has no connection to take it at once: between two polls, or behind a
    /// socket that is not read. See [`Client::volatile`].
    pub fn volatile(mut self) -> Self {
        self.manner.volatile = true;
        self
    }

    /// The message takes the place of one that waits with the same key. See [`Client::conflate`].
    pub fn conflate(mut self, key: &str) -> Self {
        self.manner.key = Some(Key::new(self.namespace.endpoint(), key));
        self
    }

    /// Queues a message for every one of them. Never blocks and never waits.
    pub fn send(&self, message: impl Into<Message>) -> Broadcast {
        self.deliver(Outgoing::message(&message.into()))
    }

    /// Queues an event for every one of them. See [`Client::emit`] for the arguments.
    ///
    /// # Errors
    ///
    /// [`SendError::Reserved`] for a name that belongs to the protocol, [`SendError::Json`] when the arguments have no
    /// JSON form.
    pub fn emit<T: Serialize + ?Sized>(&self, name: &str, arguments: &T) -> Result<Broadcast, SendError> {
        check_event_name(name)?;
        let arguments = list_of_arguments(arguments).map_err(|error| SendError::Json(error.to_string()))?;
        Ok(self.deliver(Outgoing::event(name, &arguments)))
    }

    /// The clients that are meant, as of now.
    #[must_use]
    pub fn clients(&self) -> Vec<Client> {
        let members = self.members();
        let meant = members.iter().filter(|member| member.is_open() && !self.except.contains(&member.id()));
        meant.map(|member| Client::new(Arc::clone(member), Arc::clone(&self.namespace))).collect()
    }

    fn members(&self) -> Members {
        if self.rooms.is_empty() {
            Members::All(self.namespace.members.snapshot())
        } else {
            self.namespace.rooms.members(&self.rooms)
        }
    }

    fn deliver(&self, outgoing: Outgoing<'_>) -> Broadcast {
        let encoded = Encoded::new(self.namespace.endpoint(), outgoing);
        let mut delivery = Delivery { target: self, encoded: &encoded, outcome: Broadcast::default(), missed: 0 };
        let may_return = |form: WireForm| form == WireForm::Recoverable;
        if !self.namespace.recovery.is_active() {
            delivery.queue(&self.members(), |_| true);
        } else if self.manner.volatile {
            // It is not kept, but a text at its end looks like an offset to who may come back.
            let members = self.members();
            let tail = encoded.outgoing().tail();
            self.namespace.recovery.pass(|number| {
                if let Some(tail) = &tail {
                    for member in members.iter().filter(|member| may_return(member.host.form)) {
                        member.host.seats.note_tail(&self.namespace, tail, number);
                    }
                }
                delivery.queue(&members, may_return);
            });
            delivery.queue(&members, |form| !may_return(form));
        } else {
            let audience = Audience::Many { rooms: self.rooms.clone(), except: self.except.clone() };
            let mut recording = self.namespace.recovery.begin(self.shared.now());
            recording.keep(audience, self.manner.key, |offset| {
                encoded.form_at(WireForm::Recoverable, Some(offset)).elements().map(Arc::from)
            });
            let members = self.members();
            let order = recording.kept();
            delivery.queue(&members, may_return);
            drop(order);
            delivery.queue(&members, |form| !may_return(form));
        }
        delivery.finish()
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Target")
            .field("namespace", &self.namespace.name())
            .field("rooms", &self.rooms)
            .field("except", &self.except)
            .field("manner", &self.manner)
            .finish_non_exhaustive()
    }
}

/// From so many receivers on the bytes of a message are not charged to each as if they were its own.
const MANY: usize = 16;

/// One message on its way to its receivers.
struct Delivery<'a> {
    target: &'a Target,
    encoded: &'a Encoded<'a>,
    outcome: Broadcast,
    missed: usize,
}

impl Delivery<'_> {
    /// Queues it for those of these forms.
    fn queue(&mut self, members: &[Arc<Member>], is_meant: impl Fn(WireForm) -> bool) {
        let Target { except, manner, .. } = self.target;
        let manner = Manner { shared: members.len() >= MANY, ..*manner };
        // Neighbours mostly have the same form.
        let mut last: Option<(WireForm, Option<&[Element]>)> = None;
        for member in members {
            let form = member.host.form;
            if !is_meant(form) || except.contains(&member.id()) {
                continue;
            }
            let elements = match last {
                Some((other, elements)) if other == form => elements,
                _ => self.encoded.form(form).elements(),
            };
            last = Some((form, elements));
            let Some(elements) = elements else {
                self.outcome.unsupported += 1;
                continue;
            };
            match member.send(elements, manner) {
                Ok(()) => self.outcome.queued += 1,
                Err(QueueError::Full) => self.outcome.dropped += 1,
                Err(QueueError::NotReady) => self.missed += 1,
                Err(QueueError::Closed) => self.outcome.closed += 1,
            }
        }
    }

    fn finish(mut self) -> Broadcast {
        let counters = &self.target.shared.counters;
        counters.add(Count::Encoded, self.encoded.made());
        counters.add(Count::Unsupported, self.outcome.unsupported);
        counters.add(Count::Dropped, self.outcome.dropped);
        counters.add(Count::VolatileDropped, self.missed);
        self.outcome.dropped += self.missed;
        self.outcome
    }
}
