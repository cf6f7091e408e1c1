//! What a rule counts, whatever plan it stands in.
//!
//! New documents come while requests are under way. A rule that stays goes on counting where it was, though others come
//! and go about it: what its fault holds back stays counted, and what is drawn does not begin again.

use std::{collections::VecDeque, sync::Arc};

use crate::{
    layer::{draw::Ordinals, fault::FaultLayer},
    policy::route::Condition,
};

/// What a rule counts.
pub(super) struct Counted {
    pub(super) fault: FaultLayer,
    ordinals: Ordinals,
}

impl Counted {
    pub(super) fn new(fault: FaultLayer) -> Self {
        Self { fault, ordinals: Ordinals::default() }
    }

    /// The number of a request that something is drawn for.
    pub(super) fn next(&self) -> u64 {
        self.ordinals.next()
    }
}

/// What rules counted before, each with whom it was for.
#[derive(Default)]
pub(super) struct Before<'b>(VecDeque<(&'b [Condition], &'b Arc<Counted>)>);

impl<'b> Before<'b> {
    pub(super) fn of(rules: impl Iterator<Item = (&'b [Condition], &'b Arc<Counted>)>) -> Self {
        Self(rules.collect())
    }

    /// What was counted of a rule that stays, which it is if the same requests meet the same fault; else it begins with
    /// this. Most rules are where they were, and found at once.
    pub(super) fn or(&mut self, conditions: &[Condition], fault: FaultLayer) -> Arc<Counted> {
        let is = |(whom, counted): &(&[Condition], &Arc<Counted>)| {
            counted.fault.settings() == fault.settings() && *whom == conditions
        };
        let place = self.0.iter().position(is);
        let stays = place.and_then(|place| self.0.remove(place));
        stays.map_or_else(|| Arc::new(Counted::new(fault)), |(_, counted)| Arc::clone(counted))
    }
}
