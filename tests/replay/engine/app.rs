//! The application the originals of 1.7, 2.5 and 4.8 ran while they were recorded, written on Heirloom's API.

use std::{sync::Arc, time::Duration};

use heirloom::{Ack, AckError, Attempt, Client, Data, Listener, Message, Namespace, Refusal, SendError, Transport};
use serde_json::{Value, json, value::RawValue};

use crate::{journal::Journal, recording::Exchange};

/// Nobody in the recordings leaves a question open for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A listener with the options of the recording, its timers slowed down.
pub(super) fn listener(exchange: &Exchange, journal: &Arc<Journal>, slowness: u32) -> Listener {
    let options = &exchange.options;
    let recorded = |key: &str| options[key].as_u64().map(|time| Duration::from_millis(time) * slowness);
    let limit = options["maxHttpBufferSize"].as_u64().and_then(|bytes| usize::try_from(bytes).ok());
    let mut builder = Listener::builder()
        .allow_unsafe_timings()
        .unlimited_handshakes()
        .without_recovery()
        .origins(["*:*"])
        .max_body_bytes(limit.unwrap_or(1_000_000))
        .max_frame_bytes(limit.unwrap_or(1_000_000))
        .transports(transports(&options["transports"]))
        .ping_interval(recorded("pingInterval").unwrap_or(Duration::from_secs(25)))
        .ping_timeout(recorded("pingTimeout").unwrap_or(default_ping_timeout(&exchange.version)));
    if let Some(time) = recorded("connectTimeout") {
        builder = builder.connect_timeout(time);
    }
    if let Some(time) = recorded("upgradeTimeout") {
        builder = builder.upgrade_timeout(time);
    }
    if !options["cookie"].is_null() {
        builder = builder.session_cookie("io");
    }
    let listener = builder.build().expect("the options of the recording");
    install(&listener, journal);
    listener
}

fn default_ping_timeout(version: &str) -> Duration {
    Duration::from_secs(if version.starts_with('1') { 60 } else { 20 })
}

fn transports(option: &Value) -> Vec<Transport> {
    let polling = [Transport::Polling, Transport::JsonpPolling];
    match option[0].as_str() {
        Some("websocket") => vec![Transport::WebSocket],
        Some("polling") => polling.to_vec(),
        _ => [Transport::WebSocket].into_iter().chain(polling).collect(),
    }
}

fn install(listener: &Listener, journal: &Arc<Journal>) {
    listener.authorize_handshake(|attempt: Attempt| async move {
        let forbidden = attempt.handshake().query().is_some_and(|query| query.contains("forbid=1"));
        if forbidden { Err(Refusal::unauthorized("forbidden")) } else { Ok(()) }
    });
    listener.authorize(|attempt: Attempt| async move {
        match attempt.handshake().query().unwrap_or_default() {
            query if query.contains("deny=1") => Err(Refusal::unauthorized("denied")),
            query if query.contains("deny=2") => Err(Refusal::unauthorized("denied").with_data(&json!({"code": 7}))),
            _ => Ok(()),
        }
    });
    listener.of("/private").authorize(|attempt: Attempt| async move {
        let token = attempt.auth::<Value>().ok().and_then(|auth| auth["token"].as_str().map(str::to_owned));
        let open = |query: Option<&str>| query.is_some_and(|query| query.contains("token=open"));
        if token.as_deref() == Some("open") || open(attempt.query()) || open(attempt.handshake().query()) {
            Ok(())
        } else {
            Err(Refusal::unauthorized("no token"))
        }
    });
    for name in ["/", "/chat", "/private"] {
        behave(&listener.of(name), journal);
    }
}

/// What the recorded application did in each of its namespaces.
fn behave(namespace: &Namespace, journal: &Arc<Journal>) {
    let note = Arc::clone(journal);
    namespace.on_connect(move |client| {
        note.note(&named("connection", &client), &client, None);
        async {}
    });
    let note = Arc::clone(journal);
    namespace.on_disconnect(move |client, reason| {
        note.note(&named("disconnect", &client), &client, Some(json!(reason.to_string())));
        async {}
    });
    let (note, everybody) = (Arc::clone(journal), namespace.clone());
    namespace.on_message(move |client, message| {
        note.note(&named("message", &client), &client, Some(value(&message)));
        noted(hear(&client, message, &everybody), &client, &note);
        async {}
    });
    let note = Arc::clone(journal);
    namespace.on("echo", move |client: Client, arguments: Data, ack: Option<Ack>| {
        let name = if ack.is_some() { "echo+" } else { "echo" };
        note.note(&named(name, &client), &client, None);
        let sent = match ack {
            Some(ack) => ack.send(&arguments),
            None => client.emit("echo", &arguments),
        };
        noted(sent, &client, &note);
        async {}
    });
    let note = Arc::clone(journal);
    namespace.on("auth", move |client: Client, (): (), _: Option<Ack>| {
        let auth: Box<RawValue> = client.auth().expect("a payload that is JSON");
        noted(client.emit("auth", &(auth,)), &client, &note);
        async {}
    });
    let note = Arc::clone(journal);
    namespace.on("ask", move |client: Client, arguments: Data, _: Option<Ack>| {
        let note = Arc::clone(&note);
        // The original was told of the answer by a callback: what follows did not wait for it.
        tokio::spawn(async move {
            if let Err(error) = ask(&client, &arguments).await {
                note.note(&format!("refused: {error}"), &client, None);
            }
        });
        async {}
    });
}

async fn ask(client: &Client, arguments: &Data) -> Result<(), AckError> {
    let answers: Vec<Value> = client.emit_with_ack("question", arguments, PATIENCE).await?;
    client.emit("answer", &answers).map_err(AckError::Send)
}

/// Words the recorded application did something about; all else it sent back.
fn hear(client: &Client, message: Message, everybody: &Namespace) -> Result<(), SendError> {
    let Some(words) = message.as_text().map(str::to_owned) else { return client.send(message) };
    let (word, rest) = words.split_once(' ').unwrap_or((&words, ""));
    match word {
        _ if words.starts_with("b:") => {
            let _nobody_missed = everybody.broadcast(message);
            Ok(())
        }
        "!burst" => (0..rest.parse().unwrap_or(0)).try_for_each(|number: u32| client.send(number.to_string())),
        "!join" | "!leave" => {
            if word == "!join" {
                client.join(rest);
            } else {
                client.leave(rest);
            }
            client.send("ok")
        }
        "!say" => {
            let (room, text) = rest.split_once(' ').unwrap_or((rest, ""));
            let _nobody_missed = client.to(room).send(text);
            Ok(())
        }
        "!bye" | "!close" => {
            client.disconnect();
            Ok(())
        }
        _ => client.send(message),
    }
}

/// What is refused is an event nobody expects.
fn noted(result: Result<(), SendError>, client: &Client, journal: &Journal) {
    if let Err(error) = result {
        journal.note(&format!("refused: {error}"), client, None);
    }
}

/// An event of the application as the recordings name it.
fn named(event: &str, client: &Client) -> String {
    match client.namespace() {
        "/" => event.to_owned(),
        namespace => format!("{event} of {namespace}"),
    }
}

/// Binary was recorded as the list of its bytes.
fn value(message: &Message) -> Value {
    match message {
        Message::Text(text) => Value::String(text.clone()),
        Message::Json(json) => serde_json::from_str(json.get()).expect("JSON"),
        Message::Binary(binary) => json!(&binary[..]),
        other => json!(format!("{other:?}")),
    }
}
