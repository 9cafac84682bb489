//! What comes in one piece and hangs together.

use crate::{
    echoing,
    support::{
        Mounting,
        engine::{EnginePeer, Packet, REVISIONS, binary},
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
