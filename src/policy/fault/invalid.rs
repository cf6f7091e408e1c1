//! What is wrong with settings that cannot mean anything.

use std::fmt;

use crate::policy::{Invalid, PartsPerMillion, Setting};

/// A setting that cannot mean anything.
pub type SettingsError = Invalid<Field>;

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

impl Setting for Field {
    fn accepted(self) -> &'static str {
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
