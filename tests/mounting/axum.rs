//! axum, and through it tower.

use crate::support::{Connection, get, messages, patiently, rfc6455};
use axum::{Router, routing};
use heirloom::Listener;
use std::net::{Ipv4Addr, SocketAddr};
use tokio::net::{TcpListener, TcpStream};

async fn serve(listener: &Listener) -> SocketAddr {
    let router = Router::new().route("/page/{name}", routing::get(async || "hello from axum")).layer(listener.layer());
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(socket, service).await });
    address
}

#[tokio::test]
async fn a_layer_of_a_router_serves_both() {
    let listener = Listener::builder().build().unwrap();
    listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let address = serve(&listener).await;
    let connect = || async { Connection::new(TcpStream::connect(address).await.unwrap()) };
    let mut connection = connect().await;
    connection.send(get("/page/1")).await;
    assert_eq!(connection.answer().await.text(), "hello from axum");
    connection.send(get("/nowhere")).await;
    assert_eq!(connection.answer().await.status, 404);
    connection.send(get("/socket.io/xhr-polling//1")).await;
    let id = messages(connection.answer().await.text()).remove(0);
    let client = listener.client(&id).unwrap();
    assert_eq!(client.handshake().peer(), Some(connection.local_address()), "axum tells the peer's address");

    let mut socket = connect().await;
    socket.send(rfc6455::handshake("/socket.io/websocket")).await;
    assert_eq!(socket.head().await.status, 101);
    assert_eq!(rfc6455::read(&mut socket).await.0, rfc6455::TEXT);
    socket.send(rfc6455::text("~m~4~m~echo")).await;
    assert_eq!(rfc6455::read(&mut socket).await, (rfc6455::TEXT, b"~m~4~m~echo".to_vec()));

    let mut stream = connect().await;
    stream.send(get("/socket.io/htmlfile//1")).await;
    let mut stream = stream.stream().await;
    patiently("the id", stream.until("</script>")).await;

    connect_dead(connect().await).await;
}

async fn connect_dead(mut connection: Connection) {
    connection.send(get("/socket.io/xhr-polling/nobody/1")).await;
    connection.is_closed_in_silence("a session that is not known").await;
}
