//! Which lane the calling thread adds to, and how many lanes there are.

use std::{
    num::NonZero,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::policy::Lane;

/// As many lanes as the machine runs threads at once; a thread that waits needs none of its own.
static COUNT: LazyLock<usize> = LazyLock::new(|| {
    thread::available_parallelism().map_or(4, NonZero::get).next_power_of_two().clamp(2, 64)
});

thread_local! {
    /// Given out in turn, so that the first threads, which are a runtime's workers, share none.
    static HERE: Lane = {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        Lane::new(NEXT.fetch_add(1, Ordering::Relaxed))
    };
}

/// The calling thread's lane.
pub(crate) fn here() -> Lane {
    // A thread that is ending has no locals left: any lane will do for its last calls.
    HERE.try_with(|lane| *lane).unwrap_or_default()
}

/// How many lanes shared state should have: a power of two.
pub(crate) fn count() -> usize {
    *COUNT
}
