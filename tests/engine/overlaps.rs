//! Two requests of one kind at once, which no client makes.

use crate::{
    builder, echoing,
    support::{
        Answer, Mounting, Server,
        engine::{EnginePeer, POLLS, REVISIONS, Three, codec::script_text, refusal},
        eventually, get, request,
    },
};
use heirloom::{DisconnectReason, Transport};

async fn is_unknown(server: &Server, peer: &EnginePeer, what: &str) {
    let answer = server.answer(get(&peer.path())).await;
    assert_eq!(refusal(&answer), (400, 1, "Session ID unknown".to_owned()), "{what}");
}

fn text(transport: Transport, answer: &Answer) -> String {
    if transport == Transport::JsonpPolling { script_text(answer) } else { answer.text().to_owned() }
}

#[tokio::test]
async fn a_second_poll_ends_the_session_and_the_first_says_so() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
        for revision in REVISIONS {
            for transport in POLLS {
                let what = format!("{mounting:?} {revision:?} {transport}");
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                // The answer that ends this loop tells that the poll before was parked.
                let client = peer.client(&server);
                peer.park().await;
                eventually("the poll to wait", || client.volatile().emit("waits", &()).is_ok()).await;
                peer.poll().await;
                // Whichever of the two comes first, one waits and the other is refused.
                let (mut one, mut two) = (server.ask(get(&peer.path())).await, server.ask(get(&peer.path())).await);
                let (one, two) = tokio::join!(one.answer(), two.answer());
                let (waited, refused) = if one.status == 200 { (one, two) } else { (two, one) };
                assert_eq!((waited.status, refused.status), (200, 400), "{what}");
                assert_eq!(text(transport, &waited), revision.body("1"), "{what}");
                assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{what}");
                is_unknown(&server, &peer, &what).await;
            }
        }
        other.heard_nothing("the mistakes of others").await;
    }
}

#[tokio::test]
async fn a_second_post_while_one_is_coming_ends_the_session() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        let mut other = EnginePeer::connect(&server, Three, Transport::Polling).await;
        for revision in REVISIONS {
            for transport in POLLS {
                let what = format!("{mounting:?} {revision:?} {transport}");
                let mut peer = EnginePeer::connect(&server, revision, transport).await;
                let kind = match transport {
                    Transport::JsonpPolling => "Content-Type: application/x-www-form-urlencoded",
                    _ => "Content-Type: text/plain",
                };
                let head = request("POST", &peer.path(), &[kind, "Content-Length: 100"], "");
                let mut half = server.ask(head + "d=4").await;
                // The server has begun to read the first when it refuses the second.
                let second = loop {
                    let answer = peer.post(&revision.body(r#"42["echo",1]"#)).await;
                    if answer.status != 200 {
                        break answer;
                    }
                    peer.receive().await;
                };
                assert_eq!(second.status, 400, "{what}");
                assert_eq!(server.events.disconnected(&peer.id).await, DisconnectReason::ProtocolError, "{what}");
                half.send("x".repeat(97)).await;
                let first = half.answer().await;
                assert_eq!(first.status, 400, "{what}: nothing of it counts");
                is_unknown(&server, &peer, &what).await;
            }
        }
        other.heard_nothing("the mistakes of others").await;
    }
}

#[tokio::test]
async fn a_poll_and_a_post_at_once_are_what_every_client_does() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for revision in REVISIONS {
            let mut peer = EnginePeer::connect(&server, revision, Transport::Polling).await;
            for number in 0..50 {
                peer.park().await;
                let event = format!(r#"42["echo",{number}]"#);
                peer.send(&[&event]).await;
                assert_eq!(peer.receive().await, event, "{mounting:?} {revision:?}");
            }
        }
    }
}
