//! The servers that the browser suites of the original clients of 0.7 to 0.9 are written for: one small behaviour each,
//! every one on a port of its own. Which case of the suites needs which is in `tests/client/suites/servers.mjs`.
//!
//! The arguments name the behaviours, one as often as there are to be servers of it. Standard output says where they
//! listen on 127.0.0.1, as one line: the ports, in the order of the arguments.

use heirloom::{Ack, Attempt, Client, Listener, Message, Refusal, SendError, Transport};
use http_body_util::Full;
use hyper::{Request, Response, StatusCode, body::Bytes, body::Incoming, service::service_fn};
use serde_json::{Map, Value, json};
use std::{convert::Infallible, env, error::Error, fmt::Display, sync::Mutex, time::Duration};
use tokio::net::TcpListener;

/// How long a client may take to acknowledge.
const PATIENCE: Duration = Duration::from_secs(10);

type SetUp = fn(&Listener);

const BEHAVIOURS: [(&str, SetUp); 19] = [
    ("acknowledges", |_| {}),
    ("answers a list", answers_a_list),
    ("answers an event", answers_an_event),
    ("asks for acknowledgement", asks_for_acknowledgement),
    ("asks for data", asks_for_data),
    ("awaits a line break", |listener| is_done_on(listener, |message| message.as_text() == Some("\n"))),
    ("awaits a snowman", |listener| {
        is_done_on(listener, |message| message.parse().is_ok_and(|value: Value| value == json!({"test": "☃"})));
    }),
    ("awaits a word", |listener| is_done_on(listener, |message| message.as_text() == Some("woot"))),
    ("broadcasts a number", broadcasts_a_number),
    ("collects four letters", collects_four_letters),
    ("collects two events", collects_two_events),
    ("counts and leaves", counts_and_leaves),
    ("echoes", echoes),
    ("greets in namespaces", greets_in_namespaces),
    ("has namespaces", has_namespaces),
    ("raises an event", raises_an_event),
    ("refuses a namespace", refuses_a_namespace),
    ("returns data", returns_data),
    ("tells the handshake", tells_the_handshake),
];

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    env_logger::init();
    let mut ports = Vec::new();
    for wanted in env::args().skip(1) {
        let known = BEHAVIOURS.iter().find(|(name, _)| *name == wanted);
        let (_, set_up) = known.ok_or_else(|| format!("there is no behaviour {wanted:?}"))?;
        let listener = Listener::builder().transports(transports()).origins(["*:*"]).build()?;
        set_up(&listener);
        let socket = TcpListener::bind(("127.0.0.1", 0)).await?;
        ports.push(socket.local_addr()?.port().to_string());
        tokio::spawn(serve(listener, socket));
    }
    println!("{}", ports.join(" "));
    std::future::pending().await
}

/// All but the flash sockets, which no browser of today has.
fn transports() -> impl Iterator<Item = Transport> {
    Transport::ALL.into_iter().filter(|transport| *transport != Transport::FlashSocket)
}

async fn serve(listener: Listener, socket: TcpListener) {
    loop {
        let stream = match socket.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                log::warn!("accept: {error}");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let listener = listener.clone();
        tokio::spawn(async move {
            if let Err(error) = listener.serve(stream, service_fn(nothing_else)).await {
                log::debug!("{error}");
            }
        });
    }
}

