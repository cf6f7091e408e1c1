//! The few shared-memory primitives that policies use, swapped for loom's when the model checker runs them.

#[cfg(not(tower_mesh_loom))]
pub(crate) use std::sync::{
    Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

#[cfg(tower_mesh_loom)]
pub(crate) use {
    loom::sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    std::sync::PoisonError,
};
