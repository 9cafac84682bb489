//! Methods, upgrades and URLs that nobody should use.

use crate::support::{Mounting, Peer, Server, frame, get, is_socket, peer::url, post, request, rfc6455};
use heirloom::{Listener, Transport};

fn new_session(transport: Transport) -> String {
    url(transport, "", "")
}

#[tokio::test]
async fn a_method_that_means_nothing_is_answered_405_with_those_that_do() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in crate::support::FRAMES_TRANSPORTS {
            let allowed = if is_socket(transport) { "GET, OPTIONS" } else { "GET, POST, OPTIONS" };
            let mut methods = vec!["PUT", "DELETE", "PATCH", "HEAD", "BREW"];
            methods.extend(is_socket(transport).then_some("POST"));
            for method in methods {
                let mut connection = server.ask(request(method, &new_session(transport), &[], "")).await;
                let head = connection.head().await;
                assert_eq!((head.status, head.header("allow")), (405, allowed), "{mounting:?} {transport} {method}");
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_preflight_is_answered_and_begins_no_session() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let ask = ["Origin: http://own.example", "Access-Control-Request-Method: POST"];
        for transport in crate::support::FRAMES_TRANSPORTS {
            for headers in [&ask[..], &[]] {
                let answer = server.answer(request("OPTIONS", &new_session(transport), headers, "")).await;
                assert_eq!(answer.status, 200, "{transport}");
                let methods = if headers.is_empty() { "" } else { "POST" };
                assert_eq!(answer.header("access-control-allow-methods"), methods);
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_post_without_a_session_is_answered_400_and_heard_by_nobody() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in crate::support::FRAMES_TRANSPORTS {
            if is_socket(transport) {
                continue;
            }
            let mut paths = vec![new_session(transport)];
            if transport != Transport::JsonpPolling {
                paths.extend([format!("/socket.io/{transport}"), format!("/socket.io/{transport}//send")]);
            }
            for path in paths {
                let answer = server.answer(post(&path, &frame("from nobody"))).await;
                assert_eq!(answer.status, 400, "{mounting:?} {path}");
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_jsonp_request_names_its_callback_by_a_short_number() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::JsonpPolling).await;
    for tail in ["", "/1290000000/", "/1290000000/x", "/1290000000/-1", "/1/12345678901", "/1/0x1", "/1/%30", "/1/io"] {
        let path = if tail.is_empty() {
            "/socket.io/jsonp-polling".into()
        } else {
            format!("/socket.io/jsonp-polling/{tail}")
        };
        // A tail of one number is an index: the original's cache buster cannot be told from one.
        let answered = if tail == "/1290000000/" { 200 } else { 400 };
        assert_eq!(server.answer(get(&path)).await.status, answered, "GET {path}");
        let path = format!("/socket.io/jsonp-polling/{}{tail}", peer.id);
        let answer = server.answer(post(&path, &frame("text"))).await;
        assert_eq!(answer.status, answered, "POST {path}");
    }
    let answer = server.answer(get("/socket.io/jsonp-polling//1290000000/1234567890/")).await;
    assert!(answer.text().starts_with("io.JSONP[1234567890]._(\""), "{answer:?}");
}

#[tokio::test]
async fn an_upgrade_of_what_is_no_websocket_is_closed_in_silence() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let known = Peer::open(&server, Transport::XhrPolling).await;
        let mut paths = vec!["/socket.io/socket.io.js".to_owned(), url(known.transport, &known.id, "1")];
        for transport in crate::support::FRAMES_TRANSPORTS {
            if !is_socket(transport) {
                paths.push(new_session(transport));
            }
        }
        for path in &paths {
            let what = format!("{mounting:?} {path}");
            server.ask(rfc6455::handshake(path)).await.is_closed_in_silence(&what).await;
            // The token of the drafts.
            let draft = ["Connection: Upgrade", "Upgrade: WebSocket"];
            server.ask(request("GET", path, &draft, "")).await.is_closed_in_silence(&what).await;
        }
        assert_eq!(server.listener.stats().sessions, 1, "only the session that was there");
    }
}

#[tokio::test]
async fn an_offer_of_another_protocol_is_ignored() {
    let offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"];
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let answer = server.answer(request("GET", "/socket.io/xhr-polling//1", &offer, "")).await;
        assert_eq!((answer.status, answer.text().starts_with("~m~32~m~")), (200, true), "{answer:?}");
        let answer = server.answer(request("GET", "/socket.io/socket.io.js", &offer, "")).await;
        assert_eq!(answer.status, 200);
    }
}
