//! While closed: what is counted, over which window, and what opens.

use std::time::Duration;

use super::{Machine, Moment};
use crate::policy::{
    Draw, Fraction, Time,
    circuit_breaker::{
        Cause, Transition, Trip, Window,
        rules::Rules,
        tally::{Counted, Mark},
    },
    time::nanos,
};

impl Machine {
    pub(super) fn count(
        &mut self,
        mark: Mark,
        rules: &Rules,
        luck: impl FnOnce() -> Draw,
        mut now: impl FnMut() -> Time,
    ) -> Option<Transition> {
        if mark.success {
            self.row = 0;
        } else if mark.error && rules.errors_in_a_row != u64::MAX {
            self.row = self.row.saturating_add(1);
        }
        // Over a span of time a good answer counts for nothing but the row: what it would judge may be long over.
        if mark.is_good() && rules.window.is_of_time() {
            return None;
        }
        if rules.window.is_of_time() && self.turn(rules, now()) && !rules.arrivals_turn {
            // This one found out that all it came with is forgotten: it is in the new window, and known to be.
            self.tally.arrived(1);
        }
        self.tally.answered(mark);
        let trip = self.judge_amounts(rules).or_else(|| self.judge_ratios(rules));
        let trip = trip.filter(|_| !self.phase.is_held())?;
        Some(self.open(Cause::Report, Some(trip), rules, Moment { now: now(), luck }))
    }

    fn judge_amounts(&self, rules: &Rules) -> Option<Trip> {
        let reached = |count: u32, amount: u64| u64::from(count) >= amount;
        if reached(self.tally.counted.error, rules.error_amount) {
            Some(Trip::ErrorAmount(rules.error_amount as u32))
        } else if reached(self.tally.counted.slow, rules.slow_amount) {
            Some(Trip::SlowAmount(rules.slow_amount as u32))
        } else if reached(self.row, rules.errors_in_a_row) {
            Some(Trip::ConsecutiveErrors(rules.errors_in_a_row as u32))
        } else {
            None
        }
    }

    pub(super) fn judge_ratios(&self, rules: &Rules) -> Option<Trip> {
        let Counted { total, slow, error } = self.tally.counted;
        if total < rules.minimum {
            return None;
        }
        // A call that outlived its window counts in the next one: more may be bad than came.
        let reached = |ratio: Option<Fraction>, bad: u32| {
            ratio.filter(|ratio| ratio.reached_by(u64::from(bad).min(total), total))
        };
        reached(rules.error_ratio, error)
            .map(Trip::ErrorRatio)
            .or_else(|| reached(rules.slow_ratio, slow).map(Trip::SlowRatio))
    }

    /// Begins a window if none has begun, and goes on to the next one, or to the next bucket, if it is over. Whether
    /// everything is forgotten.
    pub(super) fn turn(&mut self, rules: &Rules, now: Time) -> bool {
        if now < self.edge {
            return false;
        }
        let has_begun = self.edge != Time::default();
        match rules.window {
            Window::Tumbling(length) => {
                if has_begun {
                    self.tally.clear();
                }
                self.edge = now + length;
                has_begun
            }
            Window::Sliding { length, buckets } if has_begun => {
                let width = length / buckets;
                let passed = nanos(now.since(self.edge)) / nanos(width) + 1;
                self.tally.pass(passed);
                self.edge = self.edge + Duration::from_nanos(nanos(width).saturating_mul(passed));
                passed >= u64::from(buckets)
            }
            Window::Sliding { length, buckets } => {
                self.edge = now + length / buckets;
                false
            }
            Window::LastCalls(_) => false,
        }
    }

    /// How much time the window has seen.
    pub(super) fn window_so_far(&self, rules: &Rules, now: Time) -> Duration {
        match rules.window {
            _ if self.edge == Time::default() => Duration::ZERO,
            Window::Tumbling(length) => now.since(self.edge - length),
            Window::Sliding { length, .. } => now.since((self.edge - length).max(self.since)),
            Window::LastCalls(_) => Duration::ZERO,
        }
    }
}
