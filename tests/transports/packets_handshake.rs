//! The handshake of 0.7 to 0.9: a request that only says who somebody is and what he may use.

use crate::support::{Mounting, PacketPeer, Server, get, packets, request, rfc6455};
use heirloom::{Listener, Transport};
use std::{collections::HashSet, time::Duration};

const SAYS: &str = ":60:60:websocket,htmlfile,xhr-polling,jsonp-polling";

#[tokio::test]
async fn it_is_answered_with_an_id_two_times_and_the_transports() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut ids = HashSet::new();
        for (method, path) in [
            ("GET", "/socket.io/1/?t=1290000000"),
            ("GET", "/socket.io/1"),
            ("GET", "/socket.io/1/"),
            ("GET", "/socket.io/1//"),
            ("GET", "/socket.io/1/xhr-polling"),
            ("GET", "/socket.io/1/anything/"),
            ("POST", "/socket.io/1/?t=1290000000"),
        ] {
            let answer = server.answer(request(method, path, &[], "")).await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain"), "{mounting:?} {path}");
            let id = packets::session_id(&answer);
            assert_eq!(answer.text(), format!("{id}{SAYS}"), "{mounting:?} {path}");
            assert!(id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
            assert!(ids.insert(id), "each gets its own");
        }
        assert_eq!(server.listener.stats().sessions, ids.len());
        assert!(server.events.all().is_empty(), "{mounting:?}: nobody has connected");
        assert!(server.listener.clients().is_empty());
        let id = ids.iter().next().unwrap();
        assert!(server.listener.client(id).is_none());
        assert_eq!(server.listener.broadcast("to nobody").queued, 0);
    }
}

#[tokio::test]
async fn the_times_and_the_transports_are_those_of_the_options() {
    let seconds = Duration::from_secs;
    let builder = Listener::builder()
        .transports([Transport::JsonpPolling, Transport::XhrMultipart, Transport::FlashSocket, Transport::WebSocket])
        .heartbeat_timeout(Transport::WebSocket, Duration::from_millis(70_001))
        .close_timeout(Transport::JsonpPolling, seconds(90));
    let server = Server::new(builder).await;
    let answer = server.answer(get("/socket.io/1/")).await;
    let (id, rest) = answer.text().split_once(':').unwrap();
    assert_eq!((id.len(), rest), (32, "71:90:jsonp-polling,flashsocket,websocket"));
}

#[tokio::test]
async fn the_streams_of_our_own_are_served_but_never_named() {
    for mounting in Mounting::BOTH {
        let own = [Transport::XhrMultipart, Transport::ServerEvents];
        let server = Server::mounted(mounting, Listener::builder().transports(own)).await;
        let answer = server.answer(get("/socket.io/1/")).await;
        let (_, rest) = answer.text().split_once(':').unwrap();
        assert_eq!((answer.status, rest), (200, "60:60:"), "{mounting:?}");
        for transport in own {
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.heard_nothing("being there").await;
        }
        for off in [Transport::XhrPolling, Transport::HtmlFile] {
            let request = get(&packets::path(off, &packets::session_id(&answer)));
            server.ask(request).await.is_closed_in_silence(off.name()).await;
        }
        let server = Server::mounted(mounting, Listener::builder().transports([Transport::XhrPolling])).await;
        let id = packets::handshake(&server).await;
        for off in own {
            server.ask(get(&packets::path(off, &id))).await.is_closed_in_silence(off.name()).await;
        }
    }
}

#[tokio::test]
async fn a_script_gets_it_as_a_call() {
    let server = Server::new(Listener::builder()).await;
    for index in ["0", "7", "1234567890"] {
        let answer = server.answer(get(&format!("/socket.io/1/?t=1&jsonp={index}"))).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "application/javascript"));
        let text = answer.text();
        let body = text.strip_prefix(&format!("io.j[{index}](\"")).and_then(|text| text.strip_suffix("\");")).unwrap();
        assert_eq!(&body[32..], SAYS);
    }
    for index in ["", "x", "1;alert(1)", "-1", "%30x", "12345678901"] {
        let answer = server.answer(get(&format!("/socket.io/1/?jsonp={index}"))).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/plain"), "{index}");
        assert_eq!(&answer.text()[32..], SAYS, "{index}: what is no number does not get into a script");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_it_if_it_is_listed() {
    let server = Server::new(Listener::builder().origins(["good.example:*"])).await;
    for (headers, allowed) in [
        (&["Origin: http://good.example"][..], "http://good.example"),
        (&["Origin: https://good.example:8443"], "https://good.example:8443"),
        (&["Origin: http://own.example"], "http://own.example"),
        (&["Referer: http://good.example/a/page?x=http://evil.example"], ""),
        (&["Referer: http://good.example"], ""),
    ] {
        let answer = server.answer(request("GET", "/socket.io/1/", headers, "")).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, allowed), "{headers:?}");
        let credentials = if allowed.is_empty() { "" } else { "true" };
        assert_eq!(answer.header("access-control-allow-credentials"), credentials, "{headers:?}");
    }
    let sessions = server.listener.stats().sessions;
    for headers in [
        &["Origin: http://evil.example"][..],
        &["Origin: null"],
        &["Origin: http://good.example.evil.example"],
        &["Origin: http://evil.example", "Referer: http://good.example/"],
        &["Referer: http://evil.example/http://good.example/"],
        &["Referer: nonsense"],
        &[],
    ] {
        let answer = server.answer(request("GET", "/socket.io/1/", headers, "")).await;
        assert_eq!((answer.status, answer.text()), (403, "handshake bad origin"), "{headers:?}");
        assert_eq!(answer.header("content-type"), "text/plain");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{headers:?}");
        let answer = server.answer(request("GET", "/socket.io/1/?jsonp=4", headers, "")).await;
        assert_eq!((answer.status, answer.text()), (200, "io.j[4](new Error(\"handshake bad origin\"));"));
        assert_eq!(answer.header("content-type"), "application/javascript");
    }
    assert_eq!(server.listener.stats().sessions, sessions);
    assert_eq!(server.listener.stats().refused_origins, 14);
}

