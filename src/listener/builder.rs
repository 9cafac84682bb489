//! Making a listener: options typed, and checked in one place.

use super::{
    Listener,
    budget::Budget,
    options::{Dialect, EngineOptions, Options, Profiles, default_profile, is_known_to_packets},
    static_files::{ClientFiles, ClientScript},
};
use crate::{
    hub::WireForm,
    session::{Polls, Profile},
    transport::{Origins, Transport, TrustedProxies},
};
use std::{fmt, time::Duration};

mod engine;
mod limits;

/// A client of 0.6 gives a poll up after 25 s without an answer.
const POLL_DURATION_LIMIT: Duration = Duration::from_secs(25);
/// A client of 0.6 gives a stream up after 15 s without a byte.
const HEARTBEAT_INTERVAL_LIMIT: Duration = Duration::from_secs(15);

/// Longer than anybody waits, and short enough to be added to any present.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// An option could not be accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildError {
    option: &'static str,
    reason: String,
}

impl BuildError {
    fn new(option: &'static str, reason: impl Into<String>) -> Self {
        Self { option, reason: reason.into() }
    }

    /// The name of the option: that of the builder's method.
    #[must_use]
    pub fn option(&self) -> &str {
        self.option
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "option `{}`: {}", self.option, self.reason)
    }
}

impl std::error::Error for BuildError {}

#[derive(Debug, Clone, Copy, Default)]
struct Timing {
    heartbeat_interval: Option<Duration>,
    heartbeat_timeout: Option<Duration>,
    close_timeout: Option<Duration>,
    poll_duration: Option<Duration>,
}

/// Collects the options of a [`Listener`]. Every option has a default that works; durations of the defaults are those
/// of Socket.IO 0.6.18 (of 0.4.1 with [`Dialect::Json`]) and 0.9.19, each for its generation.
#[derive(Debug, Clone)]
#[must_use = "`build` makes the listener"]
pub struct Builder {
    resource: String,
    dialect: Dialect,
    further_resources: Vec<(String, Dialect)>,
    /// Nothing: all.
    transports: Option<Vec<Transport>>,
    timings: [Timing; Transport::ALL.len()],
    unsafe_timings: bool,
    engine: EngineOptions,
    origins: Option<Vec<String>>,
    budget: Budget,
    client_script: ClientScript,
    trust_forwarded_scheme: bool,
    trusted_proxies: Vec<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            resource: "socket.io".to_owned(),
            dialect: Dialect::default(),
            further_resources: Vec::new(),
            transports: None,
            timings: Default::default(),
            unsafe_timings: false,
            engine: EngineOptions::default(),
            origins: None,
            budget: Budget::default(),
            client_script: ClientScript::default(),
            trust_forwarded_scheme: false,
            trusted_proxies: Vec::new(),
        }
    }
}

impl Builder {
    /// The path the listener owns, without slashes around it; several segments are allowed. Default `socket.io`. Of what
    /// is below it the listener takes the bare path, the client script, and what begins with a transport's name or a
    /// number; the rest goes to the application.
    pub fn resource(mut self, resource: impl Into<String>) -> Self {
        self.resource = resource.into();
        self
    }

    /// A further path the listener owns, where its frames generation speaks this dialect: so one listener serves
    /// clients of 0.3 and 0.4 beside all others, and its rooms and broadcasts reach them all. Clients of 0.7 to 0.9 may
    /// use any of the paths.
    pub fn also_mount(mut self, resource: impl Into<String>, dialect: Dialect) -> Self {
        self.further_resources.push((resource.into(), dialect));
        self
    }

    /// The wire form of the frames generation on [`Builder::resource`]. Default [`Dialect::Frames`].
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    /// The accepted transports, in the order in which clients of 0.7 to 0.9 are to try them; a request of 0.3 to
    /// 0.6 for any other goes to the application, one of 0.7 to 0.9 is closed without an answer. Default: all. Flash sockets are accepted by default, but named to those clients only
    /// when they are listed here.
    pub fn transports(mut self, transports: impl IntoIterator<Item = Transport>) -> Self {
        self.transports = Some(transports.into_iter().collect());
        self
    }

    /// From a client's connection, and then from each of its replies, to the next heartbeat. Streams and sockets
    /// only: a polling transport has no heartbeats. Holds for every generation. Default 10 s for clients of 0.3 to 0.6,
    /// 25 s for those of 0.7 to 0.9; 15 s and more make clients of 0.6 leave.
    pub fn heartbeat_interval(mut self, transport: Transport, interval: Duration) -> Self {
        self.timings[transport.index()].heartbeat_interval = Some(interval);
        self
    }

