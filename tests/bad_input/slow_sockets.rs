//! Clients that begin and do not go on: frames that never come to their end, and answers nobody reads.

use crate::support::{
    Connection, Mounting, Peer, Server, eventually, frame, get, messages, milliseconds, patiently,
    peer::url,
    request,
    rfc6455::{self, CLOSE, TEXT, close_code, masked, session, text},
};
use heirloom::{Builder, DisconnectReason, Listener, Transport};
use tokio::net::TcpSocket;

/// More than the kernel holds for a client that reads nothing.
const FLOOD: usize = 12 << 20;
const PIECE: usize = 1 << 20;

fn impatient() -> Builder {
    Listener::builder().frame_timeout(milliseconds(150)).write_timeout(milliseconds(200)).queue_bytes(2 * FLOOD)
}

/// A connection of a client whose system takes next to nothing for it.
async fn narrow(server: &Server) -> Connection {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    Connection::new(patiently("a connection", socket.connect(server.address)).await.unwrap())
}

fn flood(server: &Server, id: &str) {
    let client = server.listener.client(id).unwrap();
    for _ in 0..FLOOD / PIECE {
        client.send("x".repeat(PIECE)).unwrap();
    }
}

#[tokio::test]
async fn a_frame_that_does_not_come_to_its_end_ends_the_session_with_the_reason() {
    let payload = frame("slow");
    let whole = masked(TEXT, true, payload.as_bytes());
    let first = masked(TEXT, false, payload.as_bytes());
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, impatient()).await;
        let begun =
            [&whole[..1], &whole[..5], &whole[..whole.len() - 1], &first, &rfc6455::header(TEXT, true, 1 << 20)];
        for (count, bytes) in begun.iter().enumerate() {
            let (mut socket, id) = session(&server).await;
            socket.send(bytes).await;
            assert_eq!(close_code(&mut socket).await, 1008, "{bytes:?}, {mounting:?}");
            assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError);
            assert_eq!(server.listener.stats().too_slow, count as u64 + 1);
            assert_eq!(server.events.texts(&id), [""; 0]);
        }
        server.is_empty().await;
    }
}

#[tokio::test]
async fn pings_do_not_give_a_message_more_time() {
    let server = Server::new(impatient()).await;
    let (mut socket, id) = session(&server).await;
    socket.send(masked(TEXT, false, b"~m~")).await;
    loop {
        // It hangs up at some time.
        let _ = socket.try_send(masked(rfc6455::PING, true, b"still here")).await;
        let (opcode, payload) = rfc6455::read(&mut socket).await;
        if opcode == CLOSE {
            assert_eq!(payload, 1008_u16.to_be_bytes());
            break;
        }
    }
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError);
}

#[tokio::test]
async fn a_client_that_says_nothing_has_all_the_time() {
    let server = Server::new(impatient()).await;
    let (mut quiet, id) = session(&server).await;
    quiet.send(text(&frame("before"))).await;
    // Another one is given up meanwhile, and one more.
    for _ in 0..2 {
        let (mut slow, _) = session(&server).await;
        slow.send([0x81]).await;
        assert_eq!(close_code(&mut slow).await, 1008);
    }
    quiet.send(text(&frame("after"))).await;
    assert_eq!(server.events.texts_until(&id, 2).await, ["before", "after"]);
}

#[tokio::test]
async fn a_giant_that_was_announced_may_come() {
    let server = Server::new(Listener::builder()).await;
    let (mut socket, id) = session(&server).await;
    let giant = "x".repeat((1 << 20) - 20);
    socket.send(text(&frame(&giant))).await;
    assert_eq!(server.events.texts_until(&id, 1).await, [giant]);
    let larger = rfc6455::header(TEXT, true, (1 << 20) + 1);
    socket.send(larger).await;
    assert_eq!(close_code(&mut socket).await, 1009);
    assert_eq!(server.listener.stats().too_large, 1);
    assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError);
}

#[tokio::test]
async fn a_draft_frame_that_does_not_come_to_its_end_ends_the_session() {
    let headers = ["Upgrade: WebSocket", "Connection: Upgrade", "Origin: http://own.example"];
    let server = Server::new(impatient()).await;
    for (count, begun) in [&b"\0"[..], b"\0~m~4~m~slo", b"\xff"].iter().enumerate() {
        let mut socket = server.ask(request("GET", "/socket.io/websocket", &headers, "")).await;
        assert_eq!(socket.head().await.status, 101);
        let opening = socket.until([0xff]).await;
        let id = messages(std::str::from_utf8(&opening[1..opening.len() - 1]).unwrap()).remove(0);
        socket.send(begun).await;
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{begun:?}");
        assert_eq!(socket.rest().await, [0xff, 0]);
        assert_eq!(server.listener.stats().too_slow, count as u64 + 1);
    }
}

#[tokio::test]
async fn a_socket_that_is_never_read_is_given_up() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, impatient()).await;
        let mut socket = narrow(&server).await;
        socket.send(rfc6455::handshake("/socket.io/websocket")).await;
        assert_eq!(socket.head().await.status, 101);
        let (_, opening) = rfc6455::read(&mut socket).await;
        let id = messages(std::str::from_utf8(&opening).unwrap()).remove(0);
        let mut other = Peer::open(&server, Transport::WebSocket).await;
        flood(&server, &id);
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::TransportClosed, "{mounting:?}");
        assert_eq!(server.listener.stats().unread_responses, 1, "{mounting:?}");
        other.send(&["meanwhile"]).await;
        assert_eq!(server.events.texts_until(&other.id, 1).await, ["meanwhile"]);
    }
}

#[tokio::test]
async fn what_a_poll_does_not_read_is_there_for_the_next() {
    let server = Server::new(impatient()).await;
    let mut peer = Peer::open(&server, Transport::XhrPolling).await;
    flood(&server, &peer.id);
    let mut poll = narrow(&server).await;
    poll.send(get(&url(Transport::XhrPolling, &peer.id, "1"))).await;
    eventually("the poll to be given up", || server.listener.stats().unread_responses == 1).await;
    let received = peer.receive_all(FLOOD / PIECE).await;
    assert!(received.iter().all(|message| message.len() == PIECE));
    assert_eq!(server.listener.stats().requeued_batches, 1);
    drop(poll);
}
