//! Clients that read more slowly than is said to them, of three generations, by polling and on sockets.

use crate::support::{
    PacketPeer, Peer, Server,
    engine::{EnginePeer, Four, Packet, opening},
    eventually,
};
use heirloom::{Builder, Client, DisconnectReason, Listener, OnFull, SendError, Transport};
use std::ops::Range;

/// How many messages may wait for a client.
const QUEUE: usize = 8;
/// So large that few of them fill what the system keeps for a socket.
const LENGTH: usize = 64 * 1024;

/// A client of some generation.
#[derive(Debug)]
enum Reader {
    Frames(Peer),
    Packets(PacketPeer),
    Engine(EnginePeer),
}

impl Reader {
    async fn all(server: &Server) -> [Self; 6] {
        [
            Self::Frames(Peer::open(server, Transport::WebSocket).await),
            Self::Frames(Peer::open(server, Transport::XhrPolling).await),
            Self::Packets(PacketPeer::open(server, Transport::WebSocket).await),
            Self::Packets(PacketPeer::open(server, Transport::XhrPolling).await),
            Self::Engine(EnginePeer::connect(server, Four, Transport::WebSocket).await),
            Self::Engine(EnginePeer::connect(server, Four, Transport::Polling).await),
        ]
    }

    fn is_polling(&self) -> bool {
        match self {
            Self::Frames(peer) => peer.transport.is_polling(),
            Self::Packets(peer) => peer.transport.is_polling(),
            Self::Engine(peer) => peer.transport.is_polling(),
        }
    }

    fn client(&self, server: &Server) -> Client {
        match self {
            Self::Frames(peer) => server.listener.client(&peer.id).unwrap(),
            Self::Packets(peer) => peer.client(server),
            Self::Engine(peer) => peer.client(server),
        }
    }

    /// The number in the next message.
    async fn hears(&mut self) -> usize {
        number(&match self {
            Self::Frames(peer) => peer.receive().await,
            Self::Packets(peer) => peer.receive().await,
            Self::Engine(peer) => peer.receive().await,
        })
    }

    /// The numbers in everything that comes until the session is over.
    async fn hears_to_the_end(self) -> Vec<usize> {
        let texts = match self {
            Self::Frames(peer) => peer.ended().await,
            Self::Packets(peer) => peer.ended().await,
            Self::Engine(peer) => {
                let packets = peer.ended().await;
                let texts = packets.iter().map(|packet| match packet {
                    Packet::Text(text) => text.clone(),
                    Packet::Binary(_) => panic!("{packet:?}"),
                });
                // What is left of its protocol: it is out of the namespace, and the session is over.
                texts.filter(|text| text != "41" && text != "1").collect()
            }
        };
        texts.iter().map(|text| number(text)).collect()
    }
}

fn number(text: &str) -> usize {
    text.split('#').nth(1).unwrap_or_else(|| panic!("no number: {text:?}")).parse().unwrap()
}

fn text(number: usize, reader: &Reader) -> String {
    let length = if reader.is_polling() { 10 } else { LENGTH };
    format!("#{number}#{}", "x".repeat(length))
}

fn builder(on_full: OnFull) -> Builder {
    Listener::builder().without_recovery().queue_messages(QUEUE).on_full(on_full)
}

/// Sends numbers, the first of them 0, until the condition holds; answers how many.
async fn send_until(
    reader: &Reader,
    client: &Client,
    mut condition: impl FnMut(Result<(), SendError>) -> bool,
) -> usize {
    for number in 0..2000 {
        if condition(client.send(text(number, reader))) {
            return number;
        }
        // The system's buffers take their share.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
    }
    panic!("125 MiB have left for a client that reads nothing");
}

async fn hears_all(reader: &mut Reader, numbers: Range<usize>) {
    for number in numbers {
        assert_eq!(reader.hears().await, number, "{reader:?}");
    }
}

