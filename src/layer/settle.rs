//! Settles exactly once.
//!
//! Every call that a policy let through must be settled, however it ends: answered, failed, dropped half-way, or lost
//! in a panic. Remembering that at every exit is how places leak; so the claim settles itself when it is dropped.

use crate::policy::Outcome;

/// Something that was let through and is owed an outcome.
pub(crate) trait Claim {
    fn settle(&self, outcome: Outcome);
}

/// A claim that is settled once: with an outcome, or as abandoned when it is dropped.
#[derive(Debug)]
pub(crate) struct Once<C: Claim> {
    claim: C,
    settled: bool,
}

impl<C: Claim> Once<C> {
    pub(crate) const fn new(claim: C) -> Self {
        Self { claim, settled: false }
    }

    /// Settles, unless that has been done.
    #[inline]
    pub(crate) fn settle(&mut self, outcome: Outcome) {
        if !self.settled {
            self.settled = true;
            self.claim.settle(outcome);
        }
    }

    /// Out of line, so that a call that was settled is dropped quickly.
    #[cold]
    fn abandon(&mut self) {
        self.settle(Outcome::Abandoned);
    }

    /// The claim, to be settled by somebody else.
    pub(crate) const fn hand_over(&mut self) -> &C {
        self.settled = true;
        &self.claim
    }
}

impl<C: Claim> Drop for Once<C> {
    #[inline]
    fn drop(&mut self) {
        if !self.settled {
            self.abandon();
        }
    }
}
