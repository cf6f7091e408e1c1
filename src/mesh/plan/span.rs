//! Durations and amounts in a plan.

use std::{fmt, time::Duration};

use serde::{Serialize, Serializer};

/// A duration as people write it: `1m`, `90s` as `1m30s`, `200ms`.
pub(super) struct Span(pub(super) Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, rest) = (self.0.as_secs(), self.0.subsec_nanos());
        let (hours, minutes) = (seconds / 3600, seconds % 3600 / 60);
        if hours > 0 {
            write!(f, "{hours}h")?;
        }
        if minutes > 0 {
            write!(f, "{minutes}m")?;
        }
        match Duration::new(seconds % 60, rest) {
            Duration::ZERO if seconds > 0 => Ok(()),
            rest => write!(f, "{rest:?}"),
        }
    }
}

/// So many of a thing: `1 request`, `2 requests`.
pub(super) fn many(amount: u32, thing: &str) -> String {
    let plural = if amount == 1 { "" } else { "s" };
    format!("{amount} {thing}{plural}")
}

impl Serialize for Span {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
