use super::*;
use http::HeaderValue;

const PROXY: &str = "10.0.0.1:9";

fn trusted() -> TrustedProxies {
    let entries = ["10.0.0.0/8", "192.0.2.7", "::1", "fd00::/8"].map(str::to_owned);
    TrustedProxies::listed(&entries).unwrap()
}

fn headers(lines: &[(&'static str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in lines {
        headers.append(*name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}

fn told(lines: &[(&'static str, &str)]) -> Forwarded {
    trusted().ask(&headers(lines), PROXY.parse().unwrap()).unwrap()
}

#[track_caller]
fn is_client(lines: &[(&'static str, &str)], client: &str) {
    let client: SocketAddr = client.parse().unwrap();
    assert_eq!(told(lines).address, client, "{lines:?}");
}

#[test]
fn nobody_but_a_trusted_proxy_is_believed() {
    let headers = headers(&[("x-forwarded-for", "203.0.113.1"), ("forwarded", "for=203.0.113.1;proto=https")]);
    for (from, is_believed) in [
        ("203.0.113.9:1", false),
        ("192.0.2.8:1", false),
        ("192.0.2.7:1", true),
        ("10.255.0.1:1", true),
        ("[::1]:1", true),
        ("[::ffff:10.0.0.1]:1", true),
        ("[fd12::1]:1", true),
        ("[fe80::1]:1", false),
    ] {
        let from: SocketAddr = from.parse().unwrap();
        assert_eq!(trusted().ask(&headers, from).is_some(), is_believed, "{from}");
        assert_eq!(TrustedProxies::default().ask(&headers, from), None, "{from}");
    }
}

#[test]
fn the_client_is_the_first_from_the_right_that_is_no_trusted_proxy() {
    for (list, client) in [
        ("203.0.113.1", "203.0.113.1:0"),
        ("6.6.6.6, 203.0.113.1", "203.0.113.1:0"),
        ("6.6.6.6, 203.0.113.1,10.9.9.9, 192.0.2.7", "203.0.113.1:0"),
        ("203.0.113.1:4711", "203.0.113.1:4711"),
        ("2001:db8::1", "[2001:db8::1]:0"),
        ("[2001:db8::1]", "[2001:db8::1]:0"),
        ("[2001:db8::1]:4711", "[2001:db8::1]:4711"),
        ("::ffff:203.0.113.1", "203.0.113.1:0"),
        // All of them are ours: the farthest.
        ("10.0.0.3, 10.0.0.2", "10.0.0.3:0"),
    ] {
        is_client(&[("x-forwarded-for", list)], client);
    }
    is_client(&[("x-forwarded-for", "6.6.6.6"), ("x-forwarded-for", "203.0.113.1")], "203.0.113.1:0");
    is_client(&[("x-forwarded-for", "203.0.113.1"), ("x-forwarded-for", "10.0.0.2")], "203.0.113.1:0");
}

#[test]
fn what_follows_no_rule_leaves_the_last_trusted_address() {
    for (list, client) in [
        ("", PROXY),
        ("nonsense", PROXY),
        ("unknown", PROXY),
        ("6.6.6.6, ", PROXY),
        ("6.6.6.6, [::1", PROXY),
        ("6.6.6.6, ::1]:5", PROXY),
        ("6.6.6.6, 1.2.3", PROXY),
        ("6.6.6.6, 256.1.1.1:80", PROXY),
        ("6.6.6.6, [10.0.0.2]:80", PROXY),
        ("6.6.6.6, [::1]x", PROXY),
        ("6.6.6.6 10.0.0.2", PROXY),
        ("6.6.6.6, nonsense, 10.0.0.2", "10.0.0.2:0"),
        ("6.6.6.6, ,10.0.0.2", "10.0.0.2:0"),
    ] {
        is_client(&[("x-forwarded-for", list)], client);
    }
    let mut odd = headers(&[("x-forwarded-for", "6.6.6.6")]);
    odd.append("x-forwarded-for", HeaderValue::from_bytes(b"\xff").unwrap());
    assert_eq!(trusted().ask(&odd, PROXY.parse().unwrap()).unwrap().address, PROXY.parse().unwrap());
    odd.append("x-forwarded-for", HeaderValue::from_static("10.0.0.2"));
    assert_eq!(trusted().ask(&odd, PROXY.parse().unwrap()).unwrap().address, "10.0.0.2:0".parse().unwrap());
}

#[test]
fn the_standard_header_is_read_by_its_grammar() {
    for (list, client) in [
        ("for=203.0.113.1", "203.0.113.1:0"),
        ("For=\"203.0.113.1:4711\"", "203.0.113.1:4711"),
        ("for=203.0.113.1:4711;proto=https", "203.0.113.1:4711"),
        ("for=\"[2001:db8::1]:4711\"", "[2001:db8::1]:4711"),
        ("for=\"[2001:db8::1]:_hidden\"", "[2001:db8::1]:0"),
        ("for=6.6.6.6, for=203.0.113.1;by=10.0.0.2 ; host=a , for=10.0.0.2", "203.0.113.1:0"),
        ("for=\"20\\3.0.113.1\"", "203.0.113.1:0"),
        ("x=\"a, for=6.6.6.6\";for=203.0.113.1", "203.0.113.1:0"),
        // What is hidden, and what is broken, ends the way.
        ("for=6.6.6.6, for=unknown", PROXY),
        ("for=6.6.6.6, for=_secret, for=10.0.0.2", "10.0.0.2:0"),
        ("for=6.6.6.6, proto=https", PROXY),
        ("for=6.6.6.6;for=10.0.0.2", PROXY),
        ("for=6.6.6.6, ", PROXY),
        ("for=6.6.6.6,, for=10.0.0.2", PROXY),
        ("for=6.6.6.6;", PROXY),
        ("for=", PROXY),
        ("for", PROXY),
        ("=6.6.6.6", PROXY),
        ("for =6.6.6.6", PROXY),
        ("for=\"6.6.6.6", PROXY),
        ("for=\"6.6.6.6\"x", PROXY),
        ("for=\"6.6.6.6\\", PROXY),
        // A quote the client left open swallows what the proxy adds, and is seen.
        ("for=6.6.6.6;x=\", for=203.0.113.1", PROXY),
        ("for=6.6.6.6;x=\", for=\"[2001:db8::1]:80\"", PROXY),
        ("for=6.6.6.6;x=\"\\, for=\"[2001:db8::1]:80\"", PROXY),
    ] {
        is_client(&[("forwarded", list)], client);
    }
    is_client(&[("forwarded", "for=\"6.6.6.6"), ("forwarded", "for=203.0.113.1")], "203.0.113.1:0");
    is_client(&[("forwarded", "for=\"6.6.6.6"), ("forwarded", "for=10.0.0.2")], "10.0.0.2:0");
}

#[test]
fn where_both_headers_disagree_neither_is_believed() {
    let own = ("x-forwarded-for", "203.0.113.1");
    is_client(&[own, ("forwarded", "for=6.6.6.6;proto=https")], PROXY);
    assert_eq!(told(&[own, ("forwarded", "for=6.6.6.6;proto=https")]).scheme, None);
    is_client(&[own, ("forwarded", "for=203.0.113.1")], "203.0.113.1:0");
}

#[test]
fn scheme_and_host_are_those_of_the_outermost_proxy_that_is_trusted() {
    use Scheme::{Http, Https};
    let own = ("x-forwarded-for", "6.6.6.6, 203.0.113.1, 10.0.0.2");
    for (lines, scheme, host) in [
        (&[("x-forwarded-proto", "https")][..], Some(Https), None),
        (
            &[("x-forwarded-proto", "HTTPS"), ("x-forwarded-host", "own.example:8443")],
            Some(Https),
            Some("own.example:8443"),
        ),
        (&[("x-forwarded-proto", "http, https")], Some(Https), None),
        (&[own, ("x-forwarded-proto", "http, https, http")], Some(Https), None),
        (&[own, ("x-forwarded-proto", "http, https, http"), ("x-forwarded-host", "a, b, c")], Some(Https), Some("b")),
        (&[own, ("x-forwarded-proto", "https")], Some(Https), None),
        (&[own, ("x-forwarded-proto", "gopher")], None, None),
        (&[own, ("x-forwarded-host", "")], None, None),
        (
            &[("x-forwarded-for", "1.1.1.1, 10.0.0.4, 10.0.0.3, 10.0.0.2"), ("x-forwarded-proto", "https, http")],
            None,
            None,
        ),
        (
            &[("x-forwarded-for", "1.1.1.1, 10.0.0.2"), ("x-forwarded-proto", "http, https, http, http")],
            Some(Http),
            None,
        ),
        (
            &[(
                "forwarded",
                "for=6.6.6.6;proto=http, for=203.0.113.1;proto=https;host=a, for=10.0.0.2;proto=http;host=b",
            )],
            Some(Https),
            Some("a"),
        ),
        (&[("forwarded", "for=_hidden;proto=wss, for=10.0.0.2;proto=http")], Some(Https), None),
        (&[("forwarded", "proto")], None, None),
    ] {
        let told = told(lines);
        assert_eq!((told.scheme, told.host.as_deref()), (scheme, host), "{lines:?}");
    }
}

#[test]
fn what_is_neither_an_address_nor_a_network_is_named() {
    for entry in ["", "10.0.0.0/33", "own.example", "10.0.0", "fd00::/129", "10.0.0.1:80", "*"] {
        let entries = ["10.0.0.1".to_owned(), entry.to_owned()];
        assert_eq!(TrustedProxies::listed(&entries).unwrap_err(), entry);
    }
}

proptest::proptest! {
    #[test]
    fn no_header_is_too_odd(
        lines in proptest::collection::vec(("(forwarded|x-forwarded-(for|proto|host))", "[for=;,\"\\\\: \\[\\]0-9.a-f]{0,40}"), 0..4),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in &lines {
            headers.append(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(value.as_bytes()).unwrap(),
            );
        }
        trusted().ask(&headers, PROXY.parse().unwrap()).unwrap();
    }
}
