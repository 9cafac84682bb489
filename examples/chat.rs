//! A chat for every browser: start it, open it in two tabs, pick a transport for each.

use heirloom::{Client, Listener, Message};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, header, service::service_fn};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::VecDeque,
    convert::Infallible,
    env,
    error::Error,
    process::ExitCode,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::net::TcpListener;

/// How many messages a newcomer is shown.
const HISTORY: usize = 50;
const LONGEST_NAME: usize = 30;
const LONGEST_TEXT: usize = 1000;

/// What a page sends.
#[derive(Deserialize)]
struct Said {
    nick: String,
    text: String,
}

/// What everybody hears. `from` is a number of the chat's own: a session id is a credential.
#[derive(Clone, Serialize)]
struct Heard {
    from: usize,
    nick: String,
    text: String,
    transport: &'static str,
}

#[derive(Default)]
struct Chat {
    guests: AtomicUsize,
    history: Mutex<VecDeque<Heard>>,
}

/// The number of a guest, kept with its client.
struct Guest(usize);

impl Chat {
    fn enter(&self, client: &Client) {
        let number = self.guests.fetch_add(1, Ordering::Relaxed) + 1;
        client.set_state(Guest(number));
        let history: Vec<Heard> = self.lock().iter().cloned().collect();
        tell(client, json!({ "history": history, "you": number }));
        announce(client, format!("Guest {number} came, over {}", client.transport()));
    }

    fn leave(&self, client: &Client) {
        if let Some(guest) = client.state::<Guest>() {
            announce(client, format!("Guest {} left", guest.0));
        }
    }

    fn hear(&self, client: &Client, message: &Message) {
        let (Ok(said), Some(guest)) = (message.parse::<Said>(), client.state::<Guest>()) else { return };
        let heard = Heard {
            from: guest.0,
            nick: said.nick.chars().take(LONGEST_NAME).collect(),
            text: said.text.chars().take(LONGEST_TEXT).collect(),
            transport: client.transport().name(),
        };
        let mut history = self.lock();
        history.push_back(heard.clone());
        if history.len() > HISTORY {
            history.pop_front();
        }
        drop(history);
        match Message::json(&heard) {
            Ok(message) => report(client.listener().broadcast(message)),
            Err(error) => log::warn!("a message has no JSON form: {error}"),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<Heard>> {
        self.history.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn announce(client: &Client, text: String) {
    let listener = client.listener();
    let online = listener.clients().len();
    report(listener.broadcast(json!({ "announcement": text, "online": online })));
}

fn tell(client: &Client, message: serde_json::Value) {
    if let Err(error) = client.send(message) {
        log::info!("a guest misses a message: {error}");
    }
}

fn report(outcome: heirloom::Broadcast) {
    if outcome.dropped > 0 {
        log::info!("{} guests miss a message: they read too slowly", outcome.dropped);
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or("info")).init();
    let listener = Listener::builder().build()?;
    let chat = Arc::new(Chat::default());
    let (entering, hearing, leaving) = (chat.clone(), chat.clone(), chat);
    listener
        .on_connect(move |client| {
            let chat = entering.clone();
            async move { chat.enter(&client) }
        })
        .on_message(move |client, message| {
            let chat = hearing.clone();
            async move { chat.hear(&client, &message) }
        })
        .on_disconnect(move |client, _| {
            let chat = leaving.clone();
            async move { chat.leave(&client) }
        });

    let host = env::var("HOST").unwrap_or_else(|_| "127.0.0.1".into());
    let port = env::var("PORT").unwrap_or_else(|_| "3000".into());
    let address = format!("{host}:{port}");
    let socket = TcpListener::bind(&address).await.map_err(|error| format!("{address}: {error}"))?;
    println!("open http://{} in two tabs", socket.local_addr()?);
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    let listener = listener.clone();
                    tokio::spawn(async move {
                        if let Err(error) = listener.serve(stream, service_fn(page)).await {
                            log::debug!("{error}");
                        }
                    });
                }
                Err(error) => {
                    log::warn!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = tokio::signal::ctrl_c() => break,
        }
    }
    let left = listener.shutdown(Duration::from_secs(5)).await;
    log::info!("goodbye; {left} guests did not hear it");
    Ok(())
}

/// The page and what it needs. The client script is the listener's.
async fn page(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (kind, text) = match request.uri().path() {
        "/" => ("text/html; charset=utf-8", include_str!("chat/index.html")),
        "/chat.js" => ("text/javascript; charset=utf-8", include_str!("chat/chat.js")),
        "/chat.css" => ("text/css; charset=utf-8", include_str!("chat/chat.css")),
        _ => {
            let mut response = Response::new(Full::from("not here"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    let mut response = Response::new(Full::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(kind));
    Ok(response)
}
