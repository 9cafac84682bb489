use super::*;
use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message as TheirMessage,
        protocol::{CloseFrame, Role, frame::coding::CloseCode},
    },
};

type Client = WebSocketStream<DuplexStream>;

fn serve(stream: DuplexStream) -> Rfc6455<DuplexStream> {
    Rfc6455::new(stream, &Budget::default(), &Arc::new(Waiting::new(usize::MAX)), false)
}

/// Two ends with so many bytes of room between them.
async fn pair(room: usize) -> (Rfc6455<DuplexStream>, Client) {
    let (server, client) = duplex(room);
    let client = WebSocketStream::from_raw_socket(client, Role::Client, None).await;
    (serve(server), client)
}

/// What the peer says next, as far as it is text.
async fn next<S>(server: &mut Rfc6455<S>) -> Result<Option<String>, Broken>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    poll_fn(|context| {
        let mut said = None;
        let heard = server.poll_receive(context, |received| {
            said = Some(match received {
                Received::Text(text) => text.to_owned(),
                other => format!("{:?}", std::mem::discriminant(&other)),
            });
            ControlFlow::Break(())
        });
        heard.map(|heard| heard.map(|is_there| said.filter(|_| is_there)))
    })
    .await
}

/// Whether all was said before.
async fn is_waiting<S>(server: &mut Rfc6455<S>) -> bool
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    poll_fn(|context| Poll::Ready(server.poll_receive(context, |_| ControlFlow::Break(())).is_pending())).await
}

#[tokio::test]
async fn texts_of_every_length_arrive_as_one_frame_each() {
    let (mut server, mut client) = pair(1000).await;
    let texts: Vec<String> =
        [0, 1, 125, 126, 4096, 4097, 65_535, 65_536, 300_000].map(|length| "x".repeat(length)).into();
    for text in &texts {
        server.queue(Frame::Text(&text.clone().into())).unwrap();
    }
    let writing = tokio::spawn(async move {
        poll_fn(|context| server.poll_flush(context)).await.unwrap();
        server
    });
    for text in texts {
        assert_eq!(client.next().await.unwrap().unwrap(), TheirMessage::Text(text.into()));
    }
    let server = writing.await.unwrap();
    assert_eq!(server.staged.capacity(), 0, "an idle connection owns no buffer");
}

#[tokio::test]
async fn messages_that_come_together_are_read_one_by_one() {
    let (mut server, mut client) = pair(100_000).await;
    let large = "y".repeat(20_000);
    for text in ["first", "", large.as_str(), "last"] {
        client.send(TheirMessage::Text(text.into())).await.unwrap();
    }
    for text in ["first", "", large.as_str(), "last"] {
        assert_eq!(next(&mut server).await.unwrap().unwrap(), text);
    }
    assert!(is_waiting(&mut server).await);
    assert_eq!(server.behind.capacity() + server.decoder.held_bytes(), 0, "an idle connection owns no buffer");
}

#[tokio::test]
async fn messages_are_shown_until_the_reader_breaks_off() {
    let (mut server, mut client) = pair(100_000).await;
    for text in ["a", "b", "c", "d", "e"] {
        client.send(TheirMessage::Text(text.into())).await.unwrap();
    }
    let mut shown = Vec::new();
    for expected in [Poll::Ready(true), Poll::Ready(true), Poll::Pending] {
        shown.push(String::new());
        let heard = poll_fn(|context| {
            let heard = server.poll_receive(context, |received| {
                let (Received::Text(text), Some(shown)) = (received, shown.last_mut()) else { panic!("no text") };
                shown.push_str(text);
                if shown.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            });
            Poll::Ready(heard.map(Result::unwrap))
        });
        assert_eq!(heard.await, expected);
    }
    assert_eq!(shown, ["ab", "cd", "e"]);
}

