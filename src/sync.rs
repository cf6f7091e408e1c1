//! The few shared-memory primitives that policies use.
//!
//! They stand here alone so that the model checker can have the policies with its own: `tests/loom.rs` compiles
//! `src/policy` with another module of this name.

pub(crate) use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};