async fn nothing_else(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::from("not here"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}

/// 1, 2 and 3 a moment apart, and after a longer moment it ends the session.
fn counts_and_leaves(listener: &Listener) {
    listener.on_connect(|client| async move {
        for number in 1..=3 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            report(client.send(number.to_string()));
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        client.disconnect();
    });
}

fn echoes(listener: &Listener) {
    listener.on_message(|client, message| async move { report(client.send(message)) });
}

fn asks_for_acknowledgement(listener: &Listener) {
    listener.on_connect(|client: Client| async move {
        match client.send_with_ack("tobi", PATIENCE).await {
            Ok(()) => report(client.send("tobi 2")),
            Err(error) => misses("an acknowledgement", error),
        }
    });
}

fn greets_in_namespaces(listener: &Listener) {
    for name in ["/woot", "/chat"] {
        listener.of(name).on_connect(|client| async move {
            report(client.send(format!("connected to {}", client.namespace().trim_start_matches('/'))));
        });
    }
}

fn has_namespaces(listener: &Listener) {
    // A namespace exists once it was asked for.
    for name in ["/a", "/b"] {
        listener.of(name);
    }
}

fn refuses_a_namespace(listener: &Listener) {
    listener.of("/a").authorize(|_: Attempt| async { Err(Refusal::unauthorized("nobody may enter")) });
}

fn broadcasts_a_number(listener: &Listener) {
    listener.on_connect(|client| async move {
        let outcome = client.listener().broadcast(json!(3_141_592));
        if outcome.dropped > 0 {
            misses("all clients", format!("{outcome:?}"));
        }
    });
}

fn answers_a_list(listener: &Listener) {
    listener.on_message(|client, message| async move {
        match message.parse::<Vec<Value>>() {
            Ok(list) if list.len() == 3 => report(client.send("echo")),
            other => misses("a list of three", format!("{other:?}")),
        }
    });
}

fn raises_an_event(listener: &Listener) {
    listener.on_connect(|client| async move { report(client.emit("woot", &())) });
}

fn answers_an_event(listener: &Listener) {
    listener.on("woot", |client: Client, (): (), _: Option<Ack>| async move { report(client.emit("echo", &())) });
}

/// Each of the two texts must come, and once.
fn collects_two_events(listener: &Listener) {
    listener.on_connect(|client| async move { client.set_state(Mutex::new(Vec::<String>::new())) }).on(
        "print",
        |client: Client, text: String, _: Option<Ack>| async move {
            let Some(printed) = client.state::<Mutex<Vec<String>>>() else { return };
            let Ok(mut printed) = printed.lock() else { return };
            printed.push(text);
            match printed.as_slice() {
                [_] => {}
                [first, second] if first != second => report(client.emit("done", &())),
                other => misses("two different texts", format!("{other:?}")),
            }
        },
    );
}

fn asks_for_data(listener: &Listener) {
    listener.on_connect(|client: Client| async move {
        match client.emit_with_ack::<String>("woot", &1, PATIENCE).await {
            Ok(answer) if answer == "test" => report(client.emit("done", &())),
            Ok(answer) => misses("the answer \"test\"", answer),
            Err(error) => misses("an answer", error),
        }
    });
}

fn returns_data(listener: &Listener) {
    listener.on("tobi", |_: Client, numbers: Vec<u32>, ack: Option<Ack>| async move {
        match ack {
            Some(ack) if numbers == [1, 2] => report(ack.send(&json!({"hello": "world"}))),
            _ => misses("1 and 2 with an acknowledgement", format!("{numbers:?}")),
        }
    });
}

fn collects_four_letters(listener: &Listener) {
    listener.of("/woot").on_connect(|client| async move { client.set_state(Mutex::new(0_u32)) }).on_message(
        |client, message| async move {
            if message.as_text() != Some("ñ") {
                return misses("the letter", format!("{message:?}"));
            }
            let Some(count) = client.state::<Mutex<u32>>() else { return };
            let Ok(mut count) = count.lock() else { return };
            *count += 1;
            if *count == 4 {
                report(client.emit("done", &()));
            }
        },
    );
}

fn tells_the_handshake(listener: &Listener) {
    listener.on_connect(|client| async move {
        let handshake = client.handshake();
        let query = form_urlencoded::parse(handshake.query().unwrap_or_default().as_bytes());
        let query: Map<String, Value> = query.map(|(name, value)| (name.into_owned(), value.into())).collect();
        report(client.send(json!({"url": handshake.url(), "query": query})));
    });
}

fn is_done_on(listener: &Listener, awaited: fn(&Message) -> bool) {
    listener.on_message(move |client, message| async move {
        if awaited(&message) {
            report(client.emit("done", &()));
        } else {
            misses("its message", format!("{message:?}"));
        }
    });
}

fn report(sent: Result<(), SendError>) {
    if let Err(error) = sent {
        misses("its client", error);
    }
}

/// The client's side of the suite fails for want of an answer; this says why.
fn misses(wanted: &str, got: impl Display) {
    eprintln!("wanted {wanted}, got {got}");
}
