//! Our layers, with the settings under which they are measured.

use std::time::Duration;

use tower_mesh::{
    CircuitBreakerLayer,
    policy::circuit_breaker::{HalfOpen, Settings, SettingsBuilder},
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
