//! How often hosts were found to be outliers, and what came of it.

use super::Kind;

/// How often outliers were detected so far, how often that ejected a host, and how often too many were ejected already.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Counts {
    detected: [u64; Kind::ALL.len()],
    enforced: [u64; Kind::ALL.len()],
    overflowed: [u64; Kind::ALL.len()],
}

impl Counts {
    /// How often a host that was there was detected by this.
    #[must_use]
    pub const fn detected(&self, kind: Kind) -> u64 {
        self.detected[kind.index()]
    }

    /// How often that ejected it.
    #[must_use]
    pub const fn enforced(&self, kind: Kind) -> u64 {
        self.enforced[kind.index()]
    }

    /// How often it was not ejected because no more may be.
    #[must_use]
    pub const fn overflowed(&self, kind: Kind) -> u64 {
        self.overflowed[kind.index()]
    }

    /// How often any host was ejected.
    #[must_use]
    pub fn ejections(&self) -> u64 {
        self.enforced.iter().sum()
    }

    /// How often none was because no more may be.
    #[must_use]
    pub fn overflows(&self) -> u64 {
        self.overflowed.iter().sum()
    }

    /// These and those.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        let add = |counts: &mut [u64], others: &[u64]| {
            counts.iter_mut().zip(others).for_each(|(count, other)| *count += other);
        };
        add(&mut self.detected, &other.detected);
        add(&mut self.enforced, &other.enforced);
        add(&mut self.overflowed, &other.overflowed);
        self
    }

    pub(super) const fn detect(&mut self, kind: Kind) {
        self.detected[kind.index()] += 1;
    }

    pub(super) const fn enforce(&mut self, kind: Kind) {
        self.enforced[kind.index()] += 1;
    }

    pub(super) const fn overflow(&mut self, kind: Kind) {
        self.overflowed[kind.index()] += 1;
    }
}
