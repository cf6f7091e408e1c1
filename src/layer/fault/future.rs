//! The answer of a service whose calls meet with faults.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};
use tower_service::Service;

use super::station::Station;
use crate::{
    layer::{later::Later, protocol::Answers, seat::Shared, settle::Once},
    policy::{
        Outcome,
        fault::{Answer, Fault},
    },
    refusal::Flags,
};

pin_project! {
    /// The future of [`Fault`](super::Fault).
    pub struct ResponseFuture<S, Req, P, M>
    where
        S: Service<Req>,
    {
        #[pin]
        call: Call<S, Req, P, M>,
    }
}

pin_project! {
    #[project = Projected]
    enum Call<S, Req, P, M>
    where
        S: Service<Req>,
    {
        Passing { #[pin] answer: S::Future },
        // Boxed, so that calls which meet with no fault do not carry the room for it.
        Injected { call: Pin<Box<Injected<S, Req, P, M>>> },
    }
}

impl<S: Service<Req>, Req, P, M> ResponseFuture<S, Req, P, M> {
    #[inline]
    pub(super) const fn passing(answer: S::Future) -> Self {
        Self { call: Call::Passing { answer } }
    }

    pub(super) fn injected(call: Injected<S, Req, P, M>) -> Self {
        Self { call: Call::Injected { call: Box::pin(call) } }
    }
}

impl<S, Req, P, M> Future for ResponseFuture<S, Req, P, M>
where
    S: Service<Req>,
    M: Copy,
    P: Answers<M, S::Response, S::Error>,
{
    type Output = Result<S::Response, S::Error>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project().call.project() {
            Projected::Passing { answer } => answer.poll(cx),
            Projected::Injected { call } => call.as_mut().poll(cx),
        }
    }
}

pin_project! {
    /// A call that meets with a fault.
    pub(super) struct Injected<S, Req, P, M>
    where
        S: Service<Req>,
    {
        owed: Once<Shared<Station>>,
        // How long it will be held back, until that has begun.
        wait: Option<Duration>,
        #[pin]
        timer: Option<Sleep>,
        // What was done to it.
        touched: Flags,
        abort: Option<Answer>,
        // None if it is aborted.
        #[pin]
        call: Option<Later<S, Req>>,
        protocol: P,
        memo: M,
    }
}

impl<S: Service<Req>, Req, P, M> Injected<S, Req, P, M> {
    pub(super) const fn new(
        owed: Once<Shared<Station>>,
        fault: Fault,
        call: Option<Later<S, Req>>,
        protocol: P,
        memo: M,
    ) -> Self {
        let (wait, abort) = (fault.delay(), fault.abort());
        Self { owed, wait, timer: None, touched: Flags::NONE, abort, call, protocol, memo }
    }
}

impl<S, Req, P, M> Injected<S, Req, P, M>
where
    S: Service<Req>,
    M: Copy,
    P: Answers<M, S::Response, S::Error>,
{
    #[cold]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<S::Response, S::Error>> {
        let mut this = self.project();
        if let Some(time) = this.wait.take() {
            *this.touched = Flags::DI;
            this.timer.set(Some(sleep(time)));
            this.owed.with().tell_delay(time);
        }
        if let Some(timer) = this.timer.as_mut().as_pin_mut() {
            ready!(timer.poll(cx));
            this.timer.set(None);
        }
        // Waiting is over, or there was none; a delay has no part in the call that follows.
        this.owed.settle(Outcome::Local);
        if let Some(answer) = *this.abort {
            let refusal = this.owed.with().refusal(answer, *this.touched);
            return Poll::Ready(this.protocol.refuse(*this.memo, refusal));
        }
        let Some(call) = this.call.as_pin_mut() else { return Poll::Pending };
        let mut answer = call.poll(cx);
        if let Poll::Ready(Ok(response)) = &mut answer {
            this.protocol.flag(response, *this.touched);
        }
        answer
    }
}

impl<S: Service<Req>, Req, P, M> fmt::Debug for ResponseFuture<S, Req, P, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseFuture")
    }
}
