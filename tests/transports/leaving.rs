//! Pages that are closed while they poll, and say so with a last request: a beacon, as browsers call it.

use crate::support::{
    Event, FRAMES_TRANSPORTS, Mounting, PacketPeer, Peer, Server, eventually, form, frame, frames, get, milliseconds,
    packets, peer::url, post, request,
};
use heirloom::{Dialect, DisconnectReason, Listener, Namespace, Transport};
use std::sync::Arc;
use tokio::sync::Semaphore;

const POLLS: [Transport; 2] = [Transport::XhrPolling, Transport::JsonpPolling];
/// More than an inbox takes before its client's requests have to wait.
const MANY: usize = 40;

/// What a page that is closed sends: no body, and no type of one.
fn beacon(transport: Transport, id: &str) -> String {
    let headers = ["Origin: http://own.example", "Content-Length: 0"];
    request("POST", &format!("/socket.io/{transport}/{id}/disconnect"), &headers, "")
}

fn packets_beacon(transport: Transport, id: &str, body: &str) -> String {
    let headers = ["Origin: http://own.example", "Content-Type: text/plain;charset=UTF-8"];
    request("POST", &format!("/socket.io/1/{transport}/{id}?disconnect=1"), &headers, body)
}

/// Every message is handled when the test lets it be, and only then noted.
fn held(namespace: &Namespace, server: &Server) -> Arc<Semaphore> {
    let gate = Arc::new(Semaphore::new(0));
    let (events, opened) = (server.events.clone(), Arc::clone(&gate));
    namespace.on_message(move |client, message| {
        let (events, opened) = (events.clone(), Arc::clone(&opened));
        async move {
            opened.acquire().await.unwrap().forget();
            events.push(Event::Message(client.id(), message));
        }
    });
    gate
}

/// The last thing the application heard of the client is why it is gone, and it heard that once.
fn is_gone(server: &Server, id: &str, what: &str) {
    let events = server.events.about(id);
    let expected = Event::Disconnect(id.to_owned(), DisconnectReason::ClientDisconnect);
    assert_eq!(events.last(), Some(&expected), "{what}: {events:?}");
    assert_eq!(events.iter().filter(|event| matches!(event, Event::Disconnect(..))).count(), 1, "{what}");
}

#[tokio::test]
async fn a_beacon_of_the_frames_generation_ends_its_session_whatever_it_names() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in FRAMES_TRANSPORTS {
            for named in [transport, Transport::XhrPolling, Transport::WebSocket, Transport::JsonpPolling] {
                let what = format!("{mounting:?} {transport} by {named}");
                let peer = Peer::open(&server, transport).await;
                let id = peer.id.clone();
                let answer = server.answer(beacon(named, &id)).await;
                assert_eq!((answer.status, answer.text()), (200, "ok"), "{what}");
                assert_eq!(answer.header("access-control-allow-origin"), "http://own.example", "{what}");
                assert_eq!(server.listener.client(&id).map(|client| client.id()), None, "{what}: gone by now");
                assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ClientDisconnect, "{what}");
                assert!(peer.ended().await.is_empty(), "{what}");
                is_gone(&server, &id, &what);
                server.ask(get(&format!("/socket.io/xhr-polling/{id}/1"))).await.is_closed_in_silence(&what).await;
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_beacon_ends_a_poll_that_waits() {
    let server = Server::new(Listener::builder()).await;
    for transport in POLLS {
        let mut peer = Peer::open(&server, transport).await;
        peer.park().await;
        let client = server.listener.client(&peer.id).unwrap();
        eventually("the poll to wait", || client.volatile().send("now").is_ok()).await;
        assert_eq!(peer.receive().await, "now");
        peer.park().await;
        eventually("the next", || client.volatile().send("then").is_ok()).await;
        assert_eq!(peer.receive().await, "then");
        peer.park().await;
        for _ in 0..3 {
            // Taken in before the beacon: a request on another connection is answered after it.
            peer.send(&[]).await;
        }
        let id = peer.id.clone();
        assert_eq!(server.answer(beacon(transport, &id)).await.status, 200);
        assert!(peer.ended().await.is_empty(), "{transport}: closed without an answer, or it would poll again");
        is_gone(&server, &id, transport.name());
    }
}

#[tokio::test]
async fn a_beacon_of_nobody_is_answered_and_makes_nobody() {
    for mounting in Mounting::BOTH {
        for dialect in [Dialect::Frames, Dialect::Json] {
            let server = match dialect {
                Dialect::Json => Server::json(mounting, Listener::builder()).await,
                _ => Server::mounted(mounting, Listener::builder()).await,
            };
            for transport in FRAMES_TRANSPORTS {
                for id in ["__proto__", "1", "00000000000000000000000000000000"] {
                    let answer = server.answer(beacon(transport, id)).await;
                    assert_eq!(
                        (answer.status, answer.text()),
                        (200, "ok"),
                        "{mounting:?} {dialect:?} {transport} {id}"
                    );
                }
            }
            let mut peer = Peer::open(&server, Transport::XhrPolling).await;
            let handshaken = packets::handshake(&server).await;
            for foreign in [&handshaken, &peer.id.to_uppercase()] {
                assert_eq!(server.answer(beacon(Transport::XhrPolling, foreign)).await.status, 200);
            }
            let answer = server.answer(get(&packets::path(Transport::XhrPolling, &handshaken))).await;
            assert_eq!(answer.text(), "1::", "a session of another generation is not meant");
            // A poll is no goodbye, whatever its last segment.
            server.listener.client(&peer.id).unwrap().send("still here").unwrap();
            let answer = server.answer(get(&format!("/socket.io/xhr-polling/{}/disconnect", peer.id))).await;
            assert!(answer.text().contains("still here"), "{answer:?}");
            peer.send(&["me too"]).await;
            assert_eq!(server.events.texts(&peer.id).len(), 1);
            assert_eq!(server.listener.stats().sessions, 2, "{mounting:?} {dialect:?}");
        }
    }
}

#[tokio::test]
async fn a_beacon_of_a_refused_origin_is_none() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    let mut other = PacketPeer::open(&server, Transport::XhrPolling).await;
    for origin in ["http://evil.example", "null"] {
        for beacon in [beacon(peer.transport, &peer.id), packets_beacon(other.transport, &other.id, "")] {
            let answer = server.answer(beacon.replace("http://own.example", origin)).await;
            assert_eq!((answer.status, answer.text()), (401, "unauthorized"), "{origin}");
        }
    }
    peer.send(&["still here"]).await;
    other.heard_nothing("a beacon of others").await;
    assert_eq!(server.events.texts(&peer.id), ["still here"]);
}

