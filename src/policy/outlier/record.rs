//! What is counted of one host, without locks.

use super::{Hits, Kind, Seen, Settings};
use crate::sync::{AtomicU64, Ordering};

/// What is counted of one host: by all who talk to it, from any thread.
///
/// Answers are many and mostly good, so a good one after another good one only looks. Two rows of errors are kept in one
/// word, since a gateway error adds to both: whoever brings a row to its threshold begins it anew in the same exchange,
/// so that each full row is told once, to one caller, whoever else comes at the same moment.
///
/// Where intervals are judged each answer adds one to a count as well, which all who talk to the host share.
#[derive(Debug)]
pub struct Record {
    /// Errors one after another, and above that gateway errors.
    errors: AtomicU64,
    /// Failures without an answer one after another, where they are split.
    local_origin: AtomicU64,
    answers: Tally,
    connections: Tally,
}

/// Two counts rather than one word, which could not hold what comes in a long interval.
#[derive(Debug)]
struct Tally {
    good: AtomicU64,
    bad: AtomicU64,
}

/// What came of an interval at one host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Traffic {
    /// Answers; where failures without an answer are not split from them, those too.
    pub answers: Share,
    /// Where they are split: connections that came about, and failures without an answer.
    pub local_origin: Share,
}

/// How many were good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Share {
    /// So many.
    pub good: u64,
    /// And so many were not.
    pub bad: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Grade {
    Good,
    Error,
    Gateway,
}

const ERROR: u64 = 1;
const GATEWAY: u64 = 1 << 32;

impl Record {
    /// Nothing has been seen.
    #[must_use]
    pub fn new() -> Self {
        Self {
            errors: AtomicU64::new(0),
            local_origin: AtomicU64::new(0),
            answers: Tally::new(),
            connections: Tally::new(),
        }
    }

    /// A try is over: which detectors it set off.
    #[inline]
    pub fn note(&self, settings: &Settings, seen: Seen) -> Hits {
        match seen {
            Seen::Answered(status) if status < settings.effort.good_below => {
                end_row(&self.errors);
                Hits::NONE
            }
            _ => self.note_all(settings, seen),
        }
    }

    #[inline(never)]
    fn note_all(&self, settings: &Settings, seen: Seen) -> Hits {
        match seen {
            Seen::Answered(status) => {
                if settings.split {
                    self.connected(settings);
                }
                self.grade(settings, if settings.errors.has(status) { bad(status) } else { Grade::Good })
            }
            Seen::ConnectFailed | Seen::Broken | Seen::TimedOut(_) if settings.split => {
                let connected = seen != Seen::ConnectFailed && !settings.multiplexed;
                self.failed(settings, connected)
            }
            // The list of errors is one of answers: what a host did not say is an error if it would be by itself.
            Seen::TimedOut(status) if !matches!(status, 500..=599) => self.grade(settings, Grade::Good),
            Seen::TimedOut(status) => self.grade(settings, bad(status)),
            Seen::ConnectFailed | Seen::Broken => self.grade(settings, Grade::Gateway),
        }
    }

    fn grade(&self, settings: &Settings, grade: Grade) -> Hits {
        if settings.effort.counts_answers {
            self.answers.add(grade == Grade::Good);
        }
        if grade == Grade::Good {
            end_row(&self.errors);
            return Hits::NONE;
        }
        let mut hits = Hits::NONE;
        let step = |rows| {
            let gateway = if grade == Grade::Gateway { more((rows / GATEWAY) as u32) } else { 0 };
            let gateway = Row::new(gateway, settings.consecutive(Kind::ConsecutiveGateway));
            let errors = Row::new(more(rows as u32), settings.consecutive(Kind::Consecutive5xx));
            hits = Hits::NONE
                .with_if(gateway.is_full, Kind::ConsecutiveGateway)
                .with_if(errors.is_full, Kind::Consecutive5xx);
            Some(u64::from(gateway.length) * GATEWAY + u64::from(errors.length) * ERROR)
        };
        // It always gives a next value, so it never fails.
        let _ = self.errors.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        hits
    }

    /// A connection came about, and what followed came by it.
    fn connected(&self, settings: &Settings) {
        end_row(&self.local_origin);
        if settings.effort.counts_local_origin {
            self.connections.add(true);
        }
    }

    /// It failed without an answer; perhaps after a connection had come about, which has ended the row.
    fn failed(&self, settings: &Settings, connected: bool) -> Hits {
        if settings.effort.counts_local_origin {
            if connected {
                self.connections.add(true);
            }
            self.connections.add(false);
        }
        let mut hit = false;
        let step = |row| {
            let before = if connected { 0 } else { row as u32 };
            let row = Row::new(more(before), settings.consecutive(Kind::ConsecutiveLocalOrigin));
            hit = row.is_full;
            Some(u64::from(row.length))
        };
        let _ = self.local_origin.fetch_update(Ordering::Relaxed, Ordering::Relaxed, step);
        Hits::NONE.with_if(hit, Kind::ConsecutiveLocalOrigin)
    }

    /// How many errors came one after another, up to now, of a kind that counts them.
    ///
    /// A row that has reached its threshold has begun anew.
    #[must_use]
    pub fn in_a_row(&self, kind: Kind) -> u32 {
        let errors = self.errors.load(Ordering::Relaxed);
        match kind {
            Kind::Consecutive5xx => errors as u32,
            Kind::ConsecutiveGateway => (errors / GATEWAY) as u32,
            Kind::ConsecutiveLocalOrigin => self.local_origin.load(Ordering::Relaxed) as u32,
            _ => 0,
        }
    }

    /// Ends all rows of errors: the host has returned.
    pub fn clear(&self) {
        self.errors.store(0, Ordering::Relaxed);
        self.local_origin.store(0, Ordering::Relaxed);
    }

    /// What came of the interval, which ends with that.
    #[must_use]
    pub fn take(&self) -> Traffic {
        Traffic { answers: self.answers.take(), local_origin: self.connections.take() }
    }
}

impl Default for Record {
    fn default() -> Self {
        Self::new()
    }
}

impl Tally {
    fn new() -> Self {
        Self { good: AtomicU64::new(0), bad: AtomicU64::new(0) }
    }

    fn add(&self, good: bool) {
        let count = if good { &self.good } else { &self.bad };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn take(&self) -> Share {
        Share { good: self.good.swap(0, Ordering::Relaxed), bad: self.bad.swap(0, Ordering::Relaxed) }
    }
}

impl Share {
    /// How many there were.
    #[must_use]
    pub const fn total(self) -> u64 {
        self.good.saturating_add(self.bad)
    }
}

/// A row of errors, begun anew if it was full.
struct Row {
    length: u32,
    is_full: bool,
}

impl Row {
    const fn new(length: u32, threshold: u32) -> Self {
        // A threshold of nothing is never reached: the row ended before.
        let is_full = length > 0 && length == threshold;
        Self { length: if is_full { 0 } else { length }, is_full }
    }
}

/// Ends a row; where none has begun it only looks, so that good answers do not meet.
#[inline]
fn end_row(row: &AtomicU64) {
    if row.load(Ordering::Relaxed) != 0 {
        row.store(0, Ordering::Relaxed);
    }
}

/// One more, as far as can be counted.
const fn more(row: u32) -> u32 {
    row.saturating_add(1)
}

const fn bad(status: u16) -> Grade {
    if matches!(status, 502..=504) { Grade::Gateway } else { Grade::Error }
}
