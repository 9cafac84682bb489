//! Who asks, when a proxy in between is trusted to say it: `Forwarded` (RFC 7239), or `X-Forwarded-For` and what belongs
//! to it.
//!
//! Anybody may send these headers. What counts is what a trusted proxy has added, and each adds behind what was there: so
//! they are read from right to left, up to the first address that is not a trusted proxy's. What does not follow the
//! rules ends the way; then the last trusted address is the client's.

use super::origin::Scheme;
use http::{HeaderMap, header};
use ipnet::IpNet;
use std::net::{IpAddr, SocketAddr};

mod element;

/// The proxies that are believed.
#[derive(Debug, Clone, Default)]
pub(crate) struct TrustedProxies {
    networks: Box<[IpNet]>,
}

/// What trusted proxies tell of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forwarded {
    /// The client, or whoever else is the farthest that is known; port 0 when it is not told.
    pub(crate) address: SocketAddr,
    /// How the client asked for it.
    pub(crate) scheme: Option<Scheme>,
    /// The host it asked for.
    pub(crate) host: Option<Box<str>>,
}

/// What one proxy tells of who asked it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Hop {
    address: Option<SocketAddr>,
    scheme: Option<Scheme>,
    host: Option<String>,
}

/// Where the way from the right ends.
struct Way {
    address: SocketAddr,
    /// How many hops were looked at: the last of them is what the outermost trusted proxy tells.
    hops: usize,
}

impl TrustedProxies {
    /// Networks and addresses; otherwise the one that is neither.
    pub(crate) fn listed(entries: &[String]) -> Result<Self, &str> {
        let network = |entry: &str| -> Option<IpNet> {
            let address = || entry.parse::<IpAddr>().ok().map(|address| address.to_canonical().into());
            entry.parse().ok().or_else(address)
        };
        let networks = entries.iter().map(|entry| network(entry).ok_or(entry.as_str())).collect::<Result<_, _>>()?;
        Ok(Self { networks })
    }

    /// What the headers of a request tell that came from this address; nothing when it is no trusted proxy's.
    pub(crate) fn ask(&self, headers: &HeaderMap, from: SocketAddr) -> Option<Forwarded> {
        if self.networks.is_empty() || !self.trust(from.ip()) {
            return None;
        }
        let standard = headers.contains_key(header::FORWARDED).then(|| self.standard(headers, from));
        let common = headers.contains_key(ADDRESSES).then(|| self.common(headers, from));
        Some(match (standard, common) {
            (Some(standard), Some(common)) if standard.address.ip() != common.address.ip() => {
                // One of the two comes from the client: no proxy here knows of it.
                Forwarded { address: from, scheme: None, host: None }
            }
            (Some(told), Some(also)) => {
                Forwarded { scheme: told.scheme.or(also.scheme), host: told.host.or(also.host), ..told }
            }
            (Some(told), None) | (None, Some(told)) => told,
            (None, None) => self.common(headers, from),
        })
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(&address.to_canonical()))
    }

    /// Goes from proxy to proxy, the nearest first.
    fn walk(&self, from: SocketAddr, addresses: impl Iterator<Item = Option<SocketAddr>>) -> Way {
        let mut way = Way { address: from, hops: 0 };
        for address in addresses {
            way.hops += 1;
            let Some(address) = address else { break };
            way.address = address;
            if !self.trust(address.ip()) {
                break;
            }
        }
        way
    }

    fn standard(&self, headers: &HeaderMap, from: SocketAddr) -> Forwarded {
        let mut hops = Vec::new();
        for line in headers.get_all(header::FORWARDED).iter().rev() {
            let Some(elements) = line.to_str().ok().and_then(element::all) else { break };
            hops.extend(elements.into_iter().rev());
        }
        let Way { address, hops: count } = self.walk(from, hops.iter().map(|hop| hop.address));
        let outermost = count.checked_sub(1).and_then(|last| hops.into_iter().nth(last)).unwrap_or_default();
        Forwarded { address, scheme: outermost.scheme, host: outermost.host.map(Into::into) }
    }

    fn common(&self, headers: &HeaderMap, from: SocketAddr) -> Forwarded {
        let Way { address, hops } = self.walk(from, from_the_right(headers, ADDRESSES).map(|text| address(text?)));
        let scheme = told(headers, "x-forwarded-proto", hops).and_then(Scheme::of);
        Forwarded { address, scheme, host: told(headers, "x-forwarded-host", hops).map(Into::into) }
    }
}

const ADDRESSES: &str = "x-forwarded-for";

/// The entries of a list, the last one first; a line that is no text is one entry that is nothing.
fn from_the_right<'a>(headers: &'a HeaderMap, name: &'static str) -> impl Iterator<Item = Option<&'a str>> {
    headers.get_all(name).iter().rev().flat_map(|line| {
        let texts = line.to_str().ok().map(|line| line.rsplit(',').map(|text| Some(text.trim())));
        let nothing = texts.is_none().then_some(None);
        texts.into_iter().flatten().chain(nothing)
    })
}

/// What stands in a list at the same place from the right as the client's address; an entry alone is for the whole way.
fn told<'a>(headers: &'a HeaderMap, name: &'static str, hops: usize) -> Option<&'a str> {
    let mut entries = from_the_right(headers, name);
    let last = entries.next()??;
    let entry = match entries.next() {
        None => Some(last),
        Some(_) if hops <= 1 => Some(last),
        Some(second) if hops == 2 => second,
        Some(_) => entries.nth(hops - 3)?,
    };
    entry.filter(|entry| !entry.is_empty())
}

/// An address as proxies write it: alone, or with a port; of the sixth version then in brackets.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            (IpAddr::V6(host.parse().ok()?), rest.strip_prefix(':').or(rest.is_empty().then_some("")))
        }
        None => match text.parse() {
            Ok(host) => (host, Some("")),
            Err(_) => {
                let (host, port) = text.split_once(':')?;
                (IpAddr::V4(host.parse().ok()?), Some(port))
            }
        },
    };
    // A port may be hidden behind a name.
    Some(SocketAddr::new(host.to_canonical(), port?.parse().unwrap_or(0)))
}

#[cfg(test)]
mod tests;
