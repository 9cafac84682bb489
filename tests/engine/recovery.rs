//! Clients of 4.6 and later whose connection breaks and who come back for what they have missed.

use crate::support::{
    Log, Mounting, Server,
    engine::{EnginePeer, Four, Packet, Three, opening},
    eventually, milliseconds,
};
use heirloom::{Ack, Attempt, Client, Listener, Refusal, Transport};
use serde_json::{Value, json};
use std::time::Duration;

/// As a JavaScript client begins: on a websocket whose compression it offers, or by polling with its clock.
const WAYS: [(Transport, &str); 2] = [(Transport::WebSocket, ""), (Transport::Polling, "&t=PkX1aZ2b")];
const DEFLATE: [(&str, &str); 1] = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];

/// A client that may come back.
#[derive(Debug)]
struct Lasting {
    peer: EnginePeer,
    /// What it was told when it connected.
    told: Value,
    offset: Option<String>,
}

impl Lasting {
    async fn connect(server: &Server, way: (Transport, &str), payload: &Value) -> Self {
        let mut peer = opening(Four, way.0).query(way.1).headers(&DEFLATE).open(server).await;
        peer.send(&[&format!("40{payload}")]).await;
        let told = peer.welcomed().await;
        Self { peer, told, offset: None }
    }

    /// The arguments of the next event, which has this name; remembers its offset.
    async fn hear(&mut self, name: &str) -> Vec<Value> {
        let text = self.peer.receive().await;
        let event = text.strip_prefix("42").unwrap_or_else(|| panic!("no event: {text}"));
        let mut event: Vec<Value> = serde_json::from_str(event).unwrap();
        assert_eq!(event.remove(0), name, "{text}");
        let offset = event.pop().unwrap();
        self.offset = Some(offset.as_str().unwrap_or_else(|| panic!("no offset: {text}")).to_owned());
        event
    }

    /// What it says when it comes back.
    fn memory(&self) -> Value {
        let mut memory = json!({"pid": self.told["pid"]});
        if let Some(offset) = &self.offset {
            memory["offset"] = json!(offset);
        }
        memory
    }

    /// Its connection breaks. Of a socket the server notices; a poll only does not come.
    async fn break_off(self, server: &Server) -> Value {
        let memory = self.memory();
        let client = self.peer.client(server);
        if self.peer.transport == Transport::WebSocket {
            self.peer.leave().await;
            eventually("the break", || !client.is_connected()).await;
        }
        memory
    }
}

async fn server(window: Duration) -> (Server, Log) {
    let server = Server::new(Listener::builder().recovery(window)).await;
    let log = Log::new();
    let noted = log.clone();
    server.listener.on_connect(move |client: Client| {
        noted.note(format!("{} recovered: {}", client.id(), client.is_recovered()));
        async {}
    });
    server.listener.on("echo", |_: Client, arguments: Vec<Value>, ack: Option<Ack>| async move {
        if let Some(ack) = ack {
            let _ = ack.send(&arguments);
        }
    });
    (server, log)
}

