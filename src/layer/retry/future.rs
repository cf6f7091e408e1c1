//! The answer of one of several tries.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;
use tokio::time::Sleep;
use tower_service::Service;

use super::{Repeats, rest::Rest};
use crate::layer::{later::Later, protocol::Answers, whence};

pin_project! {
    /// The future of [`Retry`](super::Retry).
    pub struct ResponseFuture<S, P, Req>
    where
        P: Repeats<Req>,
        S: Service<P::Try>,
    {
        // The try under way. None between tries, and when it was given up while others go on.
        #[pin]
        call: Option<Later<S, P::Try>>,
        // Until a try is late, or until the next one begins.
        #[pin]
        sleep: Option<Sleep>,
        // None if the answer stands, whatever it is.
        rest: Option<Rest<S, P, Req>>,
    }
}

impl<S, P, Req> ResponseFuture<S, P, Req>
where
    P: Repeats<Req>,
    S: Service<P::Try>,
{
    #[inline(always)]
    pub(super) const fn new(call: Later<S, P::Try>, rest: Option<Rest<S, P, Req>>) -> Self {
        Self { call: Some(call), sleep: None, rest }
    }
}

impl<S, P, Req> Future for ResponseFuture<S, P, Req>
where
    P: Repeats<Req> + Answers<P::Memo, S::Response, S::Error>,
    S: Service<P::Try> + Clone,
{
    type Output = Result<S::Response, S::Error>;

    /// The answer is handed through in one place: moving it costs more than looking at it.
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let answer = match this.call.as_mut().as_pin_mut() {
            Some(call) => {
                whence::clear();
                call.poll(cx)
            }
            None => Poll::Pending,
        };
        if let Some(rest) = this.rest
            && rest.minds(&answer)
        {
            return rest.go_on(this.call, this.sleep, answer, cx);
        }
        answer
    }
}

impl<S, P, Req> fmt::Debug for ResponseFuture<S, P, Req>
where
    P: Repeats<Req>,
    S: Service<P::Try>,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
