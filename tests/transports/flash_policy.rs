//! The permission a Flash film asks for.

use crate::support::{Connection, Server, get};
use heirloom::Listener;
use std::net::Ipv4Addr;
use tokio::net::{TcpListener, TcpStream};

const REQUEST: &str = "<policy-file-request/>\0";

fn document(entries: &[&str]) -> String {
    let mut text = "<?xml version=\"1.0\"?>\n\
                    <!DOCTYPE cross-domain-policy SYSTEM \"http://www.macromedia.com/xml/dtds/cross-domain-policy.dtd\">\n\
                    <cross-domain-policy>\n"
        .to_owned();
    for entry in entries {
        text += entry;
        text += "\n";
    }
    text + "</cross-domain-policy>\n"
}

#[tokio::test]
async fn a_policy_request_on_the_port_of_the_server_is_answered_and_closed() {
    let everybody = r#"<allow-access-from domain="*" to-ports="*"/>"#;
    let good = r#"<allow-access-from domain="good.example" to-ports="*"/>"#;
    let port = r#"<allow-access-from domain="*" to-ports="81"/>"#;
    for (origins, entries) in
        [(&["*:*"][..], &[everybody][..]), (&["good.example:*", "*:81"], &[good, port]), (&[], &[])]
    {
        let builder = Listener::builder();
        let builder = if origins.is_empty() { builder } else { builder.origins(origins.iter().copied()) };
        let server = Server::new(builder).await;
        let mut film = server.ask(REQUEST).await;
        assert_eq!(String::from_utf8(film.rest().await).unwrap(), document(entries));
        let mut slow = server.connect().await;
        slow.dribble(REQUEST).await;
        assert_eq!(String::from_utf8(slow.rest().await).unwrap(), document(entries), "however it is cut");
        assert_eq!(server.answer(get("/")).await.status, 200);
    }
}

#[tokio::test]
async fn what_only_begins_like_a_policy_request_is_none() {
    let server = Server::new(Listener::builder()).await;
    for text in ["<policy-file-request/>x\r\n\r\n", "<policy\r\n\r\n"] {
        let rest = server.ask(text).await.rest().await;
        assert!(!rest.starts_with(b"<?xml"), "{text}: {}", String::from_utf8_lossy(&rest));
    }
}

#[tokio::test]
async fn a_policy_server_speaks_without_being_asked() {
    let listener = Listener::builder().origins(["*:*"]).build().unwrap();
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = socket.local_addr().unwrap();
    let serving = listener.clone();
    let server = tokio::spawn(async move { serving.serve_flash_policy(socket).await });
    for _ in 0..3 {
        let mut film = Connection::new(TcpStream::connect(address).await.unwrap());
        let text = String::from_utf8(film.rest().await).unwrap();
        assert_eq!(text, document(&[r#"<allow-access-from domain="*" to-ports="*"/>"#]));
        assert_eq!(text, listener.flash_policy());
    }
    server.abort();
}
