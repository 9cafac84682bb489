//! Where the listener lives, and what it leaves to others there.

use crate::support::{Mounting, Server, frame, get, messages, post, rfc6455, server::page};
use heirloom::{Dialect, Listener, Transport};
use hyper::service::service_fn;

#[tokio::test]
async fn two_listeners_on_two_resources_speak_two_dialects() {
    for mounting in Mounting::BOTH {
        let old = Listener::builder().resource("old.io").dialect(Dialect::Json).build().unwrap();
        let server = Server::beside(mounting, Listener::builder(), old.wrap(service_fn(page))).await;
        old.on_message(|client, message| async move { client.send(message).unwrap() });
        server.listener.on_message(|client, message| async move { client.send(message).unwrap() });

        let id = messages(server.answer(get("/socket.io/xhr-polling//1")).await.text()).remove(0);
        server.answer(post(&format!("/socket.io/xhr-polling/{id}/send"), &frame("new"))).await;
        let answer = server.answer(get(&format!("/socket.io/xhr-polling/{id}/1"))).await;
        assert_eq!(answer.text(), frame("new"));

        let opened = server.answer(get("/old.io/xhr-polling//1")).await;
        let old_id = opened.text().trim_matches(|letter: char| !letter.is_ascii_hexdigit()).to_owned();
        assert_eq!(
            opened.text(),
            format!("{{\"messages\":[\"{{\\\"sessionid\\\":\\\"{}\\\"}}\"]}}", &old_id[old_id.len() - 32..])
        );
        let old_id = &old_id[old_id.len() - 32..];
        server.answer(post(&format!("/old.io/xhr-polling/{old_id}/send"), "[\"old\"]")).await;
        let answer = server.answer(get(&format!("/old.io/xhr-polling/{old_id}/1"))).await;
        assert_eq!(answer.text(), "{\"messages\":[\"old\"]}");

        let mut socket = rfc6455::open(&server, "/old.io/websocket").await;
        let (_, payload) = rfc6455::read(&mut socket).await;
        assert!(payload.starts_with(b"{\"messages\":[\"{\\\"sessionid\\\":"), "{mounting:?}");

        for (resource, id) in [("old.io", id.as_str()), ("socket.io", old_id)] {
            let path = format!("/{resource}/xhr-polling/{id}/1");
            server.ask(get(&path)).await.is_closed_in_silence("a session of the other listener").await;
        }
        assert_eq!((server.listener.stats().sessions, old.stats().sessions), (1, 2));
        assert_eq!(server.answer(get("/")).await.text(), "hello from the app");
    }
}

#[tokio::test]
async fn a_resource_may_have_several_segments() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder().resource("rt/v1/io")).await;
        for path in ["/rt/v1/io/websocket", "/rt/v1/io/flashsocket/"] {
            let mut socket = rfc6455::open(&server, path).await;
            assert_eq!(rfc6455::read(&mut socket).await.0, rfc6455::TEXT);
        }
        assert_eq!(server.answer(get("/rt/v1/io/xhr-polling//1")).await.status, 200);
        assert_eq!(server.answer(get("/rt/v1/io/socket.io.js")).await.status, 200);
        for path in ["/rt/v1/xhr-polling", "/rt/v1/iox/xhr-polling", "/io/xhr-polling", "/socket.io/xhr-polling"] {
            assert_eq!(server.answer(get(path)).await.text(), "the app has no such page", "{path}");
        }
        // The drafts are told by their path before the server reads it.
        let draft = rfc6455::handshake("/rt/v1/io/websocket").replace("Sec-WebSocket", "X");
        if mounting == Mounting::Serve {
            assert_eq!(server.ask(draft).await.head().await.status, 101);
        }
    }
}

#[tokio::test]
async fn a_transport_that_is_switched_off_is_the_applications() {
    for mounting in Mounting::BOTH {
        let builder = Listener::builder().transports([Transport::XhrPolling, Transport::FlashSocket]);
        let server = Server::mounted(mounting, builder).await;
        for transport in crate::support::FRAMES_TRANSPORTS {
            let path = format!("/socket.io/{transport}//1290000000/0");
            let accepted = matches!(transport, Transport::XhrPolling | Transport::FlashSocket);
            let answer = server.answer(get(&path)).await;
            assert_eq!(answer.text() == "the app has no such page", !accepted, "{mounting:?} GET {path}");
            if !accepted {
                let answer = server.answer(post(&path, &frame("text"))).await;
                assert_eq!(answer.text(), "the app has no such page", "{mounting:?} POST {path}");
            }
        }
        let answer = server.answer(rfc6455::handshake("/socket.io/websocket")).await;
        assert_eq!(answer.text(), "the app has no such page", "{mounting:?} upgrade");
        rfc6455::open(&server, "/socket.io/flashsocket").await;
    }
}
