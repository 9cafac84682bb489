//! What one reading of a client's connection brings, handed to the application as it comes.

use super::{
    context::Member,
    dispatch,
    handlers::Handling,
    inbox::{self, Event, Inbox, STRETCH},
    message::Message,
    said::Said,
    speaker::Speaker,
};
use crate::{
    hub::Namespace,
    listener::{Busy, Count, Shared},
    wire::packets::Acknowledge,
};
use std::{
    borrow::Cow,
    sync::Arc,
    task::{Context, Waker},
};

/// Events in the order in which they come. One before which nothing waits is handled at once, without a place in the
/// [`Inbox`]; all others wait there. What is counted, and what the session is told, is so once.
#[derive(Debug)]
pub(crate) struct Burst<'a> {
    member: &'a Arc<Member>,
    /// No handler may run here.
    only_queues: bool,
    /// The inbox is worked through by nobody else.
    is_claimed: bool,
    has_queued: bool,
    /// How many more events are handled at a stretch.
    left: usize,
    bytes: usize,
    messages: usize,
    was_heard: bool,
    speaker: Option<Speaker>,
    /// What a shutdown waits for, where it waits for nothing else meanwhile.
    _busy: Option<Busy>,
}

impl<'a> Burst<'a> {
    /// For what comes on a socket, which a shutdown waits for.
    pub(crate) fn on_socket(member: &'a Arc<Member>) -> Self {
        Self::new(member, false, None)
    }

    /// For what comes in a request.
    pub(crate) fn in_request(member: &'a Arc<Member>) -> Self {
        Self::new(member, false, Some(Shared::busy(&member.host.shared)))
    }

    /// For what is to wait for its handlers, which the caller sees to.
    pub(crate) fn for_later(member: &'a Arc<Member>) -> Self {
        Self::new(member, true, None)
    }

    fn new(member: &'a Arc<Member>, only_queues: bool, _busy: Option<Busy>) -> Self {
        Self {
            member,
            only_queues,
            is_claimed: false,
            has_queued: false,
            left: STRETCH,
            bytes: 0,
            messages: 0,
            was_heard: false,
            speaker: None,
            _busy,
        }
    }

    pub(crate) fn member(&self) -> &'a Arc<Member> {
        self.member
    }

    /// So many bytes have come.
    pub(crate) fn count_bytes(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// The client is there.
    pub(crate) fn hear(&mut self) {
        if !self.was_heard {
            self.was_heard = true;
            self.member.hear();
        }
    }

    pub(crate) fn message(&mut self, namespace: &Arc<Namespace>, message: Message, acknowledge: Acknowledge) {
        self.messages += 1;
        if self.is_next() {
            self.handle(namespace, |member, speaker| dispatch::message(member, speaker, message, acknowledge));
        } else {
            self.queue(Event::Message { namespace: Arc::clone(namespace), message, acknowledge });
        }
    }

    pub(crate) fn named(
        &mut self,
        namespace: &Arc<Namespace>,
        name: Cow<'_, str>,
        arguments: Said<'_>,
        acknowledge: Acknowledge,
    ) {
        self.messages += 1;
        if self.is_next() {
            self.handle(namespace, |member, speaker| dispatch::named(member, speaker, &name, arguments, acknowledge));
        } else {
            let (namespace, name, arguments) = (Arc::clone(namespace), name.into_owned(), arguments.into_data());
            self.queue(Event::Named { namespace, name, arguments, acknowledge });
        }
    }

    /// What is no message.
    pub(crate) fn queue(&mut self, event: Event) {
        let was_said = matches!(event, Event::Message { .. } | Event::Named { .. });
        if self.inbox().push(event) {
            self.has_queued = true;
        } else if was_said {
            self.member.host.shared.counters.add(Count::Ignored, 1);
        }
    }

    /// What comes from elsewhere, such as the end of the session, is handled here as well, when this is flushed or dropped.
    pub(crate) fn claim(&mut self) {
        self.is_claimed = self.is_claimed || self.inbox().claim();
    }

    /// Whether what comes now may be handled before all others.
    fn is_next(&mut self) -> bool {
        if self.only_queues || self.left == 0 {
            return false;
        }
        self.left -= 1;
        if self.is_claimed {
            return self.inbox().is_quiet();
        }
        self.is_claimed = self.inbox().claim();
        self.is_claimed
    }

    fn handle(&mut self, namespace: &Arc<Namespace>, begin: impl FnOnce(&Arc<Member>, &Speaker) -> Option<Handling>) {
        let speaker = match &mut self.speaker {
            Some(speaker) if speaker.is_current(self.member, namespace) => speaker,
            speaker => speaker.insert(Speaker::new(self.member, namespace)),
        };
        // The task polls once more by itself, so a wake-up meant for this poll is not missed.
        let mut context = Context::from_waker(Waker::noop());
        if let Some(handling) = inbox::advance(self.member, &mut context, |member| begin(member, speaker)) {
            self.is_claimed = false;
            inbox::finish_elsewhere(self.member, handling);
        }
    }

    /// Has everything handled that has come, as far as it can be done at once.
    pub(crate) fn flush(&mut self) {
        let (was_claimed, has_queued) = (self.is_claimed, self.has_queued);
        (self.is_claimed, self.has_queued) = (false, false);
        if was_claimed {
            if !self.inbox().release() {
                inbox::go_on(self.member);
            }
        } else if has_queued && !self.only_queues {
            inbox::handle_here(self.member);
        }
    }

    fn inbox(&self) -> &'a Inbox {
        &self.member.host.inbox
    }
}

impl Drop for Burst<'_> {
    fn drop(&mut self) {
        self.flush();
        let counters = &self.member.host.shared.counters;
        counters.add(Count::ReceivedBytes, self.bytes);
        counters.add(Count::ReceivedMessages, self.messages);
    }
}
