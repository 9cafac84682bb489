//! Who speaks, and to whom: what the messages of one burst have in common.

use super::{context::Member, handlers::Handlers};
use crate::{hub::Namespace, session::SessionId};
use std::sync::Arc;

/// The namespace of the last message, its handlers, and the client in it. Both may change from one message to the next,
/// by what a handler does, so it is looked whether they have, which is cheaper than to ask for them again.
#[derive(Debug)]
pub(super) struct Speaker {
    namespace: Arc<Namespace>,
    handlers: Arc<Handlers>,
    /// As of so many changes.
    handlers_as_of: usize,
    /// The id the client is known by, where it is heard.
    id: Option<SessionId>,
    id_as_of: usize,
}

impl Speaker {
    pub(super) fn new(member: &Member, namespace: &Arc<Namespace>) -> Self {
        // A change that comes between costs another look.
        let (handlers_as_of, id_as_of) = (namespace.handler_changes(), member.host.seats.changes());
        Self {
            namespace: Arc::clone(namespace),
            handlers: namespace.handlers(),
            handlers_as_of,
            id: heard(member, namespace),
            id_as_of,
        }
    }

    /// Whether it is the same as before.
    pub(super) fn is_current(&self, member: &Member, namespace: &Arc<Namespace>) -> bool {
        Arc::ptr_eq(&self.namespace, namespace)
            && self.handlers_as_of == namespace.handler_changes()
            && self.id_as_of == member.host.seats.changes()
            && (self.id.is_none() || member.host.inbox.is_heard())
    }

    pub(super) fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    pub(super) fn handlers(&self) -> &Handlers {
        &self.handlers
    }

    pub(super) fn id(&self) -> Option<SessionId> {
        self.id
    }
}

/// The id the client is known by in the namespace, where it is heard.
fn heard(member: &Member, namespace: &Arc<Namespace>) -> Option<SessionId> {
    let has_a_seat = member.host.form.enters_root() || !namespace.is_root();
    if has_a_seat { member.host.seats.heard(namespace) } else { member.host.inbox.is_heard().then(|| member.id()) }
}
