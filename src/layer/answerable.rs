//! Makes any response body one that a layer can answer with.
//!
//! A breaker over a hyper client, a tonic channel or tower-http's `TraceLayer` cannot answer with that service's body
//! type: such a body comes from a connection, not from bytes. This layer makes it either the upstream's body or our own
//! bytes, without boxing.
//!
//! ```
//! use bytes::Bytes;
//! use http_body_util::Empty;
//! use hyper_util::{client::legacy::Client, rt::TokioExecutor};
//! use tower::ServiceBuilder;
//! use tower_mesh::{AnswerableLayer, CircuitBreakerLayer, policy::circuit_breaker::Settings};
//!
//! let client = ServiceBuilder::new()
//!     .layer(CircuitBreakerLayer::new(Settings::builder().error_ratio(0.5).build()?))
//!     .layer(AnswerableLayer)
//!     .service(Client::builder(TokioExecutor::new()).build_http::<Empty<Bytes>>());
//! # let _ = client;
//! # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
//! ```
//!
//! Where it is missing, the compiler names it as soon as something asks for a `Service`: axum's `Router::layer`, tonic's
//! clients, a function with that bound. At a method call such as `.oneshot(…)` it only says that the method is not there.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// Makes a service's response body an [`AnswerableBody`]. See the [module docs](self).
#[derive(Debug, Clone, Copy, Default)]
pub struct AnswerableLayer;

/// A service whose responses can also be our own. See the [module docs](self).
#[derive(Debug, Clone, Copy)]
pub struct Answerable<S>(S);

impl<S> Layer<S> for AnswerableLayer {
    type Service = Answerable<S>;

    fn layer(&self, inner: S) -> Answerable<S> {
        Answerable(inner)
    }
}

impl<S, Req, B> Service<Req> for Answerable<S>
where
    S: Service<Req, Response = Response<B>>,
    B: Body<Data = Bytes>,
{
    type Response = Response<AnswerableBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        ResponseFuture { inner: self.0.call(request) }
    }
}

pin_project! {
    /// The future of [`Answerable`].
    #[derive(Debug)]
    pub struct ResponseFuture<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
{
    type Output = Result<Response<AnswerableBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let response = ready!(self.project().inner.poll(cx))?;
        Poll::Ready(Ok(response.map(|body| AnswerableBody { kind: Kind::Inner { body } })))
    }
}

pin_project! {
    /// The upstream's body, or our own bytes.
    #[derive(Debug)]
    pub struct AnswerableBody<B> {
        #[pin]
        kind: Kind<B>,
    }
}

pin_project! {
    #[project = Projected]
    #[derive(Debug)]
    enum Kind<B> {
        Inner { #[pin] body: B },
        // `None` once they were given out.
        Local { content: Option<Bytes> },
    }
}

impl<B> From<Bytes> for AnswerableBody<B> {
    fn from(content: Bytes) -> Self {
        Self { kind: Kind::Local { content: Some(content).filter(|content| !content.is_empty()) } }
    }
}

impl<B> Default for AnswerableBody<B> {
    fn default() -> Self {
        Bytes::new().into()
    }
}

impl<B: Body<Data = Bytes>> Body for AnswerableBody<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        match self.project().kind.project() {
            Projected::Inner { body } => body.poll_frame(cx),
            Projected::Local { content } => {
                Poll::Ready(content.take().map(|content| Ok(Frame::data(content))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.kind {
            Kind::Inner { body } => body.is_end_stream(),
            Kind::Local { content } => content.is_none(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.kind {
            Kind::Inner { body } => body.size_hint(),
            Kind::Local { content } => {
                SizeHint::with_exact(content.as_ref().map_or(0, |content| content.len() as u64))
            }
        }
    }
}
