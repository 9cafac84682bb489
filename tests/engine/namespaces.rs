//! Who is in which namespace: implicitly in the older revision, by its own word in the newer.

use crate::{
    builder, echo, echoing,
    support::{
        Log, Mounting,
        engine::{EnginePeer, Four, Packet, REVISIONS, TRANSPORTS, Three, everything, opening},
        milliseconds,
    },
};
use heirloom::{Attempt, Client, DisconnectReason, Refusal, Transport};
use serde_json::{Value, json};

#[tokio::test]
async fn a_client_of_the_older_revision_is_in_the_root_by_itself_and_known_by_its_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for transport in TRANSPORTS {
            let mut peer = EnginePeer::open(&server, Three, transport).await;
            assert_eq!(peer.receive().await, "40");
            assert_eq!(server.listener.client(&peer.sid).unwrap().id(), peer.sid);
            // Both spellings are in use, with and without the comma.
            for entry in ["40/chat", "40/chat,"] {
                peer.send(&[entry]).await;
                assert!(matches!(peer.receive().await.as_str(), "40/chat" | "40/chat,"));
                let id = format!("/chat#{}", peer.sid);
                assert_eq!(server.listener.of("/chat").client(&id).unwrap().id(), id);
                peer.send(&[r#"42/chat,["echo",1]"#]).await;
                assert_eq!(peer.receive().await, r#"42/chat,["echo",1]"#, "{mounting:?} {transport}");
                peer.send(&["41/chat"]).await;
                peer.heard_nothing("its leave").await;
                assert!(server.listener.of("/chat").clients().is_empty());
            }
        }
    }
}

#[tokio::test]
async fn a_client_of_the_newer_revision_says_where_it_wants_to_be() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for transport in TRANSPORTS {
            let mut peer = EnginePeer::open(&server, Four, transport).await;
            assert!(server.listener.clients().is_empty(), "nobody is anywhere yet");
            peer.send(&["40/chat,"]).await;
            let chat = peer.receive().await;
            let chat: Value = serde_json::from_str(chat.strip_prefix("40/chat,").unwrap()).unwrap();
            assert!(server.listener.clients().is_empty(), "and the root is a namespace like another");
            peer.send(&["40"]).await;
            let root = peer.welcomed().await;
            for told in [&chat, &root] {
                let id = told["sid"].as_str().unwrap();
                assert!(told.as_object().unwrap().len() == 1 && id.len() >= 20 && id != peer.sid, "{told}");
            }
            assert_ne!(chat["sid"], root["sid"], "{mounting:?} {transport}");
            let client = server.listener.of("/chat").client(chat["sid"].as_str().unwrap()).unwrap();
            client.emit("welcome", &()).unwrap();
            assert_eq!(peer.receive().await, r#"42/chat,["welcome"]"#);
            assert!(server.listener.client(&peer.sid).is_none(), "the session's id is the client's secret");
            peer.send(&["1"]).await;
            server.events.disconnected(&peer.id).await;
        }
    }
}