#[tokio::test]
async fn who_comes_back_is_who_he_was_and_hears_what_he_missed_once() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for way in WAYS {
            for back in WAYS {
                let what = format!("{mounting:?} {way:?} {back:?}");
                let mut peer = Lasting::connect(&server, way, &json!({})).await;
                let client = peer.peer.client(&server);
                assert!(!client.is_recovered());
                client.join("mine");
                client.set_state("kept".to_owned());
                client.emit("heard", &1).unwrap();
                assert_eq!(peer.hear("heard").await, [json!(1)], "{what}");
                let told = peer.told.clone();
                let memory = peer.break_off(&server).await;
                let _ = server.listener.emit("missed", &("all", 2)).unwrap();
                let _ = server.listener.to("mine").emit("missed", &("room", 3)).unwrap();
                let _ = server.listener.to("others").emit("missed", &"in another room").unwrap();
                let _ = server
                    .listener
                    .everybody()
                    .except(told["sid"].as_str().unwrap())
                    .emit("missed", &"for others")
                    .unwrap();
                let mut again = Lasting::connect(&server, back, &memory).await;
                assert_eq!(again.told, told, "{what}: the same ids");
                assert_eq!(again.hear("missed").await, [json!("all"), json!(2)], "{what}");
                assert_eq!(again.hear("missed").await, [json!("room"), json!(3)], "{what}");
                let client = again.peer.client(&server);
                assert!(client.is_recovered() && client.rooms().contains(&"mine".to_owned()), "{what}");
                assert_eq!(client.state::<String>().as_deref(), Some(&"kept".to_owned()), "{what}");
                client.emit("next", &()).unwrap();
                assert_eq!(again.hear("next").await, [] as [Value; 0], "{what}: and nothing twice");
                // It can break again.
                let memory = again.break_off(&server).await;
                let _ = server.listener.emit("missed", &"again").unwrap();
                let mut again = Lasting::connect(&server, way, &memory).await;
                assert_eq!(again.told, told, "{what}");
                assert_eq!(again.hear("missed").await, [json!("again")], "{what}");
                again.peer.send(&["41"]).await;
                server.events.disconnected(&again.peer.id).await;
            }
        }
    }
}

#[tokio::test]
async fn who_comes_back_before_the_break_is_noticed_takes_over_from_himself() {
    let (server, _) = server(milliseconds(10_000)).await;
    for way in WAYS {
        let mut peer = Lasting::connect(&server, way, &json!({})).await;
        let client = peer.peer.client(&server);
        client.emit("heard", &()).unwrap();
        peer.hear("heard").await;
        client.emit("missed", &()).unwrap();
        let mut again = Lasting::connect(&server, way, &peer.memory()).await;
        assert_eq!(again.told, peer.told, "{way:?}");
        let _ = server.listener.emit("later", &()).unwrap();
        assert_eq!(again.hear("missed").await, [] as [Value; 0], "{way:?}");
        assert_eq!(again.hear("later").await, [] as [Value; 0], "{way:?}");
        // Of the connection before nobody expects anything any more.
        let left = peer.peer.ended().await;
        assert!(left.iter().all(|packet| !format!("{packet:?}").contains("later")), "{way:?} {left:?}");
        again.peer.send(&["41"]).await;
        eventually("his leave", || server.listener.clients().is_empty()).await;
    }
}

#[tokio::test]
async fn who_heard_nothing_yet_has_missed_everything_since_he_connected() {
    let (server, _) = server(milliseconds(10_000)).await;
    let peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    let memory = peer.break_off(&server).await;
    let _ = server.listener.emit("missed", &1).unwrap();
    let mut again = Lasting::connect(&server, WAYS[0], &memory).await;
    assert_eq!(again.hear("missed").await, [json!(1)]);
}