#[tokio::test]
async fn the_newest_messages_are_refused_and_the_rest_is_delivered() {
    let server = Server::new(builder(OnFull::DropNewest)).await;
    let mut refused = 0;
    for mut reader in Reader::all(&server).await {
        let client = reader.client(&server);
        let count = send_until(&reader, &client, |outcome| outcome == Err(SendError::Full)).await;
        refused += 1;
        assert_eq!(client.queued().1, QUEUE, "{reader:?}");
        hears_all(&mut reader, 0..count).await;
        eventually("the queue to be empty", || client.queued() == (0, 0) || reader.is_polling()).await;
        assert!(client.is_connected());
    }
    let stats = server.listener.stats();
    assert_eq!((stats.dropped_messages, stats.dropped_oldest, stats.overflowed_sessions), (refused, 0, 0));
}

#[tokio::test]
async fn the_oldest_messages_make_room_for_the_newest() {
    let server = Server::new(builder(OnFull::DropOldest)).await;
    for mut reader in Reader::all(&server).await {
        let client = reader.client(&server);
        let before = server.listener.stats().dropped_oldest;
        let dropped = || usize::try_from(server.listener.stats().dropped_oldest - before).unwrap();
        let last = send_until(&reader, &client, |outcome| outcome.is_err() || dropped() >= 20).await;
        assert_eq!(client.queued().1, QUEUE, "{reader:?}");
        let (mut heard, mut gaps) = (reader.hears().await, 0);
        gaps += heard;
        while heard < last {
            let next = reader.hears().await;
            assert!(next > heard, "{reader:?}: {next} after {heard}");
            gaps += next - heard - 1;
            heard = next;
        }
        assert_eq!(gaps, dropped(), "{reader:?}: every gap is counted");
        assert!(client.is_connected());
    }
    let stats = server.listener.stats();
    assert_eq!((stats.dropped_messages, stats.undelivered_messages), (0, 0));
}

#[tokio::test]
async fn clients_that_cannot_do_with_gaps_are_disconnected_behind_what_waited() {
    let server = Server::new(builder(OnFull::Disconnect)).await;
    let mut overflowed = 0;
    for reader in Reader::all(&server).await {
        let (client, what) = (reader.client(&server), format!("{reader:?}"));
        let count = send_until(&reader, &client, |outcome| outcome == Err(SendError::Full)).await;
        overflowed += 1;
        assert_eq!(server.events.disconnected(&client.id()).await, DisconnectReason::QueueFull, "{what}");
        assert_eq!(client.send("late"), Err(SendError::Closed), "{what}");
        assert_eq!(reader.hears_to_the_end().await, (0..count).collect::<Vec<_>>(), "{what}");
    }
    eventually("the sessions to close", || server.listener.stats().sessions == 0).await;
    let stats = server.listener.stats();
    assert_eq!((stats.overflowed_sessions, stats.undelivered_messages), (overflowed, 0));
    assert_eq!((stats.queued_messages, stats.queued_bytes, stats.total_queue_bytes), (0, 0, 0));
}

