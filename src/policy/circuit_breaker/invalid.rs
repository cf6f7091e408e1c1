//! What is wrong with settings that cannot mean anything.

use std::fmt;

/// A setting that cannot mean anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {found}, but must be {}", .field.accepted())]
pub struct SettingsError {
    pub(super) field: Field,
    pub(super) found: String,
}

impl SettingsError {
    /// Which setting.
    #[must_use]
    pub const fn field(&self) -> Field {
        self.field
    }

    /// What it was.
    #[must_use]
    pub fn found(&self) -> &str {
        &self.found
    }
}

/// A setting that can be wrong; prints as its name in the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the builder's method of that name")]
pub enum Field {
    Window,
    ErrorAmount,
    ErrorRatio,
    SlowAmount,
    SlowRatio,
    SlowTime,
    MinimumRequests,
    OpenFor,
    Status,
}

impl Field {
    /// What would be accepted.
    #[must_use]
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::Window | Self::SlowTime | Self::OpenFor => "longer than zero",
            Self::ErrorAmount | Self::SlowAmount | Self::MinimumRequests => "at least 1",
            Self::ErrorRatio | Self::SlowRatio => "above 0 and at most 1 (0.10 is ten percent)",
            Self::Status => "a final HTTP status: 200 to 999",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Window => "window",
            Self::ErrorAmount => "error_amount",
            Self::ErrorRatio => "error_ratio",
            Self::SlowAmount => "slow_amount",
            Self::SlowRatio => "slow_ratio",
            Self::SlowTime => "slow_time",
            Self::MinimumRequests => "minimum_requests",
            Self::OpenFor => "open_for",
            Self::Status => "reply status",
        })
    }
}
