//! Counts over the last while, which is divided into parts.

/// A count for each of the last `N` parts of time, as they are numbered from the clock's base: a ring, in which a part
/// takes the place of the oldest one.
#[derive(Debug)]
pub(super) struct Parts<const N: usize>([(u64, u64); N]);

impl<const N: usize> Parts<N> {
    pub(super) const fn new() -> Self {
        Self([(0, 0); N])
    }

    /// One more in this part.
    pub(super) fn add(&mut self, part: u64) {
        let (of, count) = &mut self.0[(part % N as u64) as usize];
        *count = if *of == part { *count + 1 } else { 1 };
        *of = part;
    }

    /// All from this part on.
    pub(super) fn since(&self, first: u64) -> u64 {
        self.0.iter().filter(|(part, _)| *part >= first).map(|(_, count)| count).sum()
    }
}
