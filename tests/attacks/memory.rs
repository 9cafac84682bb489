//! Attacks on memory: what is announced and never comes, what comes in pieces that cost more than they say, what is
//! never completed.

use crate::{
    KIB, MIB, Measured,
    scene::Scene,
    support::{
        Connection, PacketPeer, Peer,
        engine::{EnginePeer, Four, Revision, Three, path as engine_path},
        milliseconds, packets,
        peer::url,
        request,
        rfc6455::{self, BINARY, TEXT, header, masked},
    },
};
use heirloom::{Listener, Transport};

/// Begins a session over a websocket, and is in the root when it is over.
async fn entered(scene: &Scene, revision: Revision) -> Connection {
    let mut socket = rfc6455::open(&scene.server, &engine_path("socket.io", revision, Transport::WebSocket, "")).await;
    rfc6455::read(&mut socket).await;
    if revision == Four {
        socket.send(rfc6455::text("40")).await;
    }
    rfc6455::read(&mut socket).await;
    socket
}

/// Sends the bytes again and again, until there were so many or the server has closed.
async fn flood(socket: &mut Connection, bytes: &[u8], times: usize) {
    for _ in 0..times {
        if socket.try_send(bytes).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn cve_2020_36048_tiny_packets_take_no_more_than_their_body() {
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let bodies: Vec<String> = ["1:2", "2:42", "2:4¼"]
        .into_iter()
        .map(|packet| {
            let peer = "X".repeat(32);
            let body = packet.repeat(1_000_000 / packet.len());
            request("POST", &engine_path("socket.io", Three, Transport::Polling, &peer), &[], &body)
        })
        .collect();
    let measured = Measured::begin(alone);
    for body in bodies {
        let peer = EnginePeer::connect(&scene.server, Three, Transport::Polling).await;
        let body = body.replacen(&"X".repeat(32), &peer.sid, 1);
        let mut connection = scene.server.ask(body).await;
        connection.answer().await;
    }
    // The request, the body it has become, its text, and ten thousand packets of it.
    measured.stayed_below(6 * MIB);
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2020_36049_a_number_of_a_million_digits_takes_no_more_than_its_text() {
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let frame = rfc6455::text(&format!("4{}", "2".repeat(MIB - 1)));
    let measured = Measured::begin(alone);
    for _ in 0..4 {
        let mut socket = entered(&scene, Four).await;
        flood(&mut socket, &frame, 1).await;
        socket.rest().await;
    }
    measured.stayed_below(4 * MIB);
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2026_48809_the_body_of_a_client_that_is_not_known_is_not_kept() {
    const CONNECTIONS: usize = 50;
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let chunk = format!("8000\r\n{}\r\n", "x".repeat(32 * KIB));
    let measured = Measured::begin(alone);
    for path in [
        "/socket.io/?EIO=4&transport=polling&sid=nobody",
        "/socket.io/?EIO=3&transport=polling",
        "/socket.io/1/xhr-polling/nobody",
        "/socket.io/xhr-polling/nobody/send",
        "/socket.io/",
    ] {
        let head = request("POST", path, &["Transfer-Encoding: chunked"], "");
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = scene.server.ask(&head).await;
            // As much as a body may have, without an end.
            flood(&mut connection, chunk.as_bytes(), 30).await;
            connections.push(connection);
        }
        // What the HTTP server reads ahead, twice `max_head_bytes` at most.
        measured.stayed_below(CONNECTIONS * 160 * KIB);
    }
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2016_10542_what_a_frame_announces_is_not_reserved() {
    const SOCKETS: usize = 100;
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let measured = Measured::begin(alone);
    let mut sockets = Vec::new();
    for number in 0..SOCKETS {
        let mut socket = entered(&scene, if number % 2 == 0 { Three } else { Four }).await;
        // As much as is allowed, and a little of it.
        socket.send([header(BINARY, true, MIB as u64), vec![4; 100]].concat()).await;
        // A frame behind another that is whole has been read when the first is answered.
        sockets.push(socket);
    }
    let mut bystander = Peer::open(&scene.server, Transport::WebSocket).await;
    bystander.send(&["all has been read"]).await;
    scene.server.events.texts_until(&bystander.id, 1).await;
    bystander.leave().await;
    measured.stayed_below(SOCKETS * 32 * KIB);
    drop(sockets);
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2026_48779_fragments_of_one_byte_or_none_take_no_more_than_what_they_say() {
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let tiny = masked(0, false, b"x").repeat(10_000);
    let empty = masked(0, false, b"").repeat(10_000);
    let measured = Measured::begin(alone);
    for opcode in [TEXT, BINARY] {
        for fragments in [&tiny, &empty] {
            let mut socket = entered(&scene, Four).await;
            socket.send(masked(opcode, false, b"4")).await;
            flood(&mut socket, fragments, 10).await;
            measured.stayed_below(2 * MIB);
            drop(socket);
        }
    }
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2026_54466_a_length_without_an_end_takes_nothing() {
    const HIXIE: [&str; 3] = ["Upgrade: WebSocket", "Connection: Upgrade", "Origin: http://own.example"];
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let length = vec![0x80; 64 * KIB];
    let measured = Measured::begin(alone);
    for _ in 0..10 {
        let mut socket = scene.server.ask(request("GET", "/socket.io/websocket", &HIXIE, "")).await;
        assert_eq!(socket.head().await.status, 101);
        flood(&mut socket, &length, 64).await;
    }
    measured.stayed_below(MIB);
    measured.ends(scene).await;
}

#[tokio::test]
async fn ghsa_55mf_67qm_4wpg_attachments_that_are_never_complete_are_bounded_in_bytes() {
    const LIMIT: usize = 2 * MIB;
    let alone = Measured::alone().await;
    let scene = Scene::with(Listener::builder().max_attachment_bytes(LIMIT)).await;
    let kind = |revision| if revision == Three { &[4][..] } else { &[] };
    let attachments =
        [Three, Four].map(|revision| (revision, masked(BINARY, true, &[kind(revision), &vec![7; 512 * KIB]].concat())));
    let measured = Measured::begin(alone);
    for (revision, attachment) in &attachments {
        let mut socket = entered(&scene, *revision).await;
        socket.send(rfc6455::text(r#"4510-["bytes"]"#)).await;
        // Nine of ten: it stays incomplete.
        flood(&mut socket, attachment, 9).await;
        socket.rest().await;
    }
    measured.stayed_below(LIMIT + 2 * MIB);
    assert_eq!(scene.server.listener.stats().too_large, 2);
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2026_69185_bytes_behind_a_packet_of_no_attachments_are_not_kept() {
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let bytes = [Three, Four].map(|revision| {
        let kind = if revision == Three { &[4][..] } else { &[] };
        (revision, masked(BINARY, true, &[kind, &[7; 64 * KIB]].concat()))
    });
    let measured = Measured::begin(alone);
    for (revision, attachment) in &bytes {
        for head in [r#"450-["bytes"]"#, r#"4599-["bytes"]"#] {
            let mut socket = entered(&scene, *revision).await;
            socket.send(rfc6455::text(head)).await;
            flood(&mut socket, attachment, 50).await;
            socket.rest().await;
        }
    }
    measured.stayed_below(MIB);
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2026_48802_heartbeats_nobody_asked_for_take_nothing() {
    let alone = Measured::alone().await;
    let scene = Scene::new().await;
    let heartbeats = rfc6455::text("3").repeat(1000);
    let pings = rfc6455::text("2").repeat(1000);
    let measured = Measured::begin(alone);
    for (revision, heartbeats) in [(Four, &heartbeats), (Three, &pings)] {
        // Whoever asks for answers does not read them.
        let mut socket = entered(&scene, revision).await;
        flood(&mut socket, heartbeats, 30).await;
        measured.stayed_below(MIB);
        drop(socket);
    }
    measured.ends(scene).await;
}

#[tokio::test]
async fn cve_2024_37890_and_cve_2023_43669_heads_take_no_more_than_a_head_may() {
    const CONNECTIONS: usize = 50;
    const LIMIT: usize = 16 * KIB;
    let alone = Measured::alone().await;
    let scene = Scene::with(Listener::builder().max_head_bytes(LIMIT)).await;
    let path = engine_path("socket.io", Four, Transport::WebSocket, "");
    let start = format!("GET {path} HTTP/1.1\r\nHost: own.example\r\n");
    let headers = "ab: x\r\n".repeat(10_000);
    let measured = Measured::begin(alone);
    for piece in [&headers, &"a".repeat(64 * KIB)] {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = scene.server.ask(&start).await;
            flood(&mut connection, piece.as_bytes(), 4).await;
            connections.push(connection);
        }
        measured.stayed_below(CONNECTIONS * (2 * LIMIT + 16 * KIB));
    }
    measured.ends(scene).await;
}

#[tokio::test]
async fn socketioxide_732_upgrades_that_are_given_up_leave_nothing_behind() {
    const COUNT: usize = 50;
    let alone = Measured::alone().await;
    let builder = Listener::builder()
        .upgrade_timeout(milliseconds(200))
        .ping_interval(milliseconds(500))
        .ping_timeout(milliseconds(1500))
        .unlimited_handshakes();
    let scene = Scene::with(builder).await;
    let measured = Measured::begin(alone);
    let mut sockets = Vec::new();
    for number in 0..COUNT {
        let peer =
            EnginePeer::connect(&scene.server, if number % 2 == 0 { Three } else { Four }, Transport::Polling).await;
        let mut socket = scene.server.ask(rfc6455::handshake(&peer.upgrade_path())).await;
        if number % 3 == 0 {
            socket.send(rfc6455::text("2probe")).await;
        }
        sockets.push(socket);
    }
    scene.is_left_alone().await;
    // The attacker holds on to his ends.
    measured.ends(scene).await;
    drop(sockets);
}

#[tokio::test]
async fn bodies_that_never_end_share_what_all_clients_may_have_waiting() {
    const CONNECTIONS: usize = 60;
    const TOTAL: usize = 8 * MIB;
    let alone = Measured::alone().await;
    let scene = Scene::with(Listener::builder().total_received_bytes(TOTAL).body_timeout(milliseconds(3000))).await;
    let piece = vec![b'x'; 100 * KIB];
    let frames = Peer::open(&scene.server, Transport::XhrPolling).await;
    let packets = PacketPeer::open(&scene.server, Transport::XhrPolling).await;
    let measured = Measured::begin(alone);
    let mut connections = Vec::new();
    for number in 0..CONNECTIONS {
        let engine = EnginePeer::connect(&scene.server, Four, Transport::Polling).await;
        let path = match number % 3 {
            0 => url(frames.transport, &frames.id, "send"),
            1 => packets::path(packets.transport, &packets.id),
            _ => engine.path(),
        };
        let mut connection = scene.server.ask(request("POST", &path, &["Content-Length: 1000000"], "")).await;
        flood(&mut connection, &piece, 9).await;
        connections.push(connection);
    }
    measured.stayed_below(TOTAL + CONNECTIONS * 160 * KIB);
    assert!(scene.server.listener.stats().refused_bodies > 0);
    drop(connections);
    scene.ends_well().await;
}

#[tokio::test]
async fn messages_that_never_end_share_what_all_clients_may_have_waiting() {
    const SOCKETS: usize = 60;
    const TOTAL: usize = 8 * MIB;
    let alone = Measured::alone().await;
    let scene = Scene::with(Listener::builder().total_received_bytes(TOTAL)).await;
    let start = [header(TEXT, true, MIB as u64), vec![b'4'; 100 * KIB]].concat();
    let piece = vec![b'x'; 100 * KIB];
    let measured = Measured::begin(alone);
    let mut sockets = Vec::new();
    for number in 0..SOCKETS {
        let mut socket = entered(&scene, if number % 2 == 0 { Three } else { Four }).await;
        flood(&mut socket, &start, 1).await;
        // Where the server reads no further, nothing more can be sent either.
        let _ = tokio::time::timeout(milliseconds(20), flood(&mut socket, &piece, 8)).await;
        sockets.push(socket);
    }
    measured.stayed_below(TOTAL + SOCKETS * 64 * KIB);
    drop(sockets);
    measured.ends(scene).await;
}
