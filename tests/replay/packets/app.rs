//! The application the originals of 0.7 to 0.9 ran while they were recorded, written on Heirloom's API.

use std::{sync::Arc, time::Duration};

use heirloom::{
    Ack, AckError, Attempt, Client, ClientScript, Listener, Message, Namespace, Refusal, SendError, Transport,
};
use serde_json::{Value, json};

use crate::{journal::Journal, recording::Exchange};

/// Nobody in the recordings leaves a question open for so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the recorded application added to every handshake.
struct Extra;

/// A listener with the options of the recording, its timers slowed down.
pub(super) fn listener(exchange: &Exchange, journal: &Arc<Journal>, slowness: u32) -> Listener {
    let options = &exchange.options;
    let mut builder = Listener::builder()
        .allow_unsafe_timings()
        .unlimited_handshakes()
        .origins(names(&options["origins"]).unwrap_or_else(|| vec!["*:*".to_owned()]));
    if let Some(resource) = options["resource"].as_str() {
        builder = builder.resource(resource.trim_matches('/'));
    }
    if let Some(bytes) = options["destroy buffer size"].as_u64().and_then(|bytes| usize::try_from(bytes).ok()) {
        builder = builder.max_body_bytes(bytes).max_frame_bytes(bytes);
    }
    if options["browser client"] == false {
        builder = builder.client_script(ClientScript::None);
    }
    builder = match names(&options["transports"]) {
        Some(names) => builder.transports(names.iter().map(|name| name.parse::<Transport>().expect("a transport"))),
        None => builder.transports([
            Transport::WebSocket,
            Transport::FlashSocket,
            Transport::HtmlFile,
            Transport::XhrPolling,
            Transport::JsonpPolling,
        ]),
    };
    let of =
        |key: &str| options[key].as_u64().filter(|time| *time > 0).map(|time| Duration::from_secs(time) * slowness);
    for transport in [Transport::WebSocket, Transport::FlashSocket, Transport::HtmlFile] {
        if let Some(time) = of("heartbeat interval") {
            builder = builder.heartbeat_interval(transport, time);
        }
        if let Some(time) = of("heartbeat timeout") {
            builder = builder.heartbeat_timeout(transport, time);
        }
    }
    for transport in [Transport::XhrPolling, Transport::JsonpPolling] {
        if let Some(time) = of("close timeout") {
            builder = builder.close_timeout(transport, time);
        }
        if let Some(time) = of("polling duration") {
            builder = builder.poll_duration(transport, time);
        }
    }
    let listener = builder.build().expect("the options of the recording");
    install(&listener, journal);
    listener
}

fn install(listener: &Listener, journal: &Arc<Journal>) {
    listener.authorize(|attempt: Attempt| async move {
        attempt.set_state(Extra);
        let query = attempt.query().unwrap_or_default();
        match query {
            query if query.contains("deny=1") => Err(Refusal::unauthorized("denied")),
            query if query.contains("autherr=1") => Err(Refusal::failed("broken")),
            _ => Ok(()),
        }
    });
    let refuse = |name: &str, refusal: fn() -> Refusal| {
        listener.of(name).authorize(move |_| async move { Err(refusal()) });
        behave(&listener.of(name), journal);
    };
    refuse("/private", || Refusal::unauthorized("private"));
    refuse("/unauth", || Refusal::unauthorized("unauthorized"));
    refuse("/err", || Refusal::failed("exploded"));
    behave(&listener.of("/"), journal);
    behave(&listener.of("/chat"), journal);
}

/// What the recorded application did in each of its namespaces.
fn behave(namespace: &Namespace, journal: &Arc<Journal>) {
    note_life(namespace, journal);
    answer_events(namespace, journal);
    answer_rooms(namespace, journal);
    ask(namespace, journal);
}

