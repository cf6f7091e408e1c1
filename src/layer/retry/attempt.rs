//! What a service further in is told of a retry.

use std::sync::Arc;

use crate::policy::balance::HostId;

/// Stands in the extensions of a request that is tried again, and not of one that is tried first.
///
/// For those who choose where it goes: another host than the last time.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attempt {
    number: u32,
    avoid_previous_hosts: bool,
    tried: Arc<[HostId]>,
}

impl Attempt {
    pub(super) fn new(number: u32, avoid_previous_hosts: bool, tried: &[HostId]) -> Self {
        Self { number, avoid_previous_hosts, tried: tried.into() }
    }

    /// The number of the try: 2 for the first retry.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.number
    }

    /// Whether hosts that have been tried should be avoided.
    #[must_use]
    pub const fn avoids_previous_hosts(&self) -> bool {
        self.avoid_previous_hosts
    }

    /// The hosts that have been tried and should be avoided, as far as a balancer of ours has picked them.
    #[must_use]
    pub fn tried(&self) -> &[HostId] {
        &self.tried
    }
}
