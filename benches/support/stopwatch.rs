//! The one place where the benchmarks read a clock: the crate bans clocks elsewhere, because they ignore paused time.

use std::time::{Duration, Instant};

/// How long that took.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
pub(crate) fn took(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
