//! What the benchmarks share: an upstream, a driver, the situations, the layers that meet in them.
//!
//! Each layer is compared with its peers in one process and one run, over the same upstream and by the same loop, so
//! that what differs is the layer. Timing and counting use the same lists; neither uses all of it.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod balancers;
pub(crate) mod contestants;
pub(crate) mod drive;
pub(crate) mod groups;
pub(crate) mod handles;
pub(crate) mod ours;
pub(crate) mod routes;
pub(crate) mod situations;
pub(crate) mod stopwatch;
pub(crate) mod threads;
pub(crate) mod through;
pub(crate) mod timing;
pub(crate) mod upstream;
