//! How many copies are under way, and what became of requests that were to be copied.

use std::fmt;

use super::Settings;
use crate::sync::{AtomicU64, Ordering};

/// The places for copies of one mirror, and what has been counted.
#[derive(Debug)]
pub struct Copies {
    most: u64,
    under_way: AtomicU64,
    copied: AtomicU64,
    left_out: AtomicU64,
}

/// How many requests have been copied so far, how many were left out, and how many copies are under way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Copies that were begun.
    pub copied: u64,
    /// Requests that were to be copied and were not: see [`LeftOut`].
    pub left_out: u64,
    /// Copies whose answers have not come to their end.
    pub under_way: u64,
}

/// Why a request was not copied that should have been.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LeftOut {
    /// There were as many copies under way as may be.
    TooMany,
    /// Its body was longer than what is kept.
    TooLong,
    /// Its body broke off, or nobody read all of it: there is nothing whole to be copied.
    Unfinished,
    /// It asked for the connection itself, by CONNECT or an upgrade: what follows is no request's.
    Connection,
    /// It was made outside of a tokio runtime: there is nothing that would run the copy.
    NoRuntime,
}

impl Counts {
    /// These and those.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self {
            copied: self.copied + other.copied,
            left_out: self.left_out + other.left_out,
            under_way: self.under_way + other.under_way,
        }
    }
}

impl Copies {
    /// None is under way yet.
    #[must_use]
    pub fn new(settings: &Settings) -> Self {
        let [under_way, copied, left_out] = [(); 3].map(|()| AtomicU64::new(0));
        Self { most: u64::from(settings.most_under_way()), under_way, copied, left_out }
    }

    /// Whether one more may begin; if so, it is to be [ended](Self::end).
    pub fn begin(&self) -> bool {
        let one_more = |under_way| (under_way < self.most).then_some(under_way + 1);
        let begins = self.under_way.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok();
        if begins {
            self.copied.fetch_add(1, Ordering::Relaxed);
        }
        begins
    }

    /// One is over: another may begin.
    pub fn end(&self) {
        self.under_way.fetch_sub(1, Ordering::Relaxed);
    }

    /// Whether there are as many under way as may be.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.under_way.load(Ordering::Relaxed) >= self.most
    }

    /// A request is not copied that should have been.
    pub fn leave_out(&self) {
        self.left_out.fetch_add(1, Ordering::Relaxed);
    }

    /// What has been counted so far.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            copied: self.copied.load(Ordering::Relaxed),
            left_out: self.left_out.load(Ordering::Relaxed),
            under_way: self.under_way.load(Ordering::Relaxed),
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooMany => "too many copies are under way",
            Self::TooLong => "its body is too long",
            Self::Unfinished => "its body did not come to its end",
            Self::Connection => "it asks for the connection itself",
            Self::NoRuntime => "there is no runtime",
        })
    }
}
