//! The limits of one exchange, and which of them ends it next.

use std::{fmt, time::Duration};

use super::LONGEST;
use crate::policy::{Time, time::nanos};

/// The limits of one exchange.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Limits {
    /// Each in nanoseconds; zero is none. They go with every request, and this is half of what `Option<Duration>` takes.
    total: u64,
    head: u64,
    idle: u64,
}

/// What can be exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The time for all of it.
    Total,
    /// The time to the head of the answer.
    Head,
    /// The time for which nothing moves.
    Idle,
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Awaited {
    /// The head of the answer.
    Head,
    /// More of its body.
    Body,
}

impl Limits {
    /// Without any.
    pub const NONE: Self = Self { total: 0, head: 0, idle: 0 };

    pub(super) fn new(total: Option<Duration>, head: Option<Duration>, idle: Option<Duration>) -> Self {
        let [total, head, idle] =
            [total, head, idle].map(|limit| nanos(limit.unwrap_or_default().min(LONGEST)));
        Self { total, head, idle }
    }

    /// How long all of it may take.
    #[must_use]
    pub fn total(self) -> Option<Duration> {
        limit(self.total)
    }

    /// How long it may take to the head of the answer.
    #[must_use]
    pub fn head(self) -> Option<Duration> {
        limit(self.head)
    }

    /// For how long nothing may move.
    #[must_use]
    pub fn idle(self) -> Option<Duration> {
        limit(self.idle)
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub const fn is_none(self) -> bool {
        self.total | self.head | self.idle == 0
    }

    /// With a total that is no longer than this, if it is one: zero means none, as everywhere in headers.
    #[inline]
    pub(crate) fn lowered_to(self, total: Option<Duration>) -> Self {
        let total = total.map_or(0, nanos);
        // One less, none is the longest of all.
        let shorter = total.wrapping_sub(1) < self.total.wrapping_sub(1);
        Self { total: if shorter { total } else { self.total }, ..self }
    }

    /// Those that go on when the head of the answer is there.
    #[must_use]
    #[inline]
    pub const fn after_the_head(self) -> Self {
        Self { head: 0, ..self }
    }

    /// Whether something must be known of what moves.
    #[must_use]
    #[inline]
    pub const fn watch_movement(self) -> bool {
        self.idle != 0
    }

    /// Whether its beginning must be known.
    #[must_use]
    #[inline]
    pub const fn watch_the_beginning(self) -> bool {
        self.total | self.head != 0
    }

    /// The limit that is exceeded next unless something moves, and when: from when time is `started` to count, if it
    /// does yet, and when something `moved` last.
    ///
    /// Of two at the same moment the wider one: so a time for one try that is no shorter than that for all tries is as
    /// if it were not there.
    #[must_use]
    #[inline]
    pub fn next(self, awaited: Awaited, started: Option<Time>, moved: Time) -> Option<(Limit, Time)> {
        let after = |time: u64, start: Time| Time::from_nanos(start.as_nanos().saturating_add(time));
        let mut next = None;
        let mut consider = |limit, time: u64, start| {
            let at = after(time, start);
            if time != 0 && next.is_none_or(|(_, earliest)| at < earliest) {
                next = Some((limit, at));
            }
        };
        if let Some(started) = started {
            consider(Limit::Total, self.total, started);
            if awaited == Awaited::Head {
                consider(Limit::Head, self.head, started);
            }
        }
        consider(Limit::Idle, self.idle, moved);
        next
    }

    /// The limit that ends the wait for a head in which nothing else matters, and when: [`next`](Self::next), of which
    /// only the beginning is known.
    #[inline]
    pub(crate) fn shortest(self) -> Option<(Limit, Duration)> {
        // One less, none is the longest of all.
        let (name, time) = if self.head.wrapping_sub(1) < self.total.wrapping_sub(1) {
            (Limit::Head, self.head)
        } else {
            (Limit::Total, self.total)
        };
        limit(time).map(|time| (name, time))
    }

    /// How long the next hop has for one try, where somebody further out gives so much for all tries, of which so much
    /// has passed: at least a millisecond, since zero would mean for ever. `None` if nobody limits it.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_mesh::policy::timeout::{Said, Settings};
    ///
    /// let seconds = Duration::from_secs;
    /// let try_of = |head| Settings::builder().head(seconds(head)).build().unwrap().effective(Said::default());
    /// assert_eq!(try_of(2).expected(Some((seconds(5), seconds(1)))), Some(seconds(2)));
    /// assert_eq!(try_of(2).expected(Some((seconds(5), seconds(4)))), Some(seconds(1)));
    /// assert_eq!(try_of(2).expected(Some((seconds(5), seconds(6)))), Some(Duration::from_millis(1)));
    /// ```
    #[must_use]
    pub fn expected(self, further_out: Option<(Duration, Duration)>) -> Option<Duration> {
        const LEAST: Duration = Duration::from_millis(1);
        let left = further_out.map(|(total, passed)| total.saturating_sub(passed));
        let shortest = [self.total(), self.head(), left].into_iter().flatten().min();
        shortest.map(|shortest| shortest.max(LEAST))
    }
}

fn limit(nanos: u64) -> Option<Duration> {
    (nanos != 0).then(|| Duration::from_nanos(nanos))
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("total", &self.total())
            .field("head", &self.head())
            .field("idle", &self.idle())
            .finish()
    }
}
