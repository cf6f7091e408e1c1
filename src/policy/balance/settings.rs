//! How an endpoint is picked.

use std::time::Duration;

use super::{HashKeys, Placement, SlowStart, TableSize, builder::SettingsBuilder};
use crate::policy::outlier;

/// How an endpoint is picked, and who is left out: see [`SettingsBuilder`].
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    pub(super) algorithm: Algorithm,
    pub(super) hash_keys: HashKeys,
    pub(super) panic_percent: u32,
    pub(super) overprovisioning: u32,
    pub(super) slow_start: Option<SlowStart>,
    pub(super) outlier: Option<outlier::Settings>,
    pub(super) merge_window: Duration,
    pub(super) placement: Placement,
}

/// Who is picked of those that may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// Who has the fewest requests in flight of some that are picked by chance; by weight, where weights differ.
    LeastRequest(Choices),
    /// One after another, by weight.
    RoundRobin,
    /// By chance, whatever they weigh.
    Random,
    /// Who comes next on a ring, from the place that the request's key has there.
    RingHash {
        /// So many places it has at least.
        minimum: u32,
    },
    /// Who has the place of the request's key in a table.
    Maglev {
        /// So many places it has.
        table: TableSize,
    },
    /// Nobody: the request goes where its caller sends it.
    Passthrough,
}

/// Of how many the one with the fewest requests is picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Choices {
    /// Of so many, picked by chance.
    Of(u32),
    /// Of all.
    All,
}

impl Algorithm {
    /// As a mesh does unless told otherwise.
    pub const DEFAULT: Self = Self::LeastRequest(Choices::Of(2));

    /// Whether a key of the request decides.
    #[must_use]
    pub const fn hashes(self) -> bool {
        matches!(self, Self::RingHash { .. } | Self::Maglev { .. })
    }
}

impl Settings {
    /// The one of two with fewer requests in flight, with nobody left out.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::new()
    }

    /// Who is picked of those that may be.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What of a request decides, where a key does.
    #[must_use]
    pub const fn hash_keys(&self) -> &HashKeys {
        &self.hash_keys
    }

    /// Below which percentage of healthy endpoints all are asked again; 0 is never.
    #[must_use]
    pub const fn panic_percent(&self) -> u32 {
        self.panic_percent
    }

    /// How much more than its share the healthy part of a locality can bear, in percent.
    #[must_use]
    pub const fn overprovisioning(&self) -> u32 {
        self.overprovisioning
    }

    /// How endpoints that are new get their share.
    #[must_use]
    pub const fn slow_start(&self) -> Option<&SlowStart> {
        self.slow_start.as_ref()
    }

    /// Who is left out for a while.
    #[must_use]
    pub const fn outlier(&self) -> Option<&outlier::Settings> {
        self.outlier.as_ref()
    }

    /// For how long changes are held back after one.
    #[must_use]
    pub const fn merge_window(&self) -> Duration {
        self.merge_window
    }

    /// Who comes before whom, seen from the client.
    #[must_use]
    pub const fn placement(&self) -> &Placement {
        &self.placement
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            algorithm: Algorithm::DEFAULT,
            hash_keys: HashKeys::default(),
            panic_percent: 0,
            overprovisioning: 140,
            slow_start: None,
            outlier: None,
            merge_window: Duration::ZERO,
            placement: Placement::default(),
        }
    }
}
