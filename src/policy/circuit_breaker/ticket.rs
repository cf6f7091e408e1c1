//! What a request that passed has to remember until it is settled.

use super::{Abandoned, Phase, rules::Rules, tally::Mark};
use crate::policy::{Outcome, Time, time::nanos};

/// A request that passed and is to be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    /// When it came, if a rule asks for that.
    pub(super) began: Time,
    pub(super) phase: Phase,
    head: Head,
}

/// How long the head of the response took. As wide as a phase, so that a ticket has no holes, and is moved in two words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
enum Head {
    /// It has not come yet.
    Awaited,
    InTime,
    Late,
}

impl Ticket {
    #[inline]
    pub(super) const fn new(phase: Phase, began: Time) -> Self {
        Self { began, phase, head: Head::Awaited }
    }

    /// Whether the response is slow, if it is there now.
    #[inline]
    pub(super) fn is_slow(&self, rules: &Rules, now: Time) -> bool {
        match self.head {
            Head::Awaited => now.as_nanos() >= self.began.as_nanos() + rules.slow_time,
            Head::InTime => false,
            Head::Late => true,
        }
    }

    /// The head of the response has come: how long it took is measured here.
    pub(super) fn answered(self, rules: &Rules, now: impl FnOnce() -> Time) -> Self {
        let slow = rules.counts_slow && self.is_slow(rules, now());
        Self { head: if slow { Head::Late } else { Head::InTime }, ..self }
    }
}

impl Rules {
    /// Whether such an outcome can count for anything while the circuit is closed.
    pub(super) const fn care_for(&self, outcome: Outcome) -> bool {
        match outcome {
            Outcome::Success => self.heeds_good || self.counts_slow,
            Outcome::Failure(_) => self.counts_errors || self.counts_slow || self.heeds_good,
            Outcome::Abandoned => !matches!(self.abandoned, Abandoned::Neutral),
            Outcome::Local => false,
        }
    }

    /// What this outcome counts as; nothing if it is to be as if the request had not been.
    pub(super) fn mark(
        &self,
        ticket: &Ticket,
        outcome: Outcome,
        mut now: impl FnMut() -> Time,
    ) -> Option<Mark> {
        let slow = self.counts_slow && ticket.is_slow(self, now());
        // What fails has not recovered, whatever rule had opened the circuit.
        let failed = Mark { error: self.counts_errors || !ticket.phase.is_closed(), slow, success: false };
        match (outcome, self.abandoned) {
            (Outcome::Success, _) => Some(Mark { error: false, slow, success: true }),
            (Outcome::Failure(_), _) | (Outcome::Abandoned, Abandoned::Failure) => Some(failed),
            (Outcome::Abandoned, Abandoned::FailureAfter(age)) => {
                Some(failed).filter(|_| nanos(now().since(ticket.began)) >= nanos(age))
            }
            (Outcome::Abandoned, Abandoned::Slow) => {
                Some(Mark { error: false, ..failed }).filter(|mark| mark.slow)
            }
            (Outcome::Abandoned, Abandoned::Neutral) | (Outcome::Local, _) => None,
        }
    }
}
