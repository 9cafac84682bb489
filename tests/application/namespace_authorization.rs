//! Who is let into a namespace.

use crate::support::{Log, PacketPeer, Server, packets, patiently};
use heirloom::{Attempt, Listener, Refusal};
use std::sync::Arc;
use tokio::sync::Semaphore;

#[derive(Debug, PartialEq)]
struct Key(String);

#[tokio::test]
async fn who_is_let_in_keeps_what_was_found_out() {
    let server = Server::new(Listener::builder()).await;
    server.listener.authorize(|attempt: Attempt| async move {
        attempt.set_state("of the handshake");
        Ok(())
    });
    let private = server.listener.of("/private");
    private.authorize(|attempt: Attempt| async move {
        assert_eq!((attempt.namespace(), *attempt.state::<&str>().unwrap()), ("/private", "of the handshake"));
        assert_eq!(attempt.handshake().query_value("user").as_deref(), Some("me"));
        attempt.set_state(Key(attempt.query_value("key").unwrap_or_default()));
        Ok(())
    });
    private.on_connect(|client| async move {
        let (key, common) = (client.state::<Key>().unwrap(), client.state::<&str>().unwrap());
        client.send(format!("{} {common}", key.0)).unwrap();
    });
    for transport in packets::ALL {
        let mut peer = PacketPeer::open_with(&server, transport, "user=me").await;
        peer.send(&["1::/private:?key=open"]).await;
        assert_eq!(peer.receive_all(2).await, ["1::/private", "3::/private:open of the handshake"], "{transport}");
        assert_eq!(peer.client(&server).state::<Key>(), None, "it is the namespace's own");
    }
}

#[tokio::test]
async fn who_is_not_let_in_is_told_so_and_stays_outside() {
    let server = Server::new(Listener::builder()).await;
    let log = Log::new();
    for (name, refuse) in [
        ("/refuses", (|| Err(Refusal::unauthorized("a reason"))) as fn() -> Result<(), Refusal>),
        ("/fails", || Err(Refusal::failed("a reason"))),
        ("/panics", || panic!("expected in this test")),
    ] {
        let namespace = server.listener.of(name);
        let [connects, messages, disconnects] = [(); 3].map(|()| log.clone());
        namespace
            .authorize(move |_| async move { refuse() })
            .on_connect(move |client| {
                connects.note(format!("{} connect", client.namespace()));
                async {}
            })
            .on_message(move |client, _| {
                messages.note(format!("{} message", client.namespace()));
                async {}
            })
            .on_disconnect(move |client, _| {
                disconnects.note(format!("{} disconnect", client.namespace()));
                async {}
            });
    }
    for transport in packets::ALL {
        let mut peer = PacketPeer::open(&server, transport).await;
        for (name, answer) in [("/refuses", "7::/refuses:2"), ("/fails", "7::/fails:"), ("/panics", "7::/panics:")] {
            for _ in 0..2 {
                peer.send(&[&format!("1::{name}"), &format!("3:1:{name}:text"), &format!("0::{name}")]).await;
                assert_eq!(peer.receive().await, answer, "{transport}");
                peer.heard_nothing(name).await;
            }
            assert!(server.listener.of(name).clients().is_empty());
        }
        assert!(peer.client(&server).is_connected(), "{transport}: the session goes on");
    }
    assert_eq!(log.all(), [""; 0]);
}

/// A namespace whose door is opened by the test.
fn slow(server: &Server) -> (Log, Arc<Semaphore>) {
    let (log, gate) = (Log::new(), Arc::new(Semaphore::new(0)));
    let namespace = server.listener.of("/slow");
    let (asked, held) = (log.clone(), Arc::clone(&gate));
    namespace.authorize(move |_| {
        let (log, gate) = (asked.clone(), Arc::clone(&held));
        async move {
            log.note("asked");
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let [connects, messages, disconnects] = [(); 3].map(|()| log.clone());
    namespace.on_connect(move |_| {
        connects.note("connect");
        async {}
    });
    namespace.on_message(move |_, message| {
        messages.note(message.as_text().unwrap());
        async {}
    });
    namespace.on_disconnect(move |_, reason| {
        disconnects.note(reason.to_string());
        async {}
    });
    (log, gate)
}

#[tokio::test]
async fn what_a_client_says_meanwhile_waits_for_the_answer() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let (log, gate) = slow(&server);
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["1::/slow", "3:7:/slow:first", "3::/slow:second", "3:::to the root"]).await;
        log.until(1).await;
        assert!(server.listener.of("/slow").clients().is_empty());
        assert_eq!(server.events.texts(&peer.id), [""; 0], "{transport}: one at a time over all namespaces");
        let mut other = PacketPeer::open(&server, transport).await;
        other.send(&["3:::meanwhile"]).await;
        assert_eq!(server.events.texts_until(&other.id, 1).await, ["meanwhile"], "nobody else waits");
        gate.add_permits(1);
        assert_eq!(peer.receive_all(2).await, ["1::/slow", "6::/slow:7"], "{transport}");
        peer.settled().await;
        assert_eq!(log.all(), ["asked", "connect", "first", "second"], "{transport}");
        assert_eq!(server.events.texts(&peer.id), ["to the root"]);
        assert_eq!(server.listener.stats().ignored_events, 0);
    }
}

#[tokio::test]
async fn a_client_that_goes_while_it_is_being_asked_about_never_came() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let (log, gate) = slow(&server);
        let mut peer = PacketPeer::open(&server, transport).await;
        let client = peer.client(&server);
        peer.send(&["1::/slow"]).await;
        log.until(1).await;
        peer.send(&["0::"]).await;
        patiently("the session to end", async {
            while client.is_connected() {
                tokio::task::yield_now().await;
            }
        })
        .await;
        gate.add_permits(1);
        server.events.disconnected(&client.id()).await;
        assert_eq!(log.all(), ["asked"], "{transport}");
        assert!(server.listener.of("/slow").clients().is_empty());
    }
}

#[tokio::test]
async fn a_client_that_leaves_the_namespace_meanwhile_enters_and_leaves() {
    for transport in packets::ALL {
        let server = Server::new(Listener::builder()).await;
        let (log, gate) = slow(&server);
        let mut peer = PacketPeer::open(&server, transport).await;
        peer.send(&["1::/slow", "0::/slow", "3::/slow:ignored"]).await;
        log.until(1).await;
        gate.add_permits(1);
        assert_eq!(peer.settled().await, ["1::/slow"]);
        assert_eq!(log.all(), ["asked", "connect", "client disconnect"], "{transport}");
    }
}
