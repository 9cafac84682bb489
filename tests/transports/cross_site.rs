//! Who may ask: every door of every generation, against everything a browser says of the page that asks.

use bytes::Bytes;
use heirloom::{Body, Dialect, Listener};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};

const OWN: &str = "http://own.example";
const LISTED: &str = "http://good.example";
const FOREIGN: &str = "http://evil.example";

/// Which origins the application lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum List {
    None,
    One,
    All,
}

/// One way to ask for something.
#[derive(Debug, Clone, Copy, Default)]
struct Door {
    method: &'static str,
    path: &'static str,
    is_socket: bool,
    /// A handshake of 0.7 to 0.9.
    is_handshake: bool,
    /// The answer is a script.
    is_script: bool,
    is_document: bool,
    begins: bool,
}

/// What a request says of the page that asks.
#[derive(Debug, Clone, Copy)]
struct Asking {
    origin: Option<&'static str>,
    site: Option<&'static str>,
    /// The origin of the page's address.
    referer: Option<&'static str>,
    cookies: bool,
}

fn doors() -> Vec<Door> {
    let get = |path| Door { method: "GET", path, ..Door::default() };
    let post = |path| Door { method: "POST", path, ..Door::default() };
    let begin = |path| Door { begins: true, ..get(path) };
    let socket = |path| Door { is_socket: true, ..begin(path) };
    let script = |door| Door { is_script: true, ..door };
    let document = |door| Door { is_document: true, ..door };
    let handshake = |door| Door { is_handshake: true, begins: true, ..door };
    vec![
        // 0.3 to 0.6
        socket("/socket.io/websocket"),
        socket("/socket.io/flashsocket"),
        begin("/socket.io/xhr-polling//1"),
        begin("/socket.io/xhr-multipart"),
        begin("/socket.io/server-events"),
        document(begin("/socket.io/htmlfile//1")),
        script(begin("/socket.io/jsonp-polling//1/0")),
        get("/socket.io/xhr-polling/nobody/1"),
        get("/socket.io/xhr-multipart/nobody"),
        get("/socket.io/server-events/nobody"),
        document(get("/socket.io/htmlfile/nobody/1")),
        script(get("/socket.io/jsonp-polling/nobody/1/0")),
        post("/socket.io/xhr-polling/nobody/send"),
        post("/socket.io/xhr-multipart/nobody/send"),
        post("/socket.io/server-events/nobody/send"),
        document(post("/socket.io/htmlfile/nobody/send")),
        script(post("/socket.io/jsonp-polling/nobody/1/0")),
        post("/socket.io/xhr-polling/nobody/disconnect"),
        // 0.7 to 0.9
        handshake(get("/socket.io/1/?t=1")),
        handshake(post("/socket.io/1/?t=1")),
        handshake(script(get("/socket.io/1/?t=1&jsonp=0"))),
        Door { is_socket: true, ..get("/socket.io/1/websocket/nobody") },
        Door { is_socket: true, ..get("/socket.io/1/flashsocket/nobody") },
        get("/socket.io/1/xhr-polling/nobody?t=1"),
        get("/socket.io/1/xhr-multipart/nobody?t=1"),
        get("/socket.io/1/server-events/nobody?t=1"),
        document(get("/socket.io/1/htmlfile/nobody?t=1")),
        script(get("/socket.io/1/jsonp-polling/nobody?t=1&i=0")),
        post("/socket.io/1/xhr-polling/nobody?t=1"),
        document(post("/socket.io/1/htmlfile/nobody?t=1")),
        script(post("/socket.io/1/jsonp-polling/nobody?t=1&i=0")),
        get("/socket.io/1/xhr-polling/nobody?disconnect"),
        // 1.x to 4.x
        begin("/socket.io/?EIO=3&transport=polling"),
        begin("/socket.io/?EIO=4&transport=polling"),
        script(begin("/socket.io/?EIO=3&transport=polling&j=0")),
        script(begin("/socket.io/?EIO=4&transport=polling&j=0")),
        socket("/socket.io/?EIO=3&transport=websocket"),
        socket("/socket.io/?EIO=4&transport=websocket"),
        get("/socket.io/?EIO=4&transport=polling&sid=nobody"),
        post("/socket.io/?EIO=4&transport=polling&sid=nobody"),
        script(get("/socket.io/?EIO=4&transport=polling&sid=nobody&j=0")),
        script(post("/socket.io/?EIO=4&transport=polling&sid=nobody&j=0")),
        Door { is_socket: true, ..get("/socket.io/?EIO=4&transport=websocket&sid=nobody") },
        // Alone
        begin("/engine.io/?EIO=4&transport=polling"),
        script(begin("/engine.io/?EIO=4&transport=polling&j=0")),
        socket("/engine.io/?EIO=4&transport=websocket"),
        socket("/plain"),
    ]
}

