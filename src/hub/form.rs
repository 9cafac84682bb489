//! The tongues: how a session of each generation writes and what it can say.

use crate::{listener::Generation, wire::engine::Revision};

/// How a session writes its messages. What else differs between generations follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WireForm {
    /// `~m~` frames of 0.5 and 0.6.
    Frames,
    /// Elements of the JSON envelope of 0.3 and 0.4.
    Envelope,
    /// Packets of 0.7 to 0.9.
    Packets,
    /// Socket.IO packets of 1.x and 2.x, over Engine.IO 2 and 3.
    Engine3,
    /// Socket.IO packets since 3.0, over Engine.IO 4.
    Engine4,
    /// The same, with an offset behind the arguments of events: the client may ask for what it missed.
    Recoverable,
    /// Messages of Engine.IO 3 with nothing in them.
    BareEngine3,
    /// Messages of Engine.IO 4 with nothing in them.
    BareEngine4,
    /// Messages of a WebSocket.
    BareWebSocket,
}

impl WireForm {
    pub(crate) const ALL: [Self; 9] = [
        Self::Frames,
        Self::Envelope,
        Self::Packets,
        Self::Engine3,
        Self::Engine4,
        Self::Recoverable,
        Self::BareEngine3,
        Self::BareEngine4,
        Self::BareWebSocket,
    ];

    /// The place in [`WireForm::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn generation(self) -> Generation {
        match self {
            Self::Frames | Self::Envelope => Generation::Frames,
            Self::Packets => Generation::Packets,
            Self::Engine3 | Self::Engine4 | Self::Recoverable => Generation::Engine,
            Self::BareEngine3 | Self::BareEngine4 => Generation::BareEngine,
            Self::BareWebSocket => Generation::BareWebSocket,
        }
    }

    /// The revision of Engine.IO the session is carried by, if it is.
    pub(crate) fn revision(self) -> Option<Revision> {
        match self {
            Self::Engine3 | Self::BareEngine3 => Some(Revision::Three),
            Self::Engine4 | Self::Recoverable | Self::BareEngine4 => Some(Revision::Four),
            Self::Frames | Self::Envelope | Self::Packets | Self::BareWebSocket => None,
        }
    }

    /// Whether the protocol has acknowledgements.
    pub(crate) fn acknowledges(self) -> bool {
        matches!(self.generation(), Generation::Packets | Generation::Engine)
    }

    /// Whether a client has an id of its own in each namespace, and is in one only when it was let in.
    pub(crate) fn has_own_ids(self) -> bool {
        matches!(self, Self::Engine4 | Self::Recoverable)
    }

    /// Whether a client may be connected without being in the root namespace.
    pub(crate) fn enters_root(self) -> bool {
        self.generation() == Generation::Engine
    }

    /// Whether all that is not binary is text.
    pub(crate) fn has_only_texts(self) -> bool {
        matches!(self.generation(), Generation::BareEngine | Generation::BareWebSocket)
    }

    /// Whether a message `{"name": …, "args": […]}` stands for an event, there being no other way to say one.
    pub(crate) fn has_event_messages(self) -> bool {
        matches!(self.generation(), Generation::Frames | Generation::BareEngine | Generation::BareWebSocket)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_its_place() {
        for (place, form) in WireForm::ALL.into_iter().enumerate() {
            assert_eq!(form.index(), place);
        }
    }
}
