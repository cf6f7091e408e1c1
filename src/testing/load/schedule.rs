//! When calls start.

use std::time::Duration;

use super::{Bound, Clients, Plan};

/// When one client's calls start, since the start of the run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schedule {
    calls: Option<u64>,
    until: Option<Duration>,
    /// Calls per second; none is as soon as it can.
    pace: Option<f64>,
}

impl Schedule {
    /// The schedules of all workers.
    pub(super) fn of_workers(plan: &Plan, workers: u64) -> Vec<Self> {
        let (workers, requests) = match plan.bound {
            Bound::Requests(total) => (workers.min(total), Some(total)),
            Bound::Duration(_) => (workers, None),
        };
        (0..workers)
            .map(|worker| Self {
                calls: requests.map(|total| total / workers + if worker == 0 { total % workers } else { 0 }),
                until: plan.until(),
                pace: plan.pace.map(|qps| qps / workers as f64),
            })
            .collect()
    }

    /// The schedule of all arrivals of an open load.
    pub(super) fn of_arrivals(plan: &Plan) -> Self {
        let calls = match plan.bound {
            _ if plan.pace.is_none() => Some(0),
            Bound::Requests(total) => Some(total),
            Bound::Duration(_) => None,
        };
        Self { calls, until: plan.until(), pace: plan.pace }
    }

    /// When the call of this number starts, the first being 0, if there is one.
    pub(super) fn start(&self, number: u64) -> Option<Duration> {
        let start = match self.pace {
            Some(pace) => Duration::try_from_secs_f64(number as f64 / pace).unwrap_or(Duration::MAX),
            None => Duration::ZERO,
        };
        (self.calls.is_none_or(|calls| number < calls) && self.has_begun_in_time(start)).then_some(start)
    }

    pub(super) fn has_begun_in_time(&self, start: Duration) -> bool {
        self.until.is_none_or(|until| start < until)
    }

    /// Whether only the clock ends it, and nothing but the calls themselves moves the clock.
    pub(super) const fn may_stall(&self) -> bool {
        self.until.is_some() && self.pace.is_none()
    }
}

impl Plan {
    /// How long the run lasts at least.
    pub(super) const fn until(&self) -> Option<Duration> {
        match (&self.clients, self.bound) {
            (Clients::Workers(_) | Clients::Arrivals, Bound::Duration(until)) => Some(until),
            _ => None,
        }
    }
}
