//! A layer that does nothing but hand on: what every layer is compared with.
//!
//! A layer that wraps futures has to move the answer, a response of more than a hundred bytes, from the inner future to
//! its caller. Whether the bare call does the same is up to the compiler, from one build to the next; so the floor is a
//! layer that surely does, and what is counted over it is what a policy adds to being a layer.

use std::{
    hint::black_box,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tower::{Layer, Service};

#[derive(Clone)]
pub(crate) struct Through;

#[derive(Clone)]
pub(crate) struct Passing<S>(S);

impl<S> Layer<S> for Through {
    type Service = Passing<S>;

    fn layer(&self, inner: S) -> Passing<S> {
        Passing(inner)
    }
}

impl<S, Req> Service<Req> for Passing<S>
where
    S: Service<Req>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Passed<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        Passed { inner: self.0.call(request) }
    }
}

pin_project! {
    pub(crate) struct Passed<F> {
        #[pin]
        inner: F,
    }
}

impl<F: Future> Future for Passed<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let answer = self.project().inner.poll(cx);
        black_box(&answer);
        answer
    }
}
