//! More in one body or frame than there may be: packets, and arrays in arrays.

use crate::support::{
    Mounting, PacketPeer, Peer, Server,
    engine::{EnginePeer, Revision, everything, opening, refusal},
    get, is_socket,
    packets::{self, payload},
    request, rfc6455,
};
use heirloom::{Ack, Builder, Client, Dialect, DisconnectReason, Listener, Transport};
use serde_json::Value;

const POSTS: [Transport; 3] = [Transport::XhrPolling, Transport::JsonpPolling, Transport::HtmlFile];

/// A client that has nothing to do with it.
#[derive(Debug)]
pub(crate) struct Bystander {
    peer: Peer,
    said: usize,
}

impl Bystander {
    pub(crate) async fn of(server: &Server) -> Self {
        Self { peer: Peer::open(server, Transport::WebSocket).await, said: 0 }
    }

    /// It is heard, and hears.
    pub(crate) async fn is_unharmed(&mut self, server: &Server) {
        self.said += 1;
        let word = format!("bystander {}", self.said);
        self.peer.send(&[&word]).await;
        let heard = server.events.texts_until(&self.peer.id, self.said).await;
        assert_eq!(heard.last(), Some(&word));
        server.listener.client(&self.peer.id).unwrap().send(&*word).unwrap();
        assert_eq!(self.peer.receive().await, word);
    }
}

fn few_packets() -> Builder {
    Listener::builder().max_payload_packets(4)
}

const FIVE: [&str; 5] = ["1", "2", "3", "4", "5"];

#[tokio::test]
async fn of_a_payload_of_frames_no_more_than_it_may_have_are_heard() {
    let server = Server::new(few_packets()).await;
    let mut bystander = Bystander::of(&server).await;
    for (number, transport) in POSTS.into_iter().chain([Transport::WebSocket]).enumerate() {
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&FIVE[..4]).await;
        peer.send(&FIVE).await;
        peer.send(&["alive"]).await;
        let heard = server.events.texts_until(&peer.id, 9).await;
        assert_eq!(heard, ["1", "2", "3", "4", "1", "2", "3", "4", "alive"], "{transport}");
        assert_eq!(server.listener.stats().too_many_packets, number as u64 + 1, "{transport}");
    }
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn of_an_envelope_with_more_messages_than_it_may_have_none_are_heard() {
    let server = Server::json(Mounting::Serve, few_packets()).await;
    for transport in [Transport::XhrPolling, Transport::WebSocket] {
        let before = server.listener.stats().too_many_packets;
        let mut peer = Peer::open(&server, transport).await;
        peer.send(&FIVE).await;
        peer.send(&FIVE[..4]).await;
        assert_eq!(server.events.texts_until(&peer.id, 4).await, FIVE[..4], "{transport}");
        assert_eq!(server.listener.stats().too_many_packets, before + 1, "{transport}");
    }
}

