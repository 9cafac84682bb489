//! Mounting: one service that serves the listener beside everything the application's own service serves.

use super::Listener;
use crate::transport::{self, Answer, Body, Peer, Routed};
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::service::Service;
use std::{
    error::Error,
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

impl Listener {
    /// A service that answers the listener's requests itself and hands every other to `service`, untouched. It has to be
    /// called on a tokio runtime.
    ///
    /// Serve its connections `.with_upgrades()`, or websockets are refused. Not everything a listener can do works
    /// here: see [`Listener::serve`], which also takes the stream.
    pub fn wrap<S>(&self, service: S) -> Wrapped<S> {
        Wrapped { listener: self.clone(), service, peer: None }
    }

    pub(super) fn wrap_connection<S>(&self, service: S, peer: Peer) -> Wrapped<S> {
        Wrapped { listener: self.clone(), service, peer: Some(peer) }
    }

    /// [`Listener::wrap`] as a tower layer: for an axum `Router`, `router.layer(listener.layer())`.
    #[cfg(feature = "tower")]
    #[must_use]
    pub fn layer(&self) -> ListenerLayer {
        ListenerLayer { listener: self.clone() }
    }
}

/// A service and a listener in one. Made by [`Listener::wrap`].
#[derive(Debug, Clone)]
pub struct Wrapped<S> {
    listener: Listener,
    service: S,
    /// What [`Listener::serve`] knows of the connection.
    peer: Option<Peer>,
}

impl<S> Wrapped<S> {
    /// The answer, or the request when it is not the listener's. Every request of a watched connection has to be shown
    /// here.
    fn answer<B>(&self, request: Request<B>) -> Routed<'static, B>
    where
        B: HttpBody + Send + 'static,
        B::Data: Send,
        B::Error: fmt::Display,
    {
        if let Some(watch) = self.peer.as_ref().and_then(|peer| peer.watch.as_ref()) {
            watch.request_began();
        }
        transport::answer(&self.listener.shared, request, self.peer.as_ref())
    }
}

impl<S, B, R> Service<Request<B>> for Wrapped<S>
where
    S: Service<Request<B>, Response = Response<R>>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: fmt::Display,
{
    type Response = Response<WrappedBody<R>>;
    type Error = S::Error;
    type Future = WrappedFuture<S::Future>;

    fn call(&self, request: Request<B>) -> Self::Future {
        match self.answer(request) {
            Routed::Ours(answer) => WrappedFuture::ours(answer),
            Routed::Theirs(request) => WrappedFuture::theirs(self.service.call(request)),
        }
    }
}

#[cfg(feature = "tower")]
impl<S, B, R> tower_service::Service<Request<B>> for Wrapped<S>
where
    S: tower_service::Service<Request<B>, Response = Response<R>>,
    B: HttpBody + Send + 'static,
    B::Data: Send,
    B::Error: fmt::Display,
{
    type Response = Response<WrappedBody<R>>;
    type Error = S::Error;
    type Future = WrappedFuture<S::Future>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.service.poll_ready(context)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.answer(request) {
            Routed::Ours(answer) => WrappedFuture::ours(answer),
            Routed::Theirs(request) => WrappedFuture::theirs(self.service.call(request)),
        }
    }
}

/// A tower layer that mounts a listener. Made by [`Listener::layer`].
#[cfg(feature = "tower")]
#[derive(Debug, Clone)]
pub struct ListenerLayer {
    listener: Listener,
}

#[cfg(feature = "tower")]
impl<S> tower_layer::Layer<S> for ListenerLayer {
    type Service = Wrapped<S>;

    fn layer(&self, service: S) -> Wrapped<S> {
        self.listener.wrap(service)
    }
}

pin_project_lite::pin_project! {
    /// The response of a [`Wrapped`] service, on its way.
    pub struct WrappedFuture<F> {
        #[pin]
        kind: FutureKind<F>,
    }
}

pin_project_lite::pin_project! {
    #[project = FutureKindProjection]
    enum FutureKind<F> {
        Ours { answer: Answer<'static> },
        Theirs { #[pin] future: F },
    }
}

impl<F> WrappedFuture<F> {
    fn ours(answer: Answer<'static>) -> Self {
        Self { kind: FutureKind::Ours { answer } }
    }

    fn theirs(future: F) -> Self {
        Self { kind: FutureKind::Theirs { future } }
    }
}

impl<F, R, E> Future for WrappedFuture<F>
where
    F: Future<Output = Result<Response<R>, E>>,
{
    type Output = Result<Response<WrappedBody<R>>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().kind.project() {
            FutureKindProjection::Ours { answer } => {
                let response = transport::sealed(ready!(answer.as_mut().poll(context)));
                Poll::Ready(Ok(response.map(WrappedBody::ours)))
            }
            FutureKindProjection::Theirs { future } => {
                let response = ready!(future.poll(context))?;
                Poll::Ready(Ok(response.map(WrappedBody::theirs)))
            }
        }
    }
}

impl<F> fmt::Debug for WrappedFuture<F> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("WrappedFuture").finish_non_exhaustive()
    }
}

pin_project_lite::pin_project! {
    /// A response body of the listener or of the service it wraps.
    #[derive(Debug)]
    pub struct WrappedBody<R> {
        #[pin]
        kind: BodyKind<R>,
    }
}

pin_project_lite::pin_project! {
    #[derive(Debug)]
    #[project = BodyKindProjection]
    enum BodyKind<R> {
        Ours { #[pin] body: Body },
        Theirs { #[pin] body: R },
    }
}

impl<R> WrappedBody<R> {
    fn ours(body: Body) -> Self {
        Self { kind: BodyKind::Ours { body } }
    }

    fn theirs(body: R) -> Self {
        Self { kind: BodyKind::Theirs { body } }
    }
}

impl<R> HttpBody for WrappedBody<R>
where
    R: HttpBody<Data = Bytes>,
    R::Error: Into<Box<dyn Error + Send + Sync>>,
{
    type Data = Bytes;
    type Error = Box<dyn Error + Send + Sync>;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match self.project().kind.project() {
            BodyKindProjection::Ours { body } => body.poll_frame(context),
            BodyKindProjection::Theirs { body } => {
                body.poll_frame(context).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            BodyKind::Ours { body } => body.is_end_stream(),
            BodyKind::Theirs { body } => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            BodyKind::Ours { body } => body.size_hint(),
            BodyKind::Theirs { body } => body.size_hint(),
        }
    }
}

#[cfg(test)]
mod tests;
