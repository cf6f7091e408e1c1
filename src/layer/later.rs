//! A call that is made at once, or when something has been waited for.
//!
//! Whoever must wait before it calls (a delay, a queue, a pause between two tries) must not keep the readiness that its
//! caller asked for: that may be a place in somebody's queue. So it gives the readied service back, by putting a clone in
//! its place, and readies a clone of its own when the wait is over.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

/// Puts a clone in the place of what was readied, which is free then.
pub(crate) fn give_back<S: Clone>(readied: &mut S) {
    let fresh = readied.clone();
    drop(mem::replace(readied, fresh));
}

pin_project! {
    /// A call on its way.
    #[project = Projected]
    pub(crate) enum Later<S, Req>
    where
        S: Service<Req>,
    {
        // Boxed, so that calls which need not wait do not carry the room for it.
        Waiting { call: Option<Box<(S, Req)>> },
        Calling { #[pin] answer: S::Future },
    }
}

impl<S: Service<Req>, Req> Later<S, Req> {
    /// Calls what was readied.
    #[inline]
    pub(crate) fn now(readied: &mut S, request: Req) -> Self {
        Self::calling(readied.call(request))
    }

    /// What was readied has been called.
    #[inline]
    pub(crate) const fn calling(answer: S::Future) -> Self {
        Self::Calling { answer }
    }

    /// Will call, when it is first polled, and gives back what was readied.
    pub(crate) fn after_a_wait(readied: &mut S, request: Req) -> Self
    where
        S: Clone,
    {
        give_back(readied);
        Self::fresh(readied.clone(), request)
    }

    /// Will ready this service and call it, when it is first polled.
    pub(crate) fn fresh(service: S, request: Req) -> Self {
        Self::Waiting { call: Some(Box::new((service, request))) }
    }

    /// Whether the service was called: until then nothing was sent.
    pub(crate) const fn was_called(&self) -> bool {
        matches!(self, Self::Calling { .. })
    }

    /// Readies and calls, if that is yet to be done, and polls the answer.
    #[inline]
    pub(crate) fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<S::Response, S::Error>> {
        if let Projected::Calling { answer } = self.as_mut().project() {
            return answer.poll(cx);
        }
        ready!(self.as_mut().begin(cx))?;
        match self.project() {
            Projected::Calling { answer } => answer.poll(cx),
            Projected::Waiting { .. } => Poll::Pending,
        }
    }

    #[cold]
    fn begin(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        let Projected::Waiting { call } = self.as_mut().project() else { return Poll::Ready(Ok(())) };
        let Some((service, _)) = call.as_deref_mut() else { panic!("polled after it had ended") };
        if let Err(error) = ready!(service.poll_ready(cx)) {
            *call = None;
            return Poll::Ready(Err(error));
        }
        if let Some((mut service, request)) = call.take().map(|call| *call) {
            let answer = service.call(request);
            self.set(Self::Calling { answer });
        }
        Poll::Ready(Ok(()))
    }
}
