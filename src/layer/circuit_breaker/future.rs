//! The answer of a service behind a breaker: the inner one's, or our own.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::verdict::{Settlement, Verdict};
use crate::{layer::protocol::Answers, refusal::Refusal};

pin_project! {
    /// The future of [`CircuitBreaker`](super::CircuitBreaker).
    pub struct ResponseFuture<F, P, M, V> {
        // None if the call was refused.
        #[pin]
        inner: Option<F>,
        call: Option<Settlement>,
        // Boxed, so that a call that passes does not carry the room for it.
        refusal: Option<Box<Refusal>>,
        protocol: P,
        memo: M,
        verdict: PhantomData<fn() -> V>,
    }
}

impl<F, P, M, V> ResponseFuture<F, P, M, V> {
    #[inline]
    pub(super) const fn calling(inner: F, call: Settlement, protocol: P, memo: M) -> Self {
        Self { inner: Some(inner), call: Some(call), refusal: None, protocol, memo, verdict: PhantomData }
    }

    pub(super) fn refused(refusal: Refusal, protocol: P, memo: M) -> Self {
        let refusal = Some(Box::new(refusal));
        Self { inner: None, call: None, refusal, protocol, memo, verdict: PhantomData }
    }
}

impl<F, P, M, V, Res, Err> Future for ResponseFuture<F, P, M, V>
where
    F: Future<Output = Result<Res, Err>>,
    M: Copy,
    P: Answers<M, Res, Err>,
    V: Verdict<P, M, Res, Err>,
{
    type Output = Result<V::Response, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let Some(inner) = this.inner.as_pin_mut() {
            return V::poll(this.protocol, *this.memo, this.call, inner, cx);
        }
        let refusal = this.refusal.take().expect("polled after it was ready");
        let response = this.protocol.refuse(*this.memo, *refusal)?;
        Poll::Ready(Ok(V::unwatched(this.protocol, response)))
    }
}

impl<F, P, M, V> fmt::Debug for ResponseFuture<F, P, M, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
