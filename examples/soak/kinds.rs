//! Every kind of client there is: what it speaks, and what carries that.

use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wire {
    /// 0.3 and 0.4.
    Envelope,
    /// 0.5 and 0.6.
    Frames,
    /// 0.7 to 0.9.
    Packets,
    /// 1.x and 2.x.
    Three,
    /// 3.x and 4.x.
    Four,
    /// Engine.IO alone.
    BareEngine,
    /// WebSocket alone.
    BareWebSocket,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Carrier {
    WebSocket,
    /// A WebSocket by the draft hixie-75.
    Draft,
    /// It polls first.
    Upgraded,
    Polling,
    Jsonp,
    HtmlFile,
    Multipart,
    ServerEvents,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) wire: Wire,
    pub(crate) carrier: Carrier,
}

impl Wire {
    pub(crate) fn is_engine(self) -> bool {
        matches!(self, Self::Three | Self::Four | Self::BareEngine)
    }

    pub(crate) fn resource(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::Frames | Self::Packets | Self::Three | Self::Four => "socket.io",
            Self::BareEngine => "bare-engine",
            Self::BareWebSocket => "bare-websocket",
        }
    }

    fn carriers(self) -> &'static [Carrier] {
        use Carrier::{Draft, HtmlFile, Jsonp, Multipart, Polling, ServerEvents, Upgraded, WebSocket};
        match self {
            Self::Envelope | Self::Frames | Self::Packets => {
                &[WebSocket, Draft, Polling, Jsonp, HtmlFile, Multipart, ServerEvents]
            }
            Self::Three | Self::Four => &[WebSocket, Upgraded, Polling, Jsonp],
            Self::BareEngine => &[WebSocket, Upgraded, Polling],
            Self::BareWebSocket => &[WebSocket],
        }
    }
}

impl Carrier {
    pub(crate) fn is_socket(self) -> bool {
        matches!(self, Self::WebSocket | Self::Draft | Self::Upgraded)
    }

    pub(crate) fn is_poll(self) -> bool {
        matches!(self, Self::Polling | Self::Jsonp)
    }
}

impl Kind {
    pub(crate) fn all() -> Vec<Self> {
        let wires = [
            Wire::Envelope,
            Wire::Frames,
            Wire::Packets,
            Wire::Three,
            Wire::Four,
            Wire::BareEngine,
            Wire::BareWebSocket,
        ];
        let kinds = wires.iter().flat_map(|wire| wire.carriers().iter().map(|carrier| (*wire, *carrier)));
        kinds.map(|(wire, carrier)| Self { wire, carrier }).collect()
    }

    /// The path of a request of the client with this id; without one it begins a session.
    pub(crate) fn path(self, id: &str) -> String {
        let resource = self.wire.resource();
        let name = self.carrier_name();
        match self.wire {
            Wire::Envelope | Wire::Frames if self.carrier == Carrier::Jsonp => format!("/{resource}/{name}/{id}/1/0"),
            Wire::Envelope | Wire::Frames => format!("/{resource}/{name}/{id}"),
            Wire::Packets if id.is_empty() => format!("/{resource}/1/?t=1"),
            Wire::Packets => format!("/{resource}/1/{name}/{id}?t=1"),
            Wire::BareWebSocket => format!("/{resource}"),
            Wire::Three | Wire::Four | Wire::BareEngine => self.engine_path(name, id),
        }
    }

    /// The path of the WebSocket that takes a polling session over.
    pub(crate) fn upgrade_path(self, id: &str) -> String {
        self.engine_path("websocket", id)
    }

    /// The path of what it says by POST.
    pub(crate) fn post_path(self, id: &str) -> String {
        match (self.wire, self.carrier) {
            (Wire::Envelope | Wire::Frames, carrier) if carrier != Carrier::Jsonp => self.path(id) + "/send",
            _ => self.path(id),
        }
    }

    fn engine_path(self, transport: &str, id: &str) -> String {
        let revision = if self.wire == Wire::Three { 3 } else { 4 };
        let resource = self.wire.resource();
        let sid = if id.is_empty() { String::new() } else { format!("&sid={id}") };
        // Large answers to 1.x and 2.x would be bytes, unless they say that they read none.
        let text = if self.wire == Wire::Three { "&b64=1" } else { "" };
        format!("/{resource}/?EIO={revision}&transport={transport}{text}{sid}")
    }

    /// As it stands in a path.
    fn carrier_name(self) -> &'static str {
        match self.carrier {
            Carrier::WebSocket | Carrier::Draft => "websocket",
            Carrier::Jsonp if self.wire.is_engine() => "polling&j=0",
            Carrier::Upgraded | Carrier::Polling if self.wire.is_engine() => "polling",
            Carrier::Upgraded | Carrier::Polling => "xhr-polling",
            Carrier::Jsonp => "jsonp-polling",
            Carrier::HtmlFile => "htmlfile",
            Carrier::Multipart => "xhr-multipart",
            Carrier::ServerEvents => "server-events",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wire = match self.wire {
            Wire::Envelope => "0.3 to 0.4",
            Wire::Frames => "0.5 to 0.6",
            Wire::Packets => "0.7 to 0.9",
            Wire::Three => "1.x to 2.x",
            Wire::Four => "3.x to 4.x",
            Wire::BareEngine => "Engine.IO",
            Wire::BareWebSocket => "WebSocket",
        };
        let carrier = match self.carrier {
            Carrier::Draft => "draft WebSocket",
            Carrier::Upgraded => "polling, then WebSocket",
            _ => self.carrier_name(),
        };
        write!(formatter, "{wire} over {carrier}")
    }
}
