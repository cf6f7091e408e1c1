//! `governor`'s keyed rate limiter: no breaker, but what one knows for something small that is kept for each key.
//!
//! Its clock is its default one, which reads the processor's counter. Its quota is so large that everything passes.

use std::{
    num::NonZero,
    sync::Arc,
    task::{Context, Poll},
};

use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use http::Request;
use tower::Service;

#[derive(Clone)]
pub(crate) struct Governed<S> {
    inner: S,
    limiter: Arc<DefaultKeyedRateLimiter<u64>>,
}

impl<S> Governed<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, limiter: Arc::new(RateLimiter::dashmap(Quota::per_second(NonZero::<u32>::MAX))) }
    }
}

impl<S: Service<Request<u64>>> Service<Request<u64>> for Governed<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<u64>) -> Self::Future {
        assert!(self.limiter.check_key(request.body()).is_ok(), "everything passes");
        self.inner.call(request)
    }
}
