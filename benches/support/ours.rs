//! Our breaker, with the settings under which it is measured.

use std::time::Duration;

use tower_mesh::{
    CircuitBreakerLayer,
    policy::circuit_breaker::{Settings, SettingsBuilder},
};

/// So long that no measurement sees the end of it.
pub(crate) const LONG: Duration = Duration::from_secs(3600);

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

fn with_amounts(open: bool) -> SettingsBuilder {
    Settings::builder().error_amount(if open { 1 } else { u32::MAX }).open_for(LONG)
}

fn with_ratios(open: bool) -> SettingsBuilder {
    with_amounts(open).error_ratio(0.5)
}

fn built(settings: SettingsBuilder) -> CircuitBreakerLayer {
    CircuitBreakerLayer::new(settings.build().expect("these settings mean something"))
}
