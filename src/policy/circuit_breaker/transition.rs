//! What a circuit breaker tells of itself.

use std::{fmt, time::Duration};

use super::Trip;
use crate::policy::Time;

/// What a window has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Requests let through.
    pub total: u64,
    /// Slow responses among them.
    pub slow: u64,
    /// Failures among them.
    pub error: u64,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transition {
    /// The circuit opened: requests are refused.
    Opened(Opened),
    /// The circuit closed: requests pass.
    Closed(Closed),
}

/// How a circuit came to be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// When it was noticed.
    pub cause: Cause,
    /// Which threshold was reached.
    pub trip: Trip,
    /// The window's counts, with what tipped them.
    pub counts: Counts,
    /// How far into its window that was.
    pub into_window: Duration,
    /// When it will close.
    pub until: Time,
}

/// How a circuit came to be closed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// How long it had been open when a request found the time over.
    pub after: Duration,
}

/// When a threshold was found to be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// At a bad response.
    Report,
    /// At a request's arrival.
    Check,
}

impl Transition {
    /// The line that osm-edge's own breaker logs: its name, the columns, the event, why, whose, and the columns'
    /// values (seconds into the window, seconds open, open or not, and the counts).
    pub(crate) fn log_line(&self, subject: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[circuit_breaker] tick/delay/degraded/total/slowAmount/errorAmount ")?;
        match self {
            Self::Opened(Opened { cause, counts: Counts { total, slow, error }, into_window, .. }) => {
                let tick = into_window.as_secs();
                write!(f, "(open)  {cause} {subject} {tick} 0 true {total} {slow} {error}")
            }
            Self::Closed(Closed { after }) => {
                write!(f, "(close) {} {subject} 0 {} false 0 0 0", Cause::Check, after.as_secs())
            }
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Report => "report",
            Self::Check => "check",
        })
    }
}

impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorAmount(amount) => write!(f, "{amount} errors"),
            Self::ErrorRatio(ratio) => write!(f, "an error ratio of {ratio}"),
            Self::SlowAmount(amount) => write!(f, "{amount} slow responses"),
            Self::SlowRatio(ratio) => write!(f, "a slow ratio of {ratio}"),
        }
    }
}
