//! Answers that a page of another site can run, embed or read.

use crate::{
    scene::Scene,
    support::{
        Mounting, PacketPeer, Peer,
        engine::{EnginePeer, REVISIONS},
        get, packets, peer, request,
        rfc6455::UPGRADE,
    },
};
use heirloom::{Listener, Transport};

/// A name that could be the beginning of a compressed Flash film.
const FILM: &str = "CWSMIKI0hCD0Up0IZUnnnnnnnnnnnnnnnnnnnUU5nnnnnn3S";
const SCRIPT: Transport = Transport::JsonpPolling;

fn begins_a_film(body: &[u8]) -> bool {
    [b"CWS", b"FWS", b"ZWS"].iter().any(|magic| body.starts_with(*magic))
}

#[tokio::test]
async fn cve_2014_4671_no_answer_begins_with_what_the_request_asks_for() {
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        let frames = Peer::open(&scene.server, SCRIPT).await;
        let packets = PacketPeer::open(&scene.server, SCRIPT).await;
        let mut paths = vec![
            format!("/socket.io/jsonp-polling//1290000000/{FILM}"),
            format!("/socket.io/jsonp-polling/{}/1290000000/{FILM}", frames.id),
            format!("/socket.io/jsonp-polling/{}/{FILM}/0?callback={FILM}&jsonp={FILM}", "nobody"),
            format!("/socket.io/1/?t=1290000000&jsonp={FILM}"),
            format!("/socket.io/1/?t=1290000000&jsonp={FILM}7"),
            format!("/socket.io/1/jsonp-polling/{}?t=1290000000&i={FILM}", packets.id),
            format!("/socket.io/1/jsonp-polling/nobody?t=1290000000&i={FILM}"),
            format!("/socket.io/1/jsonp-polling/{FILM}?t=1290000000&i=0"),
            format!("/socket.io/{FILM}"),
            format!("/socket.io/1/{FILM}/{FILM}"),
        ];
        for revision in REVISIONS.map(crate::support::engine::Revision::number) {
            paths.push(format!("/socket.io/?EIO={revision}&transport=polling&j={FILM}"));
            paths.push(format!("/socket.io/?EIO={revision}&transport=polling&j=0&sid={FILM}"));
            paths.push(format!("/socket.io/?EIO={revision}&transport={FILM}&j={FILM}"));
        }
        for path in paths {
            // Those that wait are answered when the client hangs up.
            let mut connection = scene.server.ask(request("GET", &path, &["Connection: close"], "")).await;
            connection.end_sending().await;
            let answer = connection.rest().await;
            let Some(head) = answer.windows(4).position(|window| window == b"\r\n\r\n") else {
                assert!(answer.is_empty(), "{path}");
                continue;
            };
            let (head, body) = answer.split_at(head + 4);
            let head = String::from_utf8_lossy(head).to_lowercase();
            assert!(!begins_a_film(body), "{mounting:?} {path}: {}", String::from_utf8_lossy(body));
            assert!(!head.contains("flash"), "{mounting:?} {path}: {head}");
            let is_script = head.contains("javascript");
            assert!(!is_script || head.contains("nosniff"), "{mounting:?} {path}: {head}");
            assert!(
                !String::from_utf8_lossy(body).contains(&FILM[..6]),
                "{mounting:?} {path}: nothing of it comes back"
            );
        }
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn cve_2014_4671_a_script_says_so_and_begins_with_a_name_of_ours() {
    let scene = Scene::new().await;
    let mut frames = Peer::open(&scene.server, SCRIPT).await;
    let packets = PacketPeer::open(&scene.server, SCRIPT).await;
    let mut answers = Vec::new();
    frames.park().await;
    scene.server.listener.client(&frames.id).unwrap().send(FILM).unwrap();
    let poll = peer::url(SCRIPT, &frames.id, "");
    frames.receive().await;
    scene.server.listener.client(&frames.id).unwrap().send(FILM).unwrap();
    answers.push(("io.JSONP[0]._(", scene.server.answer(get(&poll)).await));
    packets.client(&scene.server).send(FILM).unwrap();
    answers.push(("io.j[0](", scene.server.answer(get(&packets::path(SCRIPT, &packets.id))).await));
    answers.push(("io.j[7](", scene.server.answer(get("/socket.io/1/?jsonp=7")).await));
    for revision in REVISIONS {
        let engine = EnginePeer::connect(&scene.server, revision, SCRIPT).await;
        engine.client(&scene.server).send(FILM).unwrap();
        answers.push(("___eio[0](", scene.server.answer(get(&engine.path())).await));
    }
    for (start, answer) in answers {
        assert!(answer.text().starts_with(start), "{answer:?}");
        assert!(answer.header("content-type").contains("/javascript"), "{answer:?}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_8823_nothing_of_a_request_stands_in_an_answer_as_a_script() {
    const MARK: &str = "alert(1)";
    let scene = Scene::new().await;
    for script in ["<script>alert(1)</script>", "%3Cscript%3Ealert(1)%3C%2Fscript%3E", ");alert(1)//", "0;alert(1)"] {
        for path in [
            format!("/socket.io/htmlfile//{script}"),
            format!("/socket.io/htmlfile//1290000000?c={script}&callback={script}"),
            format!("/socket.io/htmlfile/{script}/1290000000"),
            format!("/socket.io/jsonp-polling//1290000000/{script}"),
            format!("/socket.io/1/htmlfile/{script}?t=1&c={script}"),
            format!("/socket.io/1/htmlfile/nobody?t=1&i={script}"),
            format!("/socket.io/1/jsonp-polling/nobody?i={script}"),
            format!("/socket.io/1/?jsonp={script}"),
            format!("/socket.io/1/{script}/nobody"),
            format!("/socket.io/?EIO=3&transport=polling&j={script}&c={script}"),
            format!("/socket.io/?EIO=4&transport={script}"),
            format!("/socket.io/?EIO={script}&transport=polling"),
            format!("/socket.io/?EIO=4&transport=polling&j=0&sid={script}"),
            format!("/socket.io/{script}"),
        ] {
            for method in ["GET", "POST", "OPTIONS", script] {
                let headers = [&format!("Origin: http://{script}")[..], "Connection: close"];
                for headers in [&headers[..1], &headers[1..]] {
                    let mut connection = scene.server.ask(request(method, &path, headers, "")).await;
                    connection.end_sending().await;
                    let answer = String::from_utf8_lossy(&connection.rest().await).into_owned();
                    // Who may not come in is not told more than that.
                    let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
                    assert!(!body.contains(MARK), "{method} {path}: {answer}");
                }
            }
        }
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_28481_by_default_a_page_of_another_origin_neither_connects_nor_reads() {
    const FOREIGN: &str = "Origin: http://evil.example";
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        let frames = Peer::open(&scene.server, Transport::XhrPolling).await;
        let packets = PacketPeer::open(&scene.server, Transport::XhrPolling).await;
        let engine = EnginePeer::connect(&scene.server, REVISIONS[0], Transport::Polling).await;
        for (method, path) in [
            ("GET", "/socket.io/xhr-polling//1290000000".to_owned()),
            ("POST", peer::url(frames.transport, &frames.id, "send")),
            ("GET", peer::url(frames.transport, &frames.id, "1290000000")),
            ("GET", "/socket.io/1/?t=1290000000".to_owned()),
            ("GET", packets::path(packets.transport, &packets.id)),
            ("POST", packets::path(packets.transport, &packets.id)),
            ("GET", "/socket.io/?EIO=3&transport=polling".to_owned()),
            ("GET", "/socket.io/?EIO=4&transport=polling".to_owned()),
            ("GET", engine.path()),
            ("POST", engine.path()),
        ] {
            let body = if method == "POST" { "4x" } else { "" };
            let asked = [
                &[FOREIGN][..],
                &[FOREIGN, "Cookie: a=b"],
                &["Origin: null"],
                &["Origin: http://own.example.evil.example"],
            ];
            for headers in asked {
                let answer = scene.server.answer(request(method, &path, headers, body)).await;
                assert!(matches!(answer.status, 401 | 403), "{mounting:?} {method} {path} {headers:?}: {answer:?}");
                assert_eq!(answer.header("access-control-allow-origin"), "", "{mounting:?} {method} {path}");
                assert_eq!(answer.header("access-control-allow-credentials"), "", "{mounting:?} {method} {path}");
                let preflight = [headers, &["Access-Control-Request-Method: POST"]].concat();
                let answer = scene.server.answer(request("OPTIONS", &path, &preflight, "")).await;
                assert_eq!(answer.header("access-control-allow-origin"), "", "{mounting:?} OPTIONS {path}");
            }
        }
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn cve_2019_13611_by_default_a_page_of_another_origin_opens_no_websocket() {
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        let id = packets::handshake(&scene.server).await;
        let engine = EnginePeer::connect(&scene.server, REVISIONS[1], Transport::Polling).await;
        let sessions = scene.strangers();
        for path in [
            "/socket.io/websocket".to_owned(),
            "/socket.io/flashsocket".to_owned(),
            packets::path(Transport::WebSocket, &id),
            "/socket.io/?EIO=3&transport=websocket".to_owned(),
            "/socket.io/?EIO=4&transport=websocket".to_owned(),
            engine.upgrade_path(),
        ] {
            for origin in ["Origin: http://evil.example", "Origin: null", "Origin: http://own.example.evil.example"] {
                for more in ["Cookie: session=secret", "Sec-Fetch-Site: cross-site"] {
                    let headers = [&UPGRADE[..], &[origin, more]].concat();
                    let head = scene.server.ask(request("GET", &path, &headers, "")).await.head().await;
                    assert_eq!(head.status, 403, "{mounting:?} {path} {origin}");
                }
            }
        }
        assert_eq!(scene.strangers(), sessions);
        scene.ends_well().await;
    }
}
