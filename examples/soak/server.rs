//! The server that is abused: a process of its own, so that its memory is its own. It is told what to do by lines on its
//! standard input, and answers each with a line of JSON.

use super::{MEMORY, settings::Settings};
use heirloom::{Client, Listener, Message, SendError};
use http_body_util::Empty;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, service::service_fn};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    convert::Infallible,
    error::Error,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpSocket,
};

/// What the publisher's messages came to, once for each client and message.
#[derive(Debug, Default)]
struct Published {
    queued: AtomicU64,
    dropped: AtomicU64,
    closed: AtomicU64,
    unsupported: AtomicU64,
    /// Answers for which there was no room.
    unanswered: AtomicU64,
}

pub(crate) async fn run(settings: Settings) -> Result<(), Box<dyn Error>> {
    let listener = settings.listener()?;
    let published = Arc::new(Published::default());
    set_up(&listener, &published);
    let socket = TcpSocket::new_v4()?;
    if let Some(bytes) = settings.send_buffer {
        // Those it accepts have the same.
        socket.set_send_buffer_size(bytes)?;
    }
    socket.bind(([127, 0, 0, 1], 0).into())?;
    let socket = socket.listen(4096)?;
    println!("{}", json!({ "address": socket.local_addr()?.to_string() }));
    let accepted = listener.clone();
    tokio::spawn(async move {
        loop {
            let Ok((stream, _)) = socket.accept().await else {
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let listener = accepted.clone();
            // How a connection ends is what the scenario looks at from the other side.
            tokio::spawn(async move { drop(listener.serve(stream, service_fn(nothing)).await) });
        }
    });
    let mut commands = BufReader::new(tokio::io::stdin()).lines();
    // When the scenario ends, so does its server.
    while let Some(command) = commands.next_line().await? {
        println!("{}", obey(&listener, &published, &command).await);
    }
    Ok(())
}

fn set_up(listener: &Listener, published: &Arc<Published>) {
    let published = Arc::clone(published);
    listener.on_message(move |client: Client, message: Message| {
        let published = Arc::clone(&published);
        async move {
            if let Err(error) = answer(&client, message, &published) {
                if error != SendError::Closed {
                    published.unanswered.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
}

fn answer(client: &Client, message: Message, published: &Published) -> Result<(), SendError> {
    let text = message.as_text().unwrap_or_default();
    let mut words = text.splitn(3, ' ');
    match (words.next(), words.next().and_then(|number| number.parse().ok())) {
        (Some("large"), Some(bytes)) => client.transient().send("x".repeat(bytes)),
        (Some("bye"), _) => {
            client.disconnect();
            Ok(())
        }
        (Some("publish"), Some(bytes)) => {
            let outcome = client.broadcast("x".repeat(bytes));
            let counted = [
                (&published.queued, outcome.queued),
                (&published.dropped, outcome.dropped),
                (&published.closed, outcome.closed),
                (&published.unsupported, outcome.unsupported),
            ];
            for (counter, number) in counted {
                counter.fetch_add(number as u64, Ordering::Relaxed);
            }
            client.transient().send(json!(outcome.queued).to_string())
        }
        _ => client.transient().send(message),
    }
}

async fn obey(listener: &Listener, published: &Published, command: &str) -> Value {
    let mut words = command.split(' ');
    let name = words.next();
    let mut number = || words.next().and_then(|word| word.parse().ok()).unwrap_or_default();
    match name {
        Some("figures") => figures(listener, published),
        Some("forget-peak") => {
            MEMORY.reset_peak_usage();
            json!(null)
        }
        // So many numbered messages for everybody.
        Some("queue") => {
            let (messages, bytes) = (number(), number());
            let clients = listener.clients();
            let all = clients.iter().flat_map(|client| (0..messages).map(move |message| (client, message)));
            let send = |(client, message): (&Client, usize)| client.send(format!("{message:.<bytes$}"));
            json!({ "clients": clients.len(), "queued": all.map(send).filter(Result::is_ok).count() })
        }
        Some("shutdown") => {
            let began = Instant::now();
            let left = listener.shutdown(Duration::from_secs(number() as u64)).await;
            json!({ "left": left, "seconds": began.elapsed().as_secs_f64() })
        }
        _ => json!({ "error": command }),
    }
}

fn figures(listener: &Listener, published: &Published) -> Value {
    let stats = listener.stats();
    let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    json!({
        "sessions": stats.sessions,
        "heap": MEMORY.current_usage(),
        "peak": MEMORY.peak_usage(),
        "resident": kilobytes("/proc/self/status", "VmRSS:") * 1024,
        "descriptors": fs::read_dir("/proc/self/fd").map_or(0, Iterator::count),
        "queued": read(&published.queued),
        "dropped": read(&published.dropped),
        "closed": read(&published.closed),
        "unsupported": read(&published.unsupported),
        "unanswered": read(&published.unanswered),
        "stats": stats.counters().collect::<BTreeMap<_, _>>(),
    })
}

/// A figure of the kernel's; none where there is no such file.
fn kilobytes(file: &str, name: &str) -> u64 {
    let text = fs::read_to_string(file).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
}

/// There is no application beside the listener.
async fn nothing(_: Request<Incoming>) -> Result<Response<Empty<Bytes>>, Infallible> {
    let mut response = Response::new(Empty::new());
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
