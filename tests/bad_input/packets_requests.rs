//! Requests of 0.7 to 0.9 that nobody should make: methods, upgrades, ids.

use crate::support::{
    Mounting, PacketPeer, Server, get,
    packets::{self, NOT_HANDSHAKEN, path},
    request, rfc6455,
};
use heirloom::{DisconnectReason, Listener, Transport};

const DRAFT: [&str; 3] = ["Upgrade: WebSocket", "Connection: Upgrade", "Origin: http://own.example"];
const KEYS: [&str; 2] = ["Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00"];

#[tokio::test]
async fn a_method_that_means_nothing_is_answered_405_and_takes_nothing() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.client(&server).send("waits").unwrap();
            let is_socket = matches!(transport, Transport::WebSocket | Transport::FlashSocket);
            let allowed = if is_socket { "GET, OPTIONS" } else { "GET, POST, OPTIONS" };
            let mut methods = vec!["PUT", "DELETE", "PATCH", "HEAD", "BREW"];
            methods.extend(is_socket.then_some("POST"));
            for method in methods {
                for id in [peer.id.as_str(), "nobody"] {
                    let head = server.ask(request(method, &path(transport, id), &[], "")).await.head().await;
                    assert_eq!(
                        (head.status, head.header("allow")),
                        (405, allowed),
                        "{mounting:?} {transport} {method}"
                    );
                }
            }
            let unused = packets::handshake(&server).await;
            let ask = ["Origin: http://own.example", "Access-Control-Request-Method: POST"];
            for id in [peer.id.as_str(), unused.as_str(), "nobody"] {
                let answer = server.answer(request("OPTIONS", &path(transport, id), &ask, "")).await;
                assert_eq!(answer.status, 200, "{mounting:?} {transport}");
                assert_eq!(answer.header("access-control-allow-origin"), "http://own.example");
                assert_eq!(answer.header("access-control-allow-credentials"), "true");
                assert_eq!(answer.header("access-control-allow-methods"), "POST");
            }
            assert_eq!(peer.receive().await, "3:::waits", "{mounting:?} {transport}");
            assert!(server.events.about(&unused).is_empty(), "a preflight connects nobody");
        }
    }
}

#[tokio::test]
async fn an_upgrade_of_what_is_no_socket_is_closed_in_silence_and_takes_nothing() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in [Transport::XhrPolling, Transport::JsonpPolling, Transport::HtmlFile] {
            let mut peer = PacketPeer::open(&server, transport).await;
            for id in [peer.id.as_str(), "nobody", "__proto__"] {
                let path = path(transport, id);
                let what = format!("{mounting:?} {path}");
                server.ask(rfc6455::handshake(&path)).await.is_closed_in_silence(&what).await;
                server.ask(request("GET", &path, &DRAFT, "")).await.is_closed_in_silence(&what).await;
                let keys = [&DRAFT[..], &KEYS].concat();
                server.ask(request("GET", &path, &keys, "") + "^n:ds[4U").await.is_closed_in_silence(&what).await;
            }
            for path in ["/socket.io/1//SID", "/socket.io/1/no-such-transport/SID"] {
                let path = path.replace("SID", &peer.id);
                server.ask(rfc6455::handshake(&path)).await.is_closed_in_silence(&path).await;
            }
            peer.heard_nothing("upgrades").await;
            assert_eq!(server.events.about(&peer.id).len(), 1, "{mounting:?} {transport}");
        }
    }
}

#[tokio::test]
async fn an_upgrade_that_says_disconnect_is_a_goodbye() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut other = PacketPeer::open(&server, Transport::WebSocket).await;
        for transport in [Transport::WebSocket, Transport::XhrPolling] {
            for headers in [&rfc6455::UPGRADE[..], &DRAFT, &[DRAFT[0], DRAFT[1], KEYS[0], KEYS[1]]] {
                let peer = PacketPeer::open(&server, transport).await;
                let path = format!("/socket.io/1/{transport}/{}?disconnect=1", peer.id);
                let what = format!("{mounting:?} {transport} {headers:?}");
                let head = server.ask(request("GET", &path, headers, "")).await.head().await;
                assert_eq!(head.status, 200, "{what}");
                let reason = server.events.disconnected(&peer.id).await;
                assert_eq!(reason, DisconnectReason::ClientDisconnect, "{what}");
            }
            for id in ["nobody", "__proto__"] {
                let path = format!("/socket.io/1/{transport}/{id}?disconnect=1");
                assert_eq!(server.ask(rfc6455::handshake(&path)).await.head().await.status, 200, "{mounting:?}");
            }
        }
        other.heard_nothing("the goodbye of others").await;
    }
}

#[tokio::test]
async fn a_transport_that_is_unknown_or_switched_off_is_closed_in_silence() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().transports([Transport::XhrPolling])).await;
        let mut peer = PacketPeer::open(&server, Transport::XhrPolling).await;
        let names = ["", "carrier-pigeon", "websocket", "htmlfile", "jsonp-polling", "xhr-multipart", "server-events"];
        for name in names {
            for id in [peer.id.as_str(), "nobody"] {
                let path = format!("/socket.io/1/{name}/{id}");
                let what = format!("{mounting:?} {path}");
                server.ask(get(&path)).await.is_closed_in_silence(&what).await;
                server.ask(request("POST", &path, &[], "3:::x")).await.is_closed_in_silence(&what).await;
                server.ask(rfc6455::handshake(&path)).await.is_closed_in_silence(&what).await;
            }
        }
        peer.heard_nothing("requests on other transports").await;
        assert_eq!(server.events.about(&peer.id).len(), 1, "{mounting:?}");
        assert!(server.answer(get("/socket.io/1/")).await.text().ends_with(":60:60:xhr-polling"));
    }
}

