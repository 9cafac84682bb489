//! The streams of 0.7 to 0.9: htmlfile as the originals had it, and two of our own.

use crate::support::{
    Mounting, PacketPeer, Server, eventually, get,
    packets::{NOT_HANDSHAKEN, STREAMS, handshake, path, prelude, session_id, stream_text, wrapping},
    request,
};
use heirloom::{Listener, Transport};

#[tokio::test]
async fn an_htmlfile_is_a_document_of_scripts() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let id = handshake(&server).await;
        let mut stream = server.ask(get(&path(Transport::HtmlFile, &id))).await.stream().await;
        assert_eq!(stream.head.header("content-type"), "text/html; charset=UTF-8");
        assert_eq!(stream.head.header("connection"), "keep-alive");
        assert_eq!(stream.head.header("x-accel-buffering"), "", "as the original said it");
        assert_eq!(stream.until(&" ".repeat(173)).await, prelude(Transport::HtmlFile), "{mounting:?}");
        assert_eq!(stream.until("</script>").await, "<script>_(\"1::\");</script>");
        let client = server.listener.client(&id).unwrap();
        client.send("é漢😀</script>\u{2028}").unwrap();
        let script = stream.until("</script>").await;
        assert_eq!(script.to_lowercase(), "<script>_(\"3:::é漢😀\\u003c\\/script>\\u2028\");</script>", "{mounting:?}");
        client.send_all(["one", "two"]).unwrap();
        for packet in ["3:::one", "3:::two"] {
            let script = stream.until("</script>").await;
            assert_eq!(stream_text(Transport::HtmlFile, &script), packet, "a script element each");
        }
        client.disconnect();
        assert_eq!(stream.until("</script>").await, "<script>_(\"0::\");</script>");
        assert_eq!(stream.next("</script>").await, None, "{mounting:?}: and that was all");
    }
}

/// What is sent on each of our own streams, from the first byte to the last.
const MULTIPART: &str = "--socketio\n\
    Content-Type: text/plain\n\n\"1::\"\n--socketio\n\
    Content-Type: text/plain\n\n\"3:::\\u00e9\\u6f22\\ud83d\\ude00\\n--socketio\\n\\r\\u2028\\\"\\\\\u{7f}\"\n--socketio\n\
    Content-Type: text/plain\n\n\"4:::{\\\"a\\\":[1, \\\"\\u00e9\\\"]}\"\n--socketio\n\
    Content-Type: text/plain\n\n\"3:::one\"\n--socketio\n\
    Content-Type: text/plain\n\n\"3:::two\"\n--socketio\n\
    Content-Type: text/plain\n\n\"0::\"\n--socketio\n";
const EVENTS: &str = ":\n\n\
    data: \"1::\"\n\n\
    data: \"3:::\\u00e9\\u6f22\\ud83d\\ude00\\n--socketio\\n\\r\\u2028\\\"\\\\\u{7f}\"\n\n\
    data: \"4:::{\\\"a\\\":[1, \\\"\\u00e9\\\"]}\"\n\n\
    data: \"3:::one\"\n\n\
    data: \"3:::two\"\n\n\
    data: \"0::\"\n\n";

