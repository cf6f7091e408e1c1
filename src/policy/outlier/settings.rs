//! What a detector of outliers is told to do.

use std::time::Duration;

use super::{Kind, SettingsBuilder};
use crate::policy::retry::Statuses;

/// What a detector of outliers is told to do: valid by construction.
///
/// The defaults are Envoy's; [`istio_default`](Self::istio_default) is what Istio makes of a block with nothing in it.
/// By both at most a tenth of the hosts is ejected, so nobody is while there are fewer than ten.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::outlier::Settings;
///
/// let settings = Settings::builder()
///     .consecutive_5xx(1)
///     .interval(Duration::from_secs(1))
///     .base_ejection_time(Duration::from_secs(180))
///     .max_ejection_percent(100)
///     .build()?;
/// assert_eq!(settings.max_ejection_time(), Duration::from_secs(300));
/// assert_eq!((settings.most_ejected(3), Settings::default().most_ejected(9)), (3, 0));
///
/// let error = Settings::builder().max_ejection_time(Duration::from_secs(1)).build().unwrap_err();
/// assert_eq!(error.to_string(), "max_ejection_time is 1s, but must be at least as long as base_ejection_time");
/// # Ok::<(), tower_mesh::policy::outlier::SettingsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// First what every answer is held against.
    pub(super) errors: Statuses,
    pub(super) effort: Effort,
    pub(super) consecutive: [u32; 3],
    pub(super) split: bool,
    pub(super) multiplexed: bool,
    pub(super) listed: bool,
    pub(super) enforcing: [u8; Kind::ALL.len()],
    pub(super) interval: Duration,
    pub(super) base_ejection_time: Duration,
    pub(super) max_ejection_time: Duration,
    pub(super) jitter: Duration,
    pub(super) max_ejection_percent: u8,
    pub(super) how_many: HowMany,
    pub(super) success_rate: SuccessRate,
    pub(super) failure_percentage: FailurePercentage,
    pub(super) checks_return: bool,
}

/// How much there is to do for a try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Effort {
    /// Answers of lower statuses are good, and nothing is to be done for them but to end the row of errors.
    pub good_below: u16,
    /// Answers are counted for the interval.
    pub counts_answers: bool,
    /// So is what fails without an answer, and what does not.
    pub counts_local_origin: bool,
}

/// How many hosts may be ejected at once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HowMany {
    /// Never more than the percentage: today's rule. A third of three hosts is more than 33 percent.
    #[default]
    Strict,
    /// Never more than the percentage, and one in any case: today's rule with `always_eject_one_host`.
    OneAtLeast,
    /// One in any case, and as long as those before it are fewer than the percentage: Envoy's rule until about 1.28.
    /// The last one may go above it.
    Legacy,
}

/// When a host's rate of good answers is an outlier among those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SuccessRate {
    /// How many hosts must have answered often enough.
    pub minimum_hosts: u32,
    /// How often is often enough, in an interval.
    pub request_volume: u32,
    /// How far below the mean is too far: in thousandths of the standard deviation.
    pub stdev_factor: u32,
}

/// When a host's share of errors is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct FailurePercentage {
    /// From how many percent on.
    pub threshold: u8,
    /// How many hosts must have answered often enough.
    pub minimum_hosts: u32,
    /// How often is often enough, in an interval.
    pub request_volume: u32,
}

impl Settings {
    /// Starts from the defaults.
    pub fn builder() -> SettingsBuilder {
        SettingsBuilder::default()
    }

    /// What Istio has Envoy do where a block is there and says nothing: as Envoy's defaults, without success rates.
    #[must_use]
    pub fn istio_default() -> Self {
        let mut settings = Self::default();
        for kind in [Kind::SuccessRate, Kind::LocalOriginSuccessRate] {
            settings.enforcing[kind.index()] = 0;
        }
        settings.finished()
    }

    /// With what follows from the rest.
    pub(super) fn finished(mut self) -> Self {
        let any = |[one, other]: [Kind; 2]| self.is_enforced(one) || self.is_enforced(other);
        let counts_answers = any([Kind::SuccessRate, Kind::FailurePercentage]);
        let counts_local_origin =
            self.split && any([Kind::LocalOriginSuccessRate, Kind::LocalOriginFailurePercentage]);
        let is_plain = !counts_answers && !self.split;
        let good_below = if is_plain { self.errors.iter().next().unwrap_or(u16::MAX) } else { 0 };
        self.effort = Effort { good_below, counts_answers, counts_local_origin };
        self
    }

