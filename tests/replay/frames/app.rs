//! The application the originals ran while they were recorded, written on Heirloom's API.

use std::{sync::Arc, time::Duration};

use heirloom::{Client, Dialect, Listener, Message, Transport};
use serde_json::Value;

use crate::{journal::Journal, recording::Exchange};

/// A listener with the options of the recording, its timers slowed down.
pub(crate) fn listener(exchange: &Exchange, journal: &Arc<Journal>, slowness: u32) -> Listener {
    let options = &exchange.options;
    let dialect = if exchange.is_json_dialect() { Dialect::Json } else { Dialect::Frames };
    let mut builder = Listener::builder()
        .dialect(dialect)
        .allow_unsafe_timings()
        .unlimited_handshakes()
        .origins(origins(&options["origins"]));
    if let Some(resource) = options["resource"].as_str() {
        builder = builder.resource(resource);
    }
    if let Some(names) = options["transports"].as_array() {
        builder = builder.transports(names.iter().filter_map(Value::as_str).map(transport));
    }
    for (name, timings) in options["transportOptions"].as_object().into_iter().flatten() {
        let transport = transport(name);
        let of = |key: &str| timings[key].as_u64().map(|time| Duration::from_millis(time) * slowness);
        if let Some(time) = of("heartbeatInterval") {
            builder = builder.heartbeat_interval(transport, time);
        }
        if let Some(time) = of("timeout") {
            builder = builder.heartbeat_timeout(transport, time);
        }
        if let Some(time) = of("closeTimeout") {
            builder = builder.close_timeout(transport, time);
        }
        if let Some(time) = of("duration") {
            builder = builder.poll_duration(transport, time);
        }
    }
    let listener = builder.build().expect("the options of the recording");
    install(&listener, journal, dialect);
    listener
}

fn install(listener: &Listener, journal: &Arc<Journal>, dialect: Dialect) {
    let connected = Arc::clone(journal);
    listener.on_connect(move |client| {
        let journal = Arc::clone(&connected);
        async move { journal.note("connection", &client, None) }
    });
    let left = Arc::clone(journal);
    listener.on_disconnect(move |client, _reason| {
        let journal = Arc::clone(&left);
        async move { journal.note("disconnect", &client, None) }
    });
    let (received, everyone) = (Arc::clone(journal), listener.clone());
    listener.on_message(move |client, message| {
        let (journal, everyone) = (Arc::clone(&received), everyone.clone());
        async move {
            journal.note("message", &client, Some(value(&message)));
            answer(&client, message, &journal, &everyone, dialect);
        }
    });
}

fn answer(client: &Client, message: Message, journal: &Arc<Journal>, everyone: &Listener, dialect: Dialect) {
    let command = match &message {
        Message::Text(text) => text.clone(),
        _ => String::new(),
    };
    match command.as_str() {
        "!burst" => {
            let (client, holder) = (client.clone(), Arc::clone(journal));
            journal.hold(move || burst(&client, &holder));
        }
        "!burst0" => burst(client, journal),
        "!array" => client.send_all([text("a"), text("b")]).unwrap_or_else(|_| journal.note("refused", client, None)),
        "!types" => types(client, dialect, journal),
        "!script" => send(client, text("</script><b>\u{2028}\""), journal),
        "!bcast" => {
            let _nobody_is_full = everyone.broadcast(text("to all"));
        }
        _ => send(client, message, journal),
    }
}

fn burst(client: &Client, journal: &Journal) {
    for word in ["one", "two", "three"] {
        send(client, text(word), journal);
    }
}

/// 1, true, null, an object, the empty text. A JavaScript application says `send(1)`; one on the `~m~` framing means the text.
fn types(client: &Client, dialect: Dialect, journal: &Journal) {
    let plain: [(&str, &str); 3] = [("1", "1"), ("true", "true"), ("null", "")];
    for (as_json, as_text) in plain {
        let message = match dialect {
            Dialect::Json => json(as_json),
            _ => text(as_text),
        };
        send(client, message, journal);
    }
    send(client, json(r#"{"a":1}"#), journal);
    send(client, text(""), journal);
}

/// A message that is refused is an event nobody expects.
fn send(client: &Client, message: Message, journal: &Journal) {
    client.send(message).unwrap_or_else(|_| journal.note("refused", client, None));
}

fn text(text: &str) -> Message {
    Message::Text(text.to_owned())
}

fn json(text: &str) -> Message {
    Message::Json(serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON"))
}

fn value(message: &Message) -> Value {
    match message {
        Message::Text(text) => Value::String(text.clone()),
        Message::Json(json) => serde_json::from_str(json.get()).expect("JSON"),
        other => panic!("a message of a kind the frames generation does not have: {other:?}"),
    }
}

/// The originals accepted every origin unless told otherwise.
fn origins(option: &Value) -> Vec<String> {
    match option {
        Value::String(one) => vec![one.clone()],
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => vec!["*:*".to_owned()],
    }
}

fn transport(name: &str) -> Transport {
    match name {
        "websocket" => Transport::WebSocket,
        "flashsocket" => Transport::FlashSocket,
        "htmlfile" => Transport::HtmlFile,
        "xhr-multipart" => Transport::XhrMultipart,
        "xhr-polling" => Transport::XhrPolling,
        "jsonp-polling" => Transport::JsonpPolling,
        other => panic!("no such transport: {other}"),
    }
}
