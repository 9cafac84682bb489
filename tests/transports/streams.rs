//! htmlfile, xhr-multipart and server-events: one answer that does not end.

use crate::support::{Mounting, Peer, Server, Stream, form, frame, frames, get, post, request};
use heirloom::{Client, DisconnectReason, Listener, Transport};

const STREAMS: [Transport; 3] = [Transport::HtmlFile, Transport::XhrMultipart, Transport::ServerEvents];

/// Opens a stream and reads as far as the marker.
async fn open(server: &Server, path: &str, marker: &str) -> (Stream, Client, String) {
    let mut stream = server.ask(get(path)).await.stream().await;
    let start = stream.until(marker).await;
    let client = server.listener.clients().into_iter().find(|client| start.contains(&client.id())).unwrap();
    (stream, client, start)
}

#[tokio::test]
async fn an_htmlfile_is_a_document_of_scripts() {
    let server = Server::new(Listener::builder()).await;
    let (mut stream, client, start) = open(&server, "/socket.io/htmlfile//1290000000", "</script>").await;
    assert_eq!(stream.head.header("content-type"), "text/html");
    let prelude = format!("<html><body>{}", " ".repeat(244));
    let id = client.id();
    assert_eq!(start, format!("{prelude}<script>parent.s._(\"~m~32~m~{id}\", document);</script>"));
    client.send("</script><b>\u{2028}é😀").unwrap();
    // The case of an escape's digits is nobody's business.
    let script = stream.until("</script>").await.to_lowercase();
    let literal = r#""~m~16~m~\u003c/script>\u003cb>\u2028\u00e9\ud83d\ude00""#;
    assert_eq!(script, format!("<script>parent.s._({literal}, document);</script>"));

    let server = Server::json(Mounting::Wrap, Listener::builder()).await;
    let (mut stream, client, start) = open(&server, "/socket.io/htmlfile//1", "</script>").await;
    let prelude = format!("<html><body>{}", " ".repeat(243));
    let id = client.id();
    let envelope = format!(r#"{{"messages":["{{\"sessionid\":\"{id}\"}}"]}}"#);
    assert_eq!(start, format!("{prelude}<script>parent.s._({envelope}, document);</script>"));
    client.send("</script>").unwrap();
    let script = stream.until("</script>").await.to_lowercase();
    assert_eq!(script, r#"<script>parent.s._({"messages":["\u003c/script>"]}, document);</script>"#);
}

#[tokio::test]
async fn a_browser_of_today_knows_the_charset_of_a_document_before_it_is_there() {
    for headers in [["Upgrade-Insecure-Requests: 1"], ["Sec-Fetch-Mode: navigate"]] {
        for server in [Server::new(Listener::builder()).await, Server::json(Mounting::Wrap, Listener::builder()).await]
        {
            let mut stream = server.ask(request("GET", "/socket.io/htmlfile//1", &headers, "")).await.stream().await;
            assert_eq!(stream.head.header("content-type"), "text/html; charset=UTF-8", "{headers:?}");
            assert_eq!(stream.head.header("x-accel-buffering"), "no", "{headers:?}");
            // Nothing else is different.
            assert!(stream.until("</script>").await.starts_with("<html><body>   "), "{headers:?}");
        }
    }
}

#[tokio::test]
async fn an_xhr_multipart_is_parts_each_closed_by_its_boundary() {
    let server = Server::new(Listener::builder()).await;
    for path in ["/socket.io/xhr-multipart/", "/socket.io/xhr-multipart"] {
        let (mut stream, client, start) = open(&server, path, "\n--socketio\n").await;
        assert_eq!(stream.head.header("content-type"), "multipart/x-mixed-replace;boundary=\"socketio\"");
        let id = client.id();
        assert_eq!(start, format!("--socketio\nContent-Type: text/plain\n\n~m~32~m~{id}\n--socketio\n"));
        client.send("é漢😀").unwrap();
        let part = stream.until("--socketio\n").await;
        assert_eq!(part, "Content-Type: text/plain\n\n~m~4~m~é漢😀\n--socketio\n");
    }
    let server = Server::json(Mounting::Wrap, Listener::builder()).await;
    let mut peer = Peer::open(&server, Transport::XhrMultipart).await;
    server.listener.client(&peer.id).unwrap().send("é").unwrap();
    assert_eq!(peer.payload().await.unwrap(), ["é"]);
}

#[tokio::test]
async fn server_events_are_events_of_one_json_text_each() {
    let server = Server::new(Listener::builder()).await;
    let (mut stream, client, start) = open(&server, "/socket.io/server-events", "\"\n\n").await;
    assert_eq!(stream.head.header("content-type"), "text/event-stream");
    assert_eq!(stream.head.header("cache-control"), "no-cache, no-transform");
    assert_eq!(start, format!(":\n\ndata: \"~m~32~m~{}\"\n\n", client.id()));
    client.send("a\r\nb\nc\rd").unwrap();
    assert_eq!(stream.until("\n\n").await, "data: \"~m~8~m~a\\r\\nb\\nc\\rd\"\n\n");

    let server = Server::json(Mounting::Wrap, Listener::builder()).await;
    let (mut stream, client, start) = open(&server, "/socket.io/server-events/", "}\n\n").await;
    let id = client.id();
    assert_eq!(start, format!(":\n\ndata: {{\"messages\":[\"{{\\\"sessionid\\\":\\\"{id}\\\"}}\"]}}\n\n"));
    client.send(serde_json::json!({"a": "\n"})).unwrap();
    assert_eq!(stream.until("\n\n").await, "data: {\"messages\":[{\"a\":\"\\n\"}]}\n\n");
}

#[tokio::test]
async fn what_is_posted_arrives() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in STREAMS {
            let peer = Peer::open(&server, transport).await;
            let path = format!("/socket.io/{transport}/{}/send", peer.id);
            let answer = server.answer(post(&path, &frames(&["a", "~j~[1]"]))).await;
            assert_eq!((answer.status, answer.text()), (200, "ok"));
            assert_eq!(server.events.texts(&peer.id), ["a", "json:[1]"], "handled before the answer");
        }
    }
}

