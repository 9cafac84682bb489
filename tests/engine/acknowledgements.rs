//! Acknowledgements, asked for by either side.

use crate::{
    builder, echo, echoing,
    support::{
        Log, Mounting,
        engine::{EnginePeer, Packet, Three, binary, everything},
        milliseconds,
    },
};
use bytes::Bytes;
use heirloom::{AckError, Client};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn the_application_acknowledges_an_event() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            peer.send(&["40/chat,"]).await;
            peer.receive().await;
            for (question, answer) in [
                (r#"420["echo"]"#, "430[]"),
                (r#"42456["echo",1,"2",{"3":[false]}]"#, r#"43456[1,"2",{"3":[false]}]"#),
                (r#"42/chat,7["echo",null]"#, "43/chat,7[null]"),
                (r#"4218446744073709551615["echo"]"#, "4318446744073709551615[]"),
            ] {
                peer.send(&[question]).await;
                assert_eq!(peer.receive().await, answer, "{mounting:?} {revision:?} {transport}");
            }
            peer.send_packets(&[
                r#"452-789["echo",{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#.into(),
                binary(&[1, 2, 3]),
                binary(&[]),
            ])
            .await;
            let expected = r#"462-789[{"_placeholder":true,"num":0},[{"_placeholder":true,"num":1}]]"#;
            assert_eq!(peer.receive().await, expected, "{mounting:?} {revision:?} {transport}");
            assert_eq!(peer.receive_binary().await, [1, 2, 3]);
            assert_eq!(peer.receive_binary().await, [0; 0]);
        }
    }
}

#[tokio::test]
async fn a_message_is_acknowledged_when_it_is_wanted() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send(&[r#"425["message","hello"]"#]).await;
        assert_eq!(peer.receive().await, "435[]", "{revision:?} {transport}");
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["hello"]);
    }
}

/// What the client answers to the question in this packet.
fn answer_to(question: &str, kind: &str, arguments: &str) -> String {
    let id: String = question[2..].chars().take_while(char::is_ascii_digit).collect();
    format!("4{kind}{id}{arguments}")
}

#[tokio::test]
async fn a_client_acknowledges_an_event() {
    for mounting in Mounting::BOTH {
        let server = echoing(mounting, builder()).await;
        for (revision, transport) in everything() {
            let what = format!("{mounting:?} {revision:?} {transport}");
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let client = peer.client(&server);
            let asking = tokio::spawn(async move {
                let first = client.emit_with_ack::<(String, u32)>("ask", &1, LONG).await;
                let second = client.emit_with_ack::<Bytes>("ask", &(2, "b"), LONG).await;
                let third = client.emit_with_ack::<u32>("ask", &(), milliseconds(50)).await;
                (first, second, third, client.awaited_acks())
            });
            let question = peer.receive().await;
            assert!(question.starts_with("42") && question.ends_with(r#"["ask",1]"#), "{what} {question}");
            // What nobody asked for is ignored, also twice the same.
            let answer = answer_to(&question, "3", r#"["yes",7]"#);
            peer.send(&["4399999[]", &answer, &answer]).await;
            let question = peer.receive().await;
            assert!(question.ends_with(r#"["ask",2,"b"]"#), "{what} {question}");
            let answer = answer_to(&question, "61-", r#"[{"_placeholder":true,"num":0}]"#);
            peer.send_packets(&[Packet::Text(answer), binary(&[9, 8])]).await;
            assert!(peer.receive().await.ends_with(r#"["ask"]"#));
            let (first, second, third, awaited) = asking.await.unwrap();
            assert_eq!(first.unwrap(), ("yes".to_owned(), 7), "{what}");
            assert_eq!(second.unwrap(), Bytes::from_static(&[9, 8]), "{what}");
            assert!(matches!(third, Err(AckError::Timeout)), "{what} {third:?}");
            assert_eq!(awaited, 0);
            peer.heard_nothing("answers nobody waits for").await;
        }
    }
}

#[tokio::test]
async fn clients_of_1_0_count_attachments_in_every_acknowledgement() {
    let server = echo(builder()).await;
    for transport in crate::support::engine::TRANSPORTS {
        let mut peer = EnginePeer::connect(&server, Three, transport).await;
        let client = peer.client(&server);
        let asking = tokio::spawn(async move { client.emit_with_ack::<u32>("ask", &(), LONG).await });
        let question = peer.receive().await;
        let answer = answer_to(&question, "30-", "[5]");
        peer.send(&[&answer]).await;
        assert_eq!(asking.await.unwrap().unwrap(), 5, "{transport}");
    }
}

#[tokio::test]
async fn binary_can_be_asked_with() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        let client = peer.client(&server);
        let asking =
            tokio::spawn(async move { client.emit_with_ack::<u32>("ask", &(Bytes::from_static(&[1]), 2), LONG).await });
        let question = peer.receive().await;
        let (head, id) = (question.starts_with("451-"), &question[4..question.find('[').unwrap()]);
        assert!(head && question.ends_with(r#"["ask",{"_placeholder":true,"num":0},2]"#), "{question}");
        assert_eq!(peer.receive_binary().await, [1]);
        peer.send(&[&format!("43{id}[5]")]).await;
        assert_eq!(asking.await.unwrap().unwrap(), 5, "{revision:?} {transport}");
    }
}

#[tokio::test]
async fn who_goes_answers_nothing_any_more() {
    let server = echo(builder()).await;
    for (revision, transport) in everything() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        let client = peer.client(&server);
        let asking = tokio::spawn(async move { client.emit_with_ack::<u32>("ask", &(), LONG).await });
        peer.receive().await;
        peer.send(&["1"]).await;
        assert!(matches!(asking.await.unwrap(), Err(AckError::Disconnected)), "{revision:?} {transport}");
    }
}

#[tokio::test]
async fn numbers_of_namespaces_do_not_mix() {
    let server = echo(builder()).await;
    let log = Log::new();
    for name in ["/", "/chat"] {
        let log = log.clone();
        server.listener.of(name).on("question", move |client: Client, (): (), _| {
            let log = log.clone();
            async move {
                tokio::spawn(async move {
                    let answer: String = client.emit_with_ack("ask", &(), LONG).await.unwrap();
                    log.note(format!("{} {answer}", client.namespace()));
                });
            }
        });
    }
    for (round, (revision, transport)) in everything().enumerate() {
        let mut peer = EnginePeer::connect(&server, revision, transport).await;
        peer.send(&["40/chat,"]).await;
        peer.receive().await;
        peer.send(&[r#"42["question"]"#, r#"42/chat,["question"]"#]).await;
        let mut questions = peer.receive_all(2).await;
        questions.sort();
        let chat = questions[0].strip_prefix("42/chat,").unwrap().strip_suffix(r#"["ask"]"#).unwrap();
        let root = questions[1].strip_prefix("42").unwrap().strip_suffix(r#"["ask"]"#).unwrap();
        peer.send(&[&format!(r#"43/chat,{chat}["from chat"]"#), &format!(r#"43{root}["from the root"]"#)]).await;
        let mut answers = log.until((round + 1) * 2).await.split_off(round * 2);
        answers.sort();
        assert_eq!(answers, ["/ from the root", "/chat from chat"], "{revision:?} {transport}");
    }
}
