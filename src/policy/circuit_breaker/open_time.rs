//! How long a circuit stays open.

use std::time::Duration;

use crate::policy::{Draw, Fraction, time::nanos};

/// How long a circuit stays open: always as long, or longer each time it opens again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OpenTime {
    pub(super) first: Duration,
    pub(super) growth: Option<Growth>,
    pub(super) jitter: Option<Fraction>,
}

/// How the open time grows from one opening to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Growth {
    /// In thousandths.
    pub(super) factor: u32,
    pub(super) most: Duration,
}

impl OpenTime {
    /// How long it stays open the first time.
    #[must_use]
    pub const fn first(&self) -> Duration {
        self.first
    }

    /// How that grows; `None` if it is always as long.
    #[must_use]
    pub const fn growth(&self) -> Option<Growth> {
        self.growth
    }

    /// By how large a share it is shortened at most, by chance.
    #[must_use]
    pub const fn jitter(&self) -> Option<Fraction> {
        self.jitter
    }

    /// How long it stays open after so many openings in a row before, without chance.
    pub(super) fn after(&self, openings: u8) -> Duration {
        let Some(Growth { factor, most }) = self.growth else { return self.first };
        let most = nanos(most);
        let mut time = nanos(self.first);
        for _ in 0..openings {
            if time >= most || factor == Growth::ONE {
                break;
            }
            let grown = u128::from(time) * u128::from(factor) / u128::from(Growth::ONE);
            time = u64::try_from(grown).unwrap_or(u64::MAX);
        }
        Duration::from_nanos(time.min(most))
    }

    /// The same, shortened by chance: never below what the jitter leaves, never above the whole.
    pub(super) fn drawn(&self, openings: u8, luck: Draw) -> Duration {
        let whole = self.after(openings);
        let Some(jitter) = self.jitter else { return whole };
        whole - Duration::from_nanos(luck.below(jitter.of(nanos(whole)).saturating_add(1)))
    }
}

impl Growth {
    /// What a factor of one is.
    pub(super) const ONE: u32 = 1000;

    /// By which factor each opening is longer than the one before.
    #[must_use]
    pub fn factor(&self) -> f64 {
        f64::from(self.factor) / f64::from(Self::ONE)
    }

    /// Up to how long.
    #[must_use]
    pub const fn most(&self) -> Duration {
        self.most
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn growing(factor: u32, most: Duration, jitter: Option<f64>) -> OpenTime {
        OpenTime {
            first: SECOND,
            growth: Some(Growth { factor, most }),
            jitter: jitter.map(|jitter| Fraction::try_from(jitter).expect("a share")),
        }
    }

    #[test]
    fn each_opening_is_longer_by_the_factor_up_to_the_most() {
        let time = growing(2000, 10 * SECOND, None);
        let seconds: Vec<_> = (0..6).map(|openings| time.after(openings).as_secs()).collect();
        assert_eq!(seconds, [1, 2, 4, 8, 10, 10]);
        assert_eq!(growing(1500, Duration::MAX, None).after(2), Duration::from_millis(2250));
        assert_eq!(growing(1000, 9 * SECOND, None).after(u8::MAX), SECOND);
        assert_eq!(growing(u32::MAX, Duration::MAX, None).after(u8::MAX), Duration::from_nanos(u64::MAX));
    }

    #[test]
    fn chance_shortens_by_no_more_than_its_share() {
        let time = growing(2000, 10 * SECOND, Some(0.25));
        assert_eq!(time.drawn(1, Draw::new(0)), 2 * SECOND);
        assert_eq!(time.drawn(1, Draw::new(u64::MAX)), Duration::from_millis(1500));
        assert_eq!(time.drawn(1, Draw::new(1 << 63)), Duration::from_millis(1750));
        assert_eq!(growing(1000, SECOND, Some(1.0)).drawn(0, Draw::new(u64::MAX)), Duration::ZERO);
    }
}
