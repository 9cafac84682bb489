//! Bodies of 0.7 to 0.9 that are not what they claim to be. Each of the first few was once enough to stop a
//! server or to keep it busy for ever.

use crate::support::{
    Mounting, PacketPeer, Server,
    packets::{self, framed, path},
    request,
};
use heirloom::{Listener, Transport};

const MARK: &str = "\u{fffd}";
const POSTS: [Transport; 3] = [Transport::XhrPolling, Transport::JsonpPolling, Transport::HtmlFile];

/// Clients that have nothing to do with it.
pub(crate) struct Bystanders(Vec<PacketPeer>);

impl Bystanders {
    pub(crate) async fn of(server: &Server) -> Self {
        let mut peers = Vec::new();
        for transport in packets::ALL {
            peers.push(PacketPeer::open(server, transport).await);
        }
        Self(peers)
    }

    pub(crate) async fn are_unharmed(&mut self) {
        for peer in &mut self.0 {
            peer.heard_nothing("what others sent").await;
        }
    }
}

/// A body and the messages that arrive.
fn lying() -> Vec<(String, &'static [&'static str])> {
    let one = framed("3:::one");
    let bodies: [(String, &[&str]); 16] = [
        (format!("{MARK}-4{MARK}"), &[]),
        (format!("{MARK}-4{MARK}3:::x"), &[]),
        (format!("{MARK}{MARK}3:::x"), &[]),
        (format!("{MARK}99999999999999999999999{MARK}3:::x"), &[]),
        (format!("{MARK}4294967295{MARK}3:::rest"), &["rest"]),
        (format!("{MARK}NaN{MARK}3:::x"), &[]),
        (format!("{MARK}0x5{MARK}3:::x"), &[]),
        (format!("{MARK}5"), &[]),
        (MARK.to_owned(), &[]),
        (MARK.repeat(9), &[]),
        (format!("{one}{MARK}-1{MARK}3:::two"), &["one"]),
        (format!("{one}3:::two"), &["one"]),
        (format!("{one}{MARK}9{MARK}3:::cut"), &["one", "cut"]),
        // The length ends between the halves of a surrogate pair.
        (format!("{one}{MARK}5{MARK}3:::😀"), &["one"]),
        (format!("{MARK}0{MARK}{one}"), &["one"]),
        (String::new(), &[]),
    ];
    bodies.into_iter().collect()
}

#[tokio::test]
async fn a_lying_length_costs_the_rest_of_its_body_and_nothing_else() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut bystanders = Bystanders::of(&server).await;
        for transport in POSTS {
            for (body, delivered) in lying() {
                let mut peer = PacketPeer::open(&server, transport).await;
                peer.send_payload(&body).await;
                peer.send(&["3:::alive"]).await;
                let expected: Vec<_> = delivered.iter().copied().chain(["alive"]).collect();
                let arrived = server.events.texts_until(&peer.id, expected.len()).await;
                assert_eq!(arrived, expected, "{mounting:?} {transport} {body:?}");
            }
        }
        bystanders.are_unharmed().await;
    }
}

#[tokio::test]
async fn a_lying_length_for_nobody_is_answered_too() {
    let server = Server::new(Listener::builder()).await;
    let mut bystanders = Bystanders::of(&server).await;
    for id in ["nobody", "__proto__"] {
        for transport in POSTS {
            for (body, _) in lying() {
                let answer = server.answer(packets::post(transport, id, &body)).await;
                assert_eq!((answer.status, answer.text()), (200, "1"), "{transport} {body:?}");
            }
        }
    }
    bystanders.are_unharmed().await;
}

#[tokio::test]
async fn a_form_without_a_payload_is_answered_and_says_nothing() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let mut bystanders = Bystanders::of(&server).await;
        let mut peer = PacketPeer::open(&server, Transport::JsonpPolling).await;
        for body in [
            "",
            "d",
            "d=",
            "data=3:::x",
            "D=3:::x",
            "=",
            "&&&",
            "d=%",
            "d=%zz",
            "d=%ff%fe",
            "d=5",
            "d=null",
            "d=true",
            "d=%7B%22a%22%3A1%7D",
            "d=%5B%223%3A%3A%3Ax%22%5D",
            "d=%22",
            "d=%22unfinished",
            "d=%22a%22trailing",
            "d=%22%5Cud83d%22",
            "d=%22%5C%22",
            "d=1&d=2",
            "d[]=3:::x",
            "d[a]=3:::x",
        ] {
            let answer = server.answer(request("POST", &path(peer.transport, &peer.id), &[], body)).await;
            assert_eq!((answer.status, answer.text()), (200, "1"), "{mounting:?} {body:?}");
        }
        peer.heard_nothing("forms without a payload").await;
        assert_eq!(server.events.texts(&peer.id), [""; 0], "{mounting:?}");
        bystanders.are_unharmed().await;
    }
}

#[tokio::test]
async fn of_several_payloads_in_a_form_at_most_one_is_heard() {
    let server = Server::new(Listener::builder()).await;
    let mut peer = PacketPeer::open(&server, Transport::JsonpPolling).await;
    let body = "d=3:::one&d=3:::two";
    assert_eq!(server.answer(request("POST", &path(peer.transport, &peer.id), &[], body)).await.text(), "1");
    peer.heard_nothing("a form of two").await;
    assert!(server.events.texts(&peer.id).len() <= 1, "{:?}", server.events.texts(&peer.id));
}

#[tokio::test]
async fn what_is_no_utf_8_is_replaced_or_refused_and_never_stops_the_server() {
    let server = Server::new(Listener::builder()).await;
    let mut bystanders = Bystanders::of(&server).await;
    for transport in POSTS {
        let peer = PacketPeer::open(&server, transport).await;
        let body = if transport == Transport::JsonpPolling { &b"d=3:::a%ffb"[..] } else { &b"3:::a\xffb"[..] };
        let head = format!(
            "POST {} HTTP/1.1\r\nHost: own.example\r\nContent-Length: {}\r\n\r\n",
            path(transport, &peer.id),
            body.len()
        );
        assert_eq!(server.answer([head.as_bytes(), body].concat()).await.text(), "1");
        assert_eq!(server.events.texts_until(&peer.id, 1).await, ["a\u{fffd}b"], "{transport}");
    }
    bystanders.are_unharmed().await;
}
