//! Options of sessions of Engine.IO: clients since 1.0, and the bare protocols.

use super::Builder;
use std::time::Duration;

impl Builder {
    /// From the beginning of a session of Engine.IO, and then from each answer, to the next heartbeat; also how often a
    /// client before 3.0 is to send one. Also the pace of the pings of [`Dialect::BareWebSocket`](crate::Dialect).
    /// Default 25 s.
    pub fn ping_interval(mut self, interval: Duration) -> Self {
        self.engine.ping_interval = interval;
        self
    }

    /// How long the answer to such a heartbeat may take; a client before 3.0 may be silent for as long beyond the
    /// interval. Default 20 s.
    pub fn ping_timeout(mut self, timeout: Duration) -> Self {
        self.engine.ping_timeout = timeout;
        self
    }

    /// How long a client may take to go over from polling to a WebSocket it has opened for that. Then the WebSocket is
    /// closed; the session goes on by polling. Default 10 s.
    pub fn upgrade_timeout(mut self, timeout: Duration) -> Self {
        self.engine.upgrade_timeout = timeout;
        self
    }

    /// How long a client since 1.0 may be connected without being in a namespace. Default 45 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.engine.connect_timeout = timeout;
        self
    }

    /// For how long a client since 4.6 whose connection broke may come back as the one it was: with its id, rooms and
    /// state, and with the events it has missed ([`Client::is_recovered`](crate::Client::is_recovered)). Default 2 min.
    ///
    /// For that each namespace keeps its last events, as many as sixteen times the bounds of one client's queue, while
    /// somebody is there who may come back. A client finds its place by a text behind the arguments of each event that
    /// is neither volatile nor acknowledged, which its handlers see as one argument more. Clients known to be others
    /// than the browser's and Node's are spared it.
    pub fn recovery(mut self, window: Duration) -> Self {
        self.engine.recovery = Some(window);
        self
    }

    /// Nobody comes back: every connection is a new client. No text goes behind the arguments of events.
    pub fn without_recovery(mut self) -> Self {
        self.engine.recovery = None;
        self
    }

    /// Gives every new session of Engine.IO a cookie of this name with its id, `HttpOnly` and `SameSite=Lax`: for
    /// proxies that send all requests of a session to one server. The listener does not read it. Default: none.
    pub fn session_cookie(mut self, name: impl Into<String>) -> Self {
        self.engine.cookie = Some(name.into());
        self
    }

    /// Takes every text of a client before 2.0 as it comes, where it is not known how the client encodes. Otherwise the
    /// first one outside ASCII tells (docs/wire/engine.md §6), which goes wrong if that is a text such as `Ã©` from a
    /// client of 2.x.
    pub fn without_encoding_guess(mut self) -> Self {
        self.engine.guess_encoding = false;
        self
    }
}
