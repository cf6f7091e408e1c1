//! One request's way to an upstream, or to nobody.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use http::{Request, Response};
use http_body::Body;
use pin_project_lite::pin_project;
use tower_service::Service;

use super::Upstreams;
use crate::testing::echo::{EchoBody, EchoError, EchoFuture};

impl<B: Body> Service<Request<B>> for Upstreams {
    type Response = Response<EchoBody>;
    type Error = EchoError;
    type Future = UpstreamsFuture<B>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), EchoError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> UpstreamsFuture<B> {
        UpstreamsFuture { answer: self.0.pick(&request).map(|mut echo| echo.call(request)) }
    }
}

pin_project! {
    /// A request at one of [`Upstreams`].
    #[derive(Debug)]
    pub struct UpstreamsFuture<B> {
        // None, if nobody is there.
        #[pin]
        answer: Option<EchoFuture<B>>,
    }
}

impl<B: Body> Future for UpstreamsFuture<B> {
    type Output = Result<Response<EchoBody>, EchoError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().answer.as_pin_mut() {
            Some(answer) => answer.poll(cx),
            None => Poll::Ready(Err(EchoError::Refused)),
        }
    }
}
