//! What stands between a handshake and its session: the turn of its peer, and a place.

use super::{
    body::Body,
    handshake_limit::{Turn, Waiting},
    receive::plain,
};
use crate::listener::{Count, Full, Place, Shared};
use http::{HeaderValue, Response, StatusCode, header};
use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

/// Why no session begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// The peer begins too many; it may come again after so many seconds.
    TooFast(u64),
    /// There are as many sessions as there may be.
    Full,
}

impl Denied {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::TooFast(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Full => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::TooFast(_) => "too many handshakes",
            Self::Full => "too many sessions",
        }
    }

    /// The answer to who has no form of its own for it.
    pub(crate) fn response(self) -> Response<Body> {
        let mut response = plain(self.status(), self.message());
        self.tell_when(&mut response);
        response
    }

    /// Says when to come again, where that is known.
    pub(crate) fn tell_when(self, response: &mut Response<Body>) {
        if let Self::TooFast(seconds) = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
    }
}

/// Waits for the peer's turn, and takes a place. `may_be_left` says that the session may be left unused: its first
/// connection does not carry it any further.
pub(crate) async fn enter(shared: &Shared, peer: Option<SocketAddr>, may_be_left: bool) -> Result<Place, Denied> {
    let peer = peer.map(|peer| peer.ip());
    if let Some(peer) = peer {
        wait_for_turn(shared, peer, may_be_left).await?;
    }
    shared.admission.take(peer).map_err(|full| {
        let (count, whose) = match full {
            Full::Listener => (Count::RefusedSession, "`max_sessions`: the listener has them all"),
            Full::Peer => (
                Count::RefusedByPeer,
                "`max_sessions_per_peer`: this address has them all (a proxy's? See `trusted_proxies`)",
            ),
        };
        let level = if shared.counters.add_first(count) { log::Level::Warn } else { log::Level::Debug };
        log::log!(target: "heirloom::handshake", level, "refused a session of {peer:?}, see the option {whose}");
        Denied::Full
    })
}

async fn wait_for_turn(shared: &Shared, peer: IpAddr, may_be_left: bool) -> Result<(), Denied> {
    let turn = shared.handshake_turn(shared.now(), peer, may_be_left);
    if turn != Turn::Now && shared.counters.add_first(Count::DelayedHandshake) {
        log::warn!(
            target: "heirloom::handshake",
            "{peer} begins sessions faster than it may, or than it uses them, and is slowed down. A client of the wrong \
             dialect does that: clients 0.3 and 0.4 need a resource with `Dialect::Json` (`also_mount`). Behind a proxy, \
             where all clients share an address, see the options `trusted_proxies` and `unlimited_handshakes`"
        );
    }
    match turn {
        Turn::Now => Ok(()),
        Turn::After(wait, waiting) => {
            let _waits = Waits { shared, waiting };
            tokio::time::sleep(wait).await;
            Ok(())
        }
        Turn::Never(later) => {
            shared.counters.add(Count::RefusedByRate, 1);
            Err(Denied::TooFast(whole_seconds(later)))
        }
    }
}

/// A handshake that waits, until it is dropped: its client may hang up.
struct Waits<'a> {
    shared: &'a Shared,
    waiting: Waiting,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.shared.handshake_waited(self.waiting);
    }
}

/// At least one, rounded up.
fn whole_seconds(duration: Duration) -> u64 {
    crate::listener::whole_seconds(duration).max(1)
}
