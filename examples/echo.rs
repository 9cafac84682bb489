//! The measuring post: a small application that every client and every benchmark can talk to. It sends messages back,
//! broadcasts, joins rooms and says goodbye; every setting comes from the environment.

#[path = "echo/settings.rs"]
mod settings;

use heirloom::{Ack, Attempt, Client, Data, Listener, Message, Namespace, Refusal, SendError};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, service::service_fn};
use serde_json::{Value, json};
use settings::setting;
use std::{convert::Infallible, error::Error, process::ExitCode, time::Duration};
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
    let listener = settings::configure(Listener::builder())?.build()?;
    listener.authorize_handshake(|attempt: Attempt| async move {
        let denied = attempt.query_value("deny").as_deref() == Some("1");
        if denied { Err(Refusal::unauthorized("deny=1")) } else { Ok(()) }
    });
    for name in ["/", "/chat", "/private"] {
        let namespace = listener.of(name);
        set_up(&namespace);
        if setting("QUESTIONS")? == Some(1) {
            set_up_questions(&namespace);
        }
    }
    listener.of("/private").authorize(|attempt: Attempt| async move {
        if has_token(&attempt) { Ok(()) } else { Err(Refusal::unauthorized("no token")) }
    });
    let host = setting("HOST")?.unwrap_or_else(|| "127.0.0.1".to_owned());
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
        |client: Client, arguments: Data, ack: Option<Ack>| async move {
            let sent = match ack {
                Some(ack) => ack.send(&arguments),
                None => client.transient().emit("echo", &arguments),
            };
            report(&client, sent);
        },
    );
}

/// With QUESTIONS=1: `ask` asks its sender in turn, and acknowledges with what that acknowledged, or with nothing;
/// `auth` is acknowledged with what the client said when it connected.
fn set_up_questions(namespace: &Namespace) {
    namespace
        .on("ask", |client: Client, arguments: Data, ack: Option<Ack>| async move {
            let Some(ack) = ack else { return };
            let heard: Result<Data, _> = client.emit_with_ack("asked", &arguments, Duration::from_secs(5)).await;
            let sent = match heard {
                Ok(heard) => ack.send(&heard),
                Err(_) => ack.send(&()),
            };
            report(&client, sent);
        })
        .on("auth", |client: Client, (): (), ack: Option<Ack>| async move {
            if let (Some(ack), Ok(said)) = (ack, client.auth::<Value>()) {
                report(&client, ack.send(&said));
            }
        });
}

/// In the query of the handshake or of the entry, or in what the client says when it enters.
fn has_token(attempt: &Attempt) -> bool {
    let said = attempt.auth::<Value>().ok().and_then(|auth| auth.get("token")?.as_str().map(str::to_owned));
    let tokens = [attempt.query_value("token"), attempt.handshake().query_value("token"), said];
    tokens.iter().flatten().any(|token| token == "open")
}

fn report(client: &Client, sent: Result<(), SendError>) {
    if let Err(error) = sent {
        log::info!(target: "echo", "no answer to {}: {error}", client.id());
    }
}

fn answer(client: &Client, message: Message) -> Result<(), SendError> {
    // Whoever comes back after an outage asks again, so answers are not kept for it.
    let sender = client.transient();
    let Some(text) = message.as_text() else { return sender.send(message) };
    if text.starts_with("b:") {
        let outcome = client.listener().of(client.namespace()).broadcast(message);
        if outcome.dropped > 0 {
            log::info!(target: "echo", "{} clients missed a broadcast", outcome.dropped);
        }
        return Ok(());
    }
    if !text.starts_with('!') {
        return sender.send(message);
    }
    let mut words = text.splitn(3, ' ');
    match (words.next(), words.next(), words.next()) {
        (Some("!burst"), Some(count), None) => {
            let count: u32 = count.parse().unwrap_or(0);
            (0..count).try_for_each(|number| sender.send(number.to_string()))
        }
        (Some("!join"), Some(room), None) => {
            client.join(room);
            sender.send("ok")
        }
        (Some("!leave"), Some(room), None) => {
            client.leave(room);
            sender.send("ok")
        }
        (Some("!say"), Some(room), Some(text)) => {
            let outcome = client.to(room).send(text);
            log::debug!(target: "echo", "said to {}", outcome.queued);
            Ok(())
        }
        (Some("!whoami"), None, None) => sender.send(json!({
            "id": client.id(),
            "generation": client.generation().name(),
            "transport": client.transport().name(),
            "namespace": client.namespace(),
        })),
        (Some("!bye"), None, None) => {
            client.disconnect();
            Ok(())
        }
        _ => sender.send(message),
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
