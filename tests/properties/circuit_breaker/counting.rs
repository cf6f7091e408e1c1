//! What a model has counted: every answer there was, and which of them it remembers.

use std::time::Duration;

use tower_mesh::policy::circuit_breaker::{Abandoned, Trip};

use super::{
    model::{Ended, Ending, MS, Model},
    rules::Over,
};

#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) error: bool,
    pub(super) slow: bool,
    pub(super) success: bool,
}

/// As the circuit names what it was opened by.
pub(super) const fn name(trip: &Trip) -> &'static str {
    match trip {
        Trip::ErrorAmount(_) => "error amount",
        Trip::SlowAmount(_) => "slow amount",
        Trip::ConsecutiveErrors(_) => "in a row",
        Trip::ErrorRatio(_) => "error ratio",
        Trip::SlowRatio(_) => "slow ratio",
        _ => "unknown",
    }
}

impl Model {
    fn remembers(&self, span: u64) -> bool {
        match self.rules.over {
            Over::Tumbling(_) => span == self.span,
            Over::Sliding(_, buckets) => span + u64::from(buckets) > self.span,
            Over::LastCalls(_) => true,
        }
    }

    fn counted(&self) -> Vec<Mark> {
        let remembered = self.answers.iter().filter(|(_, span)| self.remembers(*span));
        let marks: Vec<_> = remembered.map(|(mark, _)| *mark).collect();
        match self.rules.over {
            Over::LastCalls(calls) => marks.into_iter().rev().take(calls as usize).collect(),
            Over::Tumbling(_) | Over::Sliding(..) => marks,
        }
    }

    /// Total, slow, error, in a row.
    pub(super) fn counts(&self) -> (u64, u64, u64, u64) {
        let marks = self.counted();
        let total = match self.rules.over {
            Over::LastCalls(_) => marks.len(),
            _ => self.arrivals.iter().filter(|span| self.remembers(**span)).count(),
        };
        let slow = marks.iter().filter(|mark| mark.slow).count();
        let error = marks.iter().filter(|mark| mark.error).count();
        let telling = self.answers.iter().rev().filter(|(mark, _)| mark.error || mark.success);
        let row = telling.take_while(|(mark, _)| mark.error).count();
        let row = if self.rules.in_a_row.is_some() { row } else { 0 };
        (total as u64, slow as u64, error as u64, row as u64)
    }

    /// Whether all that was counted is forgotten.
    pub(super) fn turn(&mut self, now: u64) -> bool {
        let before = self.span;
        let Some(begun) = self.begun else {
            self.begun = Some(now);
            return false;
        };
        match self.rules.over {
            Over::Tumbling(length) if now - begun >= length * MS => {
                self.begun = Some(now);
                self.span += 1;
                true
            }
            Over::Sliding(length, buckets) => {
                self.span = (now - begun) / (length * MS / u64::from(buckets));
                self.span - before >= u64::from(buckets)
            }
            Over::Tumbling(_) | Over::LastCalls(_) => false,
        }
    }

    pub(super) fn ratios_reached(&self) -> Vec<&'static str> {
        let (total, slow, error, _) = self.counts();
        let reached = |ratio: Option<u32>, bad: u64| {
            ratio.is_some_and(|ratio| bad.min(total) * 1000 >= u64::from(ratio) * total)
        };
        let of = [
            ("error ratio", reached(self.rules.error_ratio, error)),
            ("slow ratio", reached(self.rules.slow_ratio, slow)),
        ];
        of.into_iter()
            .filter(|(_, is)| *is && total >= u64::from(self.rules.minimum))
            .map(|of| of.0)
            .collect()
    }

    pub(super) fn reached(&self) -> Vec<&'static str> {
        let (_, slow, error, row) = self.counts();
        let reached = |amount: Option<u32>, bad| amount.is_some_and(|amount| bad >= u64::from(amount));
        let of = [
            ("error amount", reached(self.rules.error_amount, error)),
            ("slow amount", reached(self.rules.slow_amount, slow)),
            ("in a row", reached(self.rules.in_a_row, row)),
        ];
        let amounts = of.into_iter().filter(|(_, is)| *is).map(|of| of.0);
        amounts.chain(self.ratios_reached()).collect()
    }

    pub(super) fn mark(&self, Ended { ending, head, age }: Ended) -> Option<Mark> {
        let rules = &self.rules;
        let error = rules.error_amount.is_some() || rules.error_ratio.is_some() || rules.in_a_row.is_some();
        let slow =
            (rules.slow_amount.is_some() || rules.slow_ratio.is_some()) && head >= rules.slow_time * MS;
        let failed = Mark { error, slow, success: false };
        let is_old = |least: Duration| Duration::from_nanos(age) >= least;
        match (ending, rules.abandoned) {
            (Ending::Good, _) => Some(Mark { error: false, slow, success: true }),
            (Ending::Bad, _) | (Ending::Gone, Abandoned::Failure) => Some(failed),
            (Ending::Gone, Abandoned::FailureAfter(least)) if is_old(least) => Some(failed),
            (Ending::Gone, Abandoned::Slow) if slow => Some(Mark { error: false, ..failed }),
            (Ending::Gone | Ending::Ours, _) => None,
        }
    }
}
