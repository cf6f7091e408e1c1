//! The answer of a router.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderMap, Response};
use pin_project_lite::pin_project;

use super::station::Station;
use crate::{layer::seat::Shared, policy::route::Place};

pin_project! {
    /// The future of a [`Router`](super::Router) and of a [`Routed`](super::Routed): a destination's answer, that of
    /// the service which a router was put around, or the router's own.
    pub struct ResponseFuture<F, G, D>
    where
        F: Future,
    {
        #[pin]
        call: Call<F, G, F::Output, D>,
    }
}

pin_project! {
    #[project = Projected]
    enum Call<F, G, O, D> {
        Sent { #[pin] answer: F },
        // Sent, and its answer will be changed.
        Changed { #[pin] answer: F, changes: Changes<D> },
        Passed { #[pin] answer: G },
        // Boxed, so that other calls do not carry the room for it.
        Answered { answer: Option<Box<O>> },
    }
}

/// Where it is said what is changed of an answer.
pub(super) struct Changes<D> {
    station: Shared<Station<D>>,
    place: Place,
}

impl<D> Changes<D> {
    pub(super) const fn new(station: Shared<Station<D>>, place: Place) -> Self {
        Self { station, place }
    }

    fn apply(&self, headers: &mut HeaderMap) {
        self.station.change_response(self.place, headers);
    }
}

impl<F: Future, G, D> ResponseFuture<F, G, D> {
    #[inline]
    pub(super) const fn sent(answer: F) -> Self {
        Self { call: Call::Sent { answer } }
    }

    pub(super) const fn changed(answer: F, changes: Changes<D>) -> Self {
        Self { call: Call::Changed { answer, changes } }
    }

    #[inline]
    pub(super) const fn passed(answer: G) -> Self {
        Self { call: Call::Passed { answer } }
    }

    pub(super) fn answered(answer: F::Output) -> Self {
        Self { call: Call::Answered { answer: Some(Box::new(answer)) } }
    }
}

impl<F, G, D, R, E> Future for ResponseFuture<F, G, D>
where
    F: Future<Output = Result<Response<R>, E>>,
    G: Future<Output = F::Output>,
{
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project().call.project() {
            Projected::Sent { answer } => answer.poll(cx),
            Projected::Changed { answer, changes } => {
                let mut response = ready!(answer.poll(cx))?;
                changes.apply(response.headers_mut());
                Poll::Ready(Ok(response))
            }
            Projected::Passed { answer } => answer.poll(cx),
            Projected::Answered { answer } => Poll::Ready(*answer.take().expect("polled after it had ended")),
        }
    }
}

impl<F: Future, G, D> fmt::Debug for ResponseFuture<F, G, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
