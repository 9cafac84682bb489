//! Peers that begin more sessions than they may, on a clock that moves when nothing else does.

use bytes::Bytes;
use futures_util::future::join_all;
use heirloom::{Body, Builder, Dialect, Listener, PeerAddress};
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use std::{future::Future, pin::Pin, time::Duration};
use tokio::time::Instant;

const PEER: &str = "192.0.2.1:5";

/// A handshake, and what its client hears when there may be none: nothing stands for a connection that is closed.
const DOORS: [(&str, Option<u16>); 14] = [
    ("/socket.io/xhr-polling//1", None),
    ("/socket.io/jsonp-polling//1/0", None),
    ("/socket.io/htmlfile//1", Some(429)),
    ("/socket.io/xhr-multipart", Some(429)),
    ("/socket.io/server-events", Some(429)),
    ("/socket.io/websocket", Some(429)),
    ("/socket.io/1/?t=1", Some(429)),
    ("/socket.io/?EIO=3&transport=polling", Some(429)),
    ("/socket.io/?EIO=4&transport=polling", Some(429)),
    ("/socket.io/?EIO=4&transport=polling&j=0", Some(429)),
    ("/socket.io/?EIO=4&transport=websocket", Some(429)),
    ("/engine.io/?EIO=4&transport=polling", Some(429)),
    ("/engine.io/?EIO=4&transport=websocket", Some(429)),
    ("/plain", Some(429)),
];

fn listener(builder: Builder) -> Listener {
    let builder = builder.also_mount("engine.io", Dialect::BareEngine).also_mount("plain", Dialect::BareWebSocket);
    builder.build().unwrap()
}

async fn knock(listener: &Listener, peer: &str, path: &str) -> Response<Body> {
    let mut request = Request::get(path).header("Host", "own.example").extension(PeerAddress(peer.parse().unwrap()));
    if path.contains("websocket") || path == "/plain" {
        for (name, value) in [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ] {
            request = request.header(name, value);
        }
    }
    listener.handle(request.body(Full::new(Bytes::new())).unwrap()).await
}

