//! How much may be in flight at once: what Envoy calls circuit breakers, Istio `connectionPool`.
//!
//! A service that is given more work than it can do does none of it in time. So whoever calls it keeps count of what
//! is under way: up to a limit calls pass, some more may wait their turn, and the rest is refused at once, while it
//! still costs nothing.
//!
//! ```
//! use std::task::Waker;
//! use tower_mesh::policy::limits::{Admission, Limits, Overflow, Settings};
//!
//! let limits = Limits::new(&Settings::builder().connections(1).pending(1).build()?);
//! assert!(matches!(limits.admit(), Admission::Pass));
//! let Admission::Wait(turn) = limits.admit() else { panic!("one may wait") };
//! assert!(matches!(limits.admit(), Admission::Refuse(Overflow::Pending)));
//!
//! assert!(!limits.is_up(&turn, Waker::noop()));
//! if let Some(waker) = limits.release() {
//!     waker.wake(); // the first call has ended: its place goes to the one that waits
//! }
//! assert!(limits.is_up(&turn, Waker::noop()));
//! assert_eq!((limits.active(), limits.waiting()), (1, 0));
//! # Ok::<(), tower_mesh::policy::limits::SettingsError>(())
//! ```
//!
//! # Which limit acts
//!
//! Over HTTP/1 a connection carries one exchange at a time. So the limit on connections is one on exchanges, and who
//! comes when all are taken waits for one to be free: first come, first served. Over HTTP/2 one connection carries all
//! exchanges, so connections are not counted and nobody waits for one. The limit on requests holds over both, and has
//! no queue. Where both are set over HTTP/1 and connections are no more than requests, the queue comes first and the
//! limit on requests is never met.

mod builder;
mod in_flight;
mod invalid;
mod keyed;
mod line;
mod recent;
mod retries;
mod settings;

pub use self::{
    builder::SettingsBuilder,
    in_flight::Limits,
    invalid::{Field, SettingsError},
    keyed::LimitsByKey,
    line::Turn,
    retries::Retries,
    settings::{Budget, Reply, RetryBudget, Scope, Settings, Upstream},
};

/// What became of a call that arrived.
#[derive(Debug)]
#[must_use]
pub enum Admission {
    /// It passes, and its place is to be [released](Limits::release).
    Pass,
    /// It waits its turn, which is to be asked for, and to be [left](Limits::leave) if it is not waited for.
    Wait(Turn),
    /// It is refused.
    Refuse(Overflow),
}

/// Which limit refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// All connections are taken, and as many wait for one as may wait.
    Pending,
    /// As many requests are in flight as may be.
    Requests,
}
