//! What one reading of a connection brings, and what handlers do to their own client in the middle of it.

use crate::support::{
    Connection, Event, Server, eventually, frame, messages,
    rfc6455::{self, TEXT, read, text},
};
use heirloom::{Client, DisconnectReason, Listener};

/// Says all of this in one piece.
async fn say(socket: &mut Connection, texts: &[&str]) {
    let said: Vec<u8> = texts.iter().flat_map(|said| text(&frame(said))).collect();
    socket.send(said).await;
}

async fn hear(socket: &mut Connection, count: usize) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() < count {
        let (opcode, payload) = read(socket).await;
        assert_eq!(opcode, TEXT, "after {heard:?}");
        heard.extend(messages(std::str::from_utf8(&payload).unwrap()));
    }
    heard
}

/// What a handler does to its client.
type Act = fn(&Client);

/// Logs and echoes every message, and on the message `now` or `later` does something, at once or after a while.
fn on_word(server: &Server, act: Act) {
    let events = server.events.clone();
    server.listener.on_message(move |client, message| {
        let said = message.as_text().unwrap_or_default().to_owned();
        events.push(Event::Message(client.id(), message));
        let _ = client.send(format!("heard {said}"));
        if said == "now" {
            act(&client);
        }
        async move {
            if said == "later" {
                tokio::task::yield_now().await;
                act(&client);
            }
        }
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_handled_behind_a_handler_that_ends_the_session_at_once_or_later() {
    let ways: [(Act, DisconnectReason); 2] = [
        (Client::disconnect, DisconnectReason::ServerDisconnect),
        (|_| panic!("as it is told"), DisconnectReason::HandlerPanicked),
    ];
    for (act, reason) in ways {
        let server = Server::new(Listener::builder()).await;
        on_word(&server, act);
        for word in ["now", "later"] {
            let (mut socket, id) = rfc6455::session(&server).await;
            let said = ["a", "b", word, "c", "d", "e"];
            say(&mut socket, &said).await;
            let heard = hear(&mut socket, 3).await;
            assert_eq!(heard, ["heard a", "heard b", &format!("heard {word}")], "{reason}");
            assert_eq!(rfc6455::close_code(&mut socket).await, 1000, "{reason} {word}");
            assert_eq!(server.events.disconnected(&id).await, reason);
            assert_eq!(server.events.texts(&id), said[..3], "{reason}");
            assert!(matches!(server.events.about(&id).last(), Some(Event::Disconnect(..))), "{reason} {word}");
        }
        eventually("they are forgotten", || server.listener.stats().sessions == 0).await;
        let stats = server.listener.stats();
        assert_eq!((stats.received_messages, stats.ignored_events), (12, 6), "each is counted once");
        let said = ["a", "b", "now", "c", "d", "e", "a", "b", "later", "c", "d", "e"];
        assert_eq!(stats.received_bytes, said.map(|said| frame(said).len() as u64).iter().sum::<u64>());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_handlers_say_comes_in_the_order_of_what_they_answer() {
    const COUNT: usize = 600;
    let server = Server::new(Listener::builder().queue_messages(10_000)).await;
    server.listener.on_message(|client, message| {
        let said = message.as_text().unwrap_or_default().to_owned();
        client.join("all");
        client.send(format!("{said} for itself")).unwrap();
        assert_eq!(client.listener().to("all").send(format!("{said} for all")).queued, 1);
        async move {
            if said.ends_with('7') {
                tokio::task::yield_now().await;
            }
            client.send(format!("{said} done")).unwrap();
        }
    });
    let (mut socket, _) = rfc6455::session(&server).await;
    let numbers: Vec<_> = (0..COUNT).map(|number| number.to_string()).collect();
    say(&mut socket, &numbers.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let expected =
        numbers.iter().flat_map(|number| ["for itself", "for all", "done"].map(|what| format!("{number} {what}")));
    assert_eq!(hear(&mut socket, 3 * COUNT).await, expected.collect::<Vec<_>>());
}
