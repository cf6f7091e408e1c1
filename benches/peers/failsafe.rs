//! `failsafe`: asked in `call`, told when the future is done.
//!
//! Its future holds a clone of the state machine (an `Arc`), as the future of its own `futures` module does.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use failsafe::{
    Config, Error, FailurePolicy, StateMachine,
    backoff::{self, Constant},
    failure_policy::{self, ConsecutiveFailures, OrElse, SuccessRateOverTimeWindow},
};
use http::Response;
use pin_project_lite::pin_project;
use tower::{Layer, Service};

use crate::support::ours::LONG;

/// Opens after failures in a row, at once or never.
pub(crate) fn in_a_row(open: bool) -> FailsafeLayer<ConsecutiveFailures<Constant>> {
    let failures = if open { 1 } else { u32::MAX };
    layer(failure_policy::consecutive_failures(failures, backoff::constant(LONG)))
}

/// Its default policy with a back-off that outlives the measurement: a success rate of 80 %, or five failures in a row.
pub(crate) fn rated(
    _: bool,
) -> FailsafeLayer<OrElse<SuccessRateOverTimeWindow<Constant>, ConsecutiveFailures<Constant>>> {
    let (backoff, window) = (backoff::constant(LONG), Duration::from_secs(30));
    let rate = failure_policy::success_rate_over_time_window(0.8, 5, window, backoff.clone());
    layer(rate.or_else(failure_policy::consecutive_failures(5, backoff)))
}

fn layer<P: FailurePolicy>(policy: P) -> FailsafeLayer<P> {
    FailsafeLayer(Config::new().failure_policy(policy).build())
}

pub(crate) struct FailsafeLayer<P>(StateMachine<P, ()>);

pub(crate) struct Failsafe<S, P> {
    inner: S,
    machine: StateMachine<P, ()>,
}

impl<P> Clone for FailsafeLayer<P> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<S: Clone, P> Clone for Failsafe<S, P> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), machine: self.machine.clone() }
    }
}

impl<S, P> Layer<S> for FailsafeLayer<P> {
    type Service = Failsafe<S, P>;

    fn layer(&self, inner: S) -> Failsafe<S, P> {
        Failsafe { inner, machine: self.0.clone() }
    }
}

impl<S, P, Req, B> Service<Req> for Failsafe<S, P>
where
    S: Service<Req, Response = Response<B>>,
    P: FailurePolicy,
{
    type Response = Response<B>;
    type Error = Error<S::Error>;
    type Future = Guarded<S::Future, P>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(Error::Inner)
    }

    fn call(&mut self, request: Req) -> Self::Future {
        if self.machine.is_call_permitted() {
            Guarded::Calling { inner: self.inner.call(request), machine: self.machine.clone() }
        } else {
            Guarded::Refused
        }
    }
}

pin_project! {
    #[project = Projected]
    pub(crate) enum Guarded<F, P> {
        Calling {
            #[pin]
            inner: F,
            machine: StateMachine<P, ()>,
        },
        Refused,
    }
}

impl<F, P, B, E> Future for Guarded<F, P>
where
    F: Future<Output = Result<Response<B>, E>>,
    P: FailurePolicy,
{
    type Output = Result<Response<B>, Error<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Calling { inner, machine } => {
                let result = ready!(inner.poll(cx));
                match &result {
                    Ok(response) if response.status().as_u16() < 500 => machine.on_success(),
                    _ => machine.on_error(),
                }
                Poll::Ready(result.map_err(Error::Inner))
            }
            Projected::Refused => Poll::Ready(Err(Error::Rejected)),
        }
    }
}