    /// How long a client may take to answer a heartbeat. Streams and sockets only. Holds for every generation. Default
    /// 8 s for clients of 0.3 to 0.6, 60 s for those of 0.7 to 0.9, who are told of it in whole seconds, rounded up.
    /// Without meaning for [`Dialect::Json`], whose heartbeats are not answered.
    pub fn heartbeat_timeout(mut self, transport: Transport, timeout: Duration) -> Self {
        self.timings[transport.index()].heartbeat_timeout = Some(timeout);
        self
    }

    /// How long a session outlives its connection. Holds for every generation. Default for polling, where it is the
    /// time between two polls, 8 s for clients of 0.5 and 0.6 (5 s with [`Dialect::Json`]) and 60 s for those of 0.7 to
    /// 0.9; zero for streams and sockets; of [`Transport::Polling`] 5 s after a poll that broke off, since clients since
    /// 1.0 are otherwise known by their heartbeats. That of polling is announced to clients of 0.7 to 0.9, in whole seconds,
    /// rounded up: they leave when they hear nothing for so long, so heartbeats come and polls end before that.
    pub fn close_timeout(mut self, transport: Transport, timeout: Duration) -> Self {
        self.timings[transport.index()].close_timeout = Some(timeout);
        self
    }

    /// How long a poll is held when there is nothing to say. Polling transports only. Default 20 s; 25 s and more
    /// make clients of 0.6 leave.
    pub fn poll_duration(mut self, transport: Transport, duration: Duration) -> Self {
        self.timings[transport.index()].poll_duration = Some(duration);
        self
    }

    /// Accepts a poll duration of 25 s and more, and a heartbeat interval of 15 s and more: for clients known to be
    /// more patient than those of 0.6. Takes both as they are for clients of 0.7 to 0.9 too, where they are otherwise
    /// kept below the announced timeouts.
    pub fn allow_unsafe_timings(mut self) -> Self {
        self.unsafe_timings = true;
        self
    }

    /// The origins whose pages may connect, beside the listener's own (the one its `Host` names): `host:port`,
    /// `host:*`, `*:port`, `*:*`, or a full origin such as `https://shop.example`. One text may hold several, apart by
    /// blanks or commas. Default: only the own origin.
    ///
    /// The rule holds for every generation, transport and method. The first row that fits decides:
    ///
    /// | the request | is accepted |
    /// | --- | --- |
    /// | any, with `*:*` listed | yes |
    /// | has an `Origin` (of the draft WebSockets also `Sec-WebSocket-Origin`) | if it is the own or a listed one; `null` is neither |
    /// | `Sec-Fetch-Site: same-origin` | yes |
    /// | `Sec-Fetch-Site` of another site | if its `Referer` is of the own or a listed origin; not without one |
    /// | asks for a script (JSONP) or an `htmlfile` document, and has a `Referer` | if that is of the own or a listed origin |
    /// | asks for a script that begins a session, with cookies or `Authorization`, and without `Sec-Fetch-Site` | no: any page may have asked |
    /// | a WebSocket, or a handshake of 0.7 to 0.9 whose `Referer` does not tell either, while origins are listed | no |
    /// | anything else: it comes from no page, or from one of the own origin | yes |
    ///
    /// What is refused is answered 403 (a POST of 0.3 to 0.9: 401) and has no other effect. The own origin is compared
    /// with its scheme where that is known: under [`Listener::serve_over`], and when a trusted proxy tells.
    pub fn origins<S: Into<String>>(mut self, origins: impl IntoIterator<Item = S>) -> Self {
        self.origins = Some(origins.into_iter().map(Into::into).collect());
        self
    }

    /// What `/<resource>/socket.io.js` serves, and the names beside it. Default: the bundled client.
    pub fn client_script(mut self, script: ClientScript) -> Self {
        self.client_script = script;
        self
    }

