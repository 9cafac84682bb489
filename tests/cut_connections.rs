//! A poll's connection is cut at every byte of its response: nothing is lost, nothing comes twice.

use heirloom::{Client, Listener};
use http_body_util::Empty;
use hyper::{Request, Response, body::Bytes, body::Incoming, service::service_fn};
use socket2::SockRef;
use std::{
    convert::Infallible,
    net::{Shutdown, SocketAddr},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

/// Those of 0.3 to 0.6, and those of 0.7 to 0.9.
const POLLS: [&str; 4] = ["xhr-polling", "jsonp-polling", "1/xhr-polling", "1/jsonp-polling"];

/// How a connection ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Cut {
    /// The system sends a reset at once.
    Reset,
    /// The orderly way: `close`.
    Close,
    /// The end of the client's side is announced, then the connection is closed.
    EndThenClose,
}

struct Server {
    address: SocketAddr,
    listener: Listener,
    connected: mpsc::UnboundedReceiver<Client>,
}

impl Server {
    async fn start() -> Self {
        let listener = Listener::builder().unlimited_handshakes().build().unwrap();
        let (sender, connected) = mpsc::unbounded_channel();
        listener.on_connect(move |client| {
            let sender = sender.clone();
            async move { sender.send(client).unwrap() }
        });
        let socket = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = socket.local_addr().unwrap();
        let accepting = listener.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = socket.accept().await.unwrap();
                let listener = accepting.clone();
                tokio::spawn(async move {
                    let page =
                        |_: Request<Incoming>| async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) };
                    let _ = listener.serve(stream, service_fn(page)).await;
                });
            }
        });
        Self { address, listener, connected }
    }

    /// A session, as the client and as the application know it. A transport of 0.7 to 0.9 has `1/` before its name.
    async fn session(&mut self, transport: &'static str) -> (Poller, Client) {
        let mut poller = Poller { address: self.address, transport, id: String::new() };
        if transport.starts_with("1/") {
            let mut stream = TcpStream::connect(self.address).await.unwrap();
            stream.write_all(b"GET /socket.io/1/ HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
            let answer = String::from_utf8(read_response(&mut stream).await).unwrap();
            let body = answer.split("\r\n\r\n").last().unwrap();
            poller.id = body.split(':').next().unwrap().to_owned();
            assert!(poller.poll().await.contains("1::"));
        } else {
            let answer = poller.poll().await;
            let id = answer.split("~m~").last().unwrap();
            poller.id = id.chars().take_while(char::is_ascii_alphanumeric).collect();
        }
        let client = self.connected.recv().await.unwrap();
        assert_eq!(client.id(), poller.id);
        (poller, client)
    }
}

struct Poller {
    address: SocketAddr,
    transport: &'static str,
    id: String,
}

impl Poller {
    async fn send_request(&self) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(self.request().as_bytes()).await.unwrap();
        stream
    }

    fn request(&self) -> String {
        let tail = if self.transport.starts_with("1/") { "?t=1&i=0" } else { "/1/0" };
        format!("GET /socket.io/{}/{}{tail} HTTP/1.1\r\nHost: a\r\n\r\n", self.transport, self.id)
    }

    /// Polls and reads the whole answer, on a connection of its own that is closed orderly.
    async fn poll(&self) -> String {
        let mut stream = self.send_request().await;
        String::from_utf8(read_response(&mut stream).await).unwrap()
    }

    /// Polls, reads so many bytes of the answer, and cuts. Answers the whole response when it was read to its end.
    async fn poll_and_cut(&self, bytes: usize, cut: Cut) -> Option<String> {
        let mut stream = self.send_request().await;
        // The answer has arrived in the client's system, whether it is read or not.
        stream.readable().await.unwrap();
        let mut read = vec![0; bytes];
        stream.read_exact(&mut read).await.unwrap();
        let text = String::from_utf8_lossy(&read).into_owned();
        let whole = is_whole(&read).then_some(text);
        match cut {
            Cut::Reset => SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap(),
            Cut::Close => {}
            Cut::EndThenClose => SockRef::from(&stream).shutdown(Shutdown::Write).unwrap(),
        }
        drop(stream);
        whole
    }
}

fn is_whole(response: &[u8]) -> bool {
    let text = String::from_utf8_lossy(response);
    let Some((head, _)) = text.split_once("\r\n\r\n") else { return false };
    let length: usize = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap().parse().unwrap();
    response.len() == head.len() + 4 + length
}

async fn read_response(stream: &mut TcpStream) -> Vec<u8> {
    let mut response = Vec::new();
    while !is_whole(&response) {
        assert_ne!(stream.read_buf(&mut response).await.unwrap(), 0, "the answer is complete");
    }
    response
}

/// The numbered messages in the order they arrived.
fn numbers(text: &str) -> Vec<usize> {
    let number = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap();
    text.split('#').skip(1).map(number).collect()
}

async fn cut_at_every_byte(transport: &'static str, cut: Cut) {
    let mut server = Server::start().await;
    let (poller, client) = server.session(transport).await;
    let (mut sent, mut received) = (0, Vec::new());
    let mut send = |client: &Client| {
        client.send(format!("#{sent}")).unwrap();
        sent += 1;
    };
    send(&client);
    let length = poller.poll().await;
    received.extend(numbers(&length));
    // The number of digits changes the length of an answer by little.
    let mut at = 0;
    loop {
        send(&client);
        send(&client);
        // A reset after the last byte looks like one before it: the client's system has acknowledged all of it in
        // both cases. So the last byte is left out, as nobody can tell.
        let last = length.len() + if cut == Cut::Reset { 0 } else { 1 };
        if at >= last {
            break;
        }
        if let Some(whole) = poller.poll_and_cut(at, cut).await {
            received.extend(numbers(&whole));
        }
        received.extend(numbers(&poller.poll().await));
        at += 1;
    }
    received.extend(numbers(&poller.poll().await));
    assert_eq!(received, (0..received.len()).collect::<Vec<_>>(), "{transport}, {cut:?}");
    assert!(received.len() >= 2 * at, "{transport}, {cut:?}: {} of {sent} arrived", received.len());
    assert!(server.listener.stats().requeued_batches >= at as u64 - 1, "the cuts were noticed");
}

