//! The settings, laid out for the machine.

use std::time::Duration;

use super::{Settings, Trip, Window};
use crate::policy::{Fraction, time::nanos};

/// The settings as the machine looks at them: a rule that is not set can never be reached.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) window: Duration,
    pub(super) error_amount: u64,
    pub(super) error_ratio: Option<Fraction>,
    pub(super) slow_amount: u64,
    pub(super) slow_ratio: Option<Fraction>,
    /// In nanoseconds; bounded, so that it can be added to any time there will be.
    pub(super) slow_time: u64,
    pub(super) minimum: u64,
    pub(super) counts_errors: bool,
    pub(super) counts_slow: bool,
    pub(super) judges_ratios: bool,
    /// An arrival must know the time: for a window of requests, or to measure the response.
    pub(super) clocked: bool,
}

impl Rules {
    pub(super) fn of(settings: &Settings) -> Self {
        let Window::Tumbling(window) = settings.window();
        let mut rules = Self {
            window,
            error_amount: u64::MAX,
            error_ratio: None,
            slow_amount: u64::MAX,
            slow_ratio: None,
            slow_time: nanos(settings.slow_time()).min(u64::MAX / 2),
            minimum: u64::from(settings.minimum_requests()),
            counts_errors: false,
            counts_slow: false,
            judges_ratios: false,
            clocked: false,
        };
        for trip in settings.trips() {
            match *trip {
                Trip::ErrorAmount(amount) => rules.error_amount = u64::from(amount),
                Trip::ErrorRatio(ratio) => rules.error_ratio = Some(ratio),
                Trip::SlowAmount(amount) => rules.slow_amount = u64::from(amount),
                Trip::SlowRatio(ratio) => rules.slow_ratio = Some(ratio),
            }
        }
        rules.counts_errors = rules.error_amount != u64::MAX || rules.error_ratio.is_some();
        rules.counts_slow = rules.slow_amount != u64::MAX || rules.slow_ratio.is_some();
        rules.judges_ratios = rules.error_ratio.is_some() || rules.slow_ratio.is_some();
        rules.clocked = rules.counts_slow || rules.judges_ratios;
        rules
    }
}
