//! A moment, as a policy sees it.

use std::{
    fmt,
    ops::{Add, Sub},
    time::Duration,
};

/// A moment: nanoseconds since a base that only the clock knows.
///
/// A plain number rather than an `Instant`, so that a policy can keep it in one atomic word and a test can write
/// it down. `tower_mesh::layer::clock::now()` gives the present one.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::Time;
///
/// let start = Time::from_nanos(0);
/// let later = start + Duration::from_millis(200);
/// assert_eq!(later.since(start), Duration::from_millis(200));
/// assert_eq!(start.since(later), Duration::ZERO);
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(u64);

impl Time {
    /// Later than all others.
    pub const NEVER: Self = Self(u64::MAX);

    /// The moment so many nanoseconds after the base.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the base.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// How long after `earlier` this is; zero when it is not after it.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

/// A duration in whole nanoseconds, at most 584 years.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// A duration in whole milliseconds, as far as they fit.
pub(crate) const fn millis(duration: Duration) -> u64 {
    let millis = duration.as_millis();
    if millis > u64::MAX as u128 { u64::MAX } else { millis as u64 }
}

/// Whether a timer can wait for just so long.
pub(crate) const fn is_whole_millis(duration: Duration) -> bool {
    duration.subsec_nanos().is_multiple_of(1_000_000)
}

/// Asks when it is first asked, and says the same ever after.
pub(crate) fn asked_once(now: impl FnOnce() -> Time) -> impl FnMut() -> Time {
    let (mut asks, mut known) = (Some(now), Time::default());
    move || {
        known = asks.take().map_or(known, |now| now());
        known
    }
}

impl Add<Duration> for Time {
    type Output = Self;

    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(nanos(rhs)))
    }
}

impl Sub<Duration> for Time {
    type Output = Self;

    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(rhs)))
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Duration::from_nanos(self.0))
    }
}
