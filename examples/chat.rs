//! A chat with rooms, for every browser and every client: start it, open it in two tabs, pick a room and a transport for
//! each.
//!
//! A client says `join` (room), which is acknowledged with the number of people there, and `say` (nick, text, perhaps
//! a room). It hears `history` (room, its number, messages), `heard` (message) and `announcement` (text, people there).

#[path = "chat/rooms.rs"]
mod rooms;

use heirloom::{Ack, Client, Listener};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, header, service::service_fn};
use rooms::Chat;
use std::{convert::Infallible, env, error::Error, process::ExitCode, time::Duration};
use tokio::net::TcpListener;

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
    set_up(&listener);
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

/// What happens with the clients. Events whose arguments do not fit the types here never arrive.
fn set_up(listener: &Listener) {
    // It lives as long as the program.
    let chat: &'static Chat = Box::leak(Box::default());
    listener
        .on_connect(move |client| async move { chat.greet(&client) })
        .on("join", move |client: Client, room: Option<String>, ack: Option<Ack>| async move {
            let people = chat.enter(&client, room.as_deref());
            // Only clients since 0.7 can ask, and not all do.
            if let Some(Err(error)) = ack.map(|ack| ack.send(&people)) {
                log::info!("a guest is not told who is there: {error}");
            }
        })
        .on("say", move |client: Client, said: (String, String, Option<String>), _: Option<Ack>| async move {
            let (nick, text, room) = said;
            chat.hear(&client, &nick, &text, room.as_deref());
        })
        .on_disconnect(move |client, _| async move { chat.leave(&client) });
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