#[tokio::test]
async fn a_newer_stream_takes_the_place_of_an_older_which_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in STREAMS {
            let older = Peer::open(&server, transport).await;
            let id = older.id.clone();
            let mut newer = Peer::reattach(&server, transport, &id).await;
            assert!(older.ended().await.is_empty(), "{transport}");
            server.listener.client(&id).unwrap().send("to the newer").unwrap();
            assert_eq!(newer.receive().await, "to the newer", "{transport}");
            assert_eq!(server.events.about(&id).len(), 1, "the session noticed nothing");
        }
    }
}

#[tokio::test]
async fn a_stream_takes_its_connection_along_when_it_ends() {
    let server = Server::new(Listener::builder()).await;
    for (transport, marker) in STREAMS.into_iter().zip(["</script>", "\n--socketio\n", "\"\n\n"]) {
        let (mut stream, client, _) = open(&server, &format!("/socket.io/{transport}"), marker).await;
        assert_eq!(stream.head.header("connection"), "close");
        client.send("last").unwrap();
        client.disconnect();
        assert!(stream.rest().await.contains(&frame("last")), "{transport}");
        assert_eq!(server.events.disconnected(&client.id()).await, DisconnectReason::ServerDisconnect);
    }
}

#[tokio::test]
async fn a_post_needs_no_content_type_and_may_have_any() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::HtmlFile).await;
    let path = format!("/socket.io/htmlfile/{}/send", peer.id);
    for headers in [&[][..], &["Content-Type: text/plain"], &["Content-Type: no such thing"]] {
        assert_eq!(server.answer(request("POST", &path, headers, &form(&frame("x")))).await.status, 200);
    }
    assert_eq!(server.events.texts_until(&peer.id, 3).await, ["x"; 3]);
}
