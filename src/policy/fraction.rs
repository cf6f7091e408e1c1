//! A share of a whole, compared without rounding.

use std::{fmt, str::FromStr};

/// Parts in one whole.
const WHOLE: u64 = 1_000_000_000;

/// A share above 0 and up to 1, kept as whole billionths.
///
/// Ratios in configuration are decimal; binary floats are not. `0.1_f32` widened to `f64` is 0.10000000149, and 20
/// errors of 200 would then not reach 10 %. Here they do, because 0.1 is kept as 100,000,000 billionths and compared
/// by multiplication.
///
/// ```
/// use tower_mesh::policy::Fraction;
///
/// let tenth: Fraction = "0.10".parse()?;
/// assert!(tenth.reached_by(20, 200));
/// assert!(!tenth.reached_by(19, 200));
/// assert_eq!(tenth, Fraction::try_from(0.1_f32)?); // the shortest decimal that means this float
/// assert!(Fraction::try_from(1.5).is_err());
/// # Ok::<(), tower_mesh::policy::FractionError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fraction(u32);

/// The number is no share: it is not above 0 and up to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a ratio must be above 0 and at most 1 (0.10 is ten percent), and no finer than a billionth")]
pub struct FractionError(());

impl Fraction {
    /// The whole.
    pub const ONE: Self = Self(WHOLE as u32);
    /// A fifth.
    pub(crate) const FIFTH: Self = Self(WHOLE as u32 / 5);

    /// Whether `part` of `total` is at least this share.
    #[must_use]
    pub const fn reached_by(self, part: u64, total: u64) -> bool {
        part as u128 * WHOLE as u128 >= total as u128 * self.0 as u128
    }

    /// This share of a number, rounded down.
    pub(crate) const fn of(self, whole: u64) -> u64 {
        (whole as u128 * self.0 as u128 / WHOLE as u128) as u64
    }

    /// As a float, for printing and for other people's arithmetic.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / WHOLE as f64
    }
}

impl TryFrom<f64> for Fraction {
    type Error = FractionError;

    fn try_from(ratio: f64) -> Result<Self, FractionError> {
        let parts = (ratio * WHOLE as f64).round();
        // Compared before the cast: NaN fails both comparisons.
        if ratio <= 1.0 && parts >= 1.0 { Ok(Self(parts as u32)) } else { Err(FractionError(())) }
    }
}

impl TryFrom<f32> for Fraction {
    type Error = FractionError;

    /// By way of the shortest decimal text that means this float: 0.1 stays 0.1.
    fn try_from(ratio: f32) -> Result<Self, FractionError> {
        ratio.to_string().parse()
    }
}

impl FromStr for Fraction {
    type Err = FractionError;

    fn from_str(text: &str) -> Result<Self, FractionError> {
        text.parse::<f64>().map_err(|_| FractionError(()))?.try_into()
    }
}

impl fmt::Display for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.as_f64())
    }
}

impl fmt::Debug for Fraction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
