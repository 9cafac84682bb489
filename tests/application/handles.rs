//! A listener lives as long as somebody has a handle of it, and ends its clients when nobody has.

use crate::support::{
    Event, Mounting, PacketPeer, Peer, Server,
    engine::{EnginePeer, Four, Three},
    eventually, milliseconds, rfc6455,
};
use heirloom::{Client, Dialect, DisconnectReason, Listener, Transport};
use hyper::service::service_fn;
use std::sync::{Arc, Mutex, Weak};
use tokio::net::TcpListener;

/// A value that lives as long as the handlers of the listener do.
fn held_by_a_handler(listener: &Listener) -> Weak<()> {
    let held = Arc::new(());
    let weak = Arc::downgrade(&held);
    listener.of("/other").on_message(move |_, _| {
        let _held = Arc::clone(&held);
        async {}
    });
    weak
}

async fn is_dropped(value: &Weak<()>, what: &str) {
    eventually(what, || value.strong_count() == 0).await;
}

/// Waits until nothing of the server is left but its sessions, and what else holds its listener.
async fn stop_serving(server: Server) {
    let address = server.address;
    drop(server);
    let gone = async || tokio::net::TcpStream::connect(address).await.is_err();
    crate::support::patiently("the server to be gone", async {
        while !gone().await {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn everything() -> heirloom::Builder {
    Listener::builder().also_mount("plain", Dialect::BareWebSocket)
}

#[tokio::test]
async fn when_the_last_is_dropped_every_client_is_ended_in_its_own_way() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, everything()).await;
        let handlers = held_by_a_handler(&server.listener);
        let events = server.events.clone();
        let frames = Peer::open(&server, Transport::WebSocket).await;
        let packets = PacketPeer::open(&server, Transport::WebSocket).await;
        let older = EnginePeer::connect(&server, Three, Transport::WebSocket).await;
        let newer = EnginePeer::connect(&server, Four, Transport::WebSocket).await;
        let mut plain = rfc6455::open(&server, "/plain").await;
        let clients = server.listener.clients();
        assert_eq!(clients.len(), 5);
        for client in &clients {
            client.send("last").unwrap();
        }
        stop_serving(server).await;
        assert_eq!(frames.ended().await, ["last"]);
        assert_eq!(packets.ended().await, ["3:::last"]);
        for engine in [older, newer] {
            let revision = engine.revision;
            let heard = engine.ended().await;
            assert!(heard[0].is(r#"42["message","last"]"#), "{revision:?}: {heard:?}");
        }
        assert_eq!(rfc6455::read(&mut plain).await, (rfc6455::TEXT, b"last".to_vec()));
        assert_eq!(rfc6455::read(&mut plain).await.0, rfc6455::CLOSE);
        for client in &clients {
            assert_eq!(events.disconnected(&client.id()).await, DisconnectReason::Shutdown);
        }
        drop((clients, plain));
        is_dropped(&handlers, "the handlers").await;
    }
}

#[tokio::test]
async fn a_client_and_a_target_are_no_handles() {
    let server = Server::new(Listener::builder()).await;
    let handlers = held_by_a_handler(&server.listener);
    let peer = Peer::open(&server, Transport::WebSocket).await;
    let client = server.listener.client(&peer.id).unwrap();
    let everybody = server.listener.everybody();
    stop_serving(server).await;
    assert!(peer.ended().await.is_empty());
    // What is made of them now changes nothing.
    let listener = client.listener();
    assert_eq!(listener.shutdown(milliseconds(9000)).await, 0);
    drop(listener);
    assert_eq!(everybody.send("nobody hears it").queued, 0);
    drop((client, everybody));
    is_dropped(&handlers, "the handlers").await;
}

/// The peer is there as long as `handle` is, and no longer.
async fn is_kept_by<T>(server: Server, handle: T) {
    let handlers = held_by_a_handler(&server.listener);
    let mut peer = Peer::open(&server, Transport::WebSocket).await;
    let client = server.listener.client(&peer.id).unwrap();
    stop_serving(server).await;
    for text in ["still", "there"] {
        client.send(text).unwrap();
        assert_eq!(peer.receive().await, text);
    }
    assert!(client.is_connected() && handlers.strong_count() > 0);
    drop(handle);
    assert!(peer.ended().await.is_empty());
    drop(client);
    is_dropped(&handlers, "the handlers").await;
}

#[tokio::test]
async fn every_kind_of_handle_keeps_the_clients() {
    let server = Server::new(Listener::builder()).await;
    let listener = server.listener.clone();
    is_kept_by(server, listener).await;

    let server = Server::new(Listener::builder()).await;
    let namespace = server.listener.of("/chat");
    is_kept_by(server, namespace).await;

    let server = Server::new(Listener::builder()).await;
    let wrapped = server.listener.wrap(service_fn(crate::support::server::page));
    is_kept_by(server, wrapped).await;
}

#[tokio::test]
async fn the_listener_of_a_client_is_a_handle_like_any_other() {
    let server = Server::new(Listener::builder()).await;
    let kept = Arc::new(Mutex::new(None));
    let slot = Arc::downgrade(&kept);
    server.listener.on_connect(move |client: Client| {
        let slot = slot.upgrade().unwrap();
        async move { *slot.lock().unwrap() = Some(client.listener()) }
    });
    Peer::open(&server, Transport::WebSocket).await.leave().await;
    eventually("the handler to have it", || kept.lock().unwrap().is_some()).await;
    is_kept_by(server, kept).await;
}

#[tokio::test]
async fn a_handler_that_holds_a_handle_is_dropped_with_the_last_session() {
    let server = Server::new(Listener::builder()).await;
    let (held, own) = (Arc::new(()), server.listener.clone());
    let handlers = Arc::downgrade(&held);
    server.listener.on_message(move |_, _| {
        let (_held, _own) = (Arc::clone(&held), own.clone());
        async {}
    });
    let peer = Peer::open(&server, Transport::WebSocket).await;
    let (left, heard) = tokio::join!(server.listener.shutdown(milliseconds(9000)), peer.ended());
    assert_eq!((left, heard.len()), (0, 0));
    assert_eq!(handlers.strong_count(), 0, "nobody will call them any more");
}

#[test]
fn when_the_runtime_has_gone_nothing_is_left_of_the_sessions() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (listener, handlers, peers) = runtime.block_on(async {
        let server = Server::new(Listener::builder()).await;
        let socket = Peer::open(&server, Transport::WebSocket).await;
        let mut poll = Peer::open(&server, Transport::XhrPolling).await;
        poll.park().await;
        (server.listener.clone(), held_by_a_handler(&server.listener), (socket, poll))
    });
    drop(runtime);
    // There is nobody to wait for, on whatever runtime.
    let other = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    assert_eq!(other.block_on(listener.shutdown(milliseconds(9000))), 0);
    assert_eq!(listener.stats().sessions, 0);
    drop(listener);
    assert_eq!(handlers.strong_count(), 0);
    drop(peers);
}

#[test]
fn without_a_word_the_same_happens_after_the_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (listener, handlers) = runtime.block_on(async {
        let server = Server::new(Listener::builder()).await;
        let _poll = Peer::open(&server, Transport::XhrPolling).await;
        (server.listener.clone(), held_by_a_handler(&server.listener))
    });
    assert_eq!(listener.stats().sessions, 1);
    drop(runtime);
    drop(listener);
    assert_eq!(handlers.strong_count(), 0);
}

#[tokio::test]
async fn a_listener_that_nobody_ever_used_goes_without_a_runtime() {
    let listener = Listener::builder().build().unwrap();
    let handlers = held_by_a_handler(&listener);
    std::thread::spawn(move || drop(listener)).join().unwrap();
    assert_eq!(handlers.strong_count(), 0);
}

#[tokio::test]
async fn a_connection_that_is_served_keeps_what_serves_it() {
    let listener = Listener::builder().build().unwrap();
    let events = crate::support::Events::of(&listener);
    let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (stream, _) = socket.accept().await.unwrap();
        let _ = listener.serve(stream, service_fn(crate::support::server::page)).await;
    });
    // One poll after the other on one connection: whoever can ask is served.
    let mut connection = crate::support::Connection::new(tokio::net::TcpStream::connect(address).await.unwrap());
    connection.send(crate::support::get("/socket.io/xhr-polling//1")).await;
    let opened = connection.answer().await;
    assert_eq!(opened.status, 200);
    let Event::Connect(id) = events.all()[0].clone() else { panic!("no client") };
    let path = crate::support::peer::url(Transport::XhrPolling, &id, "2");
    connection.send(crate::support::get(&path)).await;
    // With the connection the last handle goes, and it was answered before that or not at all.
    drop(connection);
    serving.await.unwrap();
    assert_eq!(events.disconnected(&id).await, DisconnectReason::Shutdown);
}
