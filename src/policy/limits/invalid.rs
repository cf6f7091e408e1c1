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
    Connections,
    Requests,
    RetryBudgetPercent,
    RetryBudgetInterval,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Connections | Self::Requests => "at least 1 (leave it out for no limit)",
            Self::RetryBudgetPercent => "0 to 100",
            Self::RetryBudgetInterval => "longer than zero",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connections => "connections",
            Self::Requests => "requests",
            Self::RetryBudgetPercent => "retry_budget percent",
            Self::RetryBudgetInterval => "retry_budget interval",
        })
    }
}
