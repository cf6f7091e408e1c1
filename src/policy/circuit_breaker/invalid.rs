//! What is wrong with settings that cannot mean anything.

use std::fmt;

use crate::policy::{Invalid, Setting};

/// A setting that cannot mean anything.
pub type SettingsError = Invalid<Field>;

/// A setting that can be wrong; prints as its name in the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the builder's method of that name")]
pub enum Field {
    Window,
    Sliding,
    LastCalls,
    ErrorAmount,
    ErrorRatio,
    SlowAmount,
    SlowRatio,
    ConsecutiveErrors,
    SlowTime,
    MinimumRequests,
    OpenFor,
    OpenGrowth,
    OpenMost,
    OpenJitter,
    HalfOpenSuccesses,
    HalfOpenFailures,
    HalfOpenProbes,
    HalfOpenRatio,
    HalfOpenDeadline,
    HalfOpenConcurrent,
    MostKeys,
    Status,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Window | Self::SlowTime | Self::OpenFor | Self::HalfOpenDeadline => "longer than zero",
            Self::Sliding => "1 to 1000 buckets, none of no length, and not together with last_calls",
            Self::LastCalls => "1 to 1000000",
            Self::ErrorAmount | Self::SlowAmount | Self::ConsecutiveErrors => "at least 1",
            Self::MinimumRequests => "at least 1, and no more than last_calls",
            Self::ErrorRatio | Self::SlowRatio | Self::OpenJitter | Self::HalfOpenRatio => {
                "above 0 and at most 1 (0.10 is ten percent)"
            }
            Self::OpenGrowth => "1 to 1000",
            Self::OpenMost => "at least as long as open_for",
            Self::HalfOpenSuccesses
            | Self::HalfOpenFailures
            | Self::HalfOpenProbes
            | Self::HalfOpenConcurrent => "1 to 10000",
            Self::MostKeys => "1 to 100000000",
            Self::Status => "a final HTTP status: 200 to 999",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Window => "window",
            Self::Sliding => "sliding",
            Self::LastCalls => "last_calls",
            Self::ErrorAmount => "error_amount",
            Self::ErrorRatio => "error_ratio",
            Self::SlowAmount => "slow_amount",
            Self::SlowRatio => "slow_ratio",
            Self::ConsecutiveErrors => "consecutive_errors",
            Self::SlowTime => "slow_time",
            Self::MinimumRequests => "minimum_requests",
            Self::OpenFor => "open_for",
            Self::OpenGrowth => "open_growth",
            Self::OpenMost => "open_growth's most",
            Self::OpenJitter => "open_jitter",
            Self::HalfOpenSuccesses => "half_open successes",
            Self::HalfOpenFailures => "half_open failures",
            Self::HalfOpenProbes => "half_open ratio's probes",
            Self::HalfOpenRatio => "half_open ratio",
            Self::HalfOpenDeadline => "half_open deadline",
            Self::HalfOpenConcurrent => "half_open concurrent",
            Self::MostKeys => "most_keys",
            Self::Status => "reply status",
        })
    }
}
