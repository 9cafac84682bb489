//! Requests that are refused, each with the code and the words its client looks for.

use crate::{
    builder, echo, echoing,
    support::{
        Answer, Mounting,
        engine::{EnginePeer, Four, REVISIONS, Three, opening, path, refusal},
        get, request, rfc6455,
    },
};
use heirloom::{Attempt, Refusal, Transport};

const UNKNOWN_TRANSPORT: (u16, u64, &str) = (400, 0, "Transport unknown");
const UNKNOWN_SESSION: (u16, u64, &str) = (400, 1, "Session ID unknown");
const BAD_METHOD: (u16, u64, &str) = (400, 2, "Bad handshake method");
const BAD_REQUEST: (u16, u64, &str) = (400, 3, "Bad request");
const FORBIDDEN: (u16, u64, &str) = (403, 4, "Forbidden");
const UNSUPPORTED: (u16, u64, &str) = (400, 5, "Unsupported protocol version");

fn assert_refused(answer: &Answer, (status, code, message): (u16, u64, &str), what: &str) {
    assert_eq!(refusal(answer), (status, code, message.to_owned()), "{what}");
    assert_eq!(answer.text(), format!("{{\"code\":{code},\"message\":\"{message}\"}}"));
}

#[tokio::test]
async fn what_opens_no_session_is_told_why() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (method, query, expected) in [
            ("GET", "", UNKNOWN_TRANSPORT),
            ("POST", "", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4", UNKNOWN_TRANSPORT),
            ("GET", "EIO=3&transport=", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=abc", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=Polling", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=webtransport", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=abc&sid=nobody", UNKNOWN_TRANSPORT),
            ("GET", "EIO=4&transport=polling&sid=nobody", UNKNOWN_SESSION),
            ("POST", "EIO=3&transport=polling&sid=nobody", UNKNOWN_SESSION),
            ("GET", "EIO=4&transport=polling&sid=0123456789abcdef0123456789abcdef", UNKNOWN_SESSION),
            ("GET", "EIO=4&transport=websocket&sid=nobody", UNKNOWN_SESSION),
            ("POST", "EIO=4&transport=polling", BAD_METHOD),
            ("POST", "EIO=3&transport=polling", BAD_METHOD),
            ("PUT", "EIO=4&transport=polling", BAD_METHOD),
            ("DELETE", "EIO=4&transport=polling", BAD_METHOD),
            ("GET", "EIO=4&transport=websocket", BAD_REQUEST),
            ("GET", "EIO=3&transport=websocket", BAD_REQUEST),
            ("GET", "transport=polling", UNSUPPORTED),
            ("GET", "EIO=abc&transport=polling", UNSUPPORTED),
            ("GET", "EIO=&transport=polling", UNSUPPORTED),
            ("GET", "EIO=1&transport=polling", UNSUPPORTED),
            ("GET", "EIO=5&transport=polling", UNSUPPORTED),
            ("GET", "EIO=04&transport=polling", UNSUPPORTED),
        ] {
            let answer = server.answer(request(method, &format!("/socket.io/?{query}"), &[], "")).await;
            assert_refused(&answer, expected, &format!("{mounting:?} {method} {query}"));
        }
        assert_eq!(server.listener.stats().sessions, 0);
    }
}

#[tokio::test]
async fn a_session_is_reached_only_in_its_own_way() {
    let server = echo(builder()).await;
    for (revision, other) in [(Three, Four), (Four, Three)] {
        let mut polling = EnginePeer::connect(&server, revision, Transport::Polling).await;
        let mut socket = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        for (method, path) in [
            ("GET", path("socket.io", other, Transport::Polling, &polling.sid)),
            ("POST", path("socket.io", other, Transport::Polling, &polling.sid)),
            ("GET", path("socket.io", revision, Transport::WebSocket, &polling.sid)),
            ("GET", socket.path()),
            ("POST", socket.path()),
        ] {
            let answer = server.answer(request(method, &path, &[], "")).await;
            assert_refused(&answer, BAD_REQUEST, &format!("{method} {path}"));
        }
        for method in ["PUT", "DELETE"] {
            let answer = server.answer(request(method, &polling.path(), &[], "")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "GET, POST, OPTIONS"), "{method}");
        }
        polling.heard_nothing("what others tried").await;
        socket.heard_nothing("what others tried").await;
    }
}

