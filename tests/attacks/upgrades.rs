//! Requests for another protocol that the originals fell over: refused, broken off, or for nothing there is.

use crate::{
    scene::Scene,
    support::{
        Connection, Mounting, Server,
        engine::{EnginePeer, REVISIONS, Three},
        get, milliseconds, packets, request,
        rfc6455::{self, UPGRADE},
    },
};
use heirloom::{DisconnectReason, Listener, Transport};
use socket2::SockRef;
use std::time::Duration;
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// A frame whose second and third reserved bits are set, masked and empty.
const RESERVED: [u8; 6] = [0xb1, 0x80, 1, 2, 3, 4];
/// Names that every object of JavaScript has.
const INHERITED: [&str; 6] = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "__defineGetter__"];

fn engine_path(query: &str) -> String {
    format!("/socket.io/?{query}")
}

/// Upgrades that cannot be: of sessions there are none of, by transports there are none of, for revisions of nobody.
fn hopeless(peer: &EnginePeer) -> Vec<String> {
    let mut paths: Vec<String> = [
        "EIO=4&transport=websocket&sid=nobody",
        "EIO=3&transport=websocket&sid=nobody",
        "EIO=9&transport=websocket",
        "EIO=4&transport=polling",
        "EIO=4",
        "EIO=4&transport=",
        "EIO=4&transport=carrier-pigeon",
        "EIO=4&transport=webtransport",
        "transport=websocket&transport=x&EIO=4",
    ]
    .map(engine_path)
    .into();
    paths.extend(INHERITED.map(|name| engine_path(&format!("EIO=4&transport={name}"))));
    paths.extend(INHERITED.map(|name| engine_path(&format!("EIO=4&transport=websocket&sid={name}"))));
    // The other revision than the session's.
    let other = if peer.revision == Three { 4 } else { 3 };
    paths.push(engine_path(&format!("EIO={other}&transport=websocket&sid={}", peer.sid)));
    paths
}

#[tokio::test]
async fn cve_2022_21676_a_frame_against_the_rules_behind_an_upgrade_costs_its_connection_alone() {
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        let server = &scene.server;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(server, revision, Transport::Polling).await;
            for path in hopeless(&peer) {
                let mut bytes = rfc6455::handshake(&path).into_bytes();
                bytes.extend(RESERVED);
                let mut connection = server.ask(bytes).await;
                assert_eq!(connection.head().await.status, 400, "{mounting:?} {path}");
                let _ = connection.try_send(RESERVED).await;
            }
            // One that can be, of a session that polls: with the handshake, after it, and in the middle of the change.
            for words in [&[][..], &["2probe"]] {
                let mut bytes = rfc6455::handshake(&peer.upgrade_path()).into_bytes();
                words.iter().for_each(|word| bytes.extend(rfc6455::text(word)));
                bytes.extend(RESERVED);
                let mut socket = server.ask(bytes).await;
                assert_eq!(socket.head().await.status, 101);
                socket.rest().await;
            }
            peer.heard_nothing("sockets that failed").await;
            // One that begins a session.
            let mut socket =
                rfc6455::open(server, &engine_path(&format!("EIO={}&transport=websocket", revision.number()))).await;
            socket.send(RESERVED).await;
            until_complaint(&mut socket).await;
        }
        for path in ["/socket.io/websocket", "/socket.io/1/websocket/nobody"] {
            let mut socket = rfc6455::open(server, path).await;
            let _ = socket.try_send(RESERVED).await;
            socket.rest().await;
        }
        scene.ends_well().await;
    }
}

/// Reads what the server had to say before it saw the mistake, and the complaint.
async fn until_complaint(socket: &mut Connection) {
    loop {
        let (opcode, payload) = rfc6455::read(socket).await;
        if opcode == rfc6455::CLOSE {
            assert_eq!(u16::from_be_bytes(payload[..2].try_into().unwrap()), 1002);
            return;
        }
    }
}

