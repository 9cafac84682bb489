//! Every state in which a client can vanish, and every way.

use super::{
    http::{CLOSE, Connection, Place, TEXT, frame, patiently, request},
    kinds::{Carrier, Kind, Wire},
    peer::Peer,
};
use std::{fmt, io::Result};

/// Bytes of an answer that a client reads a little of.
const LARGE: usize = 32 * 1024;
/// What a half request or frame leaves out.
const HALF: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// A connection, and nothing said.
    Connected,
    /// In the middle of the first head.
    MidHeader,
    /// It has an id and does not come for more.
    Handshaken,
    /// Its poll waits, or its stream or socket is open.
    Open,
    BetweenPolls,
    /// In the middle of a body it sends.
    MidBody,
    /// In the middle of a frame it sends.
    MidFrame,
    /// In the middle of an answer it asked for.
    HalfRead,
    /// It has begun to say goodbye.
    MidClose,
    /// It was told goodbye and does not hear it.
    Dismissed,
    /// A second connection has asked to take over.
    MidUpgrade,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Its side of the connection is closed.
    Closed,
    /// The connection is reset.
    Reset,
    /// Nothing comes any more, as when a cable is cut.
    Silent,
}

/// A client, where it vanishes, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fate {
    pub(crate) kind: Kind,
    pub(crate) state: State,
    pub(crate) way: Way,
}

impl Fate {
    /// Whatever can happen to anybody.
    pub(crate) fn all() -> Vec<Self> {
        let ways = [Way::Closed, Way::Reset, Way::Silent];
        let kinds = Kind::all().into_iter();
        let states = kinds.flat_map(|kind| states(kind).into_iter().map(move |state| (kind, state)));
        let fates = states.flat_map(|(kind, state)| ways.map(|way| Self { kind, state, way }));
        fates.filter(|fate| fate.can_be_seen()).collect()
    }

    /// Clients of 0.3 and 0.4 answer no heartbeats: while its connection stands, one that is silent on a socket or a stream
    /// is like any other that has nothing to say. What ends it is the kernel, when it hears nothing from the other.
    fn can_be_seen(self) -> bool {
        use State::{Connected, Dismissed, MidFrame, MidHeader};
        let is_heard = self.kind.wire != Wire::Envelope || self.kind.carrier.is_poll();
        let ends = matches!(self.state, Connected | MidHeader | MidFrame | Dismissed)
            || self.state == State::MidClose && self.kind.carrier.is_socket();
        is_heard || ends || self.way != Way::Silent
    }

    /// Goes as far as its state and vanishes; answers the connections that have to stay open for that.
    pub(crate) async fn meet(self, place: Place) -> Result<Vec<Connection>> {
        let connections = patiently(reach(self.kind, self.state, place)).await?;
        match self.way {
            Way::Closed => {}
            Way::Reset => connections.into_iter().for_each(Connection::reset),
            Way::Silent => return Ok(connections),
        }
        Ok(Vec::new())
    }
}

impl fmt::Display for Fate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, state, way } = self;
        write!(formatter, "{kind}: {state:?}, {way:?}")
    }
}

fn states(kind: Kind) -> Vec<State> {
    use State::{
        BetweenPolls, Connected, Dismissed, HalfRead, Handshaken, MidBody, MidClose, MidFrame, MidHeader, MidUpgrade,
        Open,
    };
    let mut states = vec![Connected, MidHeader, Handshaken, Open, HalfRead, MidClose, Dismissed];
    if kind.carrier.is_socket() {
        states.push(MidFrame);
    } else {
        states.push(MidBody);
    }
    if kind.carrier.is_poll() {
        states.push(BetweenPolls);
    }
    if kind.carrier == Carrier::Upgraded {
        states.push(MidUpgrade);
    }
    states
}

async fn reach(kind: Kind, state: State, place: Place) -> Result<Vec<Connection>> {
    match state {
        State::Connected => return Ok(vec![Connection::open(place).await?]),
        State::MidHeader => {
            let mut connection = Connection::open(place).await?;
            connection.send(half(request("GET", &kind.path(""), "", "").as_bytes())).await?;
            return Ok(vec![connection]);
        }
        State::Handshaken => return Ok(Peer::begin(kind, place).await?.into_connections().collect()),
        State::MidUpgrade => {
            // As far as the probe, without the word that ends it.
            let mut peer = Peer::begin(Kind { carrier: Carrier::Polling, ..kind }, place).await?;
            peer.enter().await?;
            peer.probe().await?;
            return Ok(peer.into_connections().collect());
        }
        _ => {}
    }
    let mut peer = Peer::connect(kind, place).await?;
    match state {
        State::Open if kind.carrier.is_poll() => peer.park().await?,
        State::MidBody => {
            let post = kind.post(&peer.id, &kind.message("never heard"));
            peer.up().await?.send(half(post.as_bytes())).await?;
        }
        State::MidFrame => {
            let whole = match kind.carrier {
                Carrier::Draft => format!("\0{}", kind.message("never heard")).into_bytes(),
                _ => frame(TEXT, kind.message("never heard").as_bytes()),
            };
            peer.down.send(half(&whole)).await?;
        }
        State::HalfRead => {
            if kind.carrier.is_poll() {
                peer.park().await?;
            }
            peer.send(&format!("large {LARGE}")).await?;
            peer.down.sip(100).await?;
        }
        State::MidClose => match kind.goodbye() {
            _ if kind.carrier == Carrier::Draft => peer.down.send([0xff]).await?,
            _ if kind.carrier.is_socket() => peer.down.send(frame(CLOSE, &[])).await?,
            Some(goodbye) => {
                let post = kind.post(&peer.id, goodbye);
                peer.up().await?.send(half(post.as_bytes())).await?;
            }
            None => {
                let path = format!("/{}/xhr-polling/{}/disconnect", kind.wire.resource(), peer.id);
                let post = request("POST", &path, "", "");
                peer.up().await?.send(half(post.as_bytes())).await?;
            }
        },
        State::Dismissed => peer.send("bye").await?,
        _ => {}
    }
    Ok(peer.into_connections().collect())
}

fn half(bytes: &[u8]) -> &[u8] {
    bytes.get(..bytes.len() - HALF).unwrap_or_default()
}
