//! What it costs to tell many clients something, from the call of the application until the bytes are with the stream of
//! each: rooms, encoding, sessions, frames. The streams are in memory and take everything, so the kernel has no part in
//! it, and neither has what is done for plain sockets only.

use bytes::Bytes;
use criterion::{BatchSize, Bencher, BenchmarkId, Criterion, Throughput};
use heirloom::{Client, Listener, Transport};
use http_body_util::Empty;
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf, duplex},
    runtime::{self, Runtime},
    task::yield_now,
};

const TEXT: &str = "the quick brown fox jumps over the lazy dog 1234";
const CROWDS: [usize; 3] = [1, 100, 10_000];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Generation {
    Frames,
    Packets,
    Engine,
}

const MIXTURES: [(&str, &[Generation]); 4] = [
    ("0.6", &[Generation::Frames]),
    ("0.9", &[Generation::Packets]),
    ("4.x", &[Generation::Engine]),
    ("all three", &[Generation::Frames, Generation::Packets, Generation::Engine]),
];

/// A listener with clients that are connected by websocket.
struct Crowd {
    runtime: Runtime,
    listener: Listener,
    clients: Vec<Client>,
    /// The bytes that have come to all of them.
    heard: Arc<AtomicUsize>,
}

impl Crowd {
    fn new(size: usize, generations: &[Generation]) -> Self {
        let runtime = runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = listener();
        let heard = Arc::new(AtomicUsize::new(0));
        runtime.block_on(async {
            for generation in generations.iter().cycle().take(size) {
                let said = first_words(&listener, *generation).await;
                let stream = Ear { said: said.into(), heard: Arc::clone(&heard) };
                tokio::spawn(serve(listener.clone(), stream));
            }
            while listener.clients().len() < size {
                yield_now().await;
            }
        });
        let clients = listener.clients();
        let mut crowd = Self { runtime, listener, clients, heard };
        crowd.settle();
        crowd
    }

    /// Until nothing more is written. Answers how many bytes that were.
    fn settle(&mut self) -> usize {
        let before = self.heard.load(Ordering::Relaxed);
        self.runtime.block_on(async {
            loop {
                let already = self.heard.load(Ordering::Relaxed);
                for _ in 0..100 {
                    yield_now().await;
                }
                if self.heard.load(Ordering::Relaxed) == already {
                    break;
                }
            }
        });
        self.heard.load(Ordering::Relaxed) - before
    }

    /// Measures what is said by `say` until it has come to everyone.
    fn measure(&mut self, bencher: &mut Bencher<'_>, say: impl Fn(&Self)) {
        say(self);
        let bytes = self.settle();
        assert!(bytes > 0, "somebody hears it");
        let crowd = &*self;
        bencher.iter(|| {
            let heard = crowd.heard.load(Ordering::Relaxed) + bytes;
            say(crowd);
            crowd.runtime.block_on(async {
                while crowd.heard.load(Ordering::Relaxed) < heard {
                    yield_now().await;
                }
            });
        });
    }
}

/// One that says nothing of its own accord. What it keeps for clients that come back would make their messages of
/// different lengths.
fn listener() -> Listener {
    const LONG: Duration = Duration::from_secs(3600);
    let builder = Listener::builder().unlimited_handshakes().without_recovery().allow_unsafe_timings();
    let builder = builder.ping_interval(LONG).heartbeat_interval(Transport::WebSocket, LONG);
    builder.build().expect("a listener")
}

async fn serve(listener: Listener, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) {
    let service =
        service_fn(|_: Request<Incoming>| async { Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())) });
    let served = http1::Builder::new().serve_connection(TokioIo::new(stream), listener.wrap(service));
    let _ = served.with_upgrades().await;
}

/// What a client says until it is connected.
async fn first_words(listener: &Listener, generation: Generation) -> Vec<u8> {
    let path = match generation {
        Generation::Frames => "/socket.io/websocket".to_owned(),
        Generation::Packets => format!("/socket.io/1/websocket/{}", handshake(listener).await),
        Generation::Engine => "/socket.io/?EIO=4&transport=websocket".to_owned(),
    };
    let mut words = format!(
        "GET {path} HTTP/1.1\r\nHost: own.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .into_bytes();
    if generation == Generation::Engine {
        // A text frame, masked with noughts, that says `40`.
        words.extend(b"\x81\x82\0\0\0\x0040");
    }
    words
}

/// The id of a new session of 0.9.
async fn handshake(listener: &Listener) -> String {
    let (mut client, server) = duplex(4096);
    tokio::spawn(serve(listener.clone(), server));
    let request = "GET /socket.io/1/?t=1 HTTP/1.1\r\nHost: own.example\r\nConnection: close\r\n\r\n";
    client.write_all(request.as_bytes()).await.expect("the server reads");
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.expect("the server answers");
    let (_, body) = answer.split_once("\r\n\r\n").expect("an answer");
    body.split(':').next().expect("an id").to_owned()
}

/// The stream of a client that has said all it says, and only hears.
struct Ear {
    said: Bytes,
    heard: Arc<AtomicUsize>,
}

impl AsyncRead for Ear {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.said.is_empty() {
            return Poll::Pending;
        }
        let length = self.said.len().min(buffer.remaining());
        buffer.put_slice(&self.said.split_to(length));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ear {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.heard.fetch_add(bytes.len(), Ordering::Relaxed);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut written = 0;
        let mut this = self;
        for slice in slices {
            written += ready!(this.as_mut().poll_write(context, slice))?;
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn broadcasts(criterion: &mut Criterion) {
    for (name, generations) in MIXTURES {
        let mut group = criterion.benchmark_group(format!("broadcast to clients of {name}"));
        for size in CROWDS {
            if size < generations.len() {
                continue;
            }
            let mut crowd = Crowd::new(size, generations);
            group.throughput(Throughput::Elements(size as u64));
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                crowd.measure(bencher, |crowd| assert_eq!(crowd.listener.broadcast(TEXT).dropped, 0));
            });
        }
        group.finish();
    }
}

fn one_of_many(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("one of 10000 clients");
    let mut crowd = Crowd::new(10_000, MIXTURES[3].1);
    group.bench_function("send", |bencher| {
        crowd.measure(bencher, |crowd| crowd.clients[5000].send(TEXT).expect("it is connected"));
    });
    group.bench_function("send by its id", |bencher| {
        let id = crowd.clients[5000].id();
        crowd.measure(bencher, |crowd| {
            crowd.listener.client(&id).expect("it is connected").send(TEXT).expect("it is connected");
        });
    });
    group.finish();
}

fn rooms(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("rooms");
    let mut crowd = Crowd::new(10_000, MIXTURES[3].1);
    for (index, client) in crowd.clients.iter().enumerate().skip(1) {
        client.join("everybody");
        client.join(&format!("a hundred {}", index / 100));
    }
    for (name, room) in [("10000", "everybody"), ("100", "a hundred 0"), ("1", "nobody")] {
        group.bench_function(format!("join and leave one of {name}"), |bencher| {
            bencher.iter_batched(
                || crowd.clients[0].clone(),
                |client| {
                    assert!(client.join(room));
                    client.leave(room);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.throughput(Throughput::Elements(100));
    group.bench_function("send to one of 100", |bencher| {
        crowd.measure(bencher, |crowd| assert_eq!(crowd.listener.to("a hundred 50").send(TEXT).dropped, 0));
    });
    group.finish();
}

fn main() {
    let criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(50);
    let mut criterion = criterion.configure_from_args();
    broadcasts(&mut criterion);
    one_of_many(&mut criterion);
    rooms(&mut criterion);
    criterion.final_summary();
}
