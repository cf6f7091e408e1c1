//! The few requests that find out whether an upstream has recovered.

use std::time::Duration;

use super::{
    Field, SettingsError,
    builder::{positive, share, within},
};
use crate::policy::Fraction;

/// A half-open state, as one asks for it; [`build`](super::SettingsBuilder::build) says whether it means something.
///
/// Unless told otherwise, one probe at a time is let through, the first good one closes the circuit, the first bad one
/// opens it again, and one still under way 30 s after the circuit became half-open is bad.
///
/// ```
/// use std::time::Duration;
/// use tower_mesh::policy::circuit_breaker::{HalfOpen, Settings};
///
/// // Closes after three good probes, opens again at the second bad one.
/// let by_count = HalfOpen::new().successes(3).failures(2);
/// // Of ten probes, no more than three at a time, less than half may be bad.
/// let by_ratio = HalfOpen::new().ratio(10, 0.5).concurrent(3).deadline(Duration::from_secs(5));
///
/// let settings = |half_open| Settings::builder().error_amount(5).half_open(half_open).build();
/// assert!(settings(by_count).is_ok());
/// assert!(settings(by_ratio).is_ok());
/// assert_eq!(
///     settings(HalfOpen::new().concurrent(0)).unwrap_err().to_string(),
///     "half_open concurrent is 0, but must be 1 to 10000",
/// );
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "it does nothing until a builder is given it"]
pub struct HalfOpen {
    concurrent: u32,
    successes: u32,
    failures: u32,
    ratio: Option<(u32, f64)>,
    deadline: Duration,
}

/// A half-open state that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Probes {
    concurrent: u16,
    verdict: Verdict,
    deadline: Duration,
}

/// What decides over a half-open circuit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Verdict {
    /// It closes at so many good probes, and opens again at so many bad ones, whichever comes first.
    Count {
        /// Good ones.
        successes: u16,
        /// Bad ones.
        failures: u16,
    },
    /// Of so many probes, so large a share being bad opens it again; else it closes. It does not wait for those that
    /// can no longer change that.
    Ratio {
        /// Probes.
        probes: u16,
        /// The share.
        bad: Fraction,
    },
}

impl HalfOpen {
    /// One probe at a time; the first decides.
    pub const fn new() -> Self {
        Self { concurrent: 1, successes: 1, failures: 1, ratio: None, deadline: Duration::from_secs(30) }
    }

    /// How many probes may be under way at once (1).
    pub const fn concurrent(mut self, probes: u32) -> Self {
        self.concurrent = probes;
        self
    }

    /// Closes the circuit at so many good probes (1).
    pub const fn successes(mut self, probes: u32) -> Self {
        self.successes = probes;
        self.ratio = None;
        self
    }

    /// Opens it again at so many bad ones (1).
    pub const fn failures(mut self, probes: u32) -> Self {
        self.failures = probes;
        self.ratio = None;
        self
    }

    /// Judges so many probes by their share of bad ones, rather than by counting: `ratio(10, 0.5)` opens again when
    /// half of ten are bad.
    pub const fn ratio(mut self, probes: u32, bad: f64) -> Self {
        self.ratio = Some((probes, bad));
        self
    }

    /// When to decide by those probes that have come back, counting those under way as bad (30 s): by their ratio, or by
    /// whichever of the two numbers is nearer to being reached. If there were none, the time starts again.
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    pub(super) fn build(self) -> Result<Probes, SettingsError> {
        let verdict = match self.ratio {
            None => Verdict::Count {
                successes: count(Field::HalfOpenSuccesses, self.successes)?,
                failures: count(Field::HalfOpenFailures, self.failures)?,
            },
            Some((probes, bad)) => Verdict::Ratio {
                probes: count(Field::HalfOpenProbes, probes)?,
                bad: share(Field::HalfOpenRatio, bad)?,
            },
        };
        let deadline = positive(Field::HalfOpenDeadline, self.deadline)?;
        let concurrent = count(Field::HalfOpenConcurrent, self.concurrent)?;
        Ok(Probes { concurrent, verdict, deadline })
    }
}

impl Default for HalfOpen {
    fn default() -> Self {
        Self::new()
    }
}

fn count(field: Field, count: u32) -> Result<u16, SettingsError> {
    // Who wants more probes than this wants no half-open state.
    within(field, count, 1..=10_000).map(|count| count as u16)
}

impl Probes {
    /// How many may be under way at once.
    #[must_use]
    pub const fn concurrent(&self) -> u16 {
        self.concurrent
    }

    /// What decides.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// When to decide by those that have come back.
    #[must_use]
    pub const fn deadline(&self) -> Duration {
        self.deadline
    }

    /// At how many good ones it closes.
    pub(super) fn closes_at(&self) -> u16 {
        match self.verdict {
            Verdict::Count { successes, .. } => successes,
            // So many that, were all the others bad, they would still be too few.
            Verdict::Ratio { probes, .. } => probes - self.opens_at() + 1,
        }
    }

    /// At how many bad ones it opens again.
    pub(super) fn opens_at(&self) -> u16 {
        match self.verdict {
            Verdict::Count { failures, .. } => failures,
            Verdict::Ratio { probes, bad } => {
                let reached = |count: &u16| bad.reached_by(u64::from(*count), u64::from(probes));
                (1..=probes).find(reached).unwrap_or(probes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thresholds(half_open: HalfOpen) -> (u16, u16) {
        let probes = half_open.build().expect("it means something");
        (probes.closes_at(), probes.opens_at())
    }

    #[test]
    fn a_ratio_is_two_counts_of_which_exactly_one_will_be_reached() {
        assert_eq!(thresholds(HalfOpen::new().ratio(10, 0.5)), (6, 5));
        assert_eq!(thresholds(HalfOpen::new().ratio(3, 0.5)), (2, 2));
        assert_eq!(thresholds(HalfOpen::new().ratio(1, 0.01)), (1, 1));
        assert_eq!(thresholds(HalfOpen::new().ratio(4, 1.0)), (1, 4));
        assert_eq!(thresholds(HalfOpen::new().successes(3).failures(2)), (3, 2));
    }

    #[test]
    fn what_means_nothing_is_named() {
        let wrong = |half_open: HalfOpen| half_open.build().expect_err("it means nothing").to_string();
        assert_eq!(wrong(HalfOpen::new().successes(0)), "half_open successes is 0, but must be 1 to 10000");
        assert_eq!(
            wrong(HalfOpen::new().failures(99_999)),
            "half_open failures is 99999, but must be 1 to 10000"
        );
        assert_eq!(
            wrong(HalfOpen::new().ratio(0, 0.5)),
            "half_open ratio's probes is 0, but must be 1 to 10000"
        );
        assert_eq!(
            wrong(HalfOpen::new().ratio(5, 0.0)),
            "half_open ratio is 0, but must be above 0 and at most 1 (0.10 is ten percent)"
        );
        assert_eq!(
            wrong(HalfOpen::new().deadline(Duration::ZERO)),
            "half_open deadline is zero, but must be longer than zero"
        );
    }
}