    /// The proxies whose word on the client is believed, as addresses or networks: `127.0.0.1`, `10.0.0.0/8`, `::1`.
    /// Where the other end of a connection is one of them, the client's address is that of `Forwarded` or
    /// `X-Forwarded-For`, read from right to left up to the first that is no trusted proxy's; it counts for everything
    /// that is bounded for each peer, and is [`Handshake::peer`](crate::Handshake::peer), with port 0 when none is told. A
    /// header that does not follow the rules is believed as far as it does, and where both headers are there and do not
    /// agree, neither is. The scheme (`proto=`, `X-Forwarded-Proto`) and the host (`host=`, `X-Forwarded-Host`) the
    /// outermost trusted proxy was asked by are those of the listener's own origin, and of the URL in a draft
    /// WebSocket's handshake.
    ///
    /// Every proxy on the way has to add to one of the two headers, or replace it. Default: none is trusted, and the
    /// headers mean nothing.
    pub fn trusted_proxies<S: Into<String>>(mut self, proxies: impl IntoIterator<Item = S>) -> Self {
        self.trusted_proxies = proxies.into_iter().map(Into::into).collect();
        self
    }

    /// Believes `X-Forwarded-Proto` when a draft WebSocket handshake has to name its own URL (`ws:` or `wss:`): for a
    /// listener behind a proxy that ends TLS, from whichever address it comes; nothing else follows from it. Default: not
    /// believed.
    pub fn trust_forwarded_scheme(mut self) -> Self {
        self.trust_forwarded_scheme = true;
        self
    }

    /// The listener.
    ///
    /// # Errors
    ///
    /// A [`BuildError`] that names the first option with a value that cannot work.
    pub fn build(self) -> Result<Listener, BuildError> {
        let mut resources = vec![(self.resource.clone(), self.dialect)];
        resources.extend(self.further_resources.iter().cloned());
        for (place, (resource, _)) in resources.iter().enumerate() {
            check_resource(resource)?;
            if resources.iter().skip(place + 1).any(|(other, _)| other == resource) {
                return Err(BuildError::new("also_mount", format!("{resource:?} is mounted already")));
            }
        }
        if self.transports.as_ref().is_some_and(Vec::is_empty) {
            return Err(BuildError::new("transports", "at least one transport is needed"));
        }
        self.check_budget()?;
        self.check_engine()?;
        let mut profiles = WireForm::ALL.map(|form| Transport::ALL.map(|transport| default_profile(form, transport)));
        for form in WireForm::ALL {
            for transport in Transport::ALL {
                let profile = &mut profiles[form.index()][transport.index()];
                if matches!(form, WireForm::Frames | WireForm::Envelope | WireForm::Packets) {
                    self.apply(transport, profile)?;
                    continue;
                }
                if let Some(heartbeat) = &mut profile.heartbeat {
                    heartbeat.interval = self.engine.ping_interval;
                    heartbeat.timeout = Some(self.engine.ping_timeout);
                }
                if let (Some(timeout), true) =
                    (self.timings[Transport::Polling.index()].close_timeout, transport.is_polling())
                {
                    profile.close_timeout = timeout;
                }
            }
        }
        let origins = match &self.origins {
            None => Origins::default(),
            Some(texts) => {
                let entries = texts.iter().flat_map(|text| text.split([' ', ','])).filter(|entry| !entry.is_empty());
                Origins::listed(entries).map_err(|entry| BuildError::new("origins", entry.to_string()))?
            }
        };
        let trusted_proxies = TrustedProxies::listed(&self.trusted_proxies).map_err(|entry| {
            let reason = format!("{entry:?} is no address and no network such as `10.0.0.0/8`");
            BuildError::new("trusted_proxies", reason)
        })?;
        let announced_transports = self.announced_transports();
        let transports = self.transports.unwrap_or_else(|| Transport::ALL.to_vec());
        let client_files = ClientFiles::new(self.client_script, &transports, &announced_transports);
        let mut options = Options {
            announced_transports,
            resources,
            transports,
            profiles,
            engine: self.engine,
            origins,
            budget: self.budget,
            client_files,
            trust_forwarded_scheme: self.trust_forwarded_scheme,
            trusted_proxies,
        };
        if !self.unsafe_timings {
            let (heartbeat_timeout, _) = options.announced_timeouts();
            keep_packet_clients(&mut options.profiles[WireForm::Packets.index()], heartbeat_timeout);
        }
        Ok(Listener::new(options))
    }

    /// Flash is offered only to who asks for it: a client that tries it first and has no film loses ten seconds.
    fn announced_transports(&self) -> Vec<Transport> {
        use Transport::{HtmlFile, JsonpPolling, WebSocket, XhrPolling};
        match &self.transports {
            Some(transports) => {
                transports.iter().copied().filter(|transport| is_known_to_packets(*transport)).collect()
            }
            None => vec![WebSocket, HtmlFile, XhrPolling, JsonpPolling],
        }
    }

