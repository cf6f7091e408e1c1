//! What an outlier is told by.

use std::fmt;

/// What an outlier is told by: Envoy's seven detectors.
///
/// The first three look at one try after another, the others at what came of an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// So many errors one after another.
    Consecutive5xx,
    /// So many gateway errors (502, 503, 504) one after another.
    ConsecutiveGateway,
    /// So many failures one after another that no answer told of: with these split from the others.
    ConsecutiveLocalOrigin,
    /// Fewer good answers than others give, by far.
    SuccessRate,
    /// The same, of failures that no answer told of.
    LocalOriginSuccessRate,
    /// Too large a share of errors.
    FailurePercentage,
    /// The same, of failures that no answer told of.
    LocalOriginFailurePercentage,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Consecutive5xx,
        Self::ConsecutiveGateway,
        Self::ConsecutiveLocalOrigin,
        Self::SuccessRate,
        Self::LocalOriginSuccessRate,
        Self::FailurePercentage,
        Self::LocalOriginFailurePercentage,
    ];

    /// Its name in Envoy's settings, counters and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Consecutive5xx => "consecutive_5xx",
            Self::ConsecutiveGateway => "consecutive_gateway_failure",
            Self::ConsecutiveLocalOrigin => "consecutive_local_origin_failure",
            Self::SuccessRate => "success_rate",
            Self::LocalOriginSuccessRate => "local_origin_success_rate",
            Self::FailurePercentage => "failure_percentage",
            Self::LocalOriginFailurePercentage => "local_origin_failure_percentage",
        }
    }

    /// Its place among all.
    pub(super) const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
