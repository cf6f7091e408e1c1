//! Counters that threads add to without meeting.
//!
//! One shared counter costs 2 ns on one thread and 15 ns on two, because its cache line travels. A [`Lane`] is a
//! thread's share: each adds to a line of its own, and who wants the sum reads them all. Threads may share a lane
//! (there can be more of them than lanes), so a lane is always updated by one read-modify-write.

use crate::sync::{AtomicU64, Ordering};

/// Which of the lanes the calling thread adds to. Handed in by the layer: a policy does not know threads.
///
/// ```
/// use tower_mesh::policy::Lane;
/// let (a, b) = (Lane::new(0), Lane::new(1)); // two threads
/// assert_ne!(a, b);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Lane(usize);

impl Lane {
    /// The lane with this number. Any number is right: lanes wrap around.
    #[must_use]
    pub const fn new(number: usize) -> Self {
        Self(number)
    }

    /// This lane's place among `count` lanes, `count` being a power of two.
    #[inline]
    pub(crate) const fn among(self, count: usize) -> usize {
        self.0 & (count - 1)
    }
}

/// One count on a cache line of its own (two lines, since processors fetch them in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
struct Line(AtomicU64);

/// A count that only grows, spread over lanes.
#[derive(Debug)]
pub(crate) struct Lanes(Box<[Line]>);

impl Lanes {
    /// At least `count` lanes.
    pub(crate) fn new(count: usize) -> Self {
        Self((0..count.max(1).next_power_of_two()).map(|_| Line::default()).collect())
    }

    /// Adds one.
    #[inline]
    pub(crate) fn add(&self, lane: Lane) {
        self.0[lane.among(self.0.len())].0.fetch_add(1, Ordering::Relaxed);
    }

    /// The sum of all that was added before; what is added meanwhile may or may not be in it.
    pub(crate) fn sum(&self) -> u64 {
        self.0.iter().map(|line| line.0.load(Ordering::Relaxed)).fold(0, u64::wrapping_add)
    }
}