#[tokio::test]
async fn a_reset_at_any_byte_of_an_answer_loses_and_doubles_nothing() {
    for transport in POLLS {
        cut_at_every_byte(transport, Cut::Reset).await;
    }
}

#[tokio::test]
async fn an_orderly_close_at_any_byte_of_an_answer_loses_and_doubles_nothing() {
    for transport in POLLS {
        cut_at_every_byte(transport, Cut::Close).await;
    }
}

#[tokio::test]
async fn an_end_and_then_a_close_at_any_byte_of_an_answer_loses_and_doubles_nothing() {
    for transport in POLLS {
        cut_at_every_byte(transport, Cut::EndThenClose).await;
    }
}

#[tokio::test]
async fn a_client_that_uses_one_connection_is_not_told_twice() {
    let mut server = Server::start().await;
    for transport in POLLS {
        let (poller, client) = server.session(transport).await;
        let mut stream = poller.send_request().await;
        let mut received = Vec::new();
        for number in 0..100 {
            client.send(format!("#{number}")).unwrap();
            let answer = read_response(&mut stream).await;
            received.extend(numbers(&String::from_utf8(answer).unwrap()));
            stream.write_all(poller.request().as_bytes()).await.unwrap();
        }
        assert_eq!(received, (0..100).collect::<Vec<_>>(), "{transport}");
    }
    assert_eq!(server.listener.stats().requeued_batches, 0);
}

#[tokio::test]
async fn an_answer_larger_than_every_buffer_comes_again_when_it_was_cut() {
    let mut server = Server::start().await;
    let cuts = [Cut::Reset, Cut::Close, Cut::EndThenClose].into_iter();
    for (cut, transport) in cuts.flat_map(|cut| ["xhr-polling", "1/xhr-polling"].map(|transport| (cut, transport))) {
        let (poller, client) = server.session(transport).await;
        let large = "x".repeat(900_000);
        client.send(&*large).unwrap();
        assert_eq!(poller.poll_and_cut(50_000, cut).await, None);
        let answer = poller.poll().await;
        assert!(answer.ends_with(&large), "{cut:?}");
        client.send("#1").unwrap();
        assert_eq!(numbers(&poller.poll().await), [1], "{cut:?}: and only once");
    }
}

#[tokio::test]
async fn a_poll_that_is_cut_while_it_waits_takes_nothing_along() {
    let mut server = Server::start().await;
    let cuts = [Cut::Reset, Cut::Close].into_iter();
    for (cut, transport) in cuts.flat_map(|cut| POLLS.map(|transport| (cut, transport))) {
        let (poller, client) = server.session(transport).await;
        let stream = poller.send_request().await;
        if cut == Cut::Reset {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
        }
        drop(stream);
        client.send("#0").unwrap();
        assert_eq!(numbers(&poller.poll().await), [0], "{transport} {cut:?}");
        assert_eq!(client.queued().1, 1, "until the next request it is not known to have arrived");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_client_that_polls_again_at_once_is_not_told_twice() {
    let mut server = Server::start().await;
    let mut clients = Vec::new();
    for transport in POLLS.into_iter().cycle().take(8) {
        let (poller, client) = server.session(transport).await;
        clients.push(tokio::spawn(async move {
            for number in 0..500 {
                client.send(format!("#{number}")).unwrap();
                // Each on a connection of its own: nothing but the answer itself says that it was read.
                assert_eq!(numbers(&poller.poll().await), [number]);
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
    assert_eq!(server.listener.stats().requeued_batches, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_reset_and_a_poll_at_the_same_moment_lose_nothing() {
    let mut server = Server::start().await;
    let mut clients = Vec::new();
    for seed in 0..8_usize {
        let (poller, client) = server.session(POLLS[seed % POLLS.len()]).await;
        clients.push(tokio::spawn(async move {
            for number in 0..300 {
                client.send(format!("#{number}")).unwrap();
                let cut = [Cut::Reset, Cut::Close, Cut::EndThenClose][(number + seed) % 3];
                assert_eq!(poller.poll_and_cut((number * 7 + seed) % 100, cut).await, None);
                assert_eq!(numbers(&poller.poll().await), [number], "{cut:?}");
            }
        }));
    }
    for client in clients {
        client.await.unwrap();
    }
}

/// Only where the kernel tells what was not acknowledged.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn an_answer_that_waits_in_the_servers_system_comes_on_the_connection_that_works() {
    let mut server = Server::start().await;
    let (poller, client) = server.session("xhr-polling").await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(2048).unwrap();
    let mut stalled = socket.connect(server.address).await.unwrap();
    let request = format!("GET /socket.io/xhr-polling/{}/1 HTTP/1.1\r\nHost: a\r\n\r\n", poller.id);
    stalled.write_all(request.as_bytes()).await.unwrap();
    let large = "x".repeat(300_000);
    client.send(&large).unwrap();
    stalled.read_exact(&mut [0; 10]).await.unwrap();
    assert!(poller.poll().await.ends_with(&large));
    client.send("#1").unwrap();
    assert_eq!(numbers(&poller.poll().await), [1], "and only once");
}
