//! Which pages may talk to us (docs/wire/frames.md §5).

use std::fmt;

/// The accepted origins.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    /// Nothing: only the listener's own origin.
    entries: Option<Vec<Entry>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    scheme: Option<String>,
    /// Nothing is any.
    host: Option<String>,
    port: Option<u16>,
}

/// How a page or a client asks for what it wants, as far as that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// By its name, also that of a socket.
    pub(crate) fn of(name: &str) -> Option<Self> {
        let is = |names: [&str; 2]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        if is(["https", "wss"]) { Some(Self::Https) } else { is(["http", "ws"]).then_some(Self::Http) }
    }

    fn default_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where the client thinks it is: the listener's own origin, as far as the request tells.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Own<'a> {
    pub(crate) host: Option<&'a str>,
    /// Nothing when a proxy may have ended TLS.
    pub(crate) scheme: Option<Scheme>,
}

/// What is to be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Allowed,
    Refused,
}

/// The text is no origin entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BadEntry(pub(crate) String);

impl fmt::Display for BadEntry {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:?} is not of the form host:port, host:*, *:port, *:* or scheme://host[:port]", self.0)
    }
}

impl Origins {
    /// Only these, and always the listener's own origin.
    pub(crate) fn listed<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, BadEntry> {
        let entries = entries.into_iter().map(Entry::parse).collect::<Result<_, _>>()?;
        Ok(Self { entries: Some(entries) })
    }

    /// Judges a request by its `Origin` and by where it went. A request without `Origin` was not sent by a page of another
    /// origin, except that a list which names its origins wants every socket to name one, as the original did.
    pub(crate) fn judge(&self, origin: Option<&str>, own: Own<'_>, socket: bool) -> Verdict {
        let allowed = match origin {
            None => !socket || self.entries.is_none() || self.allows_all(),
            Some(origin) => self.allows_all() || is_same(origin, own) || self.lists(origin),
        };
        if allowed { Verdict::Allowed } else { Verdict::Refused }
    }

    /// Domains and ports as a Flash policy names them.
    pub(crate) fn policy_entries(&self) -> impl Iterator<Item = (&str, String)> {
        self.entries.iter().flatten().map(|entry| {
            let port = entry.port.map_or_else(|| "*".to_owned(), |port| port.to_string());
            (entry.host.as_deref().unwrap_or("*"), port)
        })
    }

    /// Whether the application has named origins.
    pub(crate) fn is_listed(&self) -> bool {
        self.entries.is_some()
    }

    /// Whether nothing is asked.
    pub(crate) fn allows_all(&self) -> bool {
        self.entries.iter().flatten().any(|entry| *entry == Entry { scheme: None, host: None, port: None })
    }

    fn lists(&self, origin: &str) -> bool {
        let Some((scheme, host, port)) = split_origin(origin) else { return false };
        self.entries.iter().flatten().any(|entry| {
            entry.scheme.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(scheme))
                && entry.host.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(host))
                && entry.port.is_none_or(|wanted| Some(wanted) == port)
        })
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, BadEntry> {
        let bad = || BadEntry(text.to_owned());
        if text.contains("://") {
            let (scheme, host, port) = split_origin(text).ok_or_else(bad)?;
            if host == "*" {
                return Err(bad());
            }
            return Ok(Self { scheme: Some(scheme.to_owned()), host: Some(host.to_owned()), port });
        }
        let (host, port) = text.rsplit_once(':').ok_or_else(bad)?;
        let is_host = !host.is_empty()
            && (host.starts_with('[') && host.ends_with(']')
                || !host.contains([':', '/', '?', '#', '@', ' ', '[', ']']));
        if !is_host {
            return Err(bad());
        }
        let port = match port {
            "*" => None,
            port => Some(port.parse().map_err(|_| bad())?),
        };
        let host = (host != "*").then(|| host.to_owned());
        Ok(Self { scheme: None, host, port })
    }
}

/// Scheme, host and port of an origin, the default port filled in. No browser leaves the scheme out, but the WebSocket
/// of the 0.9 clients for Node does.
fn split_origin(origin: &str) -> Option<(&str, &str, Option<u16>)> {
    let (scheme, authority) = match origin.split_once("://") {
        Some(("", _)) => return None,
        Some(split) => split,
        None if origin == "null" => return None,
        None => ("", origin),
    };
    if authority.is_empty() || authority.contains(['/', '?', '#', '@', ' ']) {
        return None;
    }
    let (host, port) = split_port(authority)?;
    Some((scheme, host, port.or_else(|| default_port(scheme))))
}

fn split_port(authority: &str) -> Option<(&str, Option<u16>)> {
    let bracket = authority.rfind(']').unwrap_or(0);
    match authority.rfind(':').filter(|colon| *colon >= bracket) {
        None => Some((authority, None)),
        Some(colon) => {
            let (host, port) = (authority.get(..colon)?, authority.get(colon + 1..)?);
            // Numbers may have a sign, ports have none.
            Some((host, Some(port.parse().ok().filter(|_| !port.starts_with('+'))?)))
        }
    }
}

fn default_port(scheme: &str) -> Option<u16> {
    if scheme.is_empty() { Some(80) } else { Scheme::of(scheme).map(Scheme::default_port) }
}

