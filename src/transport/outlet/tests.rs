use super::*;
use crate::{
    client::{Context as ClientContext, Handshake, Member},
    hub::WireForm,
    listener::Listener,
    session::{DisconnectReason, Element, Manner, Mode},
    transport::{Transport, rfc6455::Rfc6455},
};
use bytes::Bytes;
use std::{
    future::poll_fn,
    io,
    pin::Pin,
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Wake, ready},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex},
    task::yield_now,
};

/// The task of a connection, as far as it counts how often it is woken.
#[derive(Default)]
struct Task {
    woken: AtomicUsize,
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        self.woken.fetch_add(1, Ordering::SeqCst);
    }
}

impl Task {
    fn woken(&self) -> usize {
        self.woken.swap(0, Ordering::SeqCst)
    }
}

struct Connection<S> {
    member: Arc<Member>,
    outlet: Arc<Outlet<Rfc6455<S>>>,
    task: Arc<Task>,
    client: DuplexStream,
    listener: Listener,
}

impl Connection<DuplexStream> {
    /// One that has said its opening and rests. So many bytes fit on the way to its client.
    async fn resting(room: usize) -> Self {
        let (server, client) = duplex(room);
        Self::resting_on(server, client).await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Connection<S> {
    async fn resting_on(server: S, client: DuplexStream) -> Self {
        let listener = Listener::builder().build().unwrap();
        let shared = listener.shared();
        shared.start();
        let (parts, ()) = http::Request::new(()).into_parts();
        let handshake = Arc::new(Handshake::new(&parts, None));
        let place = shared.admission.take(None).unwrap();
        let opened = shared.open(place, handshake, WireForm::Frames, Transport::WebSocket, Arc::default(), None);
        let member = opened.unwrap();
        let number = ClientContext::attach(&member, Mode::Stream, Transport::WebSocket).unwrap();
        let frames = Rfc6455::new(server, &shared.options.budget, &shared.received, false);
        let flow = Flow::new(frames, Arc::clone(&member), number);
        let outlet = Outlet::new(flow, shared.flushers.next(|run| shared.spawn(run)));
        let mut connection = Self { member, outlet, task: Arc::default(), client, listener };
        assert!(connection.poll().is_pending());
        connection.read(2 + "~m~32~m~".len() + 32).await;
        connection
    }

    /// The task is polled.
    fn poll(&mut self) -> Poll<End> {
        let waker = Waker::from(Arc::clone(&self.task));
        self.outlet.poll(&mut Context::from_waker(&waker)).map(|(end, _)| end)
    }

    fn send(&self, text: &str) {
        let message = Element::Message(Bytes::copy_from_slice(text.as_bytes()));
        self.member.send(&[message][..], Manner::PLAIN).unwrap();
    }

    async fn read(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        self.client.read_exact(&mut bytes).await.unwrap();
        bytes
    }
}

/// A client's message.
const HELLO: &[u8] = b"\x81\x88\0\0\0\0~m~1~m~h";

/// Lets the flusher do what there is to do.
async fn flushed() {
    for _ in 0..5 {
        yield_now().await;
    }
}

#[tokio::test]
async fn what_is_sent_to_a_socket_that_rests_is_written_without_its_task() {
    let mut connection = Connection::resting(1000).await;
    for _ in 0..3 {
        connection.send("one");
        connection.send("two");
        assert_eq!(connection.read(10).await, b"\x81\x03one\x81\x03two");
        flushed().await;
        assert_eq!(connection.member.held(), (0, 0), "what is written is no longer held");
    }
    assert_eq!(connection.task.woken(), 0);
}

#[tokio::test]
async fn what_is_sent_while_the_task_is_at_work_is_written_by_it() {
    let mut connection = Connection::resting(1000).await;
    let outlet = Arc::clone(&connection.outlet);
    {
        let _at_work = outlet.flow.lock().unwrap();
        connection.send("one");
        Arc::clone(&outlet).flush();
    }
    assert_eq!(connection.task.woken(), 1, "it may have looked for something to write already");
    assert!(connection.poll().is_pending());
    assert_eq!(connection.read(5).await, b"\x81\x03one");
}

#[tokio::test]
async fn a_flusher_that_comes_while_the_task_is_polled_has_it_polled_once_more() {
    let mut connection = Connection::resting(1000).await;
    let outlet = Arc::downgrade(&connection.outlet);
    connection.listener.on_message(move |_, _| {
        outlet.upgrade().unwrap().flush();
        async {}
    });
    for _ in 0..3 {
        connection.client.write_all(HELLO).await.unwrap();
        assert!(connection.poll().is_pending());
        assert!(connection.task.woken() > 0);
    }
}

#[tokio::test]
async fn what_a_handler_answers_at_once_is_written_by_the_task_that_has_read() {
    let mut connection = Connection::resting(1000).await;
    connection.listener.on_message(|client, message| {
        client.send(message).unwrap();
        async {}
    });
    connection.client.write_all(&[HELLO, HELLO].concat()).await.unwrap();
    assert!(connection.poll().is_pending());
    assert_eq!(connection.read(20).await, b"\x81\x08~m~1~m~h".repeat(2));
    // The test's, and that of the session which is to wake it.
    assert_eq!(Arc::strong_count(&connection.outlet), 2, "it is on no flusher's list");
}

#[tokio::test]
async fn what_does_not_go_at_once_is_left_to_the_task() {
    let mut connection = Connection::resting(100).await;
    let long = "x".repeat(200);
    connection.send(&long);
    flushed().await;
    assert_eq!(connection.task.woken(), 1);
    connection.send("later");
    assert!(connection.poll().is_pending());
    let mut read = connection.read(100).await;
    assert_eq!(connection.task.woken(), 1, "there is room again");
    connection.client.write_all(&[0x89, 0x81, 0, 0, 0, 0, b'?']).await.unwrap();
    while read.len() < 4 + 200 + 3 + 7 {
        assert!(connection.poll().is_pending());
        read.push(connection.client.read_u8().await.unwrap());
    }
    let expected = [b"\x81\x7e\x00\xc8", long.as_bytes(), b"\x8a\x01?", b"\x81\x05later"].concat();
    assert_eq!(read, expected, "the answer to a ping comes between two frames");
    assert_eq!(connection.member.held(), (0, 0));
}

#[tokio::test]
async fn a_flusher_that_finds_the_end_tells_the_task() {
    let mut connection = Connection::resting(1000).await;
    connection.member.end(DisconnectReason::ServerDisconnect);
    flushed().await;
    assert_eq!(connection.task.woken(), 1);
    assert!(matches!(connection.poll(), Poll::Ready(End::Over)));

    let mut connection = Connection::resting(1000).await;
    drop(std::mem::replace(&mut connection.client, duplex(1).0));
    connection.send("one");
    flushed().await;
    assert!(connection.task.woken() > 0);
    assert!(matches!(connection.poll(), Poll::Ready(End::Broken(_) | End::Left)));
}

#[tokio::test]
async fn what_a_client_said_before_it_went_is_heard_although_a_flusher_found_the_end_first() {
    let mut connection = Connection::resting(1000).await;
    connection.client.write_all(&[HELLO, HELLO].concat()).await.unwrap();
    connection.client = duplex(1).0;
    connection.send("one");
    flushed().await;
    assert!(matches!(connection.poll(), Poll::Ready(End::Broken(_) | End::Left)));
    assert_eq!(connection.listener.stats().received_messages, 2);
}

#[tokio::test]
async fn a_connection_whose_client_reads_nothing_hears_of_the_end() {
    let mut connection = Connection::resting(100).await;
    connection.send(&"x".repeat(200));
    flushed().await;
    assert!(connection.poll().is_pending());
    connection.task.woken();
    connection.member.abort(DisconnectReason::ServerDisconnect);
    flushed().await;
    assert_eq!(connection.task.woken(), 1);
    assert!(matches!(connection.poll(), Poll::Ready(End::Over)));
}

#[tokio::test]
async fn a_connection_that_is_over_is_held_by_nobody() {
    let mut connection = Connection::resting(1000).await;
    connection.send("one");
    // It is on the flusher's list now, and the session knows it.
    connection.outlet.retire();
    assert_eq!(connection.client.read(&mut [0; 10]).await.unwrap(), 0, "the stream is closed");
    flushed().await;
    assert!(matches!(connection.poll(), Poll::Ready(End::Over)));
    let number = ClientContext::attach(&connection.member, Mode::Stream, Transport::WebSocket).unwrap();
    let taken = poll_fn(|context| connection.member.poll_take(context, number)).await;
    assert!(matches!(taken, crate::session::Taken::Batch(batch) if batch.0.len() == 1), "nothing was taken from it");
}

#[tokio::test]
async fn a_session_that_is_over_leaves_no_connection_behind() {
    let connection = Connection::resting(1000).await;
    let Connection { member, outlet, task: _, client, listener } = connection;
    outlet.retire();
    let outlet = {
        let held_by_nobody = Arc::downgrade(&outlet);
        drop(outlet);
        held_by_nobody
    };
    member.end(DisconnectReason::ServerDisconnect);
    member.abort(DisconnectReason::ServerDisconnect);
    let weak = Arc::downgrade(&member);
    drop((member, client, listener));
    flushed().await;
    assert_eq!((outlet.strong_count(), weak.strong_count()), (0, 0));
}

/// A stream on which something happens before every write.
struct Tapped {
    stream: DuplexStream,
    before: Box<dyn FnMut() -> Poll<io::Result<()>> + Send>,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!((self.before)())?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connection<Tapped> {
    /// One on which this happens before each write but the first, which is told their numbers.
    async fn tapped(mut before: impl FnMut(usize) -> Poll<io::Result<()>> + Send + 'static) -> Self {
        let (stream, client) = duplex(1000);
        let mut writes = 0;
        let before = move || {
            writes += 1;
            if writes == 1 { Poll::Ready(Ok(())) } else { before(writes) }
        };
        Self::resting_on(Tapped { stream, before: Box::new(before) }, client).await
    }
}

#[tokio::test]
async fn a_panic_costs_its_own_connection_only() {
    let mut faulty = Connection::tapped(|_| panic!("written to again")).await;
    faulty.send("one");
    Arc::clone(&faulty.outlet).flush();
    assert_eq!(faulty.task.woken(), 1);
    assert!(matches!(faulty.poll(), Poll::Ready(End::Over)));
    assert_eq!(faulty.client.read(&mut [0; 10]).await.unwrap(), 0, "the stream is closed");
}

#[tokio::test]
async fn an_end_that_only_a_flusher_has_seen_is_one() {
    let once = |write| if write == 2 { Poll::Ready(Err(io::ErrorKind::TimedOut.into())) } else { Poll::Pending };
    let mut faulty = Connection::tapped(once).await;
    faulty.send("one");
    flushed().await;
    faulty.send("two");
    flushed().await;
    assert!(matches!(faulty.poll(), Poll::Ready(End::Broken(_))));
}

#[tokio::test]
async fn a_stream_that_has_had_its_turn_gets_another() {
    const COUNT: usize = 50;
    let speaker = Arc::new(OnceLock::<Arc<Member>>::new());
    let member = Arc::clone(&speaker);
    let mut chatty = Connection::tapped(move |write| {
        if let (Some(member), 2..=COUNT) = (member.get(), write) {
            member.send(&[Element::Message(Bytes::from_static(b"more"))][..], Manner::PLAIN).unwrap();
        }
        Poll::Ready(Ok(()))
    })
    .await;
    assert!(speaker.set(Arc::clone(&chatty.member)).is_ok());
    chatty.send("once");
    flushed().await;
    let mut turns = 1;
    while chatty.task.woken() > 0 {
        turns += 1;
        assert!(chatty.poll().is_pending());
    }
    assert!((3..COUNT).contains(&turns), "{turns}");
    assert_eq!(chatty.read(6 * COUNT).await, [b"\x81\x04once".to_vec(), b"\x81\x04more".repeat(COUNT - 1)].concat());
}