#[tokio::test]
async fn ids_that_are_nobodys_are_nobodys() {
    let elsewhere = Server::new(Listener::builder()).await;
    let foreign = packets::handshake(&elsewhere).await;
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let own = packets::handshake(&server).await;
        let mut peer = PacketPeer::attach(&server, Transport::XhrPolling, &own).await;
        assert_eq!(peer.receive().await, "1::");
        let upper = own.to_uppercase();
        for id in [
            "__proto__",
            "toString",
            "constructor",
            "hasOwnProperty",
            "912345678901234567",
            "%30",
            "%2e%2e",
            "a:b",
            &foreign,
            &own[1..],
            &format!("{own}0"),
        ]
        .into_iter()
        .chain(Some(upper.as_str()).filter(|upper| *upper != own))
        {
            let answer = server.answer(get(&path(Transport::XhrPolling, id))).await;
            assert_eq!((answer.status, answer.text()), (200, NOT_HANDSHAKEN), "{mounting:?} {id}");
            let answer = server.answer(packets::post(Transport::XhrPolling, id, "0::")).await;
            assert_eq!((answer.status, answer.text()), (200, "1"), "{mounting:?} {id}");
            let answer = server.answer(get(&format!("/socket.io/1//{id}/?disconnect=1"))).await;
            assert_eq!((answer.status, answer.text()), (200, ""), "{mounting:?} {id}");
        }
        peer.heard_nothing("requests for others").await;
        assert_eq!(server.listener.stats().sessions, 1, "{mounting:?}");
    }
}

#[tokio::test]
async fn a_foreign_page_cannot_speak_for_a_session_it_knows() {
    const FOREIGN: &str = "Origin: http://evil.example";
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            let path = path(transport, &peer.id);
            if matches!(transport, Transport::WebSocket | Transport::FlashSocket) {
                let headers = [&rfc6455::UPGRADE[..], &[FOREIGN]].concat();
                assert_eq!(server.ask(request("GET", &path, &headers, "")).await.head().await.status, 403);
            } else {
                for (method, body, status) in [("GET", "", 403), ("POST", "3:::forged", 401), ("OPTIONS", "", 403)] {
                    let answer = server.answer(request(method, &path, &[FOREIGN], body)).await;
                    assert_eq!(answer.status, status, "{mounting:?} {transport} {method}");
                    assert_eq!(answer.header("access-control-allow-origin"), "");
                }
            }
            let goodbye = format!("/socket.io/1//{}/?disconnect=1", peer.id);
            assert_eq!(server.answer(request("GET", &goodbye, &[FOREIGN], "")).await.status, 403, "{transport}");
            peer.heard_nothing("a foreign page").await;
            assert_eq!(server.events.about(&peer.id).len(), 1, "{mounting:?} {transport}");
        }
    }
}

#[tokio::test]
async fn a_script_of_a_foreign_page_gets_neither_a_session_nor_what_is_said_in_one() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut peer = PacketPeer::open(&server, Transport::JsonpPolling).await;
        let poll = path(Transport::JsonpPolling, &peer.id);
        // A script names no origin, and its page only if the page lets it.
        for headers in [
            &["Sec-Fetch-Site: cross-site"][..],
            &["Sec-Fetch-Site: same-site"],
            &["Sec-Fetch-Site: cross-site", "Referer: http://evil.example/"],
        ] {
            let answer = server.answer(request("GET", "/socket.io/1/?jsonp=0", headers, "")).await;
            let refusal = "io.j[0](new Error(\"handshake bad origin\"));";
            assert_eq!(answer.text(), refusal, "{mounting:?} {headers:?}");
            for path in [poll.as_str(), "/socket.io/jsonp-polling//1290000000/0"] {
                let answer = server.answer(request("GET", path, headers, "")).await;
                assert_eq!(answer.status, 403, "{mounting:?} {path} {headers:?}");
            }
        }
        assert_eq!(server.listener.stats().sessions, 1, "{mounting:?}");
        for headers in [&["Sec-Fetch-Site: same-origin"][..], &["Sec-Fetch-Site: none"]] {
            let answer = server.answer(request("GET", "/socket.io/1/?jsonp=0", headers, "")).await;
            assert!(answer.text().starts_with("io.j[0](\""), "{mounting:?} {headers:?}: {answer:?}");
        }
        peer.heard_nothing("foreign scripts").await;
    }
}

#[tokio::test]
async fn paths_that_look_like_the_client_script_are_not_it() {
    let server = Server::new(Listener::builder()).await;
    for path in ["/socket.io/socket.io.js.min", "/socket.io/x/socket.io.js", "/socket.io/socket.io.js/1"] {
        assert_eq!(server.answer(get(path)).await.status, 404, "{path}");
    }
    let answer = server.answer(get("/socket.io/1/socket.io.js")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain"), "a handshake, as its path says");
}
