//! What a server wrote, taken apart so that it can be compared: heads, bodies without their framing, and raw bytes.

use std::collections::VecDeque;

/// Left out of every comparison: they belong to the HTTP layer, not to the protocol.
const IGNORED: [&str; 5] = ["date", "connection", "keep-alive", "transfer-encoding", "content-length"];

/// Polls of 0.7 to 0.9 say this themselves, and in this spelling.
const KEPT: (&str, &str) = ("connection", "Keep-Alive");

/// Heirloom may say these where the originals were silent: how to cache, sniff and vary.
const ADDITIONS: [&str; 3] = ["cache-control", "vary", "x-content-type-options"];

/// A piece of what a server wrote.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Unit {
    Head(Head),
    /// Bytes of a body, or of anything that is not HTTP.
    Bytes(Vec<u8>),
    /// A body is complete.
    End,
}

/// The status and headers of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    /// The body's length was announced.
    pub(crate) sized: bool,
    /// The announced length was smaller than the body.
    pub(crate) short: bool,
    /// The body is a sentence for people.
    pub(crate) explains: bool,
}

impl Head {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(header, _)| header == name).map(|(_, value)| value.as_str())
    }

    /// Whether `actual` says all that this head says, and beyond it only what is always allowed.
    fn admits(&self, actual: &Self) -> bool {
        let explains = |name: &str| self.explains && name == "content-type";
        let said = self
            .headers
            .iter()
            .filter(|(name, _)| !explains(name))
            .all(|(name, value)| actual.header(name).is_some_and(|actual| admits_value(value, actual)));
        let added = |name: &str| self.header(name).is_none() && !ADDITIONS.contains(&name);
        self.status == actual.status
            && said
            && !actual.headers.iter().any(|(name, _)| added(name))
            && (!self.sized || actual.sized)
            && !self.short
            && !actual.short
    }
}

/// A value of a header that says `"*"` stands for anything in quotes.
fn admits_value(expected: &str, actual: &str) -> bool {
    let quoted = actual.len() > 2 && actual.starts_with('"') && actual.ends_with('"');
    expected == actual || (expected == r#""*""# && quoted)
}

/// Units, one step finer: what is compared.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Atom {
    Head(Head),
    Byte(u8),
    End,
}

impl Atom {
    pub(crate) fn admits(&self, actual: &Self) -> bool {
        match (self, actual) {
            (Self::Head(expected), Self::Head(actual)) => expected.admits(actual),
            (expected, actual) => expected == actual,
        }
    }
}

pub(crate) fn atoms(units: &[Unit]) -> Vec<Atom> {
    let mut atoms = Vec::new();
    for unit in units {
        match unit {
            Unit::Head(head) => atoms.push(Atom::Head(head.clone())),
            Unit::Bytes(bytes) => atoms.extend(bytes.iter().copied().map(Atom::Byte)),
            Unit::End => atoms.push(Atom::End),
        }
    }
    atoms
}

/// Atoms for people to read.
pub(crate) fn show(atoms: &[Atom]) -> String {
    let mut shown = String::new();
    for atom in atoms {
        match atom {
            Atom::Head(head) => shown.push_str(&format!("\n  [{} {:?}] ", head.status, head.headers)),
            Atom::Byte(byte) => shown.push_str(&byte.escape_ascii().to_string()),
            Atom::End => shown.push_str(" [end]"),
        }
    }
    shown
}

/// Cuts what a server writes on one connection into units.
#[derive(Debug)]
pub(crate) struct Parser {
    /// Up to 0.5.3 servers announced lengths that were too small.
    lenient: bool,
    /// Refusals of these come with a sentence for people, which is left out.
    explained: &'static [u16],
    /// The methods of the requests not answered yet.
    methods: VecDeque<String>,
    pending: Vec<u8>,
    state: State,
    /// The body at hand is a sentence for people.
    explaining: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum State {
    Head,
    Sized(usize),
    ChunkSize,
    Chunk(usize),
    ChunkEnd,
    LastChunkEnd,
    /// Everything from here on belongs together.
    Rest,
}

impl Parser {
    pub(crate) fn new(lenient: bool, explained: &'static [u16]) -> Self {
        Self {
            lenient,
            explained,
            methods: VecDeque::new(),
            pending: Vec::new(),
            state: State::Head,
            explaining: false,
        }
    }

    /// The client sent these bytes; if they begin a request, its method matters for the length of the answer.
    pub(crate) fn request(&mut self, bytes: &[u8]) {
        let method = bytes.split(|&byte| byte == b' ').next().unwrap_or_default();
        if matches!(method, b"GET" | b"POST" | b"HEAD" | b"OPTIONS" | b"PUT" | b"DELETE") {
            self.methods.push_back(String::from_utf8_lossy(method).into_owned());
        }
    }

