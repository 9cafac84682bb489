//! What comes in one piece and hangs together.

use crate::{
    echoing,
    support::{
        Mounting,
        engine::{EnginePeer, Packet, REVISIONS, binary, everything},
    },
};
use heirloom::{Ack, Client, Data, Listener, Transport};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_with_bytes_among_others_are_answered_whole_and_in_order() {
    const COUNT: usize = 150;
    let server = echoing(Mounting::Serve, Listener::builder().without_recovery().queue_messages(10_000)).await;
    server.listener.on("slow", |_: Client, arguments: Data, ack: Option<Ack>| async move {
        tokio::task::yield_now().await;
        ack.unwrap().send(&arguments).unwrap();
    });
    for revision in REVISIONS {
        let mut peer = EnginePeer::connect(&server, revision, Transport::WebSocket).await;
        let (mut said, mut expected) = (Vec::<Packet>::new(), Vec::new());
        for number in 0..COUNT {
            let name = if number % 7 == 3 { "slow" } else { "echo" };
            let bytes = [number.to_be_bytes().to_vec(), vec![7; number]];
            let (first, second) = (r#"{"_placeholder":true,"num":0}"#, r#"{"_placeholder":true,"num":1}"#);
            if number % 3 == 0 {
                said.push(format!(r#"42{number}["{name}",{number}]"#).as_str().into());
                expected.push(Packet::from(format!("43{number}[{number}]").as_str()));
                continue;
            }
            said.push(format!(r#"452-{number}["{name}",{first},{number},{second}]"#).as_str().into());
            expected.push(format!("462-{number}[{first},{number},{second}]").as_str().into());
            for bytes in bytes {
                said.push(binary(&bytes));
                expected.push(binary(&bytes));
            }
        }
        peer.socket().send_at_once(&said).await;
        for packet in expected {
            assert_eq!(peer.receive_packet().await, packet, "{revision:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_with_the_way_into_a_namespace_or_out_of_it_is_heard_in_its_place() {
    let server = echoing(Mounting::Serve, Listener::builder().without_recovery()).await;
    let said = [
        r#"42["echo","first"]"#,
        "40/chat,",
        r#"42/chat,["echo","inside"]"#,
        r#"42["echo","between"]"#,
        "41/chat,",
        r#"42/chat,["echo","outside"]"#,
        r#"42["echo","last"]"#,
    ];
    for (revision, transport) in everything() {
        // Some is handled before what has to wait, or nothing is.
        for said in [&said[..], &said[1..]] {
            let mut peer = EnginePeer::connect(&server, revision, transport).await;
            let packets: Vec<Packet> = said.iter().map(|said| Packet::from(*said)).collect();
            if transport == Transport::WebSocket {
                peer.socket().send_at_once(&packets).await;
            } else {
                peer.send_packets(&packets).await;
            }
            let heard = peer.receive_all(said.len() - 2).await;
            let (echoes, others): (Vec<&str>, Vec<&str>) =
                heard.iter().map(String::as_str).partition(|heard| heard.contains("echo"));
            let expected: Vec<_> =
                said.iter().filter(|said| said.contains("echo") && !said.contains("outside")).collect();
            assert!(echoes.iter().eq(expected), "{revision:?} {transport}: {heard:?}");
            assert!(others.len() == 1 && others[0].starts_with("40/chat"), "{revision:?} {transport}: {heard:?}");
        }
    }
}
