//! websocket and flashsocket by RFC 6455.

use crate::support::{
    Connection, Mounting, Peer, Server, frame, frames, messages, request,
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

/// A handshake with so long a head, or a little more, and what its client says right behind it.
fn opening(head: usize, texts: &[String]) -> (usize, Vec<u8>) {
    let padding = format!("X-Padding: {}", "x".repeat(head));
    let handshake = request("GET", "/socket.io/websocket", &[&rfc6455::UPGRADE[..], &[&padding]].concat(), "");
    let said: Vec<u8> = texts.iter().flat_map(|said| text(&frame(said))).collect();
    (handshake.len(), [handshake.into_bytes(), said].concat())
}

/// The session has begun, and its client is heard in order.
async fn heard(server: &Server, mut socket: Connection, texts: &[String], what: &str) {
    let opened = payload(read(&mut socket).await);
    let id = messages(&opened).remove(0);
    assert_eq!(server.events.texts_until(&id, texts.len()).await, texts, "{what}");
    socket.send(text(&frame("more"))).await;
    assert_eq!(server.events.texts_until(&id, texts.len() + 1).await[texts.len()], "more", "{what}");
}

#[tokio::test]
async fn what_a_client_says_right_behind_its_handshake_is_heard_wherever_it_is_cut() {
    let texts: Vec<String> = (0..20).map(|number| format!("{number} é{}", "x".repeat(number * 11))).collect();
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        // The second does not fit what is read of a connection first.
        for head in [0, 2000] {
            let (head, bytes) = opening(head, &texts);
            let in_the_head = [1, 4, 20, head / 2, head - 3, head - 2, head - 1];
            // In a header, at its end, within a character, and some messages further on.
            let behind_it = [0, 1, 2, 6, 7, 12, 17, 18, 500, 1501].map(|further| head + further);
            for cut in in_the_head.into_iter().chain(behind_it).chain([bytes.len()]) {
                let what = format!("{mounting:?}, {cut} of {head} + {}", bytes.len() - head);
                let mut socket = server.ask(&bytes[..cut]).await;
                if cut < head {
                    tokio::task::yield_now().await;
                    socket.send(&bytes[cut..]).await;
                }
                assert_eq!(socket.head().await.status, 101, "{what}");
                if cut >= head {
                    socket.send(&bytes[cut..]).await;
                }
                heard(&server, socket, &texts, &what).await;
            }
            let mut socket = server.connect().await;
            socket.dribble(&bytes).await;
            assert_eq!(socket.head().await.status, 101, "{mounting:?}");
            heard(&server, socket, &texts, "byte by byte").await;
        }
    }
}

#[tokio::test]
async fn what_comes_with_a_long_handshake_is_heard_in_order_whoever_has_read_it() {
    // The first look reads more than the HTTP server then takes of it.
    const LOOKED_AT: usize = 64 << 10;
    let server = Server::new(Listener::builder().max_head_bytes(LOOKED_AT)).await;
    let texts: Vec<String> = (0..1200).map(|number| format!("{number:020}")).collect();
    for head in [20_000, 33_000, 40_000] {
        let (_, bytes) = opening(head, &texts);
        assert!(bytes.len() > LOOKED_AT || head < 33_000);
        let mut socket = server.ask(&bytes).await;
        assert_eq!(socket.head().await.status, 101);
        heard(&server, socket, &texts, "at once").await;
    }
}
