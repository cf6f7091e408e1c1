//! What came when: a line through a run, from which tables and pictures are drawn.

use std::{collections::BTreeMap, fmt, time::Duration};

/// One step for each call: when, and the code that it came to.
///
/// Kept whole rather than counted in buckets: how wide they should be is known only at the end.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Course(Vec<Step>);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Step {
    /// Milliseconds after the run's start.
    at: u32,
    /// Zero where there was no whole answer, or is none yet.
    code: u16,
}

/// Calls by bucket, and in it by code; without a code there was no whole answer.
pub(super) type Buckets = BTreeMap<u64, BTreeMap<Option<u16>, u64>>;

impl Course {
    /// A call that has no code yet: its number.
    pub(super) fn begin(&mut self, at: Duration) -> usize {
        self.0.push(Step { at: u32::try_from(at.as_millis()).unwrap_or(u32::MAX), code: 0 });
        self.0.len() - 1
    }

    /// The call of this number came to this code.
    pub(super) fn came_to(&mut self, number: usize, code: u16) {
        if let Some(step) = self.0.get_mut(number) {
            step.code = code;
        }
    }

    /// A call with what it came to.
    pub(super) fn add(&mut self, at: Duration, code: Option<u16>) {
        let number = self.begin(at);
        self.came_to(number, code.unwrap_or(0));
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The same whatever the order in which it was put together.
    pub(super) fn sorted(mut self) -> Self {
        self.0.sort_unstable();
        self
    }

    /// What came after `earlier`, which it begins with.
    pub(super) fn since(&self, earlier: &Self) -> Self {
        Self(self.0.get(earlier.0.len()..).unwrap_or_default().to_vec())
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// In buckets of so many milliseconds, numbered from the start.
    pub(super) fn buckets(&self, width: u64) -> Buckets {
        let mut all = Buckets::new();
        for step in &self.0 {
            let bucket = all.entry(u64::from(step.at) / width.max(1)).or_default();
            *bucket.entry(Some(step.code).filter(|code| *code > 0)).or_default() += 1;
        }
        all
    }
}

impl fmt::Debug for Course {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} steps", self.0.len())
    }
}
