//! A whole server, in a time of its own: what strangers write on connections, to the last byte, and what is left of them.

use crate::{Ack, Client, Data, Dialect, Listener, Message, Stats};
use http_body_util::Full;
use hyper::{Request, Response, body::Bytes, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    runtime,
    task::JoinHandle,
    time::{sleep, timeout},
};

/// What stands between two parts of a script.
const BETWEEN: &[u8] = b"\n~~~\n";
/// In its place comes the id of the session that began last.
const SESSION: &[u8] = b"SESSION";
/// More than any part needs.
const MOST_PARTS: usize = 12;
const PIPE_BYTES: usize = 16 * 1024;
/// Longer than any session lives whose client is gone, or may come back.
const LONGEST: Duration = Duration::from_secs(600);

/// Each part of the script is what a new connection says; one that begins with `+` is said on the connection before,
/// after one that begins with `!` the connection breaks, and before one that begins with `.` some time passes. In the end
/// all connections break, and nothing is left of them.
pub fn server(bytes: &[u8]) {
    serve(bytes);
}

/// Tells what there was to count.
pub(super) fn serve(bytes: &[u8]) -> Option<Stats> {
    let runtime = runtime::Builder::new_current_thread().enable_time().start_paused(true).build().ok()?;
    runtime.block_on(async {
        let listener = listener();
        let mut clients = Clients { listener: listener.clone(), connections: Vec::new(), session: String::new() };
        let mut rest = bytes;
        for _ in 0..MOST_PARTS {
            let (part, behind) = split(rest);
            clients.say(part).await;
            let Some(behind) = behind else { break };
            rest = behind;
        }
        let served: Vec<_> = clients.connections.into_iter().map(|connection| connection.served).collect();
        sleep(LONGEST).await;
        for served in served {
            assert!(served.is_finished(), "a connection that broke is over");
            assert!(served.await.is_ok(), "nothing panics");
        }
        let stats = listener.stats();
        for (name, number) in stats.gauges() {
            assert_eq!(number, 0, "{name}: nothing is left of who has gone");
        }
        Some(stats)
    })
}

/// The part at the front, and what is behind what ends it.
fn split(bytes: &[u8]) -> (&[u8], Option<&[u8]>) {
    match bytes.windows(BETWEEN.len()).position(|window| window == BETWEEN) {
        Some(at) => (&bytes[..at], Some(&bytes[at + BETWEEN.len()..])),
        None => (bytes, None),
    }
}

fn listener() -> Listener {
    let builder = Listener::builder()
        .also_mount("old", Dialect::Json)
        .also_mount("engine.io", Dialect::BareEngine)
        .also_mount("ws", Dialect::BareWebSocket)
        .max_body_bytes(2000)
        .max_frame_bytes(2000)
        .max_payload_packets(20)
        .max_json_depth(8);
    let Ok(listener) = builder.build() else { panic!("these options agree with one another") };
    for name in ["/", "/chat"] {
        let namespace = listener.of(name);
        namespace.on_connect(|client: Client| async move {
            client.join("all");
            _ = client.emit("welcome", &[1, 2]);
        });
        namespace.on_message(|client: Client, message: Message| async move {
            _ = client.send(message);
        });
        namespace.on("say", |client: Client, data: Data, ack: Option<Ack>| async move {
            _ = client.to("all").emit("said", &data);
            _ = client.emit("echo", &data);
            if let Some(ack) = ack {
                _ = ack.send(&data);
            }
        });
        namespace.on("leave", |client: Client, _: Data, _: Option<Ack>| async move { client.disconnect() });
    }
    listener
}

struct Clients {
    listener: Listener,
    connections: Vec<Connection>,
    session: String,
}

struct Connection {
    stream: Option<DuplexStream>,
    served: JoinHandle<()>,
}

impl Clients {
    async fn say(&mut self, part: &[u8]) {
        let (how, said) = match part {
            [how @ (b'+' | b'!' | b'.'), said @ ..] => (*how, said),
            said => (0, said),
        };
        if how == b'.' {
            sleep(Duration::from_secs(7)).await;
        }
        if how != b'+' || self.connections.is_empty() {
            self.connections.push(self.connect());
        }
        // What answers a handshake has the session's id; later there are other ids.
        let begins = !said.windows(SESSION.len()).any(|window| window == SESSION);
        let said = self.with_session(said);
        let Some(connection) = self.connections.last_mut() else { return };
        let Some(stream) = &mut connection.stream else { return };
        // The other side may read no more.
        _ = timeout(Duration::from_millis(200), stream.write_all(&said)).await;
        if how == b'!' {
            connection.stream = None;
            return;
        }
        let mut heard = vec![0; PIPE_BYTES];
        while let Ok(Ok(count @ 1..)) = timeout(Duration::from_millis(200), stream.read(&mut heard)).await {
            if let Some(session) = session_in(&heard[..count]).filter(|_| begins) {
                self.session = session;
            }
        }
    }

    fn connect(&self) -> Connection {
        let (stream, other) = duplex(PIPE_BYTES);
        let application = service_fn(|_: Request<hyper::body::Incoming>| async {
            Ok::<_, Infallible>(Response::new(Full::new(Bytes::from_static(b"the application's"))))
        });
        let service = self.listener.wrap(application);
        let served = http1::Builder::new().serve_connection(TokioIo::new(other), service).with_upgrades();
        let served = tokio::spawn(async move {
            // What strangers write may be no HTTP.
            _ = served.await;
        });
        Connection { stream: Some(stream), served }
    }

    fn with_session(&self, mut said: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(at) = said.windows(SESSION.len()).position(|window| window == SESSION) {
            all.extend_from_slice(&said[..at]);
            all.extend_from_slice(self.session.as_bytes());
            said = &said[at + SESSION.len()..];
        }
        all.extend_from_slice(said);
        all
    }
}

/// The first id in what a client has heard.
fn session_in(heard: &[u8]) -> Option<String> {
    let mut words = heard.split(|byte| !matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let id = words.find(|word| word.len() == 32)?;
    String::from_utf8(id.to_vec()).ok()
}