fn note_life(namespace: &Namespace, journal: &Arc<Journal>) {
    let note = Arc::clone(journal);
    namespace.on_connect(move |client| {
        let journal = Arc::clone(&note);
        async move {
            journal.note(&named("connection", &client), &client, None);
            if client.namespace() == "/chat" {
                sent(client.emit("welcome", &("chat",)), &client, &journal);
            }
        }
    });
    let note = Arc::clone(journal);
    namespace.on_disconnect(move |client, reason| {
        let journal = Arc::clone(&note);
        async move { journal.note(&named("disconnect", &client), &client, Some(json!(reason.to_string()))) }
    });
    let note = Arc::clone(journal);
    namespace.on_message_with_ack(move |client, message, ack| {
        let journal = Arc::clone(&note);
        async move {
            let name = if ack.is_some() { "message+" } else { "message" };
            let value = value(&message);
            journal.note(&named(name, &client), &client, Some(value.clone()));
            if value == "echo me" {
                sent(client.send(text("echoed")), &client, &journal);
            }
            if let Some(ack) = ack {
                sent(ack.send(&("got", value)), &client, &journal);
            }
        }
    });
}

/// Registers what is done on an event; its arguments are a list of JSON values.
fn on<F>(namespace: &Namespace, name: &str, journal: &Arc<Journal>, act: F)
where
    F: Fn(&Client, Vec<Value>, Option<Ack>, &Arc<Journal>) -> Result<(), SendError> + Send + Sync + 'static,
{
    let (journal, act) = (Arc::clone(journal), Arc::new(act));
    namespace.on(name, move |client: Client, arguments: Vec<Value>, ack: Option<Ack>| {
        let (journal, act) = (Arc::clone(&journal), Arc::clone(&act));
        async move { sent(act(&client, arguments, ack, &journal), &client, &journal) }
    });
}

