//! What a session of Engine.IO remembers of its client.

use super::{
    context::Member,
    data::Data,
    received::{Held, Received},
};
use crate::{
    hub::Namespace,
    wire::{double_utf8::Strings, packets::Acknowledge},
};
use bytes::Bytes;
use serde_json::value::RawValue;
use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

/// How polls of revision 3 are answered (docs/wire/engine.md §5.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PollForm {
    /// As text, binary as base64: the client cannot read bytes.
    Text,
    /// As text, unless there is binary.
    Adaptive,
    /// As bytes, whatever it is: the client reads nothing else.
    Bytes,
}

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) poll_form: PollForm,
    strings: Mutex<StringsOfBoth>,
    assembly: Mutex<Option<Box<Assembly>>>,
    /// Whether there is one.
    assembling: AtomicBool,
    posted: AtomicBool,
    probed: AtomicBool,
    /// It has left its polls for a socket.
    left: AtomicBool,
    /// Its socket takes no bytes.
    texts_only: AtomicBool,
}

/// How the client encodes texts: in the payloads of polls, and on a socket.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StringsOfBoth {
    pub(crate) payload: Strings,
    pub(crate) socket: Strings,
}

/// A packet whose attachments are on their way.
#[derive(Debug)]
pub(crate) struct Assembly {
    pub(crate) namespace: Option<Arc<Namespace>>,
    pub(crate) kind: AssemblyKind,
    pub(crate) list: Box<RawValue>,
    pub(crate) missing: usize,
    pub(crate) attachments: Vec<Bytes>,
    /// The account of what is here of it, and since when; nothing when there are to be no attachments.
    pub(crate) waiting: Option<(Held, Instant)>,
}

#[derive(Debug)]
pub(crate) enum AssemblyKind {
    Event { name: String, acknowledge: Acknowledge },
    Ack { id: u64 },
}

impl Assembly {
    /// What is here waits for the rest from this time on, if it does not yet; answers whether it may.
    pub(crate) fn waits(&mut self, received: &Arc<Received>, now: Instant) -> bool {
        let name = match &self.kind {
            AssemblyKind::Event { name, .. } => name.len(),
            AssemblyKind::Ack { .. } => 0,
        };
        let length = name + self.list.get().len() + self.length();
        self.waiting.get_or_insert_with(|| (Held::nothing(received), now)).0.set(length)
    }

    /// The bytes of all attachments so far.
    pub(crate) fn length(&self) -> usize {
        self.attachments.iter().map(Bytes::len).sum()
    }

    pub(crate) fn into_data(self) -> (Option<Arc<Namespace>>, AssemblyKind, Data) {
        (self.namespace, self.kind, Data::new(self.list, self.attachments))
    }
}

impl Engine {
    pub(crate) fn new(poll_form: PollForm, strings: StringsOfBoth) -> Self {
        Self {
            poll_form,
            strings: Mutex::new(strings),
            assembly: Mutex::default(),
            assembling: AtomicBool::new(false),
            posted: AtomicBool::new(false),
            probed: AtomicBool::new(false),
            left: AtomicBool::new(false),
            texts_only: AtomicBool::new(false),
        }
    }

    /// A text of the client's, as it was meant.
    pub(crate) fn read<'a>(&self, on_socket: bool, text: Cow<'a, str>) -> Cow<'a, str> {
        if text.is_ascii() {
            return text;
        }
        let mut strings = lock(&self.strings);
        if on_socket { strings.socket.read(text) } else { strings.payload.read(text) }
    }

    /// How texts are written to the client.
    pub(crate) fn strings(&self) -> StringsOfBoth {
        *lock(&self.strings)
    }

    /// Whether a packet waits for attachments.
    pub(crate) fn is_assembling(&self) -> bool {
        self.assembling.load(Ordering::SeqCst)
    }

    /// A packet waits for attachments.
    pub(crate) fn assemble(&self, assembly: Box<Assembly>) {
        let mut waiting = lock(&self.assembly);
        *waiting = Some(assembly);
        self.assembling.store(true, Ordering::SeqCst);
    }

    /// The packet that waits for attachments, which waits no longer.
    pub(crate) fn take_assembly(&self) -> Option<Box<Assembly>> {
        let mut waiting = lock(&self.assembly);
        self.assembling.store(false, Ordering::SeqCst);
        waiting.take()
    }

    /// Whether the attachments of a packet have taken longer than a message may.
    pub(crate) fn is_overdue(&self, member: &Member) -> bool {
        let shared = &member.host.shared;
        let since = lock(&self.assembly).as_ref().and_then(|assembly| Some(assembly.waiting.as_ref()?.1));
        since.is_some_and(|since| shared.now().saturating_duration_since(since) > shared.options.budget.frame_timeout)
    }

    /// A request brings packets, until the claim is dropped; nothing while another does.
    pub(crate) fn begin_post(&self) -> Option<Claim<'_>> {
        Claim::of(&self.posted)
    }

    /// Whether a request brings packets now.
    pub(crate) fn is_posted(&self) -> bool {
        self.posted.load(Ordering::SeqCst)
    }

    /// Whether a socket tries to take the session over, or has.
    pub(crate) fn is_probed(&self) -> bool {
        self.probed.load(Ordering::SeqCst)
    }

    /// The client has left its polls: a socket has the session, or ends it.
    pub(crate) fn leave_polls(&self) {
        self.left.store(true, Ordering::SeqCst);
    }

    pub(crate) fn has_left_polls(&self) -> bool {
        self.left.load(Ordering::SeqCst)
    }

    /// The client's socket takes no bytes, or does.
    pub(crate) fn set_texts_only(&self, texts_only: bool) {
        self.texts_only.store(texts_only, Ordering::Relaxed);
    }

    pub(crate) fn has_texts_only(&self) -> bool {
        self.texts_only.load(Ordering::Relaxed)
    }
}

/// Something only one may do at a time.
#[derive(Debug)]
pub(crate) struct Claim<'a>(&'a AtomicBool);

impl<'a> Claim<'a> {
    fn of(flag: &'a AtomicBool) -> Option<Self> {
        (!flag.swap(true, Ordering::SeqCst)).then_some(Self(flag))
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

/// The one socket that tries to take a session over, or has, until this is dropped.
#[derive(Debug)]
pub(crate) struct Probe(Arc<Member>);

impl Probe {
    /// Nothing while there is another.
    pub(crate) fn begin(member: &Arc<Member>) -> Option<Self> {
        let engine = member.host.engine.as_deref()?;
        (!engine.probed.swap(true, Ordering::SeqCst)).then(|| Self(Arc::clone(member)))
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        if let Some(engine) = &self.0.host.engine {
            engine.probed.store(false, Ordering::SeqCst);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
