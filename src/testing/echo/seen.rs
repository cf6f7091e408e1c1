//! What an upstream saw.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::StatusCode;

use crate::testing::course::Course;

/// What an [`Echo`](super::Echo) and its clones have seen so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Seen {
    /// Requests that arrived, refused ones among them.
    pub calls: u64,
    /// Requests there now: until the end of the response's body, or until the caller goes away.
    pub active: u64,
    /// The most that were there at once.
    pub max_active: u64,
    /// Responses by status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests whose connection was refused.
    pub refused: u64,
    /// Requests whose connection was reset before a response.
    pub reset: u64,
    /// Responses whose body broke off.
    pub broken: u64,
    /// Requests whose caller went away: before the response, or before the end of its body.
    pub abandoned: u64,
    /// Calls that it made of others: see [`Echo::calling`](super::Echo::calling).
    pub onward: u64,
    /// Such calls that were answered with a status of 400 and above, or not to the end.
    pub onward_failed: u64,
    /// When each arrived, and what it was answered.
    pub(in crate::testing) course: Course,
}

impl Seen {
    /// What was seen after `earlier`, of the same upstream; what is there now, and the most there was, stay as they are.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let by_status = self.by_status.iter().map(|(status, count)| {
            let before = earlier.by_status.get(status).copied().unwrap_or(0);
            (*status, count.saturating_sub(before))
        });
        Self {
            calls: self.calls.saturating_sub(earlier.calls),
            by_status: by_status.filter(|(_, count)| *count > 0).collect(),
            refused: self.refused.saturating_sub(earlier.refused),
            reset: self.reset.saturating_sub(earlier.reset),
            broken: self.broken.saturating_sub(earlier.broken),
            abandoned: self.abandoned.saturating_sub(earlier.abandoned),
            onward: self.onward.saturating_sub(earlier.onward),
            onward_failed: self.onward_failed.saturating_sub(earlier.onward_failed),
            course: self.course.since(&earlier.course),
            active: self.active,
            max_active: self.max_active,
        }
    }
}

/// Where the clones of an upstream count together.
#[derive(Debug, Clone, Default)]
pub(super) struct Tally(Arc<Mutex<Seen>>);

impl Tally {
    pub(super) fn seen(&self) -> Seen {
        self.lock().clone()
    }

    /// A request arrived so long after the run began: its ticket, and its place in the order of arrivals, the first being
    /// 1.
    pub(super) fn arrive(&self, at: Duration) -> (Ticket, u64) {
        let mut seen = self.lock();
        seen.calls += 1;
        seen.active += 1;
        seen.max_active = seen.max_active.max(seen.active);
        let number = seen.course.begin(at);
        (Ticket { tally: Some(self.clone()), number }, seen.calls)
    }

    pub(super) fn goes_onward(&self) {
        self.lock().onward += 1;
    }

    pub(super) fn failed_onward(&self) {
        self.lock().onward_failed += 1;
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request that is there until this says how it ended, or is dropped.
#[derive(Debug)]
pub(super) struct Ticket {
    tally: Option<Tally>,
    /// Its step in the course.
    number: usize,
}

impl Ticket {
    pub(super) fn answered(&self, status: StatusCode) {
        if let Some(tally) = &self.tally {
            let mut seen = tally.lock();
            *seen.by_status.entry(status.as_u16()).or_default() += 1;
            seen.course.came_to(self.number, status.as_u16());
        }
    }

    pub(super) fn refused(self) {
        self.end(|seen| seen.refused += 1);
    }

    pub(super) fn reset(self) {
        self.end(|seen| seen.reset += 1);
    }

    pub(super) fn broken(self) {
        self.end(|seen| seen.broken += 1);
    }

    pub(super) fn complete(self) {
        self.end(|_| ());
    }

    fn end(mut self, how: impl FnOnce(&mut Seen)) {
        self.leave(how);
    }

    fn leave(&mut self, how: impl FnOnce(&mut Seen)) {
        if let Some(tally) = self.tally.take() {
            let mut seen = tally.lock();
            seen.active -= 1;
            how(&mut seen);
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.leave(|seen| seen.abandoned += 1);
    }
}
