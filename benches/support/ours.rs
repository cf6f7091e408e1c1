//! Our layers, with the settings under which they are measured.

use std::time::Duration;

use tower::layer::util::Stack;
use tower_mesh::{
    CircuitBreakerLayer, FaultLayer, LimitsLayer, RetryLayer, TimeoutLayer,
    layer::retry::RetryBudget,
    policy::{
        self, budget,
        circuit_breaker::{HalfOpen, Settings, SettingsBuilder},
    },
};

/// So long that no measurement sees the end of it.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

/// More than there are calls at a time.
pub(crate) const PLACES: usize = 1024;

/// Errors are counted; no clock is needed.
pub(crate) fn amounts(open: bool) -> CircuitBreakerLayer {
    built(with_amounts(open))
}

/// Their share is judged too.
pub(crate) fn ratios(open: bool) -> CircuitBreakerLayer {
    built(with_ratios(open))
}

/// And so are late answers, as amount and as share.
pub(crate) fn slow(open: bool) -> CircuitBreakerLayer {
    let slow = with_ratios(open).slow_amount(u32::MAX).slow_ratio(0.5).slow_time(Duration::from_secs(1));
    built(slow)
}

/// Their share, over a window that slides.
pub(crate) fn sliding(open: bool) -> CircuitBreakerLayer {
    built(with_ratios(open).sliding(10))
}

/// Their share among the last hundred calls. When it is to be open, one is enough.
pub(crate) fn last_calls(open: bool) -> CircuitBreakerLayer {
    let calls = if open { 1 } else { 100 };
    built(Settings::builder().last_calls(calls).error_ratio(0.5).open_for(LONG))
}

/// Errors in a row.
pub(crate) fn in_a_row(open: bool) -> CircuitBreakerLayer {
    built(Settings::builder().consecutive_errors(if open { 1 } else { u32::MAX }).open_for(LONG))
}

/// Their share; probes close it again, and it stays open longer each time.
pub(crate) fn half_open(open: bool) -> CircuitBreakerLayer {
    built(with_ratios(open).half_open(HalfOpen::new()).open_growth(2.0, 2 * LONG))
}

fn with_amounts(open: bool) -> SettingsBuilder {
    Settings::builder().error_amount(if open { 1 } else { u32::MAX }).open_for(LONG)
}

fn with_ratios(open: bool) -> SettingsBuilder {
    with_amounts(open).error_ratio(0.5)
}

fn built(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("these settings mean something"))
}

/// More places than there are calls.
pub(crate) fn limits() -> LimitsLayer {
    let places = u32::try_from(PLACES).expect("few");
    LimitsLayer::new(
        policy::limits::Settings::builder().requests(places).build().expect("they mean something"),
    )
}

/// A time that nobody reaches.
pub(crate) fn timeout() -> TimeoutLayer {
    TimeoutLayer::new(policy::timeout::Settings::builder().total(LONG).build().expect("they mean something"))
}

/// A fault of 0 %.
pub(crate) fn no_fault() -> FaultLayer {
    aborting(0.0)
}

/// A chance that is drawn, and lets alone whom it hits.
pub(crate) fn harmless() -> FaultLayer {
    faults(policy::fault::Settings::builder().abort(503, 0.0001).most_active(0))
}

/// So many percent are aborted.
pub(crate) fn aborting(percent: f64) -> FaultLayer {
    faults(policy::fault::Settings::builder().abort(503, percent))
}

fn faults(settings: policy::fault::SettingsBuilder) -> FaultLayer {
    FaultLayer::new(settings.build().expect("they mean something"))
}

/// Bad answers would be tried again.
pub(crate) fn retry() -> RetryLayer {
    let settings = policy::retry::Settings::builder().attempts(2).on("5xx".parse().expect("a word"));
    RetryLayer::new(settings.build().expect("they mean something"))
}

/// The same within a budget.
pub(crate) fn retry_in_budget() -> RetryLayer {
    retry().gated_by(RetryBudget::new(budget::Settings::default()))
}

/// Fault, timeout, breaker, limits.
pub(crate) fn stack() -> Stack<LimitsLayer, Stack<CircuitBreakerLayer, Stack<TimeoutLayer, FaultLayer>>> {
    Stack::new(limits(), Stack::new(ratios(false), Stack::new(timeout(), no_fault())))
}
