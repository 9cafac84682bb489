//! Session ids that are nobody's, or somebody's on another transport.

use crate::support::{Mounting, Peer, Server, frame, get, is_socket, peer::url, post, request, rfc6455};
use heirloom::{DisconnectReason, Listener, Transport};

const NOBODY: [&str; 7] = [
    "toString",
    "constructor",
    "__proto__",
    "912345678901234567",
    "00000000000000000000000000000000",
    "%30",
    "zz9d8f70a1b2c3d4e5f60718293a4b5c",
];

#[tokio::test]
async fn a_session_that_is_not_known_is_closed_in_silence() {
    let elsewhere = Server::new(Listener::builder()).await;
    let foreign = Peer::open(&elsewhere, Transport::XhrPolling).await;
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for id in NOBODY.into_iter().chain([foreign.id.as_str()]) {
            for transport in crate::support::FRAMES_TRANSPORTS {
                let path = url(transport, id, "send");
                let requests = if is_socket(transport) {
                    vec![rfc6455::handshake(&path), hixie_75(&path)]
                } else {
                    vec![get(&path), post(&path, &frame("text"))]
                };
                for request in requests {
                    if mounting != Mounting::Serve && request.contains("Upgrade: WebSocket") {
                        continue;
                    }
                    let what = format!("{mounting:?} {request}");
                    server.ask(request).await.is_closed_in_silence(&what).await;
                }
            }
        }
        assert_eq!((server.listener.stats().sessions, server.events.all()), (0, vec![]));
    }
}

fn hixie_75(path: &str) -> String {
    request("GET", path, &["Connection: Upgrade", "Upgrade: WebSocket", "Origin: http://own.example"], "")
}

#[tokio::test]
async fn a_session_that_has_ended_is_closed_in_silence() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::XhrPolling).await;
    server.listener.client(&peer.id).unwrap().disconnect();
    assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ServerDisconnect);
    let path = url(peer.transport, &peer.id, "1");
    server.ask(get(&path)).await.is_closed_in_silence("GET").await;
    server.ask(post(&path, &frame("late"))).await.is_closed_in_silence("POST").await;
    assert_eq!(server.events.texts(&peer.id), [""; 0]);
}

#[tokio::test]
async fn a_session_is_served_as_its_own_transport_whatever_the_url_says() {
    let server = Server::new(Listener::builder()).await;
    let peer = Peer::open(&server, Transport::XhrPolling).await;
    for transport in [Transport::HtmlFile, Transport::XhrMultipart, Transport::ServerEvents, Transport::JsonpPolling] {
        let answer = server.answer(post(&url(transport, &peer.id, "send"), &frame(transport.name()))).await;
        assert_eq!((answer.status, answer.text()), (200, "ok"));
        server.events.until("the message", |_| server.events.texts(&peer.id).contains(&transport.to_string())).await;
        server.listener.client(&peer.id).unwrap().send(transport.name()).unwrap();
        let answer = server.answer(get(&url(transport, &peer.id, "1"))).await;
        assert_eq!(answer.header("content-type"), "text/plain; charset=UTF-8", "{transport}");
        assert_eq!(answer.text(), frame(transport.name()));
    }

    let jsonp = Peer::open(&server, Transport::JsonpPolling).await;
    server.listener.client(&jsonp.id).unwrap().send("script").unwrap();
    let answer = server.answer(get(&url(Transport::XhrPolling, &jsonp.id, "1"))).await;
    assert_eq!(answer.text(), "io.JSONP[0]._(\"~m~6~m~script\");");
}

#[tokio::test]
async fn what_carries_sockets_and_what_does_not_cannot_take_each_others_sessions() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let poll = Peer::open(&server, Transport::XhrPolling).await;
        for transport in [Transport::WebSocket, Transport::FlashSocket] {
            let path = url(transport, &poll.id, "");
            server.ask(rfc6455::handshake(&path)).await.is_closed_in_silence(&path).await;
            if mounting == Mounting::Serve {
                server.ask(hixie_75(&path)).await.is_closed_in_silence(&path).await;
            }
        }
        let mut socket = Peer::open(&server, Transport::WebSocket).await;
        for transport in [Transport::XhrPolling, Transport::JsonpPolling, Transport::HtmlFile] {
            let path = url(transport, &socket.id, "1");
            server.ask(get(&path)).await.is_closed_in_silence(&path).await;
        }
        server.listener.client(&socket.id).unwrap().send("undisturbed").unwrap();
        assert_eq!(socket.receive().await, "undisturbed", "the socket kept its session");
        assert!(server.listener.client(&poll.id).is_some(), "the polling client kept its own");
    }
}