/// Sends bytes and breaks the connection off with a reset, before or after the server has answered.
async fn broken_off(server: &Server, bytes: &[u8], answered: bool) {
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    if answered {
        stream.readable().await.unwrap();
    }
    SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

#[tokio::test]
async fn cve_2022_41940_a_reset_behind_an_upgrade_costs_its_connection_alone() {
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&scene.server, revision, Transport::Polling).await;
            let mut paths = hopeless(&peer);
            paths.push(peer.upgrade_path());
            paths.push(engine_path(&format!("EIO={}&transport=websocket", revision.number())));
            paths.push("/socket.io/websocket".to_owned());
            paths.push("/socket.io/1/websocket/nobody".to_owned());
            paths.push("/socket.io/1/no-such-transport/nobody".to_owned());
            for path in &paths {
                for answered in [false, true] {
                    broken_off(&scene.server, rfc6455::handshake(path).as_bytes(), answered).await;
                    let without_end = rfc6455::handshake(path).replace("\r\n\r\n", "\r\n");
                    broken_off(&scene.server, without_end.as_bytes(), false).await;
                }
            }
            let mut probing = rfc6455::handshake(&peer.upgrade_path()).into_bytes();
            probing.extend(rfc6455::text("2probe"));
            broken_off(&scene.server, &probing, true).await;
            peer.heard_nothing("connections that broke").await;
        }
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn cve_2023_31125_an_upgrade_to_a_transport_there_is_none_of_is_refused() {
    for mounting in Mounting::BOTH {
        let scene = Scene::of(mounting, Listener::builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&scene.server, revision, Transport::Polling).await;
            for path in hopeless(&peer) {
                let head = scene.server.ask(rfc6455::handshake(&path)).await.head().await;
                assert_eq!(head.status, 400, "{mounting:?} {path}");
                // The same without an upgrade, and by POST.
                let what = format!("{mounting:?} {path}");
                let is_handshake = path.ends_with("EIO=4&transport=polling");
                let status = scene.server.answer(get(&path)).await.status;
                assert_eq!(status, if is_handshake { 200 } else { 400 }, "{what}");
                assert_eq!(scene.server.answer(request("POST", &path, &[], "4x")).await.status, 400, "{what}");
            }
            peer.heard_nothing("upgrades to nothing").await;
        }
        for name in INHERITED {
            // Clients of 0.7 to 0.9 are hung up on.
            let path = format!("/socket.io/1/{name}/nobody");
            scene.server.ask(rfc6455::handshake(&path)).await.is_closed_in_silence(&path).await;
        }
        scene.ends_well().await;
    }
}

#[tokio::test]
async fn cve_2026_59724_names_of_javascript_are_no_sessions() {
    let scene = Scene::new().await;
    for name in INHERITED {
        for revision in [3, 4] {
            let path = engine_path(&format!("EIO={revision}&transport=polling&sid={name}"));
            assert_eq!(scene.server.answer(get(&path)).await.status, 400, "{path}");
            assert_eq!(scene.server.answer(request("POST", &path, &[], "1:2")).await.status, 400, "{path}");
        }
        for transport in ["xhr-polling", "htmlfile", "websocket"] {
            let path = format!("/socket.io/{transport}/{name}/1");
            assert!(
                !scene.server.ask(rfc6455::handshake(&path)).await.rest().await.starts_with(b"HTTP/1.1 2"),
                "{path}"
            );
            let answered =
                scene.server.ask(request("POST", &path, &["Connection: close"], "data=x")).await.rest().await;
            assert!(!answered.starts_with(b"HTTP/1.1 2"), "{path}");
        }
        let answer = scene.server.answer(get(&packets::path(Transport::XhrPolling, name))).await;
        assert_eq!(answer.text(), packets::NOT_HANDSHAKEN, "{name}");
    }
    scene.ends_well().await;
}