#[tokio::test]
async fn what_a_beacon_brings_is_delivered_before_the_end() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in FRAMES_TRANSPORTS {
            for (kind, body, texts) in [
                ("application/x-www-form-urlencoded", form(&frames(&["last", "words"])), &["last", "words"][..]),
                ("text/plain;charset=UTF-8", form(&frame("é漢😀")), &["é漢😀"]),
                ("text/plain;charset=UTF-8", "no form at all".to_owned(), &[]),
                ("multipart/form-data; boundary=x", "--x--\r\n".to_owned(), &[]),
            ] {
                let id = Peer::open(&server, transport).await.id;
                let path = format!("/socket.io/{transport}/{id}/disconnect");
                let answer = server.answer(request("POST", &path, &[&format!("Content-Type: {kind}")], &body)).await;
                let what = format!("{mounting:?} {transport} {kind}");
                assert_eq!((answer.status, answer.text()), (200, "ok"), "{what}");
                server.events.disconnected(&id).await;
                // A socket or a stream that was dropped above may have gone before its goodbye came.
                if POLLS.contains(&transport) {
                    assert_eq!(server.events.texts(&id), texts, "{what}");
                    is_gone(&server, &id, &what);
                }
            }
        }
        let server = Server::json(mounting, Listener::builder()).await;
        let id = Peer::open(&server, Transport::XhrPolling).await.id;
        let path = format!("/socket.io/xhr-polling/{id}/disconnect");
        assert_eq!(server.answer(post(&path, r#"["last"]"#)).await.text(), "ok");
        server.events.disconnected(&id).await;
        assert_eq!(server.events.texts(&id), ["last"]);
        is_gone(&server, &id, "the envelopes of 0.3");
    }
}

/// The session is not over, and will not be for a while.
async fn is_kept(server: &Server, id: &str, what: &str) {
    let ended = tokio::time::timeout(milliseconds(50), server.events.disconnected(id)).await;
    assert!(ended.is_err(), "{what}: {ended:?}");
    assert!(server.listener.client(id).is_some(), "{what}");
}

/// What was sent is with the server: a request on another connection is answered after it.
async fn is_read(server: &Server) {
    for _ in 0..3 {
        assert_eq!(server.answer(get("/")).await.status, 200);
    }
}

#[tokio::test]
async fn what_was_posted_before_a_beacon_is_handled_before_the_end() {
    let texts: Vec<_> = (0..2 * MANY).map(|number| number.to_string()).collect();
    let all: Vec<_> = texts.iter().map(String::as_str).collect();
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let gate = held(&server.listener.of("/"), &server);
        for (transport, hangs_up) in POLLS.into_iter().flat_map(|poll| [(poll, false), (poll, true)]) {
            let what = format!("{mounting:?} {transport}, hangs up: {hangs_up}");
            let mut peer = Peer::open(&server, transport).await;
            let id = peer.id.clone();
            peer.send(&all[..MANY]).await;
            // There is no more room, so this one is not answered.
            let waiting = peer.begin_post(&frames(&all[MANY..])).await;
            is_read(&server).await;
            let kept = (!hangs_up).then_some(waiting);
            let beacon = server.ask(beacon(transport, &id)).await;
            is_kept(&server, &id, &what).await;
            assert!(server.events.texts(&id).is_empty(), "{what}");
            gate.add_permits(2 * MANY);
            server.events.disconnected(&id).await;
            assert_eq!(server.events.texts(&id), all, "{what}");
            is_gone(&server, &id, &what);
            drop((kept, beacon));
        }
    }
}

