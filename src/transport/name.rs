//! The transports by name.

use std::{fmt, str::FromStr};

/// What carries a client's bytes. The names are those that appear in URLs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Transport {
    /// `websocket`: RFC 6455, and with [`Listener::serve`](crate::Listener::serve) the drafts hixie-75 and hixie-76.
    WebSocket,
    /// `flashsocket`: the bytes of `websocket` under another name, made by a Flash film.
    FlashSocket,
    /// `htmlfile`: a document in a hidden frame that never ends, one script element a payload.
    HtmlFile,
    /// `xhr-multipart`: one response of many parts.
    XhrMultipart,
    /// `server-events`: an `EventSource` stream (docs/wire/frames.md §4.9).
    ServerEvents,
    /// `xhr-polling`: a request that is held until there is something to say.
    XhrPolling,
    /// `jsonp-polling`: the same by script elements and forms, from any origin. Of clients since 1.0 it is `polling`
    /// with a `j` in the URL.
    JsonpPolling,
    /// `polling`: the same in clients since 1.0.
    Polling,
}

impl Transport {
    /// Every transport, in the order a client would prefer them.
    pub const ALL: [Self; 8] = [
        Self::WebSocket,
        Self::FlashSocket,
        Self::HtmlFile,
        Self::XhrMultipart,
        Self::ServerEvents,
        Self::XhrPolling,
        Self::JsonpPolling,
        Self::Polling,
    ];

    /// The name as it appears in URLs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "websocket",
            Self::FlashSocket => "flashsocket",
            Self::HtmlFile => "htmlfile",
            Self::XhrMultipart => "xhr-multipart",
            Self::XhrPolling => "xhr-polling",
            Self::JsonpPolling => "jsonp-polling",
            Self::ServerEvents => "server-events",
            Self::Polling => "polling",
        }
    }

    /// Whether every batch takes a request of its own. Polling transports have no heartbeats.
    pub const fn is_polling(self) -> bool {
        matches!(self, Self::XhrPolling | Self::JsonpPolling | Self::Polling)
    }

    /// Whether it takes over the connection with an HTTP upgrade.
    pub const fn is_socket(self) -> bool {
        matches!(self, Self::WebSocket | Self::FlashSocket)
    }

    /// The place in [`Transport::ALL`].
    pub(crate) fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// The text is no transport's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownTransport(String);

impl fmt::Display for UnknownTransport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "unknown transport {:?}; there are:", self.0)?;
        Transport::ALL.iter().try_for_each(|transport| write!(formatter, " {transport}"))
    }
}

impl std::error::Error for UnknownTransport {}

impl FromStr for Transport {
    type Err = UnknownTransport;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let known = Self::ALL.into_iter().find(|transport| transport.name() == name);
        known.ok_or_else(|| UnknownTransport(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_transport_has_its_place_and_its_name() {
        for (place, transport) in Transport::ALL.into_iter().enumerate() {
            assert_eq!(transport.index(), place);
            assert_eq!(transport.name().parse(), Ok(transport));
        }
        assert!("Websocket".parse::<Transport>().unwrap_err().to_string().contains("xhr-polling"));
    }
}
