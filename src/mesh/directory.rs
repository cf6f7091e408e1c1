//! Which destination the name of a host means.
//!
//! Whoever answers requests and whoever explains what becomes of them look here, so that they cannot disagree.

use std::collections::HashMap;

use super::plan::{Destination, Home, Plan};
use crate::policy::route::{HostPattern, Hosts};

/// Things by the names of hosts: for hosts that are named, and for families of hosts.
pub(super) struct Directory<N, F> {
    home: Home,
    named: HashMap<Box<str>, N>,
    /// Each with the length of its end.
    families: Hosts<(usize, F)>,
}

/// What the name of a host means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meant<N, F> {
    /// The host is named.
    Named(N),
    /// It is of a family, under the name that was said.
    Of(F),
    /// It is of a family, under the full name that it is short for.
    InFullOf(F),
}

impl<N, F> Directory<N, F> {
    /// Of nobody.
    pub(super) fn new(home: Home) -> Self {
        Self { home, named: HashMap::new(), families: Hosts::default() }
    }

    /// Puts a thing under a host's name, or another one under the name of a family.
    pub(super) fn insert(
        &mut self,
        host: &str,
        named: impl FnOnce() -> N,
        of_family: impl FnOnce(&HostPattern) -> F,
    ) {
        match host.parse::<HostPattern>() {
            Ok(family) if family.is_family() => {
                let thing = of_family(&family);
                self.families.insert(&family, (family.text().len(), thing));
            }
            _ => {
                self.named.insert(host.into(), named());
            }
        }
    }

    /// What is under this host's own name.
    pub(super) fn named(&self, host: &str) -> Option<&N> {
        self.named.get(host)
    }

    /// What is under the name of this family.
    pub(super) fn family(&self, family: &HostPattern) -> Option<&F> {
        self.families.at(family).map(|(_, thing)| thing)
    }

    /// Whether there is nothing.
    pub(super) fn is_empty(&self) -> bool {
        self.named.is_empty() && self.families.is_empty()
    }

    /// What a host means, which must be in lower case and without a final dot: by its own name; or else by the family
    /// with the longest end, of the name that was said and of the full one that it may be short for.
    #[inline]
    pub(super) fn find(&self, host: &str) -> Option<Meant<&N, &F>> {
        match self.named.get(host) {
            Some(thing) => Some(Meant::Named(thing)),
            None if self.families.is_empty() => None,
            None => self.family_of(host),
        }
    }

    fn family_of(&self, host: &str) -> Option<Meant<&N, &F>> {
        let full = self.home.full(host);
        let full = full.and_then(|full| self.families.family(&full));
        match (self.families.family(host), full) {
            (Some((said, thing)), Some((full, _))) if said > full => Some(Meant::Of(thing)),
            (_, Some((_, thing))) => Some(Meant::InFullOf(thing)),
            (Some((_, thing)), None) => Some(Meant::Of(thing)),
            (None, None) => None,
        }
    }
}

impl<'p> Directory<&'p Destination, &'p Destination> {
    /// The destinations of a plan.
    pub(super) fn of(plan: &'p Plan) -> Self {
        let mut directory = Self::new(plan.home.clone());
        for destination in &plan.destinations {
            for host in &destination.hosts {
                directory.insert(host, || destination, |_| destination);
            }
        }
        directory
    }
}
