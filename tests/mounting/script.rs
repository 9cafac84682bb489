//! The client's files: which there are, and whose they are when there is another client or none.

use crate::support::{Mounting, Server, get, request};
use bytes::Bytes;
use heirloom::{ClientScript, Listener, Transport};

pub(crate) const PATH: &str = "/socket.io/socket.io.js";
pub(crate) const BUNDLED: &str = include_str!("../../static/socket.io.js");
pub(crate) const MINIFIED: &str = include_str!("../../static/socket.io.min.js");
const NOT_OURS: &str = "the app has no such page";

#[tokio::test]
async fn each_name_brings_its_file_to_every_page() {
    let module = include_str!("../../static/socket.io.esm.min.js");
    let map = include_str!("../../static/socket.io.min.js.map");
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for (name, file, kind) in [
            ("socket.io.js", BUNDLED, "text/javascript"),
            ("socket.io.js?1290000000", BUNDLED, "text/javascript"),
            ("socket.io.js?EIO=4&transport=polling", BUNDLED, "text/javascript"),
            ("socket.io.min.js", MINIFIED, "text/javascript"),
            ("socket.io.esm.min.js", module, "text/javascript"),
            ("socket.io.min.js.map", map, "application/json"),
            ("socket.io.v0.9.17.js", BUNDLED, "text/javascript"),
            ("socket.io.v0.9.17.min.js", MINIFIED, "text/javascript"),
            ("socket.io.v1.2.3.esm.min.js", module, "text/javascript"),
        ] {
            let headers = ["Origin: https://elsewhere.example"];
            let answer = server.answer(request("GET", &format!("/socket.io/{name}"), &headers, "")).await;
            assert_eq!(answer.status, 200, "{mounting:?} {name}");
            assert!(answer.text() == file, "{mounting:?} {name}");
            assert_eq!(answer.header("content-type"), kind, "{name}");
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{name}");
            assert_eq!(answer.header("access-control-allow-origin"), "*", "{name}");
            assert_eq!(answer.header("access-control-allow-credentials"), "", "{name}");
            assert_eq!(answer.header("cross-origin-resource-policy"), "cross-origin", "{name}");
        }
    }
}

#[tokio::test]
async fn the_files_of_every_resource_are_the_same() {
    for mounting in Mounting::BOTH {
        let builder = Listener::builder().also_mount("old/io", heirloom::Dialect::Json);
        let server = Server::mounted(mounting, builder.also_mount("engine.io", heirloom::Dialect::BareEngine)).await;
        assert!(server.answer(get("/old/io/socket.io.v0.9.17.min.js")).await.text() == MINIFIED, "{mounting:?}");
        assert_eq!(server.answer(get("/engine.io/socket.io.min.js")).await.text(), NOT_OURS, "{mounting:?}");
    }
}

#[tokio::test]
async fn names_are_compared_whole() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for name in [
            "socket.io.js.min",
            "socket.io.js/",
            "socket.io.js.map",
            "x/socket.io.js",
            "xsocket.io.js",
            "socket.io.v1.js",
            "socket.io.v1.2.3.js/1",
            "socket.io+.js",
            "socket.io%2Bwebsocket.js",
            "static/flashsocket/WebSocketMain.swf",
            "lib/vendor/web-socket-js/WebSocketMain.swf",
        ] {
            assert_eq!(server.answer(get(&format!("/socket.io/{name}"))).await.text(), NOT_OURS, "{mounting:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_bundle_is_the_script_with_the_named_transports() {
    for mounting in Mounting::BOTH {
        use Transport::{HtmlFile, JsonpPolling, WebSocket, XhrPolling};
        let builder = Listener::builder().transports([WebSocket, XhrPolling, JsonpPolling, HtmlFile]);
        let server = Server::mounted(mounting, builder).await;
        for (names, transports) in [
            ("websocket", "[\"websocket\"]"),
            ("xhr-polling+websocket", "[\"xhr-polling\",\"websocket\"]"),
            ("nosuch+htmlfile+xhr-multipart.v0.9.16", "[\"htmlfile\"]"),
        ] {
            let path = format!("/socket.io/socket.io+{names}.js");
            let answer = server.answer(get(&path)).await;
            let line = format!("\nio.transports={transports};\n");
            assert_eq!((answer.status, answer.header("content-type")), (200, "text/javascript"), "{names}");
            assert!(answer.text().replacen(&line, "\n", 1) == MINIFIED && answer.text().contains(&line), "{names}");
            let known = format!("If-None-Match: {}", answer.header("etag"));
            assert_eq!(server.answer(request("GET", &path, &[&known], "")).await.status, 304, "{names}");
            let other = server.answer(request("GET", "/socket.io/socket.io+jsonp-polling.js", &[&known], "")).await;
            assert_eq!(other.status, 200, "another bundle has another tag");
        }
        let answer = server.answer(get("/socket.io/socket.io+nosuch+server-events.js")).await;
        assert_eq!((answer.status, answer.header("content-type")), (500, "text/plain"));
        assert_eq!(answer.text(), "Error serving static /socket.io+nosuch+server-events.js");
    }
}

#[tokio::test]
async fn a_script_of_the_applications_own_has_every_name_that_asks_for_a_readable_one() {
    for mounting in Mounting::BOTH {
        let script = ClientScript::Custom(Bytes::from_static(b"var io = {};"));
        let fingerprint = script.fingerprint().unwrap();
        let server = Server::mounted(mounting, Listener::builder().client_script(script)).await;
        let kept_for_good = format!("socket.io.v{fingerprint}.js");
        for name in
            ["socket.io.js", "socket.io.v4.8.4.js", "socket.io+websocket.js", "socket.io+nosuch.js", &kept_for_good]
        {
            let headers = ["Accept-Encoding: gzip, br, identity;q=0"];
            let answer = server.answer(request("GET", &format!("/socket.io/{name}"), &headers, "")).await;
            assert_eq!((answer.status, answer.text()), (200, "var io = {};"), "{mounting:?} {name}");
            assert_eq!((answer.header("content-encoding"), answer.header("vary")), ("", ""), "{mounting:?} {name}");
            assert_eq!(answer.header("cache-control").contains("immutable"), name == kept_for_good, "{name}");
        }
        for name in ["socket.io.min.js", "socket.io.min.js.map", "socket.io.esm.min.js", "socket.io.v4.8.4.min.js"] {
            assert_eq!(server.answer(get(&format!("/socket.io/{name}"))).await.text(), NOT_OURS, "{mounting:?} {name}");
        }
    }
}

#[tokio::test]
async fn without_a_script_every_name_is_the_applications() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().client_script(ClientScript::None)).await;
        for name in [
            "socket.io.js",
            "socket.io.min.js",
            "socket.io.min.js.map",
            "socket.io.esm.min.js",
            "socket.io.v0.9.17.js",
            "socket.io+websocket.js",
        ] {
            assert_eq!(server.answer(get(&format!("/socket.io/{name}"))).await.text(), NOT_OURS, "{mounting:?} {name}");
        }
    }
}
