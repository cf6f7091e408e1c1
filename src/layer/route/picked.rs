//! A call of a service that was picked for one request.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use pin_project_lite::pin_project;
use tower_service::Service;

pin_project! {
    /// A call of a clone that is readied first, here: nothing is reserved for a request that goes elsewhere.
    pub struct Picked<S, Req>
    where
        S: Service<Req>,
    {
        #[pin]
        stage: Stage<S, Req>,
    }
}

pin_project! {
    #[project = Projected]
    enum Stage<S, Req>
    where
        S: Service<Req>,
    {
        // Every call waits here for its first poll, so there is room for it.
        Readying { service: S, request: Option<Req> },
        Calling { #[pin] answer: S::Future },
    }
}

impl<S: Service<Req>, Req> Picked<S, Req> {
    /// Will ready this service and call it, when it is first polled.
    #[inline]
    pub fn new(service: S, request: Req) -> Self {
        Self { stage: Stage::Readying { service, request: Some(request) } }
    }
}

impl<S: Service<Req>, Req> Future for Picked<S, Req> {
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut stage = self.project().stage;
        if let Projected::Readying { service, request } = stage.as_mut().project() {
            ready!(service.poll_ready(cx))?;
            let request = request.take().expect("polled after it had ended");
            let answer = service.call(request);
            stage.set(Stage::Calling { answer });
        }
        match stage.project() {
            Projected::Calling { answer } => answer.poll(cx),
            Projected::Readying { .. } => Poll::Pending,
        }
    }
}

impl<S: Service<Req>, Req> fmt::Debug for Picked<S, Req> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Picked")
    }
}
