//! A station that may not be there.
//!
//! An order of stations is one type. A layer that leaves the answer's type alone can be left out of it at the price of a
//! branch; the others are there with settings that ask for nothing.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

/// A layer, or none.
#[derive(Debug, Clone)]
pub(super) struct Optional<L>(pub(super) Option<L>);

/// A service behind a layer, or before none.
#[derive(Debug, Clone)]
pub enum Behind<A, S> {
    There(A),
    Not(S),
}

impl<L: Layer<S>, S> Layer<S> for Optional<L> {
    type Service = Behind<L::Service, S>;

    fn layer(&self, inner: S) -> Self::Service {
        match &self.0 {
            Some(layer) => Behind::There(layer.layer(inner)),
            None => Behind::Not(inner),
        }
    }
}

impl<A, S, Req> Service<Req> for Behind<A, S>
where
    A: Service<Req>,
    S: Service<Req, Response = A::Response, Error = A::Error>,
{
    type Response = A::Response;
    type Error = A::Error;
    type Future = BehindFuture<A::Future, S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), A::Error>> {
        match self {
            Self::There(service) => service.poll_ready(cx),
            Self::Not(service) => service.poll_ready(cx),
        }
    }

    fn call(&mut self, request: Req) -> Self::Future {
        match self {
            Self::There(service) => BehindFuture::There { answer: service.call(request) },
            Self::Not(service) => BehindFuture::Not { answer: service.call(request) },
        }
    }
}

pin_project! {
    /// The answer of a service behind a station that may not be there.
    #[project = Projected]
    #[derive(Debug)]
    pub enum BehindFuture<A, S> {
        There { #[pin] answer: A },
        Not { #[pin] answer: S },
    }
}

impl<A: Future, S: Future<Output = A::Output>> Future for BehindFuture<A, S> {
    type Output = A::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<A::Output> {
        match self.project() {
            Projected::There { answer } => answer.poll(cx),
            Projected::Not { answer } => answer.poll(cx),
        }
    }
}
