//! Headers of proxies, true and forged.

use crate::support::{Server, request};
use bytes::Bytes;
use heirloom::{Body, Builder, Listener, PeerAddress};
use http::{Request, Response};
use http_body_util::Full;
use std::net::SocketAddr;

const PROXY: &str = "10.0.0.1:9";
const STRANGER: &str = "203.0.113.66:9";

fn trusting() -> Builder {
    Listener::builder().trusted_proxies(["10.0.0.0/8", "::1"])
}

async fn ask(listener: &Listener, from: &str, path: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::get(path).extension(PeerAddress(from.parse().unwrap()));
    if !headers.iter().any(|(name, _)| *name == "Host") {
        request = request.header("Host", "own.example");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    listener.handle(request.body(Full::new(Bytes::new())).unwrap()).await
}

/// The address the application is told.
async fn told(listener: &Listener, from: &str, headers: &[(&str, &str)]) -> SocketAddr {
    ask(listener, from, "/socket.io/xhr-polling//1", headers).await;
    let client = listener.clients().pop().unwrap();
    let peer = client.handshake().peer().unwrap();
    client.disconnect();
    peer
}

#[tokio::test]
async fn the_client_is_known_by_its_own_address_behind_a_proxy_that_is_trusted() {
    let (listener, unsuspecting) = (trusting().build().unwrap(), Listener::builder().build().unwrap());
    for header in
        [("X-Forwarded-For", "6.6.6.6, 203.0.113.1"), ("Forwarded", "for=6.6.6.6, for=203.0.113.1;proto=https")]
    {
        assert_eq!(told(&listener, PROXY, &[header]).await, "203.0.113.1:0".parse().unwrap());
        assert_eq!(told(&listener, "[::1]:9", &[header]).await, "203.0.113.1:0".parse().unwrap());
        assert_eq!(told(&listener, STRANGER, &[header]).await, STRANGER.parse().unwrap(), "anybody can say that");
        assert_eq!(told(&unsuspecting, PROXY, &[header]).await, PROXY.parse().unwrap(), "nobody is trusted by default");
    }
    for nonsense in ["", ",", "unknown", "6.6.6.6,", "[", "\"", "::1]:1", "999.1.1.1"] {
        for name in ["X-Forwarded-For", "Forwarded"] {
            assert_eq!(told(&listener, PROXY, &[(name, nonsense)]).await, PROXY.parse().unwrap(), "{name}: {nonsense}");
        }
    }
}

#[tokio::test]
async fn clients_behind_one_proxy_are_bounded_apart_and_cannot_hide_behind_more_addresses() {
    let listener = trusting().max_sessions_per_peer(2).build().unwrap();
    let knock = |from, forwarded| {
        let listener = &listener;
        async move { ask(listener, from, "/socket.io/1/?t=1", &[("X-Forwarded-For", forwarded)]).await.status().as_u16() }
    };
    for client in ["203.0.113.1", "203.0.113.2", "2001:db8::1"] {
        assert_eq!(
            [knock(PROXY, client).await, knock(PROXY, client).await, knock(PROXY, client).await],
            [200, 200, 503]
        );
    }
    for forged in ["1.1.1.1, 203.0.113.1", "1.1.1.2, 203.0.113.1", "2001:db8::ffff"] {
        assert_eq!(knock(PROXY, forged).await, 503, "{forged}");
    }
    let strangers =
        [knock(STRANGER, "1.1.1.1").await, knock(STRANGER, "1.1.1.2").await, knock(STRANGER, "1.1.1.3").await];
    assert_eq!(strangers, [200, 200, 503]);
    assert_eq!(listener.stats().refused_by_peer, 3 + 3 + 1);
}

#[tokio::test]
async fn the_own_origin_is_the_one_the_proxy_was_asked_by() {
    let listener = trusting().build().unwrap();
    let by_tls = ("X-Forwarded-Proto", "https");
    let inside = ("Host", "backend:8080");
    let outside = ("X-Forwarded-Host", "own.example");
    for (from, origin, headers, status) in [
        (PROXY, "https://own.example", &[by_tls][..], 200),
        (PROXY, "http://own.example", &[by_tls], 403),
        (PROXY, "https://own.example", &[("X-Forwarded-Proto", "http")], 403),
        (PROXY, "http://own.example", &[("X-Forwarded-Proto", "http")], 200),
        (PROXY, "http://own.example", &[], 200),
        (PROXY, "https://own.example", &[], 200),
        (PROXY, "https://own.example", &[inside], 403),
        (PROXY, "https://own.example", &[inside, outside, by_tls], 200),
        (PROXY, "https://own.example", &[inside, ("Forwarded", "for=203.0.113.1;host=own.example;proto=https")], 200),
        (PROXY, "http://own.example", &[inside, ("Forwarded", "for=203.0.113.1;host=own.example;proto=https")], 403),
        (PROXY, "http://backend:8080", &[inside, outside], 403),
        (PROXY, "https://evil.example", &[inside, outside, by_tls], 403),
        // Who is not trusted names neither.
        (STRANGER, "https://evil.example", &[("X-Forwarded-Host", "evil.example"), by_tls], 403),
        (STRANGER, "http://own.example", &[by_tls], 200),
    ] {
        let headers = [headers, &[("Origin", origin)]].concat();
        for path in ["/socket.io/xhr-polling//1", "/socket.io/1/?t=1", "/socket.io/?EIO=4&transport=polling"] {
            let answer = ask(&listener, from, path, &headers).await;
            assert_eq!(answer.status(), status, "{from} {path} {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_draft_websocket_is_told_the_url_its_client_asked_for() {
    const DRAFT: [&str; 2] = ["Upgrade: WebSocket", "Connection: Upgrade"];
    let trusting = || Listener::builder().trusted_proxies(["127.0.0.1"]);
    for (builder, headers, location) in [
        (trusting(), &["X-Forwarded-Proto: https"][..], "wss://own.example"),
        (trusting(), &["X-Forwarded-Proto: http"], "ws://own.example"),
        (trusting(), &["X-Forwarded-Proto: https", "X-Forwarded-Host: outside.example"], "wss://outside.example"),
        (trusting(), &["Forwarded: for=203.0.113.1;proto=wss"], "wss://own.example"),
        (trusting(), &[], "ws://own.example"),
        (Listener::builder(), &["X-Forwarded-Proto: https", "X-Forwarded-Host: outside.example"], "ws://own.example"),
        (Listener::builder().trust_forwarded_scheme(), &["X-Forwarded-Proto: https"], "wss://own.example"),
    ] {
        let server = Server::new(builder).await;
        let mut socket = server.ask(request("GET", "/socket.io/websocket", &[&DRAFT, headers].concat(), "")).await;
        let head = socket.until("\r\n\r\n").await;
        let line = format!("WebSocket-Location: {location}/socket.io/websocket\r\n");
        assert!(String::from_utf8_lossy(&head).contains(&line), "{headers:?}: {}", String::from_utf8_lossy(&head));
        let client = async {
            crate::support::eventually("the client", || !server.listener.clients().is_empty()).await;
            server.listener.clients().remove(0)
        };
        let expected =
            if headers.iter().any(|header| header.starts_with("Forwarded")) { "203.0.113.1" } else { "127.0.0.1" };
        assert_eq!(client.await.handshake().peer().unwrap().ip().to_string(), expected, "{headers:?}");
    }
}

#[test]
fn a_proxy_that_is_none_is_named() {
    let error = Listener::builder().trusted_proxies(["10.0.0.0/8", "proxy.example"]).build().unwrap_err();
    assert_eq!(error.option(), "trusted_proxies");
    assert!(error.to_string().contains("proxy.example"), "{error}");
}
