//! What browsers and caches between them are told of the client's files.

use crate::{
    script::{BUNDLED, MINIFIED, PATH},
    support::{Mounting, Server, get, request},
};
use heirloom::{ClientScript, Listener};

const NAMES: [&str; 4] = ["socket.io.js", "socket.io.min.js", "socket.io.esm.min.js", "socket.io.min.js.map"];

macro_rules! built {
    ($name:literal) => {
        include_bytes!(concat!("../../static/", $name)).as_slice()
    };
}

#[tokio::test]
async fn a_file_is_sent_compressed_to_who_accepts_that() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for (name, accepted, encoding, bytes) in [
            ("socket.io.js", "gzip, deflate", "gzip", built!("socket.io.js.gz")),
            ("socket.io.js", "gzip, deflate, br", "br", built!("socket.io.js.br")),
            ("socket.io.js", "br;q=0.1, gzip;q=0.2", "gzip", built!("socket.io.js.gz")),
            ("socket.io.js", "identity;q=0, *", "br", built!("socket.io.js.br")),
            ("socket.io.js", "deflate, br;q=0", "", BUNDLED.as_bytes()),
            ("socket.io.js", "", "", BUNDLED.as_bytes()),
            ("socket.io.min.js", "gzip", "gzip", built!("socket.io.min.js.gz")),
            ("socket.io.min.js", "br", "br", built!("socket.io.min.js.br")),
            ("socket.io.v0.9.17.min.js", "br", "br", built!("socket.io.min.js.br")),
            ("socket.io.esm.min.js", "gzip", "gzip", built!("socket.io.esm.min.js.gz")),
            ("socket.io.esm.min.js", "br", "br", built!("socket.io.esm.min.js.br")),
            ("socket.io.min.js.map", "gzip, br", "gzip", built!("socket.io.min.js.map.gz")),
        ] {
            let accept = format!("Accept-Encoding: {accepted}");
            let path = format!("/socket.io/{name}");
            let answer = server.answer(request("GET", &path, &[&accept], "")).await;
            assert_eq!(
                (answer.status, answer.header("content-encoding")),
                (200, encoding),
                "{mounting:?} {name} {accepted}"
            );
            assert!(answer.body == bytes, "{mounting:?} {name} {accepted}");
            assert_eq!(answer.header("content-length"), bytes.len().to_string(), "{name} {accepted}");
            assert_eq!(answer.header("vary"), "Accept-Encoding", "{name} {accepted}");

            let mut connection = server.ask(request("HEAD", &path, &[&accept], "") + &get("/")).await;
            let head = connection.head().await;
            assert_eq!(head.status, 200);
            for field in ["content-encoding", "content-length", "content-type", "etag", "vary", "cache-control"] {
                assert_eq!(head.header(field), answer.header(field), "HEAD {name} {accepted} {field}");
            }
            assert_eq!(connection.answer().await.text(), "hello from the app", "a HEAD is answered without a body");
        }
        let answer = server.answer(request("GET", PATH, &["Accept-Encoding: *;q=0"], "")).await;
        assert_eq!((answer.status, answer.body.len(), answer.header("vary")), (406, 0, "Accept-Encoding"));
    }
}

#[tokio::test]
async fn who_has_a_representation_does_not_get_it_again() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut tags = Vec::new();
        for (name, accept) in NAMES.iter().flat_map(|name| ["identity", "gzip"].map(|accept| (name, accept))) {
            let path = format!("/socket.io/{name}");
            let accept = format!("Accept-Encoding: {accept}");
            let whole = server.answer(request("GET", &path, &[&accept], "")).await;
            let tag = whole.header("etag").to_owned();
            assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"') && !tags.contains(&tag), "{tag}");
            for known in [
                tag.clone(),
                format!("W/{tag}"),
                tag.trim_matches('"').to_owned(),
                format!("\"0.6.3\", {tag}"),
                "*".to_owned(),
            ] {
                let condition = format!("If-None-Match: {known}");
                let mut connection = server.ask(request("GET", &path, &[&condition, &accept], "") + &get("/")).await;
                let head = connection.head().await;
                assert_eq!(head.status, 304, "{mounting:?} {name} {known}");
                for field in ["etag", "vary", "cache-control", "access-control-allow-origin"] {
                    assert_eq!(head.header(field), whole.header(field), "{name} {known} {field}");
                    assert_ne!(head.header(field), "", "{name} {known} {field}");
                }
                assert_eq!((head.header("content-encoding"), head.header("content-type")), ("", ""), "{name}");
                assert_eq!(connection.answer().await.text(), "hello from the app", "nothing follows a 304");
            }
            for other in tags.iter().map(String::as_str).chain(["\"0.6.3\"", "0.9.16:9185"]) {
                let condition = format!("If-None-Match: {other}");
                let answer = server.answer(request("GET", &path, &[&condition, &accept], "")).await;
                assert_eq!(answer.status, 200, "{mounting:?} {name}: {other} is not {tag}");
            }
            tags.push(tag);
        }
    }
}

#[tokio::test]
async fn a_fingerprint_in_the_name_is_kept_for_good_and_a_version_for_a_day() {
    let fingerprint = ClientScript::Bundled.fingerprint().unwrap();
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for (name, cached) in [
            ("socket.io.js".to_owned(), "public, max-age=300"),
            ("socket.io.min.js".to_owned(), "public, max-age=300"),
            ("socket.io.v0.9.17.js".to_owned(), "public, max-age=86400"),
            ("socket.io+websocket.v0.9.17.js".to_owned(), "public, max-age=86400"),
            ("socket.io.v0123456789abcdef.min.js".to_owned(), "public, max-age=86400"),
            (format!("socket.io.v{fingerprint}.min.js"), "public, max-age=31536000, immutable"),
        ] {
            let answer = server.answer(get(&format!("/socket.io/{name}"))).await;
            assert_eq!((answer.status, answer.header("cache-control")), (200, cached), "{mounting:?} {name}");
        }
        assert!(server.answer(get(&format!("/socket.io/socket.io.v{fingerprint}.min.js"))).await.text() == MINIFIED);
    }
}

#[tokio::test]
async fn other_methods_are_told_what_there_is() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for method in ["POST", "PUT", "DELETE"] {
            let answer = server.answer(request(method, PATH, &[], "x")).await;
            assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD, OPTIONS"), "{mounting:?} {method}");
        }
        let asks = [
            "Origin: https://elsewhere.example",
            "Access-Control-Request-Method: GET",
            "Access-Control-Request-Headers: if-none-match",
        ];
        let answer = server.answer(request("OPTIONS", "/socket.io/socket.io.esm.min.js", &asks, "")).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"), "{mounting:?}");
        assert_eq!(answer.header("access-control-allow-methods"), "GET, HEAD");
        assert_eq!(answer.header("access-control-allow-headers"), "if-none-match");
        assert_eq!(answer.header("allow"), "GET, HEAD, OPTIONS");
    }
}
