//! A name for one host among those that answer for a service.

use std::fmt;

/// Names one host among those that answer for a service: a number that no other host ever has there.
///
/// Whoever keeps the hosts gives them out. A host that leaves and comes again is another one, since nothing that was
/// known of it holds any longer.
///
/// ```
/// use tower_mesh::policy::balance::HostId;
///
/// let (first, second) = (HostId::new(1), HostId::new(2));
/// assert!(first < second);
/// assert_eq!(first.to_string(), "host 1");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(u64);

impl HostId {
    /// The host with this number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "host {}", self.0)
    }
}