#[tokio::test]
async fn every_origin_is_echoed_where_all_are_allowed() {
    let server = Server::new(Listener::builder().origins(["*:*"])).await;
    for origin in ["http://any.example", "null", "https://any.example:8443"] {
        let answer = server.answer(request("GET", "/socket.io/1/", &[&format!("Origin: {origin}")], "")).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, origin));
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
    }
}

#[tokio::test]
async fn it_is_no_place_for_other_methods_nor_for_sockets_of_no_session() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for method in ["PUT", "DELETE", "HEAD", "PATCH"] {
            let head = server.ask(request(method, "/socket.io/1/", &[], "")).await.head().await;
            assert_eq!((head.status, head.header("allow")), (405, "GET, POST, OPTIONS"), "{mounting:?} {method}");
        }
        let ask = ["Origin: http://own.example", "Access-Control-Request-Method: GET"];
        let answer = server.answer(request("OPTIONS", "/socket.io/1/", &ask, "")).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, "http://own.example"));
        assert_eq!(answer.header("access-control-allow-credentials"), "true");
        for path in ["/socket.io/1/", "/socket.io/1/xhr-polling", "/socket.io/2/"] {
            server.ask(rfc6455::handshake(path)).await.is_closed_in_silence(path).await;
        }
        assert_eq!(server.listener.stats().sessions, 0, "{mounting:?}");
    }
}

#[tokio::test]
async fn a_path_with_too_much_in_it_is_a_word_of_welcome_and_other_revisions_are_refused() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let answer = server.answer(get("/socket.io/1/a/b/c")).await;
        assert_eq!((answer.status, answer.text()), (200, "Welcome to socket.io."), "{mounting:?}");
        assert_eq!(answer.header("content-type"), "");
        // The resource alone is of the generations since.
        for path in ["/socket.io", "/socket.io/", "/socket.io/?a=b"] {
            let answer = server.answer(get(path)).await;
            let expected = (400, r#"{"code":0,"message":"Transport unknown"}"#);
            assert_eq!((answer.status, answer.text()), expected, "{mounting:?} {path}");
        }
        for path in ["/socket.io/2/", "/socket.io/0", "/socket.io/11/websocket/x", "/socket.io/2/?jsonp=1"] {
            let answer = server.answer(get(path)).await;
            assert_eq!((answer.status, answer.text()), (500, "Protocol version not supported."), "{mounting:?} {path}");
        }
        assert_eq!(server.listener.stats().sessions, 0);
    }
}

#[tokio::test]
async fn one_connection_may_carry_the_handshake_and_all_that_follows() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let mut connection = server.ask(get("/socket.io/1/")).await;
    let id = packets::session_id(&connection.answer().await);
    let transport = Transport::XhrPolling;
    connection.send(get(&packets::path(transport, &id))).await;
    assert_eq!(connection.answer().await.text(), "1::");
    for round in 0..5 {
        let packet = format!("3:::round {round}");
        connection.send(packets::post(transport, &id, &packet)).await;
        assert_eq!(connection.answer().await.text(), "1");
        connection.send(get(&packets::path(transport, &id))).await;
        assert_eq!(connection.answer().await.text(), packet);
    }
}

#[tokio::test]
async fn a_session_nobody_has_connected_with_cannot_be_spoken_for() {
    let server = Server::new(Listener::builder()).await;
    let id = packets::handshake(&server).await;
    let answer = server.answer(packets::post(Transport::XhrPolling, &id, "3:::too early")).await;
    assert_eq!((answer.status, answer.text()), (200, "1"));
    let mut peer = PacketPeer::attach(&server, Transport::XhrPolling, &id).await;
    assert_eq!(peer.receive().await, "1::");
    peer.send(&["3:::in time"]).await;
    assert_eq!(server.events.texts_until(&id, 1).await, ["in time"]);
}
