//! A set of HTTP statuses, asked in one step.

use std::{fmt, ops::RangeInclusive};

/// A set of statuses, from 100 to 999.
///
/// ```
/// use tower_mesh::policy::retry::Statuses;
///
/// let statuses = Statuses::NONE.with(429).with_all(502..=504);
/// assert!(statuses.has(503) && !statuses.has(500));
/// assert_eq!(statuses.to_string(), "429,502,503,504");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Statuses([u64; 16]);

impl Statuses {
    /// No status.
    pub const NONE: Self = Self([0; 16]);

    /// These and this one. What no response can have is left out.
    #[must_use]
    pub const fn with(mut self, status: u16) -> Self {
        if matches!(status, 100..=999) {
            self.0[(status >> 6) as usize] |= 1 << (status & 63);
        }
        self
    }

    /// These and all of those.
    #[must_use]
    pub fn with_all(self, statuses: RangeInclusive<u16>) -> Self {
        statuses.fold(self, Self::with)
    }

    /// All that are in either set.
    #[must_use]
    pub const fn or(mut self, other: Self) -> Self {
        let mut at = 0;
        while at < self.0.len() {
            self.0[at] |= other.0[at];
            at += 1;
        }
        self
    }

    /// Whether this one is in the set.
    #[inline]
    #[must_use]
    pub const fn has(&self, status: u16) -> bool {
        status < 1024 && self.0[(status >> 6) as usize] >> (status & 63) & 1 == 1
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::NONE
    }

    /// Those in the set, from low to high.
    pub fn iter(&self) -> impl Iterator<Item = u16> {
        (100..=999).filter(|status| self.has(*status))
    }
}

impl fmt::Display for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut comma = "";
        self.iter().try_for_each(|status| {
            write!(f, "{comma}{status}")?;
            comma = ",";
            Ok(())
        })
    }
}

impl fmt::Debug for Statuses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
