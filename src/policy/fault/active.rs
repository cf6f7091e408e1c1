//! How many requests meet with a fault now, and how many have.

use crate::sync::{AtomicU64, Ordering};

/// How many requests have met with a fault so far, and how many do now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Requests that were held back.
    pub delays: u64,
    /// Requests that were answered instead of being given on.
    pub aborts: u64,
    /// Faults that did not happen, since there were as many as may be.
    pub overflows: u64,
    /// Requests that meet with a fault now; not counted where any number may.
    pub active: u64,
}

/// The places for faults, and what has been counted: on cache lines of its own, since passing requests read what would
/// else stand beside it.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Active {
    most: Option<u64>,
    places: AtomicU64,
    delays: AtomicU64,
    aborts: AtomicU64,
    overflows: AtomicU64,
}

impl Active {
    pub(super) fn new(most: Option<u32>) -> Self {
        let [places, delays, aborts, overflows] = [(); 4].map(|()| AtomicU64::new(0));
        Self { most: most.map(u64::from), places, delays, aborts, overflows }
    }

    /// Takes a place if they are counted: whether it was taken, or none at all is to be had.
    pub(super) fn enter(&self) -> Result<bool, Overflow> {
        let Some(most) = self.most else { return Ok(false) };
        let one_more = |places| (places < most).then_some(places + 1);
        match self.places.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more) {
            Ok(_) => Ok(true),
            Err(_) => {
                self.overflows.fetch_add(1, Ordering::Relaxed);
                Err(Overflow)
            }
        }
    }

    pub(super) fn leave(&self) {
        self.places.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn count_delay(&self) {
        self.delays.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn count_abort(&self) {
        self.aborts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn counts(&self) -> Counts {
        Counts {
            delays: self.delays.load(Ordering::Relaxed),
            aborts: self.aborts.load(Ordering::Relaxed),
            overflows: self.overflows.load(Ordering::Relaxed),
            active: self.places.load(Ordering::Relaxed),
        }
    }
}

/// There are as many faults as may be.
#[derive(Debug)]
pub(super) struct Overflow;
