//! `tower-resilience`: tower layers already, which are only told what a failure is.
//!
//! The breaker is built with a handle, so that `layer()` shares one circuit, as ours does; without one each `layer()`
//! makes a new one, which under axum never opens. Its window of the last N calls does not slide (it adds until the
//! state changes), so it does less than its name says. Its window of time scans a record for every call that is in it,
//! so its cost depends on the traffic: a window of 1 ms, which some hundred calls fill when they come as fast as they
//! can, is kind to it.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use http::{Request, Response};
use tower::{Layer, Service, layer::util::Stack, util::MapErr};
use tower_resilience_bulkhead::BulkheadLayer;
use tower_resilience_chaos::{ChaosLayer, CustomErrorFn, NoErrorInjection};
use tower_resilience_circuitbreaker::{
    CircuitBreaker, CircuitBreakerConfigBuilder, CircuitBreakerHandle, CircuitBreakerLayer,
    FailureClassifier, SlidingWindowType,
};
use tower_resilience_outlier::{OutlierDetectionLayer, OutlierDetector};
use tower_resilience_retry::{RetryBudgetBuilder, RetryConfigBuilder, RetryLayer};
use tower_resilience_router::WeightedRouter;
use tower_resilience_timelimiter::TimeLimiterLayer;

use crate::support::{
    ours::{LONG, PLACES},
    upstream::{Body, Fate},
};

/// A status of 500 and above is a failure.
#[derive(Clone)]
pub(crate) struct Judge;

impl<E> FailureClassifier<Response<Body>, E> for Judge {
    fn classify(&self, result: &Result<Response<Body>, E>) -> bool {
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

/// Refuses when it is full. Its count is one for all that the layer is put around, as ours.
pub(crate) fn bulkhead() -> BulkheadLayer {
    let builder = BulkheadLayer::builder().max_concurrent_calls(PLACES).reject_when_full();
    builder.build_with_handle().expect("these settings mean something").0
}

/// Gives up by dropping the call, as ours.
pub(crate) fn time_limiter() -> TimeLimiterLayer {
    TimeLimiterLayer::builder().timeout_duration(LONG).build()
}

/// The layer of faults, without an error to inject.
pub(crate) type NoChaos = ChaosLayer<NoErrorInjection>;

/// Does nothing. It is seeded because it would ask the system for a seed at each `layer()`.
pub(crate) fn no_chaos() -> NoChaos {
    ChaosLayer::builder().seed(7).build()
}

/// Draws, and is never hit: nobody turns the clock by which its delay would end.
pub(crate) fn rare_chaos() -> NoChaos {
    ChaosLayer::builder().latency_rate(f64::MIN_POSITIVE).seed(7).build()
}

/// The layer of faults, with an error to inject, over a service that has it.
pub(crate) type Aborting = Stack<Failing, ChaosLayer<CustomErrorFn<fn(&Request<Fate>) -> Injected>>>;

/// Answers this share with an error. That its service has one costs a layer more.
pub(crate) fn aborting(share: f64) -> Aborting {
    let error: fn(&Request<Fate>) -> Injected = |_| Injected;
    Stack::new(Failing, ChaosLayer::builder().error_rate(share).error_fn(error).seed(7).build())
}

/// Would try again twice after a 5xx; errors there are none.
pub(crate) fn retry() -> RetryLayer<Request<Fate>, Response<Body>, Infallible> {
    retries().build()
}

/// The same in a budget of tokens.
pub(crate) fn retry_in_budget() -> RetryLayer<Request<Fate>, Response<Body>, Infallible> {
    let budget = RetryBudgetBuilder::new().token_bucket().build().expect("its defaults mean something");
    retries().budget(budget).build()
}

fn retries() -> RetryConfigBuilder<Request<Fate>, Response<Body>, Infallible> {
    RetryLayer::builder().retry_on_response(|response: &Response<Body>| response.status().as_u16() >= 500)
}

/// Watches one service, and ejects it after as many errors in a row as ours. It is one of ten that its detector knows.
pub(crate) fn outlier() -> OutlierDetectionLayer<Judge> {
    let detector = OutlierDetector::new();
    let names: Vec<_> = (0..10).map(|number| format!("10.0.0.{number}:80")).collect();
    names.iter().for_each(|name| detector.register(name, 1000));
    let layer = OutlierDetectionLayer::builder().detector(detector).instance_name(&names[7]);
    layer.failure_classifier_type(Judge).build().expect("its detector is there")
}

/// All of them, in our order.
pub(crate) fn stack()
-> Stack<Stack<Stack<BulkheadLayer, CircuitBreakerLayer<Judge>>, TimeLimiterLayer>, NoChaos> {
    Stack::new(Stack::new(Stack::new(bulkhead(), counting(false)), time_limiter()), no_chaos())
}

/// One of two by weight, drawn as ours draws; it knows no conditions. A service, and so no layer of its own.
#[derive(Clone)]
pub(crate) struct Weighing;

impl<S: Clone> Layer<S> for Weighing {
    type Service = WeightedRouter<S>;

    fn layer(&self, inner: S) -> WeightedRouter<S> {
        WeightedRouter::builder().route(inner.clone(), 50).route(inner, 50).random().build()
    }
}

/// The upstream never fails; this gives it an error that can be made.
#[derive(Clone)]
pub(crate) struct Failing;

/// The injected error.
#[derive(Debug)]
pub(crate) struct Injected;

impl<S> Layer<S> for Failing {
    type Service = MapErr<S, fn(Infallible) -> Injected>;

    fn layer(&self, inner: S) -> Self::Service {
        MapErr::new(inner, |never| match never {})
    }
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
