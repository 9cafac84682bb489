//! websocket and flashsocket by the drafts hixie-75 and hixie-76, whose clients compare the answer letter by letter.

use crate::support::{Connection, Mounting, Server, frame, frames, messages, milliseconds, request};
use heirloom::{Client, DisconnectReason, Listener, Transport};

const KEYS: [&str; 2] = ["Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5", "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00"];
const NONCE: &str = "^n:ds[4U";
const PROOF: &str = "8jKS'y:G*Co,Wxa-";

fn handshake(path: &str, headers: &[&str]) -> String {
    request("GET", path, &[&["Upgrade: WebSocket", "Connection: Upgrade"][..], headers].concat(), "")
}

fn text(payload: &str) -> Vec<u8> {
    [&[0], payload.as_bytes(), &[0xff]].concat()
}

async fn next(socket: &mut Connection) -> String {
    let bytes = socket.until([0xff]).await;
    String::from_utf8(bytes[1..bytes.len() - 1].to_vec()).unwrap()
}

async fn head(socket: &mut Connection) -> String {
    String::from_utf8(socket.until("\r\n\r\n").await).unwrap()
}

#[tokio::test]
async fn hixie_75_is_answered_to_the_letter() {
    let server = Server::new(Listener::builder()).await;
    let origin = "Origin: http://own.example";
    for (path, headers, origin) in
        [("/socket.io/websocket", &[origin][..], "http://own.example"), ("/socket.io/flashsocket/?a=b", &[], "null")]
    {
        let mut socket = server.ask(handshake(path, headers)).await;
        let expected = format!(
            "HTTP/1.1 101 Web Socket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
             WebSocket-Origin: {origin}\r\nWebSocket-Location: ws://own.example{path}\r\n\r\n"
        );
        assert_eq!(head(&mut socket).await, expected);
        converse(&server, socket).await;
    }
}

#[tokio::test]
async fn hixie_76_is_answered_to_the_letter_and_proven() {
    let server = Server::new(Listener::builder()).await;
    let headers = [&KEYS[..], &["Origin: http://own.example", "Sec-WebSocket-Protocol: a, b"]].concat();
    let mut socket = server.ask(handshake("/socket.io/flashsocket", &headers)).await;
    // Before the nonce is there: some proxies pass it on only then.
    let expected = "HTTP/1.1 101 WebSocket Protocol Handshake\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\
                    Sec-WebSocket-Origin: http://own.example\r\n\
                    Sec-WebSocket-Location: ws://own.example/socket.io/flashsocket\r\n\
                    Sec-WebSocket-Protocol: a, b\r\n\r\n";
    assert_eq!(head(&mut socket).await, expected);
    assert_eq!(server.listener.stats().sessions, 0);
    socket.send(NONCE).await;
    assert_eq!(socket.exactly(16).await, PROOF.as_bytes());
    let client = converse(&server, socket).await;
    assert_eq!(client.transport(), Transport::FlashSocket);
    assert_eq!(client.handshake().header("origin"), Some("http://own.example"));
    assert!(client.handshake().peer().is_some());
}

#[tokio::test]
async fn hixie_76_works_under_any_server_as_far_as_its_clients_ask() {
    let server = Server::mounted(Mounting::Wrap, Listener::builder()).await;
    let headers = [&KEYS[..], &["Origin: http://own.example"]].concat();
    let mut socket = server.ask(handshake("/socket.io/websocket", &headers) + NONCE).await;
    let head = socket.head().await;
    assert_eq!((head.status, head.header("sec-websocket-origin")), (101, "http://own.example"));
    assert_eq!(head.header("sec-websocket-location"), "ws://own.example/socket.io/websocket");
    assert_eq!(socket.exactly(16).await, PROOF.as_bytes());
    converse(&server, socket).await;
    let answer = server.answer(handshake("/socket.io/websocket", &[])).await;
    assert_eq!(answer.status, 400, "what cannot be answered to the letter is refused");
}

/// A session from its id to its end.
async fn converse(server: &Server, mut socket: Connection) -> Client {
    let id = messages(&next(&mut socket).await).remove(0);
    let client = server.listener.client(&id).unwrap();
    socket.send(text(&frames(&["é漢😀", "~j~[1]", "\u{fffd}"]))).await;
    assert_eq!(server.events.texts_until(&id, 3).await, ["é漢😀", "json:[1]", "\u{fffd}"]);
    for text in ["one", "é漢😀"] {
        client.send(text).unwrap();
    }
    assert_eq!(next(&mut socket).await, frame("one"), "each send is a frame");
    assert_eq!(next(&mut socket).await, frame("é漢😀"));
    client.send("last").unwrap();
    client.disconnect();
    assert_eq!(next(&mut socket).await, frame("last"));
    socket.end_sending().await;
    assert_eq!(socket.rest().await, [0xff, 0], "goodbye is said");
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ServerDisconnect);
    client
}

#[tokio::test]
async fn heartbeats_are_wanted_here_too() {
    let transport = Transport::WebSocket;
    let builder = Listener::builder()
        .heartbeat_interval(transport, milliseconds(40))
        .heartbeat_timeout(transport, milliseconds(400));
    let server = Server::new(builder).await;
    let mut socket = server.ask(handshake("/socket.io/websocket", &[])).await;
    head(&mut socket).await;
    let id = messages(&next(&mut socket).await).remove(0);
    for number in 1..3 {
        let heartbeat = frame(&format!("~h~{number}"));
        assert_eq!(next(&mut socket).await, heartbeat);
        socket.send(text(&heartbeat)).await;
    }
    assert_eq!(next(&mut socket).await, frame("~h~3"));
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::HeartbeatTimeout);
    let rest = socket.rest().await;
    assert!(rest.is_empty() || rest == [0xff, 0], "the connection ends: {rest:?}");
}

#[tokio::test]
async fn envelopes_travel_the_same_way() {
    let server = Server::json(Mounting::Serve, Listener::builder()).await;
    let mut socket = server.ask(handshake("/socket.io/websocket", &[])).await;
    head(&mut socket).await;
    assert!(next(&mut socket).await.starts_with(r#"{"messages":["{\"sessionid\":"#));
    let client = server.listener.clients().remove(0);
    socket.send(text(r#"["a"]"#)).await;
    assert_eq!(server.events.texts_until(&client.id(), 1).await, ["a"]);
}

#[tokio::test]
async fn the_scheme_of_the_location_is_that_of_the_proxy_where_it_is_believed() {
    let forwarded = ["X-Forwarded-Proto: https"];
    for (builder, scheme) in [(Listener::builder(), "ws"), (Listener::builder().trust_forwarded_scheme(), "wss")] {
        let server = Server::new(builder).await;
        let mut socket = server.ask(handshake("/socket.io/websocket", &forwarded)).await;
        let location = format!("WebSocket-Location: {scheme}://own.example/socket.io/websocket\r\n");
        assert!(head(&mut socket).await.contains(&location), "{location}");
    }
}