#[tokio::test]
async fn the_same_holds_for_the_packets_generation_in_every_namespace() {
    let texts: Vec<_> = (0..2 * MANY).map(|number| number.to_string()).collect();
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for (transport, name) in POLLS.into_iter().flat_map(|poll| [(poll, ""), (poll, "/chat")]) {
            let gate = held(&server.listener.of(if name.is_empty() { "/" } else { name }), &server);
            for (hangs_up, by_packet) in [(false, false), (true, false), (false, true), (true, true)] {
                let what = format!("{mounting:?} {transport} {name:?}, hangs up: {hangs_up}, 0::: {by_packet}");
                let mut peer = PacketPeer::open(&server, transport).await;
                let id = peer.id.clone();
                if !name.is_empty() {
                    peer.enter(name).await;
                }
                let all: Vec<_> = texts.iter().map(|text| format!("3::{name}:{text}")).collect();
                let all: Vec<_> = all.iter().map(String::as_str).collect();
                peer.send(&all[..MANY]).await;
                let waiting = peer.begin_post(&packets::payload(&all[MANY..])).await;
                is_read(&server).await;
                let kept = (!hangs_up).then_some(waiting);
                let last = format!("3::{name}:last");
                let beacon = if by_packet {
                    packets::post(transport, &id, &packets::payload(&[&last, "0::", "3:::never"]))
                } else {
                    packets_beacon(transport, &id, "")
                };
                let beacon = server.ask(beacon).await;
                is_kept(&server, &id, &what).await;
                assert!(server.events.texts(&id).is_empty(), "{what}");
                gate.add_permits(2 * MANY + usize::from(by_packet));
                server.events.disconnected(&id).await;
                let mut expected = texts.clone();
                expected.extend(by_packet.then(|| "last".to_owned()));
                assert_eq!(server.events.texts(&id), expected, "{what}");
                is_gone(&server, &id, &what);
                drop((kept, beacon));
            }
        }
    }
}

#[tokio::test]
async fn a_post_that_is_still_arriving_is_waited_for_and_comes_before_the_last_words() {
    let server = Server::new(Listener::builder()).await;
    for (transport, words) in POLLS.into_iter().flat_map(|poll| [(poll, &[][..]), (poll, &["last"])]) {
        let (peer, other) = (Peer::open(&server, transport).await, PacketPeer::open(&server, transport).await);
        let slow = post(&url(transport, &peer.id, "send"), &frame("slow"));
        let slow_packet = packets::post(transport, &other.id, "3:::slow");
        let goodbye = post(&format!("/socket.io/{transport}/{}/disconnect", peer.id), &frames(words));
        let last = words.iter().map(|word| format!("3:::{word}")).chain(["0::".to_owned()]).collect::<Vec<_>>();
        let last = packets::payload(&last.iter().map(String::as_str).collect::<Vec<_>>());
        for (id, request, goodbyes) in [
            (&peer.id, slow, [beacon(transport, &peer.id), goodbye]),
            (
                &other.id,
                slow_packet,
                [packets_beacon(transport, &other.id, ""), packets::post(transport, &other.id, &last)],
            ),
        ] {
            let mut slow = server.ask(&request[..request.len() - 1]).await;
            is_read(&server).await;
            let [bare, with_words] = goodbyes;
            let mut beacon = server.ask(if words.is_empty() { bare } else { with_words }).await;
            is_kept(&server, id, transport.name()).await;
            slow.send(&request[request.len() - 1..]).await;
            assert_eq!(slow.answer().await.status, 200, "{transport}");
            assert_eq!(beacon.answer().await.status, 200, "{transport}");
            server.events.disconnected(id).await;
            assert_eq!(server.events.texts(id), [&["slow"], words].concat(), "{transport}");
            is_gone(&server, id, transport.name());
        }
    }
}

#[tokio::test]
async fn a_handler_that_does_not_end_keeps_nobody_here() {
    let server = Server::new(Listener::builder()).await;
    let _gate = held(&server.listener.of("/"), &server);
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    let mut other = PacketPeer::open(&server, Transport::XhrPolling).await;
    peer.send(&["wait"]).await;
    other.send(&["3:::wait"]).await;
    let mut beacons = [
        server.ask(beacon(peer.transport, &peer.id)).await,
        server.ask(packets_beacon(other.transport, &other.id, "")).await,
    ];
    for beacon in &mut beacons {
        assert_eq!(beacon.answer().await.status, 200);
    }
    assert!(server.listener.clients().is_empty());
    assert_eq!(server.listener.broadcast("to nobody").queued, 0);
}

