//! A chat with rooms, for every browser and every client: start it, open it in two tabs, pick a room and a transport for
//! each, and cut the connection of one of them.
//!
//! | a client says | |
//! | --- | --- |
//! | `join` (room, name, page) | all of them may be left out; acknowledged with the room and the number of people in it |
//! | `say` (text, room, key) | acknowledged with whether it was said; what has the key of an earlier message is said once |
//! | `name` (name) | |
//! | `writing` | |
//! | `latency` | acknowledged |
//!
//! | and hears | |
//! | --- | --- |
//! | `entered` ({room, you, count, people, heard}) | it is in the room, and who else, and what was said there |
//! | `heard` (message) | |
//! | `people` (count, changes) | who came, changed and left |
//! | `rooms` (list of \[room, count\]) | these rooms have so many people now |
//! | `writing` (number) | |
//!
//! In clients of 0.9 that is `socket.emit('say', 'hello')`. Those of 0.6 know messages only: `socket.send({name: 'say', args:
//! ['hello']})`, and what they hear looks like that, too.

#[path = "chat/pages.rs"]
mod pages;
#[path = "chat/presence.rs"]
mod presence;
#[path = "chat/rooms.rs"]
mod rooms;

use heirloom::{Ack, Client, Listener};
use hyper::service::service_fn;
use rooms::Chat;
use serde::Serialize;
use std::{env, error::Error, process::ExitCode, time::Duration};
use tokio::net::TcpListener;

/// How long changes of who is where are gathered before they are told.
const GATHERING: Duration = Duration::from_millis(200);

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
    let end = asked_to_end();
    tokio::pin!(end);
    loop {
        tokio::select! {
            accepted = socket.accept() => match accepted {
                Ok((stream, _)) => {
                    let listener = listener.clone();
                    tokio::spawn(async move {
                        if let Err(error) = listener.serve(stream, service_fn(pages::page)).await {
                            log::debug!("{error}");
                        }
                    });
                }
                Err(error) => {
                    log::warn!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
            _ = &mut end => break,
        }
    }
    drop(socket);
    let left = listener.shutdown(Duration::from_secs(5)).await;
    log::info!("goodbye; {left} guests did not hear it");
    Ok(())
}

/// Resolves when the system, or somebody at the terminal, wants the program to end.
async fn asked_to_end() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            _ = terminate.recv() => Ok(()),
            interrupted = tokio::signal::ctrl_c() => interrupted,
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

/// What happens with the clients. Events whose arguments do not fit the types here never arrive.
fn set_up(listener: &Listener) {
    // It lives as long as the program.
    let chat: &'static Chat = Box::leak(Box::default());
    listener
        .on_connect(move |client| async move { chat.greet(&client) })
        .on("join", move |client: Client, wanted: (Option<String>, Option<String>, Option<String>), ack| async move {
            let (room, name, page) = wanted;
            answer(ack, &chat.enter(&client, room.as_deref(), name.as_deref(), page));
        })
        .on("say", move |client: Client, said: (String, Option<String>, Option<String>), ack| async move {
            let (text, room, key) = said;
            answer(ack, &chat.say(&client, &text, room.as_deref(), key));
        })
        .on("name", move |client: Client, name: String, ack| async move {
            chat.rename(&client, &name);
            answer(ack, &());
        })
        .on("writing", move |client: Client, (): (), _| async move { chat.write(&client) })
        .on("latency", move |client: Client, (): (), ack| async move {
            answer(ack, &());
            chat.notice(&client);
        })
        .on_upgrade(move |client, _| async move { chat.notice(&client) })
        .on_disconnect(move |client, _| async move { chat.leave(&client) });

    let listener = listener.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(GATHERING).await;
            chat.tell(&listener);
        }
    });
}

/// Only clients since 0.7 can ask for an answer, and not all do.
fn answer<T: Serialize>(ack: Option<Ack>, with: &T) {
    if let Some(Err(error)) = ack.map(|ack| ack.send(with)) {
        log::info!("a guest has no answer: {error}");
    }
}