#[tokio::test]
async fn the_payload_of_the_connection_reaches_the_application() {
    let server = echo(builder()).await;
    for name in ["/", "/chat"] {
        server.listener.of(name).on_connect(|client: Client| async move {
            client.emit("auth", &client.auth::<Value>().unwrap()).unwrap();
        });
    }
    for transport in TRANSPORTS {
        let mut peer = EnginePeer::open(&server, Four, transport).await;
        for (packet, prefix, auth) in [(r#"40{"token":"123"}"#, "", r#"{"token":"123"}"#), ("40/chat,", "/chat,", "{}")]
        {
            peer.send(&[packet]).await;
            assert!(peer.receive().await.starts_with(&format!("40{prefix}{{\"sid\":\"")));
            assert_eq!(peer.receive().await, format!("42{prefix}[\"auth\",{auth}]"), "{transport}");
        }
        let mut older = EnginePeer::connect(&server, Three, transport).await;
        assert_eq!(older.receive().await, r#"42["auth",{}]"#, "{transport}");
    }
}

#[tokio::test]
async fn what_a_handler_changes_is_so_for_what_came_with_its_message() {
    let server = echo(builder()).await;
    let chat = server.listener.of("/chat");
    for revision in REVISIONS {
        let (log, changed) = (Log::new(), chat.clone());
        let noted = log.clone();
        chat.on_message(move |_, message| {
            noted.note(message.as_text().unwrap());
            let noted = noted.clone();
            changed.on_message(move |client, message| {
                noted.note(format!("after the change: {}", message.as_text().unwrap()));
                client.disconnect();
                async {}
            });
            async {}
        });
        let mut peer = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        peer.send(&["40/chat,"]).await;
        assert!(peer.receive().await.starts_with("40/chat,"));
        let packets = ["one", "two", "three"].map(|text| Packet::Text(format!(r#"42/chat,["message","{text}"]"#)));
        peer.socket().send_at_once(&packets).await;
        assert_eq!(peer.receive().await, "41/chat,");
        peer.heard_nothing("what it said behind its end").await;
        assert_eq!(log.all(), ["one", "after the change: two"], "{revision:?}");
    }
}

#[tokio::test]
async fn an_unknown_namespace_is_refused_and_everything_else_goes_on() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            for packet in ["40/random", "40/random,", "40/random,{}"] {
                peer.send(&[packet]).await;
                assert_eq!(
                    peer.receive().await,
                    r#"44/random,{"message":"Invalid namespace"}"#,
                    "{mounting:?} {packet}"
                );
            }
            peer.heard_nothing("its mistake").await;
        }
    }
}

#[tokio::test]
async fn who_is_refused_by_the_application_is_told_why_and_stays_outside() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let log = Log::new();
        let noted = log.clone();
        server.listener.of("/private").on_connect(move |client| {
            noted.note(client.id());
            async {}
        });
        server.listener.of("/private").authorize(|attempt: Attempt| async move {
            let auth = attempt.auth::<Value>().unwrap();
            match (auth["token"].as_str(), attempt.query_value("token").as_deref()) {
                (Some("open"), _) | (_, Some("open")) => Ok(()),
                (Some("broken"), _) | (_, Some("broken")) => Err(Refusal::failed("the database is down")),
                _ => Err(Refusal::unauthorized("wrong token").with_data(&json!({"code": 7}))),
            }
        });
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let rounds = match revision {
                Three => [
                    ("40/private", r#"44/private,{"code":7}"#),
                    ("40/private?token=broken", r#"44/private,"authorization failed""#),
                    ("40/private?token=open,", "40/private"),
                ],
                Four => [
                    ("40/private,", r#"44/private,{"message":"wrong token","data":{"code":7}}"#),
                    (r#"40/private,{"token":"broken"}"#, r#"44/private,{"message":"authorization failed"}"#),
                    (r#"40/private,{"token":"open"}"#, "40/private,{\"sid\":\""),
                ],
            };
            for (packet, expected) in rounds {
                let before = log.all().len();
                peer.send(&[packet]).await;
                let told = peer.receive().await;
                assert!(told.starts_with(expected), "{mounting:?} {revision:?} {transport} {packet}: {told}");
                assert_eq!(told.starts_with("44"), log.all().len() == before, "{told}");
            }
            peer.heard_nothing("its refusals").await;
        }
    }
}

#[tokio::test]
async fn who_is_refused_the_root_hears_it_instead_of_a_welcome() {
    let server = echo(builder()).await;
    server.listener.authorize(|attempt: Attempt| async move {
        let known = attempt.auth::<Value>().unwrap()["token"] == "open"
            || attempt.query_value("token").as_deref() == Some("open");
        if known { Ok(()) } else { Err(Refusal::unauthorized("who are you?")) }
    });
    for transport in TRANSPORTS {
        let mut older = EnginePeer::open(&server, Three, transport).await;
        let before = server.listener.clients().len();
        assert_eq!(older.receive().await, r#"44"who are you?""#, "{transport}");
        assert_eq!(server.listener.clients().len(), before, "who is refused is nobody's client");
        opening(Three, transport).query("&token=open").connect(&server).await.heard_nothing("anything").await;
        let mut newer = EnginePeer::open(&server, Four, transport).await;
        newer.send(&["40"]).await;
        assert_eq!(newer.receive().await, r#"44{"message":"who are you?"}"#, "{transport}");
        newer.send(&[r#"40{"token":"open"}"#]).await;
        newer.welcomed().await;
        newer.heard_nothing("its refusal").await;
    }
}

#[tokio::test]
async fn who_is_refused_the_root_is_refused_everywhere_before_3_and_keeps_nothing() {
    let server = echo(builder()).await;
    server.listener.authorize(|attempt: Attempt| async move {
        attempt.set_state("a secret".to_owned());
        Err(Refusal::unauthorized("no"))
    });
    let seen = Log::new();
    let noted = seen.clone();
    server.listener.of("/chat").on_connect(move |client: Client| {
        noted.note(format!("{:?}", client.state::<String>()));
        async {}
    });
    for transport in TRANSPORTS {
        let mut older = EnginePeer::open(&server, Three, transport).await;
        assert_eq!(older.receive().await, r#"44"no""#, "{transport}");
        older.send(&["40/chat"]).await;
        assert_eq!(older.receive().await, r#"44/chat,"no""#, "{transport}");
        // Namespaces are independent since, but what a refused attempt has kept is nobody's.
        let mut newer = EnginePeer::open(&server, Four, transport).await;
        newer.send(&["40"]).await;
        assert_eq!(newer.receive().await, r#"44{"message":"no"}"#, "{transport}");
        newer.send(&["40/chat,"]).await;
        assert!(newer.receive().await.starts_with("40/chat,{"), "{transport}");
    }
    assert_eq!(seen.until(TRANSPORTS.len()).await, vec!["None"; TRANSPORTS.len()]);
}

#[tokio::test]
async fn who_joins_nothing_is_closed_at_its_time() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder().connect_timeout(milliseconds(400))).await;
        server.listener.of("/closed").authorize(|_| async { Err(Refusal::unauthorized("nobody")) });
        for transport in TRANSPORTS {
            let begun = std::time::Instant::now();
            let mut peer = EnginePeer::open(&server, Four, transport).await;
            // A refusal is no entry.
            peer.send(&["40/closed,"]).await;
            assert!(peer.receive().await.starts_with("44/closed,"));
            peer.ended().await;
            assert!(begun.elapsed() >= milliseconds(395), "{mounting:?} {transport}");
            server.is_empty().await;
        }
        let mut joined = Vec::new();
        for (revision, transport) in everything() {
            joined.push(EnginePeer::connect(&server, revision, transport).await);
        }
        tokio::time::sleep(milliseconds(700)).await;
        for peer in &mut joined {
            peer.heard_nothing("a timeout that is not its own").await;
        }
    }
}

#[tokio::test]
async fn who_left_everything_is_not_hurried() {
    let server = echo(builder().connect_timeout(milliseconds(300))).await;
    let mut peer = EnginePeer::connect(&server, Four, Transport::WebSocket).await;
    peer.send(&["41"]).await;
    server.events.disconnected(&peer.id).await;
    tokio::time::sleep(milliseconds(600)).await;
    peer.send(&["40"]).await;
    peer.welcomed().await;
}

#[tokio::test]
async fn a_second_connect_is_ignored() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send(&["40", "40/chat,", "40/chat,", "40"]).await;
        assert!(peer.receive().await.starts_with("40/chat"));
        peer.heard_nothing("what it was told before").await;
        assert_eq!(server.events.about(&peer.id).len(), 1);
    }
}

#[tokio::test]
async fn an_event_for_a_namespace_never_entered_is_ignored_or_the_end() {
    let server = echo(builder()).await;
    for transport in TRANSPORTS {
        let mut older = EnginePeer::connect(&server, Three, transport).await;
        let ignored = server.listener.stats().ignored_events;
        older.send(&[r#"42/chat,["echo",1]"#, r#"42/nowhere,1["echo",1]"#]).await;
        older.heard_nothing("its mistake").await;
        assert_eq!(server.listener.stats().ignored_events, ignored + 2);
        let peer = EnginePeer::connect(&server, Four, transport).await;
        let id = peer.id.clone();
        match transport {
            Transport::WebSocket => {
                let mut peer = peer;
                peer.send(&[r#"42/chat,["echo",1]"#]).await;
                assert_eq!(peer.ended().await, []);
            }
            _ => drop(peer.post(r#"42/chat,["echo",1]"#).await),
        }
        assert_eq!(server.events.disconnected(&id).await, DisconnectReason::ProtocolError, "{transport}");
    }
}

#[tokio::test]
async fn the_application_takes_a_client_out_of_one_namespace() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            peer.send(&["40/chat,"]).await;
            peer.receive().await;
            let client = server.listener.of("/chat").clients().pop().unwrap();
            client.emit("last", &()).unwrap();
            client.disconnect();
            assert_eq!(peer.receive().await, r#"42/chat,["last"]"#);
            assert!(matches!(peer.receive().await.as_str(), "41/chat," | "41/chat"), "{mounting:?} {revision:?}");
            peer.heard_nothing("the end of its chat").await;
        }
    }
}

#[tokio::test]
async fn rooms_and_namespaces_have_members_of_both_revisions() {
    let server = echo(builder()).await;
    let chat = server.listener.of("/chat");
    chat.on_connect(|client| async move { _ = client.join("room") });
    let mut peers = Vec::new();
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send(&["40/chat,"]).await;
        peer.receive().await;
        peers.push(peer);
    }
    crate::support::eventually("all to be in the room", || chat.to("room").clients().len() == 6).await;
    assert_eq!(chat.to("room").emit("news", &("é😀", 1)).unwrap().queued, 6);
    assert_eq!(server.listener.broadcast("to all").queued, 6);
    for peer in &mut peers {
        let news = if peer.revision == Four {
            r#"42/chat,["news","é😀",1]"#
        } else {
            r#"42/chat,["news","\u00E9\uD83D\uDE00",1]"#
        };
        assert_eq!(peer.receive().await, news);
        assert_eq!(peer.receive().await, r#"42["message","to all"]"#);
    }
}