#[tokio::test]
async fn cve_2020_7693_an_upgrade_header_where_nothing_is_upgraded_is_answered() {
    const ALONE: &str = "Upgrade: websocket";
    for mounting in [Mounting::Serve, Mounting::Wrap, Mounting::WrapWithoutUpgrades] {
        // Without upgrades two of the bystanders could not be there.
        let scene = match mounting {
            Mounting::WrapWithoutUpgrades => None,
            _ => Some(Scene::of(mounting, Listener::builder()).await),
        };
        let lonely = Server::mounted(mounting, Listener::builder()).await;
        let server = scene.as_ref().map_or(&lonely, |scene| &scene.server);
        for path in [
            "/",
            "/socket.io/1/?t=1",
            "/socket.io/1/websocket/nobody",
            "/socket.io/websocket",
            "/socket.io/flashsocket",
            "/socket.io/?EIO=4&transport=polling",
            "/socket.io/?EIO=3&transport=websocket",
            "/socket.io/socket.io.js",
        ] {
            for headers in [
                &[ALONE][..],
                &[ALONE, "Connection: keep-alive"],
                &[ALONE, "Connection: close"],
                &[ALONE, "Connection: Upgrade"],
                &[ALONE, "Connection: upgrade, keep-alive", "Sec-WebSocket-Key: x"],
                &["Upgrade: websocket, h2c, \"", "Connection: Upgrade"],
            ] {
                for method in ["GET", "POST", "OPTIONS", "PUT"] {
                    let mut connection = server.ask(request(method, path, headers, "")).await;
                    connection.end_sending().await;
                    // An answer, or the end of the connection: nobody is kept waiting.
                    connection.rest().await;
                }
            }
        }
        if let Some(scene) = scene {
            scene.ends_well().await;
        }
    }
}

#[tokio::test]
async fn socketioxide_732_an_upgrade_that_is_given_up_ends_and_its_session_in_its_time() {
    let builder = Listener::builder()
        .upgrade_timeout(milliseconds(100))
        .ping_interval(milliseconds(500))
        .ping_timeout(milliseconds(1000));
    let scene = Scene::with(builder).await;
    let mut begun = Vec::new();
    for revision in REVISIONS {
        for words in [&[][..], &["2probe"], &["2probe", "2probe"], &["5"]] {
            let peer = EnginePeer::connect(&scene.server, revision, Transport::Polling).await;
            let socket = beside(&scene, &peer, words).await;
            begun.push((format!("{revision:?} {words:?}"), peer, socket));
        }
    }
    for (what, peer, mut socket) in begun {
        socket.rest().await;
        let reason = scene.server.events.disconnected(&peer.id).await;
        assert_eq!(reason, DisconnectReason::HeartbeatTimeout, "{what}: its client is silent");
    }
    scene.is_left_alone().await;
    scene.ends_well().await;
}

/// A socket beside the session, on which so much was said.
async fn beside(scene: &Scene, peer: &EnginePeer, words: &[&str]) -> Connection {
    let mut bytes = request("GET", &peer.upgrade_path(), &UPGRADE, "").into_bytes();
    words.iter().for_each(|word| bytes.extend(rfc6455::text(word)));
    let mut socket = scene.server.ask(bytes).await;
    assert_eq!(socket.head().await.status, 101);
    socket
}

#[tokio::test]
async fn socketioxide_732_a_client_that_gave_up_its_upgrade_polls_on() {
    let scene = Scene::with(Listener::builder().upgrade_timeout(milliseconds(100))).await;
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&scene.server, revision, Transport::Polling).await;
        for words in [&[][..], &["2probe"]] {
            let mut socket = beside(&scene, &peer, words).await;
            socket.rest().await;
            peer.client(&scene.server).emit("news", &1).unwrap();
            let heard = peer.settled().await;
            assert!(heard.iter().any(|packet| packet.is(r#"42["news",1]"#)), "{revision:?} {words:?}: {heard:?}");
        }
    }
    scene.ends_well().await;
}
