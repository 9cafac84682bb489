//! The clients of 0.7 to 0.9, however the listener is mounted.

use crate::support::{
    Connection, Log, Mounting, PacketPeer, Peer, Server, frame, get, messages, packets, patiently, post, request,
    rfc6455, server::page,
};
use bytes::Bytes;
use heirloom::{Dialect, Generation, Listener, Socket, Transport};
use http_body_util::{BodyExt, Full};
use hyper::{Request, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::Ipv4Addr;
use tokio::{
    io::{join, split},
    net::{TcpListener, TcpStream},
};

#[tokio::test]
async fn every_transport_works_however_the_listener_is_mounted() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        server.listener.of("/chat").on_message(|client, message| async move { client.send(message).unwrap() });
        for transport in packets::ALL {
            let mut peer = PacketPeer::open(&server, transport).await;
            peer.enter("/chat").await;
            peer.send(&["3::/chat:é漢😀", "4::/chat:{\"a\":[1]}", "3::/chat"]).await;
            let expected = ["3::/chat:é漢😀", "4::/chat:{\"a\":[1]}", "3::/chat"];
            assert_eq!(peer.receive_all(3).await, expected, "{mounting:?} {transport}");
        }
    }
}

#[tokio::test]
async fn they_may_use_any_of_a_listeners_resources_and_older_ones_the_one_of_their_dialect() {
    for mounting in Mounting::BOTH {
        let builder = Listener::builder().resource("rt/io").also_mount("old.io", Dialect::Json);
        let server = Server::mounted(mounting, builder.also_mount("socket.io", Dialect::Frames)).await;
        server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
        for resource in ["rt/io", "old.io", "socket.io"] {
            assert_eq!(
                server.answer(get(&format!("/{resource}"))).await.text(),
                r#"{"code":0,"message":"Transport unknown"}"#
            );
            assert_eq!(server.answer(get(&format!("/{resource}/socket.io.js"))).await.status, 200);
            let id = packets::session_id(&server.answer(get(&format!("/{resource}/1/"))).await);
            let answer = server.answer(get(&format!("/{resource}/1/xhr-polling/{id}"))).await;
            assert_eq!(answer.text(), "1::", "{mounting:?} {resource}");
            let mut socket = rfc6455::open(&server, &format!("/{resource}/1/websocket/{id}")).await;
            socket.send(rfc6455::text("3:::by socket")).await;
            assert_eq!(rfc6455::read(&mut socket).await.1, b"3:::by socket", "{mounting:?} {resource}");
            if mounting == Mounting::Serve {
                let draft = ["Upgrade: WebSocket", "Connection: Upgrade"];
                let id = packets::session_id(&server.answer(get(&format!("/{resource}/1/"))).await);
                let path = format!("/{resource}/1/flashsocket/{id}");
                let mut socket = server.ask(request("GET", &path, &draft, "")).await;
                let head = socket.head().await;
                assert_eq!(head.header("websocket-location"), format!("ws://own.example{path}"));
                assert_eq!(socket.until([0xff]).await, b"\x001::\xff");
            }
        }
        // A session is the listener's, whichever path it came by.
        let id = packets::session_id(&server.answer(get("/old.io/1/")).await);
        assert_eq!(server.answer(get(&format!("/rt/io/1/xhr-polling/{id}"))).await.text(), "1::", "{mounting:?}");

        let mut newer = Peer::open(&server, Transport::HtmlFile).await;
        newer.send(&["frames"]).await;
        assert_eq!(newer.receive().await, "frames");
        let opened = server.answer(get("/old.io/xhr-polling//1")).await;
        assert!(opened.text().starts_with(r#"{"messages":["{\"sessionid\":"#), "{mounting:?} {opened:?}");
        let older = opened.text().trim_start_matches(|letter: char| !letter.is_ascii_digit());
        let older =
            server.listener.clients().into_iter().find(|client| opened.text().contains(&client.id())).expect(older);
        assert_eq!((older.generation(), older.transport()), (Generation::Frames, Transport::XhrPolling));
        server.answer(post(&format!("/old.io/xhr-polling/{}/send", older.id()), "[\"envelopes\"]")).await;
        let answer = server.answer(get(&format!("/old.io/xhr-polling/{}/1", older.id()))).await;
        assert_eq!(answer.text(), r#"{"messages":["envelopes"]}"#, "{mounting:?}");
        assert_eq!(server.answer(get("/")).await.text(), "hello from the app");
    }
}

#[tokio::test]
async fn a_session_of_the_frames_generation_keeps_its_dialect_on_every_path() {
    let server = Server::new(Listener::builder().also_mount("old.io", Dialect::Json)).await;
    let id = messages(server.answer(get("/socket.io/xhr-polling//1")).await.text()).remove(0);
    assert_eq!(server.answer(post(&format!("/old.io/xhr-polling/{id}/send"), &frame("text"))).await.status, 200);
    assert_eq!(server.events.texts_until(&id, 1).await, ["text"]);
    server.listener.client(&id).unwrap().send("answer").unwrap();
    assert_eq!(server.answer(get(&format!("/old.io/xhr-polling/{id}/1"))).await.text(), frame("answer"));
}

#[tokio::test]
async fn two_listeners_on_one_server_know_nothing_of_each_other() {
    for mounting in Mounting::BOTH {
        let inner = Listener::builder().resource("inner").build().unwrap();
        let server = Server::beside(mounting, Listener::builder(), inner.wrap(service_fn(page))).await;
        let own = packets::handshake(&server).await;
        let others = packets::session_id(&server.answer(get("/inner/1/")).await);
        assert_eq!((server.listener.stats().sessions, inner.stats().sessions), (1, 1));
        for (resource, id) in [("inner", &own), ("socket.io", &others)] {
            let answer = server.answer(get(&format!("/{resource}/1/xhr-polling/{id}"))).await;
            assert_eq!(answer.text(), packets::NOT_HANDSHAKEN, "{mounting:?}");
        }
        assert_eq!(server.answer(get(&format!("/inner/1/xhr-polling/{others}"))).await.text(), "1::");
        assert_eq!((server.listener.clients().len(), inner.clients().len()), (0, 1));
    }
}

#[tokio::test]
async fn they_work_over_a_stream_of_another_kind() {
    let listener = Listener::builder().build().unwrap();
    listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let accepting = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = accepting.local_addr().unwrap();
    let serving = listener.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = accepting.accept().await {
            let listener = serving.clone();
            tokio::spawn(async move {
                let socket = Socket::new(stream);
                let (reading, writing) = split(socket.clone());
                let _ = listener.serve_over(join(reading, writing), socket, service_fn(page)).await;
            });
        }
    });
    let connect = || async { Connection::new(TcpStream::connect(address).await.unwrap()) };
    let mut connection = connect().await;
    connection.send(get("/socket.io/1/")).await;
    let id = packets::session_id(&connection.answer().await);
    connection.send(get(&packets::path(Transport::XhrPolling, &id))).await;
    assert_eq!(connection.answer().await.text(), "1::");
    drop(connection);
    let mut draft = connect().await;
    let path = packets::path(Transport::WebSocket, &id);
    draft.send(request("GET", &path, &["Upgrade: WebSocket", "Connection: Upgrade"], "")).await;
    let head = draft.head().await;
    let location = format!("wss://own.example{path}");
    assert_eq!(
        (head.status, head.header("websocket-location")),
        (101, location.as_str()),
        "what ends TLS was asked by TLS"
    );
    draft.send(b"\x003:::echo\xff").await;
    assert_eq!(draft.until([0xff]).await, b"\x003:::echo\xff");
}

#[tokio::test]
async fn polling_and_streams_work_over_http_2() {
    let listener = Listener::builder().build().unwrap();
    listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let stream = TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = socket.accept().await.unwrap();
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    tokio::spawn(server.serve_connection(TokioIo::new(accepted), listener.wrap(service_fn(page))));
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (requests, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let ask = async |method: &str, path: &str, body: &str| {
        let uri = format!("http://own.example{path}");
        let body = Full::new(Bytes::from(body.to_owned()));
        let request = Request::builder().method(method).uri(uri).body(body).unwrap();
        patiently(path, requests.clone().send_request(request)).await.unwrap()
    };
    let text = async |response: hyper::Response<hyper::body::Incoming>| {
        let bytes = patiently("a body", response.into_body().collect()).await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    let welcome = text(ask("GET", "/socket.io/1/?t=1", "").await).await;
    let id = welcome.split(':').next().unwrap();
    assert_eq!(text(ask("GET", &packets::path(Transport::XhrPolling, id), "").await).await, "1::");
    assert_eq!(text(ask("POST", &packets::path(Transport::XhrPolling, id), "3:::é").await).await, "1");
    assert_eq!(text(ask("GET", &packets::path(Transport::JsonpPolling, id), "").await).await, "io.j[0](\"3:::é\");");
    assert_eq!(ask("GET", &packets::path(Transport::WebSocket, id), "").await.status(), 505);
    let mut document = ask("GET", &packets::path(Transport::HtmlFile, id), "").await.into_body();
    let client = listener.client(id).unwrap();
    client.send("last").unwrap();
    client.disconnect();
    let bytes = patiently("the document", async {
        let mut bytes = Vec::new();
        while let Some(frame) = document.frame().await {
            bytes.extend(frame.unwrap().into_data().unwrap_or_default());
        }
        bytes
    })
    .await;
    assert!(bytes.ends_with(b"<script>_(\"3:::last\");</script><script>_(\"0::\");</script>"), "{bytes:?}");
    assert_eq!(text(ask("GET", &packets::path(Transport::XhrPolling, id), "").await).await, packets::NOT_HANDSHAKEN);
    assert_eq!(text(ask("GET", "/", "").await).await, "hello from the app");
}

#[tokio::test]
async fn a_post_is_answered_before_what_is_in_it_is_handled() {
    let listener = Listener::builder().build().unwrap();
    let log = Log::new();
    let noted = log.clone();
    listener.on_message(move |_, message| {
        noted.note(message.as_text().unwrap_or_default());
        std::future::ready(())
    });
    let ask = async |request| {
        let answer = listener.handle::<Full<Bytes>>(request).await.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(answer.to_vec()).unwrap()
    };
    let of = |method, path: &str, body: &'static str| {
        Request::builder().method(method).uri(path).body(Full::from(body)).unwrap()
    };
    let id = ask(of("GET", "/socket.io/1/", "")).await;
    let path = packets::path(Transport::XhrPolling, id.split(':').next().unwrap());
    assert_eq!(ask(of("GET", &path, "")).await, "1::");
    for (read, text) in [(true, "3:::read"), (false, "3:::left unread")] {
        let heard = log.all().len();
        let answer = listener.handle(of("POST", &path, text)).await;
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(log.all().len(), heard, "{text} is not handled while its answer waits to be taken");
        if read {
            assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "1");
        } else {
            drop(answer);
        }
        log.until(heard + 1).await;
    }
    assert_eq!(log.all(), ["read", "left unread"]);
}
