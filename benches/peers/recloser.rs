//! `recloser`, by way of its own future, since its three steps are private.
//!
//! It judges errors alone: a bad answer is turned into an error before it and back after it. It asks for permission at
//! the first poll, so that the inner service is called (not polled) even while it is open.

use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::Response;
use pin_project_lite::pin_project;
use recloser::{AnyError, AsyncRecloser, Error, Recloser, RecloserFuture};
use tower::{Layer, Service};

use crate::support::ours::LONG;

/// Its defaults: half of the last hundred. When it is to be open, of the last two.
pub(crate) fn layer(open: bool) -> RecloserLayer {
    let recloser = Recloser::custom().closed_len(if open { 2 } else { 100 }).open_wait(LONG).build();
    RecloserLayer(recloser.into())
}

#[derive(Clone)]
pub(crate) struct RecloserLayer(AsyncRecloser);

#[derive(Clone)]
pub(crate) struct Reclosed<S> {
    inner: S,
    recloser: AsyncRecloser,
}

/// The call was refused.
#[derive(Debug, thiserror::Error)]
#[error("the call was refused")]
pub(crate) struct Refused;

impl<S> Layer<S> for RecloserLayer {
    type Service = Reclosed<S>;

    fn layer(&self, inner: S) -> Reclosed<S> {
        Reclosed { inner, recloser: self.0.clone() }
    }
}

impl<S, Req, B> Service<Req> for Reclosed<S>
where
    S: Service<Req, Response = Response<B>, Error = Infallible>,
{
    type Response = Response<B>;
    type Error = Refused;
    type Future = Guarded<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Refused>> {
        self.inner.poll_ready(cx).map_err(|never| match never {})
    }

    fn call(&mut self, request: Req) -> Self::Future {
        Guarded { guarded: self.recloser.call(Judged { inner: self.inner.call(request) }) }
    }
}

pin_project! {
    pub(crate) struct Guarded<F> {
        #[pin]
        guarded: RecloserFuture<Judged<F>, AnyError>,
    }
}

pin_project! {
    pub(crate) struct Judged<F> {
        #[pin]
        inner: F,
    }
}

impl<F, B> Future for Judged<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<B>, Response<B>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Ok(response) = ready!(self.project().inner.poll(cx));
        Poll::Ready(if response.status().as_u16() < 500 { Ok(response) } else { Err(response) })
    }
}

impl<F, B> Future for Guarded<F>
where
    F: Future<Output = Result<Response<B>, Infallible>>,
{
    type Output = Result<Response<B>, Refused>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(match ready!(self.project().guarded.poll(cx)) {
            Ok(response) | Err(Error::Inner(response)) => Ok(response),
            Err(Error::Rejected) => Err(Refused),
        })
    }
}
