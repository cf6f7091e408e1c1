//! A call of a service that was picked for one request.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, Waker, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

pin_project! {
    /// A call of a clone that is readied for it: nothing is reserved for a request that goes elsewhere.
    ///
    /// Nearly always a clone is ready at once, and is called at once, so that the request need not be kept. One that is
    /// not is readied here.
    pub struct Picked<S, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        stage: Stage<S, Req, S::Error>,
    }
}

pin_project! {
    #[project = Projected]
    enum Stage<S, Req, E>
    where
        S: Service<Req>,
    {
        Calling { #[pin] answer: S::Future },
        Readying { service: S, request: Option<Req> },
        Failed { error: Option<E> },
    }
}

impl<S: Service<Req>, Req> Picked<S, Req> {
    /// Calls this service, which is nobody else's, as soon as it is ready.
    #[inline]
    pub fn new(mut service: S, request: Req) -> Self {
        // Nobody is woken by this look: who is not ready is asked again at the first poll, with the caller's waker.
        let stage = match service.poll_ready(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(Ok(())) => Stage::Calling { answer: service.call(request) },
            Poll::Ready(Err(error)) => Stage::Failed { error: Some(error) },
            Poll::Pending => Stage::Readying { service, request: Some(request) },
        };
        Self { stage }
    }
}

impl<S: Service<Req>, Req> Future for Picked<S, Req> {
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        if !matches!(&*stage, Stage::Calling { .. }) {
            ready!(stage.as_mut().poll_call(cx))?;
        }
        match stage.project() {
            Projected::Calling { answer } => answer.poll(cx),
            _ => Poll::Pending,
        }
    }
}

impl<S: Service<Req>, Req> Stage<S, Req, S::Error> {
    /// Calls the service, as soon as it is ready.
    #[cold]
    fn poll_call(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        match self.as_mut().project() {
            Projected::Calling { .. } => {}
            Projected::Failed { error } => return Poll::Ready(Err(error.take().expect(ENDED))),
            Projected::Readying { service, request } => {
                ready!(service.poll_ready(cx))?;
                let answer = service.call(request.take().expect(ENDED));
                self.set(Self::Calling { answer });
            }
        }
        Poll::Ready(Ok(()))
    }
}

const ENDED: &str = "polled after it had ended";

impl<S: Service<Req>, Req> fmt::Debug for Picked<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picked")
    }
}
