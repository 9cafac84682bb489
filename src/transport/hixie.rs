//! The drafts hixie-75 and hixie-76 of the WebSocket protocol: Flash films, Safari 5, early Chrome.

use super::{
    body::Body,
    cors::Gate,
    goodbye::close_gently,
    handle::Peer,
    origin::Scheme,
    patience::Begun,
    socket::{Broken, Frame, Frames, Received},
    websocket::{NotOpened, Opened},
};
use crate::{listener::Shared, session::DisconnectReason, wire::hixie};
use http::{HeaderMap, Response, StatusCode, header, header::HeaderName, request::Parts};
use std::{
    io,
    mem::MaybeUninit,
    ops::ControlFlow,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// How long the eight bytes after a hixie-76 head may take. A proxy may hold them back until it has seen the answer.
const NONCE_PATIENCE: Duration = Duration::from_secs(10);
const READ_SIZE: usize = 2048;

/// The two keys of a hixie-76 handshake.
#[derive(Debug)]
pub(crate) struct Keys(String, String);

impl Keys {
    /// Nothing without both keys or when one is not made by the rules.
    fn of(headers: &HeaderMap) -> Option<Self> {
        let key = |name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
        let keys = Self(key("sec-websocket-key1")?, key("sec-websocket-key2")?);
        hixie::proof(&keys.0, &keys.1, &[0; 8])?;
        Some(keys)
    }
}

/// The answer of a hixie-76 handshake under an HTTP server: right but for the spelling of its head, which clients of
/// this draft do not compare.
pub(crate) fn upgrade_head(opened: &Opened, parts: &Parts) -> Option<(Response<Body>, Keys)> {
    let keys = Keys::of(&parts.headers)?;
    let text = hixie::response_76(&opening(opened, parts)?)?;
    let mut response = super::websocket::switching(&[]);
    let headers = response.headers_mut();
    for line in text.lines().skip(1) {
        if let Some((name, value)) = line.split_once(": ") {
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            headers.insert(name, value.parse().ok()?);
        }
    }
    Some((response, keys))
}

/// Goes on after that answer: the proof, then the session.
pub(crate) async fn run_upgraded<S>(mut stream: S, opened: Opened, keys: Keys)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    if prove(&mut stream, &keys).await.is_err() {
        return;
    }
    let frames = Hixie::new(stream, &opened.shared);
    opened.run(frames).await;
}

/// Answers a draft handshake on the stream itself, to the letter, and carries the session.
pub(crate) async fn serve<S>(shared: &Arc<Shared>, mut stream: S, parts: Parts, peer: Peer) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    shared.start();
    let Some(entrance) = shared.mount.route(parts.uri.path(), None).and_then(|route| route.socket()) else {
        return Ok(());
    };
    let peer = peer.behind_proxies(shared, &parts.headers);
    if Gate::judge(shared, &parts, entrance, &peer, true).is_refused() {
        return refuse(&mut stream, StatusCode::FORBIDDEN).await;
    }
    let is_76 = parts.headers.contains_key("sec-websocket-key1");
    // A dead session: the connection is closed without a word, as for every transport.
    let opened = match Opened::of(shared, &parts, peer).await {
        Ok(opened) => opened,
        Err(NotOpened::Dead) => return stream.shutdown().await,
        Err(NotOpened::Unauthorized) => return refuse(&mut stream, StatusCode::FORBIDDEN).await,
        Err(NotOpened::Denied(denied)) => return refuse(&mut stream, denied.status()).await,
    };
    let keys = Keys::of(&parts.headers);
    if is_76 && keys.is_none() {
        return refuse(&mut stream, StatusCode::BAD_REQUEST).await;
    }
    let head = opening(&opened, &parts).and_then(|opening| match keys {
        Some(_) => hixie::response_76(&opening),
        None => hixie::response_75(&opening),
    });
    let Some(head) = head else { return refuse(&mut stream, StatusCode::BAD_REQUEST).await };
    stream.write_all(head.as_bytes()).await?;
    if let Some(keys) = keys {
        prove(&mut stream, &keys).await?;
    }
    drop((head, parts));
    opened.run(Hixie::new(stream, shared)).await;
    Ok(())
}

