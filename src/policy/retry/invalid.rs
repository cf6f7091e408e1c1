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
    Attempts,
    PerTryTimeout,
    HonourRetryAfter,
    Hedging,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Attempts => "no more than 1000",
            Self::PerTryTimeout => "at least 1 ms",
            Self::HonourRetryAfter => "at least 1 s",
            Self::Hedging => "together with per_try_timeout, or with trust_request_headers",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attempts => "attempts",
            Self::PerTryTimeout => "per_try_timeout",
            Self::HonourRetryAfter => "honour_retry_after",
            Self::Hedging => "hedging",
        })
    }
}
