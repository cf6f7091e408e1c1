//! `tower-resilience`'s breaker, a tower layer already: only told what a failure is.
//!
//! Built with a handle, so that `layer()` shares one circuit, as ours does; without one each `layer()` makes a new one,
//! which under axum never opens. Its window of the last N calls does not slide (it adds until the state changes), so
//! it does less than its name says. Its window of time scans a record for every call that is in it, so its cost depends
//! on the traffic: a window of 1 ms, which some hundred calls fill when they come as fast as they can, is kind to it.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tower::{Layer, Service};
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigBuilder, CircuitBreakerHandle, CircuitBreakerLayer,
    FailureClassifier, SlidingWindowType,
};

use crate::support::{ours::LONG, upstream::Body};

/// A status of 500 and above is a failure.
#[derive(Clone)]
pub(crate) struct Judge;

impl FailureClassifier<Response<Body>, Infallible> for Judge {
    fn classify(&self, result: &Result<Response<Body>, Infallible>) -> bool {
        result.as_ref().is_ok_and(|response| response.status().as_u16() >= 500)
    }
}

/// Its defaults: half of (at least) a hundred calls.
pub(crate) fn counting(open: bool) -> CircuitBreakerLayer<Judge> {
    built(builder(open))
}

/// The same, and its handle.
pub(crate) fn watched() -> (CircuitBreakerLayer<Judge>, CircuitBreakerHandle<Judge>) {
    builder(false).build_with_handle().expect("these settings mean something")
}

/// The same over a window of time; one that is to be open has to remember what opened it.
pub(crate) fn timed(open: bool, window: Duration) -> CircuitBreakerLayer<Judge> {
    built(builder(open).sliding_window_type(SlidingWindowType::TimeBased).sliding_window_duration(if open {
        LONG
    } else {
        window
    }))
}

/// Its defaults, and slow calls too.
pub(crate) fn slow(open: bool) -> CircuitBreakerLayer<Judge> {
    built(builder(open).slow_call_duration_threshold(Duration::from_secs(1)).slow_call_rate_threshold(0.5))
}

fn builder(open: bool) -> CircuitBreakerConfigBuilder<Judge> {
    CircuitBreakerLayer::builder()
        .failure_classifier_type(Judge)
        .sliding_window_size(if open { 1 } else { 100 })
        .wait_duration_in_open(LONG)
}

fn built(builder: CircuitBreakerConfigBuilder<Judge>) -> CircuitBreakerLayer<Judge> {
    builder.build_with_handle().expect("these settings mean something").0
}

/// One for each key, as one would write it: a map behind a lock, and a new breaker for who is not in it.
#[derive(Clone)]
pub(crate) struct PerKey<S> {
    inner: S,
    breakers: Arc<Mutex<HashMap<u64, CircuitBreaker<S, Judge>>>>,
}

impl<S> PerKey<S> {
    pub(crate) fn new(inner: S) -> Self {
        Self { inner, breakers: Arc::default() }
    }
}

impl<S> Service<Request<u64>> for PerKey<S>
where
    S: Service<Request<u64>> + Clone,
    CircuitBreaker<S, Judge>: Service<Request<u64>>,
{
    type Response = <CircuitBreaker<S, Judge> as Service<Request<u64>>>::Response;
    type Error = <CircuitBreaker<S, Judge> as Service<Request<u64>>>::Error;
    type Future = <CircuitBreaker<S, Judge> as Service<Request<u64>>>::Future;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<u64>) -> Self::Future {
        let mut breakers = self.breakers.lock().unwrap_or_else(PoisonError::into_inner);
        let breaker =
            breakers.entry(*request.body()).or_insert_with(|| counting(false).layer(self.inner.clone()));
        breaker.call(request)
    }
}
