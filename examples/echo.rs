//! The measuring post: a small application that every client and every benchmark can talk to. It sends messages back,
//! broadcasts, joins rooms and says goodbye; every setting comes from the environment.

use heirloom::{Ack, Attempt, Builder, Client, Dialect, Listener, Message, Namespace, Refusal, SendError, Transport};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, service::service_fn};
use serde_json::value::RawValue;
use std::{convert::Infallible, env, error::Error, fmt::Display, process::ExitCode, str::FromStr, time::Duration};
use tokio::{net::TcpListener, runtime};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("warn")).init();
    let mut builder = match setting::<usize>("THREADS")? {
        Some(0) => runtime::Builder::new_current_thread(),
        threads => {
            let mut builder = runtime::Builder::new_multi_thread();
            threads.map(|threads| builder.worker_threads(threads));
            builder
        }
    };
    builder.enable_all().build()?.block_on(serve())
}

async fn serve() -> Result<(), Box<dyn Error>> {
    let listener = configure(Listener::builder())?.build()?;
    listener.authorize(|attempt: Attempt| async move {
        let denied = attempt.query_value("deny").as_deref() == Some("1");
        if denied { Err(Refusal::unauthorized("deny=1")) } else { Ok(()) }
    });
    for name in ["/", "/chat", "/private"] {
        set_up(&listener.of(name));
    }
    listener.of("/private").authorize(|attempt: Attempt| async move {
        let tokens = [attempt.query_value("token"), attempt.handshake().query_value("token")];
        if tokens.iter().flatten().any(|token| token == "open") {
            Ok(())
        } else {
            Err(Refusal::unauthorized("no token"))
        }
    });
    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".into());
    let address = format!("{host}:{}", setting("PORT")?.unwrap_or(3000_u16));
    let socket = TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("listening on http://{}", socket.local_addr()?);
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log::warn!(target: "echo", "accept: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let listener = listener.clone();
        tokio::spawn(async move {
            if let Err(error) = listener.serve(stream, service_fn(page)).await {
                log::debug!(target: "echo", "{error}");
            }
        });
    }
}

/// What every namespace does. The log tells of sessions, which are those of the root.
fn set_up(namespace: &Namespace) {
    if namespace.name() == "/" {
        namespace
            .on_connect(|client| async move { log::info!(target: "echo", "connect {}", client.id()) })
            .on_disconnect(|client, reason| async move {
                log::info!(target: "echo", "disconnect {} {reason}", client.id())
            });
    }
    namespace.on_message(|client, message| async move { report(&client, answer(&client, message)) }).on(
        "echo",
        |client: Client, arguments: Vec<Box<RawValue>>, ack: Option<Ack>| async move {
            let sent = match ack {
                Some(ack) => ack.send(&arguments),
                None => client.emit("echo", &arguments),
            };
            report(&client, sent);
        },
    );
}

fn report(client: &Client, sent: Result<(), SendError>) {
    if let Err(error) = sent {
        log::info!(target: "echo", "no answer to {}: {error}", client.id());
    }
}

fn answer(client: &Client, message: Message) -> Result<(), SendError> {
    let Some(text) = message.as_text() else { return client.send(message) };
    if text.starts_with("b:") {
        let outcome = client.listener().of(client.namespace()).broadcast(message);
        if outcome.dropped > 0 {
            log::info!(target: "echo", "{} clients missed a broadcast", outcome.dropped);
        }
        return Ok(());
    }
    let mut words = text.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("!burst"), Some(count), None) => {
            let count: u32 = count.parse().unwrap_or(0);
            (0..count).try_for_each(|number| client.send(number.to_string()))
        }
        (Some("!join"), Some(room), None) => {
            client.join(room);
            client.send("ok")
        }
        (Some("!leave"), Some(room), None) => {
            client.leave(room);
            client.send("ok")
        }
        (Some("!say"), Some(room), Some(text)) => {
            let outcome = client.to(room).send(text);
            log::debug!(target: "echo", "said to {}", outcome.queued);
            Ok(())
        }
        (Some("!whoami"), None, None) => client.send(serde_json::json!({
            "id": client.id(),
            "generation": client.generation().name(),
            "transport": client.transport().name(),
            "namespace": client.namespace(),
        })),
        (Some("!bye"), None, None) => {
            client.disconnect();
            Ok(())
        }
        _ => client.send(message),
    }
}

/// Everything outside the resource is the application's own.
async fn page(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/" {
        return Ok(Response::new(Full::from("hello from the app")));
    }
    let mut response = Response::new(Full::from("not here"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

fn configure(mut builder: Builder) -> Result<Builder, Box<dyn Error>> {
    if let Some(resource) = setting::<String>("RESOURCE")? {
        builder = builder.resource(resource);
    }
    if let Some(names) = list("TRANSPORTS") {
        let transports: Result<Vec<Transport>, _> = names.iter().map(|name| name.parse()).collect();
        builder = builder.transports(transports.map_err(|error| format!("TRANSPORTS: {error}"))?);
    }
    if let Some(origins) = list("ORIGINS") {
        builder = builder.origins(origins);
    }
    match env::var("DIALECT").as_deref() {
        Ok("json") => builder = builder.dialect(Dialect::Json),
        Ok("frames") | Err(_) => {}
        Ok(other) => return Err(format!("DIALECT: {other:?} is neither frames nor json").into()),
    }
    let milliseconds = |name| setting(name).map(|value| value.map(Duration::from_millis));
    let (interval, timeout) = (milliseconds("HEARTBEAT_INTERVAL")?, milliseconds("HEARTBEAT_TIMEOUT")?);
    let (close, poll) = (milliseconds("CLOSE_TIMEOUT")?, milliseconds("POLL_DURATION")?);
    for transport in Transport::ALL {
        let streams = !transport.is_polling();
        if let Some(interval) = interval.filter(|_| streams) {
            builder = builder.heartbeat_interval(transport, interval);
        }
        if let Some(timeout) = timeout.filter(|_| streams) {
            builder = builder.heartbeat_timeout(transport, timeout);
        }
        if let Some(close) = close {
            builder = builder.close_timeout(transport, close);
        }
        if let Some(poll) = poll.filter(|_| !streams) {
            builder = builder.poll_duration(transport, poll);
        }
    }
    if let Some(bytes) = setting("QUEUE_BYTES")? {
        builder = builder.queue_bytes(bytes);
    }
    if let Some(messages) = setting("QUEUE_MESSAGES")? {
        builder = builder.queue_messages(messages);
    }
    Ok(builder)
}

fn setting<T: FromStr<Err: Display>>(name: &str) -> Result<Option<T>, String> {
    let Ok(text) = env::var(name) else { return Ok(None) };
    text.parse().map(Some).map_err(|error| format!("{name}: {text:?}: {error}"))
}

fn list(name: &str) -> Option<Vec<String>> {
    let text = env::var(name).ok()?;
    Some(text.split(',').map(|entry| entry.trim().to_owned()).filter(|entry| !entry.is_empty()).collect())
}