    fn apply(&self, transport: Transport, profile: &mut Profile) -> Result<(), BuildError> {
        let timing = self.timings[transport.index()];
        let no_heartbeat = |option| BuildError::new(option, format!("{transport} has no heartbeats"));
        if let Some(interval) = timing.heartbeat_interval {
            let heartbeat = profile.heartbeat.as_mut().ok_or_else(|| no_heartbeat("heartbeat_interval"))?;
            let harm = "clients of 0.6 leave after 15 s without a byte";
            self.check("heartbeat_interval", transport, interval, HEARTBEAT_INTERVAL_LIMIT, harm)?;
            heartbeat.interval = interval;
        }
        if let Some(timeout) = timing.heartbeat_timeout {
            check_length("heartbeat_timeout", timeout)?;
            let heartbeat = profile.heartbeat.as_mut().ok_or_else(|| no_heartbeat("heartbeat_timeout"))?;
            if timeout.is_zero() {
                return Err(BuildError::new("heartbeat_timeout", format!("{transport}: must not be zero")));
            }
            heartbeat.timeout = heartbeat.timeout.map(|_| timeout);
        }
        if let Some(timeout) = timing.close_timeout {
            check_length("close_timeout", timeout)?;
            if transport.is_polling() && timeout.is_zero() {
                let reason = format!("{transport}: zero would end every session between two polls");
                return Err(BuildError::new("close_timeout", reason));
            }
            profile.close_timeout = timeout;
        }
        if let Some(duration) = timing.poll_duration {
            if !transport.is_polling() {
                return Err(BuildError::new("poll_duration", format!("{transport} does not poll")));
            }
            if transport == Transport::Polling {
                let reason = "polling: its polls are held until there is something to say";
                return Err(BuildError::new("poll_duration", reason));
            }
            let harm = "clients of 0.6 give a poll up after 25 s";
            self.check("poll_duration", transport, duration, POLL_DURATION_LIMIT, harm)?;
            profile.polls = Polls::Sealed { duration };
        }
        Ok(())
    }

    fn check_engine(&self) -> Result<(), BuildError> {
        let engine = &self.engine;
        let durations = [
            ("ping_interval", engine.ping_interval),
            ("ping_timeout", engine.ping_timeout),
            ("upgrade_timeout", engine.upgrade_timeout),
            ("connect_timeout", engine.connect_timeout),
            ("recovery", engine.recovery.unwrap_or(LONGEST)),
        ];
        for (option, duration) in durations {
            if duration.is_zero() {
                return Err(BuildError::new(option, "must not be zero"));
            }
            check_length(option, duration)?;
        }
        let is_token = |name: &String| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
        };
        if !engine.cookie.as_ref().is_none_or(is_token) {
            return Err(BuildError::new("session_cookie", "is no name of a cookie"));
        }
        Ok(())
    }

    fn check(
        &self,
        option: &'static str,
        transport: Transport,
        value: Duration,
        limit: Duration,
        harm: &str,
    ) -> Result<(), BuildError> {
        if value.is_zero() {
            return Err(BuildError::new(option, format!("{transport}: must not be zero")));
        }
        check_length(option, value)?;
        if value >= limit && !self.unsafe_timings {
            let reason = format!("{transport}: {value:?} is too long: {harm}; `allow_unsafe_timings` accepts it");
            return Err(BuildError::new(option, reason));
        }
        Ok(())
    }
}

/// Clients of 0.7 to 0.9 leave when they hear nothing for as long as the announced timeouts, so something is said
/// earlier than that: the heartbeat comes, and a poll ends, after half of the time at the latest. What is announced need
/// not be the time of a transport that is not.
fn keep_packet_clients(profiles: &mut Profiles, heartbeat_timeout: Duration) {
    let close_timeout = profiles[Transport::XhrPolling.index()].close_timeout;
    let close_timeout = close_timeout.min(profiles[Transport::JsonpPolling.index()].close_timeout);
    for profile in profiles {
        if let Some(heartbeat) = &mut profile.heartbeat {
            let patience = heartbeat.timeout.map_or(close_timeout, |timeout| timeout.min(close_timeout));
            heartbeat.interval = within(heartbeat.interval, patience.min(heartbeat_timeout));
        }
        if let Polls::Sealed { duration } = &mut profile.polls {
            *duration = within(*duration, close_timeout);
        }
    }
}

/// Half of the whole seconds a client counts, unless the wanted time is shorter than all of them.
fn within(wanted: Duration, patience: Duration) -> Duration {
    let patience = Duration::from_secs(whole_seconds(patience));
    if wanted < patience { wanted } else { patience / 2 }
}

