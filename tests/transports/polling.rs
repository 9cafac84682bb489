//! xhr-polling and jsonp-polling: one answer a request.

use crate::support::{Connection, Mounting, Server, frame, get, messages, milliseconds, post};
use heirloom::{Client, Listener, Transport};
use tokio::time::Instant;

const PLAIN: &str = "text/plain; charset=UTF-8";
const SCRIPT: &str = "text/javascript; charset=UTF-8";

async fn servers() -> [Server; 2] {
    [Server::new(Listener::builder()).await, Server::json(Mounting::Wrap, Listener::builder()).await]
}

/// Opens a session and checks nothing.
async fn open(server: &Server) -> Client {
    assert_eq!(server.answer(get("/socket.io/xhr-polling//1290000000")).await.status, 200);
    server.listener.clients().pop().unwrap()
}

async fn poll(server: &Server, client: &Client) -> Connection {
    server.ask(get(&format!("/socket.io/xhr-polling/{}/1290000001", client.id()))).await
}

#[tokio::test]
async fn the_first_poll_is_answered_with_the_id() {
    let [frames, envelopes] = servers().await;
    for path in ["/socket.io/xhr-polling", "/socket.io/xhr-polling/", "/socket.io/xhr-polling//1290000000?a=b"] {
        let answer = frames.answer(get(path)).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, PLAIN));
        let [id] = messages(answer.text()).try_into().unwrap();
        assert!(frames.listener.client(&id).is_some());
        assert_eq!(answer.text(), format!("~m~32~m~{id}"));

        let answer = envelopes.answer(get(path)).await;
        let id =
            envelopes.listener.clients().into_iter().map(|client| client.id()).find(|id| answer.text().contains(id));
        assert_eq!(answer.text(), format!(r#"{{"messages":["{{\"sessionid\":\"{}\"}}"]}}"#, id.unwrap()));
    }
    let answer = frames.answer(get("/socket.io/jsonp-polling//1290000000/7")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, SCRIPT));
    let literal = answer.text().strip_prefix("io.JSONP[7]._(").unwrap().strip_suffix(");").unwrap();
    let payload: String = serde_json::from_str(literal).unwrap();
    assert!(frames.listener.client(&messages(&payload)[0]).is_some());

    let answer = envelopes.answer(get("/socket.io/jsonp-polling//1290000000/0")).await;
    assert!(answer.text().starts_with(r#"io.JSONP[0]._("{\"messages\":[\"{\\\"sessionid\\\":\\\""#), "{answer:?}");
}

#[tokio::test]
async fn a_poll_is_answered_with_the_first_message_and_the_next_with_the_others() {
    let server = Server::new(Listener::builder()).await;
    let client = open(&server).await;
    let mut parked = poll(&server, &client).await;
    is_parked(&server, &client).await;
    for text in ["é漢😀", "two", ""] {
        client.send(text).unwrap();
    }
    let answer = parked.answer().await;
    assert_eq!(answer.text(), "~m~4~m~é漢😀");
    assert_eq!((answer.header("content-length"), answer.header("content-type")), ("16", PLAIN), "counted in bytes");
    assert_eq!(poll(&server, &client).await.answer().await.text(), "~m~3~m~two~m~0~m~");
}

/// Waits until a poll of the client has arrived: what is sent is then sealed into its answer.
async fn is_parked(server: &Server, client: &Client) {
    // A POST on a connection of its own is answered after the poll before it has been taken in.
    let path = format!("/socket.io/xhr-polling/{}/send", client.id());
    for _ in 0..3 {
        assert_eq!(server.answer(post(&path, "")).await.status, 200);
    }
}

#[tokio::test]
async fn messages_in_both_dialects_and_directions() {
    for server in servers().await {
        let is_frames = server.dialect == heirloom::Dialect::Frames;
        let client = open(&server).await;
        let (sent, received) = if is_frames {
            ("~m~4~m~é漢😀~m~10~m~~j~{\"a\":1}~m~0~m~", ["é漢😀", "json:{\"a\":1}", ""])
        } else {
            ("[\"é漢😀\",{\"a\":1},\"\"]", ["é漢😀", "json:{\"a\":1}", ""])
        };
        let answer = server.answer(post(&format!("/socket.io/xhr-polling/{}/send", client.id()), sent)).await;
        let kind = if is_frames { "text/plain" } else { "" };
        assert_eq!((answer.status, answer.text(), answer.header("content-type")), (200, "ok", kind));
        assert_eq!(server.events.texts_until(&client.id(), 3).await, received);
        client.send("é\u{2028}\"\\\n").unwrap();
        client.send(serde_json::json!({"a": "é"})).unwrap();
        let expected = if is_frames {
            "~m~5~m~é\u{2028}\"\\\n~m~12~m~~j~{\"a\":\"é\"}"
        } else {
            "{\"messages\":[\"é\u{2028}\\\"\\\\\\n\",{\"a\":\"é\"}]}"
        };
        assert_eq!(poll(&server, &client).await.answer().await.text(), expected);
    }
}

#[tokio::test]
async fn a_script_holds_nothing_that_could_end_it() {
    for server in servers().await {
        let opened = server.answer(get("/socket.io/jsonp-polling//1/0")).await;
        assert_eq!(opened.status, 200);
        let client = server.listener.clients().remove(0);
        let text = "</script><!--\u{2028}\u{2029}\"\\\r\n\u{0}é漢😀";
        client.send(text).unwrap();
        let answer = server.answer(get(&format!("/socket.io/jsonp-polling/{}/1/3", client.id()))).await;
        assert!(answer.text().is_ascii() && !answer.text().contains(['<', '\n', '\0']), "{}", answer.text());
        let literal = answer.text().strip_prefix("io.JSONP[3]._(").unwrap().strip_suffix(");").unwrap();
        let payload: String = serde_json::from_str(literal).unwrap();
        if server.dialect == heirloom::Dialect::Frames {
            assert_eq!(payload, frame(text));
        } else {
            assert_eq!(payload, serde_json::json!({"messages": [text]}).to_string());
        }
    }
}

#[tokio::test]
async fn a_poll_that_has_waited_long_enough_is_answered_empty() {
    let builder = [Transport::XhrPolling, Transport::JsonpPolling]
        .into_iter()
        .fold(Listener::builder(), |builder, transport| builder.poll_duration(transport, milliseconds(120)));
    let server = Server::new(builder).await;
    let client = open(&server).await;
    for _ in 0..2 {
        let started = Instant::now();
        let answer = poll(&server, &client).await.answer().await;
        assert_eq!((answer.status, answer.header("content-length"), answer.text()), (200, "0", ""));
        assert!(started.elapsed() >= milliseconds(120), "{:?}", started.elapsed());
    }
    client.send("still here").unwrap();
    assert_eq!(poll(&server, &client).await.answer().await.text(), frame("still here"));

    let opened = server.answer(get("/socket.io/jsonp-polling//1/0")).await;
    let id = &opened.text()["io.JSONP[0]._(\"~m~32~m~".len()..][..32];
    let answer = server.answer(get(&format!("/socket.io/jsonp-polling/{id}/1/0"))).await;
    assert_eq!((answer.header("content-type"), answer.text()), (SCRIPT, "io.JSONP[0]._(\"\");"));
}

#[tokio::test]
async fn a_newer_poll_takes_the_place_of_an_older_which_is_answered_empty() {
    for mounting in Mounting::BOTH {
        let server = Server::mounted(mounting, Listener::builder()).await;
        let client = open(&server).await;
        let mut newest = poll(&server, &client).await;
        for _ in 0..3 {
            is_parked(&server, &client).await;
            let newer = poll(&server, &client).await;
            let answer = std::mem::replace(&mut newest, newer).answer().await;
            assert_eq!((answer.status, answer.text()), (200, ""));
        }
        client.send("to the newest").unwrap();
        assert_eq!(newest.answer().await.text(), frame("to the newest"), "{mounting:?}");
        assert_eq!(server.events.all().len(), 1, "the session noticed nothing");
    }
}

#[tokio::test]
async fn one_connection_may_carry_a_whole_session() {
    let server = Server::new(Listener::builder()).await;
    server.listener.on_message(|client, message| async move { client.send(message).unwrap() });
    let mut connection = server.ask(get("/socket.io/xhr-polling//1")).await;
    let id = messages(connection.answer().await.text()).remove(0);
    for round in 0..10 {
        let text = format!("round {round}");
        connection.send(post(&format!("/socket.io/xhr-polling/{id}/send"), &frame(&text))).await;
        assert_eq!(connection.answer().await.text(), "ok");
        connection.send(get(&format!("/socket.io/xhr-polling/{id}/1"))).await;
        assert_eq!(connection.answer().await.text(), frame(&text));
    }
}

#[tokio::test]
async fn http_1_0_is_answered_and_closed() {
    let server = Server::new(Listener::builder()).await;
    let mut connection = server.ask("GET /socket.io/xhr-polling//1 HTTP/1.0\r\n\r\n").await;
    let answer = connection.answer().await;
    assert_eq!((answer.status, messages(answer.text()).len()), (200, 1));
    connection.is_closed_in_silence("after the answer").await;
}
