//! websocket and flashsocket by RFC 6455.

use crate::support::{
    Mounting, Peer, Server, frame, frames, messages, request,
    rfc6455::{self, TEXT, close_code, read, text},
};
use heirloom::{DisconnectReason, Listener, Transport};

fn payload(frame: (u8, Vec<u8>)) -> String {
    assert_eq!(frame.0, TEXT);
    String::from_utf8(frame.1).unwrap()
}

#[tokio::test]
async fn the_handshake_agrees_to_nothing_but_the_protocol() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let offers = ["Sec-WebSocket-Protocol: chat, other", "Sec-WebSocket-Extensions: permessage-deflate"];
        for path in ["/socket.io/websocket", "/socket.io/websocket/", "/socket.io/flashsocket//?a=b"] {
            let headers = [&rfc6455::UPGRADE[..], &offers].concat();
            let head = server.ask(request("GET", path, &headers, "")).await.head().await;
            assert_eq!((head.status, head.header("upgrade").to_lowercase().as_str()), (101, "websocket"));
            assert_eq!(head.header("connection").to_lowercase(), "upgrade");
            assert_eq!(head.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
            assert_eq!((head.header("sec-websocket-protocol"), head.header("sec-websocket-extensions")), ("", ""));
        }
        for version in [7, 8] {
            let line = format!("Sec-WebSocket-Version: {version}");
            let [connection, upgrade, _, key] = rfc6455::UPGRADE;
            let headers = [connection, upgrade, &line, key];
            let head = server.ask(request("GET", "/socket.io/websocket", &headers, "")).await.head().await;
            assert_eq!(head.status, 101, "the frames of draft {version} are the same");
        }
    }
}

#[tokio::test]
async fn every_payload_is_one_text_frame() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut socket = rfc6455::open(&server, "/socket.io/websocket").await;
        let opened = payload(read(&mut socket).await);
        let client = server.listener.clients().remove(0);
        assert_eq!(opened, format!("~m~32~m~{}", client.id()));
        socket.send(text(&frames(&["a", "~j~{\"b\":1}", "é漢😀"]))).await;
        assert_eq!(server.events.texts_until(&client.id(), 3).await, ["a", "json:{\"b\":1}", "é漢😀"]);
        // Each of the three ways to write a length.
        for length in [0, 1, 125 - 8, 126, 65_535, 65_536, 200_000] {
            let long = "x".repeat(length);
            client.send(long.as_str()).unwrap();
            assert!(payload(read(&mut socket).await) == frame(&long), "{length}");
            socket.send(text(&frame(&long))).await;
            let heard = server.events.texts_until(&client.id(), 4).await;
            assert!(heard.len() >= 4);
        }
        server.events.until("all lengths", |events| events.len() == 1 + 3 + 7).await;
        assert_eq!(server.events.texts(&client.id()).last().unwrap().len(), 200_000);
    }
}

#[tokio::test]
async fn envelopes_travel_the_same_way() {
    let server = Server::json(Mounting::Serve, Listener::builder()).await;
    let mut socket = rfc6455::open(&server, "/socket.io/flashsocket").await;
    let opened = payload(read(&mut socket).await);
    let client = server.listener.clients().remove(0);
    assert_eq!(opened, format!(r#"{{"messages":["{{\"sessionid\":\"{}\"}}"]}}"#, client.id()));
    assert_eq!(client.transport(), Transport::FlashSocket);
    socket.send(text(r#"["a",{"b":1}]"#)).await;
    assert_eq!(server.events.texts_until(&client.id(), 2).await, ["a", "json:{\"b\":1}"]);
    client.send_all(["c", "é"]).unwrap();
    assert_eq!(payload(read(&mut socket).await), r#"{"messages":["c","é"]}"#);
}

#[tokio::test]
async fn a_burst_keeps_its_order() {
    const COUNT: usize = 2000;
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    for transport in [Transport::WebSocket, Transport::FlashSocket] {
        let mut peer = Peer::open(&server, transport).await;
        let numbers: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
        for number in &numbers {
            peer.send(&[number]).await;
        }
        assert_eq!(peer.receive_all(COUNT).await, numbers);
    }
}

#[tokio::test]
async fn a_goodbye_is_said_with_a_close() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let (mut socket, id) = rfc6455::session(&server).await;
        let client = server.listener.client(&id).unwrap();
        client.send("last").unwrap();
        client.disconnect();
        assert_eq!(payload(read(&mut socket).await), frame("last"));
        assert_eq!(close_code(&mut socket).await, 1000);
        socket.send(rfc6455::masked(rfc6455::CLOSE, true, &1000u16.to_be_bytes())).await;
        assert!(socket.rest().await.is_empty(), "{mounting:?}");
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ServerDisconnect);
    }
}

#[tokio::test]
async fn the_id_comes_alone() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_connect(|client| async move { client.send("welcome").unwrap() });
    let mut socket = rfc6455::open(&server, "/socket.io/websocket").await;
    assert_eq!(messages(&payload(read(&mut socket).await)).len(), 1);
    assert_eq!(payload(read(&mut socket).await), frame("welcome"));
}
