//! What is wrong with settings that cannot mean anything.

use std::fmt;

use super::Kind;
use crate::policy::{Invalid, Setting};

/// A setting that cannot mean anything.
pub type SettingsError = Invalid<Field>;

/// A setting that can be wrong; prints as its name in the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the builder's method of that name")]
pub enum Field {
    Enforcing(Kind),
    ErrorStatuses,
    Interval,
    BaseEjectionTime,
    MaxEjectionTime,
    Jitter,
    MaxEjectionPercent,
    FailurePercentageThreshold,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Enforcing(_) | Self::MaxEjectionPercent | Self::FailurePercentageThreshold => "0 to 100",
            Self::ErrorStatuses => "statuses from 100 to 999",
            Self::Interval | Self::BaseEjectionTime => "whole milliseconds, at least one",
            Self::MaxEjectionTime => "at least as long as base_ejection_time",
            Self::Jitter => "whole milliseconds",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Enforcing(kind) => return write!(f, "enforcing {kind}"),
            Self::ErrorStatuses => "error_statuses",
            Self::Interval => "interval",
            Self::BaseEjectionTime => "base_ejection_time",
            Self::MaxEjectionTime => "max_ejection_time",
            Self::Jitter => "jitter",
            Self::MaxEjectionPercent => "max_ejection_percent",
            Self::FailurePercentageThreshold => "failure_percentage_threshold",
        })
    }
}
