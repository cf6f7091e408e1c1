//! What the benchmarks share: an upstream, a driver, the situations, the breakers that meet in them.
//!
//! Each breaker is compared with its peers in one process and one run, over the same upstream and by the same loop, so
//! that what differs is the breaker. Timing and counting use the same list; neither uses all of it.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod contestants;
pub(crate) mod drive;
pub(crate) mod handles;
pub(crate) mod ours;
pub(crate) mod situations;
pub(crate) mod stopwatch;
pub(crate) mod threads;
pub(crate) mod through;
pub(crate) mod upstream;