#[tokio::test]
async fn of_a_payload_of_packets_no_more_than_it_may_have_are_heard() {
    let server = Server::new(few_packets()).await;
    let mut bystander = Bystander::of(&server).await;
    let texts = FIVE.map(|text| format!("3:::{text}"));
    let five = texts.each_ref().map(String::as_str);
    for (number, transport) in POSTS.into_iter().enumerate() {
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send_payload(&payload(&five[..4])).await;
        peer.send_payload(&payload(&five)).await;
        peer.heard_nothing("too many").await;
        assert_eq!(server.events.texts(&peer.id), ["1", "2", "3", "4", "1", "2", "3", "4"], "{transport}");
        assert_eq!(server.listener.stats().too_many_packets, number as u64 + 1, "{transport}");
    }
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn a_payload_of_engine_with_more_packets_than_it_may_have_is_the_end() {
    let server = Server::new(few_packets()).await;
    let mut bystander = Bystander::of(&server).await;
    let five = FIVE.map(|text| format!(r#"42["message","{text}"]"#).as_str().into());
    let polling = everything().filter(|(_, transport)| !is_socket(*transport));
    for (number, (revision, transport)) in polling.enumerate() {
        let what = format!("{revision:?} {transport}");
        let peer = EnginePeer::connect(&server, revision, transport).await;
        assert_eq!(peer.post(&revision.payload(&five[..4])).await.status, 200, "{what}");
        let answer = peer.post(&revision.payload(&five)).await;
        assert_eq!(answer.status, 400, "{what}");
        assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{what}");
        assert_eq!(server.events.texts(&peer.id), ["1", "2", "3", "4", "1", "2", "3", "4"], "{what}");
        let stats = server.listener.stats();
        assert_eq!((stats.too_many_packets, stats.malformed), (number as u64 + 1, number as u64 + 1), "{what}");
        let (status, code, _) = refusal(&server.answer(get(&peer.path())).await);
        assert_eq!((status, code), (400, 1), "{what}: the session is gone");
    }
    // Bytes, which only revision 3 has in bodies.
    let peer = EnginePeer::connect(&server, Revision::Three, Transport::Polling).await;
    let before = server.listener.stats().too_many_packets;
    let body = [0, 1, 255, b'2'].repeat(5);
    let headers = ["Content-Type: application/octet-stream", &format!("Content-Length: {}", body.len())];
    let head = request("POST", &peer.path(), &headers, "");
    assert_eq!(server.answer([head.as_bytes(), &body].concat()).await.status, 400);
    assert_eq!(server.listener.stats().too_many_packets, before + 1);
    bystander.is_unharmed(&server).await;
}

fn nested(depth: usize) -> String {
    "[".repeat(depth) + &"]".repeat(depth)
}

fn shallow() -> Builder {
    Listener::builder().max_json_depth(4)
}

#[tokio::test]
async fn json_of_frames_that_is_too_deep_is_none() {
    let server = Server::new(shallow()).await;
    let mut bystander = Bystander::of(&server).await;
    for (number, transport) in POSTS.into_iter().chain([Transport::WebSocket]).enumerate() {
        let mut peer = Peer::open(&server, transport).await;
        let (fits, deep) = (format!("~j~{}", nested(4)), format!("~j~{}", nested(5)));
        peer.send(&[&fits, &deep, &nested(5), "after"]).await;
        let heard = server.events.texts_until(&peer.id, 4).await;
        assert_eq!(heard, ["json:[[[[]]]]", "json:{}", "[[[[[]]]]]", "after"], "{transport}: a text is no JSON");
        assert_eq!(server.listener.stats().too_deep, number as u64 + 1, "{transport}");
    }
    bystander.is_unharmed(&server).await;

    let server = Server::json(Mounting::Serve, shallow()).await;
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    peer.send_payload(&format!("[\"lost\",{}]", nested(4))).await;
    peer.send_payload(&format!("[\"kept\",{}]", nested(3))).await;
    assert_eq!(server.events.texts_until(&peer.id, 2).await, ["kept", "json:[[[]]]"]);
    assert_eq!(server.listener.stats().too_deep, 1);
}

#[tokio::test]
async fn json_of_packets_that_is_too_deep_is_heard_by_nobody() {
    let server = Server::new(shallow()).await;
    server.listener.on("deep", |client: Client, value: Value, _: Option<Ack>| async move {
        client.emit("heard", &value).unwrap();
    });
    let mut bystander = Bystander::of(&server).await;
    for transport in packets::ALL {
        let before = server.listener.stats().too_deep;
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&[&format!(r#"5:::{{"name":"deep","args":{}}}"#, nested(3))]).await;
        assert_eq!(peer.receive().await, r#"5:::{"name":"heard","args":[[[]]]}"#, "{transport}");
        peer.send(&[
            &format!("4:::{}", nested(5)),
            &format!(r#"5:::{{"name":"deep","args":{}}}"#, nested(4)),
            &format!("6:::1+{}", nested(5)),
        ])
        .await;
        peer.heard_nothing("deep JSON").await;
        assert_eq!(server.listener.stats().too_deep, before + 3, "{transport}");
        assert_eq!(server.events.texts(&peer.id).len(), 0, "{transport}");
    }
    bystander.is_unharmed(&server).await;
}

#[tokio::test]
async fn json_of_engine_that_is_too_deep_is_the_end() {
    let server = Server::new(shallow()).await;
    let mut bystander = Bystander::of(&server).await;
    for (revision, transport) in everything() {
        for packet in [format!("42[\"message\",{}]", nested(4)), format!("431{}", nested(5))] {
            let what = format!("{revision:?} {transport} {packet}");
            let before = server.listener.stats().too_deep;
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            peer.send(&[&format!("42[\"message\",{}]", nested(3))]).await;
            server.events.texts_until(&peer.id, 1).await;
            ends(&mut peer, &packet).await;
            assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{what}");
            assert_eq!(server.events.texts(&peer.id).len(), 1, "{what}");
            assert_eq!(server.listener.stats().too_deep, before + 1, "{what}");
        }
    }
    for transport in [Transport::Polling, Transport::WebSocket] {
        let before = server.listener.stats().too_deep;
        let mut peer = opening(Revision::Four, transport).open(&server).await;
        ends(&mut peer, &format!("40{{\"token\":{}}}", nested(4))).await;
        assert_eq!(server.listener.stats().too_deep, before + 1, "{transport}: what it says of itself");
    }
    bystander.is_unharmed(&server).await;
}

/// The session is over when this has come.
async fn ends(peer: &mut EnginePeer, packet: &str) {
    if peer.transport == Transport::WebSocket {
        peer.send(&[packet]).await;
        assert_eq!(peer.payload().await, None, "{packet}");
    } else {
        assert_eq!(peer.post(&peer.revision.body(packet)).await.status, 400, "{packet}");
    }
}

#[tokio::test]
async fn a_bare_text_that_is_too_deep_is_no_event() {
    let server = Server::new(shallow().also_mount("plain", Dialect::BareWebSocket)).await;
    server.listener.on("deep", |client: Client, value: Value, _: Option<Ack>| async move {
        client.send(format!("an event with {value}")).unwrap();
    });
    server.listener.on_message(|client, message| async move {
        client.send(format!("a text of {} bytes", message.as_text().unwrap().len())).unwrap();
    });
    let mut socket = rfc6455::open(&server, "/plain").await;
    let event = |depth| rfc6455::text(&format!(r#"{{"name":"deep","args":{}}}"#, nested(depth)));
    socket.send(event(3)).await;
    assert_eq!(rfc6455::read(&mut socket).await.1, b"an event with [[[]]]");
    assert_eq!(server.listener.stats().too_deep, 0);
    socket.send(event(4)).await;
    assert_eq!(rfc6455::read(&mut socket).await.1, b"a text of 31 bytes");
    assert_eq!(server.listener.stats().too_deep, 1);
}
