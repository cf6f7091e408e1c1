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
        // There is one if the call passed.
        #[pin]
        inner: Option<F>,
        call: Call,
        protocol: P,
        memo: M,
        verdict: PhantomData<fn() -> V>,
    }
}

enum Call {
    Passed(Settlement),
    /// Boxed, so that a call that passes does not carry the room for it; none once it was given out.
    Refused(Option<Box<Refusal>>),
}

impl<F, P, M, V> ResponseFuture<F, P, M, V> {
    #[inline]
    pub(super) const fn calling(inner: F, call: Settlement, protocol: P, memo: M) -> Self {
        Self { inner: Some(inner), call: Call::Passed(call), protocol, memo, verdict: PhantomData }
    }

    pub(super) fn refused(refusal: Refusal, protocol: P, memo: M) -> Self {
        let call = Call::Refused(Some(Box::new(refusal)));
        Self { inner: None, call, protocol, memo, verdict: PhantomData }
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
        match (this.inner.as_pin_mut(), this.call) {
            (Some(inner), Call::Passed(call)) => V::poll(this.protocol, *this.memo, call, inner, cx),
            (_, Call::Refused(refusal)) => {
                let refusal = refusal.take().expect("polled after it was ready");
                let response = this.protocol.refuse(*this.memo, *refusal)?;
                Poll::Ready(Ok(V::unwatched(this.protocol, response)))
            }
            (None, Call::Passed(_)) => unreachable!("what passed is called"),
        }
    }
}

impl<F, P, M, V> fmt::Debug for ResponseFuture<F, P, M, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
