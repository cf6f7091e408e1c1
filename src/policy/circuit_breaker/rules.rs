//! The settings, laid out for the machine.

use std::time::Duration;

use super::{
    Abandoned, Phase, Probes, Recovery, Settings, State, Trip, Verdict, Window, open_time::OpenTime,
    phase::Kind,
};
use crate::policy::{Fraction, Time, time::nanos};

/// The settings as the machine looks at them: a rule that is not set can never be reached.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) window: Window,
    pub(super) error_amount: u64,
    pub(super) error_ratio: Option<Fraction>,
    pub(super) slow_amount: u64,
    pub(super) slow_ratio: Option<Fraction>,
    pub(super) errors_in_a_row: u64,
    /// In nanoseconds; bounded, so that it can be added to any time there will be.
    pub(super) slow_time: u64,
    pub(super) minimum: u64,
    pub(super) open_time: OpenTime,
    /// How long a circuit that nobody asks for is worth its place.
    pub(super) memory: Duration,
    pub(super) probes: Option<Trial>,
    pub(super) abandoned: Abandoned,
    pub(super) counts_errors: bool,
    pub(super) counts_slow: bool,
    /// Good responses count too: there is a row that they end, or a ring that they fill.
    pub(super) heeds_good: bool,
    /// Ratios are judged over a window of time, whose turns arrivals have to see.
    pub(super) arrivals_turn: bool,
    /// An arrival must know the time: for a window of requests, or to measure the response.
    pub(super) clocked: bool,
}

/// How probes are let through and judged.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trial {
    pub(super) concurrent: u16,
    pub(super) verdict: Verdict,
    pub(super) closes_at: u16,
    pub(super) opens_at: u16,
    pub(super) deadline: Duration,
}

impl Rules {
    pub(super) fn of(settings: &Settings) -> Self {
        let probes = match settings.recovery() {
            Recovery::Straight => None,
            Recovery::HalfOpen(probes) => Some(Trial::of(&probes)),
        };
        let mut rules = Self {
            window: settings.window(),
            error_amount: u64::MAX,
            error_ratio: None,
            slow_amount: u64::MAX,
            slow_ratio: None,
            errors_in_a_row: u64::MAX,
            slow_time: nanos(settings.slow_time()).min(u64::MAX / 2),
            minimum: u64::from(settings.minimum_requests()),
            open_time: settings.open_time(),
            memory: match settings.window() {
                Window::Tumbling(length) | Window::Sliding { length, .. } => length.max(settings.open_for()),
                Window::LastCalls(_) => settings.open_for(),
            },
            probes,
            abandoned: settings.abandoned(),
            counts_errors: false,
            counts_slow: false,
            heeds_good: false,
            arrivals_turn: false,
            clocked: false,
        };
        for trip in settings.trips() {
            match *trip {
                Trip::ErrorAmount(amount) => rules.error_amount = u64::from(amount),
                Trip::ErrorRatio(ratio) => rules.error_ratio = Some(ratio),
                Trip::SlowAmount(amount) => rules.slow_amount = u64::from(amount),
                Trip::SlowRatio(ratio) => rules.slow_ratio = Some(ratio),
                Trip::ConsecutiveErrors(amount) => rules.errors_in_a_row = u64::from(amount),
            }
        }
        let (in_a_row, last_calls) =
            (rules.errors_in_a_row != u64::MAX, matches!(rules.window, Window::LastCalls(_)));
        rules.counts_errors = rules.error_amount != u64::MAX || rules.error_ratio.is_some() || in_a_row;
        rules.counts_slow = rules.slow_amount != u64::MAX || rules.slow_ratio.is_some();
        rules.heeds_good = in_a_row || last_calls;
        let judges_ratios = rules.error_ratio.is_some() || rules.slow_ratio.is_some();
        rules.arrivals_turn = judges_ratios && !last_calls;
        let judges_age =
            (rules.counts_errors || last_calls) && matches!(rules.abandoned, Abandoned::FailureAfter(_));
        rules.clocked = rules.counts_slow || rules.arrivals_turn || judges_age;
        rules
    }

    /// Whether requests pass, given what is known: where the open time is over the next one will find it so.
    pub(super) fn state(&self, phase: Phase, until: Time, now: Time) -> State {
        match (phase.kind(), phase.is_held()) {
            (Kind::Closed, false) => State::Closed,
            (Kind::Closed, true) => State::ForcedClosed,
            (Kind::Open, true) => State::ForcedOpen,
            (Kind::Open, false) if now < until => State::Open { until },
            (Kind::Open, false) if self.probes.is_none() => State::Closed,
            (Kind::Open, false) | (Kind::HalfOpen, _) => State::HalfOpen,
        }
    }
}

impl Trial {
    fn of(probes: &Probes) -> Self {
        Self {
            concurrent: probes.concurrent(),
            verdict: probes.verdict(),
            closes_at: probes.closes_at(),
            opens_at: probes.opens_at(),
            deadline: probes.deadline(),
        }
    }
}
