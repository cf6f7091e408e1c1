//! Those who wait, in the order in which they came.

use std::{collections::BTreeMap, task::Waker};

/// The place of a call in the queue. It is for the limits that gave it.
#[derive(Debug)]
#[must_use = "who does not wait any longer has to leave the queue"]
pub struct Turn(u64);

/// Those who wait. Who is not here any more has been given a place.
///
/// A map by the order of arrival, since anybody may leave, from the middle too.
#[derive(Debug, Default)]
pub(super) struct Line {
    next: u64,
    waiting: BTreeMap<u64, Option<Waker>>,
}

impl Line {
    /// One more, at the end. It has nobody to be woken until it has asked for its turn once.
    pub(super) fn join(&mut self) -> Turn {
        let turn = self.next;
        self.next += 1;
        self.waiting.insert(turn, None);
        Turn(turn)
    }

    /// Whom to wake for this turn from now on, and who was to be woken before; none if its turn has come.
    pub(super) fn wait(&mut self, turn: &Turn, waker: &Waker) -> Option<Option<Waker>> {
        let known = self.waiting.get_mut(&turn.0)?;
        let same = known.as_ref().is_some_and(|known| known.will_wake(waker));
        Some(if same { None } else { known.replace(waker.clone()) })
    }

    /// The first one goes. None if nobody waits.
    pub(super) fn pop(&mut self) -> Option<Option<Waker>> {
        self.waiting.pop_first().map(|(_, waker)| waker)
    }

    /// This one goes. None if it had gone.
    pub(super) fn leave(&mut self, Turn(turn): Turn) -> Option<Option<Waker>> {
        self.waiting.remove(&turn)
    }
}
