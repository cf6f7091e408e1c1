//! `tower-resilience`'s breaker, a tower layer already: only told what a failure is.
//!
//! Built with a handle, so that `layer()` shares one circuit, as ours does; without one each `layer()` makes a new one,
//! which under axum never opens. Its window of the last N calls does not slide (it adds until the state changes), so
//! it does less than its name says. Its window of time scans a record for every call that is in it, so its cost depends
//! on the traffic: a window of 1 ms, which some hundred calls fill when they come as fast as they can, is kind to it.

use std::{convert::Infallible, time::Duration};

use http::Response;
use tower_resilience_circuitbreaker::{
    CircuitBreakerConfigBuilder, CircuitBreakerLayer, FailureClassifier, SlidingWindowType,
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