/// Whether a page of this origin was served by this host. Where the scheme of the request is not known, a host without
/// a port stands for the default port of either.
fn is_same(origin: &str, own: Own<'_>) -> bool {
    let Some((scheme, origin_host, origin_port)) = split_origin(origin) else { return false };
    let Some((host, port)) = own.host.and_then(split_port) else { return false };
    let is_known = |known| scheme.is_empty() || Scheme::of(scheme) == Some(known);
    origin_host.eq_ignore_ascii_case(host)
        && own.scheme.is_none_or(is_known)
        && origin_port
            == port.or_else(|| own.scheme.map_or_else(|| default_port(scheme), |own| Some(own.default_port())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entries: &[&str], origin: &str) -> bool {
        let origins = Origins::listed(entries.iter().copied()).unwrap();
        origins.judge(Some(origin), own("own.example"), false) == Verdict::Allowed
    }

    fn own(host: &str) -> Own<'_> {
        Own { host: Some(host), scheme: None }
    }

    #[test]
    fn by_default_only_the_own_origin_speaks() {
        let origins = Origins::default();
        let judge = |origin, host| origins.judge(Some(origin), own(host), true);
        assert_eq!(judge("http://a.example", "a.example"), Verdict::Allowed);
        assert_eq!(judge("http://A.Example:80", "a.example"), Verdict::Allowed);
        assert_eq!(judge("https://a.example", "a.example"), Verdict::Allowed);
        assert_eq!(judge("https://a.example", "a.example:443"), Verdict::Allowed);
        assert_eq!(judge("http://a.example:3000", "a.example:3000"), Verdict::Allowed);
        assert_eq!(judge("http://[::1]:3000", "[::1]:3000"), Verdict::Allowed);
        assert_eq!(judge("http://a.example:3001", "a.example:3000"), Verdict::Refused);
        assert_eq!(judge("http://a.example:3000", "a.example"), Verdict::Refused);
        assert_eq!(judge("http://evil.example", "a.example"), Verdict::Refused);
        for odd in ["null", "", "://", "http://", "http://a.example/", "a.example/", "http://u@a.example"] {
            assert_eq!(judge(odd, "a.example"), Verdict::Refused, "{odd}");
        }
        assert_eq!(origins.judge(None, own("a.example"), true), Verdict::Allowed);
        assert_eq!(origins.judge(Some("http://a.example"), Own::default(), true), Verdict::Refused);
    }

    #[test]
    fn where_the_scheme_is_known_a_page_of_the_other_is_not_the_own() {
        use Scheme::{Http, Https};
        for (origin, host, scheme, is_own) in [
            ("https://a.example", "a.example", Https, true),
            ("https://a.example", "a.example:443", Https, true),
            ("https://a.example:8443", "a.example:8443", Https, true),
            ("http://a.example", "a.example", Http, true),
            ("http://a.example", "a.example", Https, false),
            ("http://a.example:443", "a.example", Https, false),
            ("http://a.example:3000", "a.example:3000", Https, false),
            ("https://a.example", "a.example", Http, false),
            ("gopher://a.example:443", "a.example", Https, false),
            ("a.example:443", "a.example", Https, true),
        ] {
            let own = Own { host: Some(host), scheme: Some(scheme) };
            let verdict = Origins::default().judge(Some(origin), own, true);
            assert_eq!(verdict == Verdict::Allowed, is_own, "{origin} {host} {scheme:?}");
        }
    }

    #[test]
    fn an_origin_without_a_scheme_is_its_host_and_port() {
        let own = |origin| Origins::default().judge(Some(origin), own("a.example:3000"), true);
        assert_eq!(own("a.example:3000"), Verdict::Allowed);
        assert_eq!(own("a.example:3001"), Verdict::Refused);
        assert_eq!(own("evil.example:3000"), Verdict::Refused);
        assert!(allows(&["good.example:99"], "good.example:99"));
        assert!(!allows(&["https://good.example:99"], "good.example:99"));
        assert!(!allows(&["null:*"], "null"));
    }

    #[test]
    fn entries_match_host_and_port_apart() {
        assert!(allows(&["*:*"], "null"));
        assert!(allows(&["good.example:*"], "http://good.example"));
        assert!(allows(&["good.example:*"], "https://good.example:8080"));
        assert!(allows(&["good.example:80"], "http://good.example"));
        assert!(!allows(&["good.example:80"], "https://good.example"));
        assert!(allows(&["*:99"], "http://any.example:99"));
        assert!(!allows(&["*:99"], "http://any.example:9"));
        assert!(!allows(&["good.example:*"], "http://notgood.example"));
        assert!(!allows(&["notgood.example:*"], "http://good.example"));
        assert!(allows(&["https://good.example"], "https://good.example"));
        assert!(!allows(&["https://good.example"], "http://good.example:443"));
        assert!(allows(&["[::1]:*"], "http://[::1]:5"));
        assert!(allows(&["a.example:1", "b.example:2"], "http://b.example:2"));
        assert!(allows(&["a.example:1"], "http://own.example"), "the own origin needs no entry");
    }

    #[test]
    fn a_socket_names_its_origin_when_origins_are_listed() {
        let listed = Origins::listed(["good.example:*"]).unwrap();
        assert_eq!(listed.judge(None, Own::default(), true), Verdict::Refused);
        assert_eq!(listed.judge(None, Own::default(), false), Verdict::Allowed);
        assert_eq!(Origins::listed(["*:*"]).unwrap().judge(None, Own::default(), true), Verdict::Allowed);
    }

    #[test]
    fn nonsense_entries_are_refused() {
        for text in [
            "",
            "good.example",
            "good.example:",
            ":80",
            "a:b:c",
            "good.example:65536",
            "http://",
            "http://*:80",
            "a b:80",
        ] {
            assert!(Origins::listed([text]).is_err(), "{text}");
        }
    }
}
