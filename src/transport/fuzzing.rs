//! What a request says of itself, as fuzz targets: its path and query, whose page it is from and who stands in between,
//! and the first bytes of its connection.

use super::{
    engine::fuzzing::read_query,
    forwarded::TrustedProxies,
    name::Transport,
    origin::{Origins, Own, Scheme, Verdict},
    route::{Mount, PacketsRoute, Route, says_goodbye},
    sniff::{Opening, sniff},
};
use crate::{
    listener::Dialect,
    wire::{flash_policy, hixie},
};
use futures_util::FutureExt;
use http::{HeaderMap, HeaderName, HeaderValue, header, request::Parts};
use std::net::SocketAddr;
use tokio::io::AsyncReadExt;

fn mount() -> Mount {
    let resources = [
        ("socket.io", Dialect::Frames),
        ("old/io", Dialect::Json),
        ("engine.io", Dialect::BareEngine),
        ("ws", Dialect::BareWebSocket),
    ];
    Mount::new(&resources.map(|(resource, dialect)| (resource.to_owned(), dialect)))
}

/// A path, and a query behind the first `?`.
pub fn route(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (path, query) = match text.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (&*text, None),
    };
    says_goodbye(query);
    read_query(query);
    let mount = mount();
    let is_below =
        |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let Some(route) = mount.route(path, query) else { return };
    assert!(mount.prefixes().any(is_below), "what is not below a resource is the application's");
    let is_segment = |text: &str| !text.is_empty() && !text.contains('/') && path.contains(text);
    match route {
        Route::Frames { session, tail, .. } => assert!(session.into_iter().chain(tail).all(is_segment)),
        Route::Packets(PacketsRoute::Session { id, .. }) => assert!(is_segment(id)),
        Route::Packets(_) | Route::File(_) | Route::Engine { .. } | Route::BareWebSocket => {}
    }
    if let Some(entrance) = route.socket() {
        assert!(entrance.transport().is_some_and(Transport::is_socket));
    }
}

/// Lines: the listed origins in one, an origin, a host; then headers of requests that came through proxies.
pub fn origin(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.split('\n');
    let mut line = || lines.next().unwrap_or_default();
    let (entries, origin, host) = (line(), line(), line());
    for scheme in [None, Some(Scheme::Http), Some(Scheme::Https)] {
        let own = Own { host: Some(host), scheme };
        let only_own = Origins::default().judge(Some(origin), own, true);
        if only_own == Verdict::Allowed {
            let host_of = |text: &str| text.rsplit("://").next().unwrap_or_default().to_ascii_lowercase();
            let (of_page, of_listener) = (host_of(origin), host_of(host));
            let without_port =
                |host: &str| host.trim_end_matches(|byte: char| byte.is_ascii_digit() || byte == ':').to_owned();
            assert_eq!(
                without_port(&of_page),
                without_port(&of_listener),
                "only the page of the same host is of its own"
            );
        }
        if let Ok(origins) = Origins::listed(entries.split_whitespace()) {
            origins.judge(None, own, true);
            let verdict = origins.judge(Some(origin), own, false);
            assert!(verdict == Verdict::Allowed || only_own == Verdict::Refused, "a list only adds");
            let policy: Vec<_> = origins.policy_entries().collect();
            let document = flash_policy::document(policy.iter().map(|(domain, ports)| (*domain, ports.as_str())));
            assert_eq!(document.matches('<').count(), 4 + policy.len());
        }
        if let Ok(origins) = Origins::listed([origin]) {
            let is_origin = origin.contains("://");
            assert!(!is_origin || origins.judge(Some(origin), Own::default(), true) == Verdict::Allowed);
        }
    }

    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or(("forwarded", line));
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), value) {
            headers.append(name, value);
        }
    }
    let from = SocketAddr::from(([10, 0, 0, 1], 80));
    let stranger = SocketAddr::from(([192, 0, 2, 1], 80));
    let Ok(proxies) = TrustedProxies::listed(&["10.0.0.0/8".to_owned(), "::1".to_owned()]) else { return };
    assert_eq!(proxies.ask(&headers, stranger), None, "who is no proxy is not believed");
    let told = proxies.ask(&headers, from);
    if !headers.contains_key(header::FORWARDED) && !headers.contains_key("x-forwarded-for") {
        assert!(told.is_none_or(|told| told.address == from), "what nobody said is not known");
    }
}

/// The first bytes of a connection, wherever they are cut; and the answer, when they are a handshake of a draft.
pub fn opening(bytes: &[u8]) {
    // The largest head that is looked at depends on how much comes at a time.
    let bytes = bytes.get(..4096).unwrap_or(bytes);
    let whole = sniffed(bytes, bytes.len());
    for cut in [1, 5, 24, bytes.len() / 2] {
        let pieces = sniffed(bytes, cut.min(bytes.len()));
        match (&whole, &pieces) {
            (Opening::FlashPolicy, Opening::FlashPolicy) => {}
            (Opening::Http(one), Opening::Http(other)) => assert!(bytes.starts_with(one) && bytes.starts_with(other)),
            (Opening::Hixie(one, _), Opening::Hixie(other, _)) => assert_eq!(one.headers, other.headers),
            (one, other) => panic!("{one:?} became {other:?}"),
        }
    }
    if let Opening::Hixie(parts, _) = whole {
        answer(&parts);
    }
}

fn sniffed(bytes: &[u8], cut: usize) -> Opening {
    let (first, rest) = bytes.split_at(cut);
    let mut stream = first.chain(rest);
    match sniff(&mut stream, &mount(), &Transport::ALL, 8 << 10).now_or_never() {
        Some(Ok(opening)) => opening,
        other => panic!("bytes are there at once: {other:?}"),
    }
}

fn answer(parts: &Parts) {
    let text = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    if let (Some(one), Some(other)) = (text("sec-websocket-key1"), text("sec-websocket-key2")) {
        hixie::proof(one, other, b"8 bytes!");
    }
    let Some(target) = parts.uri.path_and_query() else { return };
    let opening = hixie::Opening {
        host: text("host").unwrap_or_default(),
        target: target.as_str(),
        origin: text("origin"),
        secure: false,
        protocol: text("sec-websocket-protocol"),
    };
    let lines = [
        (hixie::response_75(&opening), 5),
        (hixie::response_76(&opening), 5 + usize::from(opening.protocol.is_some())),
    ];
    for (head, lines) in lines {
        let Some(head) = head else { continue };
        assert!(head.ends_with("\r\n\r\n"));
        assert_eq!(head.trim_end().lines().count(), lines, "no field adds a line: {head:?}");
    }
}
