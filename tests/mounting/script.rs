//! The client script.

use crate::support::{Mounting, Server, get, request};
use bytes::Bytes;
use heirloom::{ClientScript, Listener};

const PATH: &str = "/socket.io/socket.io.js";
const BUNDLED: &str = include_str!("../../static/socket.io.js");

#[tokio::test]
async fn the_bundled_script_is_served_with_what_caches_need() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for path in [PATH.to_owned(), format!("{PATH}?1290000000")] {
            let answer = server.answer(get(&path)).await;
            assert_eq!((answer.status, answer.text()), (200, BUNDLED), "{mounting:?}");
            assert_eq!(answer.header("content-type"), "text/javascript");
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
        let tag = server.answer(get(PATH)).await.header("etag").to_owned();
        assert!(tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"'), "{tag}");
        for known in [tag.clone(), format!("W/{tag}"), tag.trim_matches('"').to_owned(), "*".to_owned()] {
            let condition = format!("If-None-Match: {known}");
            let mut connection = server.ask(request("GET", PATH, &[&condition], "") + &get("/")).await;
            let head = connection.head().await;
            assert_eq!((head.status, head.header("etag")), (304, tag.as_str()), "{known}");
            assert_eq!(connection.answer().await.text(), "hello from the app", "nothing follows a 304");
        }
        let answer = server.answer(request("GET", PATH, &["If-None-Match: \"0.6.3\""], "")).await;
        assert_eq!(answer.status, 200);

        let mut connection = server.ask(request("HEAD", PATH, &[], "") + &get("/")).await;
        let head = connection.head().await;
        assert_eq!((head.status, head.header("content-length")), (200, BUNDLED.len().to_string().as_str()));
        assert_eq!(connection.answer().await.text(), "hello from the app", "a HEAD is answered without a body");

        let answer = server.answer(request("POST", PATH, &[], "x")).await;
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"));
    }
}

#[tokio::test]
async fn an_application_may_serve_a_script_of_its_own_or_none() {
    for mounting in Mounting::BOTH {
        let script = ClientScript::Custom(Bytes::from_static(b"var io = {};"));
        let server = Server::mounted(mounting, Listener::builder().client_script(script)).await;
        assert_eq!(server.answer(get(PATH)).await.text(), "var io = {};");
        let server = Server::mounted(mounting, Listener::builder().client_script(ClientScript::None)).await;
        assert_eq!(server.answer(get(PATH)).await.text(), "the app has no such page");
    }
}
