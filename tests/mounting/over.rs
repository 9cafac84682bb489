//! A stream over a socket, as a server has it that ends TLS.

use crate::support::{Connection, frame, get, messages, request, rfc6455, server::page};
use heirloom::{Listener, Socket};
use hyper::service::service_fn;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::{
    io::{join, split},
    net::{TcpListener, TcpStream},
};

/// The stream between the socket and the listener is of a type the listener does not know.
async fn serve(listener: &Listener) -> SocketAddr {
    let accepting = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = accepting.local_addr().unwrap();
    let listener = listener.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = accepting.accept().await {
            let listener = listener.clone();
            tokio::spawn(async move {
                let socket = Socket::new(stream);
                let (reading, writing) = split(socket.clone());
                let _ = listener.serve_over(join(reading, writing), socket, service_fn(page)).await;
            });
        }
    });
    address
}

#[tokio::test]
async fn everything_works_over_a_stream_of_another_kind() {
    let listener = Listener::builder().build().unwrap();
    listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let address = serve(&listener).await;
    let connect = || async { Connection::new(TcpStream::connect(address).await.unwrap()) };

    let mut connection = connect().await;
    connection.send(get("/")).await;
    assert_eq!(connection.answer().await.text(), "hello from the app");
    connection.send(get("/socket.io/xhr-polling//1")).await;
    let id = messages(connection.answer().await.text()).remove(0);
    assert_eq!(listener.client(&id).unwrap().handshake().peer(), Some(connection.local_address()));

    let mut socket = connect().await;
    socket.send(rfc6455::handshake("/socket.io/websocket")).await;
    assert_eq!(socket.head().await.status, 101);
    assert_eq!(rfc6455::read(&mut socket).await.0, rfc6455::TEXT);
    socket.send(rfc6455::text(&frame("echo"))).await;
    assert_eq!(rfc6455::read(&mut socket).await, (rfc6455::TEXT, frame("echo").into_bytes()));

    let mut draft = connect().await;
    draft.send(request("GET", "/socket.io/websocket", &["Upgrade: WebSocket", "Connection: Upgrade"], "")).await;
    let head = draft.head().await;
    let location = "wss://own.example/socket.io/websocket";
    assert_eq!((head.status, head.header("websocket-location")), (101, location), "what ends TLS was asked by TLS");

    let mut dead = connect().await;
    dead.send(get("/socket.io/xhr-polling/nobody/1")).await;
    dead.is_closed_in_silence("a session that is not known").await;
}
