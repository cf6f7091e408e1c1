//! What a circuit breaker tells of itself.

use std::{fmt, time::Duration};

use super::Trip;
use crate::policy::Time;

/// What a window has counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Requests let through; over the last calls: answers counted.
    pub total: u64,
    /// Slow responses; counted if there is a rule for them. More than `total` where calls outlived their window.
    pub slow: u64,
    /// Failures; counted if there is a rule for them. More than `total` where calls outlived their window.
    pub error: u64,
    /// Failures one after another, up to now; counted if there is a rule for them.
    pub in_a_row: u64,
}

/// A change of state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transition {
    /// The circuit opened: requests are refused.
    Opened(Opened),
    /// The open time is over: a few probes pass.
    HalfOpened(HalfOpened),
    /// The circuit closed: requests pass.
    Closed(Closed),
    /// Somebody opened the circuit by hand.
    ForcedOpen(Counts),
    /// Somebody closed the circuit by hand.
    ForcedClosed,
    /// Somebody had the circuit begin anew.
    Reset,
}

/// How a circuit came to be open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Opened {
    /// When it was noticed.
    pub cause: Cause,
    /// Which threshold was reached; none if it was by its probes that it opened again.
    pub trip: Option<Trip>,
    /// The window's counts, with what tipped them; after probes, those of the last window.
    pub counts: Counts,
    /// How far into its window that was: zero over the last calls; over a window that slides, at most so long. After
    /// probes, how long they took.
    pub into_window: Duration,
    /// When that will be over.
    pub until: Time,
}

/// How a circuit came to be half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct HalfOpened {
    /// How long it had been open when a request found the time over.
    pub after: Duration,
}

/// How a circuit came to be closed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// When it was noticed.
    pub cause: Cause,
    /// How long it had been open when a request found the time over; after probes, how long they took.
    pub after: Duration,
}

/// When a change of state was found to be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// At a bad response.
    Report,
    /// At a request's arrival.
    Check,
    /// At a probe's answer.
    Probe,
    /// At the deadline of the probes.
    Deadline,
}

impl Transition {
    /// A short name: `opened`, `half_opened`, `closed`, `forced_open`, `forced_closed`, `reset`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Opened(_) => "opened",
            Self::HalfOpened(_) => "half_opened",
            Self::Closed(_) => "closed",
            Self::ForcedOpen(_) => "forced_open",
            Self::ForcedClosed => "forced_closed",
            Self::Reset => "reset",
        }
    }

    /// The line that osm-edge's own breaker logs: its name, the columns, the event, why, whose, and the columns'
    /// values (seconds into the window, seconds open, open or not, and the counts). What osm-edge does not know is
    /// told in the same columns.
    pub(crate) fn log_line(&self, subject: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let none = Counts::default();
        let (event, why, tick, delay, degraded, counts) = match self {
            Self::Opened(Opened { cause, counts, into_window, .. }) => {
                ("(open) ", cause.name(), into_window.as_secs(), 0, true, counts)
            }
            Self::HalfOpened(HalfOpened { after }) => {
                ("(half) ", Cause::Check.name(), 0, after.as_secs(), true, &none)
            }
            Self::Closed(Closed { cause, after }) => {
                ("(close)", cause.name(), 0, after.as_secs(), false, &none)
            }
            Self::ForcedOpen(counts) => ("(open) ", "forced", 0, 0, true, counts),
            Self::ForcedClosed => ("(close)", "forced", 0, 0, false, &none),
            Self::Reset => ("(close)", "reset", 0, 0, false, &none),
        };
        let Counts { total, slow, error, .. } = counts;
        f.write_str("[circuit_breaker] tick/delay/degraded/total/slowAmount/errorAmount ")?;
        write!(f, "{event} {why} {subject} {tick} {delay} {degraded} {total} {slow} {error}")
    }
}

impl Cause {
    const fn name(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Check => "check",
            Self::Probe => "probe",
            Self::Deadline => "deadline",
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Trip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ErrorAmount(amount) => write!(f, "{amount} errors"),
            Self::ErrorRatio(ratio) => write!(f, "an error ratio of {ratio}"),
            Self::SlowAmount(amount) => write!(f, "{amount} slow responses"),
            Self::SlowRatio(ratio) => write!(f, "a slow ratio of {ratio}"),
            Self::ConsecutiveErrors(amount) => write!(f, "{amount} errors in a row"),
        }
    }
}
