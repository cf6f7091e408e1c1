//! Settles exactly once.
//!
//! Every call that a policy let through must be settled, however it ends: answered, failed, dropped half-way, or lost
//! in a panic. Remembering that at every exit is how places leak; so what is owed settles itself when it is dropped.

use crate::policy::Outcome;

/// Who hands out tickets, and takes each back with an outcome.
pub(crate) trait Settles {
    type Ticket: Copy;

    fn settle(&self, ticket: Self::Ticket, outcome: Outcome);
}

/// A ticket that is settled once: with an outcome, or as abandoned when it is dropped.
#[derive(Debug)]
pub(crate) struct Once<S: Settles> {
    with: S,
    ticket: Option<S::Ticket>,
}

impl<S: Settles> Once<S> {
    pub(crate) const fn new(with: S, ticket: S::Ticket) -> Self {
        Self { with, ticket: Some(ticket) }
    }

    /// Nothing is owed.
    pub(crate) const fn settled(with: S) -> Self {
        Self { with, ticket: None }
    }

    /// Settles, unless that has been done.
    #[inline]
    pub(crate) fn settle(&mut self, outcome: Outcome) {
        if let Some(ticket) = self.ticket.take() {
            self.with.settle(ticket, outcome);
        }
    }

    /// The ticket, to be settled by somebody else; none if that has been done.
    pub(crate) const fn hand_over(&mut self) -> Option<S::Ticket> {
        self.ticket.take()
    }

    pub(crate) const fn with(&self) -> &S {
        &self.with
    }

    /// Out of line, so that what was settled is dropped quickly.
    #[cold]
    fn abandon(&mut self) {
        self.settle(Outcome::Abandoned);
    }
}

impl<S: Settles> Drop for Once<S> {
    #[inline]
    fn drop(&mut self) {
        if self.ticket.is_some() {
            self.abandon();
        }
    }
}
