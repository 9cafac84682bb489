//! The htmlfile of 0.7 to 0.9: a document that does not end, a script element for each packet.

use crate::support::{
    Mounting, PacketPeer, Server, get,
    packets::{NOT_HANDSHAKEN, handshake, path, script_text},
};
use heirloom::{Listener, Transport};

const START: &str = "<html><body><script>var _ = function (msg) { parent.s._(msg, document); };</script>";

#[tokio::test]
async fn it_is_a_document_of_scripts() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let id = handshake(&server).await;
        let mut stream = server.ask(get(&path(Transport::HtmlFile, &id))).await.stream().await;
        assert_eq!(stream.head.header("content-type"), "text/html; charset=UTF-8");
        assert_eq!(stream.head.header("connection"), "keep-alive");
        let prelude = stream.until(&" ".repeat(173)).await;
        assert_eq!((prelude.len(), prelude.trim_end()), (256, START), "{mounting:?}");
        assert_eq!(stream.until("</script>").await, "<script>_(\"1::\");</script>");
        let client = server.listener.client(&id).unwrap();
        client.send("é漢😀</script>\u{2028}").unwrap();
        let script = stream.until("</script>").await;
        assert_eq!(script.to_lowercase(), "<script>_(\"3:::é漢😀\\u003c\\/script>\\u2028\");</script>", "{mounting:?}");
        client.send_all(["one", "two"]).unwrap();
        for packet in ["3:::one", "3:::two"] {
            assert_eq!(script_text(&stream.until("</script>").await), packet, "a script element each");
        }
        client.disconnect();
        assert_eq!(stream.until("</script>").await, "<script>_(\"0::\");</script>");
        assert_eq!(stream.next("</script>").await, None, "{mounting:?}: and that was all");
    }
}

#[tokio::test]
async fn one_of_an_unknown_session_says_so_and_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        for id in ["toString", "00000000000000000000000000000000"] {
            let mut answer = server.ask(get(&path(Transport::HtmlFile, id))).await;
            let answer = answer.answer().await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=UTF-8"));
            let script = answer.text().strip_prefix(START).unwrap().trim_start();
            assert_eq!(script_text(script), NOT_HANDSHAKEN, "{mounting:?} {id}");
        }
    }
}

#[tokio::test]
async fn a_newer_one_takes_the_place_of_an_older_which_ends() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let older = PacketPeer::open(&server, Transport::HtmlFile).await;
        let id = older.id.clone();
        let mut newer = PacketPeer::attach(&server, Transport::HtmlFile, &id).await;
        assert!(older.ended().await.is_empty(), "{mounting:?}");
        server.listener.client(&id).unwrap().send("to the newer").unwrap();
        assert_eq!(newer.receive().await, "3:::to the newer");
        newer.send(&["3:::from the newer"]).await;
        assert_eq!(server.events.texts_until(&id, 1).await, ["from the newer"]);
        assert_eq!(server.events.about(&id).len(), 2, "{mounting:?}: the session noticed nothing");
    }
}
