//! How long to wait before another try.
//!
//! Who tries again at once meets the same trouble, and adds to it; who waits a fixed time meets all others who waited it
//! too. So the time grows from retry to retry, and where in it a retry falls is left to chance.

use std::time::Duration;

use super::{Draw, time::millis};

/// Times to wait before retries: growing by the double, up to a most, and drawn evenly from below that.
///
/// Envoy's: before the k-th retry a time in `[0, min(base · 2^(k-1), most))`, in whole milliseconds.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::{Draw, backoff::Backoff};
///
/// let backoff = Backoff::default(); // 25 ms, and no more than 250 ms
/// let longest = |retry| backoff.wait(retry, Draw::new(u64::MAX)).as_millis();
/// assert_eq!([1, 2, 3, 4, 5, 6].map(longest), [24, 49, 99, 199, 249, 249]);
/// assert_eq!(backoff.wait(3, Draw::new(0)), Duration::ZERO);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Backoff {
    /// In milliseconds: timers know no finer time.
    base: u64,
    most: u64,
    jitter: Jitter,
}

/// How much of a time to wait is left to chance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Jitter {
    /// All of it: any time below the one that has grown. Envoy's.
    #[default]
    Full,
    /// None: exactly the time that has grown. osm-edge's.
    None,
}

impl Default for Backoff {
    /// Envoy's: 25 ms, and no more than 250 ms.
    fn default() -> Self {
        Self::new(Duration::from_millis(25))
    }
}

impl Backoff {
    /// No wait at all.
    pub const AT_ONCE: Self = Self { base: 0, most: 0, jitter: Jitter::None };

    /// Begins with this time and grows to ten times as much. Less than a millisecond is taken for one, as by Envoy; what
    /// is finer than a millisecond is cut off.
    #[must_use]
    pub const fn new(base: Duration) -> Self {
        let base = match millis(base) {
            0 => 1,
            millis => millis,
        };
        Self { base, most: base.saturating_mul(10), jitter: Jitter::Full }
    }

    /// Grows to no more than this time; or to the base, if that is longer.
    #[must_use]
    pub const fn most(mut self, most: Duration) -> Self {
        let most = millis(most);
        self.most = if most < self.base { self.base } else { most };
        self
    }

    /// Leaves so much to chance.
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Whether chance has a part in it.
    #[must_use]
    pub const fn is_random(self) -> bool {
        matches!(self.jitter, Jitter::Full)
    }

    /// The time that it begins with.
    #[must_use]
    pub const fn base(self) -> Duration {
        Duration::from_millis(self.base)
    }

    /// The time that it grows to.
    #[must_use]
    pub const fn longest(self) -> Duration {
        Duration::from_millis(self.most)
    }

    /// How long to wait before this retry, the first one being 1.
    #[must_use]
    pub const fn wait(self, retry: u32, draw: Draw) -> Duration {
        let doublings = retry.saturating_sub(1);
        // Of a base that is not zero, 64 doublings are more than any most.
        let factor = if doublings < 64 { 1 << doublings } else { u64::MAX };
        let grown = self.base.saturating_mul(factor);
        let ceiling = if grown < self.most { grown } else { self.most };
        Duration::from_millis(match self.jitter {
            Jitter::Full => draw.below(ceiling),
            Jitter::None => ceiling,
        })
    }

    /// How long to wait where an upstream has asked for this time: from then on to half as long again, so that not all
    /// whom it told so come back together.
    #[must_use]
    pub const fn asked_for(time: Duration, draw: Draw) -> Duration {
        let millis = millis(time);
        Duration::from_millis(millis.saturating_add(draw.below(millis.div_ceil(2))))
    }
}
