//! What a request of Engine.IO says of itself in its query (docs/wire/engine.md §2).

use super::error::Error;
use crate::{transport::route::parameters, wire::engine::Revision};
use std::borrow::Cow;

/// The parameters that mean something. Of several with one name the last holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Query<'a> {
    revision: Option<Cow<'a, str>>,
    transport: Option<Cow<'a, str>>,
    /// The session.
    pub(super) sid: Option<Cow<'a, str>>,
    /// Whatever keeps caches out, and tells the client's library by its form.
    timestamp: Option<Cow<'a, str>>,
    /// The client takes no bytes.
    pub(super) base64: bool,
    /// The callback of a JSONP client; digits.
    pub(super) index: Option<String>,
}

/// How a request wants to be carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    Polling,
    WebSocket,
}

/// More digits than any callback has.
const MAX_INDEX_DIGITS: usize = 10;

impl<'a> Query<'a> {
    pub(crate) fn of(query: Option<&'a str>) -> Self {
        let mut parsed = Self::default();
        for (name, value) in parameters(query.unwrap_or("")) {
            match &*name {
                "EIO" => parsed.revision = Some(value),
                "transport" => parsed.transport = Some(value),
                "sid" => parsed.sid = Some(value).filter(|sid| !sid.is_empty()),
                "t" => parsed.timestamp = Some(value),
                "b64" => parsed.base64 = !value.is_empty(),
                "j" => {
                    let digits: String = value.chars().filter(char::is_ascii_digit).take(MAX_INDEX_DIGITS).collect();
                    parsed.index = Some(if digits.is_empty() { "0".to_owned() } else { digits });
                }
                _ => {}
            }
        }
        parsed
    }

    /// The same, without the request.
    pub(super) fn into_owned(self) -> Query<'static> {
        let owned = |value: Option<Cow<'_, str>>| value.map(|value| Cow::Owned(value.into_owned()));
        Query {
            revision: owned(self.revision),
            transport: owned(self.transport),
            sid: owned(self.sid),
            timestamp: owned(self.timestamp),
            base64: self.base64,
            index: self.index,
        }
    }

    /// Whether the query alone says that it is Engine.IO.
    pub(crate) fn is_engine(&self) -> bool {
        let known = ["polling", "websocket", "webtransport"];
        self.revision.is_some() && self.transport.as_deref().is_some_and(|transport| known.contains(&transport))
    }

    pub(super) fn carrier(&self) -> Result<Carrier, Error> {
        match self.transport.as_deref() {
            Some("polling") => Ok(Carrier::Polling),
            Some("websocket") => Ok(Carrier::WebSocket),
            _ => Err(Error::TransportUnknown),
        }
    }

    /// The revision a new session speaks. Clients that name none are those of Swift, which take no bytes by polling.
    pub(super) fn revision(&self, carrier: Carrier) -> Result<Revision, Error> {
        match self.revision.as_deref() {
            Some("4") => Ok(Revision::Four),
            Some("3" | "2") => Ok(Revision::Three),
            None if carrier == Carrier::WebSocket || self.base64 => Ok(Revision::Three),
            _ => Err(Error::UnsupportedRevision),
        }
    }

    /// Whether a request of a known session names its revision. Who named none goes on naming none.
    pub(super) fn is_of(&self, revision: Revision) -> bool {
        match self.revision.as_deref() {
            Some("4") => revision == Revision::Four,
            None | Some("3" | "2") => revision == Revision::Three,
            Some(_) => false,
        }
    }

    /// Whether every string goes through the encoding of 1.0 (docs/wire/engine.md §6).
    pub(super) fn says_two(&self) -> bool {
        self.revision.as_deref() == Some("2")
    }

    /// Whether it looks like a client before 1.4: milliseconds, a hyphen and a number.
    pub(super) fn is_early(&self) -> bool {
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let parts = self.timestamp.as_deref().and_then(|timestamp| timestamp.split_once('-'));
        parts.is_some_and(|(milliseconds, number)| is_number(milliseconds) && is_number(number))
    }

    /// Whether the client may be the browser's or Node's of 3.0 or later: by polling they always send a clock in 64
    /// letters, or eight random ones; the first request for a WebSocket has none, but offers to compress.
    pub(super) fn may_be_javascript(&self, carrier: Carrier, offers_compression: bool) -> bool {
        if carrier == Carrier::WebSocket && !offers_compression {
            return false;
        }
        let Some(timestamp) = &self.timestamp else { return carrier == Carrier::WebSocket };
        let clock = timestamp.split_once('.').map_or(&**timestamp, |(clock, _)| clock);
        let is_clock = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        clock.len() >= 6
            && clock.bytes().all(is_clock)
            && !clock.bytes().all(|byte| byte.is_ascii_digit())
            && !self.is_early()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query<'_> {
        Query::of(Some(text))
    }

    #[test]
    fn the_revision_is_what_the_client_means() {
        use Carrier::{Polling, WebSocket};
        use Revision::{Four, Three};
        for (text, carrier, revision) in [
            ("EIO=4", Polling, Ok(Four)),
            ("EIO=3", Polling, Ok(Three)),
            ("EIO=2", WebSocket, Ok(Three)),
            ("EIO=4&EIO=3", Polling, Ok(Three)),
            ("b64=1", Polling, Ok(Three)),
            ("", WebSocket, Ok(Three)),
            ("", Polling, Err(Error::UnsupportedRevision)),
            ("EIO=abc", Polling, Err(Error::UnsupportedRevision)),
            ("EIO=04", WebSocket, Err(Error::UnsupportedRevision)),
            ("EIO=", Polling, Err(Error::UnsupportedRevision)),
        ] {
            assert_eq!(query(text).revision(carrier), revision, "{text}");
        }
        assert!(query("EIO=4").is_of(Four) && !query("EIO=3").is_of(Four) && !query("").is_of(Four));
        assert!(query("EIO=2").is_of(Three) && query("").is_of(Three) && !query("EIO=5").is_of(Three));
    }

    #[test]
    fn a_callback_is_digits_and_nothing_else() {
        for (text, index) in [
            ("j=7", Some("7")),
            ("j=", Some("0")),
            ("j=a1%3Balert(2)", Some("12")),
            ("j=12345678901234", Some("1234567890")),
            ("jj=1", None),
        ] {
            assert_eq!(query(text).index.as_deref(), index, "{text}");
        }
    }

    #[test]
    fn a_client_is_told_by_its_timestamp() {
        use Carrier::{Polling, WebSocket};
        assert!(query("t=1400000000000-0").is_early());
        assert!(!query("t=P5x2_-a").is_early() && !query("t=1700000000.123").is_early() && !query("").is_early());
        for text in ["t=P5x2_-a", "t=P5x2_-a.1", "t=k3j9x0ab"] {
            assert!(query(text).may_be_javascript(Polling, false), "{text}");
        }
        for text in ["", "t=1700000000.123", "t=1400000000000-0", "t=burst", "t=12345678"] {
            assert!(!query(text).may_be_javascript(Polling, false), "{text}");
        }
        assert!(query("").may_be_javascript(WebSocket, true));
        assert!(!query("").may_be_javascript(WebSocket, false));
        assert!(!query("t=1700000000.123").may_be_javascript(WebSocket, true));
    }

    #[test]
    fn engine_io_is_told_by_two_parameters() {
        assert!(query("EIO=4&transport=polling").is_engine());
        assert!(query("EIO=x&transport=websocket").is_engine());
        assert!(!query("EIO=4").is_engine() && !query("transport=polling").is_engine());
        assert!(!query("EIO=4&transport=xhr-polling").is_engine());
    }
}
