//! Collects how endpoints are picked.

use std::{fmt, time::Duration};

use super::{Algorithm, Choices, HashKeys, Placement, Ring, Settings, SlowStart, TableSize};
use crate::policy::{Invalid, Setting, outlier};

/// Collects [`Settings`].
///
/// ```
/// use tower_mesh::policy::{balance::Settings, outlier};
///
/// let settings = Settings::builder()
///     .ejecting(outlier::Settings::builder().consecutive_5xx(3).max_ejection_percent(50).build()?)
///     .build()?;
/// assert_eq!(settings.panic_percent(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "settings come out of `build`"]
pub struct SettingsBuilder(Settings);

/// A setting that cannot mean anything.
pub type SettingsError = Invalid<Field>;

/// A setting that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// Of how many the one with the fewest requests is picked.
    Choices,
    /// How many places a ring has at least.
    RingSize,
    /// Below which percentage of healthy endpoints all are asked again.
    PanicPercent,
    /// How much more than its share the healthy part of a locality can bear.
    Overprovisioning,
}

impl SettingsBuilder {
    pub(super) fn new() -> Self {
        Self(Settings::default())
    }

    /// Picks the one of two with fewer requests in flight; by weight, where weights differ. So it is unless told otherwise.
    pub const fn least_request(self) -> Self {
        self.least_request_of(Choices::Of(2))
    }

    /// The same of more than two.
    pub const fn least_request_of(self, choices: Choices) -> Self {
        self.algorithm(Algorithm::LeastRequest(choices))
    }

    /// Picks one after another, by weight.
    pub const fn round_robin(self) -> Self {
        self.algorithm(Algorithm::RoundRobin)
    }

    /// Picks by chance, whatever they weigh.
    pub const fn random(self) -> Self {
        self.algorithm(Algorithm::Random)
    }

    /// Picks by a key of the request, on a ring of 1024 places or more.
    pub fn ring_hash(self, keys: HashKeys) -> Self {
        self.algorithm(Algorithm::RingHash { minimum: Ring::MINIMUM }).hashing(keys)
    }

    /// Picks by a key of the request, in a table of 65 537 places.
    pub fn maglev(self, keys: HashKeys) -> Self {
        self.algorithm(Algorithm::Maglev { table: TableSize::default() }).hashing(keys)
    }

    /// Picks so.
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.0.algorithm = algorithm;
        self
    }

    /// What of a request decides, where a key does: without any it is chance.
    pub fn hashing(mut self, keys: HashKeys) -> Self {
        self.0.hash_keys = keys;
        self
    }

    /// Asks all endpoints again, ejected ones too, where less than this percentage is healthy: 0, never, unless told
    /// otherwise, as under Istio; Envoy alone says 50.
    pub const fn panic_percent(mut self, percent: u32) -> Self {
        self.0.panic_percent = percent;
        self
    }

    /// Has the healthy part of a locality bear so much more than its share before requests go elsewhere: 140 percent,
    /// unless told otherwise.
    pub const fn overprovisioning(mut self, percent: u32) -> Self {
        self.0.overprovisioning = percent;
        self
    }

    /// Gives endpoints that are new their share little by little.
    pub const fn slow_start(mut self, slow_start: SlowStart) -> Self {
        self.0.slow_start = Some(slow_start);
        self
    }

    /// Leaves endpoints out for a while that fail.
    pub fn ejecting(mut self, outlier: outlier::Settings) -> Self {
        self.0.outlier = Some(outlier);
        self
    }

    /// Holds changes back for so long after one, as Envoy does for a second: then a host that is ejected again right after
    /// its return goes on getting requests for that long. Not at all, unless told otherwise.
    pub const fn merging_updates(mut self, window: Duration) -> Self {
        self.0.merge_window = window;
        self
    }

    /// Puts endpoints in an order by where they are.
    pub fn placing(mut self, placement: Placement) -> Self {
        self.0.placement = placement;
        self
    }

    /// The settings.
    ///
    /// # Errors
    ///
    /// A value that cannot mean anything.
    pub fn build(self) -> Result<Settings, SettingsError> {
        let Self(mut settings) = self;
        let wrong = |field, found: u32| Err(SettingsError::new(field, found.to_string()));
        match settings.algorithm {
            Algorithm::LeastRequest(Choices::Of(few @ 0..2)) => return wrong(Field::Choices, few),
            Algorithm::RingHash { minimum: size } if size == 0 || size > Ring::MAXIMUM => {
                return wrong(Field::RingSize, size);
            }
            _ => {}
        }
        if settings.panic_percent > 100 {
            return wrong(Field::PanicPercent, settings.panic_percent);
        }
        if !(100..=1_000_000).contains(&settings.overprovisioning) {
            return wrong(Field::Overprovisioning, settings.overprovisioning);
        }
        // Nobody is moved from one place to another where nobody is found to be ill.
        settings.placement = settings.placement.outlier_detection(settings.outlier.is_some());
        Ok(settings)
    }
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Choices => "at least 2",
            Self::RingSize => "from 1 to 8388608",
            Self::PanicPercent => "a percentage from 0 to 100",
            Self::Overprovisioning => "a percentage from 100 to 1000000",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Choices => "number of choices",
            Self::RingSize => "size of the ring",
            Self::PanicPercent => "panic percentage",
            Self::Overprovisioning => "overprovisioning",
        })
    }
}
