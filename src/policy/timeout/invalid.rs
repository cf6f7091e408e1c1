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
    Total,
    Head,
    Idle,
}

impl Setting for Field {
    fn accepted(self) -> &'static str {
        match self {
            Self::Total | Self::Head | Self::Idle => {
                "a whole number of milliseconds, from 1 ms to 68719476734 ms (two years)"
            }
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Total => "total",
            Self::Head => "head",
            Self::Idle => "idle",
        })
    }
}