#[tokio::test]
async fn a_broadcast_sends_the_slow_away_and_they_come_back_for_all_of_it() {
    // What is kept for them must not be in the way of their end.
    let server = Server::new(Listener::builder().queue_messages(QUEUE).on_full(OnFull::Disconnect)).await;
    let way = opening(Four, Transport::Polling).query("&t=PkX1aZ2b");
    let mut peer = way.open(&server).await;
    peer.send(&["40"]).await;
    let told = peer.welcomed().await;
    let broadcast = |number: usize| {
        let outcome = server.listener.broadcast(format!("#{number}#"));
        (outcome.queued, outcome.dropped)
    };
    assert_eq!([0, 1, 2].map(broadcast), [(1, 0); 3]);
    let heard = peer.receive_all(3).await;
    let offset = heard[2].rsplit('"').nth(1).unwrap();
    // Until its next poll these count as well.
    assert_eq!([3, 4, 5, 6, 7, 8].map(broadcast), [(1, 0), (1, 0), (1, 0), (1, 0), (1, 0), (0, 1)]);
    assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::QueueFull);
    let mut again = way.open(&server).await;
    again.send(&[&format!(r#"40{{"pid":{},"offset":"{offset}"}}"#, told["pid"])]).await;
    assert_eq!(again.welcomed().await, told);
    for expected in 3..=8 {
        assert_eq!(number(&again.receive().await), expected);
    }
    let stats = server.listener.stats();
    assert_eq!((stats.overflowed_sessions, stats.recovered_clients), (1, 1));
}

#[tokio::test]
async fn acknowledgements_are_never_dropped_for_messages() {
    let server = Server::new(builder(OnFull::DropOldest)).await;
    let mut peer = EnginePeer::connect(&server, Four, Transport::Polling).await;
    server.listener.on("echo", |_: Client, (): (), ack: Option<heirloom::Ack>| async move {
        let _ = ack.map(|ack| ack.send(&()));
    });
    let client = peer.client(&server);
    client.send("before").unwrap();
    peer.send(&[r#"421["echo"]"#]).await;
    // With the answer to its entry, until its next poll.
    eventually("the acknowledgement to wait", || client.queued().1 == 3).await;
    for number in 0..20 {
        client.send(number.to_string()).unwrap();
    }
    assert_eq!(peer.receive().await, "431[]");
    for number in 14..20 {
        assert_eq!(peer.receive().await, format!(r#"42["message","{number}"]"#));
    }
    assert_eq!(server.listener.stats().dropped_oldest, 1 + 14);
}

#[tokio::test]
async fn clients_that_do_not_read_share_what_there_is_and_leave_room_for_who_reads() {
    const TOTAL: usize = 1 << 20;
    for on_full in [OnFull::DropNewest, OnFull::DropOldest] {
        let builder = Listener::builder().without_recovery().total_queue_bytes(TOTAL).on_full(on_full);
        let server = Server::new(builder).await;
        let mut readers = Vec::new();
        // Fewer than those who share the cost of a message.
        for _ in 0..14 {
            readers.push(PacketPeer::open(&server, Transport::XhrPolling).await);
        }
        let mut reader = PacketPeer::open(&server, Transport::WebSocket).await;
        let mut last = server.listener.stats();
        for round in 0..100 {
            let message = format!("#{round}#{}", "x".repeat(2000));
            let outcome = server.listener.broadcast(message.as_str());
            assert_eq!(outcome.queued + outcome.dropped, 15);
            assert_eq!(reader.receive().await, format!("3:::{message}"), "{on_full:?}: whoever reads, gets it");
            last = server.listener.stats();
            assert!(last.total_queue_bytes <= TOTAL / 4 * 3 + 4096 && last.queued_bytes < last.total_queue_bytes);
        }
        assert!(last.total_queue_bytes > TOTAL / 10 * 6, "what there is, is used: {last:?}");
        let lost = if on_full == OnFull::DropNewest { last.dropped_messages } else { last.dropped_oldest };
        assert_eq!(last.queued_messages as u64 + lost, 14 * 100, "whatever was not queued was counted");
        let held: Vec<_> = readers.iter().map(|peer| peer.client(&server).queued().1).collect();
        assert!(held.iter().max().unwrap() - held.iter().min().unwrap() <= 1, "{held:?}");
        for client in server.listener.clients() {
            client.disconnect();
        }
        for peer in readers {
            peer.ended().await;
        }
        eventually("the sessions to close", || server.listener.stats().sessions == 0).await;
        assert_eq!(server.listener.stats().total_queue_bytes, 0, "{on_full:?}");
    }
}

#[tokio::test]
async fn what_is_sent_is_counted() {
    let server = Server::new(builder(OnFull::DropNewest)).await;
    let mut peer = PacketPeer::open(&server, Transport::WebSocket).await;
    let client = peer.client(&server);
    let before = server.listener.stats();
    client.send("12345").unwrap();
    client.send("678").unwrap();
    assert_eq!(server.listener.stats().queued_messages, 2);
    assert_eq!(peer.receive_all(2).await, ["3:::12345", "3:::678"]);
    eventually("the queue to be empty", || client.queued() == (0, 0)).await;
    let after = server.listener.stats();
    assert_eq!(after.sent_messages - before.sent_messages, 2);
    assert_eq!(after.sent_bytes - before.sent_bytes, "3:::123453:::678".len() as u64);
    assert!((1..=2).contains(&(after.sent_batches - before.sent_batches)));
    // The client gives its socket up and goes on by polling.
    let mut again = PacketPeer::attach(&server, Transport::XhrPolling, &peer.id).await;
    again.park().await;
    eventually("the poll", || server.listener.stats().reconnections == before.reconnections + 1).await;
    client.send("again").unwrap();
    assert_eq!(again.receive_all(2).await, ["1::", "3:::again"]);
}