    /// How many errors one after another tell an outlier; 0 for none, ever. Of the kinds that look at an interval, 0.
    #[must_use]
    pub fn consecutive(&self, kind: Kind) -> u32 {
        self.consecutive.get(kind.index()).copied().unwrap_or(0)
    }

    /// In how many percent of the cases a detection of this kind ejects.
    #[must_use]
    pub const fn enforcing(&self, kind: Kind) -> u8 {
        self.enforcing[kind.index()]
    }

    /// Whether a detection of this kind ever ejects.
    #[must_use]
    pub const fn is_enforced(&self, kind: Kind) -> bool {
        self.enforcing(kind) > 0
    }

    /// Whether failures that no answer told of are counted apart from answers.
    #[must_use]
    pub const fn split_local_origin(&self) -> bool {
        self.split
    }

    /// Whether a failure over a connection leaves a row of failures as it is, but for the failure itself.
    #[must_use]
    pub const fn multiplexed(&self) -> bool {
        self.multiplexed
    }

    /// Which statuses are errors, where it is not simply those from 500 to 599.
    #[must_use]
    pub fn error_statuses(&self) -> Option<Statuses> {
        self.listed.then_some(self.errors)
    }

    /// How long it is from one tick to the next.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        self.interval
    }

    /// How long the first ejection lasts, and by how much longer each that follows.
    #[must_use]
    pub const fn base_ejection_time(&self) -> Duration {
        self.base_ejection_time
    }

    /// How long an ejection lasts at most, up to the next tick.
    #[must_use]
    pub const fn max_ejection_time(&self) -> Duration {
        self.max_ejection_time
    }

    /// By how much longer, at most, an ejection lasts by chance.
    #[must_use]
    pub const fn jitter(&self) -> Duration {
        self.jitter
    }

    /// How many percent of the hosts may be ejected at once.
    #[must_use]
    pub const fn max_ejection_percent(&self) -> u8 {
        self.max_ejection_percent
    }

    /// How that is meant.
    #[must_use]
    pub const fn how_many(&self) -> HowMany {
        self.how_many
    }

    /// When a rate of good answers is an outlier.
    #[must_use]
    pub const fn success_rate(&self) -> SuccessRate {
        self.success_rate
    }

    /// When a share of errors is too large.
    #[must_use]
    pub const fn failure_percentage(&self) -> FailurePercentage {
        self.failure_percentage
    }

    /// Whether a host that passes an active check returns at once.
    #[must_use]
    pub const fn checks_return(&self) -> bool {
        self.checks_return
    }

    /// Whether answers are counted for the interval, so that there is something to do at every tick.
    ///
    /// Where no detection of an interval is ever enforced nothing is counted: it would come to nothing.
    #[must_use]
    pub const fn has_statistics(&self) -> bool {
        self.effort.counts_answers || self.effort.counts_local_origin
    }

    /// Whether nothing is ever detected.
    #[must_use]
    pub const fn is_off(&self) -> bool {
        let [errors, gateway, local_origin] = self.consecutive;
        errors == 0 && gateway == 0 && !(self.split && local_origin > 0) && !self.has_statistics()
    }

    /// How many of so many hosts may be ejected at once.
    #[must_use]
    pub fn most_ejected(&self, hosts: usize) -> usize {
        let share = hosts as u128 * u128::from(self.max_ejection_percent);
        let strict = (share / 100) as usize;
        let one = usize::from(hosts > 0);
        match self.how_many {
            HowMany::Strict => strict,
            HowMany::OneAtLeast => strict.max(one),
            HowMany::Legacy => (share.div_ceil(100) as usize).max(one),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let mut enforcing = [100; Kind::ALL.len()];
        for kind in [Kind::ConsecutiveGateway, Kind::FailurePercentage, Kind::LocalOriginFailurePercentage] {
            enforcing[kind.index()] = 0;
        }
        Self {
            errors: Statuses::NONE.with_all(500..=599),
            effort: Effort::default(),
            consecutive: [5; 3],
            split: false,
            multiplexed: false,
            listed: false,
            enforcing,
            interval: Duration::from_secs(10),
            base_ejection_time: Duration::from_secs(30),
            max_ejection_time: Duration::from_secs(300),
            jitter: Duration::ZERO,
            max_ejection_percent: 10,
            how_many: HowMany::Strict,
            success_rate: SuccessRate { minimum_hosts: 5, request_volume: 100, stdev_factor: 1900 },
            failure_percentage: FailurePercentage { threshold: 85, minimum_hosts: 5, request_volume: 50 },
            checks_return: true,
        }
        .finished()
    }
}
