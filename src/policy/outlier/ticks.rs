//! When the sweeps would be, if somebody swept.

use std::time::Duration;

use crate::policy::{Time, time::nanos};

/// The moments at which hosts return and intervals are judged: one each interval, from a start on.
///
/// Envoy has a timer for them. Here nobody waits for them: they are numbers, and what happens at one is known
/// beforehand, or is made up for when somebody comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ticks {
    start: Time,
    interval: u64,
}

impl Ticks {
    pub(super) fn new(start: Time, interval: Duration) -> Self {
        Self { start, interval: nanos(interval).max(1) }
    }

    /// How many have been at that moment, with one at that very moment.
    pub(super) const fn passed(self, now: Time) -> u64 {
        now.as_nanos().saturating_sub(self.start.as_nanos()) / self.interval
    }

    /// The first that is not before it.
    pub(super) const fn not_before(self, time: Time) -> u64 {
        time.as_nanos().saturating_sub(self.start.as_nanos()).div_ceil(self.interval)
    }

    /// When this one is.
    pub(super) const fn at(self, tick: u64) -> Time {
        Time::from_nanos(self.start.as_nanos().saturating_add(tick.saturating_mul(self.interval)))
    }

    /// The interval from one to the next.
    pub(super) const fn interval(self) -> Duration {
        Duration::from_nanos(self.interval)
    }
}
