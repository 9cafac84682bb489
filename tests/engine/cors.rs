//! Pages of other origins, and what a browser has to be told for them.

use crate::{
    builder, echo, echoing,
    support::{
        Mounting,
        engine::{EnginePeer, REVISIONS, path},
        request,
        rfc6455::UPGRADE,
    },
};
use heirloom::Transport;

const GOOD: &str = "Origin: http://good.example";
const FOREIGN: &str = "Origin: http://evil.example";

#[tokio::test]
async fn an_allowed_page_may_read_every_answer_also_a_refusal() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().origins(["good.example:*"])).await;
        for revision in REVISIONS {
            let peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            let open = path("socket.io", revision, Transport::Polling, "");
            for (method, path, body, status) in [
                ("GET", open.clone(), "", 200),
                ("POST", peer.path(), &revision.body(r#"42["echo"]"#)[..], 200),
                ("GET", peer.path(), "", 200),
                ("GET", path("socket.io", revision, Transport::Polling, "nobody"), "", 400),
                ("GET", "/socket.io/?EIO=4&transport=abc".to_owned(), "", 400),
                ("POST", open, "", 400),
            ] {
                let answer = server.answer(request(method, &path, &[GOOD], body)).await;
                assert_eq!(answer.status, status, "{mounting:?} {method} {path}");
                for (name, value) in [
                    ("access-control-allow-origin", "http://good.example"),
                    ("access-control-allow-credentials", "true"),
                    ("vary", "Origin"),
                ] {
                    assert_eq!(answer.header(name), value, "{mounting:?} {method} {path} {name}");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_preflight_is_answered_before_anything_is_checked() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().origins(["good.example:*"])).await;
        let ask = [GOOD, "Access-Control-Request-Method: POST", "Access-Control-Request-Headers: content-type,x-mine"];
        for target in [
            "/socket.io/?EIO=4&transport=polling",
            "/socket.io/?EIO=3&transport=polling&sid=nobody",
            "/socket.io/?EIO=4&transport=abc",
        ] {
            let answer = server.answer(request("OPTIONS", target, &ask, "")).await;
            assert_eq!((answer.status, answer.text()), (204, ""), "{mounting:?} {target}");
            for (name, value) in [
                ("access-control-allow-origin", "http://good.example"),
                ("access-control-allow-credentials", "true"),
                ("access-control-allow-headers", "content-type,x-mine"),
            ] {
                assert_eq!(answer.header(name), value, "{mounting:?} {target} {name}");
            }
            let methods = answer.header("access-control-allow-methods");
            assert!(methods.contains("GET") && methods.contains("POST"), "{methods}");
            assert!(answer.header("access-control-max-age").parse::<u32>().is_ok(), "{answer:?}");
            assert!(answer.header("vary").contains("Origin"), "{answer:?}");
        }
        assert_eq!(server.listener.stats().sessions, 0);
    }
}

#[tokio::test]
async fn a_page_that_is_not_allowed_opens_nothing_and_disturbs_nobody() {
    for mounting in Mounting::BOTH {
        for builder in [builder(), builder().origins(["good.example:*"])] {
            let server = echoing(mounting, builder).await;
            for revision in REVISIONS {
                let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
                let sessions = server.listener.stats().sessions;
                for (method, path, body, status) in [
                    ("GET", path("socket.io", revision, Transport::Polling, ""), "", 403),
                    ("GET", peer.path(), "", 403),
                    ("POST", peer.path(), &revision.body(r#"42["echo","forged"]"#)[..], 403),
                    // What it does not say is a no to the browser.
                    ("OPTIONS", peer.path(), "", 204),
                ] {
                    let answer = server.answer(request(method, &path, &[FOREIGN], body)).await;
                    assert_eq!(answer.status, status, "{mounting:?} {method} {path}");
                    assert_eq!(answer.header("access-control-allow-origin"), "", "{mounting:?} {method} {path}");
                }
                for path in [path("socket.io", revision, Transport::WebSocket, ""), peer.upgrade_path()] {
                    let headers = [&UPGRADE[..], &[FOREIGN]].concat();
                    let answer = server.answer(request("GET", &path, &headers, "")).await;
                    assert_eq!(answer.status, 403, "{mounting:?} {path}");
                }
                assert_eq!(server.listener.stats().sessions, sessions);
                peer.heard_nothing("what a foreign page tried").await;
            }
        }
    }
}

#[tokio::test]
async fn a_script_of_another_site_is_judged_by_the_page_that_loads_it() {
    let server = echo(builder().origins(["good.example:*"])).await;
    for revision in REVISIONS {
        let script = path("socket.io", revision, Transport::JsonpPolling, "");
        for (referer, status) in
            [("Referer: http://good.example/page", 200), ("Referer: http://evil.example/page", 403)]
        {
            let answer = server.answer(request("GET", &script, &[referer, "Sec-Fetch-Site: cross-site"], "")).await;
            assert_eq!(answer.status, status, "{referer}");
        }
    }
}

#[tokio::test]
async fn where_nobody_asks_nothing_is_told() {
    let server = echo(builder()).await;
    for revision in REVISIONS {
        let answer = server.answer(request("GET", &path("socket.io", revision, Transport::Polling, ""), &[], "")).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, ""));
    }
}