#[tokio::test]
async fn an_answer_to_a_ping_waits_for_the_end_of_a_frame() {
    let (mut server, mut client) = pair(1000).await;
    let large = "x".repeat(100_000);
    server.queue(Frame::Text(&large.clone().into())).unwrap();
    let blocked = poll_fn(|context| Poll::Ready(server.poll_flush(context).is_pending())).await;
    assert!(blocked, "the frame is half written");
    client.send(TheirMessage::Ping(Bytes::from_static(b"now"))).await.unwrap();
    let serving = tokio::spawn(async move {
        poll_fn(|context| {
            let _ = server.poll_flush(context);
            server.poll_receive(context, |_| ControlFlow::Break(()))
        })
        .await
    });
    assert_eq!(client.next().await.unwrap().unwrap(), TheirMessage::Text(large.into()));
    assert_eq!(client.next().await.unwrap().unwrap(), TheirMessage::Pong(Bytes::from_static(b"now")));
    client.close(None).await.unwrap();
    assert!(matches!(serving.await.unwrap(), Ok(false)), "the peer said goodbye");
}

#[tokio::test]
async fn a_ping_is_answered_by_one_who_only_reads() {
    let (mut server, mut client) = pair(1000).await;
    client.send(TheirMessage::Ping(Bytes::from_static(b"there?"))).await.unwrap();
    assert!(is_waiting(&mut server).await);
    assert_eq!(client.next().await.unwrap().unwrap(), TheirMessage::Pong(Bytes::from_static(b"there?")));
}

#[tokio::test]
async fn every_ping_of_a_peer_that_reads_is_answered() {
    let (mut server, mut client) = pair(1 << 20).await;
    for number in 0..2000_u16 {
        client.feed(TheirMessage::Ping(number.to_be_bytes().to_vec().into())).await.unwrap();
    }
    client.flush().await.unwrap();
    assert!(is_waiting(&mut server).await);
    for number in 0..2000_u16 {
        assert_eq!(client.next().await.unwrap().unwrap(), TheirMessage::Pong(number.to_be_bytes().to_vec().into()));
    }
}

#[tokio::test]
async fn pings_of_a_peer_that_reads_nothing_take_no_memory_and_the_last_is_answered() {
    let (mut server, mut client) = pair(10_000).await;
    for number in 0..2000_u16 {
        let mut payload = vec![0; 125];
        payload[..2].copy_from_slice(&number.to_be_bytes());
        client.send(TheirMessage::Ping(payload.into())).await.unwrap();
        assert!(is_waiting(&mut server).await, "no ping ends the connection");
    }
    assert!(server.staged.capacity() <= 4 * ANSWERS, "{}", server.staged.capacity());
    let serving = tokio::spawn(async move { next(&mut server).await });
    loop {
        let TheirMessage::Pong(payload) = client.next().await.unwrap().unwrap() else { panic!("no pong") };
        if payload.starts_with(&1999_u16.to_be_bytes()) {
            break;
        }
    }
    drop(client);
    assert!(matches!(serving.await.unwrap(), Ok(None) | Err(Broken::Io)));
}

#[tokio::test]
async fn a_goodbye_is_answered_with_its_code_and_nothing_follows_it() {
    let (mut server, mut client) = pair(10_000).await;
    let goodbye = CloseFrame { code: CloseCode::Away, reason: "".into() };
    client.send(TheirMessage::Close(Some(goodbye.clone()))).await.unwrap();
    assert_eq!(next(&mut server).await.unwrap(), None);
    assert!(server.queue(Frame::Text(&"late".into())).is_err());
    assert_eq!(client.next().await.unwrap().unwrap(), TheirMessage::Close(Some(goodbye)));
    let closing = tokio::spawn(async move { server.close(DisconnectReason::TransportClosed).await });
    assert!(client.next().await.is_none(), "the stream ends");
    drop(client);
    closing.await.unwrap();
}

