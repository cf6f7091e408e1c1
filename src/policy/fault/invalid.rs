//! What is wrong with settings that cannot mean anything.

use std::fmt;

use crate::policy::PartsPerMillion;

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

/// A setting that can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Field {
    /// How long requests are held back.
    Delay,
    /// Which share of them.
    DelayPercent,
    /// The HTTP status that requests are answered with.
    AbortStatus,
    /// Which share of them.
    AbortPercent,
}

impl Field {
    /// What would be accepted.
    #[must_use]
    pub const fn accepted(self) -> &'static str {
        match self {
            Self::Delay => "whole milliseconds, at least one",
            // Istio accepts 600 too, and Envoy then refuses what Istio tells it.
            Self::AbortStatus => "a status that Envoy aborts with: 200 to 599",
            Self::DelayPercent | Self::AbortPercent => PartsPerMillion::ACCEPTED,
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Delay => "delay",
            Self::DelayPercent => "delay percentage",
            Self::AbortStatus => "abort status",
            Self::AbortPercent => "abort percentage",
        })
    }
}