#[tokio::test]
async fn a_part_or_an_event_is_one_packet_as_a_json_string() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for (transport, kind, expected) in [
            (Transport::XhrMultipart, "multipart/x-mixed-replace;boundary=\"socketio\"", MULTIPART),
            (Transport::ServerEvents, "text/event-stream", EVENTS),
        ] {
            let id = handshake(&server).await;
            let request = get(&path(transport, &id));
            // The request whole, and each byte of it in a segment of its own, make no difference.
            let mut connection = server.connect().await;
            if mounting == Mounting::Serve {
                connection.dribble(&request).await
            } else {
                connection.send(&request).await
            }
            let mut stream = connection.stream().await;
            for (name, value) in [
                ("content-type", kind),
                ("transfer-encoding", "chunked"),
                ("connection", "keep-alive"),
                ("cache-control", "no-cache, no-transform"),
                ("x-accel-buffering", "no"),
                ("content-encoding", ""),
                ("access-control-allow-origin", ""),
            ] {
                assert_eq!(stream.head.header(name), value, "{mounting:?} {transport} {name}");
            }
            let opened = stream.until(&prelude(transport)).await + &stream.until(wrapping(transport).1).await;
            let client = server.listener.client(&id).unwrap();
            assert_eq!((client.transport(), client.generation().name()), (transport, "packets"));
            client.send("é漢😀\n--socketio\n\r\u{2028}\"\\\u{7f}").unwrap();
            client.send(heirloom::Message::Json(serde_json::from_str("{\"a\":[1, \"é\"]}").unwrap())).unwrap();
            client.send_all(["one", "two"]).unwrap();
            client.disconnect();
            let mut all = opened;
            while let Some(piece) = stream.next(wrapping(transport).1).await {
                all += &piece;
            }
            // The case of an escape's digits is nobody's business.
            assert_eq!(all.to_lowercase(), expected.to_lowercase(), "{mounting:?} {transport}");
        }
    }
}

#[tokio::test]
async fn one_of_an_unknown_session_says_so_and_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in STREAMS {
            for id in ["toString", "00000000000000000000000000000000"] {
                let answer = server.answer(get(&path(transport, id))).await;
                let kind = match transport {
                    Transport::HtmlFile => "text/html; charset=UTF-8",
                    Transport::XhrMultipart => "multipart/x-mixed-replace;boundary=\"socketio\"",
                    _ => "text/event-stream",
                };
                assert_eq!((answer.status, answer.header("content-type")), (200, kind));
                let piece = answer.text().strip_prefix(&prelude(transport)).unwrap();
                assert_eq!(stream_text(transport, piece), NOT_HANDSHAKEN, "{mounting:?} {transport} {id}");
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

#[tokio::test]
async fn a_newer_one_takes_the_place_of_an_older_which_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for (first, second) in STREAMS.into_iter().flat_map(|first| STREAMS.map(|second| (first, second))) {
            let mut older = PacketPeer::open(&server, first).await;
            let id = older.id.clone();
            // Or the newer would be told that it is connected, as the older has not answered.
            older.heard_nothing("before the change").await;
            let mut newer = PacketPeer::attach(&server, second, &id).await;
            assert!(older.ended().await.is_empty(), "{mounting:?} {first} {second}");
            server.listener.client(&id).unwrap().send("to the newer").unwrap();
            assert_eq!(newer.receive().await, "3:::to the newer");
            newer.send(&["3:::from the newer"]).await;
            assert_eq!(server.events.texts_until(&id, 1).await, ["from the newer"]);
            assert_eq!(server.events.about(&id).len(), 2, "{mounting:?}: the session noticed nothing");
        }
    }
}

#[tokio::test]
async fn a_page_of_another_origin_may_read_it_with_its_cookies() {
    let server = Server::new(Listener::builder().origins(["app.example:*"])).await;
    for transport in STREAMS {
        let handshake = request("GET", "/socket.io/1/", &["Origin: http://app.example"], "");
        let id = session_id(&server.answer(handshake).await);
        let ask = |origin: &str| request("GET", &path(transport, &id), &[&format!("Origin: {origin}")], "");
        let stream = server.ask(ask("http://app.example")).await.stream().await;
        for (name, value) in [
            ("access-control-allow-origin", "http://app.example"),
            ("access-control-allow-credentials", "true"),
            ("vary", "Origin"),
        ] {
            assert_eq!(stream.head.header(name), value, "{transport} {name}");
        }
        assert_eq!(server.answer(ask("http://evil.example")).await.status, 403, "{transport}");
    }
}

#[tokio::test]
async fn a_client_that_hangs_up_is_gone_at_once() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in STREAMS {
            let peer = PacketPeer::open(&server, transport).await;
            let id = peer.id.clone();
            peer.leave().await;
            let reason = server.events.disconnected(&id).await;
            assert_eq!(reason, heirloom::DisconnectReason::TransportClosed, "{mounting:?} {transport}");
            eventually("the session to be freed", || server.listener.client(&id).is_none()).await;
        }
    }
}
