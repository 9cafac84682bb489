//! A listener on a loopback port, mounted in one of the ways there are.

use super::{Connection, Events};
use bytes::Bytes;
use heirloom::{Builder, Dialect, Listener};
use http_body_util::Full;
use hyper::{
    Request, Response, StatusCode,
    body::{Body, Incoming},
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{convert::Infallible, error::Error, net::SocketAddr};
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How the listener gets its connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mounting {
    /// `Listener::serve`.
    Serve,
    /// `Listener::wrap` on a hyper server of the application's own.
    Wrap,
    /// The same on a server that knows no upgrades.
    WrapWithoutUpgrades,
}

impl Mounting {
    /// The two that can do everything most tests ask for.
    pub(crate) const BOTH: [Self; 2] = [Self::Serve, Self::Wrap];
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) listener: Listener,
    pub(crate) events: Events,
    pub(crate) address: SocketAddr,
    /// What [`super::Peer`] speaks with this server.
    pub(crate) dialect: Dialect,
    accepting: JoinHandle<()>,
}

impl Server {
    /// Under [`Mounting::Serve`].
    pub(crate) async fn new(builder: Builder) -> Self {
        Self::mounted(Mounting::Serve, builder).await
    }

    /// Beside the small application [`page`].
    pub(crate) async fn mounted(mounting: Mounting, builder: Builder) -> Self {
        Self::beside(mounting, builder, service_fn(page)).await
    }

    pub(crate) async fn json(mounting: Mounting, builder: Builder) -> Self {
        let mut server = Self::mounted(mounting, builder.dialect(Dialect::Json)).await;
        server.dialect = Dialect::Json;
        server
    }

    pub(crate) async fn beside<S, R>(mounting: Mounting, builder: Builder, service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<R>> + Clone + Send + 'static,
        S::Future: Send,
        S::Error: Into<Box<dyn Error + Send + Sync>>,
        R: Body<Data = Bytes> + Send + 'static,
        R::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        let listener = builder.build().unwrap();
        let events = Events::of(&listener);
        let socket = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let mounted = listener.clone();
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = socket.accept().await {
                tokio::spawn(carry(mounting, mounted.clone(), stream, service.clone()));
            }
        });
        Self { listener, events, address, dialect: Dialect::Frames, accepting }
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection::new(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends the bytes of one request on a connection of its own.
    pub(crate) async fn ask(&self, request: impl AsRef<[u8]>) -> Connection {
        let mut connection = self.connect().await;
        connection.send(request).await;
        connection
    }

    /// The answer to one request on a connection of its own.
    pub(crate) async fn answer(&self, request: impl AsRef<[u8]>) -> super::Answer {
        self.ask(request).await.answer().await
    }

    /// Waits until the listener remembers nobody.
    pub(crate) async fn is_empty(&self) {
        super::eventually("the last session to be freed", || self.listener.stats().sessions == 0).await;
    }
}

/// No test leaves a server behind.
impl Drop for Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// An error of one connection is the client's doing, and what the tests look at from the other side.
async fn carry<S, R>(mounting: Mounting, listener: Listener, stream: TcpStream, service: S)
where
    S: Service<Request<Incoming>, Response = Response<R>> + Send + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    R: Body<Data = Bytes> + Send + 'static,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    if mounting == Mounting::Serve {
        let _ = listener.serve(stream, service).await;
        return;
    }
    let mut server = http1::Builder::new();
    server.timer(TokioTimer::new());
    let connection = server.serve_connection(TokioIo::new(stream), listener.wrap(service));
    if mounting == Mounting::Wrap {
        let _ = connection.with_upgrades().await;
    } else {
        let _ = connection.await;
    }
}

/// The application beside the listener.
pub(crate) async fn page(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.uri().path() == "/" {
        return Ok(Response::new(Full::from("hello from the app")));
    }
    let mut response = Response::new(Full::from("the app has no such page"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    Ok(response)
}
