//! What is wrong with settings that cannot mean anything.

use std::fmt;

/// A setting that cannot mean anything.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} is {found}, but must be {}", .field.accepted())]
pub struct SettingsError {
    field: Field,
    found: String,
}

impl SettingsError {
    pub(super) fn new(field: Field, found: impl Into<String>) -> Self {
        Self { field, found: found.into() }
    }

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
    Attempts,
    PerTryTimeout,
    HonourRetryAfter,
    Hedging,
}

impl Field {
    /// What would be accepted.
    #[must_use]
    pub const fn accepted(self) -> &'static str {
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