fn everything_said() -> Vec<Asking> {
    let mut all = Vec::new();
    for origin in [None, Some(OWN), Some(LISTED), Some(FOREIGN), Some("null")] {
        for site in [None, Some("same-origin"), Some("same-site"), Some("cross-site"), Some("none")] {
            for referer in [None, Some(OWN), Some(LISTED), Some(FOREIGN)] {
                for cookies in [false, true] {
                    all.push(Asking { origin, site, referer, cookies });
                }
            }
        }
    }
    all
}

/// The rule, as docs/origins.md has it.
fn is_accepted(door: Door, list: List, asking: Asking) -> bool {
    let is_good = |origin| origin == OWN || (list == List::One && origin == LISTED);
    let names_origin = door.is_socket || door.is_handshake;
    let reads_referer = door.is_script || door.is_document || (door.is_handshake && list == List::One);
    match (asking.origin, asking.site, asking.referer) {
        _ if list == List::All => true,
        (Some(origin), ..) => is_good(origin),
        (None, Some("same-origin"), _) => true,
        (None, Some("same-site" | "cross-site"), referer) => referer.is_some_and(is_good),
        (None, _, Some(referer)) if reads_referer => is_good(referer),
        (None, None, _) if door.is_script && door.begins && asking.cookies => false,
        _ => !(list == List::One && names_origin),
    }
}

async fn knock(listener: &Listener, door: Door, asking: Asking) -> Response<Body> {
    let mut request = Request::builder().method(door.method).uri(door.path).header("Host", "own.example");
    if door.is_socket {
        for (name, value) in [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            request = request.header(name, value);
        }
    }
    let referer = asking.referer.map(|origin| format!("{origin}/page?a=http://own.example/"));
    for (name, value) in [
        ("Origin", asking.origin),
        ("Sec-Fetch-Site", asking.site),
        ("Referer", referer.as_deref()),
        ("Cookie", asking.cookies.then_some("a=1")),
    ] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    listener.handle(request.body(Full::new(Bytes::new())).unwrap()).await
}

#[tokio::test]
async fn who_may_ask_is_decided_by_one_rule_for_every_generation_transport_and_method() {
    for list in [List::None, List::One, List::All] {
        let builder = Listener::builder()
            .also_mount("engine.io", Dialect::BareEngine)
            .also_mount("plain", Dialect::BareWebSocket);
        let builder = match list {
            List::None => builder,
            List::One => builder.origins(["good.example:80"]),
            List::All => builder.origins(["*:*"]),
        };
        let listener = builder.build().unwrap();
        for door in doors() {
            for asking in everything_said() {
                let what = format!("{list:?} {door:?} {asking:?}");
                let opened = listener.stats().opened_sessions;
                let response = knock(&listener, door, asking).await;
                let (status, headers) = (response.status(), response.headers().clone());
                if status != 101 {
                    assert_eq!(headers["x-content-type-options"], "nosniff", "{what}");
                }
                let is_refusal = if door.is_handshake && door.is_script {
                    let body = response.into_body().collect().await.unwrap().to_bytes();
                    let refusal: &[u8] = br#"io.j[0](new Error("handshake bad origin"));"#;
                    body == refusal
                } else {
                    matches!(status.as_u16(), 401 | 403)
                };
                assert_eq!(!is_refusal, is_accepted(door, list, asking), "{what}: {status} {headers:?}");
                let reader = headers.get("access-control-allow-origin");
                if is_refusal {
                    assert_eq!((reader, listener.stats().opened_sessions), (None, opened), "{what}");
                } else if let Some(reader) = reader {
                    let origin = asking.origin.unwrap();
                    let is_anybodys = origin == "null" && reader == "*";
                    assert!(reader == origin || is_anybodys, "{what}: {reader:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn what_a_browser_says_twice_or_oddly_comes_from_another_site() {
    let listener = Listener::builder().build().unwrap();
    for site in [&["same-origin", "same-origin"][..], &["Same-Origin"], &[""], &["same-origin, none"], &["self"]] {
        let mut request = Request::get("/socket.io/xhr-polling//1").header("Host", "own.example");
        for site in site {
            request = request.header("Sec-Fetch-Site", *site);
        }
        let response = listener.handle(request.body(Full::new(Bytes::new())).unwrap()).await;
        assert_eq!(response.status(), 403, "{site:?}");
    }
}

#[tokio::test]
async fn a_name_and_a_password_count_like_cookies() {
    let listener = Listener::builder().build().unwrap();
    for (headers, status) in [
        (&[][..], 200),
        (&[("Authorization", "Basic YTpi")], 403),
        (&[("Authorization", "Basic YTpi"), ("Referer", "http://own.example/page")], 200),
        (&[("Authorization", "Basic YTpi"), ("Referer", "about:blank")], 403),
        (&[("Authorization", "Basic YTpi"), ("Sec-Fetch-Site", "none")], 200),
    ] {
        let mut request = Request::get("/socket.io/jsonp-polling//1/0").header("Host", "own.example");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = listener.handle(request.body(Full::new(Bytes::new())).unwrap()).await;
        assert_eq!(response.status(), status, "{headers:?}");
    }
}