/// The seconds a handshake announces, rounded up.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}

fn check_length(option: &'static str, value: Duration) -> Result<(), BuildError> {
    if value > LONGEST {
        return Err(BuildError::new(option, format!("{value:?} is more than a year")));
    }
    Ok(())
}

fn check_resource(resource: &str) -> Result<(), BuildError> {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%".contains(&byte);
    let segment = |segment: &str| !segment.is_empty() && segment.bytes().all(unreserved);
    if resource.split('/').all(segment) {
        return Ok(());
    }
    let reason = format!("{resource:?} is not a path without slashes around it, such as `socket.io` or `rt/io`");
    Err(BuildError::new("resource", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(builder: Builder) -> String {
        builder.build().unwrap_err().to_string()
    }

    #[test]
    fn the_defaults_are_accepted_in_both_dialects() {
        assert!(Builder::default().build().is_ok());
        assert!(Builder::default().dialect(Dialect::Json).build().is_ok());
    }

    #[test]
    fn a_value_that_breaks_old_clients_is_refused_with_the_reason_unless_forced() {
        let long_poll = Builder::default().poll_duration(Transport::XhrPolling, Duration::from_secs(25));
        let message = refused(long_poll.clone());
        assert!(
            message.contains("poll_duration") && message.contains("xhr-polling") && message.contains("25s"),
            "{message}"
        );
        assert!(long_poll.allow_unsafe_timings().build().is_ok());
        let slow = Builder::default().heartbeat_interval(Transport::WebSocket, Duration::from_secs(15));
        assert!(refused(slow.clone()).contains("heartbeat_interval"));
        assert!(slow.allow_unsafe_timings().build().is_ok());
        assert!(Builder::default().heartbeat_interval(Transport::WebSocket, Duration::from_secs(14)).build().is_ok());
    }

    #[test]
    fn each_error_names_its_option() {
        let second = Duration::from_secs(1);
        let new = Builder::default;
        for (builder, option) in [
            (new().resource(""), "resource"),
            (new().resource("/socket.io"), "resource"),
            (new().resource("a//b"), "resource"),
            (new().resource("a?b"), "resource"),
            (new().also_mount("a?b", Dialect::Json), "resource"),
            (new().also_mount("socket.io", Dialect::Json), "also_mount"),
            (new().transports([]), "transports"),
            (new().origins(["example.org"]), "origins"),
            (new().origins(["a.example:*, example.org"]), "origins"),
            (new().queue_bytes(0), "queue_bytes"),
            (new().queue_messages(0), "queue_messages"),
            (new().max_body_bytes(0), "max_body_bytes"),
            (new().max_frame_bytes(0), "max_frame_bytes"),
            (new().header_timeout(Duration::ZERO), "header_timeout"),
            (new().body_timeout(Duration::ZERO), "body_timeout"),
            (new().unused_handshakes(0, 1), "unused_handshakes"),
            (new().max_frame_bytes(usize::MAX), "max_frame_bytes"),
            (new().header_timeout(Duration::MAX), "header_timeout"),
            (new().body_timeout(Duration::MAX), "body_timeout"),
            (new().close_timeout(Transport::XhrPolling, Duration::MAX), "close_timeout"),
            (new().heartbeat_timeout(Transport::HtmlFile, Duration::MAX), "heartbeat_timeout"),
            (new().allow_unsafe_timings().heartbeat_interval(Transport::HtmlFile, Duration::MAX), "heartbeat_interval"),
            (new().allow_unsafe_timings().poll_duration(Transport::XhrPolling, Duration::MAX), "poll_duration"),
            (new().heartbeat_interval(Transport::XhrPolling, second), "heartbeat_interval"),
            (new().heartbeat_timeout(Transport::JsonpPolling, second), "heartbeat_timeout"),
            (new().heartbeat_timeout(Transport::HtmlFile, Duration::ZERO), "heartbeat_timeout"),
            (new().heartbeat_interval(Transport::HtmlFile, Duration::ZERO), "heartbeat_interval"),
            (new().close_timeout(Transport::XhrPolling, Duration::ZERO), "close_timeout"),
            (new().poll_duration(Transport::WebSocket, second), "poll_duration"),
            (new().poll_duration(Transport::XhrPolling, Duration::ZERO), "poll_duration"),
        ] {
            let error = builder.build().unwrap_err();
            assert_eq!(error.option(), option, "{error}");
        }
    }
}