fn answer_events(namespace: &Namespace, journal: &Arc<Journal>) {
    let acknowledge = |ack: Option<Ack>, arguments: &[Value]| ack.map_or(Ok(()), |ack| ack.send(arguments));
    on(namespace, "echo", journal, |client, arguments, _, _| client.emit("echo", &arguments));
    on(namespace, "noargs", journal, |client, _, _, _| client.emit("noargs", &()));
    on(namespace, "ackme", journal, move |_, arguments, ack, _| acknowledge(ack, &arguments));
    on(namespace, "ack0", journal, move |_, _, ack, _| acknowledge(ack, &[]));
    on(namespace, "json", journal, |client, _, _, _| client.send(json_text(r#"{"a":"b","n":[1,null,true]}"#)));
    on(namespace, "sendempty", journal, |client, _, _, _| client.send(text("")));
    on(namespace, "nl", journal, |client, _, _, _| client.send(text("a\nb\u{2028}c:d")));
    on(namespace, "vol", journal, |client, _, _, _| match client.volatile().emit("vol", &(1,)) {
        Err(SendError::NotReady) => Ok(()),
        result => result,
    });
    on(namespace, "uni", journal, |client, _, _, _| {
        client.emit("u", &("é",))?;
        client.send(text("漢"))?;
        client.send(text("😀"))
    });
    on(namespace, "fffd", journal, |client, _, _, _| {
        client.send(text("a\u{FFFD}b"))?;
        client.send(text("c"))
    });
    on(namespace, "big", journal, |client, arguments, _, _| {
        let length = arguments.first().and_then(Value::as_u64).and_then(|length| usize::try_from(length).ok());
        client.send(text("x".repeat(length.unwrap_or_default())))
    });
    on(namespace, "burst", journal, |client, _, _, _| burst(client));
    on(namespace, "burstlater", journal, |client, _, _, journal| {
        let (client, holder) = (client.clone(), Arc::clone(journal));
        journal.hold(move || {
            sent(burst(&client), &client, &holder);
            let volatile = client.volatile().emit("vol", &("later",));
            if volatile != Err(SendError::NotReady) {
                holder.note("a volatile event was not refused", &client, None);
            }
        });
        Ok(())
    });
    on(namespace, "set", journal, |client, arguments, _, _| {
        client.set_state(arguments.get(1).cloned().unwrap_or_default());
        client.emit("got", &(client.state::<Value>().as_deref(),))
    });
    on(namespace, "hs", journal, |client, _, _, _| client.emit("hs", &(handshake_of(client),)));
    on(namespace, "bye", journal, |client, _, _, _| {
        client.disconnect();
        Ok(())
    });
}

fn answer_rooms(namespace: &Namespace, journal: &Arc<Journal>) {
    let room = |arguments: &[Value]| arguments.first().and_then(Value::as_str).unwrap_or_default().to_owned();
    on(namespace, "join", journal, move |client, arguments, _, _| {
        client.join(&room(&arguments));
        client.emit("joined", &arguments)
    });
    on(namespace, "leave", journal, move |client, arguments, _, _| {
        client.leave(&room(&arguments));
        client.emit("left", &arguments)
    });
    on(namespace, "bc", journal, |client, _, _, _| client.others().emit("bc", &("others",)).map(|_| ()));
    let everybody = namespace.clone();
    on(namespace, "all", journal, move |_, _, _, _| everybody.emit("all", &("everyone",)).map(|_| ()));
    let all = namespace.clone();
    on(namespace, "room", journal, move |_, arguments, _, _| {
        all.to(&room(&arguments)).emit("room", &arguments).map(|_| ())
    });
    on(namespace, "roombc", journal, move |client, arguments, _, _| {
        client.to(&room(&arguments)).emit("roombc", &arguments).map(|_| ())
    });
    let listed = namespace.clone();
    on(namespace, "list", journal, move |client, _, _, _| {
        client.emit("list", &(listed.clients().len(), listed.to("r").clients().len()))
    });
}

/// The events that have the server ask for an acknowledgement.
fn ask(namespace: &Namespace, journal: &Arc<Journal>) {
    question(namespace, "ask", journal, |client| async move {
        let answer: (Value, Value) = client.emit_with_ack("question", &("x",), PATIENCE).await?;
        client.emit("answer", &answer).map_err(AckError::Send)
    });
    question(namespace, "askauto", journal, |client| async move {
        let arguments: Vec<Value> = client.emit_with_ack("question", &("x",), PATIENCE).await?;
        client.emit("auto", &(arguments.len(),)).map_err(AckError::Send)
    });
    question(namespace, "sendack", journal, |client| async move {
        client.send_with_ack(text("please ack"), PATIENCE).await?;
        client.emit("auto", &(0,)).map_err(AckError::Send)
    });
}

fn question<F, R>(namespace: &Namespace, name: &str, journal: &Arc<Journal>, act: F)
where
    F: Fn(Client) -> R + Copy + Send + Sync + 'static,
    R: Future<Output = Result<(), AckError>> + Send + 'static,
{
    let journal = Arc::clone(journal);
    namespace.on(name, move |client: Client, (): (), _: Option<Ack>| {
        let journal = Arc::clone(&journal);
        // The original was told of an acknowledgement by a callback: what follows did not wait for it.
        tokio::spawn(async move {
            if let Err(error) = act(client.clone()).await {
                journal.note(&format!("refused: {error}"), &client, None);
            }
        });
        async {}
    });
}

fn burst(client: &Client) -> Result<(), SendError> {
    client.emit("a", &(1,))?;
    client.send(text("two"))?;
    client.send(json_text("[3]"))
}

/// What was recorded of the handshake, as far as Heirloom has it.
fn handshake_of(client: &Client) -> Value {
    let handshake = client.handshake();
    let query = form_urlencoded::parse(handshake.query().unwrap_or_default().as_bytes());
    let query: serde_json::Map<String, Value> =
        query.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned()))).collect();
    json!({
        "query": query,
        "url": handshake.url(),
        "xdomain": handshake.header("origin").is_some(),
        "address": handshake.peer().map(|peer| peer.ip().to_string()),
        "extra": client.state::<Extra>().map(|_| "set-by-auth"),
    })
}

/// What is refused is an event nobody expects.
fn sent(result: Result<(), SendError>, client: &Client, journal: &Journal) {
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

fn text(text: impl Into<String>) -> Message {
    Message::Text(text.into())
}

fn json_text(text: &str) -> Message {
    Message::Json(serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON"))
}

fn value(message: &Message) -> Value {
    match message {
        Message::Text(text) => Value::String(text.clone()),
        Message::Json(json) => serde_json::from_str(json.get()).expect("JSON"),
        other => panic!("a message of a kind the packets generation does not have: {other:?}"),
    }
}

/// A text or a list of texts.
fn names(option: &Value) -> Option<Vec<String>> {
    match option {
        Value::String(one) => Some(vec![one.clone()]),
        Value::Array(list) => Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
        _ => None,
    }
}
