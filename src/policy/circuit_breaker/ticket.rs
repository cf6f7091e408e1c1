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
    /// What this outcome counts as; nothing if it is to be as if the request had not been. `now` is asked only if it
    /// matters, and is the same whenever it is.
    pub(super) fn mark(
        &self,
        ticket: &Ticket,
        outcome: Outcome,
        mut now: impl FnMut() -> Time,
    ) -> Option<Mark> {
        let (failed, success) = match outcome {
            Outcome::Failure(_) => (true, false),
            Outcome::Success => (false, true),
            Outcome::Local => return None,
            Outcome::Abandoned => match self.abandoned {
                Abandoned::Failure => (true, false),
                Abandoned::FailureAfter(age) if nanos(now().since(ticket.began)) >= nanos(age) => {
                    (true, false)
                }
                Abandoned::Slow => (false, false),
                Abandoned::Neutral | Abandoned::FailureAfter(_) => return None,
            },
        };
        let is_closed = ticket.phase.is_closed();
        let mark = Mark {
            // What fails has not recovered, whatever rule had opened the circuit.
            error: failed && (self.counts_errors || !is_closed),
            slow: self.counts_slow && ticket.is_slow(self, now()),
            success,
        };
        let is_something = failed || success || mark.slow;
        let is_counted = !is_closed || self.heeds_good || !mark.is_good();
        (is_something && is_counted).then_some(mark)
    }
}
