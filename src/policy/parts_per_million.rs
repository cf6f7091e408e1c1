//! How often chance strikes.

use std::fmt;

use super::Draw;

/// A share of requests, in parts per million: what a mesh's percentages become.
///
/// A percentage in a mesh's documents is a decimal number, and what is drawn against is a whole one. Istio keeps
/// four decimal places and drops what is finer; so 0.1 % is 1000 parts of a million, and happens.
///
/// ```
/// use tower_mesh::policy::{Draw, PartsPerMillion};
///
/// let share = PartsPerMillion::from_percent(0.1)?;
/// assert_eq!(share.parts(), 1000);
/// assert!(share.hit_by(|| Draw::new(0)));
/// assert!(!share.hit_by(|| Draw::new(u64::MAX)));
///
/// let error = PartsPerMillion::from_percent(0.00001).unwrap_err();
/// assert_eq!(error.to_string(), "a percentage must be 0, or 0.0001 to 100");
/// # Ok::<(), tower_mesh::policy::PercentError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartsPerMillion(u32);

/// The number is no percentage that chance can be measured by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a percentage must be {}", PartsPerMillion::ACCEPTED)]
pub struct PercentError(());

impl PartsPerMillion {
    /// Never.
    pub const NONE: Self = Self(0);

    /// Always.
    pub const ALL: Self = Self(1_000_000);

    pub(crate) const ACCEPTED: &str = "0, or 0.0001 to 100";

    /// This many percent; what is finer than a millionth of the whole is dropped, as Istio does.
    ///
    /// # Errors
    ///
    /// If it is neither 0 nor between 0.0001 and 100.
    pub fn from_percent(percent: f64) -> Result<Self, PercentError> {
        // Compared as a float: what is not a number is in no range.
        if percent == 0.0 || (0.0001..=100.0).contains(&percent) {
            Ok(Self((percent * 10_000.0) as u32))
        } else {
            Err(PercentError(()))
        }
    }

    /// This many parts, and at most the whole.
    #[must_use]
    pub const fn of(parts: u32) -> Self {
        if parts < Self::ALL.0 { Self(parts) } else { Self::ALL }
    }

    /// The parts.
    #[must_use]
    pub const fn parts(self) -> u32 {
        self.0
    }

    /// In percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.0) / 10_000.0
    }

    /// Whether it never strikes.
    #[must_use]
    pub const fn is_none(self) -> bool {
        self.0 == 0
    }

    /// Whether it strikes this time. Never and always need no luck: nothing is drawn for them.
    #[inline]
    pub fn hit_by(self, draw: impl FnOnce() -> Draw) -> bool {
        if self.needs_luck() {
            draw().hits(u64::from(self.0), u64::from(Self::ALL.0))
        } else {
            !self.is_none()
        }
    }

    /// Whether a draw is needed to know if it strikes.
    pub(crate) const fn needs_luck(self) -> bool {
        // Both ends in one comparison.
        self.0.wrapping_sub(1) < Self::ALL.0 - 1
    }

    /// This and that, and at most the whole.
    pub(crate) const fn with(self, other: Self) -> Self {
        Self::of(self.0.saturating_add(other.0))
    }
}

impl fmt::Display for PartsPerMillion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", f64::from(self.0) / 10_000.0)
    }
}