#[tokio::test]
async fn a_websocket_is_refused_before_it_is_one_in_words_alone() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let other = if revision == Four { Three } else { Four };
            for (path, message) in [
                (format!("/socket.io/?EIO={}", revision.number()), "Transport unknown"),
                (format!("/socket.io/?EIO={}&transport=abc", revision.number()), "Transport unknown"),
                (path("socket.io", revision, Transport::WebSocket, "nobody"), "Session ID unknown"),
                (path("socket.io", revision, Transport::Polling, ""), "Bad request"),
                (path("socket.io", other, Transport::WebSocket, &peer.sid), "Bad request"),
                ("/socket.io/?EIO=abc&transport=websocket".to_owned(), "Unsupported protocol version"),
            ] {
                let answer = server.answer(rfc6455::handshake(&path)).await;
                let told = (answer.status, answer.text(), answer.header("content-type"), answer.header("connection"));
                assert_eq!(told, (400, message, "text/html", "close"), "{mounting:?} {path}");
            }
            peer.heard_nothing("what others tried").await;
        }
    }
}

#[tokio::test]
async fn who_is_refused_by_the_application_has_no_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        server.listener.authorize_handshake(|attempt: Attempt| async move {
            match attempt.query_value("name").as_deref() {
                Some("known") => Ok(()),
                Some("broken") => Err(Refusal::failed("the database is down")),
                _ => Err(Refusal::unauthorized("who are you?")),
            }
        });
        for revision in REVISIONS {
            let before = server.listener.stats().sessions;
            for name in ["", "&name=stranger", "&name=broken"] {
                let path = path("socket.io", revision, Transport::Polling, "") + name;
                assert_refused(&server.answer(get(&path)).await, FORBIDDEN, &path);
            }
            let socket = path("socket.io", revision, Transport::WebSocket, "");
            let answer = server.answer(rfc6455::handshake(&socket)).await;
            assert_eq!((answer.status, answer.text()), (403, "Forbidden"), "{mounting:?}");
            assert_eq!(server.listener.stats().sessions, before);
            for transport in [Transport::Polling, Transport::WebSocket] {
                opening(revision, transport).query("&name=known").connect(&server).await.leave().await;
            }
        }
    }
}

#[tokio::test]
async fn a_transport_that_is_switched_off_is_unknown() {
    let server = echo(builder().transports([Transport::Polling])).await;
    for revision in REVISIONS {
        let peer = EnginePeer::open(&server, revision, Transport::Polling).await;
        assert_eq!(peer.opened["upgrades"], serde_json::json!([]), "nothing to upgrade to");
        let script = server.answer(get(&path("socket.io", revision, Transport::JsonpPolling, ""))).await;
        assert_refused(&script, UNKNOWN_TRANSPORT, "jsonp");
        for path in [path("socket.io", revision, Transport::WebSocket, ""), peer.upgrade_path()] {
            let answer = server.answer(rfc6455::handshake(&path)).await;
            assert_eq!((answer.status, answer.text()), (400, "Transport unknown"), "{path}");
        }
    }
    let server = echo(builder().transports([Transport::WebSocket])).await;
    for revision in REVISIONS {
        let answer = server.answer(get(&path("socket.io", revision, Transport::Polling, ""))).await;
        assert_refused(&answer, UNKNOWN_TRANSPORT, "polling");
        EnginePeer::connect(&server, revision, Transport::WebSocket).await.heard_nothing("anything").await;
    }
}