    /// As [`Parser::feed`], for a recording: the body may have been left out, and its length may be a lie.
    pub(crate) fn feed_recorded(&mut self, bytes: &[u8], body_omitted: bool) -> Vec<Unit> {
        let mut units = self.feed(bytes);
        if body_omitted {
            self.state = State::Head;
            units.push(Unit::End);
        }
        units
    }

    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<Unit> {
        self.pending.extend_from_slice(bytes);
        let mut units = Vec::new();
        while let Some(next) = self.next() {
            units.extend(next.into_iter().filter(|unit| !self.explaining || !matches!(unit, Unit::Bytes(_))));
        }
        units
    }

    /// `None` when more bytes are needed.
    fn next(&mut self) -> Option<Vec<Unit>> {
        match self.state {
            State::Head => self.head(),
            State::Sized(0) => {
                self.state = State::Head;
                Some(vec![Unit::End])
            }
            State::Sized(left) => {
                let bytes = self.take(left)?;
                self.state = State::Sized(left - bytes.len());
                Some(vec![Unit::Bytes(bytes)])
            }
            State::ChunkSize => {
                let line = self.line()?;
                let size = usize::from_str_radix(line.trim(), 16).expect("a chunk size");
                self.state = if size == 0 { State::LastChunkEnd } else { State::Chunk(size) };
                Some(Vec::new())
            }
            State::Chunk(0) => {
                self.state = State::ChunkEnd;
                Some(Vec::new())
            }
            State::Chunk(left) => {
                let bytes = self.take(left)?;
                self.state = State::Chunk(left - bytes.len());
                Some(vec![Unit::Bytes(bytes)])
            }
            State::ChunkEnd => {
                self.line()?;
                self.state = State::ChunkSize;
                Some(Vec::new())
            }
            State::LastChunkEnd => {
                self.line()?;
                self.state = State::Head;
                Some(vec![Unit::End])
            }
            State::Rest => self.take(usize::MAX).map(|bytes| vec![Unit::Bytes(bytes)]),
        }
    }

    fn head(&mut self) -> Option<Vec<Unit>> {
        let known = self.pending.len().min(5);
        if self.pending[..known] != b"HTTP/"[..known] {
            self.state = State::Rest;
            return Some(Vec::new());
        }
        let end = self.pending.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let text = String::from_utf8_lossy(&self.pending[..end]).into_owned();
        if text.lines().next().is_some_and(|line| line.ends_with("Protocol Handshake")) {
            // The drafts of WebSocket fix every byte of their head.
            self.state = State::Rest;
            return Some(Vec::new());
        }
        self.pending.drain(..end);
        let method = self.methods.pop_front().unwrap_or_default();
        let (head, length, chunked) = parse_head(&text);
        let (status, mut head) = (head.status, head);
        self.explaining = self.explained.contains(&status);
        head.explains = self.explaining;
        self.state = match length {
            _ if status == 101 => State::Rest,
            _ if method == "HEAD" || status == 204 || status == 304 => State::Sized(0),
            Some(length) if self.lenient && length < self.pending.len() => {
                head.short = true;
                State::Sized(self.pending.len())
            }
            Some(length) => State::Sized(length),
            None if chunked => State::ChunkSize,
            None => State::Rest,
        };
        Some(vec![Unit::Head(head)])
    }

    fn take(&mut self, at_most: usize) -> Option<Vec<u8>> {
        let count = at_most.min(self.pending.len());
        (count > 0).then(|| self.pending.drain(..count).collect())
    }

    fn line(&mut self) -> Option<String> {
        let end = self.pending.windows(2).position(|window| window == b"\r\n")? + 2;
        let line: Vec<u8> = self.pending.drain(..end).collect();
        Some(String::from_utf8_lossy(&line).into_owned())
    }
}

/// The head, the announced length, and whether the body is chunked.
fn parse_head(text: &str) -> (Head, Option<usize>, bool) {
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|status| status.parse().ok());
    let all: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let of = |name: &str| all.iter().find(|(header, _)| header == name).map(|(_, value)| value.clone());
    let length = of("content-length").and_then(|length| length.parse().ok());
    let chunked = of("transfer-encoding").is_some();
    let kept = |name: &str, value: &str| !IGNORED.contains(&name) || (name, value) == KEPT;
    let headers = all.iter().filter(|(name, value)| kept(name, value)).cloned().collect();
    let head =
        Head { status: status.expect("a status"), headers, sized: length.is_some(), short: false, explains: false };
    (head, length, chunked)
}