#[tokio::test(start_paused = true)]
async fn every_handshake_of_a_peer_counts_whatever_its_generation_and_transport() {
    for (path, _) in DOORS {
        let listener = listener(Listener::builder().handshake_rate(1, 10));
        let begun = Instant::now();
        for turn in 0..3 {
            assert!(matches!(knock(&listener, PEER, path).await.status().as_u16(), 101 | 200), "{path}");
            assert_eq!(begun.elapsed().as_millis() / 100, turn, "{path}: a tenth of a second each");
            knock(&listener, "192.0.2.2:5", "/socket.io/1/?t=1").await;
        }
        let stats = listener.stats();
        assert_eq!(
            (stats.delayed_handshakes, stats.refused_by_rate),
            (2, 0),
            "{path}: and another peer waits for nobody"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn who_uses_its_sessions_is_bounded_too() {
    let listener = listener(Listener::builder().handshake_rate(2, 10));
    let begun = Instant::now();
    for _ in 0..4 {
        let answer = knock(&listener, PEER, "/socket.io/1/?t=1").await.into_body().collect().await.unwrap().to_bytes();
        let id = std::str::from_utf8(&answer).unwrap().split(':').next().unwrap().to_owned();
        assert_eq!(knock(&listener, PEER, &format!("/socket.io/1/xhr-polling/{id}?t=1")).await.status(), 200);
    }
    assert_eq!(begun.elapsed().as_millis() / 100, 2);
}

#[tokio::test(start_paused = true)]
async fn beyond_all_patience_each_generation_hears_it_in_its_own_form() {
    let listener = listener(Listener::builder().handshake_rate(1, 1));
    let mut waiting: Vec<Pin<Box<dyn Future<Output = _>>>> = Vec::new();
    for _ in 0..6 {
        waiting.push(Box::pin(knock(&listener, PEER, "/socket.io/1/?t=1")));
    }
    let all = join_all(waiting);
    let refused = async {
        tokio::task::yield_now().await;
        assert_eq!(listener.stats().delayed_handshakes, 5, "one at once, five in the waiting room");
        for (path, status) in DOORS {
            let response = knock(&listener, PEER, path).await;
            let Some(status) = status else {
                assert!(response.into_body().collect().await.is_err(), "{path}: the connection is closed");
                continue;
            };
            assert_eq!(response.status(), status, "{path}");
            assert_eq!(response.headers()["retry-after"], "6", "{path}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            let expected = match path {
                _ if path.contains("EIO") && path.contains("websocket") => "Too many handshakes",
                _ if path.contains("EIO") => r#"{"code":4,"message":"Too many handshakes"}"#,
                _ => "too many handshakes",
            };
            assert_eq!(body, expected, "{path}");
        }
        let response = knock(&listener, PEER, "/socket.io/1/?t=1&jsonp=3").await;
        assert_eq!(response.status(), 200, "a script is not told a status");
        let body = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(body, r#"io.j[3](new Error("too many handshakes"));"#);
        let stats = listener.stats();
        assert_eq!((stats.refused_by_rate, stats.opened_sessions), (DOORS.len() as u64 + 1, 1));
        let other = knock(&listener, "192.0.2.2:5", "/socket.io/1/?t=1").await;
        assert_eq!(other.status(), 200, "another peer does not notice");
        Instant::now()
    };
    let begun = Instant::now();
    let (served, refused_at) = tokio::join!(all, refused);
    assert!(served.iter().all(|response| response.status() == 200));
    assert_eq!((begun.elapsed().as_secs(), refused_at), (5, begun), "nobody who is refused waits");
}

#[tokio::test(start_paused = true)]
async fn who_hangs_up_while_it_waits_makes_room_for_others() {
    let listener = listener(Listener::builder().handshake_rate(1, 100).unused_handshakes(1000, 1000));
    let flood = |count| join_all((0..count).map(|_| knock(&listener, PEER, "/socket.io/1/?t=1")));
    let mut first = Box::pin(flood(400));
    assert!(tokio::time::timeout(Duration::ZERO, &mut first).await.is_err());
    let refused = listener.stats().refused_by_rate;
    assert_eq!(refused, 400 - 1 - 256, "so many of one peer may wait");
    drop(first);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(flood(100).await.iter().all(|response| response.status() == 200));
    assert_eq!(listener.stats().refused_by_rate, refused);
}

#[tokio::test(start_paused = true)]
async fn a_handshake_that_is_never_followed_up_ends_after_its_time_in_every_generation() {
    let patience = Duration::from_secs(3);
    for (path, _) in DOORS {
        if path.contains("websocket") || path == "/plain" || !path.contains("polling") && !path.contains("/1/") {
            continue;
        }
        let listener = listener(Listener::builder().first_transport_timeout(patience));
        let response = knock(&listener, PEER, path).await;
        response.into_body().collect().await.unwrap();
        assert_eq!(listener.stats().sessions, 1, "{path}");
        tokio::time::sleep(patience - Duration::from_millis(100)).await;
        assert_eq!((listener.stats().sessions, listener.stats().unused_handshakes), (1, 0), "{path}");
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!((listener.stats().sessions, listener.stats().unused_handshakes), (0, 1), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_was_used_once_has_the_time_of_its_generation() {
    let listener = listener(Listener::builder().first_transport_timeout(Duration::from_secs(1)));
    let mut polls = Vec::new();
    for (path, begin, end) in [
        ("/socket.io/1/?t=1", "/socket.io/1/xhr-polling/", "?t=1"),
        ("/socket.io/?EIO=3&transport=polling", "/socket.io/?EIO=3&transport=polling&sid=", ""),
        ("/socket.io/?EIO=4&transport=polling", "/socket.io/?EIO=4&transport=polling&sid=", ""),
        ("/socket.io/xhr-polling//1", "/socket.io/xhr-polling/", "/1"),
    ] {
        let body = knock(&listener, PEER, path).await.into_body().collect().await.unwrap().to_bytes();
        let text = std::str::from_utf8(&body).unwrap();
        let is_hexadecimal = |word: &&str| word.len() == 32;
        let id = text.split(|letter: char| !letter.is_ascii_hexdigit()).find(is_hexadecimal).unwrap().to_owned();
        let listener = listener.clone();
        polls.push(tokio::spawn(async move {
            // Each of them comes back once, and hangs up later.
            let poll = async {
                let path = format!("{begin}{id}{end}");
                knock(&listener, PEER, &path).await.into_body().collect().await.unwrap();
                knock(&listener, PEER, &path).await
            };
            let _ = tokio::time::timeout(Duration::from_secs(4), poll).await;
        }));
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!((listener.stats().sessions, listener.stats().unused_handshakes), (4, 0));
    for poll in polls {
        poll.await.unwrap();
    }
    tokio::time::sleep(Duration::from_secs(90)).await;
    assert_eq!((listener.stats().sessions, listener.stats().unused_handshakes), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn where_no_address_is_known_nothing_of_a_peer_is_bounded() {
    let listener = listener(Listener::builder().handshake_rate(1, 1).unused_handshakes(1, 1).max_sessions_per_peer(1));
    for _ in 0..10 {
        let request = Request::get("/socket.io/1/?t=1").header("X-Forwarded-For", "192.0.2.1");
        let response = listener.handle(request.body(Full::new(Bytes::new())).unwrap()).await;
        assert_eq!(response.status(), 200);
    }
    assert_eq!((listener.stats().sessions, listener.stats().delayed_handshakes), (10, 0));
}