#[tokio::test]
async fn what_an_announcement_says_is_not_reserved() {
    let (server, mut client) = duplex(1000);
    let mut server = serve(server);
    // A binary frame of a megabyte, and its first byte.
    client.write_all(&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 1, 2, 3, 4, 5]).await.unwrap();
    assert!(is_waiting(&mut server).await);
    let held = server.decoder.held_bytes() + server.behind.capacity();
    assert!((1..100).contains(&held), "{held}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_does_not_come_to_its_end_is_given_up_with_a_word() {
    for begun in [
        &[0x81][..],
        &[0x81, 0x85, 1, 2, 3],
        &[0x81, 0x85, 0, 0, 0, 0, b'h'],
        // The first frame of a message, and a ping between the two.
        &[0x01, 0x81, 0, 0, 0, 0, b'h', 0x89, 0x80, 0, 0, 0, 0],
        &[0x89, 0x81, 0, 0, 0, 0],
    ] {
        let (server, mut client) = duplex(1000);
        let mut server = serve(server);
        client.write_all(begun).await.unwrap();
        assert!(matches!(next(&mut server).await, Err(Broken::TooSlow)), "{begun:?}");
        let closing = tokio::spawn(async move { server.close(DisconnectReason::ProtocolError).await });
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.ends_with(&[0x88, 2, 0x03, 0xf0]), "{answer:?}");
        drop(client);
        closing.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_of_a_message_begins_with_the_message() {
    let (server, mut client) = duplex(1000);
    let mut server = serve(server);
    // Every read ends in the middle of a message, for three times as long as one may take.
    client.write_all(&[0x81]).await.unwrap();
    for _ in 0..9 {
        assert!(is_waiting(&mut server).await);
        tokio::time::advance(Duration::from_secs(10)).await;
        client.write_all(&[0x82, 0, 0, 0, 0, b'o', b'k', 0x81]).await.unwrap();
        assert_eq!(next(&mut server).await.unwrap().unwrap(), "ok");
    }
    // One that was not read for our own reasons has its time anew.
    assert!(is_waiting(&mut server).await);
    server.pause();
    tokio::time::advance(Duration::from_secs(40)).await;
    assert!(is_waiting(&mut server).await);
    tokio::time::advance(Duration::from_secs(31)).await;
    assert!(matches!(next(&mut server).await, Err(Broken::TooSlow)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_timed_while_nothing_has_begun() {
    let (mut server, mut client) = pair(1000).await;
    client.send(TheirMessage::Text("hello".into())).await.unwrap();
    assert_eq!(next(&mut server).await.unwrap().unwrap(), "hello");
    for _ in 0..3 {
        assert!(is_waiting(&mut server).await);
        tokio::time::advance(Duration::from_secs(1000)).await;
    }
    assert!(is_waiting(&mut server).await);
}

#[tokio::test]
async fn what_waits_for_its_end_is_bounded_for_all_together() {
    let waiting = Arc::new(Waiting::new(200_000));
    let begun = [&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 0, 0, 0, 0, 0][..], &[7; 60_000]].concat();
    let mut readers = Vec::new();
    for _ in 0..3 {
        let (server, mut client) = duplex(1 << 20);
        let mut server = Rfc6455::new(server, &Budget::default(), &waiting, false);
        client.write_all(&begun[..20_000]).await.unwrap();
        assert!(is_waiting(&mut server).await, "there is room for a little of each");
        readers.push((server, client));
    }
    let (server, client) = &mut readers[0];
    client.write_all(&begun[20_000..]).await.unwrap();
    assert!(matches!(next(server).await, Err(Broken::NoRoom)));
    let (mut server, mut client) = readers.remove(0);
    let closing = tokio::spawn(async move { server.close(DisconnectReason::ProtocolError).await });
    let mut answer = [0; 4];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(answer, [0x88, 2, 0x03, 0xf5], "it may try again");
    drop(client);
    closing.await.unwrap();
    drop(readers);
    assert_eq!(waiting.used(), 0);
}