fn opening<'a>(opened: &'a Opened, parts: &'a Parts) -> Option<hixie::Opening<'a>> {
    let headers = &parts.headers;
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = opened.shared.options.trust_forwarded_scheme
        && text("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let own = opened.peer.own(parts);
    Some(hixie::Opening {
        host: own.host?,
        target: parts.uri.path_and_query()?.as_str(),
        origin: text(header::ORIGIN.as_str()),
        secure: own.scheme == Some(Scheme::Https) || forwarded,
        protocol: text(header::SEC_WEBSOCKET_PROTOCOL.as_str()),
    })
}

/// Reads the nonce, which may come late, and answers it.
async fn prove<S>(stream: &mut S, keys: &Keys) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut nonce = [0; 8];
    tokio::time::timeout(NONCE_PATIENCE, stream.read_exact(&mut nonce)).await??;
    let proof = hixie::proof(&keys.0, &keys.1, &nonce).ok_or(io::ErrorKind::InvalidData)?;
    stream.write_all(&proof).await?;
    stream.flush().await
}

async fn refuse<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, status: StatusCode) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    stream.write_all(head.as_bytes()).await?;
    close_gently(stream).await;
    Ok(())
}

/// Frames of both drafts: 0x00, text, 0xFF.
struct Hixie<S> {
    stream: S,
    decoder: hixie::Decoder,
    begun: Begun,
    peer_left: bool,
    out: Vec<u8>,
    written: usize,
}

impl<S> Hixie<S> {
    fn new(stream: S, shared: &Shared) -> Self {
        let budget = &shared.options.budget;
        Self {
            stream,
            decoder: hixie::Decoder::new(budget.max_frame_bytes),
            begun: Begun::nothing(budget, &shared.received),
            peer_left: false,
            out: Vec::new(),
            written: 0,
        }
    }

    /// What has come of a frame is let go of.
    fn give_up(&mut self, broken: Broken) -> Broken {
        self.decoder.give_up();
        self.begun.finish();
        broken
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Frames for Hixie<S> {
    fn poll_receive(
        &mut self,
        context: &mut Context<'_>,
        mut hear: impl FnMut(Received<'_>) -> ControlFlow<()>,
    ) -> Poll<Result<bool, Broken>> {
        loop {
            match self.decoder.next_frame() {
                Ok(Some(hixie::Frame::Text(text))) => {
                    self.begun.finish();
                    match hear(Received::Text(&text)) {
                        ControlFlow::Continue(()) => continue,
                        ControlFlow::Break(()) => return Poll::Ready(Ok(true)),
                    }
                }
                Ok(Some(hixie::Frame::Close)) => {
                    // The answer is two bytes; a peer that leaves no room for them has gone.
                    self.out.extend_from_slice(&hixie::CLOSE);
                    let _ = self.poll_flush(context);
                    self.peer_left = true;
                    return Poll::Ready(Ok(false));
                }
                Ok(None) => {
                    let held = self.begun.hold(self.decoder.held_bytes());
                    held.map_err(|broken| self.give_up(broken))?;
                }
                Err(hixie::Error::BadFrame) => return Poll::Ready(Err(Broken::Protocol)),
                Err(hixie::Error::TooLarge) => return Poll::Ready(Err(Broken::TooLarge)),
            }
            let mut space = [MaybeUninit::uninit(); READ_SIZE];
            let mut buffer = ReadBuf::uninit(&mut space);
            match Pin::new(&mut self.stream).poll_read(context, &mut buffer) {
                Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                    self.peer_left = true;
                    return Poll::Ready(Ok(false));
                }
                Poll::Ready(Ok(())) => self.decoder.feed(buffer.filled()),
                Poll::Ready(Err(_)) => return Poll::Ready(Err(Broken::Io)),
                Poll::Pending => {
                    let broken = ready!(self.begun.poll_over(context, self.decoder.is_idle()));
                    return Poll::Ready(Err(self.give_up(broken)));
                }
            }
        }
    }

    fn pause(&mut self) {
        self.begun.pause();
    }

    fn queue(&mut self, frame: Frame<'_>) -> Result<(), Broken> {
        // The drafts know nothing else.
        if let Frame::Text(text) = frame {
            hixie::encode_text(text, &mut self.out);
        }
        Ok(())
    }

    fn poll_flush(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        while let Some(rest) = self.out.get(self.written..).filter(|rest| !rest.is_empty()) {
            match ready!(Pin::new(&mut self.stream).poll_write(context, rest)) {
                Ok(0) | Err(_) => return Poll::Ready(Err(Broken::Io)),
                Ok(written) => self.written += written,
            }
        }
        if self.written > 0 {
            self.out = Vec::new();
            self.written = 0;
        }
        Pin::new(&mut self.stream).poll_flush(context).map_err(|_| Broken::Io)
    }

    async fn close(&mut self, _: DisconnectReason) {
        self.decoder.give_up();
        self.begun.finish();
        if self.peer_left {
            return;
        }
        self.out.extend_from_slice(&hixie::CLOSE);
        if std::future::poll_fn(|context| self.poll_flush(context)).await.is_ok() {
            close_gently(&mut self.stream).await;
        }
    }
}
