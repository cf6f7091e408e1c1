//! The answer of a service behind a breaker: the inner one's, or our own.

use std::{
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use pin_project_lite::pin_project;

use super::{
    station::Store,
    verdict::{Settlement, Verdict},
};
use crate::{layer::protocol::Answers, policy::circuit_breaker::Circuit};

pin_project! {
    /// The future of [`CircuitBreaker`](super::CircuitBreaker).
    pub struct ResponseFuture<F, P, M, V, T = Circuit>
    where
        T: Store,
    {
        // None if the call was refused.
        #[pin]
        inner: Option<F>,
        call: Settlement<T>,
        // How long the circuit will stay open, if the call was refused.
        wait: Duration,
        protocol: P,
        memo: M,
        verdict: PhantomData<fn() -> V>,
    }
}

impl<F, P, M, V, T: Store> ResponseFuture<F, P, M, V, T> {
    #[inline]
    pub(super) const fn calling(inner: F, call: Settlement<T>, protocol: P, memo: M) -> Self {
        Self { inner: Some(inner), call, wait: Duration::ZERO, protocol, memo, verdict: PhantomData }
    }

    pub(super) const fn refused(call: Settlement<T>, wait: Duration, protocol: P, memo: M) -> Self {
        Self { inner: None, call, wait, protocol, memo, verdict: PhantomData }
    }
}

impl<F, P, M, V, T, Res, Err> Future for ResponseFuture<F, P, M, V, T>
where
    F: Future<Output = Result<Res, Err>>,
    M: Copy,
    P: Answers<M, Res, Err>,
    V: Verdict<P, M, Res, Err, T>,
    T: Store,
{
    type Output = Result<V::Response, Err>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.inner.as_pin_mut() {
            Some(inner) => V::poll(this.protocol, *this.memo, this.call, inner, cx),
            None => {
                Poll::Ready(refusal::<_, _, V, _, _, _>(this.protocol, *this.memo, this.call, *this.wait))
            }
        }
    }
}

/// Out of line: few calls come here, and a whole response is made.
#[cold]
fn refusal<P, M, V, T, Res, Err>(
    protocol: &P,
    memo: M,
    call: &Settlement<T>,
    wait: Duration,
) -> Result<V::Response, Err>
where
    P: Answers<M, Res, Err>,
    V: Verdict<P, M, Res, Err, T>,
    T: Store,
{
    let response = protocol.refuse(memo, call.station().refusal(wait))?;
    Ok(V::unwatched(protocol, response))
}

impl<F, P, M, V, T: Store> fmt::Debug for ResponseFuture<F, P, M, V, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
