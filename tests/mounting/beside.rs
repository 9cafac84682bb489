//! Requests that are the application's.

use crate::support::{Connection, Mounting, Peer, Server, get, request};
use bytes::Bytes;
use heirloom::Listener;
use http_body_util::{Either, Empty};
use hyper::{Request, Response, StatusCode, body::Incoming, header, service::service_fn};
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

type Mirrored = Response<Either<Incoming, Empty<Bytes>>>;

/// Sends back what it was sent, body included, as it comes.
async fn mirror(mut request: Request<Incoming>) -> Result<Mirrored, Infallible> {
    if request.headers().get(header::UPGRADE).is_some_and(|value| value == "shout") {
        let upgrade = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = TokioIo::new(upgrade.await.unwrap());
            let mut word = [0; 5];
            stream.read_exact(&mut word).await.unwrap();
            stream.write_all(&word.to_ascii_uppercase()).await.unwrap();
        });
        let mut response = Response::new(Either::Right(Empty::new()));
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        response.headers_mut().insert(header::UPGRADE, "shout".parse().unwrap());
        return Ok(response);
    }
    let (parts, body) = request.into_parts();
    let mut response = Response::new(Either::Left(body));
    let seen = format!("{} {}", parts.method, parts.uri);
    response.headers_mut().insert("x-seen", seen.parse().unwrap());
    for (name, value) in &parts.headers {
        response.headers_mut().append(format!("x-sent-{name}").parse::<header::HeaderName>().unwrap(), value.clone());
    }
    Ok(response)
}

#[tokio::test]
async fn what_is_not_the_listeners_reaches_the_application_untouched() {
    for mounting in Mounting::BOTH {
        let server = Server::beside(mounting, Listener::builder(), service_fn(mirror)).await;
        for path in [
            "/",
            "/socket.iox",
            "/socket.iox/xhr-polling//1",
            "/socket.ioXxhr-polling//1",
            "/a/socket.io/xhr-polling//1",
            "//socket.io/xhr-polling//1",
            "/socket.io//xhr-polling",
            "/socket.io/xhr-pollin/1",
            "/socket.io/xhr-pollingx",
            "/socket.io/1x/websocket",
            "/socket.io/v1/",
            "/socket.io/socket.io.js.map",
            "/Socket.io/xhr-polling",
            "/page?a=1&b=%20//",
        ] {
            let answer = server.answer(request("PROPFIND", path, &["X-Custom: a", "X-Custom: b"], "body")).await;
            assert_eq!((answer.status, answer.text()), (200, "body"), "{mounting:?} {path}");
            assert_eq!(answer.header("x-seen"), format!("PROPFIND {path}"));
            let custom: Vec<_> = answer.headers.get_all("x-sent-x-custom").iter().collect();
            assert_eq!(custom, ["a", "b"]);
            assert_eq!(answer.header("x-sent-host"), "own.example");
        }
        assert_eq!(server.listener.stats().sessions, 0);
    }
}

#[tokio::test]
async fn bodies_stream_through_in_both_directions() {
    for mounting in Mounting::BOTH {
        let server = Server::beside(mounting, Listener::builder(), service_fn(mirror)).await;
        let mut connection = server.ask(request("POST", "/upload", &["Transfer-Encoding: chunked"], "")).await;
        let head = connection.head().await;
        assert_eq!(head.header("transfer-encoding"), "chunked");
        for word in ["first", "second"] {
            connection.send(format!("{:x}\r\n{word}\r\n", word.len())).await;
            // It comes back before the next is sent.
            assert_eq!(connection.chunk().await.unwrap(), word.as_bytes(), "{mounting:?}");
        }
        connection.send("0\r\n\r\n").await;
        assert_eq!(connection.chunk().await, None);
    }
}

#[tokio::test]
async fn the_application_may_upgrade_connections_of_its_own() {
    for mounting in Mounting::BOTH {
        let server = Server::beside(mounting, Listener::builder(), service_fn(mirror)).await;
        let upgrade = request("GET", "/shout", &["Connection: Upgrade", "Upgrade: shout"], "");
        let mut connection = server.ask(upgrade + "hello").await;
        assert_eq!(connection.head().await.status, 101, "{mounting:?}");
        assert_eq!(connection.exactly(5).await, b"HELLO");
    }
}

#[tokio::test]
async fn a_connection_may_carry_requests_of_both() {
    for mounting in Mounting::BOTH {
        let server = Server::beside(mounting, Listener::builder(), service_fn(mirror)).await;
        let mut connection = server.connect().await;
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(ask(&mut connection, "/socket.io/xhr-polling//1").await);
            assert_eq!(ask(&mut connection, "/page").await, "");
        }
        ids.dedup();
        assert_eq!(ids.len(), 3);
        assert_eq!(server.listener.stats().sessions, 3);
    }
}

async fn ask(connection: &mut Connection, path: &str) -> String {
    connection.send(get(path)).await;
    let answer = connection.answer().await;
    assert_eq!(answer.status, 200);
    answer.text().to_owned()
}

#[tokio::test]
async fn every_transport_works_however_the_listener_is_mounted() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
        for transport in crate::support::FRAMES_TRANSPORTS {
            let mut peer = Peer::open(&server, transport).await;
            peer.send(&["é漢😀", "~j~{\"a\":[1]}", ""]).await;
            assert_eq!(peer.receive_all(3).await, ["é漢😀", "~j~{\"a\":[1]}", ""], "{mounting:?} {transport}");
        }
    }
}
