//! HTTP/2: polling and streams work, websockets say that they do not.

use crate::support::{Events, form, frame, messages, patiently, server::page};
use bytes::Bytes;
use heirloom::Listener;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, client::conn::http2::SendRequest, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::net::Ipv4Addr;
use tokio::net::{TcpListener, TcpStream};

/// A client with prior knowledge and a server that wraps the listener.
async fn connect(listener: &Listener) -> SendRequest<Full<Bytes>> {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let stream = TcpStream::connect(socket.local_addr().unwrap()).await.unwrap();
    let (accepted, _) = socket.accept().await.unwrap();
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
    tokio::spawn(server.serve_connection(TokioIo::new(accepted), listener.wrap(service_fn(page))));
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (requests, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    requests
}

async fn ask(
    requests: &SendRequest<Full<Bytes>>,
    method: &str,
    path: &str,
    body: &str,
) -> hyper::Result<Response<Incoming>> {
    let uri = format!("http://own.example{path}");
    let request = Request::builder().method(method).uri(uri).body(Full::new(Bytes::from(body.to_owned()))).unwrap();
    patiently(path, requests.clone().send_request(request)).await
}

async fn text(response: Response<Incoming>) -> String {
    assert_eq!(response.status(), 200);
    let bytes = patiently("a body", response.into_body().collect()).await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn polling_and_the_application_work() {
    let listener = Listener::builder().build().unwrap();
    let events = Events::of(&listener);
    let requests = connect(&listener).await;
    assert_eq!(text(ask(&requests, "GET", "/", "").await.unwrap()).await, "hello from the app");

    let opened = ask(&requests, "GET", "/socket.io/xhr-polling//1?a=b", "").await.unwrap();
    let id = messages(&text(opened).await).remove(0);
    assert_eq!(listener.client(&id).unwrap().handshake().url(), "/socket.io/xhr-polling//1?a=b");
    let path = format!("/socket.io/xhr-polling/{id}/1");
    let (polled, posted) = tokio::join!(ask(&requests, "GET", &path, ""), async {
        let posted = ask(&requests, "POST", &path, &form(&frame("text"))).await;
        listener.client(&id).unwrap().send("answer").unwrap();
        posted
    });
    assert_eq!(text(posted.unwrap()).await, "ok");
    assert_eq!(text(polled.unwrap()).await, frame("answer"));
    assert_eq!(events.texts(&id), ["text"]);
}

#[tokio::test]
async fn a_stream_works() {
    let listener = Listener::builder().build().unwrap();
    let events = Events::of(&listener);
    let requests = connect(&listener).await;
    let mut body = ask(&requests, "GET", "/socket.io/server-events", "").await.unwrap().into_body();
    let mut received = Vec::new();
    while !received.ends_with(b"\"\n\n") {
        let frame = patiently("an event", body.frame()).await.unwrap().unwrap();
        received.extend(frame.into_data().unwrap());
    }
    let client = listener.clients().remove(0);
    assert_eq!(String::from_utf8(received).unwrap(), format!(":\n\ndata: \"{}\"\n\n", frame(&client.id())));
    drop(body);
    events.disconnected(&client.id()).await;
}

#[tokio::test]
async fn a_websocket_is_refused_with_the_reason() {
    let listener = Listener::builder().build().unwrap();
    let requests = connect(&listener).await;
    for path in ["/socket.io/websocket", "/socket.io/flashsocket"] {
        assert_eq!(ask(&requests, "GET", path, "").await.unwrap().status(), 505);
    }
    assert_eq!(listener.stats().sessions, 0);
}

#[tokio::test]
async fn a_session_that_is_not_known_costs_its_stream_and_not_the_connection() {
    let listener = Listener::builder().build().unwrap();
    let requests = connect(&listener).await;
    let path = "/socket.io/xhr-polling/toString/1";
    // Whether the head still leaves is the server's business; no whole answer does.
    if let Ok(response) = ask(&requests, "GET", path, "").await {
        assert!(patiently("the end", response.into_body().collect()).await.is_err());
    }
    assert_eq!(text(ask(&requests, "GET", "/", "").await.unwrap()).await, "hello from the app");
}
