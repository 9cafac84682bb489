//! Pages of origins that may not speak.

use crate::support::{Answer, Mounting, Peer, Server, form, frame, is_socket, peer::url, request, rfc6455::UPGRADE};
use heirloom::{Listener, Transport};

const FOREIGN: &str = "Origin: http://evil.example";
const DRAFT: [&str; 2] = ["Upgrade: WebSocket", "Connection: Upgrade"];

/// Asks for a new session on every transport there is; the head of each answer.
async fn knock(server: &Server, mounting: Mounting, origin: &[&str]) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for transport in crate::support::FRAMES_TRANSPORTS {
        let path = url(transport, "", "");
        let mut ways = vec![];
        if is_socket(transport) {
            ways.push(("rfc 6455", UPGRADE.to_vec()));
            if mounting == Mounting::Serve {
                ways.push(("hixie", DRAFT.to_vec()));
            }
        } else {
            ways.push(("http", vec![]));
        }
        for (way, headers) in ways {
            let mut connection = server.ask(request("GET", &path, &[&headers[..], origin].concat(), "")).await;
            answers.push((format!("{transport} {way} {origin:?} {mounting:?}"), connection.head().await));
        }
    }
    answers
}

#[tokio::test]
async fn by_default_only_the_pages_of_the_own_origin_may_speak() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for origin in
            [FOREIGN, "Origin: null", "Origin: http://own.example.evil.example", "Origin: http://own.example:81"]
        {
            for (what, answer) in knock(&server, mounting, &[origin]).await {
                assert_eq!(answer.status, 403, "{what}");
                assert_eq!(answer.header("access-control-allow-origin"), "", "{what}");
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
        assert!(server.listener.stats().refused_origins >= 4 * 7);
        for origin in [&["Origin: http://own.example"][..], &["Origin: https://own.example"], &[]] {
            for (what, answer) in knock(&server, mounting, origin).await {
                assert!(matches!(answer.status, 200 | 101), "{what}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_post_to_a_session_it_knows() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in crate::support::FRAMES_TRANSPORTS {
            if is_socket(transport) {
                continue;
            }
            let mut peer = Peer::open(&server, transport).await;
            let path = url(transport, &peer.id, "send");
            let answer = server.answer(request("POST", &path, &[FOREIGN], &form(&frame("forged")))).await;
            assert_eq!((answer.status, answer.text()), (401, "unauthorized"), "{transport}");
            let answer = server.answer(request("GET", &path, &[FOREIGN], "")).await;
            assert_eq!(answer.status, 403, "{transport}");
            let answer = server.answer(request("OPTIONS", &path, &[FOREIGN], "")).await;
            assert_eq!(answer.status, 403, "{transport}");
            peer.send(&["own"]).await;
            assert_eq!(server.events.texts_until(&peer.id, 1).await, ["own"], "{transport}");
        }
    }
}

#[tokio::test]
async fn listed_origins_may_speak_and_others_not() {
    for mounting in Mounting::BOTH {
        let builder = Listener::builder().origins(["good.example:*", "https://shop.example"]);
        let server = Server::mounted(mounting, builder).await;
        for origin in [
            "Origin: http://good.example",
            "Origin: http://good.example:8080",
            "Origin: https://shop.example",
            "Origin: http://own.example",
        ] {
            for (what, answer) in knock(&server, mounting, &[origin]).await {
                assert!(matches!(answer.status, 200 | 101), "{what}: {answer:?}");
            }
        }
        for origin in [FOREIGN, "Origin: http://notgood.example", "Origin: http://shop.example", "Origin: null"] {
            for (what, answer) in knock(&server, mounting, &[origin]).await {
                assert_eq!(answer.status, 403, "{what}");
            }
        }
        for (what, answer) in knock(&server, mounting, &[]).await {
            let is_socket = what.contains("socket");
            assert_eq!(answer.status == 403, is_socket, "a socket names its origin when origins are listed: {what}");
        }
    }
}

#[tokio::test]
async fn with_every_origin_allowed_nothing_is_asked() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().origins(["*:*"])).await;
        for origin in [&[FOREIGN][..], &["Origin: null"], &["Origin: gopher"], &[]] {
            for (what, answer) in knock(&server, mounting, origin).await {
                assert!(matches!(answer.status, 200 | 101), "{what}: {answer:?}");
            }
        }
    }
}

#[tokio::test]
async fn an_allowed_page_of_another_origin_may_read_the_answers() {
    let server = Server::new(Listener::builder().origins(["good.example:*"])).await;
    let origin = "Origin: http://good.example";
    for transport in [Transport::XhrPolling, Transport::XhrMultipart, Transport::ServerEvents] {
        let peer = Peer::open(&server, transport).await;
        let requests = [
            ("GET", url(transport, "", ""), String::new()),
            ("POST", url(transport, &peer.id, "send"), form(&frame("text"))),
            ("OPTIONS", url(transport, "", ""), String::new()),
        ];
        for (method, path, body) in requests {
            for headers in [&[origin][..], &[origin, "Cookie: a=1"]] {
                let with_credentials = transport != Transport::XhrPolling || headers.len() > 1;
                let answer = server.ask(request(method, &path, headers, &body)).await.head().await;
                assert_eq!(answer.status, 200);
                assert_eq!(answer.header("access-control-allow-origin"), "http://good.example");
                assert_eq!(answer.header("vary"), "Origin");
                let credentials = if with_credentials { "true" } else { "" };
                assert_eq!(answer.header("access-control-allow-credentials"), credentials, "{transport} {method}");
            }
        }
        let answer = server.ask(request("GET", &url(transport, "", ""), &[], "")).await.head().await;
        assert_eq!(answer.header("access-control-allow-origin"), "", "no page asked");
    }
    let ask = [origin, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: X-Mine"];
    let answer = server.answer(request("OPTIONS", "/socket.io/xhr-polling//1", &ask, "")).await;
    assert_eq!(answer.header("access-control-allow-methods"), "POST");
    assert_eq!(answer.header("access-control-allow-headers"), "X-Mine");
}
