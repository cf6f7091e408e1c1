//! osm-edge's circuit breaker: counts and ratios over a window, then a degraded reply for a while.
//!
//! A service that fails, or answers late, should be left alone: to recover, and so that its callers do not queue up
//! behind it. The breaker counts bad responses over a window; when an amount or a ratio is reached the circuit opens,
//! and every request is refused on the spot for exactly the time that was set. Then it closes straight, with all
//! counters at zero, unless probes are to decide first ([`HalfOpen`]).
//!
//! ```
//! use std::time::Duration;
//! use tower_mesh::policy::{Failure, Lane, Outcome, Time};
//! use tower_mesh::policy::circuit_breaker::{Admission, Circuit, Settings};
//!
//! let settings = Settings::builder().error_amount(1).open_for(Duration::from_secs(60)).build()?;
//! let (breaker, lane) = (Circuit::new(settings, 1), Lane::new(0));
//! let at = |seconds: u64| move || Time::from_nanos(seconds * 1_000_000_000);
//!
//! let Admission::Pass(ticket, _) = breaker.admit(lane, at(0)) else { panic!("a new circuit is closed") };
//! breaker.settle(ticket, Outcome::Failure(Failure::Status(500)), at(1));
//! assert!(matches!(breaker.admit(lane, at(60)), Admission::Refuse(..)));
//! assert!(matches!(breaker.admit(lane, at(61)), Admission::Pass(..)));
//! # Ok::<(), tower_mesh::policy::circuit_breaker::SettingsError>(())
//! ```
//!
//! # How it counts
//!
//! Requests are many and mostly good, so they must not meet: a request adds one to its thread's lane and reads a line
//! that hardly ever changes. Bad responses, turns of a window and changes of state are few; they happen one at a time,
//! under a short lock, which makes them exact. Sequential calls are therefore counted exactly, and concurrent ones can
//! overshoot a threshold only by those that were already in flight.
//!
//! A ratio over time is judged at every bad response, at the arrival that finds the minimum reached, and when a bucket
//! turns: no other arrival can raise it. Over the last calls it is judged at every answer that counts.

mod builder;
mod circuit;
mod invalid;
mod keyed;
mod machine;
mod open_time;
mod phase;
mod probes;
mod rules;
mod settings;
mod tally;
mod ticket;
mod transition;

use std::time::Duration;

pub(crate) use settings::DEFAULT_CONTENT;
pub use {
    builder::SettingsBuilder,
    circuit::Circuit,
    invalid::{Field, SettingsError},
    keyed::{Circuits, KeyTicket},
    open_time::{Growth, OpenTime},
    probes::{HalfOpen, Probes, Verdict},
    settings::{Abandoned, GrpcReply, Recovery, Reply, Settings, Trip, Window},
    ticket::Ticket,
    transition::{Cause, Closed, Counts, HalfOpened, Opened, Transition},
};

use self::phase::Phase;
use super::Time;

/// What became of a request that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Admission<T = Ticket> {
    /// It passes, and its outcome is to be settled. The circuit may have closed just now, or become half-open.
    Pass(T, Option<Transition>),
    /// It is refused, for at least so long; zero where that is not known. The circuit may have opened just now.
    Refuse(Duration, Option<Transition>),
}

/// Whether requests pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum State {
    /// They pass.
    Closed,
    /// They are refused.
    Open {
        /// When that ends.
        until: Time,
    },
    /// A few pass, to find out whether the upstream has recovered.
    HalfOpen,
    /// They are refused until somebody says otherwise.
    ForcedOpen,
    /// They pass, and nothing opens the circuit, until somebody says otherwise.
    ForcedClosed,
}

/// A circuit at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// Whether requests pass.
    pub state: State,
    /// Since when it is so; `None` if it was so from the beginning.
    pub since: Option<Time>,
    /// What has been counted; while it is open or half-open, what had been when it opened.
    pub counts: Counts,
}