#[tokio::test]
async fn what_was_on_its_way_when_the_connection_broke_comes_again() {
    let (server, _) = server(milliseconds(10_000)).await;
    for way in WAYS {
        let mut peer = Lasting::connect(&server, way, &json!({})).await;
        let client = peer.peer.client(&server);
        client.emit("first", &()).unwrap();
        peer.hear("first").await;
        let before = peer.memory();
        for number in 0..5 {
            client.emit("lost", &number).unwrap();
        }
        peer.break_off(&server).await;
        let mut again = Lasting::connect(&server, way, &before).await;
        assert_eq!(again.told["pid"], before["pid"], "{way:?}");
        for number in 0..5 {
            assert_eq!(again.hear("lost").await, [json!(number)], "{way:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_recovered_begins_anew() {
    let (server, log) = server(milliseconds(10_000)).await;
    let mut peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    peer.peer.client(&server).emit("heard", &()).unwrap();
    peer.hear("heard").await;
    let told = peer.told.clone();
    let memory = peer.break_off(&server).await;
    let stranger = Lasting::connect(&server, WAYS[0], &json!({})).await;
    for wrong in [
        json!({"pid": "nobody", "offset": memory["offset"]}),
        json!({"pid": memory["pid"], "offset": "never"}),
        json!({"pid": 1, "offset": 2}),
        json!({"pid": null}),
        json!({"pid": told["sid"], "offset": memory["offset"]}),
        json!({"pid": "0".repeat(32), "offset": memory["offset"]}),
    ] {
        let anew = Lasting::connect(&server, WAYS[0], &wrong).await;
        assert_ne!(anew.told["sid"], told["sid"], "{wrong}");
        assert_ne!(anew.told["pid"], told["pid"], "{wrong}");
        let client = anew.peer.client(&server);
        assert!(!client.is_recovered() && client.rooms().is_empty(), "{wrong}");
    }
    assert!(stranger.peer.client(&server).is_connected());
    assert!(log.all().iter().all(|line| line.ends_with("false")));
}

#[tokio::test]
async fn one_client_cannot_take_the_place_of_another_that_is_there() {
    let (server, _) = server(milliseconds(10_000)).await;
    let mut peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    let id = peer.peer.id.clone();
    // Whoever knows the secret is the client: the connection that was there is the broken one.
    let thief = Lasting::connect(&server, WAYS[0], &json!({"pid": id, "offset": "x"})).await;
    assert_ne!(thief.peer.id, id);
    peer.peer.client(&server).emit("still", &()).unwrap();
    peer.hear("still").await;
}

#[tokio::test]
async fn who_comes_too_late_begins_anew() {
    let (server, _) = server(milliseconds(60)).await;
    let peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    let told = peer.told.clone();
    let memory = peer.break_off(&server).await;
    tokio::time::sleep(milliseconds(150)).await;
    let anew = Lasting::connect(&server, WAYS[0], &memory).await;
    assert_ne!(anew.told["pid"], told["pid"]);
    assert!(!anew.peer.client(&server).is_recovered());
}

#[tokio::test]
async fn who_said_goodbye_or_heard_it_is_not_expected_back() {
    let (server, _) = server(milliseconds(10_000)).await;
    for goodbye in ["41", "1", "server"] {
        let mut peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
        let (memory, client) = (peer.memory(), peer.peer.client(&server));
        match goodbye {
            "server" => client.disconnect(),
            packet => peer.peer.send(&[packet]).await,
        }
        eventually("the goodbye", || !client.is_connected()).await;
        let anew = Lasting::connect(&server, WAYS[0], &memory).await;
        let is_same = anew.told["pid"] == memory["pid"];
        assert!(
            !is_same || goodbye == "1",
            "{goodbye}: a session that closes is a connection that breaks, a word is a word"
        );
    }
}

#[tokio::test]
async fn what_the_client_said_of_itself_is_kept_and_it_is_not_asked_again() {
    let (server, _) = server(milliseconds(10_000)).await;
    server.listener.authorize(|attempt: Attempt| async move {
        let auth: Value = attempt.auth().unwrap();
        if auth["token"] == "open" { Ok(()) } else { Err(Refusal::unauthorized("no token")) }
    });
    let peer = Lasting::connect(&server, WAYS[0], &json!({"token": "open"})).await;
    let mut memory = peer.break_off(&server).await;
    memory["token"] = json!("open");
    let again = Lasting::connect(&server, WAYS[0], &memory).await;
    let client = again.peer.client(&server);
    assert!(client.is_recovered());
    assert_eq!(client.auth::<Value>().unwrap()["token"], "open");
}

#[tokio::test]
async fn only_what_can_be_sent_again_has_an_offset() {
    let (server, _) = server(milliseconds(10_000)).await;
    for way in WAYS {
        let mut peer = Lasting::connect(&server, way, &json!({})).await;
        let client = peer.peer.client(&server);
        client.emit("plain", &()).unwrap();
        peer.hear("plain").await;
        let asking = tokio::spawn({
            let client = client.clone();
            async move { client.emit_with_ack::<u32>("ask", &(), milliseconds(5000)).await }
        });
        let question = peer.peer.receive().await;
        assert!(question.ends_with("[\"ask\"]"), "{question}");
        let id: String = question[2..].chars().take_while(char::is_ascii_digit).collect();
        peer.peer.send(&[&format!("43{id}[1]")]).await;
        assert_eq!(asking.await.unwrap().unwrap(), 1);
        if way.0 == Transport::WebSocket {
            eventually("room for a volatile one", || client.volatile().emit("fleeting", &()).is_ok()).await;
            assert_eq!(peer.peer.receive().await, r#"42["fleeting"]"#);
        }
        client.emit("bytes", &bytes::Bytes::from_static(&[1])).unwrap();
        let text = peer.peer.receive().await;
        assert!(text.starts_with(r#"451-["bytes",{"_placeholder":true,"num":0},""#), "binary has one, too: {text}");
        assert_eq!(peer.peer.receive_packet().await, Packet::Binary(vec![1]));
    }
}

#[tokio::test]
async fn what_is_transient_is_not_kept_and_has_no_offset() {
    let (server, _) = server(milliseconds(10_000)).await;
    for way in WAYS {
        let mut peer = Lasting::connect(&server, way, &json!({})).await;
        let client = peer.peer.client(&server);
        client.emit("kept", &1).unwrap();
        assert_eq!(peer.hear("kept").await, [json!(1)]);
        client.transient().emit("fleeting", &(1, "last")).unwrap();
        assert_eq!(peer.peer.receive().await, r#"42["fleeting",1,"last"]"#, "{way:?}");
        client.transient().send("a message").unwrap();
        assert_eq!(peer.peer.receive().await, r#"42["message","a message"]"#, "{way:?}");
        // A client takes whatever text came last for the place where it was.
        peer.offset = Some("a message".to_owned());
        let told = peer.told.clone();
        let memory = peer.break_off(&server).await;
        let _ = server.listener.emit("missed", &2).unwrap();
        let mut again = Lasting::connect(&server, way, &memory).await;
        assert_eq!(again.told, told, "{way:?}");
        assert_eq!(again.hear("missed").await, [json!(2)], "{way:?}");
        again.peer.send(&["41"]).await;
        eventually("his leave", || server.listener.clients().is_empty()).await;
    }
}

#[tokio::test]
async fn clients_that_cannot_come_back_are_given_nothing_to_remember() {
    let (server, _) = server(milliseconds(10_000)).await;
    for (transport, query) in [
        (Transport::Polling, ""),
        (Transport::Polling, "&t=1290000000.123"),
        (Transport::Polling, "&t=1290000000"),
        (Transport::WebSocket, ""),
        (Transport::WebSocket, "&t=PkX1aZ2b"),
    ] {
        let mut peer = opening(Four, transport).query(query).open(&server).await;
        peer.send(&["40"]).await;
        let told = peer.welcomed().await;
        assert_eq!(told.as_object().unwrap().len(), 1, "{transport} {query}");
        peer.client(&server).emit("x", &1).unwrap();
        assert_eq!(peer.receive().await, r#"42["x",1]"#);
    }
    let mut older = opening(Three, Transport::WebSocket).connect(&server).await;
    older.client(&server).emit("x", &1).unwrap();
    assert_eq!(older.receive().await, r#"42["x",1]"#);
}

#[tokio::test]
async fn without_recovery_nobody_comes_back() {
    let server = Server::new(Listener::builder().without_recovery()).await;
    for way in WAYS {
        let mut peer = Lasting::connect(&server, way, &json!({"pid": "x", "offset": "y"})).await;
        assert_eq!(peer.told.as_object().unwrap().len(), 1, "{way:?}");
        peer.peer.client(&server).emit("x", &1).unwrap();
        assert_eq!(peer.peer.receive().await, r#"42["x",1]"#);
    }
}

#[tokio::test]
async fn who_is_expected_back_takes_no_session_and_the_window_ends() {
    let (server, _) = server(milliseconds(1000)).await;
    let peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    let kept = std::sync::Arc::new(());
    peer.peer.client(&server).set_state(std::sync::Arc::clone(&kept));
    peer.break_off(&server).await;
    server.is_empty().await;
    assert!(std::sync::Arc::strong_count(&kept) > 1, "kept for him");
    eventually("what was kept to be dropped", || std::sync::Arc::strong_count(&kept) == 1).await;
}

#[tokio::test]
async fn nobody_hears_his_own_broadcast_however_often_he_comes_back() {
    let (server, _) = server(Duration::from_secs(60)).await;
    for way in WAYS {
        let mut peer = Lasting::connect(&server, way, &json!({})).await;
        let client = peer.peer.client(&server);
        client.emit("heard", &1).unwrap();
        peer.hear("heard").await;
        let _ = client.broadcast("my own words");
        let memory = peer.break_off(&server).await;
        let mut again = Lasting::connect(&server, way, &memory).await;
        assert!(again.peer.client(&server).is_recovered());
        again.peer.heard_nothing("his own words").await;
        again.offset = memory["offset"].as_str().map(str::to_owned);
        let memory = again.break_off(&server).await;
        let mut again = Lasting::connect(&server, way, &memory).await;
        assert!(again.peer.client(&server).is_recovered());
        again.peer.heard_nothing("his own words").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_come_in_the_order_of_their_offsets_whoever_sends_them() {
    const EACH: usize = 1000;
    let server = Server::new(Listener::builder()).await;
    let mut others = Vec::new();
    for _ in 0..50 {
        others.push(Lasting::connect(&server, WAYS[0], &json!({})).await);
    }
    let mut peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    let (client, listener) = (peer.peer.client(&server), server.listener.clone());
    let broadcasting = tokio::task::spawn_blocking(move || {
        for number in 0..EACH {
            let _ = listener.emit("count", &number).unwrap();
        }
    });
    let emitting = tokio::task::spawn_blocking(move || {
        for number in 0..EACH {
            client.emit("count", &number).unwrap();
        }
    });
    let mut last = None;
    for _ in 0..2 * EACH {
        peer.hear("count").await;
        // Behind a mark that is the same for all, a number.
        let number = peer.offset.as_ref().map(|offset| u64::from_str_radix(&offset[6..], 16).unwrap());
        assert!(number > last, "{number:?} behind {last:?}");
        last = number;
    }
    broadcasting.await.unwrap();
    emitting.await.unwrap();
}

#[tokio::test]
async fn a_text_at_the_end_of_a_volatile_event_is_no_obstacle() {
    let (server, _) = server(Duration::from_secs(60)).await;
    let mut peer = Lasting::connect(&server, WAYS[0], &json!({})).await;
    peer.peer.client(&server).emit("heard", &1).unwrap();
    peer.hear("heard").await;
    let outcome = server.listener.everybody().volatile().emit("now", &"a text").unwrap();
    assert_eq!(outcome.queued, 1);
    assert_eq!(peer.peer.receive().await, r#"42["now","a text"]"#);
    // What the client takes for its place.
    peer.offset = Some("a text".to_owned());
    let memory = peer.break_off(&server).await;
    let _ = server.listener.emit("missed", &2).unwrap();
    let mut again = Lasting::connect(&server, WAYS[0], &memory).await;
    assert!(again.peer.client(&server).is_recovered());
    assert_eq!(again.hear("missed").await, [json!(2)]);
    again.peer.heard_nothing("anything twice").await;
}
