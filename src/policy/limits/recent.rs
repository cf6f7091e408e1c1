//! How many requests that have ended began within the last while.

use std::time::Duration;

use crate::policy::{Time, parts::Parts, time::nanos};

/// In so many parts a while is divided.
const PARTS: usize = 64;

/// Requests that have ended, by when they began.
#[derive(Debug)]
pub(super) struct Recent {
    part: u64,
    began: Parts<PARTS>,
}

impl Recent {
    pub(super) fn new(interval: Duration) -> Self {
        Self { part: (nanos(interval) / PARTS as u64).max(1), began: Parts::new() }
    }

    /// One has ended.
    pub(super) fn ended(&mut self, began: Time, now: Time) {
        let part = self.part_of(began);
        if part >= self.first(now) {
            self.began.add(part);
        }
    }

    pub(super) fn count(&self, now: Time) -> u64 {
        self.began.since(self.first(now))
    }

    const fn part_of(&self, moment: Time) -> u64 {
        moment.as_nanos() / self.part
    }

    /// The first part that still counts.
    const fn first(&self, now: Time) -> u64 {
        self.part_of(now).saturating_sub(PARTS as u64 - 1)
    }
}
