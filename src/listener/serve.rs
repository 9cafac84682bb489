//! Serving an accepted stream: everything a listener can do.

use super::{Count, Listener, budget::Budget, head_timer::HeadTimer};
use crate::transport::{Observed, Opening, Peer, Watch, close_gently, serve_hixie, sniff};
use bytes::Bytes;
use http::{Request, Response};
use http_body::Body as HttpBody;
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::rt::TokioIo;
use std::{error::Error, fmt, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};

pub use crate::transport::Socket;

type BoxError = Box<dyn Error + Send + Sync>;

/// How long a Flash film may take to read its policy.
const POLICY_PATIENCE: Duration = Duration::from_secs(5);

/// A connection ended with an error. The usual ones (a client that hangs up) are nobody's business but a log's.
#[derive(Debug)]
pub struct ServeError {
    source: BoxError,
}

impl fmt::Display for ServeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the connection ended with an error: {}", self.source)
    }
}

impl Error for ServeError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

impl Listener {
    /// Serves one accepted connection: the listener's requests by the listener, all others by `service`. HTTP/1 with
    /// keep-alive and upgrades, set up as old clients need it.
    ///
    /// It can do what [`Listener::wrap`] under another server cannot: it knows the peer's address, so handshakes can
    /// be limited for each peer; it watches what becomes of a poll's response after it was written, so that a
    /// batch the client never read is delivered with the next poll; and it sees the first bytes before the HTTP
    /// server, so the draft WebSockets hixie-75 and hixie-76 and the inline Flash policy work to the letter.
    ///
    /// # Errors
    ///
    /// A [`ServeError`] when the connection broke, or was closed because of a request that must not be answered.
    pub async fn serve<S, R>(&self, stream: TcpStream, service: S) -> Result<(), ServeError>
    where
        S: Service<Request<Incoming>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: HttpBody<Data = Bytes> + 'static,
        R::Error: Into<BoxError>,
    {
        let socket = Socket::patient(stream, self.shared.options.budget.write_timeout);
        self.serve_stream(socket.clone(), socket, false, service).await
    }

    /// [`Listener::serve`] for a connection whose TLS ends here: `stream` is the TLS stream over a clone of
    /// `socket`.
    ///
    /// # Errors
    ///
    /// As [`Listener::serve`].
    pub async fn serve_over<I, S, R>(&self, stream: I, socket: Socket, service: S) -> Result<(), ServeError>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: HttpBody<Data = Bytes> + 'static,
        R::Error: Into<BoxError>,
    {
        socket.wait_for_reader(self.shared.options.budget.write_timeout);
        self.serve_stream(stream, socket, true, service).await
    }

    async fn serve_stream<I, S, R>(
        &self,
        mut stream: I,
        socket: Socket,
        secure: bool,
        service: S,
    ) -> Result<(), ServeError>
    where
        I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
        S: Service<Request<Incoming>, Response = Response<R>>,
        S::Error: Into<BoxError>,
        R: HttpBody<Data = Bytes> + 'static,
        R::Error: Into<BoxError>,
    {
        let failed = |source: BoxError| ServeError { source };
        let Budget { header_timeout, max_head_bytes, .. } = self.shared.options.budget;
        let address = socket.peer();
        let watch = Watch::new(socket);
        let peer = Peer { address, watch: Some(Arc::clone(&watch)), secure, ..Peer::default() };
        let looked = tokio::time::timeout(
            header_timeout,
            sniff(&mut stream, &self.shared.mount, &self.shared.options.transports, max_head_bytes),
        )
        .await;
        let opening = looked.map_err(|error| failed(error.into()))?.map_err(|error| failed(error.into()))?;
        let prefix = match opening {
            Opening::Http(prefix) => prefix,
            Opening::FlashPolicy => {
                let document = self.flash_policy();
                let sent = async {
                    stream.write_all(document.as_bytes()).await?;
                    close_gently(&mut stream).await;
                    Ok::<_, std::io::Error>(())
                };
                let sent = tokio::time::timeout(POLICY_PATIENCE, sent).await;
                return sent.map_err(|error| failed(error.into()))?.map_err(|error| failed(error.into()));
            }
            Opening::Hixie(parts, rest) => {
                let stream = Observed::new(&self.shared, stream, watch, rest);
                // Rare, and not to be made room for with every connection.
                let served = Box::pin(serve_hixie(&self.shared, stream, *parts, peer)).await;
                return served.map_err(|error| failed(error.into()));
            }
        };
        let stream = Observed::new(&self.shared, stream, watch, prefix);
        let served = http1::Builder::new()
            .timer(HeadTimer::default())
            .header_read_timeout(header_timeout)
            .max_header_size(max_head_bytes)
            // What it reads ahead, and what it takes of us before the client does, is in nobody's account.
            .max_buf_size(max_head_bytes)
            .title_case_headers(true)
            .serve_connection(TokioIo::new(stream), self.wrap_connection(service, peer))
            .with_upgrades()
            .await;
        served.map_err(|error| {
            self.shared.counters.add(Count::RefusedHead, usize::from(error.is_parse_too_large()));
            failed(error.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        convert::Infallible,
        future::{Future, Ready, ready},
    };

    struct Nothing;

    impl Service<Request<Incoming>> for Nothing {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = Ready<Result<Self::Response, Infallible>>;

        fn call(&self, _: Request<Incoming>) -> Self::Future {
            ready(Ok(Response::default()))
        }
    }

    fn size<'a, F: Future>(_: fn(&'a Listener, TcpStream, Nothing) -> F) -> usize {
        size_of::<F>()
    }

    #[test]
    fn the_task_of_a_connection_is_small() {
        // There is one for every poll that waits.
        let size = size(Listener::serve::<Nothing, String>);
        assert!(size <= 1280, "{size} bytes");
    }
}