#[tokio::test]
async fn a_beacon_of_the_packets_generation_needs_no_body_and_may_have_any() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::ALL {
            for (polls, body) in [(false, ""), (true, ""), (true, "x"), (false, "3:::not a packet here")] {
                let what = format!("{mounting:?} {transport}, polls: {polls}, {body:?}");
                let mut peer = PacketPeer::open(&server, transport).await;
                let id = peer.id.clone();
                if polls {
                    peer.park().await;
                    is_read(&server).await;
                }
                let answer = server.answer(packets_beacon(transport, &id, body)).await;
                assert_eq!((answer.status, answer.text()), (200, ""), "{what}");
                assert_eq!(answer.header("access-control-allow-origin"), "http://own.example", "{what}");
                assert_eq!(server.listener.client(&id).map(|client| client.id()), None, "{what}: gone by now");
                let hears = !transport.is_polling() || polls;
                assert_eq!(peer.ended().await, if hears { &["0::"][..] } else { &[] }, "{what}");
                server.events.disconnected(&id).await;
                assert_eq!(server.events.texts(&id), [""; 0], "{what}");
                is_gone(&server, &id, &what);
            }
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn a_beacon_does_not_wait_for_its_client_to_read_the_answer() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let (mut peers, mut others) = (Vec::new(), Vec::new());
        for _ in 0..2 {
            peers.push(Peer::open(&server, Transport::XhrPolling).await.id);
            others.push(PacketPeer::open(&server, Transport::XhrPolling).await.id);
        }
        let last_words = post(&format!("/socket.io/xhr-polling/{}/disconnect", peers[1]), &frame("last"));
        let last_packets = packets::payload(&["3:::last", "0::"]);
        for (id, beacon, texts) in [
            (&peers[0], beacon(Transport::XhrPolling, &peers[0]), &[][..]),
            (&peers[1], last_words, &["last"]),
            (&others[0], packets_beacon(Transport::XhrPolling, &others[0], ""), &[]),
            (&others[1], packets::post(Transport::XhrPolling, &others[1], &last_packets), &["last"]),
        ] {
            let connection = server.ask(beacon).await;
            is_read(&server).await;
            drop(connection);
            assert_eq!(server.events.disconnected(id).await, DisconnectReason::ClientDisconnect, "{mounting:?}");
            assert_eq!(server.events.texts(id), texts, "{mounting:?}");
        }
    }
}

#[tokio::test]
async fn last_words_may_arrive_behind_the_end_of_a_stream() {
    let recent = ["Sec-Fetch-Mode: cors"];
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for transport in packets::STREAMS {
            let id = packets::handshake(&server).await;
            let mut stream =
                server.ask(request("GET", &packets::path(transport, &id), &recent, "")).await.stream().await;
            stream.until("1::").await;
            stream.leave().await;
            let last = packets::post(transport, &id, &packets::payload(&["3:::last", "0::"]));
            assert_eq!(server.answer(last).await.text(), "1", "{mounting:?} {transport}");
            server.events.disconnected(&id).await;
            assert_eq!(server.events.texts(&id), ["last"], "{mounting:?} {transport}");
            is_gone(&server, &id, transport.name());

            let open = request("GET", &format!("/socket.io/{transport}//1"), &recent, "");
            let mut stream = server.ask(open).await.stream().await;
            stream.until("~m~32~m~").await;
            let id = server.listener.clients()[0].id();
            stream.leave().await;
            let last = post(&format!("/socket.io/{transport}/{id}/disconnect"), &frame("last"));
            assert_eq!(server.answer(last).await.text(), "ok", "{mounting:?} {transport}");
            server.events.disconnected(&id).await;
            assert_eq!(server.events.texts(&id), ["last"], "{mounting:?} {transport}");
            is_gone(&server, &id, transport.name());
        }
    }
}

#[tokio::test]
async fn who_says_nothing_more_behind_its_stream_is_gone_soon() {
    let server = Server::new(Listener::builder()).await;
    for transport in packets::STREAMS {
        let path = format!("/socket.io/{transport}//1");
        let mut stream = server.ask(request("GET", &path, &["Sec-Fetch-Mode: cors"], "")).await.stream().await;
        stream.until("~m~32~m~").await;
        let id = server.listener.clients()[0].id();
        stream.leave().await;
        let gone = tokio::time::timeout(milliseconds(2000), server.events.disconnected(&id)).await;
        assert_eq!(gone.ok(), Some(DisconnectReason::TransportClosed), "{transport}");
    }
}
