//! The answer of a service with a fallback that is made at once.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::Station;
use crate::{layer::seat::Shared, refusal::Refusal};

/// What a kind of fallback keeps of a request until its answer is there.
pub trait Keeps<Req>: sealed::Sealed {
    /// What is kept.
    type Kept;

    #[doc(hidden)]
    fn keep(request: &Req) -> Self::Kept;
}

/// A fallback that is made at once, with what was kept of the request.
pub trait StandsIn<Kept, Res, Err>: sealed::Sealed {
    /// The refusal that stands in this answer.
    #[doc(hidden)]
    fn refusal<'a>(&self, answer: &'a Result<Res, Err>) -> Option<&'a Refusal>;

    /// Takes the place of an answer in which a refusal stands; or leaves it, and says so.
    #[doc(hidden)]
    fn stand_in(&self, kept: &Kept, answer: &mut Result<Res, Err>) -> bool;
}

pub(super) mod sealed {
    pub trait Sealed {}
}

impl<K> Station<K> {
    /// Out of line: refusals are rare.
    #[cold]
    fn stand_in<Kept, Res, Err>(&self, kept: &Kept, answer: &mut Result<Res, Err>)
    where
        K: StandsIn<Kept, Res, Err>,
    {
        let Some(refusal) = self.kind.refusal(answer).filter(|refusal| self.takes(refusal)) else { return };
        let reason = refusal.reason();
        if self.kind.stand_in(kept, answer) {
            self.tell(reason);
        }
    }
}

pin_project! {
    /// The future of a [`Fallback`](super::Fallback) that answers by itself.
    pub struct ResponseFuture<F, K, Kept> {
        #[pin]
        inner: F,
        station: Shared<Station<K>>,
        kept: Kept,
    }
}

impl<F, K, Kept> ResponseFuture<F, K, Kept> {
    #[inline]
    pub(super) const fn new(inner: F, station: Shared<Station<K>>, kept: Kept) -> Self {
        Self { inner, station, kept }
    }
}

impl<F, K, Kept, Res, Err> Future for ResponseFuture<F, K, Kept>
where
    F: Future<Output = Result<Res, Err>>,
    K: StandsIn<Kept, Res, Err>,
{
    type Output = Result<Res, Err>;

    /// The answer is handed through in one place: moving it costs more than looking at it.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut answer = this.inner.poll(cx);
        if let Poll::Ready(result) = &mut answer
            && this.station.kind.refusal(result).is_some()
        {
            this.station.stand_in(this.kept, result);
        }
        answer
    }
}

impl<F, K, Kept> fmt::Debug for ResponseFuture<F, K, Kept> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
