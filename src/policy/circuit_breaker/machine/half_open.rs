//! While half-open: what the probes bring back, and what is decided without them.

use std::mem;

use super::{Machine, Moment};
use crate::policy::{
    Draw,
    circuit_breaker::{
        Cause, Transition, Verdict,
        rules::{Rules, Trial},
        tally::Mark,
    },
};

impl Machine {
    /// A probe comes back.
    pub(super) fn take_back(
        &mut self,
        mark: Option<Mark>,
        rules: &Rules,
        trial: Trial,
        at: Moment<impl FnOnce() -> Draw>,
    ) -> Option<Transition> {
        if at.now >= self.edge {
            return self.decide(rules, trial, at);
        }
        self.out = self.out.saturating_sub(1);
        match mark {
            None => return None,
            Some(mark) if mark.is_good() => self.good += 1,
            Some(_) => self.bad += 1,
        }
        if self.bad >= trial.opens_at {
            Some(self.open(Cause::Probe, None, rules, at))
        } else if self.good >= trial.closes_at {
            Some(self.close(Cause::Probe, at.now))
        } else {
            None
        }
    }

    /// The probes' time is over: those that are still under way are bad. A ratio is that of the known ones; of two numbers,
    /// whichever is nearer to being reached decides, and if both are as near, it opens. If nothing is known, the probes
    /// get the same time again.
    pub(super) fn decide(
        &mut self,
        rules: &Rules,
        trial: Trial,
        at: Moment<impl FnOnce() -> Draw>,
    ) -> Option<Transition> {
        let bad = u32::from(self.bad) + u32::from(mem::take(&mut self.out));
        let good = u32::from(self.good);
        if bad == 0 && good == 0 {
            self.edge = at.now + trial.deadline;
            return None;
        }
        let opens = match trial.verdict {
            Verdict::Ratio { bad: share, .. } => share.reached_by(u64::from(bad), u64::from(bad + good)),
            Verdict::Count { successes, failures } => {
                bad * u32::from(successes) >= good * u32::from(failures)
            }
        };
        Some(if opens {
            self.open(Cause::Deadline, None, rules, at)
        } else {
            self.close(Cause::Deadline, at.now)
        })
    }
}
