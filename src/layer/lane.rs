//! Which lane the calling thread adds to, and how many lanes there are.

use std::{
    cell::Cell,
    num::NonZero,
    sync::{
        LazyLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use crate::policy::Lane;

/// Some for each thread that the machine runs at once. More than one each, because lanes are given out in turn and
/// threads come and go: two that run at the same time should hardly ever share one.
static COUNT: LazyLock<usize> = LazyLock::new(|| {
    let threads = thread::available_parallelism().map_or(4, NonZero::get);
    (4 * threads).next_power_of_two().clamp(8, 64)
});

thread_local! {
    /// The thread's lane, once it has one.
    static HERE: Cell<Option<Lane>> = const { Cell::new(None) };
}

/// The calling thread's lane: one of the first [`count`].
#[inline]
pub(crate) fn here() -> Lane {
    HERE.get().unwrap_or_else(settle_down)
}

/// How many lanes shared state should have: a power of two.
pub(crate) fn count() -> usize {
    *COUNT
}

/// Lanes are given out in turn, so that the first threads, which are a runtime's workers, share none.
#[cold]
fn settle_down() -> Lane {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let lane = Lane::new(Lane::new(NEXT.fetch_add(1, Ordering::Relaxed)).among(count()));
    HERE.set(Some(lane));
    lane
}
