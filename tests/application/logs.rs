//! What the library logs, down to the least of it: under four names, and never with what would let a reader take a
//! session over.

use crate::support::{
    Mounting, PacketPeer, Peer, Server,
    engine::{self, EnginePeer, Four},
    milliseconds, packets, rfc6455,
};
use heirloom::{Dialect, Listener, Transport};
use log::{LevelFilter, Log, Metadata, Record};
use std::sync::Mutex;

/// Every record, as its target and its text.
struct Everything(Mutex<Vec<(String, String)>>);

static EVERYTHING: Everything = Everything(Mutex::new(Vec::new()));

const TARGETS: [&str; 4] = ["heirloom::session", "heirloom::handshake", "heirloom::transport", "heirloom::handler"];

impl Log for Everything {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        self.0.lock().unwrap().push((record.target().to_owned(), record.args().to_string()));
    }

    fn flush(&self) {}
}

/// The length of the longest piece of this text that could be of an id.
fn longest_of_an_id(text: &str) -> usize {
    text.split(|character: char| !character.is_ascii_hexdigit()).map(str::len).max().unwrap_or_default()
}

/// Other tests of this process log meanwhile, which is as well.
#[tokio::test]
async fn no_record_has_a_whole_session_id_and_every_one_has_a_known_target() {
    log::set_logger(&EVERYTHING).unwrap();
    log::set_max_level(LevelFilter::Trace);
    let builder = Listener::builder().also_mount("raw.io", Dialect::BareEngine);
    let server = Server::mounted(Mounting::Serve, builder.also_mount("plain", Dialect::BareWebSocket)).await;
    server.listener.of("/chat");
    server.listener.on("echo", |client: heirloom::Client, text: String, _| async move {
        assert_ne!(text, "panic", "expected in this test");
        client.emit("echo", &text).unwrap();
    });
    let mut ids = Vec::new();
    for transport in crate::support::FRAMES_TRANSPORTS {
        let mut peer = Peer::open(&server, transport).await;
        ids.push(peer.id.clone());
        peer.send(&["hello", "~j~{"]).await;
        peer.leave().await;
    }
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        ids.push(peer.id.clone());
        peer.enter("/chat").await;
        peer.send(&[r#"5:::{"name":"echo","args":[7]}"#, "3:::hello", "99:"]).await;
        peer.send(&[r#"5:::{"name":"echo","args":["panic"]}"#]).await;
        server.events.disconnected(&peer.id).await;
    }
    for (revision, transport) in engine::everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        ids.extend([peer.sid.clone(), peer.id.clone()]);
        peer.send(&[r#"42["echo","hello"]"#]).await;
        assert_eq!(peer.receive().await, r#"42["echo","hello"]"#);
        if transport.is_polling() {
            peer.upgrade(&server).await;
        }
        peer.send(&["no packet at all"]).await;
        server.events.disconnected(&peer.id).await;
    }
    let bare = engine::opening(Four, Transport::Polling).resource("raw.io").open(&server).await;
    ids.push(bare.sid.clone());
    let plain = rfc6455::open(&server, "/plain").await;
    let foreign = "GET /socket.io/1/ HTTP/1.1\r\nHost: here\r\nOrigin: http://elsewhere\r\n\r\n";
    assert_eq!(server.answer(foreign).await.status, 403);
    drop(plain);
    let (left, _) = tokio::join!(server.listener.shutdown(milliseconds(9000)), bare.ended());
    assert_eq!(left, 0);

    let records: Vec<_> = EVERYTHING.0.lock().unwrap().clone();
    let ours: Vec<_> = records.iter().filter(|(target, _)| target.starts_with("heirloom")).collect();
    for (target, text) in &ours {
        assert!(TARGETS.contains(&target.as_str()), "{target}: {text}");
        assert!(longest_of_an_id(text) <= 8, "{target}: {text}");
    }
    for id in &ids {
        let id = id.rsplit('#').next().unwrap();
        assert_eq!(longest_of_an_id(id), id.len(), "not an id as this test knows them");
        let short = &id[..8];
        assert!(!ours.iter().any(|(_, text)| text.contains(id)));
        let session_is_known = ours.iter().any(|(target, text)| target == TARGETS[0] && text.contains(short));
        let is_of_root = server.events.all().iter().any(|event| format!("{event:?}").contains(id));
        assert!(session_is_known || is_of_root, "nothing is said of the session {short}…");
    }
    for target in ["heirloom::session", "heirloom::handshake", "heirloom::handler"] {
        assert!(ours.iter().any(|(other, _)| other == target), "nothing under {target}");
    }
}
