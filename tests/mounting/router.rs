//! Routers made by hand, and what they can tell the listener of a connection.

use crate::support::{Connection, Server, eventually, frame, get, messages, post, server::page};
use bytes::Bytes;
use heirloom::{Listener, PeerAddress, Transport};
use http_body_util::{BodyExt, Either, Full};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
};
use tokio::net::{TcpListener, TcpStream};

/// Whether the router tells the address of the peer.
async fn routed(listener: &Listener, tells: bool) -> SocketAddr {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let listener = listener.clone();
    tokio::spawn(async move {
        while let Ok((stream, peer)) = socket.accept().await {
            let listener = listener.clone();
            let service = service_fn(move |mut request: Request<Incoming>| {
                let listener = listener.clone();
                async move {
                    if tells {
                        request.extensions_mut().insert(PeerAddress(peer));
                    }
                    Ok::<_, Infallible>(route(&listener, request).await)
                }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection.with_upgrades());
        }
    });
    address
}

async fn route(listener: &Listener, request: Request<Incoming>) -> Response<Either<heirloom::Body, Full<Bytes>>> {
    if listener.matches(&request) {
        listener.handle(request).await.map(Either::Left)
    } else {
        let Ok(response) = page(request).await;
        response.map(Either::Right)
    }
}

#[tokio::test]
async fn a_router_may_ask_and_hand_over() {
    let listener = Listener::builder().build().unwrap();
    listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let address = routed(&listener, false).await;
    let connect = || async { Connection::new(TcpStream::connect(address).await.unwrap()) };
    let mut connection = connect().await;
    connection.send(get("/")).await;
    assert_eq!(connection.answer().await.text(), "hello from the app");
    connection.send(get("/socket.io/xhr-polling//1")).await;
    let id = messages(connection.answer().await.text()).remove(0);
    connection.send(post(&format!("/socket.io/xhr-polling/{id}/send"), &frame("text"))).await;
    assert_eq!(connection.answer().await.text(), "ok");
    connection.send(get(&format!("/socket.io/xhr-polling/{id}/1"))).await;
    assert_eq!(connection.answer().await.text(), frame("text"));

    let mut socket = connect().await;
    socket.send(crate::support::rfc6455::handshake("/socket.io/websocket")).await;
    assert_eq!(socket.head().await.status, 101);
    eventually("the socket's session", || listener.stats().sessions == 2).await;
}

#[tokio::test]
async fn a_request_needs_no_connection_at_all() {
    let listener = Listener::builder().build().unwrap();
    let ask = |method: &str, path: &str, body: &str| {
        Request::builder().method(method).uri(path).body(Full::new(Bytes::from(body.to_owned()))).unwrap()
    };
    let request = ask("GET", "/socket.io/xhr-polling//1", "");
    assert!(listener.matches(&request));
    let answer = listener.handle(request).await;
    let bytes = answer.into_body().collect().await.unwrap().to_bytes();
    let id = messages(std::str::from_utf8(&bytes).unwrap()).remove(0);
    let client = listener.client(&id).unwrap();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    listener.on_message(move |_, message| {
        log.lock().unwrap().push(message);
        async {}
    });
    let answer = listener.handle(ask("POST", &format!("/socket.io/xhr-polling/{id}/send"), "data=~m~2~m~hi")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(*heard.lock().unwrap(), ["hi".into()]);
    assert_eq!(client.transport(), Transport::XhrPolling);

    let strange = ask("GET", "/elsewhere", "");
    assert!(!listener.matches(&strange));
    assert_eq!(listener.handle(strange).await.status(), 404);
    let dead = listener.handle(ask("GET", "/socket.io/xhr-polling/nobody/1", "")).await;
    assert!(dead.into_body().collect().await.is_err(), "the server is told to hang up");
}

#[tokio::test]
async fn the_peers_address_is_known_where_somebody_tells() {
    for tells in [true, false] {
        let listener = Listener::builder().unused_handshakes(1, 100).build().unwrap();
        let address = routed(&listener, tells).await;
        let mut connection = Connection::new(TcpStream::connect(address).await.unwrap());
        let own = connection.local_address();
        for path in ["/socket.io/xhr-polling//1", "/socket.io/jsonp-polling//1/0"] {
            connection.send(get(path)).await;
            assert_eq!(connection.answer().await.status, 200);
        }
        let clients = listener.clients();
        assert_eq!(clients.len(), 2);
        for client in clients {
            assert_eq!(client.handshake().peer(), tells.then_some(own));
        }
        let delayed = listener.stats().delayed_handshakes;
        assert_eq!(delayed, u64::from(tells), "what is known of a peer limits it");
    }
}

#[tokio::test]
async fn under_serve_the_peers_address_is_known_by_itself() {
    let server = Server::new(Listener::builder()).await;
    let mut connection = server.ask(get("/socket.io/xhr-polling//1?who=me")).await;
    connection.answer().await;
    let client = server.listener.clients().remove(0);
    let handshake = client.handshake();
    assert_eq!(handshake.peer(), Some(connection.local_address()));
    assert_eq!((handshake.url(), handshake.query()), ("/socket.io/xhr-polling//1?who=me", Some("who=me")));
    assert_eq!(handshake.header("host"), Some("own.example"));
}

#[tokio::test]
async fn the_url_of_a_handshake_is_its_path_also_when_the_request_named_more() {
    let server = Server::new(Listener::builder()).await;
    let answer = server.answer(get("http://own.example/socket.io/xhr-polling//1?a=b")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(server.listener.clients()[0].handshake().url(), "/socket.io/xhr-polling//1?a=b");
}
