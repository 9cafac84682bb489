//! Heartbeats: answered in one dialect, sent for their own sake in the other.

use crate::support::{Mounting, Peer, Server, get, milliseconds, rfc6455};
use futures_util::future::join_all;
use heirloom::{Builder, Dialect, DisconnectReason, Listener, Transport};
use tokio::time::Instant;

const WITH_HEARTBEATS: [Transport; 5] = [
    Transport::WebSocket,
    Transport::FlashSocket,
    Transport::HtmlFile,
    Transport::XhrMultipart,
    Transport::ServerEvents,
];

fn timed(interval: u64, timeout: u64) -> Builder {
    WITH_HEARTBEATS.into_iter().fold(Listener::builder(), |builder, transport| {
        builder
            .heartbeat_interval(transport, milliseconds(interval))
            .heartbeat_timeout(transport, milliseconds(timeout))
    })
}

#[tokio::test]
async fn each_answer_is_followed_by_the_next_heartbeat() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, timed(40, 5000)).await;
        join_all(WITH_HEARTBEATS.map(async |transport| {
            let mut peer = Peer::open(&server, transport).await;
            assert_eq!(peer.receive().await, "~h~1", "{transport}");
            for number in 1..=3 {
                let answered = Instant::now();
                peer.send(&[&format!("~h~{number}")]).await;
                assert_eq!(peer.receive().await, format!("~h~{}", number + 1), "{transport}");
                assert!(answered.elapsed() >= milliseconds(40), "the interval runs from the answer");
            }
            assert_eq!(server.events.texts(&peer.id), [""; 0], "heartbeats are no messages");
        }))
        .await;
    }
}

#[tokio::test]
async fn only_the_right_answer_counts() {
    let server = Server::new(timed(40, 200)).await;
    join_all(WITH_HEARTBEATS.map(async |transport| {
        let mut peer = Peer::open(&server, transport).await;
        let id = peer.id.clone();
        assert_eq!(peer.receive().await, "~h~1");
        peer.send(&["~h~0", "~h~2", "~h~", "~h~01x", "1", "~j~{}"]).await;
        let answered = Instant::now();
        assert!(peer.ended().await.is_empty(), "{transport}: no second heartbeat, and the connection ends");
        assert!(answered.elapsed() < milliseconds(5000));
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::HeartbeatTimeout);
    }))
    .await;
}

#[tokio::test]
async fn polls_have_no_heartbeats() {
    let server = Server::new(timed(20, 20)).await;
    for transport in [Transport::XhrPolling, Transport::JsonpPolling] {
        let mut peer = Peer::open(&server, transport).await;
        peer.park().await;
        tokio::time::sleep(milliseconds(120)).await;
        server.listener.client(&peer.id).unwrap().send("first").unwrap();
        assert_eq!(peer.receive().await, "first");
    }
}

#[tokio::test]
async fn the_heartbeats_of_envelopes_go_one_way() {
    let builder = WITH_HEARTBEATS
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.heartbeat_interval(transport, milliseconds(40)));
    let server = Server::json(Mounting::Serve, builder).await;
    assert_eq!(server.dialect, Dialect::Json);
    let mut htmlfile = server.ask(get("/socket.io/htmlfile//1")).await.stream().await;
    let mut multipart = server.ask(get("/socket.io/xhr-multipart")).await.stream().await;
    let mut events = server.ask(get("/socket.io/server-events")).await.stream().await;
    let mut socket = rfc6455::open(&server, "/socket.io/websocket").await;
    let _ = htmlfile.until("</script>").await;
    let _ = (multipart.until("--socketio\n").await, multipart.until("--socketio\n").await);
    let _ = (events.until("\n\n").await, events.until("\n\n").await);
    rfc6455::read(&mut socket).await;
    for _ in 0..3 {
        assert_eq!(htmlfile.until("-->").await, "<!-- heartbeat -->");
        let part = multipart.until("--socketio\n").await;
        assert_eq!(part, "Content-Type: text/plain; charset=us-ascii\n\n\u{6}\n--socketio\n");
        assert_eq!(events.until("\n\n").await, ":\n\n");
        let (_, text) = rfc6455::read(&mut socket).await;
        assert_eq!(text, b"{\"heartbeat\":\"1\"}");
    }
    assert_eq!(server.listener.stats().sessions, 4, "nobody has to answer");
}
