//! How many requests that have ended began within the last while.

use std::time::Duration;

use crate::policy::{Time, time::nanos};

/// In so many parts a while is divided.
const PARTS: usize = 64;

/// Requests that have ended, by when they began: a ring of parts of the while, the oldest of which is overwritten.
#[derive(Debug)]
pub(super) struct Recent {
    part: u64,
    /// Which part it is, counted from the clock's base, and how many began in it.
    ring: [(u64, u64); PARTS],
}

impl Recent {
    pub(super) fn new(interval: Duration) -> Self {
        Self { part: (nanos(interval) / PARTS as u64).max(1), ring: [(0, 0); PARTS] }
    }

    /// One has ended.
    pub(super) fn ended(&mut self, began: Time, now: Time) {
        let part = self.part_of(began);
        if self.is_recent(part, now) {
            let (of, count) = &mut self.ring[(part % PARTS as u64) as usize];
            *count = if *of == part { *count + 1 } else { 1 };
            *of = part;
        }
    }

    pub(super) fn count(&self, now: Time) -> u64 {
        self.ring.iter().filter(|(part, _)| self.is_recent(*part, now)).map(|(_, count)| count).sum()
    }

    const fn part_of(&self, moment: Time) -> u64 {
        moment.as_nanos() / self.part
    }

    const fn is_recent(&self, part: u64, now: Time) -> bool {
        part + PARTS as u64 > self.part_of(now)
    }
}
