//! The layers of others; breakers that are none are made tower layers, as thin as their interfaces allow.
//!
//! A peer that is no tower layer is adapted by one un-boxed future that judges answers as ours does (a status of 500 and
//! above is a failure). It refuses with its own error, which costs less than a response; nothing is added to it.

#![allow(dead_code, reason = "each benchmark uses its part")]

pub(crate) mod failsafe;
pub(crate) mod governor;
pub(crate) mod p2c;
pub(crate) mod recloser;
pub(crate) mod steer;
pub(crate) mod tower;
pub(crate) mod tower_resilience;
