//! What is wrong with settings that cannot mean anything.

use std::fmt;

use crate::policy::{Invalid, PartsPerMillion, Setting};

/// A setting that cannot mean anything.
pub type SettingsError = Invalid<Field>;

/// A setting that can be wrong; prints as its name in the builder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "each is the builder's method of that name")]
pub enum Field {
    Percent,
    MostUnderWay,
    Timeout,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Percent => PartsPerMillion::ACCEPTED,
            Self::MostUnderWay => "at least 1",
            Self::Timeout => "whole milliseconds, at least one",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Percent => "percent",
            Self::MostUnderWay => "most under way",
            Self::Timeout => "timeout",
        })
    }
}
